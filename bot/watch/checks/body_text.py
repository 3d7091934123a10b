"""Expectations on the body of a response, as text and as JSON. Pure, so that it can run outside the event loop."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.model import Outcome, Reason, ReasonCode
from bot.net.charset import Decoded, decoded

# Bytes of a body searched in the loop itself, in a millisecond or two. Expressions take longer.
AT_ONCE = 64 * 1024
AT_ONCE_EXPRESSIONS = 4 * 1024
MEMORY = 8 << 20  # bytes for one expression
LONGEST = 1000  # characters
UNKNOWN = "in RE2's syntax: neither look-around, such as (?=...), nor back-references, such as \\1"
TRUE: Any = ...  # the value of an expression without one: whatever JMESPath counts as true
LONGEST_ASSERTION = 40  # characters shown of a value


@dataclass(frozen=True, slots=True)
class Wanted:
    """The expectations on a body."""

    contains: tuple[str, ...] = ()
    not_contains: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    claims: tuple[tuple[str, Any], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.contains or self.not_contains or self.matches or self.claims)

    def at_once(self, size: int) -> bool:
        """Whether a body of this many bytes is searched quickly enough for the loop."""
        return size <= (AT_ONCE_EXPRESSIONS if self.matches or self.claims else AT_ONCE)


@dataclass(frozen=True, slots=True)
class Page:
    """A body and its facts."""

    body: bytes
    content_type: str = ""
    cut: bool = False
    unread: Reason | None = None


Fault = tuple[Outcome, Reason | None]
FINE: Fault = (Outcome.OK, None)


def judged(wanted: Wanted, page: Page) -> Fault:
    """Compare a body with the expectations: FAILED if it differs, INCONCLUSIVE if it cannot be read, with the reason."""
    if page.unread:
        return Outcome.INCONCLUSIVE, page.unread
    text = decoded(page.body, page.content_type)
    return _misworded(wanted, page, text) or (
        unmet_assertion(wanted.claims, text.text, page.cut) if wanted.claims else FINE
    )


def _misworded(wanted: Wanted, page: Page, text: Decoded) -> Fault | None:
    missing = ReasonCode.TEXT_MISSING_AT_FIRST if page.cut else ReasonCode.TEXT_MISSING
    doubt: Fault | None = None
    for word in wanted.not_contains:
        if _is_in(word, page, text):
            return Outcome.FAILED, Reason.of(ReasonCode.TEXT_FOUND, text=word)
        doubt = doubt or _doubt(word, text)
    for word in wanted.contains:
        if not _is_in(word, page, text):
            return _doubt(word, text) or (Outcome.FAILED, Reason.of(missing, text=word))
    if wanted.matches:
        missing = ReasonCode.PATTERN_MISSING_AT_FIRST if page.cut else ReasonCode.PATTERN_MISSING
        # RE2 is fastest on UTF-8.
        encoded = text.text.encode("utf-8", "replace")
        for pattern in wanted.matches:
            if not compiled(pattern).search(encoded):
                return _doubt(pattern, text) or (Outcome.FAILED, Reason.of(missing, pattern=pattern))
    return doubt


def _is_in(word: str, page: Page, text: Decoded) -> bool:
    """Whether the page has a word, in its declared charset or in UTF-8."""
    forms = _forms(word)
    return any(form in text.text for form in forms) or (
        not word.isascii() and any(form.encode("utf-8", "replace") in page.body for form in forms)
    )


@lru_cache(maxsize=4096)
def _forms(word: str) -> tuple[str, ...]:
    """With composed and with decomposed accents: pages use either."""
    return tuple(dict.fromkeys((word, unicodedata.normalize("NFC", word), unicodedata.normalize("NFD", word))))


def _doubt(said: str, text: Decoded) -> Fault | None:
    """INCONCLUSIVE if the charset is uncertain; ASCII would be found in any."""
    if text.sure or said.isascii():
        return None
    return Outcome.INCONCLUSIVE, Reason.of(ReasonCode.CHARSET_UNKNOWN, text=said)


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> Any:
    """Compile an expression. Raise ValueError, with the reason, if RE2 does not take it."""
    try:
        import re2  # noqa: PLC0415 - an extra, and only for those who use it
    except ImportError:
        raise ValueError('needs the extra "re2": pip install "tocsin[re2]"') from None
    if len(pattern) > LONGEST:
        raise ValueError(f"is too long; expected at most {LONGEST} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        why = error.args[0].decode("utf-8", "replace") if error.args else "no reason given"
        raise ValueError(f"is no pattern ({why.partition(':')[0]}); expected one {UNKNOWN}") from None


def assertions(said: object) -> tuple[tuple[str, Any], ...]:
    """Read one expression, a list of them, or expression -> value. Raise ValueError, with an example, for anything
    else.
    """
    if isinstance(said, dict):
        pairs = tuple(said.items())
    else:
        pairs = tuple((each, TRUE) for each in (said if isinstance(said, list | tuple) else (said,)))
    if not pairs:
        raise ValueError("expected at least one")
    for expression, value in pairs:
        jmespath_of(expression)
        _plain(value)
    return pairs


@lru_cache(maxsize=1024)
def jmespath_of(expression: Any) -> Any:
    import jmespath  # noqa: PLC0415 - only for those who use it

    try:
        return jmespath.compile(expression)
    except (ValueError, TypeError, AttributeError, RecursionError):  # JMESPath's errors are ValueErrors
        example = 'a JMESPath expression such as "status.ok"'
        raise ValueError(f"is no such thing; expected {example}") from None


def _plain(value: object) -> None:
    try:
        json.dumps(None if value is TRUE else value)
    except (TypeError, ValueError):
        raise ValueError("holds what is no value of JSON, such as a date; put it in quotes") from None


def unmet_assertion(wanted: tuple[tuple[str, Any], ...], text: str, cut: bool) -> tuple[Outcome, Reason | None]:
    """The first assertion that does not hold, with the reason; INCONCLUSIVE if we cannot read the JSON."""
    if cut:
        return Outcome.FAILED, Reason.of(ReasonCode.JSON_TOO_LONG)
    try:
        return _held(wanted, json.loads(text))
    except json.JSONDecodeError:
        return Outcome.FAILED, Reason.of(ReasonCode.NOT_JSON)
    except RecursionError:
        # Text without its end is no JSON, however deeply it is nested.
        whole = text.rstrip()[-1:] in {"]", "}"}
        if whole:
            return Outcome.INCONCLUSIVE, Reason.of(ReasonCode.JSON_TOO_DEEP)
        return Outcome.FAILED, Reason.of(ReasonCode.NOT_JSON)
    except ValueError:
        return Outcome.INCONCLUSIVE, Reason.of(ReasonCode.JSON_NUMBER_TOO_LONG)


def _held(wanted: tuple[tuple[str, Any], ...], said: Any) -> tuple[Outcome, Reason | None]:
    for expression, value in wanted:
        try:
            found = jmespath_of(expression).search(said)
        except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError):
            # a function got an argument of the wrong type
            return Outcome.FAILED, Reason.of(ReasonCode.JSON_NOT_FOUND, expression=expression)
        if value is TRUE and not _true(found):
            return Outcome.FAILED, Reason.of(ReasonCode.JSON_VALUE, expression=expression, value=_shown(found))
        if value is not TRUE and not _same(found, value):
            return Outcome.FAILED, Reason.of(
                ReasonCode.JSON_VALUE_DIFFERS, expression=expression, value=_shown(found), wanted=_shown(value)
            )
    return Outcome.OK, None


def _true(found: object) -> bool:
    """Truth as in JMESPath: every number is true, 0 included."""
    return found is not None and found is not False and found not in ("", [], {})


def _same(one: object, other: object) -> bool:
    """Equality as in JSON: true is not 1, unlike in Python."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_ASSERTION else text[: LONGEST_ASSERTION - 1] + "…"

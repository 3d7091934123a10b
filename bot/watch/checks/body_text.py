"""Expectations on the body of a response. Pure, so that it can run outside the event loop."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bot.model import Outcome, Reason, ReasonCode
from bot.net.charset import Decoded, decoded
from bot.watch.checks import json_assertions

# Bytes of a body searched in the loop itself, in a millisecond or two. Expressions take longer.
AT_ONCE = 64 * 1024
AT_ONCE_EXPRESSIONS = 4 * 1024
MEMORY = 8 << 20  # bytes for one expression
LONGEST = 1000  # characters
UNKNOWN = "in RE2's syntax: neither look-around, such as (?=...), nor back-references, such as \\1"


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
        json_assertions.fault(wanted.claims, text.text, page.cut) if wanted.claims else FINE
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

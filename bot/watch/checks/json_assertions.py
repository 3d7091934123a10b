"""Assertions on a JSON response, in JMESPath (https://jmespath.org/)."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from bot.model import Outcome, Reason, ReasonCode

TRUE: Any = ...  # the value of an expression without one: whatever JMESPath counts as true
LONGEST = 40  # characters shown of a value


def read(said: object) -> tuple[tuple[str, Any], ...]:
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
        compiled(expression)
        _plain(value)
    return pairs


@lru_cache(maxsize=1024)
def compiled(expression: Any) -> Any:
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


def fault(wanted: tuple[tuple[str, Any], ...], text: str, cut: bool) -> tuple[Outcome, Reason | None]:
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
            found = compiled(expression).search(said)
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
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

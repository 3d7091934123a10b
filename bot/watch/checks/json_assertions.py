"""Assertions on a JSON response, in JMESPath (https://jmespath.org/)."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from bot.model import Outcome

TRUE: Any = ...  # the value of an expression without one: whatever JMESPath counts as true
NONE = "what it answers is no JSON"
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


def fault(wanted: tuple[tuple[str, Any], ...], text: str, cut: bool) -> tuple[Outcome, str]:
    """The first assertion that does not hold, with the reason; INCONCLUSIVE if we cannot read the JSON."""
    if cut:
        return Outcome.FAILED, "its JSON is longer than a megabyte"
    try:
        return _held(wanted, json.loads(text))
    except json.JSONDecodeError:
        return Outcome.FAILED, NONE
    except RecursionError:
        # Text without its end is no JSON, however deeply it is nested.
        whole = text.rstrip()[-1:] in {"]", "}"}
        return (Outcome.INCONCLUSIVE, "its JSON is nested too deep for us to read") if whole else (Outcome.FAILED, NONE)
    except ValueError:
        return Outcome.INCONCLUSIVE, "its JSON has a number that is too long for us to read"


def _held(wanted: tuple[tuple[str, Any], ...], said: Any) -> tuple[Outcome, str]:
    for expression, value in wanted:
        try:
            found = compiled(expression).search(said)
        except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError):
            # a function got an argument of the wrong type
            return Outcome.FAILED, f"its JSON is not such that {expression} can be found"
        if value is TRUE and not _true(found):
            return Outcome.FAILED, f"{expression} is {_shown(found)}"
        if value is not TRUE and not _same(found, value):
            return Outcome.FAILED, f"{expression} is {_shown(found)}, not {_shown(value)}"
    return Outcome.OK, ""


def _true(found: object) -> bool:
    """Truth as in JMESPath: every number is true, 0 included."""
    return found is not None and found is not False and found not in ("", [], {})


def _same(one: object, other: object) -> bool:
    """Equality as in JSON: true is not 1, unlike in Python."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"

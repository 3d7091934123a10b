"""How long an answer asks us to wait: the one reading of whatever a provider gives, whoever it is."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.model import Later

LONGEST = 86_400.0  # s: a page that asks for more is left alone for a day
LONGEST_FOR_MESSAGES = 900.0  # s: then a provider is asked again, whatever it said, for people wait for what it takes
YEAR = 365 * 86_400.0  # s: more than that is told as this

_NUMBER = re.compile(r"\+?\d{1,400}(\.\d{0,400})?", re.ASCII)


def seconds(value: object) -> float | None:
    """A number, a length, digits or an HTTP date (RFC 9110 §10.2.3) as seconds from 0 to a year. None is what says nothing:
    no number, NaN, true, a list.
    """
    if isinstance(value, timedelta):
        return min(max(value.total_seconds(), 0.0), YEAR)
    if isinstance(value, str):
        return _read(value.strip())
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (isinstance(value, float) and math.isnan(value))
    ):
        return None
    return float(min(max(value, 0), YEAR))


def _read(text: str) -> float | None:
    if _NUMBER.fullmatch(text):
        return min(float(text), YEAR)
    if len(text) > 64:
        return None
    try:
        wait = parsedate_to_datetime(text) - datetime.now(UTC)
    except (ValueError, TypeError, OverflowError):  # TypeError: a date without a zone
        return None
    return min(max(wait.total_seconds(), 0.0), YEAR)


def retry_after(value: object) -> timedelta | None:
    """What a page asks for, no more than a day. What cannot be read is None."""
    asked = seconds(value)
    return None if asked is None else timedelta(seconds=min(asked, LONGEST))


def later(why: str, value: object, *, whole: bool = False) -> Later:
    """The receipt of a message whose provider asks us to wait. `Later.asked` is what it asked for, where that is too long."""
    asked = seconds(value)
    if asked is None:
        return Later(why, whole=whole)
    wait = timedelta(seconds=min(asked, LONGEST_FOR_MESSAGES))
    return Later(why, wait, whole, asked=timedelta(seconds=asked) if asked > LONGEST_FOR_MESSAGES else None)

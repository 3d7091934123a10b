"""Retry delays: the one parser for what any provider sends."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from bot.model import Later, Reason

LONGEST = 86_400.0  # seconds: if a page asks for more, it is left alone for a day
# Seconds: after this a provider is tried again whatever it asked for, as people wait for the message.
LONGEST_FOR_MESSAGES = 900.0
YEAR = 365 * 86_400.0  # seconds: longer delays are reported as this

_NUMBER = re.compile(r"\+?\d{1,400}(\.\d{0,400})?", re.ASCII)


def seconds(value: object) -> float | None:
    """Convert a number, a timedelta, digits or an HTTP date (RFC 9110 §10.2.3) to seconds from 0 to a year. None for
    anything else: NaN, booleans, lists.
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
    """The delay a page asks for, capped at a day; None if unreadable."""
    asked = seconds(value)
    return None if asked is None else timedelta(seconds=min(asked, LONGEST))


def later(why: Reason, value: object, *, whole: bool = False) -> Later:
    """The receipt of a message that the provider asks to delay. `Later.asked` is the delay it asked for, if too long."""
    asked = seconds(value)
    if asked is None:
        return Later(why, whole=whole)
    wait = timedelta(seconds=min(asked, LONGEST_FOR_MESSAGES))
    return Later(why, wait, whole, asked=timedelta(seconds=asked) if asked > LONGEST_FOR_MESSAGES else None)

"""Durations and times of day as people write them."""

from __future__ import annotations

import re
from datetime import time, timedelta

CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
LENGTH = re.compile(r"(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+(?:\.[0-9]+)?)s)?")
LONGEST = 40  # characters: longer text is rejected unread
MOST = timedelta(days=3660)  # the most that clocks, calendars and databases handle without trouble


def length(text: str) -> timedelta:
    """Parse "30s", "1h30m" or "14d". Raise ValueError with a message for the user otherwise."""
    match = LENGTH.fullmatch(text.replace(" ", "")) if text and len(text) <= LONGEST else None
    if match is None or not any(match.groups()):
        raise ValueError('is no length of time; expected one such as "30s", "10m", "1h30m" or "14d"')
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    try:
        found = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        found = timedelta.max
    if found > MOST:
        raise ValueError(f"is too long a time; expected at most {spelled(MOST)}")
    return found


def spelled(span: timedelta) -> str:
    """The inverse of `length`: "1h30m", "0.1s"."""
    minutes, seconds = divmod(span.total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (round(seconds, 3), "s"))
    return "".join(f"{count:g}{unit}" for count, unit in parts if count) or "0s"


def clock(text: str) -> time:
    """Parse "22:00" or "7:30". Raise ValueError with a message for the user otherwise."""
    match = CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError('is no time of day; expected one such as "22:00"')
    return time(int(match[1]), int(match[2]))

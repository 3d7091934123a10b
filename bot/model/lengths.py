"""Lengths of time and times of day as people write them."""

from __future__ import annotations

import re
from datetime import time, timedelta

CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
LENGTH = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


def length(text: str) -> timedelta:
    """Read "30s", "1h30m" or "14d". Raise ValueError, in words, for anything else."""
    match = LENGTH.fullmatch(text.replace(" ", "")) if text else None
    if match is None or not any(match.groups()):
        raise ValueError('is no length of time; expected one such as "30s", "10m", "1h30m" or "14d"')
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def clock(text: str) -> time:
    """Read "22:00" or "7:30". Raise ValueError, in words, for anything else."""
    match = CLOCK.fullmatch(text.strip())
    if match is None:
        raise ValueError('is no time of day; expected one such as "22:00"')
    return time(int(match[1]), int(match[2]))

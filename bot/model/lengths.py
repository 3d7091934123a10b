"""Lengths of time as people write them."""

from __future__ import annotations

import re
from datetime import timedelta

LENGTH = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


def length(text: str) -> timedelta:
    """Read "30s", "1h30m" or "14d". Raise ValueError, in words, for anything else."""
    match = LENGTH.fullmatch(text.replace(" ", "")) if text else None
    if match is None or not any(match.groups()):
        raise ValueError('is no length of time; expected one such as "30s", "10m", "1h30m" or "14d"')
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)

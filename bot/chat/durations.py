"""Lengths of time as people type them: "2h", "90 min", "2 hours". Pure."""

from __future__ import annotations

import re
from datetime import timedelta

from bot.model import length
from bot.wording.catalog import fold, input_words

COUNTED = re.compile(r"(\d{1,6})([^\W\d_]+)")
UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def taken(words: tuple[str, ...]) -> tuple[timedelta, tuple[str, ...]] | None:
    """The length of time that the first word or two are, and the words after it; None if they are none."""
    for count in (2, 1):
        found = _length("".join(words[:count])) if len(words) >= count else None
        if found is not None:
            return found, words[count:]
    return None


def _length(text: str) -> timedelta | None:
    """None for no length of time, and for nothing at all."""
    spoken = COUNTED.fullmatch(fold(text))
    if spoken and (unit := next((u for u, names in UNITS.items() if spoken[2] in input_words(names)), "")):
        text = f"{spoken[1]}{unit}"
    try:
        found = length(text)
    except (ValueError, OverflowError):
        return None
    return found if found > timedelta() else None

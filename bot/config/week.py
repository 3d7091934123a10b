"""Parser of days of the week: "mon-fri", "Sunday to Thursday", "sat, sun", "lun-vie", "weekdays"."""

from __future__ import annotations

import re
from datetime import time
from functools import cache

from bot.contracts import Telling
from bot.model import clock
from bot.wording.catalog import fold, input_words, weekdays

LONGEST = 100  # characters
EVERY_DAY = frozenset(range(7))


def week_time(text: str) -> tuple[frozenset[int], time]:
    """Parse days (Monday is 0; none: all) and a time of day. Raise Telling for anything else."""
    said, _, at = text.strip().rpartition(" ") if len(text) <= LONGEST else ("", "", "")
    try:
        return (_days(said) if said.strip() else EVERY_DAY), clock(at)
    except (ValueError, KeyError):
        raise Telling('is no time of the week; expected one such as "mon-fri 08:00", "sun 03:00" or "08:00"') from None


def _days(text: str) -> frozenset[int]:
    said = " ".join(fold(text).split())
    if (group := _groups().get(said)) is not None:
        return group
    between = input_words("and")
    parts = [part for part in re.split(r"[\s,]+", _dash().sub("-", said)) if part and part not in between]
    return frozenset(day for part in parts for day in _range(part))


@cache
def _groups() -> dict[str, frozenset[int]]:
    days = {"every_day": EVERY_DAY, "working_days": frozenset(range(5)), "weekend": frozenset({5, 6})}
    return {word: group for key, group in days.items() for word in input_words(key)}


@cache
def _dash() -> re.Pattern[str]:
    """Separators of a range of days: a dash, or a word for it."""
    words = "".join(rf"|\b{re.escape(word)}\b" for word in sorted(input_words("to")))
    return re.compile(rf"\s*(?:[-–—]{words})\s*")


def _range(part: str) -> frozenset[int]:
    """One day, or a range that may wrap around the week: "sun-thu"."""
    first, dash, last = part.partition("-")
    begin = weekdays()[first.rstrip(".")]
    end = weekdays()[last.rstrip(".")] if dash else begin
    return frozenset(number % 7 for number in range(begin, (end if begin <= end else end + 7) + 1))

"""Days of the week as people write them: "mon-fri", "Sunday to Thursday", "sat, sun", "lun-vie", "weekdays"."""

from __future__ import annotations

import re
from datetime import time

from bot.contracts import Telling
from bot.model import clock

ENGLISH = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SPANISH = ("lunes", "martes", "miercoles", "jueves", "viernes", "sabado", "domingo")
SHORT = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALSO = {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
DAYS = ALSO | {
    form: number
    for names in (ENGLISH, SPANISH)
    for number, name in enumerate(names)
    for form in (name, name[:3], f"{name.rstrip('s')}s")
}
GROUPS = {
    "daily": range(7),
    "every day": range(7),
    "*": range(7),
    "weekdays": range(5),
    "weekday": range(5),
    "weekends": range(5, 7),
    "weekend": range(5, 7),
}
LONGEST = 100  # characters
DASH = re.compile(r"\s*(?:[-–—]|\bto\b|\ba\b)\s*")
ACCENTS = str.maketrans("áéí", "aei")

EVERY_DAY = frozenset(range(7))


def week_time(text: str) -> tuple[frozenset[int], time]:
    """Read days (Monday is 0; none: all) and a time of day. Raise Telling for anything else."""
    said, _, at = text.strip().rpartition(" ") if len(text) <= LONGEST else ("", "", "")
    try:
        return (_days(said) if said.strip() else EVERY_DAY), clock(at)
    except (ValueError, KeyError):
        raise Telling('is no time of the week; expected one such as "mon-fri 08:00", "sun 03:00" or "08:00"') from None


def _days(text: str) -> frozenset[int]:
    said = " ".join(text.casefold().translate(ACCENTS).split())
    if said in GROUPS:
        return frozenset(GROUPS[said])
    parts = [part for part in re.split(r"[\s,]+", DASH.sub("-", said)) if part not in {"", "and", "y"}]
    return frozenset(day for part in parts for day in _range(part))


def _range(part: str) -> frozenset[int]:
    """One day, or a range that may go over the end of the week: "sun-thu"."""
    first, dash, last = part.partition("-")
    begin = DAYS[first.rstrip(".")]
    end = DAYS[last.rstrip(".")] if dash else begin
    return frozenset(number % 7 for number in range(begin, (end if begin <= end else end + 7) + 1))

"""Points in time, times of day and lengths as people type them: "22:00", "10 pm", "22h30", "tomorrow 9:00". Pure."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from bot.model import Style, local_time
from bot.model import length as model_length
from bot.wording.catalog import fold, input_words, weekdays

DAY = timedelta(days=1)
OF_DAY = re.compile(
    r"(?P<hour>\d{1,2})(?:(?:[:.](?P<minute>\d{2})(?::00)?)?(?P<half>[ap]\.?m\.?)|[:.](?P<exact>\d{2})(?::00)?"
    r"|(?P<h>h)(?P<after>\d{2})?)?(?:uhr)?"
)
RANGE = re.compile(r"(\d{1,2}(?:[:.h]\d{2}|h)?(?:[ap]\.?m\.?)?)[-–—](\d{1,2}(?:[:.h]\d{2}|h)?(?:[ap]\.?m\.?)?)")
DASHES = frozenset("-–—")
LONGEST = 3  # words of a time of day: "14 h 30"
COUNTED = re.compile(r"(\d{1,6})([^\W\d_]+)")
UNITS = {"d": "days", "h": "hours", "m": "minutes"}


def time_of_day(text: str, *, bare: bool = False) -> time | None:
    """Parse "22:00", "22.00", "22h", "22h30", "10pm" and, if `bare`, "22". None for anything else."""
    found = OF_DAY.fullmatch(fold(text))
    if found is None or (text.strip().isdigit() and not bare):
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or found["exact"] or found["after"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"].startswith("p") else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def range_of_day(words: list[str]) -> tuple[time, time] | None:
    """Take "22:00-7:00", "22 7" or "from 10pm until 6am" off the front of `words`; None, with nothing taken, otherwise."""
    left = list(words)
    start = _of_day(left, bare=True)
    end = _of_day(left, bare=True) if start else None
    if start is None or end is None:
        return None
    words[:] = left
    return start, end


def length(words: list[str]) -> timedelta | None:
    """Take "for 2h", or "2h" alone, off the front of `words`; None, with nothing taken, otherwise.

    Before a time of day it takes the "for" to be a length: "22h 23h30" are two times.
    """
    left = list(words)
    said = bool(left) and fold(left[0]) in input_words("for")
    if said:
        del left[0]
    found = taken(tuple(left))
    if found is None or (not said and _begins_with_time(list(found[1]))):
        return None
    words[:] = found[1]
    return found[0]


def moment(words: list[str], style: Style, after: datetime) -> datetime:
    """Take a point in time off the front of `words`: a time of day is the next one after `after`. ValueError for none."""
    here = local_time.zone(style)
    marked = _skip(words)
    if words and (exact := _exact(words[0])) is not None:
        del words[0]
        return exact
    today = after.astimezone(here).date()
    days = _days(words, today)
    wall = _of_day(words, bare=marked or days is not None)
    if wall is None:
        raise ValueError("is no point in time")
    if days is not None and len(days) == 1:
        return local_time.reached(wall, days[0], here)
    coming = days or [today + n * DAY for n in range(3)]
    return next(at for day in coming if (at := local_time.reached(wall, day, here)) > after)


def _exact(word: str) -> datetime | None:
    """Parse "2026-12-01T22:00Z"; None without a date, a time and a zone."""
    if not re.match(r"\d{4}-\d{2}-\d{2}[Tt].*[Zz+-]", word):
        return None
    exact = datetime.fromisoformat(word.upper())
    return None if exact.tzinfo is None else exact.astimezone(UTC)


def _days(words: list[str], today: date) -> list[date] | None:
    """Take a day off the front of `words`: one date, or for a day of the week today and the coming one. None for none."""
    if not words:
        return None
    dated = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(?:[Tt](.+))?", words[0])
    if dated:
        words[:1] = [dated[2]] if dated[2] else []
        return [date.fromisoformat(dated[1])]
    word = fold(words[0]).rstrip(",.")
    if word in input_words("today") or word in input_words("tomorrow"):
        del words[0]
        return [today + DAY if word in input_words("tomorrow") else today]
    if word in weekdays():
        del words[0]
        ahead = (weekdays()[word] - today.weekday()) % 7
        return [today + ahead * DAY, today + (ahead + 7) * DAY]
    return None


def _of_day(words: list[str], *, bare: bool) -> time | None:
    """Take a time of day off the front of `words`, with what leads to it; None for none."""
    bare = _skip(words) or bare
    if words and (both := RANGE.fullmatch(words[0])):
        words[:1] = [both[1], "-", both[2]]
        bare = True
    for count in range(min(LONGEST, len(words)), 0, -1):
        if (found := time_of_day("".join(words[:count]), bare=bare)) is not None:
            del words[:count]
            return found
    return None


def _skip(words: list[str]) -> bool:
    """Drop "from", "until", "at" and dashes at the front; True if there were any."""
    before = len(words)
    while words and (fold(words[0]) in input_words("from_until") or words[0] in DASHES):
        del words[0]
    return len(words) < before


def _begins_with_time(words: list[str]) -> bool:
    return bool(words) and _of_day(words, bare=False) is not None


def taken(words: tuple[str, ...]) -> tuple[timedelta, tuple[str, ...]] | None:
    """The length of time that the first word or two are, and the words after it; None if they are none."""
    for count in (2, 1):
        found = _duration("".join(words[:count])) if len(words) >= count else None
        if found is not None:
            return found, words[count:]
    return None


def _duration(text: str) -> timedelta | None:
    """None for no length of time, and for nothing at all."""
    spoken = COUNTED.fullmatch(fold(text))
    if spoken and (unit := next((u for u, names in UNITS.items() if spoken[2] in input_words(names)), "")):
        text = f"{spoken[1]}{unit}"
    try:
        found = model_length(text)
    except (ValueError, OverflowError):
        return None
    return found if found > timedelta() else None

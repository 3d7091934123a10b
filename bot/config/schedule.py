"""When a digest is due: "mon-fri 08:00", "monthly 08:00", "first mon 08:00", or a crontab's five fields."""

from __future__ import annotations

import re
from datetime import date, time
from functools import cache

from apscheduler.triggers.cron import CronTrigger

from bot.contracts import Telling
from bot.model import clock
from bot.model.local_time import due_days
from bot.wording.catalog import fold, input_words, weekdays

EXPECTED = (
    'is no time of the week; expected one such as "mon-fri 08:00", "08:00", "monthly 08:00", "first mon 08:00", '
    '"last 18:00", or the five fields of a crontab: "0 8 1 * *"'
)
LONGEST = 100  # characters
MOST_A_DAY = 24
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")  # a crontab's week: 0 and 7 are Sunday
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ORDINALS = {"first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "last": "last"}
TRIED_FROM = date(2027, 1, 1)  # any year will do: it only tells whether a schedule has days at all
PART = re.compile(r"(?:(?P<all>\*)|(?P<first>[0-9a-z]{1,3})(?:-(?P<last>[0-9a-z]{1,3}))?)(?:/(?P<step>\d{1,2}))?")
MONTHLY = re.compile(
    r"(?P<day>\d{1,2})(?:st|nd|rd|th)?|monthly|last(?: day)?|(?P<nth>1st|2nd|3rd|4th|"
    + "|".join(ORDINALS)
    + r") (?P<weekday>sun|mon|tue|wed|thu|fri|sat)"
)
EVERY_DAY = frozenset(range(7))


@cache
def cron(when: str, timezone: str) -> CronTrigger:
    """A trigger for a schedule in a time zone. Raise ValueError for anything else."""
    return CronTrigger(**_fields(when), timezone=timezone)


@cache
def _fields(when: str) -> dict[str, str]:
    """The fields of the trigger. APScheduler's own reading of a crontab has Monday as 0."""
    if len(when) > LONGEST:
        raise Telling(EXPECTED)
    words = when.casefold().split()
    fields = _crontab(words) if len(words) == 5 and _is_crontab(words) else _monthly(words) or _weekly(when)
    if not due_days(CronTrigger(**fields, timezone="UTC"), TRIED_FROM):
        raise Telling("names a day that does not come every year")
    return fields


def _weekly(when: str) -> dict[str, str]:
    try:
        days, at = week_time(when)
    except ValueError:
        raise Telling(EXPECTED) from None
    # APScheduler's week begins on Monday, too, but its ranges cannot wrap.
    return {"day_of_week": ",".join(map(str, sorted(days))), "hour": str(at.hour), "minute": str(at.minute)}


def _monthly(words: list[str]) -> dict[str, str] | None:
    """ "monthly 08:00", "15 08:00", "15th 08:00", "last 08:00", "first mon 08:00"; None for anything else."""
    found = MONTHLY.fullmatch(" ".join(words[:-1])) if len(words) > 1 else None
    if found is None:
        return None
    try:
        at = clock(words[-1])
    except ValueError:
        raise Telling(EXPECTED) from None
    if (day := found["day"]) and not 1 <= int(day) <= 28:
        raise Telling("names a day that not every month has; expected 1 to 28, or last")
    if nth := found["nth"]:
        day = f"{ORDINALS.get(nth, nth)} {found['weekday']}"
    elif not day:
        day = "last" if words[0] == "last" else "1"
    return {"day": day, "hour": str(at.hour), "minute": str(at.minute)}


def _is_crontab(words: list[str]) -> bool:
    return all(re.fullmatch(r"[0-9*][0-9*,/-]*", word) for word in words[:3])


def _crontab(words: list[str]) -> dict[str, str]:
    minute, hour, day, month, weekday = words
    if day != "*" and weekday != "*":
        raise Telling("names both days of the month and of the week; give one of them, and * for the other")
    minutes, hours = _numbers(minute, 0, 59), _numbers(hour, 0, 23)
    if len(minutes) * len(hours) > MOST_A_DAY:
        raise Telling(f"comes more than {MOST_A_DAY} times a day")
    days = _numbers(weekday, 0, 7, DAYS)
    return {
        "minute": _joined(minutes),
        "hour": _joined(hours),
        "day": _joined(_numbers(day, 1, 31)),
        "month": _joined(_numbers(month, 1, 12, ("", *MONTHS))),
        "day_of_week": ",".join(dict.fromkeys(DAYS[number] for number in days)),
    }


def _joined(numbers: list[int]) -> str:
    return ",".join(map(str, numbers))


def _numbers(field: str, least: int, most: int, names: tuple[str, ...] = ()) -> list[int]:
    """The values of a crontab's field: "*", "*/2", "1,15", "mon-fri"."""
    found: set[int] = set()
    for part in field.split(","):
        match = PART.fullmatch(part)
        if match is None:
            raise Telling(EXPECTED)
        first = least if match["all"] else _number(match["first"], names)
        alone = not (match["all"] or match["last"] or match["step"])
        last = _number(match["last"], names) if match["last"] else first if alone else most
        step = int(match["step"] or 1)
        if not least <= first <= last <= most or not step:
            raise Telling(EXPECTED)
        found.update(range(first, last + 1, step))
    return sorted(found)


def _number(text: str, names: tuple[str, ...]) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    if text and text in names:
        return names.index(text)
    raise Telling(EXPECTED)


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

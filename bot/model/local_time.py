"""Time zones, quiet hours and the instants of a schedule, correct across midnight and clock changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo, available_timezones

from bot.model import Quiet, Style

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
YEAR = 400  # days, in which each schedule has an instant
ANY_DAY = datetime(2000, 1, 1, tzinfo=UTC)


def zone(style: Style) -> ZoneInfo:
    """The reader's time zone; UTC if it is unknown, so that no notice is lost."""
    try:
        return ZoneInfo(style.timezone)
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


@cache
def zones() -> dict[str, str]:
    """All zone names, by their case-folded form."""
    return {name.casefold(): name for name in sorted(available_timezones())}


def named(said: str) -> str | None:
    """The zone of this name, or the only one of a city of this name ("Madrid"); None for another."""
    said = "_".join(said.casefold().split())
    if said in zones():
        return zones()[said]
    there = [name for key, name in zones().items() if "/" in key and key.rpartition("/")[2] == said]
    return there[0] if len(there) == 1 else None


def spell(quiet: Quiet, style: Style, now: datetime) -> tuple[datetime, datetime] | None:
    """Start and end (UTC) of the quiet hours that `now` is in, the end excluded; None outside of them."""
    here = zone(style)
    today = now.astimezone(here).date()
    for day in (today - DAY, today):
        start = reached(quiet.start, day, here)
        end = reached(quiet.end, day if quiet.start < quiet.end else day + DAY, here)
        if start <= now < end:
            return start, end
    return None


def reached(clock: time, day: date, here: ZoneInfo) -> datetime:
    """The first instant of a day at which local clocks show `clock` or later: a clock change may skip or repeat it."""
    wall = datetime.combine(day, clock)
    at = min(wall.replace(tzinfo=here, fold=fold).astimezone(UTC) for fold in (0, 1))
    while at.astimezone(here).replace(tzinfo=None) < wall:  # in a skipped hour `at` lies before the change
        at += MINUTE
    return at


class Field(Protocol):
    """A field of a cron trigger."""

    name: str

    def get_value(self, _at: datetime, /) -> int: ...
    def get_next_value(self, _at: datetime, /) -> int | None: ...


class Trigger(Protocol):
    """A cron trigger, by what it consists of."""

    timezone: tzinfo
    fields: list[Any]

    def __hash__(self) -> int: ...


OF_DAYS = ("year", "month", "week", "day", "day_of_week")


def instants(trigger: Trigger, after: datetime, until: datetime) -> Iterator[datetime]:
    """The instants after `after` and up to `until`, in order. One in a skipped hour is later by the gap, one in a
    repeated hour is the first. (The trigger itself misses midnight after a day of 23 hours.)
    """
    zone, times = trigger.timezone, _times(trigger)
    day, last, passed = after.astimezone(zone).date() - DAY, until.astimezone(zone).date() + DAY, after
    while day <= last:
        if _has(trigger, day):
            for instant in sorted({datetime.combine(day, at, zone).astimezone(UTC) for at in times}):
                if passed < instant <= until:
                    passed = instant
                    yield instant
        day += DAY


def following(trigger: Trigger, after: datetime) -> datetime:
    """The next instant after this one. Raise ValueError for a schedule without any."""
    for days in (8, YEAR):
        if (found := next(instants(trigger, after, after + days * DAY), None)) is not None:
            return found
    raise ValueError("has no day")


def previous(trigger: Trigger, before: datetime) -> datetime:
    """The latest instant before this one. Raise ValueError for a schedule without any."""
    for days in (8, 63, YEAR):
        if found := [at for at in instants(trigger, before - days * DAY, before) if at < before]:
            return found[-1]
    raise ValueError("has no day")


def due_days(trigger: Trigger, first: date, most: int = 1) -> int:
    """How many days of a year the schedule has, counted up to `most`."""
    found = 0
    for number in range(YEAR):
        found += _has(trigger, first + number * DAY)
        if found >= most:
            break
    return found


def times_a_day(trigger: Trigger) -> int:
    return len(_times(trigger))


@lru_cache(maxsize=1000)
def _times(trigger: Trigger) -> list[time]:
    fields = {field.name: field for field in trigger.fields}
    hours = [n for n in range(24) if _holds(fields["hour"], ANY_DAY.replace(hour=n))]
    minutes = [n for n in range(60) if _holds(fields["minute"], ANY_DAY.replace(minute=n))]
    return [time(hour, minute) for hour in hours for minute in minutes]


@lru_cache(maxsize=5000)
def _has(trigger: Trigger, day: date) -> bool:
    at = datetime.combine(day, time(), UTC)
    return all(_holds(field, at) for field in trigger.fields if field.name in OF_DAYS)


def _holds(field: Field, at: datetime) -> bool:
    return field.get_next_value(at) == field.get_value(at)

"""Quiet hours by a reader's own clock, right over midnight and when the clocks are changed: pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from bot.model import Quiet, Style

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def zone(style: Style) -> ZoneInfo:
    """A reader's zone. An unknown one is UTC: a notice is never lost for it."""
    try:
        return ZoneInfo(style.timezone)
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


@cache
def zones() -> dict[str, str]:
    """All there are, by their names in small letters."""
    return {name.casefold(): name for name in sorted(available_timezones())}


def spell(quiet: Quiet, style: Style, now: datetime) -> tuple[datetime, datetime] | None:
    """Since when and until when it is quiet, both in UTC; None when it is not. The end itself is no longer quiet."""
    here = zone(style)
    today = now.astimezone(here).date()
    for day in (today - DAY, today):
        start = reached(quiet.start, day, here)
        end = reached(quiet.end, day if quiet.start < quiet.end else day + DAY, here)
        if start <= now < end:
            return start, end
    return None


def reached(clock: time, day: date, here: ZoneInfo) -> datetime:
    """The first instant of a day at which its clocks show `clock` or later: they may skip it, or show it twice."""
    wall = datetime.combine(day, clock)
    at = min(wall.replace(tzinfo=here, fold=fold).astimezone(UTC) for fold in (0, 1))
    while at.astimezone(here).replace(tzinfo=None) < wall:  # skipped: `at` is before the clocks are set forward
        at += MINUTE
    return at

"""Time zones and quiet hours, correct across midnight and clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from bot.model import Quiet, Style

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


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

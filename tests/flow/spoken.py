"""Times as a reader says them, written a second time: what the notices say is held against these."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
Clock = Callable[[datetime, str], str]


def zone_by_day() -> str:
    """Where it is neither near midnight nor near noon now: no notice of this run needs a date or has no hour."""
    zones = ("Europe/Madrid", "America/New_York", "Asia/Tokyo")
    return next(z for z in zones if datetime.now(ZoneInfo(z)).hour not in {23, 0, 11, 12})


def english(at: datetime, zone: str) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{local.hour % 12 or 12}:{local:%M} {'p.m.' if local.hour >= 12 else 'a.m.'}"


def spanish(at: datetime, zone: str) -> str:
    """With its article, as after a preposition."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{'la' if local.hour == 1 else 'las'} {local.hour}:{local:%M}"


def lasted(since: datetime, until: datetime, under: str = "less than 1 min") -> str:
    """Of what lasted seconds: what began in one minute of the clock and ended in the next is said to be 1 min."""
    assert until - since < MINUTE
    return under if since.replace(second=0) == until.replace(second=0) else "1 min"


def between(since: datetime, until: datetime, zone: str, clock: Clock = english) -> set[str]:
    """What the clock can have said meanwhile."""
    steps = int((until - since) / MINUTE) + 2
    return {clock(min(since + n * MINUTE, until), zone) for n in range(steps)}


def instant(text: str) -> datetime:
    """From /status.json."""
    return datetime.fromisoformat(text).astimezone(UTC)


def instant_of(seconds: float) -> datetime:
    """Of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)

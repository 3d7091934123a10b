"""Maintenance: stretches in which a service may be away without anybody being called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

EVERYTHING = "all"  # how a window of no service in particular is called


class Origin(StrEnum):
    """Who says that there will be maintenance."""

    FILE = "file"
    SAID = "said"  # by a person, in a chat
    OFFICIAL = "official"  # the service's own status page


class Phase(StrEnum):
    """What is told of a window."""

    PLANNED = "planned"
    MOVED = "moved"
    BEGUN = "begun"
    ENDED = "ended"
    CANCELLED = "cancelled"


OVER = frozenset({Phase.ENDED, Phase.CANCELLED})


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of maintenance, and what was told of it. `services` empty: all. `until` None: its end is not known."""

    key: str  # what its origin calls it; `number` stays the same when that changes
    services: tuple[str, ...]
    since: datetime
    until: datetime | None
    origin: Origin
    known_at: datetime
    note: str = ""
    by: str = ""  # who announced it in a chat
    over_at: datetime | None = None  # called off, or over before its time
    gone_since: datetime | None = None  # since when its official page shows it no more
    number: int = 0  # the store's
    told: Phase | None = None  # the last that was told
    told_span: tuple[datetime, datetime | None] | None = None  # as the last notice gave it
    begun: bool = False  # it was told that it has begun
    steps: int = 0  # notices so far

    @property
    def id(self) -> str:
        """The thread of its notices: "x#m3"."""
        return f"{self.services[0] if self.services else EVERYTHING}#m{self.number}"

    @property
    def end(self) -> datetime | None:
        """When it is, or was, over; None: nobody knows."""
        return self.over_at or self.until

    def concerns(self, service: str) -> bool:
        return not self.services or service in self.services

    def covers(self, at: datetime) -> bool:
        return self.since <= at and (self.end is None or at < self.end)

    def over(self, now: datetime) -> bool:
        return self.end is not None and self.end <= now


def planned(thread: str) -> bool:
    """Is it the thread of a window, not of an incident?"""
    return re.search(r"#m\d+$", thread) is not None


@dataclass(frozen=True, slots=True)
class Weekly:
    """Maintenance that comes again on the same days: `at` by the clocks of `zone`. Days: 0 is Monday."""

    services: tuple[str, ...]
    days: frozenset[int]
    at: time
    lasts: timedelta
    zone: str
    note: str = ""

"""Planned maintenance: windows in which an outage alerts nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

EVERYTHING = "all"  # service name in the id of a window that covers all services


class Origin(StrEnum):
    """Who announced the maintenance."""

    FILE = "file"
    SAID = "said"  # a person, in a chat
    OFFICIAL = "official"  # the service's own status page


class Phase(StrEnum):
    """Phase of a window, as announced in a notice."""

    PLANNED = "planned"
    MOVED = "moved"
    BEGUN = "begun"
    ENDED = "ended"
    CANCELLED = "cancelled"


OVER = frozenset({Phase.ENDED, Phase.CANCELLED})


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window and its announcements. `services` empty: all. `until` None: the end is unknown."""

    key: str  # the origin's key; `number` stays when it changes
    services: tuple[str, ...]
    since: datetime
    until: datetime | None
    origin: Origin
    known_at: datetime
    note: str = ""
    by: str = ""  # who announced it in a chat
    over_at: datetime | None = None  # when it was cancelled or ended early
    gone_since: datetime | None = None  # since when it is missing from the official page
    number: int = 0  # assigned by the store
    told: Phase | None = None  # the latest phase announced
    told_span: tuple[datetime, datetime | None] | None = None  # times in the latest notice
    begun: bool = False  # its beginning was announced
    steps: int = 0  # number of notices so far

    @property
    def id(self) -> str:
        """Thread of its notices: "x#m3"."""
        return f"{self.services[0] if self.services else EVERYTHING}#m{self.number}"

    @property
    def end(self) -> datetime | None:
        """Actual or planned end; None: unknown."""
        return self.over_at or self.until

    def concerns(self, service: str) -> bool:
        return not self.services or service in self.services

    def covers(self, at: datetime) -> bool:
        return self.since <= at and (self.end is None or at < self.end)

    def over(self, now: datetime) -> bool:
        return self.end is not None and self.end <= now


def planned(thread: str) -> bool:
    """True if the thread belongs to a maintenance window, not to an incident."""
    return re.search(r"#m\d+$", thread) is not None


@dataclass(frozen=True, slots=True)
class Weekly:
    """Maintenance that repeats weekly, at `at` in the time zone `zone`. Days: 0 is Monday."""

    services: tuple[str, ...]
    days: frozenset[int]
    at: time
    lasts: timedelta
    zone: str
    note: str = ""

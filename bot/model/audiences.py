"""Who hears it: destinations, audiences and their wishes; and what every screen shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from hashlib import blake2b

from bot.model.durations import clock
from bot.model.incidents import Incident, ServiceState
from bot.model.intervals import Span
from bot.model.maintenance import Window
from bot.model.observations import Confidence, Service
from bot.model.reports import Tally

SECRETIVE = frozenset({"apprise", "webhook"})  # the kinds of channel whose places are secrets


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """One place that can be written to: "slack:C012", "telegram:-100123/45", "email:desk@example.org"."""

    kind: str
    place: str

    @classmethod
    def parse(cls, text: str) -> Destination:
        """Raise ValueError, in words for the one who wrote it, unless `text` is "kind:place"."""
        kind, colon, place = text.strip().partition(":")
        if not (kind and colon and place):
            raise ValueError("is no destination; expected kind:place, such as slack:C012 or email:desk@example.org")
        return cls(kind, place)

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}"

    @property
    def shown(self) -> str:
        """For logs, pages and messages: of a URL its scheme alone, as any other part of it may be the key ("apprise:pbul
        #a1b2"). The number tells one from another, and tells nobody which it is.
        """
        if self.kind not in SECRETIVE and "://" not in self.place:
            return str(self)
        scheme = self.place.partition("://")[0] if "://" in self.place else ""
        named = f"{self.kind}:{scheme} " if re.fullmatch(r"[a-z][a-z0-9+.-]{0,15}", scheme) else f"{self.kind} "
        return f"{named}#{blake2b(self.place.encode(errors='replace'), digest_size=2).hexdigest()}"


class Topic(StrEnum):
    """What a reader may wish to hear of."""

    DOWN = "down"
    DEGRADED = "degraded"
    OFFICIAL = "official"
    REMINDER = "reminder"
    RESTORED = "restored"
    CORRECTION = "correction"
    MAINTENANCE = "maintenance"
    ANNOUNCEMENT = "announcement"


@dataclass(frozen=True, slots=True)
class Style:
    """How one destination is written to. `clock` is "12h", "24h" or "" for the language's own."""

    language: str = "en"
    timezone: str = "UTC"
    clock: str = ""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of the day, by the reader's own clock, in which nothing but what is in `but` is told: it waits for their end."""

    start: time
    end: time
    but: frozenset[Topic] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Quiet:
        """Read "22:00-07:00" or "22:00-07:00 except down degraded". Raise ValueError, in words, for anything else."""
        hours, _, but = text.partition(" except ")
        start, _, end = re.sub(r"\s*[–—-]\s*|\s+", "-", hours.strip()).partition("-")
        quiet = cls(clock(start), clock(end), frozenset(map(Topic, but.replace(",", " ").split())))
        if quiet.start == quiet.end:
            raise ValueError("begins and ends at the same time")
        return quiet


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """What a reader hears: which services (empty: all), which changes, from which confidence, written how."""

    services: tuple[str, ...] = ()
    topics: frozenset[Topic] = frozenset(Topic)
    confidence: Confidence = Confidence.CONFIRMED
    style: Style = Style()
    quiet: Quiet | None = None
    for_at_least: timedelta = timedelta(0)  # only of what has lasted so long


@dataclass(frozen=True, slots=True)
class Escalation:
    """Further places that are told of what has lasted for `after` while nobody has acknowledged it."""

    after: timedelta
    to: tuple[Destination, ...]


@dataclass(frozen=True, slots=True)
class Audience:
    """A named group of people: a ladder (one of these) or a broadcast list (all of these)."""

    name: str
    destinations: tuple[Destination, ...]
    filter: SubscriptionFilter = SubscriptionFilter()
    ladder: bool = False
    within: timedelta = timedelta(seconds=60)
    escalations: tuple[Escalation, ...] = ()

    @property
    def places(self) -> tuple[Destination, ...]:
        """Everybody whom it may ever tell."""
        return tuple(dict.fromkeys((*self.destinations, *(place for step in self.escalations for place in step.to))))


@dataclass(frozen=True, slots=True)
class Subscription:
    """A chat's standing wish, told like an audience of one."""

    destination: Destination
    filter: SubscriptionFilter
    by: str  # who set it up
    at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """What every screen shows: read once, shown on pages, in chats and in digests."""

    at: datetime
    services: tuple[tuple[Service, ServiceState], ...]
    recent: tuple[Incident, ...] = ()  # newest first, the open ones included
    subscriptions: tuple[Subscription, ...] = ()
    offline_since: datetime | None = None
    channels: tuple[tuple[Service, ServiceState], ...] = ()  # the ways to people, which are no services of theirs
    down: Mapping[str, datetime] = field(default_factory=dict)  # the kinds of channel known to be dead, and since when
    windows: tuple[Window, ...] = ()  # maintenance under way, to come, and as far back as `recent`
    user_reports: Mapping[str, Tally] = field(
        default_factory=dict
    )  # what people say, of the services that they spoke of
    unseen: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)  # by service: when we did not see it, in order
    answering: Mapping[str, timedelta] = field(
        default_factory=dict
    )  # how long its answers took on average, if asked for
    unwell: Mapping[str, datetime] = field(default_factory=dict)  # the parts of our own that are unwell, and since when

    def maintenance(self, service: str) -> Window | None:
        """What a service is in now."""
        return next((w for w in self.windows if w.concerns(service) and w.covers(self.at)), None)

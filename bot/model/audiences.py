"""Destinations, audiences, subscriptions and their filters, and the overview that every screen shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from hashlib import blake2b
from typing import Any, TypeVar

from bot.model.cluster import ClusterView
from bot.model.incidents import Incident, Outage, ServiceState
from bot.model.intervals import Span, clock
from bot.model.maintenance import Window
from bot.model.observations import Confidence, Service, Tally

One = TypeVar("One", Incident, Outage)

SECRETIVE = frozenset({"apprise", "webhook"})  # kinds of channel whose addresses are secrets


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """One place that can be written to: "slack:C012", "telegram:-100123/45", "email:desk@example.org"."""

    kind: str
    place: str

    @classmethod
    def parse(cls, text: str) -> Destination:
        """Parse "kind:place". Raise ValueError with a message for the user otherwise."""
        kind, colon, place = text.strip().partition(":")
        if not (kind and colon and place):
            raise ValueError("is no destination; expected kind:place, such as slack:C012 or email:desk@example.org")
        return cls(kind, place)

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}"

    @property
    def shown(self) -> str:
        """The destination for logs, pages and messages. Of a URL only the scheme is shown, as any other part may be the
        key ("apprise:pbul #a1b2"). The hash tells two destinations apart without revealing either.
        """
        if self.kind not in SECRETIVE and "://" not in self.place:
            return str(self)
        scheme = self.place.partition("://")[0] if "://" in self.place else ""
        named = f"{self.kind}:{scheme} " if re.fullmatch(r"[a-z][a-z0-9+.-]{0,15}", scheme) else f"{self.kind} "
        return f"{named}#{blake2b(self.place.encode(errors='replace'), digest_size=2).hexdigest()}"


class Topic(StrEnum):
    """Subjects that a reader can subscribe to."""

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
    """Language, zone and clock of a destination's messages. `clock` is "12h", "24h" or "" for the language's own.

    `platform`: the kind of channel of a reply, which says how commands are typed there; "" in all other messages.
    """

    language: str = "en"
    timezone: str = "UTC"
    clock: str = ""
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Daily quiet hours in the reader's zone. Notices wait until they end, except those of the topics in `but`."""

    start: time
    end: time
    but: frozenset[Topic] = frozenset()

    @classmethod
    def parse(cls, text: str) -> Quiet:
        """Parse "22:00-07:00" or "22:00-07:00 except down degraded". Raise ValueError with a message for the user
        otherwise.
        """
        hours, _, but = text.partition(" except ")
        start, _, end = re.sub(r"\s*[–—-]\s*|\s+", "-", hours.strip()).partition("-")
        quiet = cls(clock(start), clock(end), frozenset(map(Topic, but.replace(",", " ").split())))
        if quiet.start == quiet.end:
            raise ValueError("begins and ends at the same time")
        return quiet


@dataclass(frozen=True, slots=True)
class PlaceSettings:
    """How a place is written to, as far as somebody set it: "" and None are not set."""

    language: str = ""
    timezone: str = ""
    clock: str = ""
    quiet: Quiet | None = None

    def over(self, other: PlaceSettings) -> PlaceSettings:
        """These settings, and the other's where nothing is set."""
        return PlaceSettings(
            self.language or other.language,
            self.timezone or other.timezone,
            self.clock or other.clock,
            self.quiet or other.quiet,
        )

    def style(self, usual: Style) -> Style:
        """The style of the place; `usual` where nothing is set."""
        return replace(
            usual,
            language=self.language or usual.language,
            timezone=self.timezone or usual.timezone,
            clock=self.clock or usual.clock,
        )


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """Which notices a reader gets: of which services (empty: all but those in `but`), topics, and least confidence."""

    services: tuple[str, ...] = ()
    topics: frozenset[Topic] = frozenset(Topic)
    confidence: Confidence = Confidence.CONFIRMED
    for_at_least: timedelta = timedelta(0)  # only incidents that have lasted this long
    but: tuple[str, ...] = ()

    def follows(self, service: str) -> bool:
        return service in self.services if self.services else service not in self.but

    def alike(self, other: SubscriptionFilter) -> bool:
        """True if they differ at most in their services."""
        return replace(self, services=(), but=()) == replace(other, services=(), but=())


@dataclass(frozen=True, slots=True)
class Escalation:
    """Further destinations for an incident that has lasted `after` without being acknowledged."""

    after: timedelta
    to: tuple[Destination, ...]


@dataclass(frozen=True, slots=True)
class Audience:
    """A named group of people with a ladder (one destination at a time) or a broadcast list (all at once).

    `style` and `quiet` hold in each place, except where `own` has others. `fixed`: what the config says of them itself,
    which a place cannot change.
    """

    name: str
    destinations: tuple[Destination, ...]
    filter: SubscriptionFilter = SubscriptionFilter()
    ladder: bool = False
    within: timedelta = timedelta(seconds=60)
    escalations: tuple[Escalation, ...] = ()
    style: Style = Style()
    quiet: Quiet | None = None
    fixed: PlaceSettings = PlaceSettings()
    own: tuple[tuple[Destination, Style, Quiet | None], ...] = ()

    def style_at(self, place: Destination) -> Style:
        return next((style for at, style, _ in self.own if at == place), self.style)

    @property
    def styles(self) -> frozenset[Style]:
        return frozenset({self.style, *(style for _, style, _ in self.own)})

    def quiet_at(self, place: Destination) -> Quiet | None:
        """The quiet hours of a place, in its own time zone; None if it has none."""
        return next((quiet for at, _, quiet in self.own if at == place), self.quiet)

    @property
    def places(self) -> tuple[Destination, ...]:
        """All destinations it may send to, escalations included."""
        return tuple(dict.fromkeys((*self.destinations, *(place for step in self.escalations for place in step.to))))


@dataclass(frozen=True, slots=True)
class Subscription:
    """A chat's standing wish: one filter for each group of services that were subscribed with the same options."""

    destination: Destination
    filters: tuple[SubscriptionFilter, ...]
    by: str  # the person who subscribed
    at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """The current state, read once for pages, chats and digests."""

    at: datetime
    services: tuple[tuple[Service, ServiceState], ...]
    recent: tuple[Incident, ...] = ()  # newest first, including open ones
    subscriptions: tuple[Subscription, ...] = ()
    offline_since: datetime | None = None
    # Health of our own channels, which are not services of the users.
    channels: tuple[tuple[Service, ServiceState], ...] = ()
    down: Mapping[str, datetime] = field(default_factory=dict)  # kinds of channel known to be down, and since when
    windows: tuple[Window, ...] = ()  # current and future maintenance, and past windows as far back as `recent`
    # Reports by people, for each service that has any.
    user_reports: Mapping[str, Tally] = field(default_factory=dict)
    unseen: Mapping[str, tuple[Span, ...]] = field(default_factory=dict)  # by service: periods without data, in order
    # Mean response time, if requested.
    answering: Mapping[str, timedelta] = field(default_factory=dict)
    unwell: Mapping[str, datetime] = field(default_factory=dict)  # our own unhealthy parts, and since when
    # All outages that count, as far back as `recent`, which may be fewer; None: those of `recent` are all.
    outages: tuple[Outage, ...] | None = None
    cluster: ClusterView = field(default_factory=ClusterView)  # the nodes, where there are several
    _index: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def maintenance(self, service: str) -> Window | None:
        """The maintenance window that a service is in now, or None."""
        if not self.windows:
            return None
        return next((w for w in self.windows_of(service) if w.covers(self.at)), None)

    def windows_of(self, service: str) -> tuple[Window, ...]:
        """The maintenance windows that concern a service."""
        if not self.windows:
            return ()
        found: Mapping[str, tuple[Window, ...]] = self._once("windows", lambda: _by_window(self.windows))
        return found.get(service, found.get("", ()))

    def recent_of(self, service: str) -> tuple[Incident, ...]:
        """Those of `recent` that are of one service."""
        if not self.recent:
            return ()
        found: Mapping[str, tuple[Incident, ...]] = self._once("recent", lambda: _grouped(self.recent))
        return found.get(service, ())

    def outages_of(self, service: str) -> tuple[Outage, ...]:
        """Those of `outages` that are of one service."""
        if not self.outages:
            return ()
        found: Mapping[str, tuple[Outage, ...]] = self._once("outages", lambda: _grouped(self.outages or ()))
        return found.get(service, ())

    def _once(self, part: str, make: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        """A part by service, grouped once: a page looks up thousands."""
        if part not in self._index:
            self._index[part] = make()
        found: Mapping[str, Any] = self._index[part]
        return found


def _by_window(windows: Iterable[Window]) -> Mapping[str, tuple[Window, ...]]:
    """The windows that concern each service that they name; "": those that concern any other."""
    windows = tuple(windows)
    named = {service for window in windows for service in window.services}
    return {name: tuple(w for w in windows if w.concerns(name)) for name in named} | {
        "": tuple(w for w in windows if not w.services)
    }


def _grouped(found: Iterable[One]) -> dict[str, tuple[One, ...]]:
    groups: dict[str, list[One]] = {}
    for one in found:
        groups.setdefault(one.service, []).append(one)
    return {service: tuple(group) for service, group in groups.items()}

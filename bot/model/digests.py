"""Digests: who gets one, when it is due to each, and what it says before it is worded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model.audiences import Destination, Overview, PlaceSettings, Style
from bot.model.availability import Availability
from bot.model.incidents import Incident
from bot.model.intervals import Span
from bot.model.maintenance import Window
from bot.model.observations import Service
from bot.model.reasons import Reason

THREAD = "digest:"  # how the threads of digests begin


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest of the config. `when`: as it is written there; `fixed`: how it is written, as far as the config says;
    `covers`: the least that it looks back.
    """

    name: str
    when: str
    to: tuple[Destination, ...]
    services: tuple[str, ...] = ()  # empty: all
    fixed: PlaceSettings = field(default_factory=PlaceSettings)
    covers: timedelta | None = None
    title: str = ""  # as its readers know it; empty: its name
    attach: tuple[str, ...] = ()  # kinds of files that go with it by mail: "csv", "ics"

    @property
    def order(self) -> DigestOrder:
        return DigestOrder(self.name, self.title, self.services, self.attach)

    def style(self, place: Destination, own: PlaceSettings, usual: Style) -> Style:
        """How it is written to a place: on the config's list as the config says first, elsewhere as the place does."""
        return (self.fixed.over(own) if place in self.to else own.over(self.fixed)).style(usual)


@dataclass(frozen=True, slots=True)
class DigestRun:
    """A digest that is to come for one recipient. `nominal`: when it is due by its schedule, whenever it is sent; then its
    period ends, which began at `since`.
    """

    digest: str
    destination: Destination
    nominal: datetime
    since: datetime
    schedule: str  # what it was planned by: the schedule and the zone
    id: int = 0  # assigned by the store

    @property
    def key(self) -> tuple[str, Destination]:
        return self.digest, self.destination


class DigestReaderState(StrEnum):
    ASKED = "asked"  # for a confirmation, and gets nothing before it
    CONFIRMED = "confirmed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class DigestReader:
    """A recipient that the config does not name. `nonce` is part of the link that confirms."""

    digest: str
    destination: Destination
    by: str
    at: datetime  # of the last change
    state: DigestReaderState
    link: str  # the name of the reader in links, which tells nothing
    nonce: str = ""

    @property
    def key(self) -> tuple[str, Destination]:
        return self.digest, self.destination


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """An address that no longer exists, as its mail server says."""

    destination: Destination
    at: datetime
    why: Reason


@dataclass(frozen=True, slots=True)
class DeliverySummary:
    """How notices were delivered in a period, by audience and kind of channel."""

    # how many destinations of each kind of channel got a message of the thread
    told: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    sent: int = 0
    refused: Mapping[tuple[str, str], int] = field(default_factory=dict)
    # of an audience with a ladder: what a later rung delivered
    fallbacks: Mapping[tuple[str, str], int] = field(default_factory=dict)
    # destinations of ladders that nothing was delivered to for long
    unproven: Mapping[tuple[str, str], int] = field(default_factory=dict)


NO_DELIVERIES = DeliverySummary()


@dataclass(frozen=True, slots=True)
class DigestOrder:
    """What is asked for: `name` is the config's, `title` what readers see. `attach`: "csv", "ics"."""

    name: str
    title: str = ""
    services: tuple[str, ...] = ()  # ids; empty for all
    attach: tuple[str, ...] = ()
    late: bool = False


@dataclass(frozen=True, slots=True)
class OutageFact:
    """An outage of the period. `length`: how long the service was not up, within the whole outage."""

    service: Service
    incident: Incident
    length: timedelta
    told: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """A service in the period and in the one before. `cells`: its bar."""

    service: Service
    seen: Availability
    before: Availability
    cells: str


@dataclass(frozen=True, slots=True)
class DigestFacts:
    """Everything a digest says."""

    order: DigestOrder
    period: Span
    overview: Overview  # of the services asked for, as of the end of the period
    count: int  # outages in all, which may be more than `outages`
    length: timedelta  # of all together, each service by itself
    outages: tuple[OutageFact, ...]  # longest first
    figures: tuple[Figure, ...]
    edges: tuple[datetime, ...]  # of the slots of all bars
    hourly: bool  # slots are hours, else days
    blind: tuple[Span, ...]
    corrections: tuple[OutageFact, ...]
    planned: tuple[tuple[Window, tuple[Service, ...]], ...]
    deliveries: DeliverySummary = NO_DELIVERIES

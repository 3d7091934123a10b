"""What a digest says, before it is worded for anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.model.audiences import Overview
from bot.model.availability import Availability
from bot.model.incidents import Incident
from bot.model.intervals import Span
from bot.model.maintenance import Window
from bot.model.observations import Service


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

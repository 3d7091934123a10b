"""The page of one incident: how it stands, its facts, and its steps as people were told of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot import wording
from bot.model import Change, Confidence, Health, Incident, Service, Style, service_path
from bot.web.status_page import read
from bot.wording.links import vendor
from bot.wording.text import bare
from bot.wording.timeline import facts, stands, timeline
from bot.wording.titles import name_of, offline


@dataclass(frozen=True, slots=True)
class Step:
    clock: str
    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """The whole page, worded for its reader. Paths are relative to the first page."""

    name: str
    service: str  # path of the service's page
    health: str
    headline: str
    lines: tuple[str, ...]
    vendor: str  # address of the vendor's page; empty: unknown
    facts: tuple[tuple[str, str], ...]
    timeline: tuple[Step, ...]  # newest first
    read: str


def incident_page(
    service: Service,
    changes: Sequence[Change],
    style: Style,
    now: datetime,
    *,
    health: str,
    blind_since: datetime | None = None,
) -> IncidentPage:
    """`changes`: its steps, the oldest first, at least one; the last one's incident is shown. `health`: of the service,
    while the incident is open. `blind_since`: since when we are offline.
    """
    latest, to = changes[-1], wording.reader(style, now)
    blind = latest.incident.until is None and blind_since
    words = stands(latest, service, style, now)
    steps = timeline(changes, service, style, now)
    return IncidentPage(
        name=name_of(service),
        service=service_path(service.id).lstrip("/"),
        health=_health(latest.incident) or health,
        headline=bare(words.title),
        lines=(*((wording.stop(bare(offline(blind, to))),) if blind else ()), *words.lines),
        vendor=vendor(latest.incident, service),
        facts=facts(latest.incident, style, now),
        timeline=tuple(Step(step.clock, bare(step.text.title), step.text.lines) for step in steps),
        read=read(to),
    )


def _health(incident: Incident) -> str:
    """What it shows of itself; empty while it is open."""
    if incident.retracted or (incident.until and incident.confidence is not Confidence.CONFIRMED):
        return "unknown"
    if incident.until is None:
        return ""
    return "unknown" if incident.health is Health.UNKNOWN else "up"

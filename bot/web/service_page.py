"""The page of one service: how it is, its uptime, and its incidents of the last weeks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot import wording
from bot.model import Incident, Overview, Service, ServiceState, Style
from bot.web.status_page import PERIOD, Event, Part, event, label, opened, quiet, read, shown, strip
from bot.wording.links import vendor
from bot.wording.text import bare
from bot.wording.titles import name_of

PAST = timedelta(days=30)  # how far back incidents are listed


@dataclass(frozen=True, slots=True)
class ServicePage:
    """The whole page, worded for its reader. Paths are relative to the first page."""

    id: str
    name: str
    health: str
    headline: str
    lines: tuple[str, ...]
    incident: str  # path of the page of the open incident; empty: none is open
    vendor: str  # address of the vendor's page; empty: unknown
    period: str
    uptime: str
    strip: tuple[Part, ...]
    label: str
    happened: str  # heading of the past incidents
    past: tuple[Event, ...]  # newest first
    quiet: str
    read: str


def service_page(
    service: Service, state: ServiceState, overview: Overview, style: Style, recent: Sequence[Incident]
) -> ServicePage:
    """`recent`: the service's incidents of the last weeks."""
    to = wording.reader(style, overview.at)
    known = replace(overview, unwell={})
    words, week = wording.status(known, style, service.id, whole=True), overview.at - PERIOD
    uptime = wording.digest_facts(known, week, style, (service.id,)).uptime[0]
    of_weeks = replace(known, services=((service, state),), recent=tuple(recent))
    facts = wording.digest_facts(of_weeks, overview.at - PAST, style, (service.id,))
    past = tuple(event(one) for one in reversed(facts.happened) if one.end)
    days, blind = to.period(PERIOD), overview.offline_since is not None
    return ServicePage(
        id=service.id,
        name=name_of(service),
        health=shown(service, state, overview),
        headline=bare(words.title),
        lines=tuple(map(bare, words.lines[:1])) + words.lines[1:] if blind else words.lines,
        incident=opened(state),
        vendor=vendor(state.incident, service),
        period=to.say.page.happened.format(period=days),
        uptime=uptime.brief,
        strip=tuple(strip(service, state, overview)),
        label=label(service, uptime, days, to),
        happened=to.say.page.happened.format(period=facts.period),
        past=past,
        quiet="" if past else quiet(facts, of_weeks, to),
        read=read(to),
    )

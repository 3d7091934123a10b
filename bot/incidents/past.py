"""Reads what is past: incidents and outages of services in the config and of Tocsin itself; how notices were delivered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.incidents.settings import Settings
from bot.model import OURSELVES, Audience, DeliverySummary, Incident, Outage, Overview, Span
from bot.store import Store

PROVEN_FOR = timedelta(days=30)  # a place that got nothing for longer may not work any more


@dataclass(frozen=True, slots=True)
class Past:
    """What is open or ended after some time, of one service or of all."""

    incidents: tuple[Incident, ...]  # the newest, newest first: for lists
    outages: tuple[Outage, ...]  # all, oldest first: for figures


async def past(store: Store, settings: Settings, since: datetime, service: str = "") -> Past:
    wanted = (service,) if service else tuple(settings.services)
    incidents = await store.results.incidents(since, services=(*wanted, OURSELVES))
    return Past(incidents, await store.results.outages(since, (*wanted, OURSELVES)))


async def deliveries(store: Store, audiences: Iterable[Audience], overview: Overview, period: Span) -> DeliverySummary:
    """How notices of the incidents in the overview, and all messages of a digest's period, were delivered; and which
    rungs of ladders nobody has proven to work.
    """
    ladders = [audience for audience in audiences if audience.ladder]
    later = {(a.name, place.kind, place.place): place for a in ladders for place in a.destinations[1:]}
    since, until = period
    threads = [i.id for i in overview.recent if (i.until or until) > since and i.since < until]
    found = await store.digest_log.summary(threads, since, until, later)
    places = {place for audience in ladders for place in audience.destinations}
    proven = await store.audit.proven(places) if places else {}
    fresh = {place for place, at in proven.items() if at > until - PROVEN_FOR}
    unproven = Counter((a.name, place.kind) for a in ladders for place in a.destinations if place not in fresh)
    return replace(found, unproven=dict(unproven))

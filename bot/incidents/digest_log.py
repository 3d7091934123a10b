"""Reads how notices were delivered in a digest's period, and which rungs of ladders nobody has proven to work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from bot.model import Audience, DeliverySummary, Overview, Span
from bot.store import Store

PROVEN_FOR = timedelta(days=30)  # a place that got nothing for longer may not work any more


async def deliveries(store: Store, audiences: Iterable[Audience], overview: Overview, period: Span) -> DeliverySummary:
    """Of the incidents in the overview, and of all messages of the period."""
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

"""Deliveries of maintenance notices: readers, texts, and posts or edits (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot import wording
from bot.model import OVER, Audience, Delivery, Destination, Notice, Phase, Service, Style, Topic, Window, local_time
from bot.notify import incident_fanout, routing

FIRST = frozenset({Phase.PLANNED, Phase.BEGUN})  # may be the first notice of a window that a destination gets


@dataclass(frozen=True, slots=True)
class MaintenanceNews:
    """A window's new phase. `window`: its state after the notice. `told`: destinations with a notice of it; True if it
    was delivered.
    """

    window: Window
    phase: Phase
    told: Mapping[Destination, bool]
    leaving: wording.MaintenanceEnd


def deliveries(
    news: MaintenanceNews,
    services: Mapping[str, Service],
    muted: Sequence[str],
    readers: incident_fanout.Readers,
    now: datetime,
) -> tuple[Delivery, ...]:
    """One delivery per destination, covering all services its readers follow. `services`: all, by id; nothing new is
    announced of `muted` ones.
    """
    concerned = [s for s in services if news.window.concerns(s) and not (news.phase in FIRST and s in muted)]
    found: dict[Destination, tuple[routing.Hearer, set[str]]] = {}
    for audience in readers.audiences:
        follows = {s for s in concerned if audience.filter.follows(s)}
        if not follows or Topic.MAINTENANCE not in audience.filter.topics:
            continue
        for place in _places(news, audience):
            due = _due(audience, place, now)
            hearer, others = found.get(place, (None, set()))
            hearer = hearer or routing.Hearer(place, audience.name, audience.style_at(place), due=due)
            hearer = replace(hearer, due=min(hearer.due, due) if hearer.due and due else None)
            found[place] = (routing.climbing(hearer, audience) if audience.ladder else hearer), others | follows
    site = next((service.site for service in services.values()), "")
    words: dict[tuple[Style, frozenset[str], datetime | None], Notice] = {}
    rows: list[Delivery] = []
    for place, (hearer, follows) in found.items():
        manner = hearer.style, frozenset(follows), hearer.due
        if manner not in words:
            whole = not news.window.services and len(follows) == len(services)
            named = () if whole else tuple(services[s] for s in concerned if s in follows)
            words[manner] = wording.maintenance(
                news.window, news.phase, named, hearer.style, now, leaving=news.leaving, read_at=hearer.due, site=site
            )
        rows += incident_fanout.acts(words[manner], hearer, readers, told=place in news.told)
    return tuple(rows)


def _places(news: MaintenanceNews, audience: Audience) -> Sequence[Destination]:
    """Of a ladder the first rung, or those notified before; updates go to those that got the first notice."""
    known = [d for d in audience.destinations if d in news.told]
    if news.phase in FIRST:
        return (known or audience.destinations[:1]) if audience.ladder else audience.destinations
    reached = [d for d in known if news.told[d]] if audience.ladder and news.phase not in OVER else known
    return reached or known


def _due(audience: Audience, place: Destination, now: datetime) -> datetime | None:
    quiet = audience.quiet_at(place)
    spell = local_time.spell(quiet, audience.style_at(place), now) if quiet else None
    return spell[1] if spell and quiet and Topic.MAINTENANCE not in quiet.but else None

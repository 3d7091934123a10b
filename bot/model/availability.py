"""What is known of a service in a period: when it was down, in trouble, in maintenance, or not observed.

Every figure and bar comes from here: digests, the page, `history` and /status.json.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from bot.model.audiences import Overview
from bot.model.incidents import Incident, Outage, ServiceState
from bot.model.intervals import Span, clip, merged, minus, shared, total
from bot.model.maintenance import Window
from bot.model.observations import OURSELVES, Confidence, Health, Outcome, Service

One = TypeVar("One", Incident, Outage)
MINUTE = timedelta(minutes=1)  # a shorter gap in all observations is not mentioned


@dataclass(frozen=True, slots=True)
class Availability:
    """Spans in order, of which no two overlap; what is in none of them was up. `before`: before the first observation."""

    service: str
    period: Span
    before: tuple[Span, ...] = ()
    maintenance: tuple[Span, ...] = ()
    unknown: tuple[Span, ...] = ()
    alone: tuple[Span, ...] = ()  # the part of `unknown` in which other services were observed
    down: tuple[Span, ...] = ()
    degraded: tuple[Span, ...] = ()

    @property
    def seen(self) -> timedelta:
        """The time that counts: observed, and without maintenance."""
        aside = total(self.before) + total(self.maintenance) + total(self.unknown)
        return self.period[1] - self.period[0] - aside

    @property
    def share(self) -> float | None:
        """The share of that time in which it was not down, from 0.0 to 1.0; None if there is none."""
        return max(0.0, 1 - total(self.down) / self.seen) if self.seen > timedelta() else None

    @property
    def first(self) -> datetime | None:
        """The first observation, if it is later than the start of the period."""
        return self.before[-1][1] if self.before else None


def availability_of(
    service: Service, state: ServiceState, overview: Overview, period: Span, blind: Sequence[Span]
) -> Availability:
    """Of one service. `blind`: `blind_spans` of the same overview and period."""
    own = unseen_spans(service, state, overview, period)
    worked_on = maintenance_spans(period, overview.windows_of(service.id), service.id)
    before = [own[0]] if own and own[0][0] <= period[0] else []
    planned = minus(worked_on, before)
    aside = merged([*before, *planned])
    unknown = minus(merged([*blind, *own]), aside)
    mine = known_outages(service, state, overview)
    hidden = merged([*aside, *unknown])
    down = minus(_clipped(_bad(mine, Health.DOWN, state, overview), period), hidden)
    degraded = minus(_clipped(_bad(mine, Health.DEGRADED, state, overview), period), merged([*hidden, *down]))
    alone = minus(minus(own, blind), aside)
    return Availability(service.id, period, *map(tuple, (before, planned, unknown, alone, down, degraded)))


def calm(service: Service, state: ServiceState, overview: Overview) -> bool:
    """Whether all is known of a service and all is well, as of most: its bar is empty, and it was up all the time."""
    return (
        state.incident is None
        and state.unseen_since is None
        and overview.offline_since is None
        and not overview.unseen.get(service.id)
        and not overview.windows_of(service.id)
        and not overview.recent_of(service.id)
        and not overview.outages_of(service.id)
    )


def blind_spans(overview: Overview, period: Span) -> list[Span]:
    """Periods in which nothing was observed: we were offline or not running."""
    spans = [(o.since, o.until or overview.at) for o in outages(overview) if o.service == OURSELVES]
    if overview.offline_since:
        spans.append((overview.offline_since, overview.at))
    gaps = shared(overview.unseen.get(service.id, ()) for service, _ in overview.services)
    # Nothing was observed before the first round.
    spans += [s for s in gaps if s[1] - s[0] >= MINUTE and s[0] > period[0]]
    return _clipped(spans, period)


def unseen_spans(service: Service, state: ServiceState, overview: Overview, period: Span) -> list[Span]:
    """Periods in which this service was not observed, alone or with all others."""
    own = list(overview.unseen.get(service.id, ()))
    if state.unseen_since:
        own.append((state.unseen_since, overview.at))
    return _clipped(own, period)


def maintenance_spans(period: Span, windows: Iterable[Window], service: str) -> list[Span]:
    """Periods of maintenance, which count neither as up nor as down."""
    return _clipped(((w.since, w.end) for w in windows if w.end and w.concerns(service)), period)


def outages(overview: Overview) -> tuple[Outage, ...]:
    """All that count in the overview's time, the open ones as the services' states have them now."""
    known = overview.outages
    if known is None:
        known = tuple(found for incident in overview.recent if (found := outage(incident)))
    return known


def outage(incident: Incident) -> Outage | None:
    """What an incident means for the figures; None if nothing: it was not confirmed, or retracted, or a certificate."""
    worst = max(incident.worst, incident.health)
    if incident.service != OURSELVES:
        if incident.confidence is not Confidence.CONFIRMED or incident.retracted:
            return None
        if incident.readings and all(r.outcome is Outcome.EXPIRING for r in incident.readings):
            return None
    return Outage(
        incident.service, incident.number, incident.since, incident.until, worst, incident.calm, incident.unstable_since
    )


def known_outages(service: Service, state: ServiceState, overview: Overview) -> list[Outage]:
    """Of one service. The state is newer than the store's rows, and knows when an unstable service responded."""
    now = outage(state.incident) if state.incident else None
    recent = overview.recent_of(service.id) if overview.outages is None else ()
    mine = [*overview.outages_of(service.id), *(found for one in recent if (found := outage(one)))]
    return [now if now and o.number == now.number else o for o in mine]


def _bad(mine: Iterable[Outage], health: Health, state: ServiceState, overview: Overview) -> list[Span]:
    now = state.answering_since or overview.at
    found: list[Span] = []
    for one in mine:
        if one.health is health:
            found += minus([(one.since, one.until or max(now, one.since))], one.calm)
    return found


def _clipped(spans: Iterable[Span], period: Span) -> list[Span]:
    return merged(c for span in spans if (c := clip(span, period)))


def bar(seen: Availability, edges: Sequence[datetime]) -> str:
    """A letter for each slot between two edges: "u" up, "d" down for a part, "D" for at least half of what was observed,
    "g" and "G" likewise in trouble (degraded), "m" maintenance, "n" not observed, "b" before the first observation.
    """
    return "".join(_letter(seen, (start, end)) for start, end in pairwise(edges))


def _letter(seen: Availability, slot: Span) -> str:
    def part(spans: Iterable[Span]) -> timedelta:
        return total(c for span in spans if (c := clip(span, slot)))

    length, down = slot[1] - slot[0], part(seen.down)
    before, planned, unknown = part(seen.before), part(seen.maintenance), part(seen.unknown)
    counts = length - before - planned - unknown
    if down:
        return "D" if down >= counts / 2 else "d"
    if degraded := part(seen.degraded):
        return "G" if degraded >= counts / 2 else "g"
    if before >= length / 2 or (counts <= timedelta() and before >= max(planned, unknown)):
        return "b"
    if planned >= length / 2 or (counts <= timedelta() and planned >= unknown):
        return "m"
    return "n" if unknown >= length / 2 or counts <= timedelta() else "u"


def outer(found: Iterable[One]) -> list[One]:
    """Without those that belong to an unstable one, whose text counts them."""
    all_ = list(found)
    unstable = [(i.service, i.unstable_since, i.since) for i in all_ if i.unstable_since]
    return [i for i in all_ if not any(s == i.service and a <= i.since < b for s, a, b in unstable)]


def bad_time(overview: Overview, service: str, period: Span) -> timedelta:
    """How long a service was not up in a period: no minute twice, and none in which it responded."""
    spans = (
        part
        for o in outages(overview)
        if o.service == service
        for part in minus([(o.since, o.until or overview.at)], o.calm)
    )
    return total(merged(c for span in spans if (c := clip(span, period))))

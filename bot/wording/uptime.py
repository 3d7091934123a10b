"""Uptime: the share of observed time in which a service was not down, as all screens show it. Unobserved time never
counts as up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model import (
    OURSELVES,
    Confidence,
    Health,
    Overview,
    Service,
    ServiceState,
    Span,
    Window,
    clip,
    merged,
    minus,
    shared,
    total,
)
from bot.wording.times import MINUTE, Reader
from bot.wording.titles import name_of

LITTLE = 1000  # less than this fraction (one thousandth) of a period is not mentioned


@dataclass(frozen=True, slots=True)
class Uptime:
    """Uptime of one service in a period."""

    service: str
    name: str
    share: float | None = None  # share of the observed time, from 0.0 to 1.0; None: never observed
    unknown: timedelta = timedelta()  # unobserved time since the first observation ...
    alone: timedelta = timedelta()  # ... and the part of it in which other services were observed
    since: datetime | None = None  # first observation, if later than the start of the period
    text: str = ""  # "99.87%"; empty if unknown
    whole: str = ""  # with the unknown part: "99.87% of the time we saw; 14 min unknown"
    brief: str = ""  # with the time it covers, if shorter than the period: "99.87% since 3:06 a.m."


def blind_spans(overview: Overview, period: Span) -> list[Span]:
    """Periods in which nothing was observed: we were offline or not running."""
    spans = [(i.since, i.until or overview.at) for i in overview.recent if i.service == OURSELVES]
    if overview.offline_since:
        spans.append((overview.offline_since, overview.at))
    gaps = shared(overview.unseen.get(service.id, ()) for service, _ in overview.services)
    # Nothing was observed before the first round.
    spans += [s for s in gaps if s[1] - s[0] >= MINUTE and s[0] > period[0]]
    return merged(c for s in spans if (c := clip(s, period)))


def unseen_spans(service: Service, state: ServiceState, overview: Overview, period: Span) -> list[Span]:
    """Periods in which this service was not observed, alone or with all others."""
    own = list(overview.unseen.get(service.id, ()))
    if state.unseen_since:
        own.append((state.unseen_since, overview.at))
    return merged(c for s in own if (c := clip(s, period)))


def maintenance_spans(period: Span, windows: Iterable[Window], service: str) -> list[Span]:
    """Periods of maintenance, which count neither as up nor as down."""
    spans = ((w.since, w.end) for w in windows if w.end and w.concerns(service))
    return merged(c for span in spans if (c := clip(span, period)))


def uptimes(overview: Overview, since: datetime, services: Sequence[str] = ()) -> tuple[Uptime, ...]:
    """Uptime of these services, or all, without text."""
    period = since, overview.at
    blind = blind_spans(overview, period)
    return tuple(_uptime(*e, overview, period, blind) for e in overview.services if not services or e[0].id in services)


def worded(found: Uptime, period: Span, to: Reader) -> Uptime:
    """Add the text. Time in which nothing at all was observed is mentioned elsewhere, once for all services."""
    if found.share is None:
        return found
    say, little, text = to.say.history, max((period[1] - period[0]) / LITTLE, MINUTE), to.percent(found.share)
    late = found.since is not None and found.since - period[0] >= little
    facts = {
        "percent": text,
        "since": to.since(found.since)[-1] if found.since else "",
        "length": to.duration(found.alone),
    }
    if found.alone >= little:
        whole = (say.of_time_seen_since if late else say.of_time_seen).format(**facts)
    else:
        whole = say.since.format(**facts) if late else text
    return replace(found, text=text, whole=whole, brief=say.since.format(**facts) if late else text)


def _uptime(service: Service, state: ServiceState, overview: Overview, period: Span, blind: Sequence[Span]) -> Uptime:
    """Only confirmed outages count, and only in observed time."""
    own = unseen_spans(service, state, overview, period)
    worked_on = maintenance_spans(period, overview.windows, service.id)
    unseen = merged([*blind, *own, *worked_on])
    seen = period[1] - period[0] - total(unseen)
    if seen <= timedelta():
        return Uptime(service.id, name_of(service))
    down = merged(c for s in _outages(service, state, overview) if (c := clip(s, period)))
    share = max(0.0, 1 - total(minus(down, unseen)) / seen)
    first = own[0][1] if own and own[0][0] <= period[0] else period[0]
    later = [(period[0], first), *worked_on]
    unknown, alone = total(minus(unseen, later)), total(minus(minus(own, blind), later))
    return Uptime(service.id, name_of(service), share, unknown, alone, first if first > period[0] else None)


def _outages(service: Service, state: ServiceState, overview: Overview) -> list[Span]:
    now = state.answering_since or overview.at
    mine = [i for i in overview.recent if i.service == service.id and i.confidence is Confidence.CONFIRMED]
    return [
        (i.since, i.until or max(now, i.since))
        for i in mine
        if not i.retracted and max(i.worst, i.health) is Health.DOWN
    ]

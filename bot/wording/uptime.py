"""How much of the time a service was not down: the one reckoning that every screen shows. What nobody saw never counts as up."""

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

LITTLE = 1000  # of a period: what is less than a thousandth of it is not worth saying


@dataclass(frozen=True, slots=True)
class Uptime:
    """Of one service over a period."""

    service: str
    name: str
    share: float | None = None  # of the time that we saw it: 0.0 to 1.0; None when we never did
    unknown: timedelta = timedelta()  # how long we did not see it, from the first time on that we did ...
    alone: timedelta = timedelta()  # ... and how much of that we saw others
    since: datetime | None = None  # when we first saw it, if that is later than the period begins
    text: str = ""  # "99.87%", or "" when it is not known
    whole: str = ""  # with what is unknown of it: "99.87% of the time we saw; 14 min unknown"


def blind_spans(overview: Overview, period: Span) -> list[Span]:
    """When we saw nothing at all: we were blind, or did not run."""
    spans = [(i.since, i.until or overview.at) for i in overview.recent if i.service == OURSELVES]
    if overview.offline_since:
        spans.append((overview.offline_since, overview.at))
    gaps = shared(overview.unseen.get(service.id, ()) for service, _ in overview.services)
    spans += [s for s in gaps if s[1] - s[0] >= MINUTE and s[0] > period[0]]  # before the first look there was nothing
    return merged(c for s in spans if (c := clip(s, period)))


def unseen_spans(service: Service, state: ServiceState, overview: Overview, period: Span) -> list[Span]:
    """When this one was not seen, by itself or because nothing was."""
    own = list(overview.unseen.get(service.id, ()))
    if state.unseen_since:
        own.append((state.unseen_since, overview.at))
    return merged(c for s in own if (c := clip(s, period)))


def maintenance_spans(period: Span, windows: Iterable[Window], service: str) -> list[Span]:
    """When a service was in maintenance: that counts neither as up nor as down."""
    spans = ((w.since, w.end) for w in windows if w.end and w.concerns(service))
    return merged(c for span in spans if (c := clip(span, period)))


def uptimes(overview: Overview, since: datetime, services: Sequence[str] = ()) -> tuple[Uptime, ...]:
    """Of each of these services, or of all; without words."""
    period = since, overview.at
    blind = blind_spans(overview, period)
    return tuple(_uptime(*e, overview, period, blind) for e in overview.services if not services or e[0].id in services)


def worded(found: Uptime, period: Span, to: Reader) -> Uptime:
    """What was unknown of all services at once is said once for all of them, not here."""
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
    return replace(found, text=text, whole=whole)


def _uptime(service: Service, state: ServiceState, overview: Overview, period: Span, blind: Sequence[Span]) -> Uptime:
    """Only confirmed outages count, and only while we saw the service."""
    own = unseen_spans(service, state, overview, period)
    worked_on = maintenance_spans(period, overview.windows, service.id)
    unseen = merged([*blind, *own, *worked_on])
    seen = period[1] - period[0] - total(unseen)
    if seen <= timedelta():
        return Uptime(service.id, name_of(service))
    down = merged(c for s in _outages(service, overview) if (c := clip(s, period)))
    share = max(0.0, 1 - total(minus(down, unseen)) / seen)
    first = own[0][1] if own and own[0][0] <= period[0] else period[0]
    later = [(period[0], first), *worked_on]
    unknown, alone = total(minus(unseen, later)), total(minus(minus(own, blind), later))
    return Uptime(service.id, name_of(service), share, unknown, alone, first if first > period[0] else None)


def _outages(service: Service, overview: Overview) -> list[Span]:
    mine = [i for i in overview.recent if i.service == service.id and i.confidence is Confidence.CONFIRMED]
    return [
        (i.since, i.until or overview.at) for i in mine if not i.retracted and max(i.worst, i.health) is Health.DOWN
    ]

"""Who hears of a change: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.model import (
    ENDINGS,
    OURSELVES,
    Audience,
    Change,
    Destination,
    Health,
    Hears,
    Incident,
    Kind,
    Silence,
    Style,
    Subscription,
    Wish,
)

NEWS = frozenset({Kind.OPENED, Kind.CONFIRMED, Kind.WORSENED})  # may be the first that a reader hears
HEALTHS = {Health.DOWN: Hears.DOWN, Health.DEGRADED: Hears.DEGRADED}
WISHED = {
    Kind.EASED: frozenset({Hears.DEGRADED}),
    Kind.OFFICIAL: frozenset({Hears.OFFICIAL}),
    Kind.REMINDED: frozenset({Hears.REMINDER}),
    Kind.ACKNOWLEDGED: frozenset(Hears),  # whoever was told may stop looking for somebody to look into it
    Kind.RESTORED: frozenset({Hears.RESTORED}),
    Kind.RETRACTED: frozenset({Hears.RESTORED, Hears.CORRECTION}),  # an end as well: nobody stays alarmed for nothing
    Kind.UNWATCHED: frozenset({Hears.RESTORED, Hears.CORRECTION}),  # likewise: nobody waits for what will not come
}


@dataclass(frozen=True, slots=True)
class Hearer:
    """A destination that is to be told, for which audience, written how."""

    destination: Destination
    audience: str
    style: Style
    ladders: tuple[str, ...] = ()  # the audiences whose next rung gets it when this place does not take it ...
    within: timedelta | None = None  # ... in this time


def hearers(
    change: Change,
    audiences: Sequence[Audience],
    told: Collection[Destination],
    heard: Collection[Destination] = (),
    *,
    muted: bool = False,
) -> tuple[Hearer, ...]:
    """Who hears of `change`, in the order of the audiences, each place once; the first audience that wants it wins.

    `told`: the places that have heard of this incident, or are about to; `heard`: those of them that have. `muted`: of
    the service nothing new is said, only how what was told ends. Of a ladder only the first rung is named, or those
    that were told: the others come with failing over.
    """
    found: dict[Destination, Hearer] = {}
    for audience in audiences:
        for destination in _places(change, audience, told, heard, muted=muted):
            hearer = found.get(destination) or Hearer(destination, audience.name, audience.wish.style)
            found[destination] = _climbing(hearer, audience) if audience.ladder else hearer
    return tuple(found.values())


def _climbing(hearer: Hearer, ladder: Audience) -> Hearer:
    """A place may be a rung of several ladders, or of one and on a list: no ladder's reader may miss the next rung."""
    within = ladder.within if hearer.within is None else min(hearer.within, ladder.within)
    return replace(hearer, ladders=(*hearer.ladders, ladder.name), within=within)


def follows(reader: Audience | Wish, service: str) -> bool:
    """Whether a reader's wish has the service; one that names none has all."""
    wish = reader.wish if isinstance(reader, Audience) else reader
    return not wish.services or service in wish.services


def _places(
    change: Change,
    audience: Audience,
    told: Collection[Destination],
    heard: Collection[Destination],
    *,
    muted: bool,
) -> Iterator[Destination]:
    wish = audience.wish
    first = audience.destinations[:1] if audience.ladder else audience.destinations
    if change.incident.service == OURSELVES:
        # Nobody was told that we saw nothing: while blind we may not get through. All who trust us hear of it after.
        if change.kind is Kind.RESTORED and Hears.CORRECTION in wish.hears:
            yield from first
        return
    # A config without the service has no wish that names it: who was told is told.
    followed = change.kind is Kind.UNWATCHED or follows(wish, change.incident.service)
    if not followed or (muted and change.kind not in ENDINGS):
        return
    known = [d for d in audience.destinations if d in told]
    if change.kind not in NEWS:
        # A rung that never answered is not told how it goes on, unless nobody else is; but how it ended it is.
        reached = [d for d in known if d in heard] if audience.ladder and change.kind not in ENDINGS else known
        yield from (reached or known) if wish.hears & WISHED[change.kind] else ()
    elif _news(change, wish):
        yield from (known or first) if audience.ladder else first
    else:
        yield from known


def _news(change: Change, wish: Wish) -> bool:
    """Is it worth a first word to this reader?"""
    incident = change.incident
    return HEALTHS.get(incident.health) in wish.hears and incident.confidence >= wish.confidence


def unheard(
    incident: Incident, place: Destination, audiences: Sequence[Audience], held: Subscription | None, *, muted: bool
) -> tuple[tuple[Audience, Silence], ...]:
    """Why each reader at `place`, which no message was meant for, was not told. `held`: the place's subscription."""
    return tuple((a, _silence(incident, place, a, held, muted=muted)) for a in audiences if place in a.destinations)


def _silence(
    incident: Incident, place: Destination, audience: Audience, held: Subscription | None, *, muted: bool
) -> Silence:
    wish, subscribed = audience.wish, held is not None and audience.name == str(place)
    if not follows(wish, incident.service):
        return Silence.NOT_FOLLOWED
    if wish.hears.isdisjoint({HEALTHS[h] for h in (incident.health, incident.worst) if h in HEALTHS}):
        return Silence.NOT_HEARD
    if incident.confidence < wish.confidence:
        return Silence.NOT_SURE
    if subscribed and held and incident.until and held.at > incident.until:
        return Silence.SUBSCRIBED_LATER
    if muted:
        return Silence.MUTED
    return Silence.LOWER_RUNG if audience.ladder and audience.destinations[0] != place else Silence.UNKNOWN

"""Who hears of a change: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model import (
    ENDINGS,
    OURSELVES,
    Audience,
    Change,
    ChangeKind,
    Destination,
    Health,
    Incident,
    NotNotifiedReason,
    Quiet,
    Style,
    Subscription,
    SubscriptionFilter,
    Topic,
    local_time,
)

NEWS = frozenset({ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.WORSENED})  # may be the first that a reader hears
TROUBLE = {Health.UP: None, Health.UNKNOWN: None, Health.DEGRADED: Topic.DEGRADED, Health.DOWN: Topic.DOWN}
WISHED: dict[ChangeKind, frozenset[Topic]] = {
    # First words are wished by what they tell of: see `TROUBLE`.
    **dict.fromkeys((ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.WORSENED, ChangeKind.LASTING), frozenset()),
    ChangeKind.EASED: frozenset({Topic.DEGRADED}),
    ChangeKind.OFFICIAL: frozenset({Topic.OFFICIAL}),
    ChangeKind.REMINDED: frozenset({Topic.REMINDER}),
    ChangeKind.ACKNOWLEDGED: frozenset(Topic),  # whoever was told may stop looking for somebody to look into it
    ChangeKind.RESTORED: frozenset({Topic.RESTORED}),
    ChangeKind.RETRACTED: frozenset(
        {Topic.RESTORED, Topic.CORRECTION}
    ),  # an end as well: nobody stays alarmed for nothing
    ChangeKind.UNWATCHED: frozenset(
        {Topic.RESTORED, Topic.CORRECTION}
    ),  # likewise: nobody waits for what will not come
}


@dataclass(frozen=True, slots=True)
class Hearer:
    """A destination that is to be told, for which audience, written how."""

    destination: Destination
    audience: str
    style: Style
    ladders: tuple[str, ...] = ()  # the audiences whose next rung gets it when this place does not take it ...
    within: timedelta | None = None  # ... in this time
    due: datetime | None = None  # not before its quiet hours are over


def hearers(
    change: Change,
    audiences: Sequence[Audience],
    told: Collection[Destination],
    heard: Collection[Destination] = (),
    *,
    muted: bool = False,
    now: datetime | None = None,
    dead: str = "",
) -> tuple[Hearer, ...]:
    """Who hears of `change`, in the order of the audiences, each place once; the first audience that wants it wins.

    `told`: the places that have heard of this incident, or are about to; `heard`: those of them that have. `muted`: of
    the service nothing new is said, only how what was told ends. `now`: when it is asked, if not at the change itself.
    Of a ladder only the first rung is named, or those that were told: the others come with failing over. `dead`: the
    kind of channel whose own incident it is, which is not asked to tell it.
    """
    found: dict[Destination, Hearer] = {}
    if muted and change.kind not in ENDINGS:
        return ()
    for audience in (_without(dead, audience) for audience in audiences) if dead else audiences:
        wish = audience.filter
        own = dict.fromkeys(_places(change, audience, told, heard), wish.for_at_least)
        further = {d: after for d, after in _escalated(change, audience, told) if d not in own}
        for destination, after in (own | further).items():
            due = _due(change, wish, after, now or change.at, heard=destination in heard)
            hearer = found.get(destination) or Hearer(destination, audience.name, wish.style, due=due)
            # Who wants it now does not wait for the quiet hours of others in the same place.
            hearer = replace(hearer, due=min(hearer.due, due) if hearer.due and due else None)
            rung = audience.ladder and destination in own
            found[destination] = climbing(hearer, audience) if rung else hearer
    return tuple(found.values())


def _without(kind: str, audience: Audience) -> Audience:
    return replace(audience, destinations=tuple(d for d in audience.destinations if d.kind != kind))


def climbing(hearer: Hearer, ladder: Audience) -> Hearer:
    """A place may be a rung of several ladders, or of one and on a list: no ladder's reader may miss the next rung."""
    within = ladder.within if hearer.within is None else min(hearer.within, ladder.within)
    return replace(hearer, ladders=(*hearer.ladders, ladder.name), within=within)


def hurried(hearer: Hearer) -> Hearer:
    """Its channel is dead: it is tried, and the next rung at once with it."""
    return replace(hearer, within=timedelta()) if hearer.ladders else hearer


def follows(reader: Audience | SubscriptionFilter, service: str) -> bool:
    """Whether a reader's wish has the service; one that names none has all."""
    wish = reader.filter if isinstance(reader, Audience) else reader
    return not wish.services or service in wish.services


def milestones(audiences: Sequence[Audience], service: str) -> tuple[timedelta, ...]:
    """The ages of an incident of this service that some audience waits for, the youngest first."""
    ages = {
        age
        for audience in audiences
        if follows(audience, service)
        for age in (audience.filter.for_at_least, *(step.after for step in audience.escalations))
    }
    return tuple(sorted(ages - {timedelta(0)}))


# ── which places ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _places(
    change: Change, audience: Audience, told: Collection[Destination], heard: Collection[Destination]
) -> Sequence[Destination]:
    wish = audience.filter
    first = audience.destinations[:1] if audience.ladder else audience.destinations
    if change.incident.service == OURSELVES:
        # Nobody was told that we saw nothing: while blind we may not get through. All who trust us hear of it after.
        return first if change.kind is ChangeKind.RESTORED and Topic.CORRECTION in wish.topics else ()
    # A config without the service has no wish that names it: who was told is told.
    if change.kind is not ChangeKind.UNWATCHED and not follows(wish, change.incident.service):
        return ()
    known = [d for d in audience.destinations if d in told]
    if change.kind is ChangeKind.LASTING:
        # Who waited for it has a first word; who knows already learns nothing from it.
        waited = wish.for_at_least and _news(change, wish, wish.for_at_least) and not (audience.ladder and known)
        return [d for d in first if d not in known] if waited else ()
    if change.kind in NEWS:
        if _news(change, wish, wish.for_at_least):
            return (known or first) if audience.ladder else first
        return known
    # A rung that never answered is not told how it goes on, unless nobody else is; but how it ended it is.
    reached = [d for d in known if d in heard] if audience.ladder and change.kind not in ENDINGS else known
    return (reached or known) if wish.topics & WISHED[change.kind] else ()


def _escalated(
    change: Change, audience: Audience, told: Collection[Destination]
) -> Iterator[tuple[Destination, timedelta]]:
    """Of the further places those that are called now, and those that were and hear how it goes on; each with its age."""
    wish, incident = audience.filter, change.incident
    if incident.service == OURSELVES or not follows(wish, incident.service):
        return
    for step in audience.escalations:
        called = not incident.acked_by and _news(change, wish, max(step.after, wish.for_at_least))
        for place in step.to:
            if change.kind is ChangeKind.LASTING:
                wanted = called and place not in told
            elif change.kind in NEWS:
                wanted = called or place in told
            else:
                wanted = place in told and bool(wish.topics & WISHED[change.kind])
            if wanted:
                yield place, step.after


def _news(change: Change, wish: SubscriptionFilter, after: timedelta) -> bool:
    """Is it worth a first word to this reader, who hears of what has lasted so long?"""
    incident = change.incident
    wished = TROUBLE[incident.health] in wish.topics and incident.confidence >= wish.confidence
    return wished and change.at - incident.since >= after


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _due(change: Change, wish: SubscriptionFilter, after: timedelta, now: datetime, *, heard: bool) -> datetime | None:
    """When a place is told: None at once, else at the end of its quiet hours. `after`: the age of its first word."""
    quiet = wish.quiet
    spell = local_time.spell(quiet, wish.style, now) if quiet else None
    if quiet is None or spell is None or _wakes(change, quiet):
        return None
    start, end = spell
    return None if _alarmed(change, quiet, after, start, heard=heard) else end


def _wakes(change: Change, quiet: Quiet) -> bool:
    """Is it of what the reader wants to hear at any hour?"""
    if change.kind is ChangeKind.ACKNOWLEDGED:
        return False  # nobody needs to wake up to learn that they may sleep
    if change.incident.service == OURSELVES:
        return Topic.CORRECTION in quiet.but
    wished = WISHED[change.kind]
    return bool(wished & quiet.but) if wished else TROUBLE[change.incident.health] in quiet.but


def _alarmed(change: Change, quiet: Quiet, after: timedelta, start: datetime, *, heard: bool) -> bool:
    """Does it end what the place was told of in these very hours? Then nobody stays awake for what is over."""
    incident = change.incident
    first = max(incident.confirmed_at or incident.since, incident.since + after)
    let_through = {TROUBLE[incident.health], TROUBLE[incident.worst]} & quiet.but
    return change.kind in ENDINGS and first >= start and (heard or bool(let_through))


# ── why not ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def unheard(
    incident: Incident,
    place: Destination,
    audiences: Sequence[Audience],
    held: Subscription | None,
    *,
    muted: bool,
    planned: bool = False,
) -> tuple[tuple[Audience, NotNotifiedReason], ...]:
    """Why each reader at `place`, which no message was meant for, was not told. `held`: the place's subscription.
    `planned`: it was within planned maintenance, for a while at least.
    """
    return tuple(
        (a, _silence(incident, place, a, held, muted=muted, planned=planned))
        for a in audiences
        if place in a.destinations
    )


def _silence(
    incident: Incident,
    place: Destination,
    audience: Audience,
    held: Subscription | None,
    *,
    muted: bool,
    planned: bool,
) -> NotNotifiedReason:
    wish, subscribed = audience.filter, held is not None and audience.name == str(place)
    if not follows(wish, incident.service):
        return NotNotifiedReason.NOT_FOLLOWED
    if wish.topics.isdisjoint({TROUBLE[incident.health], TROUBLE[incident.worst]}):
        return NotNotifiedReason.NOT_HEARD
    if incident.confidence < wish.confidence:
        return NotNotifiedReason.MAINTENANCE if planned else NotNotifiedReason.NOT_SURE
    if subscribed and held and incident.until and held.at > incident.until:
        return NotNotifiedReason.SUBSCRIBED_LATER
    if muted:
        return NotNotifiedReason.MUTED
    return (
        NotNotifiedReason.LOWER_RUNG
        if audience.ladder and audience.destinations[0] != place
        else NotNotifiedReason.UNKNOWN
    )

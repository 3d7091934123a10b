"""Who is notified: all readers as audiences, and the destinations of a change (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import wording
from bot.model import (
    DRILL,
    ENDINGS,
    OURSELVES,
    Audience,
    Change,
    ChangeKind,
    Delivery,
    DeliveryAction,
    Destination,
    Health,
    Incident,
    NotNotifiedReason,
    PlaceSettings,
    Quiet,
    Style,
    Subscription,
    SubscriptionFilter,
    Topic,
    local_time,
)

# May be the first notice that a reader gets.
NEWS = frozenset({ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.WORSENED})
TROUBLE = {Health.UP: None, Health.UNKNOWN: None, Health.DEGRADED: Topic.DEGRADED, Health.DOWN: Topic.DOWN}
WISHED: dict[ChangeKind, frozenset[Topic]] = {
    # First notices depend on health instead: see `TROUBLE`.
    **dict.fromkeys((ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.WORSENED, ChangeKind.LASTING), frozenset()),
    ChangeKind.EASED: frozenset({Topic.DEGRADED}),
    ChangeKind.OFFICIAL: frozenset({Topic.OFFICIAL}),
    ChangeKind.REMINDED: frozenset({Topic.REMINDER}),
    ChangeKind.ACKNOWLEDGED: frozenset(Topic),  # everybody notified may stop looking for somebody to take care of it
    ChangeKind.RESTORED: frozenset({Topic.RESTORED}),
    # Also an ending: nobody should stay alarmed.
    ChangeKind.RETRACTED: frozenset({Topic.RESTORED, Topic.CORRECTION}),
    # Likewise: nobody should wait for a restoration.
    ChangeKind.UNWATCHED: frozenset({Topic.RESTORED, Topic.CORRECTION}),
}


@dataclass(frozen=True, slots=True)
class Hearer:
    """A destination to notify, for which audience, and in which style."""

    destination: Destination
    audience: str
    style: Style
    ladders: tuple[str, ...] = ()  # audiences whose next rung gets it if this destination fails ...
    within: timedelta | None = None  # ... within this time
    due: datetime | None = None  # not before the end of its quiet hours


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
    """The destinations to notify of `change`, each once, in the order of the audiences; the first audience that wants
    it wins. `told`: destinations with a notice of this incident, queued or sent; `heard`: those that received it.
    `muted`: the service is muted, so only endings are sent. `now`: the present, if not the time of the change. Of a
    ladder only the first rung is returned, or those already notified: the others follow by failover. `dead`: the kind
    of channel whose own incident this is, which is not used to report it.
    """
    found: dict[Destination, Hearer] = {}
    if muted and change.kind not in ENDINGS:
        return ()
    for audience in (_without(dead, audience) for audience in audiences) if dead else audiences:
        wish = audience.filter
        own = dict.fromkeys(_places(change, audience, told, heard), wish.for_at_least)
        further = {d: after for d, after in _escalated(change, audience, told) if d not in own}
        for destination, after in (own | further).items():
            heard_here = destination in heard
            due = _due(change, audience, destination, after, now or change.at, heard=heard_here)
            style = audience.style_at(destination)
            hearer = found.get(destination) or Hearer(destination, audience.name, style, due=due)
            # If one reader wants it now, it does not wait for the quiet hours of others in the same place.
            hearer = replace(hearer, due=min(hearer.due, due) if hearer.due and due else None)
            rung = audience.ladder and destination in own
            found[destination] = climbing(hearer, audience) if rung else hearer
    return tuple(found.values())


def _without(kind: str, audience: Audience) -> Audience:
    steps = tuple(replace(one, to=tuple(d for d in one.to if d.kind != kind)) for one in audience.escalations)
    return replace(audience, destinations=tuple(d for d in audience.destinations if d.kind != kind), escalations=steps)


def climbing(hearer: Hearer, ladder: Audience) -> Hearer:
    """Add a ladder's failover to a destination. It may be a rung of several ladders, and none may lose its next rung."""
    within = ladder.within if hearer.within is None else min(hearer.within, ladder.within)
    return replace(hearer, ladders=(*hearer.ladders, ladder.name), within=within)


def hurried(hearer: Hearer) -> Hearer:
    """For a channel that is down: try it, and the next rung at the same time."""
    return replace(hearer, within=timedelta()) if hearer.ladders else hearer


def milestones(audiences: Sequence[Audience], service: str) -> tuple[timedelta, ...]:
    """Ages of an incident of this service that some audience waits for, ascending."""
    ages = {
        age
        for audience in audiences
        if audience.filter.follows(service)
        for age in (audience.filter.for_at_least, *(step.after for step in audience.escalations))
    }
    return tuple(sorted(ages - {timedelta(0)}))


# ── destinations ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _places(
    change: Change, audience: Audience, told: Collection[Destination], heard: Collection[Destination]
) -> Sequence[Destination]:
    wish = audience.filter
    first = audience.destinations[:1] if audience.ladder else audience.destinations
    if change.incident.service == OURSELVES:
        # Our own outage is reported only when it is over, as notices may not get out before.
        return first if change.kind is ChangeKind.RESTORED and Topic.CORRECTION in wish.topics else ()
    # A service removed from the config is in no filter: whoever was notified gets the ending.
    if change.kind is not ChangeKind.UNWATCHED and not wish.follows(change.incident.service):
        return ()
    known = [d for d in audience.destinations if d in told]
    if change.kind is ChangeKind.LASTING:
        # A reader that waited gets its first notice; for the others it is no news.
        waited = wish.for_at_least and _news(change, wish, wish.for_at_least) and not (audience.ladder and known)
        return [d for d in first if d not in known] if waited else ()
    if change.kind in NEWS:
        if _news(change, wish, wish.for_at_least):
            return (known or first) if audience.ladder else first
        return known
    # A rung that received nothing gets no updates, unless no other did; but it gets the ending.
    reached = [d for d in known if d in heard] if audience.ladder and change.kind not in ENDINGS else known
    return (reached or known) if wish.topics & WISHED[change.kind] else ()


def _escalated(
    change: Change, audience: Audience, told: Collection[Destination]
) -> Iterator[tuple[Destination, timedelta]]:
    """Escalation destinations to notify now, and those notified before that get updates; each with its age."""
    wish, incident = audience.filter, change.incident
    if incident.service == OURSELVES or not wish.follows(incident.service):
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
    """True if the change warrants a first notice to a reader that waits for incidents of age `after`."""
    incident = change.incident
    wished = TROUBLE[incident.health] in wish.topics and incident.confidence >= wish.confidence
    return wished and change.at - incident.since >= after


# ── due times ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _due(
    change: Change, audience: Audience, place: Destination, after: timedelta, now: datetime, *, heard: bool
) -> datetime | None:
    """When to notify: None means now, else the end of quiet hours. `after`: the incident's age at the first notice."""
    quiet = audience.quiet_at(place)
    spell = local_time.spell(quiet, audience.style_at(place), now) if quiet else None
    if quiet is None or spell is None or _wakes(change, quiet):
        return None
    start, end = spell
    return None if _alarmed(change, quiet, after, start, heard=heard) else end


def _wakes(change: Change, quiet: Quiet) -> bool:
    """True if the reader wants this even in quiet hours."""
    if change.kind is ChangeKind.ACKNOWLEDGED:
        return False  # nobody needs to be woken by an acknowledgement
    if change.incident.service == OURSELVES:
        return Topic.CORRECTION in quiet.but
    wished = WISHED[change.kind]
    return bool(wished & quiet.but) if wished else TROUBLE[change.incident.health] in quiet.but


def _alarmed(change: Change, quiet: Quiet, after: timedelta, start: datetime, *, heard: bool) -> bool:
    """True if the change ends an incident that was reported in these quiet hours, so that nobody stays awake for it."""
    incident = change.incident
    first = max(incident.confirmed_at or incident.since, incident.since + after)
    let_through = {TROUBLE[incident.health], TROUBLE[incident.worst]} & quiet.but
    return change.kind in ENDINGS and first >= start and (heard or bool(let_through))


# ── reasons for silence ──────────────────────────────────────────────────────────────────────────────────────────────


def unheard(
    incident: Incident,
    place: Destination,
    audiences: Sequence[Audience],
    held: Subscription | None,
    *,
    muted: bool,
    planned: bool = False,
) -> tuple[tuple[Audience, NotNotifiedReason], ...]:
    """The reason why each reader at `place`, for which no message was queued, was not notified. `held`: the place's
    subscription. `planned`: the incident was at least partly within planned maintenance.
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
    if not wish.follows(incident.service):
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


Places = Mapping[Destination, PlaceSettings]


def readers(
    configured: Sequence[Audience], subscriptions: Sequence[Subscription], places: Places, usual: Style
) -> tuple[Audience, ...]:
    """The audiences of the config, then each subscription as audiences of one destination. `places`: how people want
    their places written to; `usual`: the style of the others.
    """
    return (*settled(configured, places), *(one for wish in subscriptions for one in alone(wish, places, usual)))


def alone(subscription: Subscription, places: Places, usual: Style) -> Iterator[Audience]:
    """An audience for each filter of a subscription. What a filter names is not part of one that has all the rest."""
    place, settings = subscription.destination, places.get(subscription.destination, PlaceSettings())
    named = tuple(service for one in subscription.filters for service in one.services)
    for one in subscription.filters:
        wish = one if one.services else replace(one, but=(*one.but, *named))
        yield Audience(str(place), (place,), wish, style=settings.style(usual), quiet=settings.quiet)


def settled(configured: Sequence[Audience], places: Places) -> tuple[Audience, ...]:
    """The audiences of the config with the settings of their places, where the config itself says nothing."""
    return tuple(_settled(audience, places) for audience in configured) if places else tuple(configured)


def _settled(audience: Audience, places: Places) -> Audience:
    found = ((place, audience.fixed.over(places[place])) for place in audience.places if place in places)
    return replace(audience, own=tuple((place, said.style(audience.style), said.quiet) for place, said in found))


def style_of(place: Destination, audiences: Sequence[Audience]) -> Style | None:
    """The style in which a place is written to; None for one that is no reader."""
    return next((audience.style_at(place) for audience in audiences if place in audience.places), None)


def drill_deliveries(audiences: Sequence[Audience], at: datetime) -> tuple[Delivery, ...]:
    """One test notice to each place, every rung and escalation included, in the style of its first audience."""
    thread = f"{DRILL}#{at:%Y%m%dT%H%M%S}"
    found: dict[Destination, Delivery] = {}
    for audience in audiences:
        notice = wording.test_notice(audience.name, audience.style, at)
        notice = replace(notice, thread=thread, key=f"{thread}/1")
        for place in audience.places:
            found.setdefault(
                place, Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, audience.name)
            )
    return tuple(found.values())

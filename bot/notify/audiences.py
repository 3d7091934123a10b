"""All readers as audiences: those of the config, and subscriptions made in chats (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot import wording
from bot.model import DRILL, Audience, Delivery, DeliveryAction, Destination, PlaceSettings, Style, Subscription

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

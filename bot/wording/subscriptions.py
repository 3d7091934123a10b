"""Replies about subscriptions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import Audience, Confidence, Destination, Quiet, Style, Subscription, SubscriptionFilter, Text, Topic
from bot.wording.catalog import catalog
from bot.wording.preferences import hours, language_name
from bot.wording.text import clean, listed, services, stop, titled
from bot.wording.times import Reader, reader

LONG = 12  # names in a list of its own


def subscribed(wish: SubscriptionFilter, names: Mapping[str, str], style: Style, now: datetime) -> Text:
    """`names`: service names by id."""
    to = reader(style, now)
    say = to.say.subscriptions
    title = say.subscribed.format(names=_whose(wish, names, to))
    lines = (
        say.topics.format(hears=_topics(wish.topics, to)) if wish.topics != frozenset(Topic) else "",
        say.also_possible if wish.confidence is Confidence.POSSIBLE else "",
        say.also_likely if wish.confidence is Confidence.LIKELY else "",
        say.only_lasting.format(length=to.duration(wish.for_at_least)) if wish.for_at_least else "",
    )
    return titled(title, [stop(line) for line in lines if line])


def unsubscribed(names: Sequence[str], style: Style) -> Text:
    """`names`: services that were unsubscribed; empty for all."""
    say = catalog(style.language)
    form = say.subscriptions.unsubscribed if names else say.subscriptions.unsubscribed_all
    return titled(form.format(names=services(names, say)))


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place, how it is written to, and the audiences of the config that have it."""

    place: Destination
    style: Style
    quiet: Quiet | None
    configured: tuple[Audience, ...]


def not_subscribed(here: PlaceView, names: Mapping[str, str], now: datetime) -> Text:
    """The place has no subscription of its own. `names`: service names by id."""
    return titled(catalog(here.style.language).subscriptions.none, _in_config(here, names, now))


def subscriptions(held: Subscription | None, here: PlaceView, names: Mapping[str, str], now: datetime) -> Text:
    """All that holds in a place: its own subscription, the config's part, and how it is written to."""
    to = reader(here.style, now)
    say = to.say.subscriptions
    filters = held.filters if held else ()
    own = [stop(say.row.format(names=_whose(one, names, to), options=_options(one, to))) for one in filters]
    lines = (*own, *_in_config(here, names, now))
    if not lines:
        return titled(say.none)
    return Text(say.list_title if own else stop(say.none), (*lines, *_written(here, now)))


def _in_config(here: PlaceView, names: Mapping[str, str], now: datetime) -> list[str]:
    """A line for each audience of the config that sends notices to the place."""
    to = reader(here.style, now)
    return [
        stop(
            to.say.subscriptions.in_config.format(
                audience=_reader(audience, here.place, to),
                names=_whose(audience.filter, names, to),
                options=_options(audience.filter, to, _after(audience, here.place)),
            )
        )
        for audience in here.configured
    ]


def _written(here: PlaceView, now: datetime) -> tuple[str, ...]:
    """Language, time zone and quiet hours."""
    to = reader(here.style, now)
    say = to.say.preferences
    return (
        stop(say.language_now.format(language=language_name(here.style))),
        stop(say.timezone_now.format(zone=clean(here.style.timezone, 34), clock=to.clock(now))),
        *((stop(say.quiet_hours.format(span=hours(here.quiet, to))),) if here.quiet else ()),
    )


def _reader(audience: Audience, place: Destination, to: Reader) -> str:
    name = clean(audience.name, 60)
    if not audience.ladder or place not in audience.destinations:
        return name
    return to.say.delivery_log.rung.format(name=name, count=audience.destinations.index(place) + 1)


def _after(audience: Audience, place: Destination) -> timedelta:
    """How long an incident must last until the place hears of it."""
    if place in audience.destinations:
        return audience.filter.for_at_least
    return min(
        (max(step.after, audience.filter.for_at_least) for step in audience.escalations if place in step.to),
        default=timedelta(),
    )


def _whose(wish: SubscriptionFilter, names: Mapping[str, str], to: Reader) -> str:
    called = [names.get(one, one) for one in wish.services or wish.but]
    if wish.services:
        return services(called, to.say)
    if wish.but:
        return to.say.subscriptions.all_but.format(names=services(called, to.say))
    return to.say.subscriptions.all_services


def _options(wish: SubscriptionFilter, to: Reader, after: timedelta | None = None) -> str:
    say, lasting = to.say.subscriptions, wish.for_at_least if after is None else after
    parts = (
        say.every_notice if wish.topics == frozenset(Topic) else _topics(wish.topics, to),
        say.if_possible if wish.confidence is Confidence.POSSIBLE else "",
        say.if_likely if wish.confidence is Confidence.LIKELY else "",
        say.if_lasting.format(length=to.duration(lasting)) if lasting else "",
    )
    return to.say.lists.comma.join(part for part in parts if part)


def _topics(topics: Iterable[Topic], to: Reader) -> str:
    wanted = frozenset(topics)
    return listed([to.say.topics[topic] for topic in Topic if topic in wanted], to.say, LONG)

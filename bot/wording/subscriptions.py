"""Replies about subscriptions, about how a place is written to, and about corrections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from babel import Locale

from bot.model import (
    Audience,
    Confidence,
    Destination,
    Incident,
    Quiet,
    Service,
    Style,
    Subscription,
    SubscriptionFilter,
    Text,
    Topic,
)
from bot.wording.catalog import base, catalog, catalogs, fold
from bot.wording.commands import for_example, meant, typed
from bot.wording.text import NAME, clean, fit, foreign, listed, quoted, services, stop, titled
from bot.wording.times import Reader, reader
from bot.wording.titles import began, name_of

LONG = 12  # names in a list of its own
HOURS = ("quiet 22:00-07:00", "quiet 22:00-07:00 except down", "quiet off")


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


def quiet(span: Quiet | None, style: Style, now: datetime) -> Text:
    """The quiet hours of a place."""
    to = reader(style, now)
    say = to.say
    if span is None:
        return Text(stop(say.preferences.quiet_hours_off), (for_example(HOURS, style),))
    but = listed([say.topics[h] for h in Topic if h in span.but], say, len(Topic))
    lines = (
        say.preferences.quiet_hours_except.format(hears=but) if but else "",
        say.preferences.quiet_hours_line,
        say.preferences.timezone_now.format(zone=clean(style.timezone, 34), clock=to.clock(now)),
    )
    title = stop(say.preferences.quiet_hours.format(span=hours(span, to)))
    return Text(title, tuple(stop(line) for line in lines if line))


def no_hours(style: Style) -> Text:
    """Reply to unreadable quiet hours: how to write them."""
    return Text(stop(catalog(style.language).preferences.hours_unclear), (for_example(HOURS, style),))


def hours(span: Quiet, to: Reader) -> str:
    """ "10:00 p.m. – 7:00 a.m."."""
    return to.say.times.span_wide.format(since=_clock(span.start, to), until=_clock(span.end, to))


def _clock(clock: time, to: Reader) -> str:
    return to.clock(datetime.combine(to.now.date(), clock, tzinfo=to.zone))


def language(style: Style) -> Text:
    """The new language of a place."""
    return Text(stop(catalog(style.language).preferences.language_set))


def language_now(style: Style) -> Text:
    say = catalog(style.language).preferences
    change = stop(say.change_it.format(command=typed(f"language {'es' if style.language == 'en' else 'en'}", style)))
    return Text(stop(say.language_now.format(language=language_name(style))), (_languages(style), change))


def language_name(style: Style) -> str:
    code = catalog(style.language).language
    name: str = Locale.parse(code).languages.get(code, code)
    return name


def spoken(code: str) -> str:
    """The language of somebody's app; "" if it is none of ours."""
    return base(code) if base(code) in catalogs() else ""


def language_code(said: str) -> str | None:
    """The code of a language that there is, by its code or by its name in any of them; None for another."""
    if base(said) in catalogs():
        return said
    named = {fold(Locale.parse(one).languages.get(code, code)): code for one in catalogs() for code in catalogs()}
    return named.get(fold(said))


def unknown_language(said: str, style: Style) -> Text:
    """`said`: the language that there is not."""
    say = catalog(style.language)
    title = say.preferences.language_unknown.format(said=quoted(foreign(said, 30), say))
    return Text(stop(title), (_languages(style),))


def _languages(style: Style) -> str:
    say = catalog(style.language)
    called = Locale.parse(say.language).languages
    names = [f"{called.get(code, code)} ({code})" for code in sorted(catalogs())]
    return stop(say.preferences.languages.format(names=listed(names, say, len(names))))


def timezone(style: Style, now: datetime) -> Text:
    """The new time zone of a place."""
    to = reader(style, now)
    return Text(stop(to.say.preferences.timezone_set.format(zone=clean(style.timezone, 34), clock=to.clock(now))))


def timezone_now(style: Style, now: datetime) -> Text:
    to = reader(style, now)
    say = to.say.preferences
    change = stop(say.change_it.format(command=typed("timezone Europe/Madrid", style)))
    return Text(stop(say.timezone_now.format(zone=clean(style.timezone, 34), clock=to.clock(now))), (change,))


def unknown_timezone(said: str, near: Sequence[str], style: Style) -> Text:
    """`near`: similar zones, likeliest first."""
    say = catalog(style.language)
    return Text(
        stop(say.preferences.timezone_unknown.format(said=quoted(foreign(said, 30), say))),
        meant(near, style) or (for_example(("timezone Europe/Madrid",), style),),
    )


def clock(style: Style, now: datetime, *, new: bool) -> Text:
    """How times look in a place. `new`: from now on."""
    to = reader(style, now)
    say, example = to.say.preferences, to.clock(now)
    if new:
        return Text(stop(say.clock_set.format(clock=example)))
    change = stop(say.change_it.format(command=typed("clock 12h" if style.clock == "24h" else "clock 24h", style)))
    return Text(stop(say.clock_now.format(clock=example)), (change,))


def fixed(audience: str, style: Style) -> Text:
    """The config sets it, for an audience that has this place."""
    say = catalog(style.language).preferences
    return titled(say.fixed.format(audience=clean(audience, 30)))


def taken_back(service: Service, incident: Incident, style: Style, now: datetime) -> Text:
    """`incident`: its state before the correction."""
    to, start = reader(style, now), began(incident)
    say = to.say.corrections
    if incident.until:
        title = say.retracted_past.format(name=NAME, span=to.span(start, incident.until))
        return Text(fit(name_of(service), title), (stop(say.all_readers),))
    titles = [say.retracted_open.format(name=NAME, since=since) for since in to.since(start)]
    return Text(fit(name_of(service), *titles), (stop(say.all_readers), stop(say.reopens)))


def nothing_to_take_back(service: Service, style: Style, *, already: bool) -> Text:
    say = catalog(style.language).corrections
    form = say.already_retracted if already else say.nothing_to_retract
    return Text(fit(name_of(service), form.format(name=NAME)))

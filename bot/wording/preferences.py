"""Replies about a subscription's preferences, and about corrections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

from babel import Locale

from bot.model import Incident, Quiet, Service, Style, Text, Topic
from bot.wording.catalog import catalog, catalogs
from bot.wording.replies import meant
from bot.wording.text import NAME, clean, fit, foreign, listed, quoted, stop
from bot.wording.times import Reader, reader
from bot.wording.titles import began, name_of


def quiet(hours: Quiet | None, style: Style, now: datetime) -> Text:
    """The new quiet hours of a place."""
    to = reader(style, now)
    say = to.say
    if hours is None:
        return Text(stop(say.preferences.quiet_hours_off))
    span = say.times.span_wide.format(since=_clock(hours.start, to), until=_clock(hours.end, to))
    but = listed([say.topics[h] for h in Topic if h in hours.but], say, len(Topic))
    lines = (
        say.preferences.quiet_hours_except.format(hears=but) if but else "",
        say.preferences.quiet_hours_line,
        say.preferences.timezone_now.format(zone=style.timezone),
    )
    return Text(stop(say.preferences.quiet_hours.format(span=span)), tuple(stop(line) for line in lines if line))


def no_hours(style: Style) -> Text:
    """Reply to unreadable quiet hours: how to write them."""
    say = catalog(style.language).preferences
    return Text(stop(say.hours_unclear), (say.how_to_set_hours,))


def _clock(clock: time, to: Reader) -> str:
    return to.clock(datetime.combine(to.now.date(), clock, tzinfo=to.zone))


def language(style: Style) -> Text:
    return Text(stop(catalog(style.language).preferences.language_set))


def unknown_language(said: str, style: Style) -> Text:
    """Which languages there are. `said`: the one that there is not; empty where none was named."""
    say = catalog(style.language)
    called = Locale.parse(say.language).languages
    names = [f"{called.get(code, code)} ({code})" for code in sorted(catalogs())]
    there_are = stop(say.preferences.languages.format(names=listed(names, say, len(names))))
    if not said:
        return Text(there_are)
    return Text(stop(say.preferences.language_unknown.format(said=quoted(foreign(said, 30), say))), (there_are,))


def timezone(style: Style, now: datetime) -> Text:
    to = reader(style, now)
    return Text(stop(to.say.preferences.timezone_set.format(zone=clean(style.timezone, 34), clock=to.clock(now))))


def unknown_timezone(said: str, near: Sequence[str], style: Style) -> Text:
    """`near`: similar zones, likeliest first."""
    say = catalog(style.language)
    return Text(stop(say.preferences.timezone_unknown.format(said=quoted(foreign(said, 30), say))), meant(near, style))


def subscribe_first(style: Style) -> Text:
    """The place has no subscription whose preferences could be changed."""
    say = catalog(style.language)
    return Text(stop(say.subscriptions.not_subscribed), (stop(say.preferences.subscribe_first),))


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

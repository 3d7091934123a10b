"""Replies about how a place is written to, and about corrections."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

from babel import Locale

from bot.model import Incident, Quiet, Service, Style, Text, Topic
from bot.wording.catalog import base, catalog, catalogs, fold
from bot.wording.commands import for_example, meant, typed
from bot.wording.text import NAME, clean, fit, foreign, listed, quoted, stop, titled
from bot.wording.times import Reader, reader
from bot.wording.titles import began, name_of

HOURS = ("quiet 22:00-07:00", "quiet 22:00-07:00 except down", "quiet off")


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

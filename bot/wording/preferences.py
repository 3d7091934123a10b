"""What is answered about how a place is written to, and about what is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time

from bot.model import Incident, Quiet, Service, Style, Text, Topic
from bot.wording.phrases import CATALOGUES, phrases
from bot.wording.replies import meant
from bot.wording.text import NAME, clean, fit, foreign, listed, quoted, stop
from bot.wording.times import Reader, reader
from bot.wording.titles import began, name_of


def quiet(hours: Quiet | None, style: Style, now: datetime) -> Text:
    """The quiet hours of a place, as they are from now on."""
    to = reader(style, now)
    say = to.say
    if hours is None:
        return Text(stop(say.wishes.quiet_off))
    span = say.span_wide.format(since=_clock(hours.start, to), until=_clock(hours.end, to))
    but = listed([say.hear[h] for h in Topic if h in hours.but], say, len(Topic))
    lines = (
        say.wishes.quiet_but.format(hears=but) if but else "",
        say.wishes.caught_up,
        say.wishes.zone_now.format(zone=style.timezone),
    )
    return Text(stop(say.wishes.quiet.format(span=span)), tuple(stop(line) for line in lines if line))


def no_hours(style: Style) -> Text:
    """Hours that nobody can read: how they are written."""
    say = phrases(style.language).wishes
    return Text(stop(say.no_hours), (say.hours_like,))


def _clock(clock: time, to: Reader) -> str:
    return to.clock(datetime.combine(to.now.date(), clock, tzinfo=to.zone))


def language(style: Style) -> Text:
    return Text(stop(phrases(style.language).wishes.language_set))


def unknown_language(said: str, style: Style) -> Text:
    say = phrases(style.language)
    title = stop(say.wishes.language_unknown.format(said=quoted(foreign(said, 30), say)))
    return Text(title, meant(sorted(CATALOGUES), style))


def timezone(style: Style, now: datetime) -> Text:
    to = reader(style, now)
    return Text(stop(to.say.wishes.zone_set.format(zone=clean(style.timezone, 34), clock=to.clock(now))))


def unknown_timezone(said: str, near: Sequence[str], style: Style) -> Text:
    """`near`: the zones that may have been meant, likeliest first."""
    say = phrases(style.language)
    return Text(stop(say.wishes.zone_unknown.format(said=quoted(foreign(said, 30), say))), meant(near, style))


def subscribe_first(style: Style) -> Text:
    """The place has no subscription whose manner could be changed."""
    say = phrases(style.language)
    return Text(stop(say.not_subscribed), (stop(say.wishes.subscribe_first),))


def taken_back(service: Service, incident: Incident, style: Style, now: datetime) -> Text:
    """`incident`: as it stood before."""
    to, start = reader(style, now), began(incident)
    say = to.say.wishes
    if incident.until:
        title = say.taken_back_then.format(name=NAME, span=to.span(start, incident.until))
        return Text(fit(name_of(service), title), (stop(say.all_hear),))
    titles = [say.taken_back_now.format(name=NAME, since=since) for since in to.since(start)]
    return Text(fit(name_of(service), *titles), (stop(say.all_hear), stop(say.reopens)))


def nothing_to_take_back(service: Service, style: Style, *, already: bool) -> Text:
    say = phrases(style.language).wishes
    form = say.was_taken_back if already else say.nothing_to_take_back
    return Text(fit(name_of(service), form.format(name=NAME)))

"""Replies to commands."""

from __future__ import annotations

from datetime import datetime

from bot.model import (
    Incident,
    Mute,
    Notice,
    Service,
    Style,
    Text,
    Tone,
)
from bot.wording.catalog import catalog
from bot.wording.text import NAME, capital, clean, fit, foreign, stop, titled
from bot.wording.times import Reader, reader
from bot.wording.titles import name_of


def not_allowed(style: Style, *, manages: bool = False) -> Text:
    """`manages`: those who manage the place may do it."""
    say = catalog(style.language).replies
    return titled(say.manages_only if manages else say.not_allowed)


def acked(service: Service, by: str, style: Style, now: datetime) -> Text:
    to = reader(style, now)
    by = foreign(by, 24) or to.say.changes.somebody
    return Text(fit(name_of(service), to.say.replies.acknowledged.format(name=NAME, by=by, clock=to.clock(now))))


def acked_already(service: Service, incident: Incident, style: Style, now: datetime) -> Text:
    """Somebody else looks into it."""
    to = reader(style, now)
    by, clock = foreign(incident.acked_by, 24), to.clock(incident.acked_at or now)
    return Text(fit(name_of(service), to.say.replies.acknowledged_already.format(name=NAME, by=by, clock=clock)))


def muted(service: Service, mute: Mute, style: Style, now: datetime) -> Text:
    to = reader(style, now)
    said = to.say.replies
    form = said.muted_until_restored if mute.until_restored else said.muted
    title = fit(name_of(service), form.format(name=NAME, until=to.point(mute.until)))
    why = capital(foreign(mute.reason))
    return Text(title, (stop(to.say.replies.muted_line), *([stop(why)] if why else [])))


def unmuted(service: Service, style: Style) -> Text:
    return Text(fit(name_of(service), catalog(style.language).replies.unmuted.format(name=NAME)))


def not_muted(service: Service, style: Style) -> Text:
    return Text(fit(name_of(service), catalog(style.language).replies.not_muted.format(name=NAME)))


def nothing_open(service: Service | None, style: Style) -> Text:
    """There is no incident to acknowledge, of this service or of any."""
    say = catalog(style.language)
    if service is None:
        return titled(say.replies.no_open_incident_at_all)
    return Text(fit(name_of(service), say.replies.no_open_incident.format(name=NAME)))


def test_notice(name: str, style: Style, now: datetime) -> Notice:
    """A test notice for an audience or destination, in a new thread each second."""
    to = reader(style, now)
    name = clean(name, 60) or "?"
    thread = f"test:{name}#{now:%Y%m%dT%H%M%S}"
    words = Text(fit(name, to.say.changes.test.format(name=NAME, clock=to.clock(now))), (stop(to.say.resolution.test),))
    return Notice(key=f"{thread}/1", thread=thread, tone=Tone.TEST, words=words, at=now)


def somebody(style: Style) -> str:
    """A person whose name is unknown."""
    return catalog(style.language).changes.somebody


def muted_line(mute: Mute | None, to: Reader) -> str:
    """The mute, or an empty string if there is none now."""
    if mute is None or mute.until <= to.now:
        return ""
    by = foreign(mute.by, 40) or to.say.changes.somebody
    if mute.until_restored:
        return stop(to.say.status.muted_until_restored.format(by=by))
    return stop(to.say.status.muted.format(by=by, until=to.point(mute.until)))


def last_outage(incident: Incident | None, name: str, to: Reader) -> str:
    """`name` empty: the service is clear from the context."""
    if incident is None or incident.until is None:
        return ""
    start = incident.unstable_since or incident.since
    facts = {"span": to.span(start, incident.until), "length": to.length(start, incident.until)}
    return stop(
        to.say.status.last_outage_of.format(name=name, **facts) if name else to.say.status.last_outage.format(**facts)
    )

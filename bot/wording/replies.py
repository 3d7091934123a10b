"""Replies to commands, and to "check" the result of an on-demand check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.model import (
    Confidence,
    Health,
    Incident,
    Mute,
    Notice,
    Outcome,
    PlaceLook,
    Reading,
    Reason,
    Round,
    Service,
    Style,
    Text,
    Tone,
)
from bot.wording.catalog import catalog
from bot.wording.commands import for_example
from bot.wording.evidence import evidence, of_job, unanswered
from bot.wording.health import in_language
from bot.wording.places import place_name
from bot.wording.reasons import reason
from bot.wording.text import NAME, TITLE, capital, clean, fit, foreign, listed, sentences, stop, titled, unlinked
from bot.wording.times import Reader, reader
from bot.wording.titles import name_of

SHORTEST = timedelta(seconds=0.1)  # shorter times are shown as this, never as "0 s"


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


def looked(seen: Round, service: Service, style: Style, looks: Sequence[PlaceLook] = ()) -> Text:
    """Result of a service's own checks, with the latest reports of its sources. `looks`: what each place saw, if there
    are several.
    """
    to, service = reader(style, seen.at), in_language(service, style.language)
    if not seen.online:
        return Text(to.say.checks.offline)
    health = _health(seen.readings)
    found = Incident(service.id, 0, seen.at, health, Confidence.POSSIBLE, seen.readings, seen.reports)
    known = replace(service, plan=service.plan if health is Health.DOWN else "")
    lines = (*_blind(seen.readings, to), *evidence(found, known, to), *(_place(look, to) for look in looks))
    return Text(_title(seen.readings, health, service, to), lines)


def _place(look: PlaceLook, to: Reader) -> str:
    """What one place saw, in a line."""
    say = to.say.checks
    place = place_name(look.place, to.say) if look.place else say.our_server
    if not look.readings:
        return stop((say.place_late if look.readings is None else say.place_offline).format(place=place))
    if faults := unanswered([replace(reading, places=None) for reading in look.readings], to):
        return sentences(to.say.evidence.fails.format(routes=place, why=faults[0]), *faults[1:])
    if why := next((r.why for r in look.readings if r.outcome is Outcome.INCONCLUSIVE and r.why), None):
        return stop(to.say.evidence.fails.format(routes=place, why=unlinked(reason(why, to.say))))
    took = max((reading.took for reading in look.readings if reading.took is not None), default=None)
    if took is None:
        return stop(say.place_up_brief.format(place=place))
    return stop(say.place_up.format(place=place, seconds=_seconds(took, to)))


def _health(readings: tuple[Reading, ...]) -> Health:
    outcomes = {reading.overall for reading in readings if reading.outcome is not Outcome.INCONCLUSIVE}
    if not outcomes:
        return Health.UNKNOWN
    if outcomes == {Outcome.FAILED}:
        return Health.DOWN
    return Health.UP if outcomes <= {Outcome.OK, Outcome.EXPIRING} else Health.DEGRADED


def _title(readings: tuple[Reading, ...], health: Health, service: Service, to: Reader) -> str:
    say, name = to.say.checks, name_of(service)
    if health is Health.UP:
        took = max((r.took for r in readings if r.took is not None), default=None)
        form = say.up_brief.format(name=NAME) if took is None else say.up.format(name=NAME, seconds=_seconds(took, to))
        return fit(name, form)
    if health is Health.DEGRADED:
        bad = [r.route for r in readings if r.outcome is Outcome.FAILED]
        form, routes = (
            (say.partly_down, bad) if bad else (say.slow, [r.route for r in readings if r.outcome is Outcome.SLOW])
        )
        names = [clean(route, 40) for route in routes]
        return fit(name, *(form.format(name=NAME, routes=listed(names, to.say, most)) for most in (5, 3, 2, 1)))
    if health is Health.DOWN and all(of_job(reading) for reading in readings if reading.outcome is Outcome.FAILED):
        return fit(name, say.job.format(name=NAME))
    return fit(name, (say.down if health is Health.DOWN else say.unknown).format(name=NAME))


def _blind(readings: tuple[Reading, ...], to: Reader) -> tuple[str, ...]:
    """Inconclusive routes with the reason, which says nothing about the service."""
    return tuple(
        stop(to.say.evidence.fails.format(routes=clean(r.route, 40), why=unlinked(reason(r.why, to.say))))
        for r in readings
        if r.outcome is Outcome.INCONCLUSIVE and r.why
    )


def answers(host: str, status: int, took: timedelta, at: datetime, style: Style) -> Text:
    """An arbitrary address has responded."""
    to = reader(style, at)
    say = to.say.checks
    form = say.answers if status < 400 else say.answers_badly if status < 500 else say.answers_error
    return _of(host, form.format(name=NAME, status=status, seconds=_seconds(took, to)))


def silent(host: str, why: Reason, style: Style) -> Text:
    """An arbitrary address has not responded, while we are online."""
    say = catalog(style.language).checks
    return _because(host, say.no_answer, say.down, why, style)


def cannot(host: str, why: Reason, style: Style) -> Text:
    """The check failed for a reason on our side."""
    say = catalog(style.language).checks
    return _because(host, say.cannot, say.unknown, why, style)


def asks_human(host: str, style: Style) -> Text:
    return _of(host, catalog(style.language).checks.asks_human.format(name=NAME))


def see_nothing(style: Style) -> Text:
    return Text(catalog(style.language).checks.offline)


def inner_address(style: Style) -> Text:
    """The same reply for private addresses and unknown names, so that it does not reveal our hosts."""
    say = catalog(style.language).checks
    return Text(say.inner_address, (stop(say.inner_address_line),))


def unfit_address(style: Style) -> Text:
    say = catalog(style.language).checks
    return Text(say.unfit_address, (stop(say.unfit_address_line),))


def what_to_look_at(service: str, style: Style) -> Text:
    """`service`: an existing one, as an example."""
    examples = (f"check {clean(service, 20)}", "check example.org")
    return Text(catalog(style.language).checks.how_to_check, (for_example(examples, style),))


def too_often(count: int, style: Style) -> Text:
    """`count`: the limit per person and minute; 0: the limit for all people was reached."""
    say = catalog(style.language).checks
    return Text(stop(say.too_often.format(count=count) if count else say.too_many))


def _because(host: str, form: str, bare: str, why: Reason, style: Style) -> Text:
    """With the reason in the title if it fits on a lock screen, otherwise in a line below."""
    said = reason(why, catalog(style.language))
    title = form.format(name=foreign(host, 100), why=said)
    if len(title) <= TITLE:
        return Text(title)
    return replace(_of(host, bare.format(name=NAME)), lines=(stop(capital(said)),))


def _seconds(took: timedelta, to: Reader) -> str:
    return to.seconds(max(took, SHORTEST))


def _of(host: str, form: str) -> Text:
    return Text(fit(foreign(host, 100), form))

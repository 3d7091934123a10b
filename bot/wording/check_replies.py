"""What is answered to "check": what a look found that somebody asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.model import Confidence, Health, Incident, Outcome, Reading, Round, Service, Style, Text
from bot.wording.channel_health import in_language
from bot.wording.evidence import evidence
from bot.wording.phrases import phrases
from bot.wording.text import NAME, TITLE, capital, clean, fit, foreign, listed, reason, stop, unlinked
from bot.wording.times import Reader, reader
from bot.wording.titles import name_of

SHORTEST = timedelta(seconds=0.1)  # "0 s" would be no length of time


def looked(seen: Round, service: Service, style: Style) -> Text:
    """What a round of a service's own checks saw, with the newest words of its sources."""
    to, service = reader(style, seen.at), in_language(service, style.language)
    if not seen.online:
        return Text(to.say.looks.see_nothing)
    health = _health(seen.readings)
    found = Incident(service.id, 0, seen.at, health, Confidence.POSSIBLE, seen.readings, seen.reports)
    known = replace(service, plan=service.plan if health is Health.DOWN else "")
    return Text(_title(seen.readings, health, service, to), (*_blind(seen.readings, to), *evidence(found, known, to)))


def _health(readings: tuple[Reading, ...]) -> Health:
    outcomes = {reading.outcome for reading in readings if reading.outcome is not Outcome.INCONCLUSIVE}
    if not outcomes:
        return Health.UNKNOWN
    if outcomes == {Outcome.FAILED}:
        return Health.DOWN
    return Health.UP if outcomes <= {Outcome.OK, Outcome.EXPIRING} else Health.DEGRADED


def _title(readings: tuple[Reading, ...], health: Health, service: Service, to: Reader) -> str:
    say, name = to.say.looks, name_of(service)
    if health is Health.UP:
        took = max((r.took for r in readings if r.took is not None), default=None)
        form = (
            say.well_bare.format(name=NAME) if took is None else say.well.format(name=NAME, seconds=_seconds(took, to))
        )
        return fit(name, form)
    if health is Health.DEGRADED:
        bad = [r.route for r in readings if r.outcome is Outcome.FAILED]
        form, routes = (
            (say.partly, bad) if bad else (say.slow, [r.route for r in readings if r.outcome is Outcome.SLOW])
        )
        names = [clean(route, 40) for route in routes]
        return fit(name, *(form.format(name=NAME, routes=listed(names, to.say, most)) for most in (5, 3, 2, 1)))
    return fit(name, (say.down if health is Health.DOWN else say.unseen).format(name=NAME))


def _blind(readings: tuple[Reading, ...], to: Reader) -> tuple[str, ...]:
    """What was not seen, and why: it says nothing of the service."""
    return tuple(
        stop(to.say.fails.format(routes=clean(r.route, 40), why=unlinked(reason(r.why, to.say))))
        for r in readings
        if r.outcome is Outcome.INCONCLUSIVE and r.why
    )


def answers(host: str, status: int, took: timedelta, at: datetime, style: Style) -> Text:
    """An address that a stranger named has answered."""
    to = reader(style, at)
    say = to.say.looks
    form = say.answers if status < 400 else say.answers_badly if status < 500 else say.answers_error
    return _of(host, form.format(name=NAME, status=status, seconds=_seconds(took, to)))


def silent(host: str, why: str, style: Style) -> Text:
    """It has not, though we see others."""
    say = phrases(style.language).looks
    return _because(host, say.silent, say.down, why, style)


def cannot(host: str, why: str, style: Style) -> Text:
    """By a fault of our own nothing is known of it."""
    say = phrases(style.language).looks
    return _because(host, say.cannot, say.unseen, why, style)


def asks_human(host: str, style: Style) -> Text:
    return _of(host, phrases(style.language).looks.asks_human.format(name=NAME))


def see_nothing(style: Style) -> Text:
    return Text(phrases(style.language).looks.see_nothing)


def inner_address(style: Style) -> Text:
    """The same for every address of our own, and for a name that there is not: nobody learns which hosts we have."""
    say = phrases(style.language).looks
    return Text(say.inner, (stop(say.inner_line),))


def unfit_address(style: Style) -> Text:
    say = phrases(style.language).looks
    return Text(say.unfit, (stop(say.unfit_line),))


def what_to_look_at(service: str, style: Style) -> Text:
    """`service`: one that there is, as an example."""
    return Text(phrases(style.language).looks.what.format(service=clean(service, 20)))


def too_often(count: int, style: Style) -> Text:
    """`count`: the most that one person may ask for within a minute; 0: it is all together that is too much."""
    say = phrases(style.language).looks
    return Text(stop(say.too_often.format(count=count) if count else say.too_much))


def _because(host: str, form: str, bare: str, why: str, style: Style) -> Text:
    """With the reason, where a lock screen has room for it; else that in a line of its own."""
    why = reason(why, phrases(style.language))
    title = form.format(name=foreign(host, 100), why=why)
    return (
        Text(title) if len(title) <= TITLE else replace(_of(host, bare.format(name=NAME)), lines=(stop(capital(why)),))
    )


def _seconds(took: timedelta, to: Reader) -> str:
    return to.seconds(max(took, SHORTEST))


def _of(host: str, form: str) -> Text:
    return Text(fit(foreign(host, 100), form))

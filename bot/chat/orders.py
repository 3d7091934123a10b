"""The orders about a service: `ack`, `mute`, `unmute`, `correct`; and `report`, whether it works for them. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot import wording
from bot.chat import times
from bot.chat.context import CommandContext, ForService, Response
from bot.judge.incidents import correctable
from bot.model import Ack, Correct, Mute, Report, Style, Tally, Unmute
from bot.wording.catalog import fold, input_words

LONGEST_REASON = 200  # characters
LONGEST_MUTE = timedelta(days=366)
LONGEST_REPORT = 140  # characters of what they say


def ack(context: CommandContext) -> Response:
    """Acknowledge a service; without a name the one that is down, if only one is."""
    down = [s for s, state in context.overview.services if state.incident]
    dead = [s for s, state in context.overview.channels if state.incident]
    number = None
    if context.words:
        service, number = context.find_incident(context.phrase)
        if service is None:
            return context.unknown_service(context.phrase)
    elif len(down or dead) == 1:
        (service,) = down or dead
    else:
        several = bool(down or dead)
        return Response(
            wording.status(context.overview, context.style) if several else wording.nothing_open(None, context.style)
        )
    incident, now = context.state(service).incident, context.ask.at
    if context.means_another(number, incident):
        return context.another_incident(service, number)
    if service not in (*down, *dead) or incident is None:
        return Response(wording.nothing_open(service, context.style))
    if incident.acked_by and incident.acked_by != context.ask.name:
        return Response(wording.acked_already(service, incident, context.style, now))
    return Response(
        wording.acked(service, context.ask.name, context.style, now),
        (ForService(service.id, Ack(context.ask.name, now)),),
    )


def mute(context: CommandContext) -> Response | None:
    """Take `mute x 2h [reason]`, `mute x until 18:00` and `mute x until restored`. None if neither a length of time nor
    its end follows the service.
    """
    service, number, rest = context.split(context.words)
    if service is None:
        return context.unknown_service(context.words[0]) if context.words else None
    if context.means_another(number, context.state(service).incident):
        return context.another_incident(service, number)
    now, left = context.ask.at, list(rest)
    restored = _until_restored(left)
    if restored and context.state(service).incident is None:
        return Response(wording.nothing_open(service, context.style))
    try:
        until = now + LONGEST_MUTE if restored else _until(left, context.style, now)
    except (ValueError, OverflowError):
        return None
    order = Mute(context.ask.name, now, until, " ".join(left)[:LONGEST_REASON], until_restored=restored)
    return Response(wording.muted(service, order, context.style, now), (ForService(service.id, order),))


def _until_restored(left: list[str]) -> bool:
    """Take "until restored" off the front of `left`."""
    said = len(left) > 1 and fold(left[0]) in input_words("from_until") and fold(left[1]) in input_words("restored")
    if said:
        del left[:2]
    return said


def _until(left: list[str], style: Style, now: datetime) -> datetime:
    """Take "2h", "for 2h" or "until tomorrow 9:00" off the front of `left`. ValueError for anything else, and for a time
    that is over or too far away.
    """
    if lasts := times.length(left):
        return now + lasts
    until = times.moment(left, style, now)
    if not now < until <= now + LONGEST_MUTE:
        raise ValueError("is no time to come")
    return until


def unmute(context: CommandContext) -> Response | None:
    if not context.words:
        return None
    service = context.service
    if service is None:
        return context.unknown_service(context.phrase)
    # Another node may have muted it just now, so the order is given whatever this one knows.
    order = Unmute(context.ask.name, context.ask.at)
    say = wording.unmuted if context.state(service).muted(context.ask.at) else wording.not_muted
    return Response(say(service, context.style), (ForService(service.id, order),))


def correct(context: CommandContext) -> Response | None:
    """Correct a service: the reason follows its name."""
    if not context.words:
        return None
    service, number, rest = context.split(context.words)
    if service is None:
        return context.unknown_service(context.words[0])
    state, now = context.state(service), context.ask.at
    incident = correctable(state, now)
    if context.means_another(number, incident):
        return context.another_incident(service, number)
    if incident is None:
        already = state.last is not None and state.last.retracted
        return Response(wording.nothing_to_take_back(service, context.style, already=already))
    order = Correct(context.ask.name, now, " ".join(rest)[:LONGEST_REASON])
    return Response(wording.taken_back(service, incident, context.style, now), (ForService(service.id, order),))


def report(context: CommandContext) -> Response:
    """Take `report x`, `report x login fails` or `report x works`. Without a service, show how it is written."""
    service, number, rest = context.split(context.words)
    if service is None or service.channel:  # the health of channels is known
        example = next((one.id for one, _ in context.overview.services), "x")
        asked = wording.report_what(context.style, example)
        return context.unknown_service(context.phrase) if context.words else Response(asked)
    if context.means_another(number, context.state(service).incident):
        return context.another_incident(service, number)
    if not context.ask.person:
        return Response(wording.no_person(context.style))
    works = bool(rest) and fold(rest[0]).strip(".,!") in input_words("works")
    known = context.overview.user_reports.get(service.id, Tally())
    if known.said_enough and known.mine is not works:
        return Response(wording.said_enough(context.style))
    what = wording.clean(" ".join(rest), LONGEST_REPORT)
    said = Report(service.id, context.ask.at, context.ask.who, context.ask.where.kind, what, works)
    return Response(wording.reported(service, context.overview, context.style, works=works), (said,))

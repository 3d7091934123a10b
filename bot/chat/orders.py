"""The orders about a service's incident: `ack`, `mute`, `unmute`, `correct`. Pure."""

from __future__ import annotations

from bot import wording
from bot.chat import durations
from bot.chat.context import CommandContext, ForService, Response
from bot.judge.incidents import correctable
from bot.model import Ack, Correct, Mute, Unmute

LONGEST_REASON = 200  # characters


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
    """Take `mute x 2h [reason]`; `mute x 2 hours` as well. None if no length of time follows the service."""
    service, number, rest = context.split(context.words)
    if service is None:
        return context.unknown_service(context.words[0]) if context.words else None
    if context.means_another(number, context.state(service).incident):
        return context.another_incident(service, number)
    if (lasts := durations.taken(rest)) is None:
        return None
    span, reason = lasts
    now = context.ask.at
    order = Mute(context.ask.name, now, now + span, " ".join(reason)[:LONGEST_REASON])
    return Response(wording.muted(service, order, context.style, now), (ForService(service.id, order),))


def unmute(context: CommandContext) -> Response | None:
    if not context.words:
        return None
    service = context.service
    if service is None:
        return context.unknown_service(context.phrase)
    order = Unmute(context.ask.name, context.ask.at)
    return Response(wording.unmuted(service, context.style), (ForService(service.id, order),))


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

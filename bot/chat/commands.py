"""One table of commands, the same on every channel. Pure: an ask and an overview in, a reply and orders out."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot import wording
from bot.chat import delivery_log, maintenance, preferences, report, rooms
from bot.chat.check import check
from bot.chat.context import CommandContext, ForService, Ledger, Prove, Response, Subscribe, Unsubscribe
from bot.judge.incidents import correctable
from bot.model import (
    Ack,
    Ask,
    Audience,
    Confidence,
    Correct,
    Mute,
    Overview,
    Style,
    Subscription,
    Topic,
    Trail,
    Unmute,
    length,
)

LEDGER = frozenset({"allow", "disallow", "rooms", "audit"})
HEARS = frozenset(h.value for h in Topic)


@dataclass(frozen=True, slots=True)
class Command:
    name: str
    usage: str
    run: Callable[[CommandContext], Response]
    admins: bool = False  # orders about services
    manages: bool = False  # changes what the place hears


def respond(
    ask: Ask,
    overview: Overview,
    style: Style,
    *,
    admin: bool,
    audiences: tuple[Audience, ...] = (),
    trail: Trail | None = None,
    ledger: Ledger = Ledger(),  # noqa: B008 - frozen
) -> Response:
    """Carry out a line that somebody said. Whoever may not gets told so; nobody gets silence. `trail`: of the incident
    that `proofs.incident` finds the line to be about.
    """
    name, words = _parted(ask.text)
    command = COMMANDS.get(name)
    if command is None:
        near = difflib.get_close_matches(name, COMMANDS, 2)
        return Response(wording.unknown_command(name, near, style))
    if (command.admins and not admin) or (command.manages and not (ask.may_manage or admin)):
        return Response(wording.not_allowed(style))
    return command.run(CommandContext(ask, words, overview, style, audiences, trail, admin, ledger))


def manages(text: str) -> bool:
    """Does a line ask to change what the place hears?"""
    command = COMMANDS.get(_parted(text)[0])
    return command is not None and command.manages


def of_the_ledger(text: str) -> bool:
    """Is it about who may ask, or about what was ordered?"""
    return _parted(text)[0] in LEDGER


def _parted(text: str) -> tuple[str, tuple[str, ...]]:
    name, *words = text.split() or ["help"]
    return {"start": "help"}.get(name.casefold(), name.casefold()), tuple(words)


def _status(room: CommandContext) -> Response:
    if not room.words:
        return Response(wording.status(room.overview, room.style))
    said = " ".join(room.words)
    service = room.find(said)
    return Response(wording.status(room.overview, room.style, service.id)) if service else room.unknown(said)


def _history(room: CommandContext) -> Response:
    words, period = delivery_log.days(room.words)
    service = room.find(" ".join(words)) if words else None
    if words and service is None:
        return room.unknown(" ".join(words))
    return Response(wording.history(room.overview, period, room.style, service))


def _why(room: CommandContext) -> Response:
    service = room.find(" ".join(room.words)) if room.words else None
    window = room.overview.maintenance(service.id) if service else None
    if service and window and window.until and room.state(service).incident is None:
        return Response(wording.why_silent(window, service, room.style, room.ask.at))
    if room.delivery_trail is None:
        return _no_trail(room)
    where = room.ask.where
    found = delivery_log.reasons(room.delivery_trail, where, room.overview)
    return Response(wording.why(room.delivery_trail, where, found, room.style, room.ask.at))


def _delivery(room: CommandContext) -> Response:
    return (
        Response(wording.delivered(room.delivery_trail, room.style, room.ask.at))
        if room.delivery_trail
        else _no_trail(room)
    )


def _no_trail(room: CommandContext) -> Response:
    if room.words:
        return Response(wording.no_incident(" ".join(room.words), room.style))
    return Response(wording.nothing_yet(delivery_log.RECENT, room.style, room.ask.at))


def _drill(room: CommandContext) -> Response:
    """Without a name it is every audience."""
    said, names = " ".join(room.words), {a.name.casefold(): a for a in room.audiences}
    chosen = (names[said.casefold()],) if said.casefold() in names else () if said else room.audiences
    if not chosen:
        near = difflib.get_close_matches(said.casefold(), names, 3) or list(names)
        return Response(wording.unknown_audience(said, [names[n].name for n in near], room.style))
    told = delivery_log.drill(chosen, room.ask.at)
    return Response(wording.drilled(len(told), room.style), (Prove(told),))


def _subscribe(room: CommandContext) -> Response:
    """Subscribing again adds to what is heard; without a service it is all of them."""
    wish = room.subscription
    services, hears = list[str](), set[Topic]()
    for word in room.words:
        if service := room.find(word):
            services.append(service.id)
        elif word.casefold() in HEARS:
            hears.add(Topic(word.casefold()))
        elif word.upper() in Confidence.__members__:
            wish = replace(wish, confidence=Confidence[word.upper()])
        else:
            return room.unknown(word)
    before = room.held.filter.services if room.held else None
    together = (*(before or ()), *services) if services and before != () else ()
    wish = replace(wish, services=tuple(dict.fromkeys(together)), topics=frozenset(hears) or wish.topics)
    subscription = Subscription(room.ask.where, wish, room.ask.who, room.ask.at)
    return Response(wording.subscribed(wish, _names(room, wish.services), room.style), (Subscribe(subscription),))


def _unsubscribe(room: CommandContext) -> Response:
    held = room.held
    if held is None:
        return Response(wording.not_subscribed(room.style))
    gone = list[str]()
    for word in room.words:
        service = room.find(word)
        if service is None:
            return room.unknown(word)
        gone.append(service.id)
    everything = held.filter.services or tuple(s.id for s, _ in room.overview.services)
    left = tuple(s for s in everything if s not in gone) if gone else ()
    words = wording.unsubscribed(_names(room, tuple(gone)), room.style)
    if not left:
        return Response(words, (Unsubscribe(held.destination),))
    return Response(words, (Subscribe(replace(held, filter=replace(held.filter, services=left))),))


def _subscriptions(room: CommandContext) -> Response:
    names = {s.id: s.name for s, _ in room.known}
    return Response(wording.subscriptions((room.held,) if room.held else (), names, room.style))


def _ack(room: CommandContext) -> Response:
    """Without a name it is the one that is down; with several down, somebody must say which."""
    opened = [s for s, state in room.overview.services if state.incident]
    dead = [s for s, state in room.overview.channels if state.incident]
    number = None
    if room.words:
        service, number = room.numbered(" ".join(room.words))
        if service is None:
            return room.unknown(" ".join(room.words))
    elif len(opened or dead) == 1:
        (service,) = opened or dead
    else:
        return Response(
            wording.status(room.overview, room.style) if opened or dead else wording.nothing_open(None, room.style)
        )
    if room.is_other(number, room.state(service).incident):
        return room.other(service, number)
    if service not in (*opened, *dead):
        return Response(wording.nothing_open(service, room.style))
    now = room.ask.at
    return Response(
        wording.acked(service, room.ask.name, room.style, now), (ForService(service.id, Ack(room.ask.name, now)),)
    )


def _mute(room: CommandContext) -> Response:
    if len(room.words) < 2:
        return _help(room)
    service, number = room.numbered(room.words[0])
    if service is None:
        return room.unknown(room.words[0])
    if room.is_other(number, room.state(service).incident):
        return room.other(service, number)
    try:
        until = room.ask.at + length(room.words[1])
    except (ValueError, OverflowError):
        return _help(room)
    mute = Mute(room.ask.name, room.ask.at, until, " ".join(room.words[2:])[:200])
    return Response(wording.muted(service, mute, room.style, room.ask.at), (ForService(service.id, mute),))


def _unmute(room: CommandContext) -> Response:
    service = room.find(" ".join(room.words)) if room.words else None
    if service is None:
        return room.unknown(" ".join(room.words)) if room.words else _help(room)
    order = Unmute(room.ask.name, room.ask.at)
    return Response(wording.unmuted(service, room.style), (ForService(service.id, order),))


def _correct(room: CommandContext) -> Response:
    """A service called by one word or by all of them; what follows the one word is the reason."""
    if not room.words:
        return _help(room)
    why = ""
    service, number = room.numbered(" ".join(room.words))
    if service is None:
        (service, number), why = room.numbered(room.words[0]), " ".join(room.words[1:])[:200]
    if service is None:
        return room.unknown(room.words[0])
    state, now = room.state(service), room.ask.at
    incident = correctable(state, now)
    if room.is_other(number, incident):
        return room.other(service, number)
    if incident is None:
        already = state.last is not None and state.last.retracted
        return Response(wording.nothing_to_take_back(service, room.style, already=already))
    order = Correct(room.ask.name, now, why)
    return Response(wording.taken_back(service, incident, room.style, now), (ForService(service.id, order),))


def _help(room: CommandContext) -> Response:
    rows = ((c.usage, wording.command_help(c.name, room.style)) for c in COMMANDS.values())
    return Response(wording.guide(rows, room.style))


def _names(room: CommandContext, services: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(s.name for s, _ in room.known if s.id in services)


COMMANDS = {
    command.name: command
    for command in (
        Command("status", "status [service]", _status),
        Command("history", "history [service] [days]", _history),
        Command("check", "check service|address", check),
        Command("report", "report service [what|works]", report.report),
        Command("subscribe", "subscribe [service…] [possible|likely|confirmed]", _subscribe, manages=True),
        Command("unsubscribe", "unsubscribe [service…]", _unsubscribe, manages=True),
        Command("subscriptions", "subscriptions", _subscriptions),
        Command("language", "language es", preferences.language, manages=True),
        Command("timezone", "timezone Europe/Madrid", preferences.timezone, manages=True),
        Command("quiet", "quiet 22:00-07:00 [except down …]|off", preferences.quiet, manages=True),
        Command("why", "why [incident]", _why),
        Command("ack", "ack [service]", _ack, admins=True),
        Command("mute", "mute service 2h [reason]", _mute, admins=True),
        Command("unmute", "unmute service", _unmute, admins=True),
        Command(
            "maintenance", "maintenance [service 22:00 23:30|for 1h [note]|cancel service]", maintenance.maintenance
        ),
        Command("correct", "correct service [reason]", _correct, admins=True),
        Command("delivery", "delivery [incident]", _delivery, admins=True),
        Command("drill", "drill [audience]", _drill, admins=True),
        Command("allow", "allow [telegram:-100123]", rooms.allow, admins=True),
        Command("disallow", "disallow [telegram:-100123]", rooms.disallow, admins=True),
        Command("rooms", "rooms", rooms.rooms, admins=True),
        Command("audit", "audit", rooms.audit, admins=True),
        Command("help", "help", _help),
    )
}


def listed(style: Style) -> tuple[tuple[str, str], ...]:
    """Name and one-line help of each command, for a platform's own list of them."""
    return tuple((name, wording.command_help(name, style)) for name in COMMANDS)

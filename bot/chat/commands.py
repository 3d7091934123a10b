"""The table of commands, the same on every channel. Pure: a context in, an answer and orders out."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from bot import wording
from bot.chat import delivery_log, maintenance, preferences, report, rooms
from bot.chat.check import check
from bot.chat.context import RECENT, CommandContext, ForService, Load, Response, SendDrill, Subscribe, Unsubscribe
from bot.judge.incidents import correctable
from bot.model import Ack, Ask, Confidence, Correct, Mute, Style, Subscription, Topic, Unmute, length
from bot.notify import drill

TOPICS = frozenset(topic.value for topic in Topic)
QUOTES = "\"'`´“”„‘’‚«»"


@dataclass(frozen=True, slots=True)
class Command:
    """A row of the table: how a command is written, who may give it, and what is loaded before it runs.

    `admins` and `manages` restrict it: to admins, because it gives an order about services; to those who manage the
    place, because it changes what the place hears. `days`: a number at its end is how many days it looks back.
    """

    name: str
    usage: str
    run: Callable[[CommandContext], Response]
    admins: bool = False
    manages: bool = False
    days: bool = False
    loads: tuple[Load, ...] = ()
    aliases: tuple[str, ...] = ()

    def allows(self, ask: Ask, *, admin: bool) -> bool:
        """True if the person who asks may give it."""
        return admin or not (self.admins or (self.manages and not ask.may_manage))


@dataclass(frozen=True, slots=True)
class Line:
    """A line that somebody typed, parsed: the command, the words after its name, and how far back it looks."""

    command: Command
    words: tuple[str, ...]
    period: timedelta


def parse(text: str) -> Line:
    """Parse a line. An empty one is `help`; quotes around it, a slash before it, and upper case do not matter."""
    name, *rest = (text.strip(QUOTES) if text[:1] in QUOTES else text).split() or ["help"]
    words = tuple(rest)
    called = name.strip(QUOTES).removeprefix("/").casefold() or name
    command = BY_NAME.get(called) or Command(called, "", partial(_unknown, called))
    words, period = delivery_log.days(words) if command.days else (words, RECENT)
    return Line(command, words, period)


def respond(command: Command, context: CommandContext) -> Response:
    """Run a command, or say that the person may not give it. There is always an answer."""
    if not command.allows(context.ask, admin=context.admin):
        return Response(wording.not_allowed(context.style))
    return command.run(context)


def _unknown(name: str, context: CommandContext) -> Response:
    return Response(wording.unknown_command(name, difflib.get_close_matches(name, COMMANDS, 2), context.style))


def _status(context: CommandContext) -> Response:
    service = context.service
    if context.words and service is None:
        return context.unknown_service(context.phrase)
    return Response(wording.status(context.overview, context.style, service.id if service else None))


def _history(context: CommandContext) -> Response:
    service = context.service
    if context.words and service is None:
        return context.unknown_service(context.phrase)
    return Response(wording.history(context.overview, context.period, context.style, service))


def _why(context: CommandContext) -> Response:
    service = context.service
    window = context.overview.maintenance(service.id) if service else None
    if service and window and window.until and context.state(service).incident is None:
        return Response(wording.why_silent(window, service, context.style, context.ask.at))
    if context.trail is None:
        return _no_trail(context)
    place = context.ask.where
    reasons = delivery_log.reasons(context.trail, place, context.overview)
    return Response(wording.why(context.trail, place, reasons, context.style, context.ask.at))


def _delivery(context: CommandContext) -> Response:
    if context.trail is None:
        return _no_trail(context)
    return Response(wording.delivered(context.trail, context.style, context.ask.at))


def _no_trail(context: CommandContext) -> Response:
    if context.words:
        return Response(wording.no_incident(context.phrase, context.style))
    return Response(wording.nothing_yet(RECENT, context.style, context.ask.at))


def _drill(context: CommandContext) -> Response:
    """Drill one audience; without a name, every audience."""
    name, by_name = context.phrase.casefold(), {audience.name.casefold(): audience for audience in context.audiences}
    audiences = tuple(by_name[n] for n in (name,) if n in by_name) if name else context.audiences
    if not audiences:
        near = difflib.get_close_matches(name, by_name, 3) or list(by_name)
        return Response(wording.unknown_audience(context.phrase, [by_name[n].name for n in near], context.style))
    deliveries = drill.deliveries(audiences, context.ask.at)
    return Response(wording.drilled(len(deliveries), context.style), (SendDrill(deliveries),))


def _subscribe(context: CommandContext) -> Response:
    """Subscribe the place to services (none named: all), or add them to its subscription."""
    wanted = context.filter
    services, topics = list[str](), set[Topic]()
    for word in context.words:
        if service := context.find(word):
            services.append(service.id)
        elif word.casefold() in TOPICS:
            topics.add(Topic(word.casefold()))
        elif word.upper() in Confidence.__members__:
            wanted = replace(wanted, confidence=Confidence[word.upper()])
        else:
            return context.unknown_service(word)
    before = context.subscription.filter.services if context.subscription else None
    # A subscription without services has them all: there is nothing to add.
    together = (*(before or ()), *services) if services and before != () else ()
    wanted = replace(wanted, services=tuple(dict.fromkeys(together)), topics=frozenset(topics) or wanted.topics)
    subscription = Subscription(context.ask.where, wanted, context.ask.who, context.ask.at)
    reply = wording.subscribed(wanted, _names(context, wanted.services), context.style)
    return Response(reply, (Subscribe(subscription),))


def _unsubscribe(context: CommandContext) -> Response:
    """Take services off the place's subscription; without one named, or with none left, end it."""
    subscription = context.subscription
    if subscription is None:
        return Response(wording.not_subscribed(context.style))
    removed = list[str]()
    for word in context.words:
        service = context.find(word)
        if service is None:
            return context.unknown_service(word)
        removed.append(service.id)
    everything = subscription.filter.services or tuple(s.id for s, _ in context.overview.services)
    left = tuple(s for s in everything if s not in removed) if removed else ()
    reply = wording.unsubscribed(_names(context, tuple(removed)), context.style)
    if not left:
        return Response(reply, (Unsubscribe(subscription.destination),))
    fewer = replace(subscription, filter=replace(subscription.filter, services=left))
    return Response(reply, (Subscribe(fewer),))


def _subscriptions(context: CommandContext) -> Response:
    names = {s.id: s.name for s, _ in context.known}
    subscriptions = (context.subscription,) if context.subscription else ()
    return Response(wording.subscriptions(subscriptions, names, context.style))


def _ack(context: CommandContext) -> Response:
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
    if context.means_another(number, context.state(service).incident):
        return context.another_incident(service, number)
    if service not in (*down, *dead):
        return Response(wording.nothing_open(service, context.style))
    now = context.ask.at
    return Response(
        wording.acked(service, context.ask.name, context.style, now),
        (ForService(service.id, Ack(context.ask.name, now)),),
    )


def _mute(context: CommandContext) -> Response:
    if len(context.words) < 2:
        return _help(context)
    service, number = context.find_incident(context.words[0])
    if service is None:
        return context.unknown_service(context.words[0])
    if context.means_another(number, context.state(service).incident):
        return context.another_incident(service, number)
    try:
        until = context.ask.at + length(context.words[1])
    except (ValueError, OverflowError):
        return _help(context)
    mute = Mute(context.ask.name, context.ask.at, until, " ".join(context.words[2:])[:200])
    return Response(wording.muted(service, mute, context.style, context.ask.at), (ForService(service.id, mute),))


def _unmute(context: CommandContext) -> Response:
    service = context.service
    if service is None:
        return context.unknown_service(context.phrase) if context.words else _help(context)
    order = Unmute(context.ask.name, context.ask.at)
    return Response(wording.unmuted(service, context.style), (ForService(service.id, order),))


def _correct(context: CommandContext) -> Response:
    """Correct a service, named by all words, or by the first with the reason after it."""
    if not context.words:
        return _help(context)
    why = ""
    service, number = context.find_incident(context.phrase)
    if service is None:
        (service, number), why = context.find_incident(context.words[0]), " ".join(context.words[1:])[:200]
    if service is None:
        return context.unknown_service(context.words[0])
    state, now = context.state(service), context.ask.at
    incident = correctable(state, now)
    if context.means_another(number, incident):
        return context.another_incident(service, number)
    if incident is None:
        already = state.last is not None and state.last.retracted
        return Response(wording.nothing_to_take_back(service, context.style, already=already))
    order = Correct(context.ask.name, now, why)
    return Response(wording.taken_back(service, incident, context.style, now), (ForService(service.id, order),))


def _help(context: CommandContext) -> Response:
    rows = ((c.usage, wording.command_help(c.name, context.style)) for c in COMMANDS.values())
    return Response(wording.guide(rows, context.style))


def _names(context: CommandContext, services: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(s.name for s, _ in context.known if s.id in services)


COMMANDS = {
    command.name: command
    for command in (
        Command("status", "status [service]", _status, loads=(Load.INCIDENTS,)),
        Command(
            "history",
            "history [service] [days]",
            _history,
            days=True,
            loads=(Load.INCIDENTS, Load.COVERAGE, Load.ANSWER_TIME),
        ),
        Command("check", "check service|address", check),
        Command("report", "report service [what|works]", report.report, loads=(Load.INCIDENTS,)),
        Command("subscribe", "subscribe [service…] [possible|likely|confirmed]", _subscribe, manages=True),
        Command("unsubscribe", "unsubscribe [service…]", _unsubscribe, manages=True),
        Command("subscriptions", "subscriptions", _subscriptions),
        Command("language", "language es", preferences.language, manages=True),
        Command("timezone", "timezone Europe/Madrid", preferences.timezone, manages=True),
        Command("quiet", "quiet 22:00-07:00 [except down …]|off", preferences.quiet, manages=True),
        Command("why", "why [incident]", _why, loads=(Load.TRAIL,)),
        Command("ack", "ack [service]", _ack, admins=True, loads=(Load.INCIDENTS,)),
        Command("mute", "mute service 2h [reason]", _mute, admins=True),
        Command("unmute", "unmute service", _unmute, admins=True),
        Command(
            "maintenance", "maintenance [service 22:00 23:30|for 1h [note]|cancel service]", maintenance.maintenance
        ),
        Command("correct", "correct service [reason]", _correct, admins=True),
        Command("delivery", "delivery [incident]", _delivery, admins=True, loads=(Load.TRAIL,)),
        Command("drill", "drill [audience]", _drill, admins=True),
        Command("allow", "allow [telegram:-100123]", rooms.allow, admins=True, loads=(Load.ROOMS,)),
        Command("disallow", "disallow [telegram:-100123]", rooms.disallow, admins=True, loads=(Load.ROOMS,)),
        Command("rooms", "rooms", rooms.rooms, admins=True, loads=(Load.ROOMS,)),
        Command("audit", "audit", rooms.audit, admins=True, loads=(Load.AUDIT,)),
        Command("help", "help", _help, aliases=("start",)),
    )
}
BY_NAME = {name: command for command in COMMANDS.values() for name in (command.name, *command.aliases)}


def listed(style: Style) -> tuple[tuple[str, str], ...]:
    """Name and one-line help of each command, for a platform's own list of them."""
    return tuple((name, wording.command_help(name, style)) for name in COMMANDS)

"""The table of commands, the same on every channel. Pure: a context in, an answer and orders out."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from bot import wording
from bot.chat import delivery_log, digests, maintenance, orders, preferences, subscriptions
from bot.chat.context import RECENT, CheckNow, CommandContext, Load, Response, SendDrill
from bot.model import Ask, Style
from bot.notify.routing import drill_deliveries
from bot.wording.catalog import command_words, fold

QUOTES = "\"'`´“”„‘’‚«»"
FIRST = ("status", "report", "subscribe", "history", "why")  # what most people need
NEAR = 0.7  # how similar the name of another command must be to be suggested


@dataclass(frozen=True, slots=True)
class Command:
    """A row of the table: how a command is written, who may give it, and what is loaded before it runs.

    `admins` and `manages` restrict it: to admins, because it gives an order about services; to those who manage the
    place, because it changes what the place hears. `days`: a number at its end is how many days it looks back.
    `examples`: lines that show how it is written; {service} is a service of the config. A command that returns None
    did not understand its words: then its usage is shown.
    """

    name: str
    usage: str
    run: Callable[[CommandContext], Response | None]
    admins: bool = False
    manages: bool = False
    days: bool = False
    loads: tuple[Load, ...] = ()
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

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
    command = named(called) or Command(called, "", partial(_unknown, called))
    words, period = delivery_log.days(words) if command.days else (words, RECENT)
    return Line(command, words, period)


def named(word: str) -> Command | None:
    """The command of this name, or of this word for it in any language."""
    return BY_NAME.get(word) or BY_NAME.get(command_words().get(fold(word), ""))


def respond(command: Command, context: CommandContext) -> Response:
    """Run a command, or say that the person may not give it. There is always an answer."""
    if not command.allows(context.ask, admin=context.admin):
        return Response(wording.not_allowed(context.style, manages=command.manages))
    return command.run(context) or usage(command, context)


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


def _drill(context: CommandContext) -> Response:
    """Drill one audience; without a name, every audience."""
    name, by_name = context.phrase.casefold(), {audience.name.casefold(): audience for audience in context.audiences}
    audiences = tuple(by_name[n] for n in (name,) if n in by_name) if name else context.audiences
    if not audiences:
        near = difflib.get_close_matches(name, by_name, 3) or list(by_name)
        return Response(wording.unknown_audience(context.phrase, [by_name[n].name for n in near], context.style))
    deliveries = drill_deliveries(audiences, context.ask.at)
    return Response(wording.drilled(len(deliveries), context.style), (SendDrill(deliveries),))


def _no_trail(context: CommandContext) -> Response:
    """There is no incident to tell of: of a service, of what was named, or at all."""
    if service := context.service:
        return Response(wording.history(replace(context.overview, recent=()), RECENT, context.style, service))
    if context.words:
        return Response(wording.no_incident(context.phrase, context.style))
    return Response(wording.nothing_yet(RECENT, context.style, context.ask.at))


def _check(context: CommandContext) -> Response:
    """Check a service of the config, else an address: it has a dot or a colon, which a misspelt name has not."""
    said = context.phrase
    if not said:
        example = next((service.id for service, _ in context.known), "x")
        return Response(wording.what_to_look_at(example, context.style))
    if service := context.find(said):
        return Response(None, (CheckNow(service.id),))
    if "://" in said or (len(context.words) == 1 and any(sign in said for sign in ".:")):
        return Response(None, (CheckNow("", said),))
    return context.unknown_service(said)


def _services(context: CommandContext) -> Response:
    return Response(wording.services([service for service, _ in context.overview.services], context.style))


def _unknown(name: str, context: CommandContext) -> Response:
    """Suggest commands of a similar name; and, where the line names a service ("is x down?"), its status."""
    near = difflib.get_close_matches(name, COMMANDS, 2, NEAR)
    words = (word.strip("?!.,;") for word in (name, *context.words))
    service = context.find(f"{name} {context.phrase}".strip()) or next(filter(None, map(context.find, words)), None)
    return Response(wording.unknown_command(name, [f"status {service.id}"] if service else near, context.style))


def _help(context: CommandContext) -> Response:
    """Say what Tocsin is, and list the commands that the person may give; of one that is named, how it is written."""
    if context.words and (command := named(context.words[0].strip(QUOTES).removeprefix("/").casefold())):
        return usage(command, context)
    rows = {
        c.name: (c.usage, wording.command_help(c.name, context.style)) for c in COMMANDS.values() if _may(c, context)
    }
    first = [row for name in FIRST if (row := rows.pop(name, None))]
    names = [service.name for service, _ in context.overview.services]
    return Response(wording.guide(first, list(rows.values()), names, context.style))


def _may(command: Command, context: CommandContext) -> bool:
    return command.allows(context.ask, admin=context.admin) or (command.manages and context.ask.prove is not None)


def usage(command: Command, context: CommandContext) -> Response:
    """How one command is written."""
    service = next((service.id for service, _ in context.overview.services), "x")
    examples = [example.format(service=service) for example in command.examples]
    row = command.usage, wording.command_help(command.name, context.style)
    return Response(wording.usage(row, examples, context.style))


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
        Command("services", "services", _services),
        Command("check", "check service|address", _check),
        Command("report", "report service [what|works]", orders.report, loads=(Load.INCIDENTS,)),
        Command(
            "subscribe",
            "subscribe [service…|digest name] [down restored …] [likely|possible] [after 10m]",
            subscriptions.subscribe,
            manages=True,
            examples=("subscribe", "subscribe {service} likely", "subscribe {service} down restored"),
        ),
        Command("unsubscribe", "unsubscribe [service…|digest [name]]", subscriptions.unsubscribe, manages=True),
        Command("subscriptions", "subscriptions", subscriptions.subscriptions),
        Command("digests", "digests", digests.digests, loads=(Load.DIGEST_TIMES,)),
        Command(
            "digest", "digest [name|add name address|remove name address]", digests.digest, loads=(Load.DIGEST_NOW,)
        ),
        Command("language", "language [es]", preferences.language, manages=True),
        Command("timezone", "timezone [Europe/Madrid]", preferences.timezone, manages=True),
        Command("clock", "clock [12h|24h]", preferences.clock, manages=True),
        Command("quiet", "quiet [22:00-07:00 [except down …]|off]", preferences.quiet, manages=True),
        Command("why", "why [incident]", _why, loads=(Load.TRAIL,)),
        Command("ack", "ack [service]", orders.ack, admins=True, loads=(Load.INCIDENTS,)),
        Command(
            "mute",
            "mute service 2h|until 18:00|until restored [reason]",
            orders.mute,
            admins=True,
            examples=("mute {service} 2h", "mute {service} until tomorrow 9:00 moving house"),
        ),
        Command("unmute", "unmute service", orders.unmute, admins=True, examples=("unmute {service}",)),
        Command(
            "maintenance", "maintenance [service 22:00 23:30|for 1h [note]|cancel service]", maintenance.maintenance
        ),
        Command(
            "correct",
            "correct service [reason]",
            orders.correct,
            admins=True,
            examples=("correct {service}", "correct {service} our own proxy failed"),
        ),
        Command("delivery", "delivery [incident]", _delivery, admins=True, loads=(Load.TRAIL,)),
        Command("drill", "drill [audience]", _drill, admins=True),
        Command("allow", "allow [telegram:-100123]", preferences.allow, admins=True, loads=(Load.ROOMS,)),
        Command("disallow", "disallow [telegram:-100123]", preferences.disallow, admins=True, loads=(Load.ROOMS,)),
        Command("rooms", "rooms", preferences.rooms, admins=True, loads=(Load.ROOMS,)),
        Command("audit", "audit", preferences.audit, admins=True, loads=(Load.AUDIT,)),
        Command("help", "help [command]", _help, aliases=("start",)),
    )
}
BY_NAME = {name: command for command in COMMANDS.values() for name in (command.name, *command.aliases)}


def listed(style: Style) -> tuple[tuple[str, str], ...]:
    """Name and one-line help of each command, for a platform's own list of them."""
    return tuple((name, wording.command_help(name, style)) for name in COMMANDS)

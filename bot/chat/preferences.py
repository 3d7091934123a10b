"""The commands for a room's settings: how it is written to, which rooms may ask, and `audit`. Pure."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace

from bot import wording
from bot.chat import times
from bot.chat.context import Allow, CommandContext, Disallow, Response, SetPlace
from bot.model import AllowedRoom, Destination, PlaceSettings, Quiet, Text, local_time, room_of
from bot.wording.catalog import fold, input_words

OFFSET = re.compile(r"(utc|gmt)[+-]\d")  # a zone that knows no summer time is not what people mean
CLOCKS = {"12h": "12h", "12": "12h", "24h": "24h", "24": "24h"}
# The kinds of channel that take commands.
INTERACTIVE = frozenset({"slack", "discord", "telegram"})


def quiet(context: CommandContext) -> Response:
    """Set or clear the quiet hours."""
    now, place = context.ask.at, context.ask.where
    if not context.words:
        held = next((one.quiet_at(place) for one in context.configured), context.settings.quiet)
        return Response(wording.quiet(held, context.style, now))
    try:
        wanted = None if fold(context.phrase) in input_words("off") else _quiet(context.words)
    except ValueError:
        return Response(wording.no_hours(context.style))
    reply = wording.quiet(wanted, context.style, now)
    return _set(context, "quiet", replace(context.settings, quiet=wanted), reply)


def _quiet(said: tuple[str, ...]) -> Quiet:
    """Parse "22:00-07:00", "from 10pm until 7am", each with "except down" after it. ValueError for anything else."""
    left = list(said)
    if (hours := times.range_of_day(left)) is None:
        raise ValueError("is no range of hours")
    topics = ["except" if fold(word) in input_words("except") else word for word in left]
    return Quiet.parse(" ".join(["{:%H:%M}-{:%H:%M}".format(*hours), *topics]).casefold())


def language(context: CommandContext) -> Response:
    """Set the language, by its code or its name in any language."""
    if not context.words:
        return Response(wording.language_now(context.style))
    said = context.phrase.casefold()
    code = wording.language_code(said)
    if code is None:
        return Response(wording.unknown_language(said, context.style))
    style = replace(context.style, language=code)
    return _set(context, "language", replace(context.settings, language=code), wording.language(style))


def timezone(context: CommandContext) -> Response:
    """Set the time zone."""
    if not context.words:
        return Response(wording.timezone_now(context.style, context.ask.at))
    said = "_".join(context.words).casefold()
    zone = local_time.named(said)
    if zone is None:
        near = [] if OFFSET.match(said) else difflib.get_close_matches(said, local_time.zones(), 3)
        return Response(wording.unknown_timezone(said, [local_time.zones()[name] for name in near], context.style))
    style = replace(context.style, timezone=zone)
    reply = wording.timezone(style, context.ask.at)
    return _set(context, "timezone", replace(context.settings, timezone=zone), reply)


def clock(context: CommandContext) -> Response:
    """Set how times look: in 12 or in 24 hours."""
    wanted = CLOCKS.get("".join(context.words).casefold())
    if wanted is None:
        return Response(wording.clock(context.style, context.ask.at, new=False))
    style = replace(context.style, clock=wanted)
    reply = wording.clock(style, context.ask.at, new=True)
    return _set(context, "clock", replace(context.settings, clock=wanted), reply)


def _set(context: CommandContext, what: str, wanted: PlaceSettings, reply: Text) -> Response:
    """Store the settings of the place, unless the config has set `what` for it."""
    audience = next((one.name for one in context.configured if getattr(one.fixed, what)), None)
    if audience is not None:
        return Response(wording.fixed(audience, context.style))
    return Response(reply, (SetPlace(context.ask.where, wanted),) if wanted != context.settings else ())


def allow(context: CommandContext) -> Response:
    """Let a place in; without one, the place where the command is given."""
    place = _place(context)
    if place is None:
        return Response(wording.no_room("allow", context.style))
    if _is_known(context, place):
        return Response(wording.allowed(place, context.style, already=True))
    allowed = AllowedRoom(place, context.ask.who, context.ask.name, context.ask.at)
    return Response(wording.allowed(place, context.style), (Allow(allowed),))


def disallow(context: CommandContext) -> Response:
    """Shut a place out, also one that only subscribed. Places of the config stay."""
    place = _place(context)
    if place is None:
        return Response(wording.no_room("disallow", context.style))
    if place in map(room_of, context.rooms.named):
        return Response(wording.not_disallowed(place, context.style, named=True))
    subscribed = any(room_of(subscription.destination) == place for subscription in context.overview.subscriptions)
    if not subscribed and all(room.place != place for room in context.rooms.allowed):
        return Response(wording.not_disallowed(place, context.style, named=False))
    return Response(wording.disallowed(place, context.style), (Disallow(place),))


def rooms(context: CommandContext) -> Response:
    known = context.rooms
    return Response(wording.rooms(known.allowed, known.named, context.style, context.ask.at, public=known.public))


def audit(context: CommandContext) -> Response:
    return Response(wording.audit(context.audit, context.style, context.ask.at))


def _is_known(context: CommandContext, place: Destination) -> bool:
    return place in map(room_of, context.rooms.named) or any(room.place == place for room in context.rooms.allowed)


def _place(context: CommandContext) -> Destination | None:
    """The room that is named, else the one asked from; None for a place where people cannot give commands."""
    if not context.words:
        return room_of(context.ask.where)
    try:
        place = Destination.parse(context.words[0] if len(context.words) == 1 else "")
    except ValueError:
        return None
    return room_of(place) if place.kind in INTERACTIVE and len(place.place) <= 100 else None

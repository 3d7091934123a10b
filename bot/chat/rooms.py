"""The commands for which rooms may ask (`allow`, `disallow`, `rooms`), and `audit`. Pure."""

from __future__ import annotations

from bot import wording
from bot.chat.context import Allow, CommandContext, Disallow, Response
from bot.model import AllowedRoom, Destination, room_of

# The kinds of channel that take commands.
INTERACTIVE = frozenset({"slack", "discord", "telegram"})


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

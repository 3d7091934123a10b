"""The commands about who may ask, and what was ordered. Pure."""

from __future__ import annotations

from bot import wording
from bot.chat.context import Allow, CommandContext, Disallow, Response
from bot.model import AllowedRoom, Destination, room_of

TALKS = frozenset({"slack", "discord", "telegram"})  # where people can talk to us


def allow(context: CommandContext) -> Response:
    """Without a place it is the one where it is said."""
    place = _meant(context)
    if place is None:
        return Response(wording.no_room("allow", context.style))
    if _known(context, place):
        return Response(wording.allowed(place, context.style, already=True))
    allowed = AllowedRoom(place, context.ask.who, context.ask.name, context.ask.at)
    return Response(wording.allowed(place, context.style), (Allow(allowed),))


def disallow(context: CommandContext) -> Response:
    """A place that the config names is not shut out in a chat; one that only subscribed is."""
    place = _meant(context)
    if place is None:
        return Response(wording.no_room("disallow", context.style))
    if place in map(room_of, context.rooms.named):
        return Response(wording.not_disallowed(place, context.style, named=True))
    subscribed = any(room_of(held.destination) == place for held in context.overview.subscriptions)
    if not subscribed and all(one.place != place for one in context.rooms.allowed):
        return Response(wording.not_disallowed(place, context.style, named=False))
    return Response(wording.disallowed(place, context.style), (Disallow(place),))


def rooms(context: CommandContext) -> Response:
    known = context.rooms
    return Response(wording.rooms(known.allowed, known.named, context.style, context.ask.at, public=known.public))


def audit(context: CommandContext) -> Response:
    return Response(wording.audit(context.audit, context.style, context.ask.at))


def _known(context: CommandContext, place: Destination) -> bool:
    return place in map(room_of, context.rooms.named) or any(one.place == place for one in context.rooms.allowed)


def _meant(context: CommandContext) -> Destination | None:
    """None for what is no place where people can talk to us."""
    if not context.words:
        return room_of(context.ask.where)
    try:
        place = Destination.parse(context.words[0] if len(context.words) == 1 else "")
    except ValueError:
        return None
    return room_of(place) if place.kind in TALKS and len(place.place) <= 100 else None

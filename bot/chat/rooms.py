"""The commands about who may ask, and what was ordered. Pure."""

from __future__ import annotations

from bot import wording
from bot.chat.context import Allow, CommandContext, Disallow, Response
from bot.model import AllowedRoom, Destination, room_of

TALKS = frozenset({"slack", "discord", "telegram"})  # where people can talk to us


def allow(room: CommandContext) -> Response:
    """Without a place it is the one where it is said."""
    place = _meant(room)
    if place is None:
        return Response(wording.no_room("allow", room.style))
    if _known(room, place):
        return Response(wording.allowed(place, room.style, already=True))
    allowed = AllowedRoom(place, room.ask.who, room.ask.name, room.ask.at)
    return Response(wording.allowed(place, room.style), (Allow(allowed),))


def disallow(room: CommandContext) -> Response:
    """A place that the config names is not shut out in a chat; one that only subscribed is."""
    place = _meant(room)
    if place is None:
        return Response(wording.no_room("disallow", room.style))
    if place in map(room_of, room.ledger.named):
        return Response(wording.not_disallowed(place, room.style, named=True))
    subscribed = any(room_of(held.destination) == place for held in room.overview.subscriptions)
    if not subscribed and all(one.place != place for one in room.ledger.allowed):
        return Response(wording.not_disallowed(place, room.style, named=False))
    return Response(wording.disallowed(place, room.style), (Disallow(place),))


def rooms(room: CommandContext) -> Response:
    ledger = room.ledger
    return Response(wording.rooms(ledger.allowed, ledger.named, room.style, room.ask.at, public=ledger.public))


def audit(room: CommandContext) -> Response:
    return Response(wording.audit(room.ledger.entries, room.style, room.ask.at))


def _known(room: CommandContext, place: Destination) -> bool:
    return place in map(room_of, room.ledger.named) or any(one.place == place for one in room.ledger.allowed)


def _meant(room: CommandContext) -> Destination | None:
    """None for what is no place where people can talk to us."""
    if not room.words:
        return room_of(room.ask.where)
    try:
        place = Destination.parse(room.words[0] if len(room.words) == 1 else "")
    except ValueError:
        return None
    return room_of(place) if place.kind in TALKS and len(place.place) <= 100 else None

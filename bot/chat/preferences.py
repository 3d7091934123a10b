"""The commands about how a place is written to. Pure."""

from __future__ import annotations

import difflib
from dataclasses import replace

from bot import wording
from bot.chat.context import Room, Said, Subscribe
from bot.model import Quiet, Wish, Words, local_time
from bot.wording.phrases import CATALOGUES


def quiet(room: Room) -> Said:
    """Without words it tells how it is; words that are no hours get what is told without any."""
    said = " ".join(room.words).casefold()
    wanted = room.wish.quiet
    try:
        if said:
            wanted = None if said == "off" else Quiet.parse(said)
    except ValueError:
        return Said(wording.no_hours(room.style))
    return _settled(room, replace(room.wish, quiet=wanted), wording.quiet(wanted, room.wish.style, room.ask.at))


def language(room: Room) -> Said:
    said = room.words[0].casefold() if room.words else ""
    if said.replace("_", "-").partition("-")[0] not in CATALOGUES:
        return Said(wording.unknown_language(said, room.style))
    style = replace(room.wish.style, language=said)
    return _settled(room, replace(room.wish, style=style), wording.language(style))


def timezone(room: Room) -> Said:
    said = "_".join(room.words).casefold()
    zone = local_time.zones().get(said)
    if zone is None:
        near = difflib.get_close_matches(said, local_time.zones(), 3)
        return Said(wording.unknown_timezone(said, [local_time.zones()[name] for name in near], room.style))
    style = replace(room.wish.style, timezone=zone)
    return _settled(room, replace(room.wish, style=style), wording.timezone(style, room.ask.at))


def _settled(room: Room, wish: Wish, reply: Words) -> Said:
    """How a place is written to belongs to its subscription: without one there is nothing to set."""
    if room.held is None:
        return Said(wording.subscribe_first(room.style))
    orders = (Subscribe(replace(room.held, wish=wish)),) if wish != room.held.wish else ()
    return Said(reply, orders)

"""The commands about how a place is written to. Pure."""

from __future__ import annotations

import difflib
from dataclasses import replace

from bot import wording
from bot.chat.context import CommandContext, Response, Subscribe
from bot.model import Quiet, SubscriptionFilter, Text, local_time
from bot.wording.catalog import base, catalogs, fold, input_words


def quiet(room: CommandContext) -> Response:
    """Without words it tells how it is; words that are no hours get what is told without any."""
    exception = input_words("except")
    said = " ".join("except" if fold(word) in exception else word for word in room.words).casefold()
    wanted = room.subscription.quiet
    try:
        if said:
            wanted = None if fold(said) in input_words("off") else Quiet.parse(said)
    except ValueError:
        return Response(wording.no_hours(room.style))
    return _settled(
        room, replace(room.subscription, quiet=wanted), wording.quiet(wanted, room.subscription.style, room.ask.at)
    )


def language(room: CommandContext) -> Response:
    said = room.words[0].casefold() if room.words else ""
    if base(said) not in catalogs():
        return Response(wording.unknown_language(said, room.style))
    style = replace(room.subscription.style, language=said)
    return _settled(room, replace(room.subscription, style=style), wording.language(style))


def timezone(room: CommandContext) -> Response:
    said = "_".join(room.words).casefold()
    zone = local_time.zones().get(said)
    if zone is None:
        near = difflib.get_close_matches(said, local_time.zones(), 3)
        return Response(wording.unknown_timezone(said, [local_time.zones()[name] for name in near], room.style))
    style = replace(room.subscription.style, timezone=zone)
    return _settled(room, replace(room.subscription, style=style), wording.timezone(style, room.ask.at))


def _settled(room: CommandContext, wish: SubscriptionFilter, reply: Text) -> Response:
    """How a place is written to belongs to its subscription: without one there is nothing to set."""
    if room.held is None:
        return Response(wording.subscribe_first(room.style))
    orders = (Subscribe(replace(room.held, filter=wish)),) if wish != room.held.filter else ()
    return Response(reply, orders)

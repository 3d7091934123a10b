"""The commands for how a place is written to: `quiet`, `language`, `timezone`. Pure."""

from __future__ import annotations

import difflib
from dataclasses import replace

from bot import wording
from bot.chat.context import CommandContext, Response, Subscribe
from bot.model import Quiet, SubscriptionFilter, Text, local_time
from bot.wording.catalog import base, catalogs, fold, input_words


def quiet(context: CommandContext) -> Response:
    """Set or clear the quiet hours; without words, show them."""
    exception = input_words("except")
    said = " ".join("except" if fold(word) in exception else word for word in context.words).casefold()
    wanted = context.filter.quiet
    try:
        if said:
            wanted = None if fold(said) in input_words("off") else Quiet.parse(said)
    except ValueError:
        return Response(wording.no_hours(context.style))
    return _set(
        context, replace(context.filter, quiet=wanted), wording.quiet(wanted, context.filter.style, context.ask.at)
    )


def language(context: CommandContext) -> Response:
    said = context.words[0].casefold() if context.words else ""
    if base(said) not in catalogs():
        return Response(wording.unknown_language(said, context.style))
    style = replace(context.filter.style, language=said)
    return _set(context, replace(context.filter, style=style), wording.language(style))


def timezone(context: CommandContext) -> Response:
    said = "_".join(context.words).casefold()
    zone = local_time.zones().get(said)
    if zone is None:
        near = difflib.get_close_matches(said, local_time.zones(), 3)
        return Response(wording.unknown_timezone(said, [local_time.zones()[name] for name in near], context.style))
    style = replace(context.filter.style, timezone=zone)
    return _set(context, replace(context.filter, style=style), wording.timezone(style, context.ask.at))


def _set(context: CommandContext, wish: SubscriptionFilter, reply: Text) -> Response:
    """Store a filter in the place's subscription. Without one there is nothing to set."""
    if context.subscription is None:
        return Response(wording.subscribe_first(context.style))
    orders = (Subscribe(replace(context.subscription, filter=wish)),) if wish != context.subscription.filter else ()
    return Response(reply, orders)

"""`check`: look now. Pure: it says at what; the desk's eyes do it."""

from __future__ import annotations

from bot import wording
from bot.chat.context import CommandContext, Look, Response


def check(context: CommandContext) -> Response:
    """A service of the config, or else an address, which has a dot or a colon where a misspelt name has none."""
    said = context.phrase
    if not said:
        example = next((service.id for service, _ in context.known), "x")
        return Response(wording.what_to_look_at(example, context.style))
    if service := context.find(said):
        return Response(None, (Look(service.id),))
    if "://" in said or (len(context.words) == 1 and any(sign in said for sign in ".:")):
        return Response(None, (Look("", said),))
    return context.unknown_service(said)

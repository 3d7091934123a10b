"""The command `check`: it names what to check now; `on_demand_check` does it. Pure."""

from __future__ import annotations

from bot import wording
from bot.chat.context import CheckNow, CommandContext, Response


def check(context: CommandContext) -> Response:
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

"""Says a line to the pure commands, with an overview made by hand."""

from __future__ import annotations

from bot.chat import commands
from bot.chat.context import CommandContext
from bot.model import PlaceSettings

UNSET = PlaceSettings()


def context_of(ask, overview, style, *, admin=False, audiences=(), trail=None, settings=UNSET):
    line = commands.parse(ask.text)
    return CommandContext(ask, line.words, overview, style, audiences, admin, line.period, trail, settings=settings)


def respond(ask, overview, style, **more):
    return commands.respond(commands.parse(ask.text).command, context_of(ask, overview, style, **more))

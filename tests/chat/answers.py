"""Says a line to the pure commands, with an overview made by hand."""

from __future__ import annotations

from bot.chat import commands
from bot.chat.context import CommandContext


def context_of(ask, overview, style, *, admin, audiences=(), trail=None):
    line = commands.parse(ask.text)
    return CommandContext(ask, line.words, overview, style, audiences, admin, line.period, trail)


def respond(ask, overview, style, **more):
    return commands.respond(commands.parse(ask.text).command, context_of(ask, overview, style, **more))

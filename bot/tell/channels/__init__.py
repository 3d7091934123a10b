"""The ways to people: one file or folder a kind. A new one is that and a name in `AnyChannel`."""

from __future__ import annotations

from bot.tell.channels.apprise import AppriseSettings
from bot.tell.channels.console import ConsoleSettings
from bot.tell.channels.discord import DiscordSettings
from bot.tell.channels.email import EmailSettings
from bot.tell.channels.slack import SlackSettings
from bot.tell.channels.telegram import TelegramSettings
from bot.tell.channels.webhook import WebhookSettings

AnyChannel = (
    SlackSettings
    | DiscordSettings
    | TelegramSettings
    | EmailSettings
    | WebhookSettings
    | AppriseSettings
    | ConsoleSettings
)

__all__ = ["AnyChannel"]

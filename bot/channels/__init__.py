"""One folder or file for each platform.

To add one, write a folder or file here and name it in `AnyChannel`.
"""

from __future__ import annotations

from bot.channels.apprise import AppriseSettings
from bot.channels.console import ConsoleSettings
from bot.channels.discord import DiscordSettings
from bot.channels.email import EmailSettings
from bot.channels.slack import SlackSettings
from bot.channels.telegram import TelegramSettings
from bot.channels.webhook import WebhookSettings

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

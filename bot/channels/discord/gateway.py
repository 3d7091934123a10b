"""Slash commands and buttons, received over Discord's gateway.

A client of its own listens, since the library closes a client's HTTP session when the gateway fails for good.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Mapping
from typing import Any

import discord
from discord import app_commands

from bot.channels.discord.receipts import TROUBLE, describe
from bot.channels.discord.render import answered
from bot.channels.discord.session import created_at
from bot.contracts import Answering, ChannelContext
from bot.model import Ask, Destination, Reply, Text

log = logging.getLogger(__name__)

FATAL = frozenset({4004, 4010, 4011, 4012, 4013, 4014})  # close codes after which a new connection is refused again
RESERVE = 100  # spare IDENTIFYs of the 1,000 in 24 hours, beyond which Discord resets the token
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0  # seconds
PARTING = 5.0  # seconds that a half-open gateway may delay a stop
MEMORY = "discord.commands"
MOST = 500  # commands at once; further ones get no answer


class Spent(Exception):
    """Too few IDENTIFYs are left today: a crash loop would cost us the token. `wait` is in seconds."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"too many connections to the gateway today; waiting {wait:.0f} s")
        self.wait = wait


async def hear(token: str, desk: ChannelContext, answer: Answering, timeout: float, pause: float = FIRST_PAUSE) -> None:
    """Listen until cancelled; return if a new connection would not help. `timeout` is for one request, in seconds."""
    wait = pause
    while True:
        ear = Gateway(desk, answer, timeout)
        try:
            await ear.start(token)
        except (discord.LoginFailure, discord.PrivilegedIntentsRequired, discord.ConnectionClosed) as end:
            if _fatal(end):
                log.error(
                    "Discord: no commands are heard: %s; see to it in the developer portal, then start again",
                    _last_words(end),
                )
                return
            log.info("Discord: %s", _last_words(end))
        except Spent as spent:
            wait = max(wait, spent.wait)
            log.warning("Discord: %s", spent)
        except Exception as trouble:  # noqa: BLE001  the boundary of a channel
            log.log(
                logging.WARNING if wait == pause else logging.DEBUG,
                "Discord: no commands are heard for now: %s",
                describe(trouble, timeout),
            )
        finally:
            await ear.part()
        wait = pause if ear.heard else wait
        await asyncio.sleep(wait)
        wait = min(wait * 2, LONGEST_PAUSE)


def _fatal(end: Exception) -> bool:
    return not isinstance(end, discord.ConnectionClosed) or end.code in FATAL


def _last_words(end: Exception) -> str:
    match end:
        case discord.ConnectionClosed(code=code):
            return f"the gateway closed with code {code}"
        case discord.LoginFailure():
            return "it does not know the token"
        case _:
            return "the gateway refused our intents"


class Gateway(discord.Client):
    """A client connected to the gateway, with a slash command for each of ours."""

    def __init__(self, desk: ChannelContext, answer: Answering, timeout: float) -> None:
        super().__init__(
            intents=discord.Intents.none(),  # commands need none, and nothing else is kept in memory
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
            guild_ready_timeout=0,
            max_ratelimit_timeout=30,
        )
        self.heard = False  # whether it was ever connected
        self._desk = desk
        self._answer = answer
        self._timeout = timeout
        self._asked: set[asyncio.Task[Any]] = set()
        self._tree = Tree(self)
        for name, what in desk.commands:
            self._tree.add_command(self._command(name, what))

    async def setup_hook(self) -> None:
        await self._spare()
        await self._tell_commands()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        await super().before_identify_hook(shard_id, initial=initial)
        if not initial:
            await self._spare()

    async def on_ready(self) -> None:
        self.heard = True
        log.info("Discord: commands are heard")

    async def on_resumed(self) -> None:
        log.debug("Discord: the gateway is back")

    async def part(self) -> None:
        """Close everything: tasks and sockets."""
        for task in self._asked:
            task.cancel()
        await asyncio.gather(*self._asked, return_exceptions=True)
        try:
            async with asyncio.timeout(PARTING):
                await self.close()
        except TROUBLE:
            await self.http.close()

    # ── what we send to Discord ──────────────────────────────────────────────────────────────────────────────────────

    async def _spare(self) -> None:
        """Raise Spent if few IDENTIFYs are left, as counted by Discord over all processes and restarts."""
        _, _, limit = await self.http.get_bot_gateway()
        if limit["remaining"] <= RESERVE:
            raise Spent(limit["reset_after"] / 1000)

    async def _tell_commands(self) -> None:
        """Send the commands only if they have changed: Discord takes 200 new ones a day."""
        told = [self.application_id, [command.to_dict(self._tree) for command in self._tree.get_commands()]]
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        if await self._desk.recall(MEMORY) == digest:
            return
        try:
            await self._tree.sync()
        except discord.DiscordException as refusal:
            log.warning("Discord: the commands' list was not taken: %s", describe(refusal, self._timeout))
        else:
            await self._desk.remember(MEMORY, digest)

    def _command(self, name: str, what: str) -> app_commands.Command[Any, ..., None]:
        @app_commands.describe(text="what to add")
        async def run(interaction: discord.Interaction, text: str = "") -> None:  # noqa: ARG001 - makes Discord show a field
            # Not only `text`: a command of an earlier version, which Discord still shows, may have other fields.
            self.heed(interaction, _typed(interaction.data or {}))

        return app_commands.Command(
            name=name,
            description=what[:100],
            callback=run,
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )

    # ── what people ask ──────────────────────────────────────────────────────────────────────────────────────────────

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        """Handle a button, whose id is the command."""
        if interaction.type is discord.InteractionType.component:
            pressed: Mapping[str, Any] = interaction.data or {}
            self.heed(interaction, str(pressed.get("custom_id") or ""))

    def heed(self, interaction: discord.Interaction, text: str) -> None:
        if len(self._asked) >= MOST:
            log.debug("Discord: too much is asked at once: a command is not answered")
            return
        # A task of ours: the library keeps no reference to its own, so a stop could not end them.
        task = asyncio.create_task(self._heed(interaction, text))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _heed(self, interaction: discord.Interaction, text: str) -> None:
        """Discord waits 3 seconds for a first answer, then 15 minutes. If it takes no answer, the order is carried out
        all the same.
        """
        open_still = await self._said(interaction.response.defer(ephemeral=True, thinking=True))
        words = await self._ask(interaction, text)
        if open_still:
            await self._said(_reply(interaction, words))

    async def _said(self, saying: Awaitable[object]) -> bool:
        try:
            async with asyncio.timeout(self._timeout):
                await saying
        except (discord.DiscordException, *TROUBLE) as trouble:
            log.warning("Discord: a command was not answered: %s", describe(trouble, self._timeout))
            return False
        return True

    async def _ask(self, interaction: discord.Interaction, text: str) -> Text | None:
        if not interaction.channel_id:
            return None
        try:
            return await self._answer(_ask_of(interaction, text))
        except Exception:  # the boundary of a channel: one bad answer must not end the listening
            log.exception("Discord: /%s was not answered", text.partition(" ")[0])
            return None


async def _reply(interaction: discord.Interaction, words: Text | None) -> None:
    """Edit the first answer, which is safe to repeat."""
    if not words:
        await interaction.delete_original_response()
        return
    reply = answered(words)
    await interaction.edit_original_response(
        content=reply.content, embeds=reply.embeds, allowed_mentions=discord.AllowedMentions.none()
    )


def _ask_of(interaction: discord.Interaction, text: str) -> Ask:
    may, alone = interaction.permissions, _alone(interaction)
    message = interaction.message
    return Ask(
        text=text,
        who=f"discord:{interaction.user.id}",
        name=interaction.user.display_name,
        where=Destination("discord", str(interaction.channel_id)),
        at=created_at(interaction),
        key=str(interaction.id),
        # In a server by the permissions that Discord sends along; elsewhere only in direct messages with us alone.
        may_manage=alone
        or (interaction.guild_id is not None and (may.administrator or may.manage_guild or may.manage_channels)),
        reply=Reply.PRIVATE if alone else Reply.ALONE,
        also=_also(interaction, alone=alone),
        once=f"discord:{interaction.id}",
        language=str(interaction.locale),
        under=created_at(message) if message is not None else None,
    )


def _alone(interaction: discord.Interaction) -> bool:
    """Whether it is a direct message between this person and us. Missing data prove nothing."""
    context, channel = interaction.context, interaction.channel
    return (
        interaction.guild_id is None
        and context.dm_channel is True
        and not context.private_channel
        and (channel is None or channel.type is discord.ChannelType.private)
    )


def _also(interaction: discord.Interaction, *, alone: bool) -> tuple[Destination, ...]:
    """Other names of the place: a thread's channel, or "@" and a person's number for direct messages."""
    parent = getattr(interaction.channel, "parent_id", None)
    names = (f"@{interaction.user.id}" if alone else "", str(parent) if parent else "")
    return tuple(Destination("discord", name) for name in names if name)


class Tree(app_commands.CommandTree["Gateway"]):
    """Handles commands of an earlier version, which Discord may still show, like any unknown command."""

    async def on_error(self, interaction: discord.Interaction[Gateway], error: app_commands.AppCommandError) -> None:
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            interaction.client.heed(interaction, _typed(interaction.data or {}))
            return
        log.error("Discord: a command could not be read (%s)", type(error).__name__)


def _typed(data: Mapping[str, Any]) -> str:
    """A command as it would be typed, whatever its fields were."""
    options = data.get("options")
    values = [
        option.get("value") for option in (options if isinstance(options, list) else ()) if isinstance(option, dict)
    ]
    return " ".join((str(data.get("name") or ""), *(str(value) for value in values if isinstance(value, str | int))))

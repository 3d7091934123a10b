"""Whether a place can be written to, asked of Discord without writing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import discord

from bot.channels.discord.receipts import invalid, judge, refused, unreadable
from bot.channels.discord.session import Session
from bot.contracts import Reach, reach_of
from bot.model import Reason, ReasonCode

Said = dict[str, Any]

# https://discord.com/developers/docs/resources/channel#channel-object-channel-types
PERSONAL = frozenset({1, 3})
THREADS = frozenset({10, 11, 12})
FORUMS = frozenset({15, 16})
WRITTEN = frozenset({0, 2, 5, 13}) | THREADS
UNSEEN = "whether they take direct messages from the bot shows only when it writes"

NOT_TEXT, FORUM, LOCKED, UNSEEABLE, MUTE = 50008, 40058, 160005, 50001, 50013
NOT_OURS = Reach(None, Reason.of(ReasonCode.DISCORD_RIGHTS_UNTOLD))


class Reacher:
    """Asks with the same client that sends."""

    def __init__(self, session: Session, timeout: float) -> None:
        self._session = session
        self._timeout = timeout  # seconds for one place
        self._asking = asyncio.Lock()
        self._servers: dict[int, tuple[discord.Guild, discord.Member]] = {}  # each with the bot's membership

    async def account(self) -> Reach:
        return await self._asked(self._ourselves())

    async def reach(self, place: str) -> Reach:
        number = place.removeprefix("@")
        if not (number.isascii() and number.isdecimal()):
            return Reach(False, invalid(place))
        return await self._asked(self._person(int(number)) if place != number else self._look(int(number)))

    async def _ourselves(self) -> Reach:
        client = await self._session.client()
        return Reach(True, f"knows the bot as @{client.user.name if client.user else '?'}")

    async def _person(self, number: int) -> Reach:
        """Check a person. Opening the direct messages would prove no more, and is a rate-limited write."""
        client = await self._session.client()
        said: Said = dict(await client.http.get_user(number))
        if said.get("bot"):
            return reach_of(refused(50007))
        return Reach(True, f"a person: {said.get('global_name') or said['username']} ({UNSEEN})")

    async def _look(self, number: int) -> Reach:
        client = await self._session.client()
        said: Said = dict(await client.http.get_channel(number))
        kind, name = said["type"], f"#{said.get('name')}"
        if kind in PERSONAL:
            return Reach(True, "direct messages, open to the bot")
        if kind not in WRITTEN:
            return reach_of(refused(FORUM if kind in FORUMS else NOT_TEXT))
        if (said.get("thread_metadata") or {}).get("locked"):
            return reach_of(refused(LOCKED))
        may = await self._rights(client, said)
        writes = may and (may.send_messages_in_threads if kind in THREADS else may.send_messages)
        if may is None or not may.view_channel or not writes:
            return NOT_OURS if may is None else reach_of(refused(MUTE if may.view_channel else UNSEEABLE))
        plain = "" if may.embed_links else " (plainly: it lacks Embed Links)"
        return Reach(True, f"{name}: the bot may write there{plain}")

    async def _rights(self, client: discord.Client, channel: Said) -> discord.Permissions | None:
        """The bot's rights in the channel, or in a thread's channel. None if Discord does not show them."""
        number = int(channel["guild_id"])
        try:
            async with self._asking:
                if number not in self._servers:
                    server = await client.fetch_guild(number, with_counts=False)
                    self._servers[number] = server, await server.fetch_member(client.user.id if client.user else 0)
            server, us = self._servers[number]
            shown = channel["parent_id"] if channel["type"] in THREADS else channel["id"]
            found = await server.fetch_channel(int(shown))
        except (discord.Forbidden, discord.NotFound):
            return None
        return None if isinstance(found, discord.Thread) else found.permissions_for(us)

    async def _asked(self, asking: Awaitable[Reach]) -> Reach:
        try:
            async with asyncio.timeout(self._timeout):
                return await asking
        except (KeyError, TypeError, ValueError, AttributeError, discord.InvalidData) as odd:
            return Reach(False, unreadable(odd))
        except Exception as trouble:  # noqa: BLE001  the boundary of a channel
            return reach_of(judge(trouble, left=False, timeout=self._timeout))

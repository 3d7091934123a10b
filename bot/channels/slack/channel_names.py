"""Names and ids of channels: a config may name "#newsroom", which Slack calls C012 in everything people do there."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict

from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.receipts import Failed, asked
from bot.contracts import ChannelContext

log = logging.getLogger(__name__)

OTHERWISE = ("#", "U", "W")  # how a place begins that is no channel's id
UNTOLD = frozenset({"privategroup", "directmessage", ""})  # what Slack writes for a name that it does not tell
PATIENCE = 1.0  # seconds that an answer waits for a name
KNOWN_FOR = 600.0  # seconds: channels are renamed
MOST = 1_000  # names kept


class ChannelNames:
    """The id of a place that has been written to, and the name of a channel that people ask from."""

    def __init__(self, web: AsyncWebClient, desk: ChannelContext) -> None:
        self._web, self._desk = web, desk
        self._ids: dict[str, str] = {}  # "#newsroom" -> "C012"
        self._names: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def id(self, place: str) -> str:
        """The id of a channel given by name or person, if an earlier message revealed it."""
        if place.startswith(OTHERWISE) and place not in self._ids:
            self._ids[place] = await self._desk.recall(f"slack {place}") or place
        return self._ids.get(place, place)

    async def learn(self, place: str, channel: str) -> None:
        """Remember the id that Slack gave for a place we wrote to."""
        if not place.startswith(OTHERWISE) or self._ids.get(place) == channel:
            return
        self._ids[place] = channel
        if place.startswith("#"):
            self._keep(channel, place)
        try:
            await self._desk.remember(f"slack {place}", channel)
        except Exception as error:  # noqa: BLE001 - sent: our failing memory must not make it look unsent
            log.warning("could not remember the id of %s (%s)", place, type(error).__name__)

    async def name(self, channel: str, told: str = "") -> str:
        """ "#newsroom" for "C012"; "" if Slack does not tell it. `told`: what it said of its own accord."""
        if told not in UNTOLD:
            return self._keep(channel, f"#{told}")
        at, known = self._names.get(channel, (0.0, ""))
        if (channel in self._names and time.monotonic() - at < KNOWN_FOR) or not channel.startswith(("C", "G")):
            return known
        try:
            async with asyncio.timeout(PATIENCE):
                said = await asked(self._web.conversations_info(channel=channel))
        except TimeoutError:
            return known
        found = said.get("channel") if not isinstance(said, Failed) else None
        name = found.get("name") if isinstance(found, dict) else None
        return self._keep(channel, f"#{name}" if isinstance(name, str) and name else known)

    def _keep(self, channel: str, name: str) -> str:
        self._names[channel] = (time.monotonic(), name)
        self._names.move_to_end(channel)
        if len(self._names) > MOST:
            self._names.popitem(last=False)
        return name

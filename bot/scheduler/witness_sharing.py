"""Shares what witnesses report among the nodes of a cluster, as each witness reports to one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from bot.scheduler.jobs import retrying
from bot.store.witnesses import WitnessStore
from bot.watch.witness.registry import WAIT, WAIT_SHARED, WitnessRegistry

EVERY = 0.5  # seconds between two looks
FORGET = 600.0  # seconds between two deletions of old rows


@dataclass
class WitnessSharing:
    """`several`: whether other nodes live; alone, nothing is written or read."""

    registry: WitnessRegistry
    store: WitnessStore
    several: Callable[[], bool]
    _mark: float | None = None
    _turns: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with retrying("share what the witnesses tell, which the next look does"):
                await self.turn()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await stop.wait()

    async def turn(self) -> None:
        """Write what was heard here, and take over what others have heard."""
        told = self.registry.outgoing()
        if not self.several():
            self.registry.wait, self._mark = WAIT, None
            return
        self.registry.wait = WAIT_SHARED
        await self.store.share(*told)
        news = await self.store.news(self._mark)
        self._mark = news.mark
        self.registry.adopt(news)
        self._turns += 1
        if self._turns * EVERY >= FORGET:
            self._turns = 0
            await self.store.forget()

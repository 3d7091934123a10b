"""Texts that are made once and reused for a moment, so that many reloads do not slow the checks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic

from bot.web.plain_text import well_formed

FRESH = 2.0  # seconds for which a page is reused


@dataclass
class RenderCache:
    """A text that is reused for `fresh` seconds."""

    make: Callable[[], Awaitable[str]]
    fresh: float = FRESH
    text: str = ""
    until: float = 0.0
    making: asyncio.Task[str] | None = None

    async def get(self) -> str:
        """Return the text. Simultaneous callers share one rendering and its failure."""
        if monotonic() < self.until:
            return self.text
        if self.making is None:
            self.making = asyncio.create_task(self._made())
            self.making.add_done_callback(self._over)
        return await asyncio.shield(self.making)  # a caller that disconnects does not cancel it for others

    async def _made(self) -> str:
        self.text, self.until = well_formed(await self.make()), monotonic() + self.fresh
        return self.text

    def _over(self, task: asyncio.Task[str]) -> None:
        self.making = None
        if not task.cancelled():
            task.exception()  # mark it as retrieved: its waiters raise it, unless all disconnected

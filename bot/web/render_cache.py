"""Values that are made once and reused for a moment, so that many reloads do not slow the checks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

from bot.web.rendering import well_formed

FRESH = 2.0  # seconds for which a page is reused
MOST = 500  # pages that are kept by key

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """A value that is reused for `fresh` seconds."""

    def __init__(self, make: Callable[[], Awaitable[Value]], fresh: float = FRESH) -> None:
        self.make = make
        self._fresh = fresh
        self._until = float("-inf")
        self._value: Value
        self._making: asyncio.Task[Value] | None = None

    async def get(self) -> Value:
        """Return the value. Simultaneous callers share one making and its failure."""
        if monotonic() < self._until:
            return self._value
        if self._making is None:
            self._making = asyncio.create_task(self._made())
            self._making.add_done_callback(self._over)
        return await asyncio.shield(self._making)  # a caller that disconnects does not cancel it for others

    async def _made(self) -> Value:
        self._value, self._until = await self.make(), monotonic() + self._fresh
        return self._value

    def _over(self, task: asyncio.Task[Value]) -> None:
        self._making = None
        if not task.cancelled():
            task.exception()  # mark it as retrieved: its waiters raise it, unless all disconnected


class RenderCache(Recent[str]):
    """Likewise of a text, which is made safe for any browser."""

    def __init__(self, make: Callable[[], Awaitable[str]], fresh: float = FRESH) -> None:
        async def safe() -> str:
            return well_formed(await make())

        super().__init__(safe, fresh)


class RenderCaches:
    """Texts by key; only those used last are kept."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, ...], RenderCache] = {}

    async def get(self, key: tuple[str, ...], make: Callable[[], Awaitable[str]]) -> str:
        """Return the text. What cannot be made is not kept."""
        kept = self._kept.pop(key, None) or RenderCache(make)
        self._kept[key] = kept
        while len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]
        try:
            return await kept.get()
        except BaseException:
            if self._kept.get(key) is kept:
                del self._kept[key]
            raise

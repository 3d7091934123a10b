"""Values that are made once and reused for a moment, so that many reloads do not slow the checks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Generic, TypeVar

FRESH = 2.0  # seconds for which a value is reused

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """A value that is reused for `fresh` seconds."""

    def __init__(self, make: Callable[[], Awaitable[Value]], fresh: float = FRESH) -> None:
        self.make = make
        self._fresh = fresh
        self._made_at = float("-inf")
        self._value: Value
        self._making: asyncio.Task[Value] | None = None

    async def get(self, fresh: float | None = None) -> Value:
        """Return the value, at most so many seconds old. Simultaneous callers share one making and its failure."""
        if monotonic() - self._made_at < (self._fresh if fresh is None else fresh):
            return self._value
        if self._making is None:
            self._making = asyncio.create_task(self._made())
            self._making.add_done_callback(self._over)
        return await asyncio.shield(self._making)  # a caller that disconnects does not cancel it for others

    async def _made(self) -> Value:
        self._value, self._made_at = await self.make(), monotonic()
        return self._value

    def _over(self, task: asyncio.Task[Value]) -> None:
        self._making = None
        if not task.cancelled():
            task.exception()  # mark it as retrieved: its waiters raise it, unless all disconnected

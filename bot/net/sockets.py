"""The number of sockets for checks; the others are for kept connections, channels, the page and the database."""

from __future__ import annotations

import asyncio
import resource
from types import TracebackType

from bot.net.errors import Trip

FEWEST, MOST = 16, 4096


class Sockets:
    """A limited number of sockets; when all are taken, callers wait in turn."""

    def __init__(self, most: int | None = None) -> None:
        self._free = asyncio.Semaphore(most or a_share())

    def one(self, trip: Trip) -> _Taken:
        """Hold a socket for the time of a connection: `async with sockets.one(trip)`."""
        return _Taken(self._free, trip)


class _Taken:
    __slots__ = ("_free", "_trip")

    def __init__(self, free: asyncio.Semaphore, trip: Trip) -> None:
        self._free = free
        self._trip = trip

    async def __aenter__(self) -> None:
        if self._free.locked():
            self._trip.enter("turn")
        await self._free.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._free.release()


def a_share() -> int:
    """A quarter of this process's file limit; half of it is the pool's."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else max(FEWEST, min(MOST, soft // 4))

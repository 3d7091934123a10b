"""The number of sockets for checks; the others are for kept connections, channels, the page and the database."""

from __future__ import annotations

import asyncio
import resource
from collections import deque
from types import TracebackType

from bot.net.errors import Trip

FEWEST, MOST = 16, 4096


class Sockets:
    """A limited number of sockets; when all are taken, callers wait in turn."""

    def __init__(self, most: int | None = None) -> None:
        self._free = most or a_share()
        self._queue: deque[asyncio.Future[None]] = deque()

    def one(self, trip: Trip) -> _Taken:
        """Hold a socket for the time of a connection: `async with sockets.one(trip)`."""
        return _Taken(self, trip)

    async def take(self, trip: Trip) -> None:
        if self._free:  # then nobody waits
            self._free -= 1
            return
        trip.enter("turn")
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()
            raise

    def give_back(self) -> None:
        """Hand it to the first who waits."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class _Taken:
    __slots__ = ("_sockets", "_trip")

    def __init__(self, sockets: Sockets, trip: Trip) -> None:
        self._sockets = sockets
        self._trip = trip

    async def __aenter__(self) -> None:
        await self._sockets.take(self._trip)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sockets.give_back()


def a_share() -> int:
    """A quarter of this process's file limit; half of it is the pool's."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else max(FEWEST, min(MOST, soft // 4))

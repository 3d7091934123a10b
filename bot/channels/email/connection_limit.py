"""How many connections to a relay may be open at once: as many as are allowed and as it takes."""

from __future__ import annotations

import asyncio
from collections import deque

LEARNT = 600.0  # s that a limit holds which the relay has shown: it may have been a busy hour


class ConnectionLimit:
    """At most `most`; fewer for a while after the relay has refused one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._learnt: tuple[int, float] | None = None  # how many it takes, and until when that holds
        self._queue: deque[asyncio.Future[None]] = deque()

    @property
    def most(self) -> int:
        """How many there may be now."""
        if self._learnt and asyncio.get_running_loop().time() < self._learnt[1]:
            return min(self._most, self._learnt[0])
        self._learnt = None
        return self._most

    async def take(self, until: float) -> bool:
        """Wait for one, in turn, until then by the loop's time; False if there was none."""
        while self._taken >= self.most:
            turn = asyncio.get_running_loop().create_future()
            self._queue.append(turn)
            try:
                async with asyncio.timeout_at(until):
                    await turn
            except TimeoutError:
                self._wake()  # it may have been our turn
                return False
            except asyncio.CancelledError:
                self._wake()
                raise
        self._taken += 1
        return True

    def give_back(self) -> None:
        self._taken -= 1
        self._wake()

    def refused(self, others: int) -> bool:
        """Note that the relay refused one more than `others`. True if it takes any, so that waiting helps."""
        if others:
            self._learnt = others, asyncio.get_running_loop().time() + LEARNT
        return others > 0

    def _wake(self) -> None:
        """Let those who wait look, as many as there is room for."""
        room = self.most - self._taken
        while self._queue and room > 0:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                room -= 1

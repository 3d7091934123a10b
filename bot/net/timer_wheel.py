"""A timer wheel for time limits. Nearly all of them end before their time, and `asyncio.timeout` would set a timer of the
loop for each.
"""

from __future__ import annotations

import asyncio
from math import ceil
from types import TracebackType
from typing import Self

TICK = 0.05  # seconds: no limit ends early, and none ends later than this


class TimerWheel:
    """The running time limits of one loop, by the tick in which they end.

    One timer of the loop stands for all. It is set for the first of them, and stays set when that one is over in time.
    """

    def __init__(self) -> None:
        self._slots: dict[int, set[TimeLimit]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_slot = 0

    def limit(self, seconds: float) -> TimeLimit:
        """`with wheel.limit(10) as limit:` raises TimeoutError once the time is over, as `asyncio.timeout` does. Only in a
        task, and once.
        """
        return TimeLimit(self, seconds)

    def add(self, limit: TimeLimit, seconds: float) -> int:
        """Start a limit; return its slot."""
        loop = asyncio.get_running_loop()
        slot = ceil((loop.time() + seconds) / TICK)
        limits = self._slots.get(slot)
        if limits is not None:
            limits.add(limit)
            return slot
        self._slots[slot] = {limit}
        if self._timer is None or slot < self._timer_slot:
            self._set_timer(slot, loop)
        return slot

    def remove(self, limit: TimeLimit, slot: int) -> None:
        """Drop a limit whose time is not over."""
        limits = self._slots[slot]
        limits.discard(limit)
        if not limits:
            del self._slots[slot]

    def _set_timer(self, slot: int, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_slot = slot
        self._timer = loop.call_at(slot * TICK, self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """End the limits whose time is over, and set the timer for the next."""
        self._timer = None
        over = max(self._timer_slot, int(loop.time() / TICK))
        for slot in [slot for slot in self._slots if slot <= over]:
            for limit in self._slots.pop(slot):
                limit.end()
        if self._slots:
            self._set_timer(min(self._slots), loop)


class TimeLimit:
    """The time limit of a task."""

    __slots__ = ("_cancelling", "_seconds", "_slot", "_task", "_wheel", "expired")

    def __init__(self, wheel: TimerWheel, seconds: float) -> None:
        self._wheel = wheel
        self._seconds = seconds
        self.expired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit is for a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._slot = self._wheel.add(self, self._seconds)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.expired:
            self._wheel.remove(self, self._slot)
        elif self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def end(self) -> None:
        """Cancel the task: its time is over."""
        self.expired = True
        self._task.cancel()

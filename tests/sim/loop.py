"""An event loop whose time is made up: when nothing is ready it is at once the time of the next timer. What is ready is
run in an order drawn from a seed, so that every interleaving has its turn and each can be seen again.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Callable, Coroutine
from typing import Any

SPINS = 20_000  # callbacks without time going on: something asks again and again


class Stuck(Exception):
    """Nothing will ever happen again, or no time goes by any more."""


class Numbered(asyncio.Task):
    """Tasks in the order they were made: sets of tasks have none, and the same seed must shuffle the same row."""

    number = 0


class VirtualLoop(asyncio.BaseEventLoop):
    """No selector, no sockets, no threads: what is meant for one is run here. `kill` ends it between two callbacks, as
    SIGKILL would.
    """

    def __init__(self, chance: random.Random, at: float = 0.0) -> None:
        super().__init__()
        self._chance = chance
        self._at = at
        self._made = 0
        self._ran = 0
        self.killed = False
        self.holds: list[tuple[float, float]] = []  # when this process gets no time, and for how long
        self.held = 0.0  # seconds, up to now
        self.set_task_factory(self._number)

    def time(self) -> float:
        return self._at

    def kill(self) -> None:
        self.killed = True

    def live(self, life: Coroutine[Any, Any, None]) -> bool:
        """Run until `life` ends; what it raises is raised. False: it was killed."""
        task = self.create_task(life)
        task.add_done_callback(self._end)
        self.run_forever()
        if self.killed:
            task.remove_done_callback(self._end)
            return False
        task.result()
        return True

    def bury(self) -> None:
        """Let the tasks of a killed life unwind, for nothing to be left open. The world must be deaf to it by now."""
        self.killed = False
        while tasks := asyncio.all_tasks(self):
            for task in sorted(tasks, key=lambda one: one.number):
                task.cancel()
            self.run_until_complete(asyncio.wait(tasks, timeout=60))
        self.run_until_complete(self.shutdown_asyncgens())
        self.close()

    def run_in_executor(self, _executor, work: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """As a thread would, at some moment after the call; its caller may be gone by then."""
        result = self.create_future()

        def run() -> None:
            try:
                value = work(*args)
            except Exception as error:  # noqa: BLE001 - it is for the caller
                if not result.cancelled():
                    result.set_exception(error)
            else:
                if not result.cancelled():
                    result.set_result(value)

        self.call_soon(run)
        return result

    def lets(self, handle: asyncio.Handle) -> bool:
        """Whether what is ready may run now."""
        return True

    def _end(self, _life: asyncio.Task[None]) -> None:
        self.stop()

    def _number(self, _loop, work, **more):
        task = Numbered(work, loop=self, **more)
        self._made += 1
        task.number = self._made
        return task

    def _run_once(self) -> None:
        self._come_to_the_next()
        row, ready = [handle for handle in self._ready if self.lets(handle)], self._ready
        ready.clear()
        self._ran += len(row)
        if self._ran > SPINS:
            raise Stuck(f"{self._ran} callbacks, and it is still {self._at} s")
        if len(row) > 1:
            row.sort(key=_number)
            self._chance.shuffle(row)
        for number, handle in enumerate(row, 1):
            if not handle._cancelled:
                handle._run()
                if self.killed:
                    ready.extendleft(reversed(row[number:]))
                    self.stop()
                    return

    def _come_to_the_next(self) -> None:
        """Where nothing is ready it is now the time of the first timer; what is due is ready."""
        timers = self._scheduled
        while timers and timers[0]._cancelled:
            heapq.heappop(timers)._scheduled = False
            self._timer_cancelled_count -= 1
        if not self._ready:
            if not timers:
                raise Stuck("nothing is left to wait for")
            if timers[0]._when > self._at:
                self._at, self._ran = timers[0]._when, 0
                self._hold()
        while timers and timers[0]._when <= self._at:
            timer = heapq.heappop(timers)
            timer._scheduled = False
            self._ready.append(timer)

    def _hold(self) -> None:
        """What is due runs later than it should."""
        while self.holds and self.holds[0][0] <= self._at:
            long = self.holds.pop(0)[1]
            self._at += long
            self.held += long

    def _process_events(self, _events) -> None:
        raise NotImplementedError  # there is no selector

    def _write_to_self(self) -> None:
        raise Stuck("a thread: its work ends when it likes")


def _number(handle: asyncio.Handle) -> int:
    """Of the task that a callback resumes; other callbacks come first, as they came."""
    task = getattr(handle._callback, "__self__", None)
    return task.number if isinstance(task, Numbered) else 0

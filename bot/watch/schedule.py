"""What is due when: one heap for all services. Pure: it asks no clock and starts nothing."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from math import floor


def share(key: str) -> float:
    """A key's place within any interval, 0 up to 1: the same in every process, as `hash()` is not."""
    return zlib.crc32(key.encode()) / 2**32


class Schedule:
    """Every key has slots `every` seconds apart, on a phase of its own, so that not all of them come at once.

    All instants are seconds of one clock that only goes forward. A key's first slot lies within its interval, or within
    `within` seconds where the interval is longer: what is looked at once a day is also looked at soon after a start.
    """

    def __init__(self, every: Mapping[str, float], now: float, *, within: float = 60.0) -> None:
        self._every = dict(every)
        self._within = within
        self._first: dict[str, float] = {}
        self._next: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self.restart(now)

    def restart(self, now: float) -> None:
        """Begin anew: what was missed is forgotten, and all first slots are spread again."""
        self._heap = []
        for key, every in self._every.items():
            self._first[key] = now + share(key) * min(every, self._within)
            self.move(key, self._first[key])

    def move(self, key: str, at: float) -> None:
        """Let the key's next slot be at `at`; those after it are on its phase again."""
        self._next[key] = at
        heappush(self._heap, (at, key))
        if len(self._heap) > 4 * len(self._next) + 64:  # slots that were moved away stay in the heap until their time
            self._heap = [(at, key) for key, at in self._next.items()]
            heapify(self._heap)

    def sooner(self, key: str, at: float) -> None:
        """Let the key's next slot be at `at`, if it is not sooner anyway."""
        if at < self._next[key]:
            self.move(key, at)

    def due(self, now: float, most: int) -> list[tuple[str, float]]:
        """The keys whose slot has come, with seconds of lateness, longest overdue first; the next slot of each is set.

        A late key is due once, however many of its slots went by. What exceeds `most` stays due.
        """
        due: list[tuple[str, float]] = []
        while self._heap and self._heap[0][0] <= now and len(due) < most:
            at, key = heappop(self._heap)
            if self._next[key] == at:
                due.append((key, now - at))
                self.move(key, self._slot_after(key, now))
        return due

    def _slot_after(self, key: str, now: float) -> float:
        first, every = self._first[key], self._every[key]
        slot = first + (floor((now - first) / every) + 1) * every
        return slot if slot > now else slot + every  # rounding must not make a key due again at once

"""What is watched, and when: the schedule of all services, on one heap. Pure: it reads no clock and starts nothing."""

from __future__ import annotations

import resource
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from heapq import heapify, heappop, heappush
from math import floor

from bot.contracts import Check, Source
from bot.model import Service

AT_ONCE = 500  # rounds at once at most ...
OF_FILES = 4  # ... and one per this many file descriptors: channels, pages and the database need some too
GAP = (5.0, 60.0)  # seconds: ticks this far apart, or two intervals within these bounds, mean a sleep


def share(key: str) -> float:
    """A key's place within any interval, from 0 up to 1; the same in every process, unlike `hash()`."""
    return zlib.crc32(key.encode()) / 2**32


class Schedule:
    """Gives every key slots `every` seconds apart, on a phase of its own, so that not all come at once.

    All instants are seconds of one clock that only goes forward. A key's first slot lies within its interval, but at
    most `within` seconds away: a daily check also runs soon after a start.
    """

    def __init__(self, every: Mapping[str, float], now: float, *, within: float = 60.0) -> None:
        self._every = dict(every)
        self._within = within
        self._first: dict[str, float] = {}
        self._next: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []
        self.restart(now)

    def restart(self, now: float) -> None:
        """Start again: forget missed slots and spread the first ones."""
        self._heap = []
        for key, every in self._every.items():
            self._first[key] = now + share(key) * min(every, self._within)
            self.move(key, self._first[key])

    def put(self, key: str, every: float, at: float) -> None:
        """Add a key, or give it another interval; its first slot is at `at`."""
        self._every[key], self._first[key] = every, at
        self.move(key, at)

    def drop(self, key: str) -> None:
        """Forget a key."""
        for known in (self._every, self._first, self._next):
            known.pop(key, None)

    def move(self, key: str, at: float) -> None:
        """Set the key's next slot to `at`; later ones are on its phase again. A key that was dropped stays so."""
        if key not in self._every:
            return
        self._next[key] = at
        heappush(self._heap, (at, key))
        if len(self._heap) > 4 * len(self._next) + 64:  # moved slots stay in the heap until their time
            self._heap = [(at, key) for key, at in self._next.items()]
            heapify(self._heap)

    def sooner(self, key: str, at: float) -> None:
        """Set the key's next slot to `at`, unless it is sooner."""
        if at < self._next.get(key, at):
            self.move(key, at)

    def due(self, now: float, most: int) -> list[tuple[str, float]]:
        """The keys whose slot has come, with their lateness in seconds, the latest first; their next slots are set.

        A key is due once, however many slots it missed. Keys beyond `most` stay due.
        """
        due: list[tuple[str, float]] = []
        while self._heap and self._heap[0][0] <= now and len(due) < most:
            at, key = heappop(self._heap)
            if self._next.get(key) == at:
                due.append((key, now - at))
                self.move(key, self._slot_after(key, now))
        return due

    def _slot_after(self, key: str, now: float) -> float:
        first, every = self._first[key], self._every[key]
        slot = first + (floor((now - first) / every) + 1) * every
        return slot if slot > now else slot + every  # rounding must not make a key due again at once


@dataclass(frozen=True, slots=True)
class Watched:
    """A service and how it is watched: checks by route name.

    `confirm_every`: the interval while it is not up; only then are the sources of `in_doubt` read.
    """

    service: Service
    checks: Mapping[str, Check]
    sources: tuple[Source, ...] = ()
    every: timedelta = timedelta(seconds=30)
    timeout: timedelta = timedelta(seconds=10)
    confirm_every: timedelta = timedelta(seconds=10)
    slow_after: timedelta = timedelta(seconds=5)
    in_doubt: tuple[Source, ...] = ()


def sleep_gap(watched: Sequence[Watched]) -> float:
    """Seconds between two ticks that mean a sleep."""
    return max(GAP[0], min(GAP[1], 2 * min((one.every.total_seconds() for one in watched), default=GAP[1])))


def most_at_once() -> int:
    """How many rounds may run at once with this process's limit of file descriptors."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return AT_ONCE if soft == resource.RLIM_INFINITY else max(1, min(AT_ONCE, soft // OF_FILES))

"""What is watched, and when: the schedule of all services, on one heap.

Routes that rate-limit us (HTTP 429) are left alone for a while. Pure: it reads no clock and starts nothing.
"""

from __future__ import annotations

import resource
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from heapq import heapify, heappop, heappush
from math import floor

from bot.contracts import Check, Source
from bot.model import Outcome, Reading, Round, Service

AT_ONCE = 500  # rounds at once at most ...
OF_FILES = 4  # ... and one per this many file descriptors: channels, pages and the database need some too
GAP = (5.0, 60.0)  # seconds: ticks this far apart, or two intervals within these bounds, mean a sleep
# s: the longest wait before a route is asked again, unless its service's interval is longer
LONGEST = 900.0


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


Key = tuple[str, str]  # service and route


@dataclass(frozen=True, slots=True)
class Hold:
    """A route to leave alone; `reading` is the response that asked for it."""

    until: float
    wait: float
    reading: Reading


class RateLimits:
    """All instants and lengths are seconds of one steady clock."""

    def __init__(self) -> None:
        self._holds: dict[Key, Hold] = {}

    def __bool__(self) -> bool:
        """Whether any route is or was lately left alone."""
        return bool(self._holds)

    def holds(self, key: Key, now: float) -> Reading | None:
        """The reading that stands for a route while it must not be asked, else None."""
        hold = self._holds.get(key)
        return hold.reading if hold and now < hold.until else None

    def until(self, key: Key) -> float | None:
        """When the route may be asked again; None: now."""
        hold = self._holds.get(key)
        return hold.until if hold else None

    def note(self, key: Key, reading: Reading, now: float, every: float) -> None:
        """Note a route's reading. A refusal without a wait doubles the last one."""
        if not limited(reading):
            self._holds.pop(key, None)
            return
        known = self._holds.get(key)
        asked = min(seconds(reading.wait), LONGEST) or (min(2 * known.wait, LONGEST) if known else every)
        wait = max(asked, every)
        self._holds[key] = Hold(now + wait, wait, reading)


def limited(reading: Reading) -> bool:
    """Whether it was refused for asking too often."""
    return reading.outcome is Outcome.INCONCLUSIVE and reading.wait is not None


def seconds(wait: timedelta | None) -> float:
    """The wait in seconds; None and negative waits are 0."""
    return max(wait.total_seconds(), 0.0) if wait else 0.0


def only_limited(seen: Round) -> bool:
    """Whether some routes of a round were rate-limited, and nothing else is wrong."""
    if not any(limited(reading) for reading in seen.readings):
        return False
    rest = [reading for reading in seen.readings if not limited(reading)]
    return all(reading.outcome in {Outcome.OK, Outcome.EXPIRING} for reading in rest)

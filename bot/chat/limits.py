"""Limits on what people may ask: of each person, of what is worked on at once, and of how fast answers leave.

All times are seconds of the running loop, given as arguments.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from bot.contracts import Pace

K = TypeVar("K")

# Commands a minute of one person, and of an admin.
EACH, ADMINS = 20, 120
# People whose tokens are remembered; one who is forgotten has all tokens again.
PEOPLE = 5_000
# Asks worked on at once on one platform, and how many may wait for that.
WIDTH, WAITING = 8, 100
# Seconds: an answer that could leave only later is not made.
LATEST = 20.0
# Answers in one place that may leave without a pause.
BURST = 10


class Buckets(Generic[K]):
    """A token bucket for each key: `most` at once, and again as many in `per` seconds."""

    def __init__(self, most: float, per: float, keys: int = PEOPLE) -> None:
        self.most, self._per, self._keys = most, per, keys
        self._left: OrderedDict[K, tuple[float, float]] = OrderedDict()

    def left(self, key: K, at: float) -> float:
        left, since = self._left.get(key, (self.most, at))
        return min(self.most, left + max(at - since, 0) * self.most / self._per)

    def take(self, key: K, at: float) -> bool:
        """Take a token; False if there is none."""
        left = self.left(key, at)
        self._left[key] = (left - 1 if left >= 1 else left, at)
        self._left.move_to_end(key)
        if len(self._left) > self._keys:
            self._left.popitem(last=False)
        return left >= 1


class Admission(Enum):
    FINE = "fine"
    SLOWLY = "slowly"  # too fast, and not told so yet
    SILENT = "silent"


class PersonLimits:
    """A rate limit for each person. One who exceeds it is told so once, until they have paused."""

    def __init__(self) -> None:
        self._people: Buckets[str] = Buckets(EACH, 60)
        self._admins: Buckets[str] = Buckets(ADMINS, 60)
        self._told: OrderedDict[str, None] = OrderedDict()

    def take(self, who: str, at: float, *, admin: bool) -> Admission:
        buckets = self._admins if admin else self._people
        if buckets.left(who, at) >= buckets.most / 2:
            self._told.pop(who, None)
        if buckets.take(who, at):
            return Admission.FINE
        if who in self._told:
            return Admission.SILENT
        self._told[who] = None
        if len(self._told) > PEOPLE:
            self._told.popitem(last=False)
        return Admission.SLOWLY


class Pacer:
    """The pace of answers: half of what a platform takes from the account and in a place; the rest is for notices."""

    def __init__(self, pace: Pace) -> None:
        # Seconds between two answers: of the account, and in one place.
        self._apart = 2 * pace.per.total_seconds() / pace.most
        self._place_apart = 2 * pace.place.total_seconds()
        self._account = 0.0
        self._places: OrderedDict[str, float] = OrderedDict()

    def reserve(self, place: str, at: float, *, first: bool) -> float | None:
        """Reserve the time at which an answer may leave; None if that is too late. `first`: at once, before all who wait.
        `place` empty: only the account's limit counts.
        """
        account = max(self._account, at)
        there = max(self._places.get(place, 0.0), at - self._place_apart * BURST) if place else at
        due = at if first else max(at, account, there)
        if due > at + LATEST:
            return None
        self._account = min(account, at + LATEST) + self._apart
        if place and self._place_apart:
            # Those who go first do not shut a place for others.
            self._places[place] = min(there, at + LATEST) + self._place_apart
            self._places.move_to_end(place)
            if len(self._places) > PEOPLE:
                self._places.popitem(last=False)
        return due


@dataclass
class Turns:
    """Limits how many asks are worked on at once, and how many wait in line; admins go first."""

    width: int = WIDTH
    waiting: int = WAITING
    _busy: int = 0
    _admins: deque[asyncio.Future[None]] = field(default_factory=deque)
    _others: deque[asyncio.Future[None]] = field(default_factory=deque)

    @asynccontextmanager
    async def turn(self, *, admin: bool) -> AsyncIterator[bool]:
        """Wait in line, then yield True; yield False at once if too many wait already."""
        if self._busy >= self.width:
            line = self._admins if admin else self._others
            if len(line) >= self.waiting:
                yield False
                return
            await self._wait(line)
        else:
            self._busy += 1
        try:
            yield True
        finally:
            self._leave()

    async def _wait(self, line: deque[asyncio.Future[None]]) -> None:
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                # Its turn came at the same moment.
                self._leave()
            elif mine in line:
                line.remove(mine)
            raise

    def _leave(self) -> None:
        """Hand the place to the next in line."""
        for line in (self._admins, self._others):
            while line:
                following = line.popleft()
                if not following.done():
                    following.set_result(None)
                    return
        self._busy -= 1

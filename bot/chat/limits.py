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

from bot.contracts import Pace
from bot.delivery.rate_limit import KEYS, RateLimit

MINUTE = 60.0
# Commands a minute of one person, and of an admin.
EACH, ADMINS = 20, 120
# Asks worked on at once on one platform, and how many may wait for that.
WIDTH, WAITING = 8, 100
# Seconds: an answer that could leave only later is not made.
LATEST = 20.0
# Answers in one place that may leave without a pause.
BURST = 10


class Admission(Enum):
    FINE = "fine"
    SLOWLY = "slowly"  # too fast, and not told so yet
    SILENT = "silent"


class PersonLimits:
    """A rate limit for each person. One who exceeds it is told so once, until they have paused."""

    def __init__(self) -> None:
        self._people: RateLimit[str, float] = RateLimit(EACH)
        self._admins: RateLimit[str, float] = RateLimit(ADMINS)
        self._told: OrderedDict[str, None] = OrderedDict()

    def take(self, who: str, at: float, *, admin: bool) -> Admission:
        limit = self._admins if admin else self._people
        if limit.left(who, at) >= limit.most / 2:
            self._told.pop(who, None)
        if limit.take(who, at, at + MINUTE):
            return Admission.FINE
        if who in self._told:
            return Admission.SILENT
        self._told[who] = None
        if len(self._told) > KEYS:
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
            if len(self._places) > KEYS:
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

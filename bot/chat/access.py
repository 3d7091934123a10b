"""Access: who may ask at all, wherever they are; and limits of what people may ask.

Limits hold for each person, for what is worked on at once, and for how fast answers leave. All times are seconds of the
running loop, given as arguments.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from bot.contracts import Pace
from bot.delivery.rate_limit import KEYS, RateLimit
from bot.incidents.recorder import Recorder
from bot.model import AllowedRoom, Ask, Destination, Reply, room_of
from bot.store import StoreUnavailable

log = logging.getLogger(__name__)

# Seconds for which the allowed rooms are not read again when somebody asks from another one.
READ_AGAIN_AFTER = 10.0
# Seconds between two answers to the same stranger.
HOUR = 3600.0
REMEMBERED_STRANGERS = 1_000
# Answers to strangers a minute, by platform.
STRANGER_ANSWERS = 20
MINUTE = 60.0
# Commands a minute of one person, and of an admin.
EACH, ADMINS = 20, 120
# Asks worked on at once on one platform, and how many may wait for that.
WIDTH, WAITING = 8, 100
# Seconds: an answer that could leave only later is not made.
LATEST = 20.0
# Answers in one place that may leave without a pause.
BURST = 10


@dataclass
class Access:
    """The places of the config and of subscriptions, the bot's own workspace, the admins, and what these let in.

    All times are seconds of the running loop: a wall clock that is set shuts nobody out.
    """

    recorder: Recorder
    admins: frozenset[str]
    # None: not read yet.
    allowed: tuple[AllowedRoom, ...] | None = None
    _read_at: float = 0
    # The settings and subscriptions that `_known` was made of.
    _made_of: tuple[Any, ...] = ()
    _known: frozenset[Destination] = frozenset()
    _answered: RateLimit[object, float] = field(default_factory=lambda: RateLimit(1, REMEMBERED_STRANGERS))
    _answers: RateLimit[str, float] = field(default_factory=lambda: RateLimit(STRANGER_ANSWERS))

    @property
    def named(self) -> frozenset[Destination]:
        """The places that the config names."""
        audiences = (place for audience in self.recorder.settings.audiences for place in audience.places)
        return self.recorder.settings.rooms | frozenset(audiences)

    async def admits(self, ask: Ask, at: float) -> bool:
        """True if people may ask where this was asked. May raise StoreUnavailable if the rooms were never read."""
        if self.recorder.settings.public or ask.home or ask.who in self.admins:
            return True
        rooms = frozenset(map(room_of, (ask.where, *ask.also)))
        if rooms & self._places():
            return True
        if self.allowed is not None and rooms & _rooms(self.allowed):
            return True
        if self.allowed is None or at - self._read_at >= READ_AGAIN_AFTER:
            await self.read(at)
            return bool(rooms & _rooms(self.allowed or ()))
        return False

    async def read(self, at: float) -> tuple[AllowedRoom, ...]:
        """Read the allowed rooms; while the database is away, give those read last."""
        if self.allowed is None:
            self.allowed = await self.recorder.store.rooms.all()
        else:
            with suppress(StoreUnavailable):
                self.allowed = await self.recorder.store.rooms.all()
        self._read_at = at
        return self.allowed

    def answers(self, ask: Ask, at: float) -> bool:
        """True if a stranger is told that they may not ask: once an hour, and only a few strangers a minute."""
        key = (room_of(ask.where), ask.who if ask.reply is Reply.ALONE else "")
        if not self._answered.left(key, at) or not self._answers.take(ask.where.kind, at, at + MINUTE):
            return False
        self._answered.count(key, at, at + HOUR)
        log.info("a stranger asked in %s: it is not let in", ask.where)
        return True

    def _places(self) -> frozenset[Destination]:
        made_of = (self.recorder.settings, self.recorder.places.subscriptions)
        if not self._made_of or any(old is not new for old, new in zip(self._made_of, made_of, strict=True)):
            subscribed = (subscription.destination for subscription in self.recorder.places.subscriptions)
            self._known, self._made_of = frozenset(map(room_of, (*self.named, *subscribed))), made_of
        return self._known


def _rooms(allowed: Iterable[AllowedRoom]) -> frozenset[Destination]:
    return frozenset(room_of(one.place) for one in allowed)


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

"""Access: who may ask at all, wherever they are."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bot.chat.limits import Buckets
from bot.incidents.recorder import Recorder
from bot.model import AllowedRoom, Ask, Destination, Reply, room_of
from bot.store import StoreUnavailable

log = logging.getLogger(__name__)

AGAIN = 10.0  # seconds: so old the rooms that were let in may be, when somebody asks from another one
STRANGERS = 1_000  # who are remembered as told
HOUR = 3600.0  # seconds between two answers to the same stranger
MOST = 20  # answers to strangers a minute, of each platform


@dataclass
class Access:
    """The places of the config and of subscriptions, the bot's own workspace, the admins, and what these let in.

    All times are seconds of the running loop: a wall clock that is set shuts nobody out.
    """

    recorder: Recorder
    admins: frozenset[str]
    allowed: tuple[AllowedRoom, ...] | None = None  # None: not read yet
    _read_at: float = 0
    _of: tuple[Any, ...] = ()  # what `_known` was made of
    _known: frozenset[Destination] = frozenset()
    _told: OrderedDict[object, float] = field(default_factory=OrderedDict)
    _answers: Buckets[str] = field(default_factory=lambda: Buckets(MOST, 60))

    @property
    def named(self) -> frozenset[Destination]:
        """The places that the config names."""
        audiences = (place for audience in self.recorder.settings.audiences for place in audience.places)
        return self.recorder.settings.rooms | frozenset(audiences)

    async def admits(self, ask: Ask, at: float) -> bool:
        """May raise StoreUnavailable where nothing was read yet."""
        if self.recorder.settings.public or ask.home or ask.who in self.admins:
            return True
        rooms = frozenset(map(room_of, (ask.where, *ask.also)))
        if rooms & self._places():
            return True
        if self.allowed is not None and rooms & _rooms(self.allowed):
            return True
        if self.allowed is None or at - self._read_at >= AGAIN:
            await self.read(at)
            return bool(rooms & _rooms(self.allowed or ()))
        return False

    async def read(self, at: float) -> tuple[AllowedRoom, ...]:
        """What is let in now; while the database is away what was let in when it was last read."""
        if self.allowed is None:
            self.allowed = await self.recorder.store.rooms.all()
        else:
            with suppress(StoreUnavailable):
                self.allowed = await self.recorder.store.rooms.all()
        self._read_at = at
        return self.allowed

    def answers(self, ask: Ask, at: float) -> bool:
        """Is a stranger to be told that they may not ask? Once an hour, and no more than a few of them a minute."""
        key = (room_of(ask.where), ask.who if ask.reply is Reply.ALONE else "")
        if at - self._told.get(key, -HOUR) < HOUR or not self._answers.take(ask.where.kind, at):
            return False
        self._told[key] = at
        self._told.move_to_end(key)
        if len(self._told) > STRANGERS:
            self._told.popitem(last=False)
        log.info("a stranger asked in %s: it is not let in", ask.where)
        return True

    def _places(self) -> frozenset[Destination]:
        made_of = (self.recorder.settings, self.recorder.subscriptions)
        if not self._of or any(old is not new for old, new in zip(self._of, made_of, strict=True)):
            held = (subscription.destination for subscription in self.recorder.subscriptions)
            self._known, self._of = frozenset(map(room_of, (*self.named, *held))), made_of
        return self._known


def _rooms(allowed: Iterable[AllowedRoom]) -> frozenset[Destination]:
    return frozenset(room_of(one.place) for one in allowed)

"""Access: who may ask at all, wherever they are."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from bot.chat.limits import MINUTE
from bot.delivery.rate_limit import RateLimit
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

"""Ladders at work: what a place refuses, or does not take in its time, goes to the next rung."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

from bot import wording
from bot.errors import is_over, say_once
from bot.model import Audience, ChangeKind, Delivery, DeliveryAction, Destination, Notice, delivering
from bot.store import StoreUnavailable
from bot.store.deliveries.repository import Deliveries, Handed, Untaken

log = logging.getLogger(__name__)

AGAIN = 1.0  # seconds until the database is tried again
REST = 5.0  # seconds: other processes may queue deliveries too


@dataclass
class Failover:
    """`readers`: the audiences that have a ladder, by name. `wake`: tells the outbox for which kinds of channel there is
    something. `down`: the kinds known to be dead, and since when.
    """

    deliveries: Deliveries
    readers: Mapping[str, Audience]
    clock: Callable[[], datetime]
    wake: Callable[[set[str]], None]
    down: Callable[[], Mapping[str, datetime]] = dict
    _waker: asyncio.Event = field(default_factory=asyncio.Event)

    def wake_up(self) -> None:
        """Look now: something was refused, or has a deadline that was not known before."""
        self._waker.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop, and rung."""
        while not stop.is_set():
            self._waker.clear()
            wait = await self._sweep()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._waker.wait()

    async def _sweep(self) -> float:
        """See to all that is overdue. The answer is after how many seconds to look again."""
        try:
            while (due := await self.deliveries.next_deadline()) and due <= self.clock():
                if not await self._hand_on(self.clock()):
                    return AGAIN  # somebody else has seen to it
        except StoreUnavailable as error:  # the deadlines are in the database: they are kept when it is back
            say_once(log, "the next rungs", f"the next rungs wait: {error}")
            return AGAIN
        is_over("the next rungs")
        return min(max((due - self.clock()).total_seconds(), 0.01), REST) if due else REST

    async def _hand_on(self, now: datetime) -> tuple[Handed, ...]:
        choose = partial(next_rungs, readers=self.readers, now=now, down=self.down())
        handed = await self.deliveries.fail_over(now, self.readers, choose)
        if kinds := {row.destination.kind for one in handed for row in one.onto}:
            self.wake(kinds)
        for one in handed:
            _say(one, self.readers)
        return handed


def next_rungs(
    untaken: Untaken,
    readers: Mapping[str, Audience],
    now: datetime,
    down: Mapping[str, datetime] = MappingProxyType({}),
) -> tuple[Delivery, ...]:
    """What goes to which rungs instead; nothing where the readers have it by another way, or no rung is left. A rung whose
    channel is `down` is tried, and the next one at once with it.
    """
    if unsaid(untaken):
        return ()
    waiting: dict[Destination, list[Audience]] = {}
    for audience in _audiences(untaken, readers):
        if place := next_rung(audience, untaken):
            waiting.setdefault(place, []).append(audience)
    if not waiting:
        return ()
    notice = _worded(untaken, now, down)
    return tuple(
        Delivery(
            f"{notice.key}@{place}",
            place,
            DeliveryAction.POST,
            notice,
            audiences[0].name,
            ladders=tuple(a.name for a in audiences),
            within=timedelta() if place.kind in down else min(a.within for a in audiences),
        )
        for place, audiences in waiting.items()
    )


def unsaid(untaken: Untaken) -> bool:
    """Trouble that nobody there was told of is taken back: there is nothing to tell."""
    return untaken.notice.ends is ChangeKind.RETRACTED and not untaken.doubtful


def next_rung(audience: Audience, untaken: Untaken) -> Destination | None:
    """The first rung that has not been tried, those below first; above there are some only where the config has changed.
    None while another one on that side has it, or has its time for it. That a channel is dead is not told by that channel.
    """
    known, its_own = untaken.rungs, untaken.notice.thread.partition("#")[0]
    if _told(audience, untaken):
        return None
    above, below = _around(audience, untaken.delivery.destination)
    for side in (below, above):
        if any(known[place].running for place in side if place in known):
            return None
        untried = (place for place in side if place not in known and delivering(place.kind) != its_own)
        if (found := next(untried, None)) is not None:
            return found
    return None


def exhausted(audience: Audience, untaken: Untaken) -> bool:
    """Was this the last rung, and has no other one told it?"""
    last = untaken.delivery.destination == audience.destinations[-1]
    return last and not unsaid(untaken) and not _told(audience, untaken)


def _told(audience: Audience, untaken: Untaken) -> bool:
    return any(untaken.rungs[place].sent for place in audience.destinations if place in untaken.rungs)


def _around(audience: Audience, place: Destination) -> tuple[tuple[Destination, ...], tuple[Destination, ...]]:
    """The rungs above a place and those below it: all are below a place that the ladder no longer has."""
    rungs = audience.destinations
    here = rungs.index(place) if place in rungs else -1
    return rungs[: max(here, 0)], rungs[here + 1 :]


def _audiences(untaken: Untaken, readers: Mapping[str, Audience]) -> list[Audience]:
    return [readers[name] for name in untaken.delivery.ladders if name in readers]


def _worded(untaken: Untaken, now: datetime, down: Mapping[str, datetime]) -> Notice:
    channel = untaken.delivery.destination.kind
    if untaken.refused:
        return wording.refused(untaken.notice, channel, untaken.refused)
    if since := down.get(channel):
        return wording.dead(untaken.notice, channel, since, now)
    return wording.unanswered(untaken.notice, channel, untaken.since, now)


def _say(handed: Handed, readers: Mapping[str, Audience]) -> None:
    untaken = handed.untaken
    place = untaken.delivery.destination.shown
    for one in handed.onto:
        log.warning("%s did not take %s: %s gets it", place, one.notice.key, one.destination.shown)
    for audience in _audiences(untaken, readers):
        if exhausted(audience, untaken):
            log.error(
                "nobody of %s has %s: its last rung, %s, did not take it", audience.name, untaken.notice.key, place
            )

"""Failover along ladders: a delivery that a destination refuses, or does not take in time, goes to the next rung."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Protocol

from bot import wording
from bot.errors import is_over, say_once
from bot.model import Audience, ChangeKind, Delivery, DeliveryAction, Destination, Notice, delivering
from bot.model.cluster import SCHEDULER
from bot.store import FencedError, StoreUnavailable
from bot.store.deliveries.repository import Deliveries, Handed, Untaken
from bot.store.ownership import Ownership

log = logging.getLogger(__name__)

AGAIN = 1.0  # seconds until the database is tried again
REST = 5.0  # seconds between two looks: other processes may queue deliveries too


class LadderSource(Protocol):
    """The audiences that have a ladder, by name, with their present addresses."""

    @property
    def ladders(self) -> Mapping[str, Audience]: ...


@dataclass
class Failover:
    """The task that hands overdue and refused deliveries to the next rung.

    `record` has the audiences with a ladder. `wake` wakes the outbox for the given kinds of channel.
    `down`: the kinds of channel known to be down, and since when. `ownership`: in a cluster one node does this.
    """

    deliveries: Deliveries
    record: LadderSource
    clock: Callable[[], datetime]
    wake: Callable[[set[str]], None]
    down: Callable[[], Mapping[str, datetime]] = dict
    ownership: Ownership | None = None
    _waker: asyncio.Event = field(default_factory=asyncio.Event)

    def wake_up(self) -> None:
        """Look now: a delivery was refused, or has a new deadline."""
        self._waker.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; `wake_up` must be called after that."""
        while not stop.is_set():
            self._waker.clear()
            wait = await self._sweep()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._waker.wait()

    async def _sweep(self) -> float:
        """Hand on all overdue deliveries; return the seconds until the next look."""
        try:
            if not await self._ours():
                return AGAIN
            while (due := await self.deliveries.next_deadline()) and due <= self.clock():
                if not await self._hand_on(self.clock()):
                    return AGAIN  # another process has handed it on
        except FencedError:
            return AGAIN
        except StoreUnavailable as error:  # the deadlines are in the database: they are met when it is back
            say_once(log, "the next rungs", f"the next rungs wait: {error}")
            return AGAIN
        is_over("the next rungs")
        return min(max((due - self.clock()).total_seconds(), 0.01), REST) if due else REST

    async def _ours(self) -> bool:
        """Whether the timers of ladders are ours to keep."""
        if self.ownership is None:
            return True
        await self.ownership.offer(roles=[SCHEDULER])
        return self.ownership.owns(SCHEDULER)

    async def _hand_on(self, now: datetime) -> tuple[Handed, ...]:
        ladders, down = self.record.ladders, self.down()
        untaken = await self.deliveries.untaken(now, ladders)
        chosen = [Handed(one, next_rungs(one, ladders, now, down)) for one in untaken]
        handed = await self.deliveries.fail_over(chosen, ladders, now) if chosen else ()
        if kinds := {row.destination.kind for one in handed for row in one.onto}:
            self.wake(kinds)
        for one in handed:
            _say(one, ladders)
        return handed


def next_rungs(
    untaken: Untaken,
    readers: Mapping[str, Audience],
    now: datetime,
    down: Mapping[str, datetime] = MappingProxyType({}),
) -> tuple[Delivery, ...]:
    """The deliveries to make instead; empty if the audience has the notice by another way, or no rung is left.

    A rung whose channel is `down` is tried, together with the one after it.
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
    """Whether the notice only retracts an incident that was never reported there: then nothing needs to be sent."""
    return untaken.notice.ends is ChangeKind.RETRACTED and not untaken.doubtful


def next_rung(audience: Audience, untaken: Untaken) -> Destination | None:
    """The first untried rung: below the present one, else above it (only a changed config leaves some there).

    None while another rung on that side has the notice or is still within its time. A notice about a dead channel is
    never sent through that channel.
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
    """Whether this was the last rung and no other one has sent the notice."""
    last = untaken.delivery.destination == audience.destinations[-1]
    return last and not unsaid(untaken) and not _told(audience, untaken)


def _told(audience: Audience, untaken: Untaken) -> bool:
    return any(untaken.rungs[place].sent for place in audience.destinations if place in untaken.rungs)


def _around(audience: Audience, place: Destination) -> tuple[tuple[Destination, ...], tuple[Destination, ...]]:
    """The rungs above a destination and those below it; all are below a destination that the ladder no longer has."""
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

"""The outbox: claim, send, settle. Each channel has its own pump, so a slow one delays no other."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from bot import wording
from bot.delivery.claiming import Claimer
from bot.delivery.failover import Failover, LadderSource
from bot.delivery.in_flight import AGAIN, AddressBook, InFlight, hand_over, log_receipt, wait_until
from bot.delivery.rate_limit import OpenChannel, RateLimiter
from bot.delivery.retry import DEAD_WAIT, FIRST_WAIT, LONGEST_WAIT, MOST_WAIT, bounded, of_channel, settle
from bot.errors import fault, is_over, say_once
from bot.judge import channel_health
from bot.judge.channel_health import FailureCount
from bot.model import (
    MANY,
    Batch,
    Delivery,
    DeliveryAction,
    DeliveryResult,
    DeliveryStatus,
    Destination,
    Later,
    Notice,
    Reason,
    ReasonCode,
    Receipt,
    RefusalScope,
    Refused,
    Sent,
)
from bot.model.clock_shift import Moved, moved
from bot.model.cluster import CHANNEL, Share, channel_role
from bot.notify.batching import Claim
from bot.notify.storms import EDIT_GAP, NEXT_GAP
from bot.store import StoreUnavailable
from bot.store.deliveries.repository import Deliveries
from bot.store.ownership import Ownership

log = logging.getLogger(__name__)

# added to the longest hand-over: a lease that ends early means a message sent twice
MARGIN = timedelta(seconds=30)
TRIAL = timedelta(seconds=5)  # between two attempts on a channel known to be down
REST = 5.0  # seconds an idle pump waits at most: other processes may queue deliveries too
UNDER_WAY = timedelta(milliseconds=250)  # after something was queued or claimed, whoever can wait lets it go first
GRACE = 2.5  # seconds to finish running hand-overs after a stop
Span = tuple[datetime, datetime | None]


async def _run(part: Callable[[], Awaitable[None]]) -> None:
    await part()


class DeliveryRecord(LadderSource, AddressBook, Protocol):
    """What is on record about channels and destinations, and where the outbox reports what it learns about them."""

    def down(self) -> Mapping[str, datetime]:
        """The kinds of channel known to be down, and since when."""

    def outage(self, kind: str) -> Span | None:
        """When a kind was last down, to mention in late notices."""

    def others(self, audience: str, place: Destination) -> wording.Others:
        """Confirmed open incidents among the services that an audience at a destination follows."""

    async def unwanted(self, delivery: Delivery) -> str:
        """Why it is not to be sent any more; empty if it is."""

    async def refused(self, delivery: Delivery, why: Reason, scope: RefusalScope) -> None:
        """A destination takes nothing, or refused this message."""


@dataclass
class Outbox:
    """Sends what is queued. `ownership`: which channels are ours, as each is sent to by one node of a cluster. `site`: the
    public address of our pages.
    """

    deliveries: Deliveries
    channels: Mapping[str, OpenChannel]
    clock: Callable[[], datetime]
    record: DeliveryRecord
    ownership: Ownership
    site: str = ""
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # by (channel kind, receipt)
    # outcomes of unsure deliveries, by (channel kind, outcome)
    unsure: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: dict[str, FailureCount] = field(default_factory=dict)  # by channel kind
    _wakers: dict[str, asyncio.Event] = field(default_factory=dict)
    _rate_limiters: dict[str, RateLimiter] = field(default_factory=dict)
    _claiming: set[str] = field(default_factory=set)  # channel kinds
    _sending: dict[str, set[asyncio.Task[None]]] = field(default_factory=dict)  # by channel kind
    _news_at: datetime | None = None  # when something was queued or claimed last

    def __post_init__(self) -> None:
        self._failover = Failover(self.deliveries, self.record, self.clock, self.wake, self._dead, self.ownership)
        self._rate_limiters = {kind: RateLimiter(way.pace) for kind, way in self.channels.items()}
        self._in_flight = InFlight(self.deliveries, self.record, self.clock)

    def wake(self, whom: set[str] | set[Destination] | None = None) -> None:
        """Look now for deliveries of these channel kinds or to these destinations; None means all.

        Each look costs a transaction. A destination that rests is looked at after its rest.
        """
        kinds = self._wakers.keys() if whom is None else {kind for one in whom if (kind := self._awake(one))}
        for kind in self._wakers.keys() & kinds:
            self._wakers[kind].set()
            if whom is not None:
                self._news_at = self.clock()
        self._failover.wake_up()

    def notices_under_way(self) -> bool:
        """Whether notices are on their way, so that readers of pages should wait a moment."""
        return self._news_at is not None and timedelta() <= self.clock() - self._news_at < UNDER_WAY

    def busy(self, share: Share) -> bool:
        """Whether something is being claimed for the channel of this role, or sent by it."""
        kind = str(share).removeprefix(CHANNEL)
        sending = kind in self._claiming or any(not task.done() for task in self._sending.get(kind, ()))
        return str(share).startswith(CHANNEL) and sending

    def _awake(self, one: str | Destination) -> str | None:
        if isinstance(one, str):
            return one
        limiter = self._rate_limiters.get(one.kind)
        return None if limiter is None or limiter.rests(one.place, self.clock()) else one.kind

    def _dead(self) -> dict[str, datetime]:
        return channel_health.refused(self.failures) | dict(self.record.down())

    def parts(self, stop: asyncio.Event) -> dict[str, Callable[[], Awaitable[None]]]:
        """The tasks to run until `stop` is set, by name: each may fail and be restarted alone."""
        self._wakers = {kind: asyncio.Event() for kind in self.channels}
        parts: dict[str, Callable[[], Awaitable[None]]] = {
            f"outbox {kind}": partial(self._pump, kind, stop) for kind in self.channels
        }
        if self.record.ladders:
            parts["ladders"] = partial(self._failover.run, stop)
        return parts

    def step(self, move: Moved) -> None:
        """Shift all times in memory after the clock has stepped; the stored ones are shifted already."""
        for limiter in self._rate_limiters.values():
            limiter.step(move)
        self.failures.update({kind: moved(count, move) for kind, count in self.failures.items()})

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set, then finish running hand-overs."""
        async with asyncio.TaskGroup() as pumps:
            for name, part in self.parts(stop).items():
                pumps.create_task(_run(part), name=name)
            await stop.wait()
            self.wake()

    async def _pump(self, kind: str, stop: asyncio.Event) -> None:
        waker = self._wakers[kind]
        sending = self._sending[kind] = set[asyncio.Task[None]]()
        try:
            while not stop.is_set():
                waker.clear()
                free = self._free(kind) if await self._ours(kind) else 0
                self._claiming.add(kind)
                claimed = await self._claim(kind, free)
                if claimed:
                    self._news_at = self.clock()
                for delivery in claimed:
                    if self._in_flight.take(delivery):
                        at = self._rate_limiters[kind].begin(delivery.destination.place, self.clock())
                        sending.add(asyncio.create_task(self._see_to(delivery, at), name=delivery.notice.key))
                self._claiming.discard(kind)
                if len(claimed) < free or not free:
                    await self._rest(kind, waker, free)
                sending -= {task for task in sending if task.done()}
        finally:  # also before a restart: no hand-over may be left half done
            self._claiming.discard(kind)
            await _see_through(sending)

    async def _ours(self, kind: str) -> bool:
        """Whether this channel is ours to send by."""
        role = channel_role(kind)
        with suppress(StoreUnavailable):  # told again with the next beat
            await self.ownership.offer(roles=[role])
        return self.ownership.owns(role)

    def lease(self, kind: str) -> timedelta:
        """How long a claim is ours: longer than any hand-over of this kind of channel may take."""
        return self.channels[kind].longest + MARGIN

    def _free(self, kind: str) -> int:
        """How many deliveries to claim now.

        A channel known to be down gets one at a time: enough to notice that it is back, without flooding it then.
        """
        limiter = self._rate_limiters[kind]
        free = limiter.free(self.clock())
        return min(free, 1 - min(limiter.under_way, 1)) if kind in self.record.down() else free

    async def _claim(self, kind: str, free: int) -> tuple[Delivery, ...]:
        if not free:
            return ()
        now, limiter, channel = self.clock(), self._rate_limiters[kind], self.channels[kind]
        wanted = Claim(
            kind,
            now,
            free,
            now + self.lease(kind),
            limiter.busy(now),
            limiter.one_each,
            channel.edits,
            channel.gathers,
            channel.looks,
        )
        try:
            claimed = await Claimer(self.deliveries, self._told_together).claim(wanted)
        except StoreUnavailable as error:  # the queue is safe: it is sent when the database is back
            say_once(log, f"{kind} waits", f"{kind} waits: {error}")
            await asyncio.sleep(AGAIN)
            return ()
        is_over(f"{kind} waits")
        return claimed

    def _told_together(self, many: Batch) -> Notice:
        outage, others = self._outage(many.destination.kind), self.record.others(many.audience, many.destination)
        return wording.many(many, self.clock(), outage, others, self.site)

    async def _rest(self, kind: str, waker: asyncio.Event, free: int) -> None:
        """Wait until woken, until something is due, or for `REST` seconds."""
        now, limiter = self.clock(), self._rate_limiters[kind]
        # With no slot free, only a finished hand-over helps; looking at what is due would make us spin.
        due = await self._next_due(kind, limiter.busy(now)) if free else None
        opens = limiter.opens(now)
        soonest = min((at for at in (due, opens) if at), default=now + timedelta(seconds=REST))
        wait = min(max((soonest - now).total_seconds(), 0.01), REST)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await waker.wait()

    async def _next_due(self, kind: str, busy: Sequence[str]) -> datetime | None:
        try:
            return await self.deliveries.next_due(kind, busy)
        except StoreUnavailable:  # the next claim reports it
            return None

    async def _see_to(self, delivery: Delivery, at: datetime) -> None:
        """Handle one delivery. If that fails, release it, so that it is tried again when its lease has run out."""
        try:
            await self._deliver(delivery, at)
        except StoreUnavailable as error:  # another node has the channel by now and sends what we hold
            log.error("%s is left alone: %s", delivery.notice.key, error)
            self._let_go(delivery)
        except Exception as bug:  # noqa: BLE001 - the boundary of one delivery
            log.error("%s: our own error: %s", delivery.notice.key, fault(bug))
            self._let_go(delivery)

    def _let_go(self, delivery: Delivery) -> None:
        self._in_flight.release(delivery)
        self._rate_limiters[delivery.destination.kind].end(delivery.destination.place, self.clock())

    async def _deliver(self, delivery: Delivery, at: datetime) -> None:
        """Hand over once, not before `at`."""
        kind, place = delivery.destination.kind, delivery.destination.place
        if (
            delivery.action is DeliveryAction.EDIT and delivery.root is None
        ):  # the message to edit was refused or overtaken
            self._rate_limiters[kind].end(place, self.clock())
            await self._note(delivery, DeliveryResult(DeliveryStatus.SUPERSEDED))
            return
        if before := self._in_flight.sent_before(delivery):
            self._rate_limiters[kind].end(place, self.clock())
            await self._note(delivery, before)
            return
        await wait_until(at, self.clock, self.channels[kind].pace.per)
        if why := await self.record.unwanted(delivery):
            self._rate_limiters[kind].end(place, self.clock())
            log.info("%s to %s is not sent: %s", delivery.notice.key, delivery.destination.shown, why)
            await self._note(delivery, DeliveryResult(DeliveryStatus.UNWANTED))
            return
        await self.ownership.ours(channel_role(kind))
        dead = kind in self.record.down()
        receipt = await hand_over(self.channels[kind], self._headed(delivery))
        self._count(delivery, receipt)
        now = self.clock()
        self._slow(delivery, receipt, now)
        await self._note_failure(delivery, receipt)
        moved = receipt.moved if isinstance(receipt, Refused) else None
        done = settle(receipt, delivery, now, finds=self.channels[kind].finds, longest=self._longest(kind, dead=dead))
        await self._note(delivery, done, moved)
        if isinstance(receipt, Refused) and receipt.gone:
            await self._new_root(delivery)
        log_receipt(delivery, receipt)
        if isinstance(receipt, Refused):
            self._failover.wake_up()  # the next rung need not wait for the deadline

    def _headed(self, delivery: Delivery) -> Delivery:
        if not (delivery.late or delivery.deferred) or delivery.notice.thread.startswith(MANY):
            return delivery
        delivery = replace(delivery, notice=delivery.notice.delayed())
        now, kind, since = self.clock(), delivery.destination.kind, delivery.waited_since
        outage = self._outage(kind)
        if outage and since and outage[1] < since:
            outage = None  # it was over before this began to wait
        if not (delivery.in_vain or delivery.deferred or outage):
            return delivery  # only we made it wait
        late = wording.missed(delivery.notice, kind, now, outage, deferred=delivery.deferred)
        return replace(delivery, notice=late)

    def _outage(self, kind: str) -> tuple[datetime, datetime] | None:
        """The channel's last outage. It ends now at the latest: a message that gets through proves that it is over."""
        span = self.record.outage(kind)
        return span and (span[0], span[1] or self.clock())

    def _count(self, delivery: Delivery, receipt: Receipt) -> None:
        kind = delivery.destination.kind
        self.counts[kind, type(receipt).__name__.lower()] += 1
        if delivery.unsure and isinstance(receipt, Sent):
            self.unsure[kind, "found" if receipt.found else "repeated"] += 1

    def _slow(self, delivery: Delivery, receipt: Receipt, now: datetime) -> None:
        """Count an answer against the rate limit, and rest as long as it asks."""
        kind, place = delivery.destination.kind, delivery.destination.place
        limiter = self._rate_limiters[kind]
        limiter.end(place, now)
        if not (isinstance(receipt, Later) and receipt.whole):
            limiter.taken(now)  # it counts at the far side, whatever the answer
        if isinstance(receipt, Sent) and delivery.notice.thread.startswith(MANY) and not delivery.deferred:
            # A storm: what follows goes into this message by an edit, or into the next one.
            limiter.rest(place, now + (EDIT_GAP if self.channels[kind].edits else NEXT_GAP))
        if isinstance(receipt, Later) and (wait := bounded(receipt.wait)):
            if receipt.whole and receipt.why.code is ReasonCode.ASKS_TO_WAIT:
                limiter.refused(now, wait)
            elif receipt.whole:
                limiter.hold(now + wait)
            else:
                limiter.rest(place, now + wait)
        if of_channel(receipt) and kind in self.record.down():
            limiter.hold(now + TRIAL)

    def _longest(self, kind: str, *, dead: bool) -> timedelta:
        """The longest wait after a failure.

        `dead`: the channel was down when the attempt began; if it no longer is, nothing wakes the delivery, so the wait
        is short.
        """
        return DEAD_WAIT if kind in self.record.down() else FIRST_WAIT if dead else LONGEST_WAIT

    async def _note_failure(self, delivery: Delivery, receipt: Receipt) -> None:
        """Count a failure for the channel, and report a destination that takes nothing."""
        kind = delivery.destination.kind
        self.failures[kind] = channel_health.after(self.failures.get(kind, FailureCount()), receipt, self.clock())
        match receipt:
            case Refused(why, (RefusalScope.DESTINATION | RefusalScope.MESSAGE) as scope, None, gone=False):
                await self._complain(delivery, why, scope)
            # We ask again sooner than it says; but a destination that asks for hours may take nothing for long.
            case Later(why, asked=timedelta()):
                await self._complain(delivery, why, RefusalScope.DESTINATION)
            case Later(why, timedelta() as wait, whole=False) if wait > MOST_WAIT:
                await self._complain(delivery, why, RefusalScope.DESTINATION)

    async def _complain(self, delivery: Delivery, why: Reason, scope: RefusalScope) -> None:
        with suppress(StoreUnavailable):  # a destination that takes nothing refuses the next notice as well
            await self.record.refused(delivery, why, scope)

    async def _note(self, delivery: Delivery, done: DeliveryResult, moved: Destination | None = None) -> None:
        await self._in_flight.note(delivery, done, moved)
        if not self.ownership.owns(channel_role(delivery.destination.kind)):
            self.ownership.wake()  # it waits for this to end, to be released
        self._wakers[delivery.destination.kind].set()

    async def _new_root(self, delivery: Delivery) -> None:
        """Give a thread a new first message, since the old one is gone."""
        with suppress(StoreUnavailable):  # the next edit finds it gone again
            await self.deliveries.new_root(delivery, self.clock())


async def _see_through(sending: set[asyncio.Task[None]]) -> None:
    if not sending:
        return
    _, late = await asyncio.wait(sending, timeout=GRACE)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)

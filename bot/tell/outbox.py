"""Deliveries on their way: claim, send, settle. One pump a channel, so that a slow channel delays no other."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zlib import crc32

from bot.contracts import Channel
from bot.model import Act, Audience, Delivery, Destination, Later, Receipt, Refused, Scope, Sent, Unsure
from bot.store import StoreUnavailable
from bot.store.deliveries import Deliveries, Status
from bot.tell import fortunes, wording
from bot.tell.fortunes import Fortune
from bot.tell.ladders import Ladders
from bot.watch.faults import fault

log = logging.getLogger(__name__)

LEASE = timedelta(
    seconds=150
)  # longer than any channel's own time-outs: a lease that ends early is a message told twice
WIDTH = 32  # hand-overs at once in one channel: a lane that hangs must leave room for the others
AGAIN = 1.0  # seconds until the database is tried again
REST = 5.0  # seconds: other processes may queue deliveries too, so an idle pump looks again
GRACE = 3.0  # seconds to finish what is being sent when we are told to stop
FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=5)  # also until a provider is asked again that does not take our account


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of a delivery after a receipt."""

    status: Status
    due: datetime | None = None
    ref: str | None = None
    why: str = ""
    unsure: bool = False
    hurry: bool = False  # the next rung gets it now


def settle(receipt: Receipt, delivery: Delivery, now: datetime) -> Settled:
    """A provider's wish to wait is obeyed; without one, the waits double from 2 s to 5 min, spread by a tenth."""
    match receipt:
        case Sent(ref):
            return Settled(Status.SENT, ref=ref)
        case Later(why, wait):
            return Settled(Status.PENDING, now + (wait or backoff(delivery)), why=why, unsure=delivery.unsure)
        case Unsure(why):
            return Settled(Status.PENDING, now + backoff(delivery), why=why, unsure=True)
        case Refused(why, Scope.ACCOUNT):  # the channel is dead, not the message: told when its token is mended
            return Settled(Status.PENDING, now + LONGEST_WAIT, why=why, unsure=delivery.unsure, hurry=True)
        case Refused(why, _, moved):
            return Settled(Status.PENDING if moved else Status.REFUSED, now, why=why)


def backoff(delivery: Delivery) -> timedelta:
    wait = min(FIRST_WAIT * (1 << min(delivery.attempts, 10)), LONGEST_WAIT)
    # The spread comes from the key, not from chance: the same history is the same history again.
    return wait * (0.9 + 0.2 * (crc32(f"{delivery.key}{delivery.attempts}".encode()) / 2**32))


@dataclass
class Outbox:
    deliveries: Deliveries
    channels: Mapping[str, Channel]
    clock: Callable[[], datetime]
    moved: Callable[[Destination, Destination], Awaitable[None]]
    ladders: Mapping[str, Audience] = field(default_factory=dict)  # the audiences that have one, by name
    down: Callable[[], Mapping[str, datetime]] = dict  # the kinds of channel known to be dead, and since when
    refused: Callable[[Delivery, str], Awaitable[None]] | None = None  # told of a place that takes nothing, and why
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)  # (channel kind, receipt) -> how many
    fortunes: dict[str, Fortune] = field(default_factory=dict)  # by kind of channel
    _bells: dict[str, asyncio.Event] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ladders = Ladders(self.deliveries, self.ladders, self.clock, self.wake, self._dead)

    def wake(self, kinds: set[str] | None = None) -> None:
        """Look now for what is to be sent: by these kinds of channel only, for a look costs a transaction, or by all."""
        for kind in self._bells if kinds is None else self._bells.keys() & kinds:
            self._bells[kind].set()
        self._ladders.ring()

    def _dead(self) -> dict[str, datetime]:
        return fortunes.refused(self.fortunes) | dict(self.down())

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until told to stop, then see through what is being sent."""
        self._bells = {kind: asyncio.Event() for kind in self.channels}
        async with asyncio.TaskGroup() as pumps:
            for kind, channel in self.channels.items():
                pumps.create_task(self._pump(kind, channel, stop), name=f"outbox {kind}")
            if self.ladders:
                pumps.create_task(self._ladders.run(stop), name="ladders")
            await stop.wait()
            self.wake()

    async def _pump(self, kind: str, channel: Channel, stop: asyncio.Event) -> None:
        bell, sending = self._bells[kind], set[asyncio.Task[timedelta | None]]()
        held = self.clock()
        try:
            while not stop.is_set():
                bell.clear()
                free = WIDTH - len(sending) if self.clock() >= held else 0
                claimed = await self._claim(kind, free)
                for delivery in claimed:
                    sending.add(asyncio.create_task(self._deliver(channel, delivery), name=delivery.notice.key))
                if len(claimed) < free or not free:
                    await self._rest(kind, bell, held, full=len(sending) == WIDTH)
                for task in [t for t in sending if t.done()]:
                    sending.discard(task)
                    held = max(held, self.clock() + (task.result() or timedelta(0)))
        finally:  # also when another pump has died: nothing may be left behind half sent
            await _see_through(sending)

    async def _claim(self, kind: str, free: int) -> tuple[Delivery, ...]:
        if not free:
            return ()
        try:
            return await self.deliveries.claim(kind, self.clock(), limit=free, lease=LEASE)
        except StoreUnavailable as error:  # what is queued is safe: it is told when the database is back
            log.error("%s waits: %s", kind, error)
            await asyncio.sleep(AGAIN)
            return ()

    async def _rest(self, kind: str, bell: asyncio.Event, held: datetime, *, full: bool) -> None:
        """Until woken, until something is due, or until it is time to look again anyway."""
        now = self.clock()
        later = now + timedelta(seconds=REST)
        # With every hand busy only the bell of one that gets free helps: what is due meanwhile must not make us spin.
        due = later if full else max(await self._next_due(kind) or later, held)
        wait = min(max((due - now).total_seconds(), 0.01), REST)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await bell.wait()

    async def _next_due(self, kind: str) -> datetime | None:
        try:
            return await self.deliveries.next_due(kind)
        except StoreUnavailable:  # the next claim says so
            return None

    async def _deliver(self, channel: Channel, delivery: Delivery) -> timedelta | None:
        """Hand over once. The answer is how long the whole account must wait, where its provider says so."""
        kind = delivery.destination.kind
        if delivery.act is Act.EDIT and delivery.root is None:  # the message to rewrite was refused or overtaken
            await self._note(delivery, Settled(Status.SUPERSEDED))
            return None
        words = replace(delivery, notice=wording.late(delivery.notice, kind)) if delivery.late else delivery
        receipt = await self._hand_over(channel, words)
        self.counts[kind, type(receipt).__name__.lower()] += 1
        await self._fare(delivery, receipt)
        moved = receipt.moved if isinstance(receipt, Refused) else None
        await self._note(delivery, settle(receipt, delivery, self.clock()), moved)
        _say(delivery, receipt)
        if isinstance(receipt, Refused):
            self._ladders.ring()  # the next rung need not wait for the deadline
        return receipt.wait if isinstance(receipt, Later) and receipt.whole else None

    async def _fare(self, delivery: Delivery, receipt: Receipt) -> None:
        """What the receipt says of its channel, or of the place."""
        kind = delivery.destination.kind
        self.fortunes[kind] = fortunes.after(self.fortunes.get(kind, Fortune()), receipt, self.clock())
        match receipt:
            case Refused(why, Scope.DESTINATION, None) if self.refused:
                with suppress(StoreUnavailable):  # the next notice for that place is refused as well
                    await self.refused(delivery, why)

    async def _note(self, delivery: Delivery, done: Settled, moved: Destination | None = None) -> None:
        """However long the database is away. What was sent must be written down: else it is told twice."""
        while not await self._noted(delivery, done, moved):
            pass
        self._bells[delivery.destination.kind].set()

    async def _noted(self, delivery: Delivery, done: Settled, moved: Destination | None) -> bool:
        try:
            if moved:
                await self.moved(delivery.destination, moved)
            await self.deliveries.settle(
                delivery,
                done.status,
                self.clock(),
                ref=done.ref,
                due=done.due,
                why=done.why,
                unsure=done.unsure,
                hurry=done.hurry,
            )
        except StoreUnavailable as error:
            log.error("cannot note what became of %s: %s", delivery.notice.key, error)
            await asyncio.sleep(AGAIN)
            return False
        return True

    async def _hand_over(self, channel: Channel, delivery: Delivery) -> Receipt:
        try:
            return await channel.send(delivery)
        except asyncio.CancelledError:
            # Cut off in the middle: it may have arrived. Said now, it need not wait for its lease to run out.
            return Unsure("stopped while sending")
        except Exception as bug:  # noqa: BLE001 - the border of a channel
            log.error("%s: our own error in the channel: %s", delivery.notice.key, fault(bug))
            return Unsure(f"our own error: {type(bug).__name__}")


async def _see_through(sending: set[asyncio.Task[timedelta | None]]) -> None:
    if not sending:
        return
    _, late = await asyncio.wait(sending, timeout=GRACE)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


def _say(delivery: Delivery, receipt: Receipt) -> None:
    match receipt:
        case Sent():
            log.info("told %s of %s", delivery.destination.shown, delivery.notice.key)
        case Later(why) | Unsure(why):
            # The first time is news, the fortieth is not.
            log.log(
                logging.WARNING if delivery.attempts == 0 else logging.DEBUG,
                "%s has not heard of %s yet: %s",
                delivery.destination.shown,
                delivery.notice.key,
                why,
            )
        case Refused(why, scope):
            again = scope is Scope.ACCOUNT and delivery.attempts
            log.log(
                logging.DEBUG if again else logging.ERROR,
                "%s refused %s: %s",
                delivery.destination.shown,
                delivery.notice.key,
                why,
            )

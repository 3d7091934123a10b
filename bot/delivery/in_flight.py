"""The deliveries in hand: each is handed over within a time limit, and sent once, however often it is claimed, until
its outcome is stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot import wording
from bot.delivery.rate_limit import OpenChannel
from bot.errors import fault, is_over, say_once
from bot.model import (
    MANY,
    Delivery,
    DeliveryAction,
    DeliveryResult,
    DeliveryStatus,
    Destination,
    Later,
    Reason,
    ReasonCode,
    Receipt,
    RefusalScope,
    Refused,
    Sent,
    Unsure,
)
from bot.store import StoreUnavailable
from bot.store.deliveries.repository import Deliveries

SOON = timedelta(milliseconds=1)
log = logging.getLogger(__name__)

AGAIN = 1.0  # seconds until the database is tried again
MOST = 1000  # outcomes kept: with more than this, the database is not coming back


class AddressBook(Protocol):
    """Whoever notes that a destination has a new address."""

    async def moved(self, old: Destination, new: Destination) -> None: ...


@dataclass
class InFlight:
    """Guards against sending twice after a lease has run out.

    That happens while we still send if the machine slept, or if the database was away when the answer came: we then
    claim the same delivery again.
    """

    deliveries: Deliveries
    record: AddressBook
    clock: Callable[[], datetime]
    _held: dict[int, Delivery] = field(default_factory=dict)  # by id, under the newest claim
    # outcomes that could not be stored under their old claim
    _sent: OrderedDict[int, DeliveryResult] = field(default_factory=OrderedDict)

    def take(self, delivery: Delivery) -> bool:
        """Hold a delivery under its newest claim; False if it is being sent already."""
        free = delivery.id not in self._held
        self._held[delivery.id] = delivery
        return free

    def release(self, delivery: Delivery) -> None:
        """Let go of a delivery, whatever its outcome."""
        self._held.pop(delivery.id, None)

    def sent_before(self, delivery: Delivery) -> DeliveryResult | None:
        """The outcome under an earlier claim, if it was sent and could not be stored."""
        done = self._sent.pop(delivery.id, None)
        # A batch may cover more by now, and editing it twice does no harm.
        grown = delivery.action is DeliveryAction.EDIT and delivery.notice.thread.startswith(MANY)
        return None if grown else done

    async def note(self, delivery: Delivery, done: DeliveryResult, moved: Destination | None = None) -> None:
        """Store the outcome, however long the database is away: unstored, the message would be sent twice."""
        number, noted = delivery.id, None
        while noted is None:
            claim = self._held[number]
            noted = await self._noted(claim, done, moved)
            if noted is False and self._held[number] is not claim:  # claimed anew in the meantime
                noted = None
        del self._held[number]
        if not noted and done.status is DeliveryStatus.SENT:
            self._sent[number] = done
            if len(self._sent) > MOST:
                self._sent.popitem(last=False)

    async def _noted(self, delivery: Delivery, done: DeliveryResult, moved: Destination | None) -> bool | None:
        """Store the outcome once. False: the claim has run out. None: the database is away."""
        key = delivery.notice.key
        try:
            if moved:
                await self.record.moved(delivery.destination, moved)
            noted = await self.deliveries.settle(delivery, done, self.clock())
        except StoreUnavailable as error:
            say_once(log, f"note {key}", f"cannot note what became of {key}: {error}")
            await asyncio.sleep(AGAIN)
            return None
        is_over(f"note {key}")
        return noted


async def hand_over(way: OpenChannel, delivery: Delivery) -> Receipt:
    longest = way.longest.total_seconds()
    try:
        async with asyncio.timeout(longest) as limit:
            return await way.channel.send(delivery)
    except asyncio.CancelledError:
        # It may have arrived. Saying so now saves waiting until the lease runs out.
        return Unsure(Reason.of(ReasonCode.STOPPED_WHILE_SENDING))
    except Exception as bug:  # noqa: BLE001 - the boundary of a channel
        if isinstance(bug, TimeoutError) and limit.expired():
            return Unsure(Reason.of(ReasonCode.NO_ANSWER_WITHIN, seconds=longest))
        log.error("%s: our own error in the channel: %s", delivery.notice.key, fault(bug))
        return Unsure(Reason.of(ReasonCode.OWN_ERROR, provider_code=type(bug).__name__))


async def wait_until(at: datetime, clock: Callable[[], datetime], longest: timedelta) -> None:
    """Wait until `at`, but never more than twice `longest`, whatever the clock does. A timer of the event loop may fire
    early: then sleep once more, as a strict provider counts to the millisecond.
    """
    for least in (timedelta(), SOON):
        left = min(at - clock(), longest)
        if left > timedelta():
            await asyncio.sleep(max(left, least).total_seconds())


def log_receipt(delivery: Delivery, receipt: Receipt) -> None:
    match receipt:
        case Sent():
            log.info("told %s of %s", delivery.destination.shown, delivery.notice.key)
        case Later(why) | Unsure(why):
            # Only the first failure is news.
            log.log(
                logging.WARNING if delivery.attempts == 0 else logging.DEBUG,
                "%s has not heard of %s yet: %s",
                delivery.destination.shown,
                delivery.notice.key,
                wording.english(why),
            )
        case Refused(why, scope):
            again = scope is RefusalScope.ACCOUNT and delivery.attempts
            log.log(
                logging.DEBUG if again else logging.ERROR,
                "%s refused %s: %s",
                delivery.destination.shown,
                delivery.notice.key,
                wording.english(why),
            )

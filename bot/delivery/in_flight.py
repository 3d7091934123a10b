"""The deliveries in hand: each is sent once, however often it is claimed, until its outcome is stored."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from bot.errors import is_over, say_once
from bot.model import MANY, Delivery, DeliveryAction, DeliveryResult, DeliveryStatus, Destination
from bot.store import StoreUnavailable
from bot.store.deliveries.repository import Deliveries

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

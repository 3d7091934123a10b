"""What is in our hands: each delivery once, however often it is claimed, until it is written down what became of it."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime

from bot.delivery.retry import DeliveryResult
from bot.errors import is_over, say_once
from bot.model import Delivery, DeliveryAction, Destination
from bot.store import StoreUnavailable
from bot.store.deliveries.repository import MANY, Deliveries, Status

log = logging.getLogger(__name__)

AGAIN = 1.0  # seconds until the database is tried again
MOST = 1000  # outcomes kept: more would be of a database that is not coming back


@dataclass
class InFlight:
    """A lease may run out while we still send: the machine slept, or the database was away when the answer came. Then the
    delivery is claimed again, by us, and would be told twice.
    """

    deliveries: Deliveries
    moved: Callable[[Destination, Destination], Awaitable[None]]
    clock: Callable[[], datetime]
    _held: dict[int, Delivery] = field(default_factory=dict)  # by id, under the newest claim
    _sent: OrderedDict[int, DeliveryResult] = field(
        default_factory=OrderedDict
    )  # what nobody could note under its old claim

    def take(self, delivery: Delivery) -> bool:
        """False: it is being handed over already. The claim is the newest in any case."""
        free = delivery.id not in self._held
        self._held[delivery.id] = delivery
        return free

    def release(self, delivery: Delivery) -> None:
        """It is in our hands no more, whatever became of it."""
        self._held.pop(delivery.id, None)

    def sent_before(self, delivery: Delivery) -> DeliveryResult | None:
        """What became of it under an earlier claim, if it was sent and could not be noted."""
        done = self._sent.pop(delivery.id, None)
        # What tells of many may tell of more by now, and a rewriting does no harm twice.
        grown = delivery.action is DeliveryAction.EDIT and delivery.notice.thread.startswith(MANY)
        return None if grown else done

    async def note(self, delivery: Delivery, done: DeliveryResult, moved: Destination | None = None) -> None:
        """However long the database is away. What was sent must be written down: else it is told twice."""
        number, noted = delivery.id, None
        while noted is None:
            claim = self._held[number]
            noted = await self._noted(claim, done, moved)
            if noted is False and self._held[number] is not claim:  # claimed anew meanwhile
                noted = None
        del self._held[number]
        if not noted and done.status is Status.SENT:
            self._sent[number] = done
            if len(self._sent) > MOST:
                self._sent.popitem(last=False)

    async def _noted(self, delivery: Delivery, done: DeliveryResult, moved: Destination | None) -> bool | None:
        """False: the claim has run out. None: the database is away."""
        key = delivery.notice.key
        try:
            if moved:
                await self.moved(delivery.destination, moved)
            noted = await self.deliveries.settle(delivery, now=self.clock(), **asdict(done))
        except StoreUnavailable as error:
            say_once(log, f"note {key}", f"cannot note what became of {key}: {error}")
            await asyncio.sleep(AGAIN)
            return None
        is_over(f"note {key}")
        return noted

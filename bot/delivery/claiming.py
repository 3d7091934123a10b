"""Claiming: what waits is read, batching decides on it, the text is made, and then it is written under a lease."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.model import Batch, Delivery, DeliveryAction, Destination, Notice
from bot.notify import batching
from bot.notify.batching import Claim, Message, Plan
from bot.notify.place_queue import Head, PlaceQueue
from bot.notify.storms import WINDOW
from bot.store.deliveries.repository import Claimed, Deliveries

TRIES = 50  # in a row, each of which meets another process that has claimed or changed the same deliveries


@dataclass
class Claimer:
    """Claims deliveries. `word` makes the text of a batch message."""

    deliveries: Deliveries
    word: Callable[[Batch], Notice]

    async def claim(self, wanted: Claim) -> tuple[Delivery, ...]:
        """Claim what is `wanted`, the longest due first. Several for one destination may become a batch.

        May raise StoreUnavailable.
        """
        for _ in range(TRIES):
            claimed = await self._claim(wanted)
            if claimed.deliveries or not claimed.stale:
                return claimed.deliveries
        return ()

    async def _claim(self, wanted: Claim) -> Claimed:
        if not wanted.gathers and (claimed := await self.deliveries.claim_heads(wanted, batching.plain)) is not None:
            return claimed
        heads, standing = await self.deliveries.heads(wanted, wanted.now - WINDOW)
        if not heads:
            return Claimed(())
        crowded = batching.crowded(heads, standing, wanted)
        queues = await self._queues(heads, crowded, wanted)
        take, plans = list[int | Message](), list[Plan]()
        for name in dict.fromkeys(head.place for head in heads):
            own = [head.id for head in heads if head.place == name]
            queue = queues.get(Destination(wanted.kind, name))
            plan = batching.decide(queue, own, wanted, whole=name in crowded) if queue else None
            plans += [plan] if plan else []
            chosen: Sequence[int | Message] = plan.take if plan else own
            take += chosen[:1] if wanted.one_each else chosen
        notices = await self._worded(plans)
        return await self.deliveries.claim(take[: wanted.most], plans, notices, wanted)

    async def _queues(
        self, heads: Sequence[Head], crowded: Collection[str], wanted: Claim
    ) -> Mapping[Destination, PlaceQueue]:
        whole = [Destination(wanted.kind, place) for place in crowded]
        edited = {head.place for head in heads if head.action == DeliveryAction.EDIT}
        edits = [Destination(wanted.kind, place) for place in edited]
        return await self.deliveries.place_queues(whole, edits, wanted.now - WINDOW) if whole or edits else {}

    async def _worded(self, plans: Sequence[Plan]) -> dict[Message, Notice]:
        notices: dict[Message, Notice] = {}
        for plan in plans:
            if any(message.worded for message in plan.messages):
                for message, contents in (await self.deliveries.contents(plan)).items():
                    if contents.rows or message.joins:
                        notices[message] = self.word(batching.batch(message, contents, plan))
        return notices

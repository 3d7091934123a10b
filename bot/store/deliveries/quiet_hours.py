"""Superseding what is held back for quiet hours: a message sent during them must not wait behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Delivery, DeliveryAction, DeliveryStatus
from bot.store.deliveries import place_statements
from bot.store.schema import deliveries as table


async def overtake(connection: AsyncConnection, deliveries: Sequence[tuple[Delivery, datetime]]) -> None:
    """Supersede held-back deliveries before urgent ones that tell the whole state are queued to the same place, each at
    its own time.
    """
    through = {
        (one.notice.thread, one.destination.kind, one.destination.place): now
        for one, now in deliveries
        if one.due is None and one.action is DeliveryAction.POST and one.notice.whole
    }
    if not through:
        return
    facts = {"threads": list({thread for thread, *_ in through}), "now": min(through.values())}
    kept = defaultdict[datetime, list[int]](list)
    for number, due, *lane in await connection.execute(KEPT, facts):
        if (now := through.get(tuple(lane))) is not None and due > now:
            kept[now].append(number)
    for now, ids in kept.items():
        await connection.execute(place_statements.SUPERSEDE, {"ids": ids, "now": now})


KEPT = select(table.c.id, table.c.due, table.c.thread, table.c.kind, table.c.place).where(
    table.c.thread.in_(bindparam("threads", expanding=True)),
    table.c.deferred,
    table.c.due > bindparam("now"),
    table.c.status == DeliveryStatus.PENDING.value,
    table.c.attempts == 0,
    table.c.told_in.is_(None),
)

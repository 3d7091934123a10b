"""Waking or expiring the deliveries of a channel that has come back or died."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import MANY, DeliveryStatus
from bot.store.schema import deliveries as table


async def hasten(connection: AsyncConnection, kind: str, now: datetime) -> int:
    """Let all deadlines of one kind of channel be over now. Return how many."""
    return len((await connection.scalars(HASTEN, {"of_kind": kind, "now": now})).all())


async def rouse(connection: AsyncConnection, kind: str, now: datetime) -> int:
    """Make all that waits for one kind of channel due now, except what is held for quiet hours or being sent. Return
    how many.
    """
    return len((await connection.scalars(ROUSE, {"of_kind": kind, "now": now})).all())


HASTEN = (
    update(table)
    .where(
        table.c.kind == bindparam("of_kind"),
        table.c.settled_at.is_(None),
        table.c.deadline > bindparam("now"),
    )
    .values(deadline=bindparam("now"))
    .returning(table.c.id)
)
ROUSE = (
    update(table)
    .where(
        table.c.kind == bindparam("of_kind"),
        table.c.settled_at.is_(None),
        table.c.status == DeliveryStatus.PENDING.value,
        # In a batch, `deferred` only means that it is late: batches do not keep quiet hours.
        or_(table.c.deferred.is_(False), table.c.thread.startswith(MANY, autoescape=True)),
        table.c.due > bindparam("now"),
    )
    .values(due=bindparam("now"))
    .returning(table.c.id)
)

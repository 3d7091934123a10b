"""What a channel's death or return means for what waits for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.deliveries.statements import MANY, Status
from bot.store.schema import deliveries as table


async def hasten(connection: AsyncConnection, kind: str, now: datetime) -> int:
    """Let the time of all that one kind of channel has not taken yet be up now. Return of how many."""
    return len((await connection.scalars(HASTEN, {"of_kind": kind, "now": now})).all())


async def rouse(connection: AsyncConnection, kind: str, now: datetime) -> int:
    """Let all that waits for one kind of channel be tried now, but for what keeps to a place's quiet hours and for what
    is being sent. Return how many.
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
        table.c.status == Status.PENDING.value,
        # What tells of many is marked as deferred where it is late: that keeps to nobody's quiet hours.
        or_(table.c.deferred.is_(False), table.c.thread.startswith(MANY, autoescape=True)),
        table.c.due > bindparam("now"),
    )
    .values(due=bindparam("now"))
    .returning(table.c.id)
)

"""Claiming: reading the deliveries that may be sent next, and taking some of them under a lease.

Those of a channel that has come back or died are woken, or expire.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, case, exists, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import MANY, DeliveryStatus
from bot.notify.batching import Claim
from bot.notify.place_queue import Head, Standing
from bot.store.deliveries import place_statements
from bot.store.schema import deliveries as table

AHEAD = 8  # heads read for each wanted one, if a destination gets one at a time


async def heads(connection: AsyncConnection, wanted: Claim) -> list[Head]:
    """The deliveries that may be claimed, the longest due first."""
    most = wanted.most * AHEAD if wanted.one_each else wanted.most
    facts = {"of_kind": wanted.kind, "now": wanted.now, "busy": list(wanted.busy), "most": most}
    rows = list(map(Head._make, await connection.execute(HEADS, facts)))
    if not wanted.one_each:
        return rows
    first: dict[str, Head] = {}
    for row in rows:
        first.setdefault(row.place, row)
    return list(first.values())[: wanted.most]


async def standing(
    connection: AsyncConnection, kind: str, places: Sequence[str], since: datetime, now: datetime
) -> dict[str, Standing]:
    facts = {"of_kind": kind, "places": list(places), "since": since, "now": now}
    rows = await connection.execute(place_statements.STANDING, facts) if places else ()
    return {row.place: Standing._make(row) for row in rows}


async def take(
    connection: AsyncConnection, ids: Sequence[int], planned: Collection[int], now: datetime, until: datetime
) -> list[int]:
    """Take those of `ids` that are planned, or still due, under a lease until then; return which."""
    facts = {"ids": ids, "planned": list(planned), "now": now, "until": until}
    return list(await connection.scalars(TAKE, facts)) if ids else []


def _unfinished_before() -> ColumnElement[bool]:
    earlier = table.alias("earlier")
    return exists().where(
        earlier.c.thread == table.c.thread,
        earlier.c.kind == table.c.kind,
        earlier.c.place == table.c.place,
        earlier.c.id < table.c.id,
        earlier.c.settled_at.is_(None),
    )


# Members of a batch are not sent alone.
FREE_TO_GO = table.c.settled_at.is_(None) & table.c.told_in.is_(None)
HEAD = FREE_TO_GO & ~_unfinished_before()  # the first unfinished one of its lane
FREE = table.c.place.not_in(bindparam("busy", expanding=True))
HEADS = (
    select(*place_statements.columns(Head._fields))
    .where(table.c.kind == bindparam("of_kind"), table.c.due <= bindparam("now"), FREE, HEAD)
    .order_by(table.c.due, table.c.id)
    .limit(bindparam("most"))
)
TAKE = (
    update(table)
    .where(
        table.c.id.in_(bindparam("ids", expanding=True)),
        or_(table.c.due <= bindparam("now"), table.c.id.in_(bindparam("planned", expanding=True))),
        FREE_TO_GO,
    )
    .values(
        status=DeliveryStatus.SENDING.value,
        due=bindparam("until"),
        lease=table.c.lease + 1,
        attempts=table.c.attempts + 1,
        unsure=case((table.c.status == DeliveryStatus.SENDING.value, true()), else_=table.c.unsure),
    )
    .returning(table.c.id)
)
NEXT_DUE = select(func.min(table.c.due)).where(table.c.kind == bindparam("of_kind"), FREE, HEAD)


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

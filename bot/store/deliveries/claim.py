"""Claiming: choosing the next deliveries to send, under a lease."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, case, exists, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Delivery
from bot.store.deliveries import batch, statements
from bot.store.deliveries.batch_plan import Claim, Wording
from bot.store.deliveries.statements import Status
from bot.store.schema import deliveries as table

AHEAD = 8  # heads read for each wanted one, if a destination gets one at a time


async def claim(connection: AsyncConnection, wanted: Claim, word: Wording) -> tuple[Delivery, ...]:
    heads = await _heads(connection, wanted)
    if not heads:
        return ()
    ids = await batch.gather(connection, heads, wanted, word)
    ids = ids[: wanted.most]
    if not ids:
        return ()
    await connection.execute(TAKE, {"ids": ids, "until": wanted.until})
    return await statements.load(connection, ids)


async def _heads(connection: AsyncConnection, wanted: Claim) -> list[Row[Any]]:
    most = wanted.most * AHEAD if wanted.one_each else wanted.most
    facts = {"of_kind": wanted.kind, "now": wanted.now, "busy": list(wanted.busy), "most": most}
    rows: list[Row[Any]] = list(await connection.execute(HEADS, facts))
    if not wanted.one_each:
        return rows
    first: dict[str, Row[Any]] = {}
    for row in rows:
        first.setdefault(row.place, row)
    return list(first.values())[: wanted.most]


def _unfinished_before() -> ColumnElement[bool]:
    earlier = table.alias("earlier")
    return exists().where(
        earlier.c.thread == table.c.thread,
        earlier.c.kind == table.c.kind,
        earlier.c.place == table.c.place,
        earlier.c.id < table.c.id,
        earlier.c.settled_at.is_(None),
    )


# The first unfinished one of its lane; members of a batch are not sent alone.
HEAD = table.c.settled_at.is_(None) & table.c.told_in.is_(None) & ~_unfinished_before()
BEHIND = or_(table.c.attempts > 0, table.c.deferred, table.c.reminder).label("behind")
FREE = table.c.place.not_in(bindparam("busy", expanding=True))
HEADS = (
    select(table.c.id, table.c.place, table.c.thread, table.c.act, BEHIND)
    .where(table.c.kind == bindparam("of_kind"), table.c.due <= bindparam("now"), FREE, HEAD)
    .order_by(table.c.due, table.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
TAKE = (
    update(table)
    .where(table.c.id.in_(bindparam("ids", expanding=True)))
    .values(
        status=Status.SENDING.value,
        due=bindparam("until"),
        lease=table.c.lease + 1,
        attempts=table.c.attempts + 1,
        unsure=case((table.c.status == Status.SENDING.value, true()), else_=table.c.unsure),
    )
)
NEXT_DUE = select(func.min(table.c.due)).where(table.c.kind == bindparam("of_kind"), FREE, HEAD)

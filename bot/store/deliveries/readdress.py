"""Readdressing the waiting deliveries under a new config: who else gets them, and which have no way left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import MANY, DeliveryAction, DeliveryStatus, Destination
from bot.store.schema import deliveries as table


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that is unfinished, or not handed to its next rung yet."""

    destination: Destination
    thread: str
    ladders: tuple[str, ...]
    deadline: datetime | None
    queued_at: datetime
    due: datetime
    deferred: bool
    finished: bool
    id: int = 0


@dataclass(frozen=True, slots=True)
class Adopted:
    """A delivery under the new config. `gone`: why its channel cannot send any more, "" if it can."""

    ladders: tuple[str, ...]
    deadline: datetime | None
    due: datetime
    gone: str = ""


async def read(connection: AsyncConnection) -> list[Waiting]:
    return [_waiting(row) for row in await connection.execute(WAITING)]


async def write(
    connection: AsyncConnection, decided: Sequence[tuple[Waiting, Adopted]], now: datetime
) -> tuple[int, int]:
    """Write those that are still as they were read. Return how many deliveries were changed, and how many were settled
    because their channel is gone.
    """
    rows = {row.id: row for row in await connection.execute(WAITING.with_for_update())}
    changed, settled = [], []
    for was, new in decided:
        row = rows.get(was.id)
        if row is None or _waiting(row) != was:
            continue
        if new.gone and not was.finished:
            settled.append(_settled(row, new, now))
        elif (new.ladders, new.deadline, new.due) != (was.ladders, was.deadline, was.due):
            changed.append(
                {"number": row.id, "new_ladders": new.ladders or None, "new_deadline": new.deadline, "new_due": new.due}
            )
    if changed:
        await connection.execute(CHANGE, changed)
    if settled:
        await connection.execute(SETTLE, settled)
    return len(changed), len(settled)


def _waiting(row: Any) -> Waiting:
    return Waiting(
        Destination(row.kind, row.place),
        row.thread,
        row.ladders or (),
        row.deadline,
        row.queued_at,
        row.due,
        # In a batch, `deferred` only means that it is late: batches do not keep quiet hours.
        row.deferred and row.status == DeliveryStatus.PENDING.value and not row.thread.startswith(MANY),
        row.settled_at is not None,
        row.id,
    )


def _settled(row: Any, new: Adopted, now: datetime) -> dict[str, Any]:
    """A message goes to the next rung; an edit or a batch just ends, since it means nothing alone."""
    own = row.act == DeliveryAction.POST.value and not row.thread.startswith(MANY)
    return {
        "number": row.id,
        "new_status": (DeliveryStatus.REFUSED if own else DeliveryStatus.SUPERSEDED).value,
        "new_why": new.gone,
        "new_ladders": new.ladders or None,
        "new_deadline": now if own and new.ladders else None,
        "at": now,
    }


def _bound(*names: str) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}


COLUMNS: Sequence[str] = (
    "id", "kind", "place", "thread", "act", "ladders", "deadline", "queued_at", "due", "deferred", "status", "settled_at"
)  # fmt: skip
WAITING = (
    select(*(table.c[name] for name in COLUMNS))
    .where(or_(table.c.settled_at.is_(None), table.c.deadline.is_not(None)))
    .order_by(table.c.id)
)
CHANGE = update(table).where(table.c.id == bindparam("number")).values(_bound("ladders", "deadline", "due"))
SETTLE = (
    update(table)
    .where(table.c.id == bindparam("number"), table.c.settled_at.is_(None))
    .values(_bound("status", "why", "ladders", "deadline") | {"settled_at": bindparam("at"), "told_in": None})
)

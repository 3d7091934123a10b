"""The delivery queue: claimed in lane order under a lease, settled only by the claim that holds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Audience, Delivery, DeliveryAction, Destination, Progress
from bot.store.deliveries import claim, failover, readdress, settle, statements, wake
from bot.store.deliveries.batch_plan import Claim, Wording
from bot.store.deliveries.failover import Handed, Untaken
from bot.store.deliveries.readdress import Adopted, Waiting
from bot.store.deliveries.statements import MANY, Settlement, Status
from bot.store.engine import Database
from bot.store.group_commit import Group
from bot.store.schema import deliveries as table

__all__ = [
    "MANY",
    "Adopted",
    "Claim",
    "Deliveries",
    "Handed",
    "Progress",
    "Settlement",
    "Status",
    "Untaken",
    "Waiting",
    "Wording",
]


ARRIVED = frozenset({Status.SENT, Status.MERGED})


class Deliveries:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._settling: Group[Settlement, bool] = Group(database, self._settle)

    async def add(self, deliveries: Sequence[Delivery], now: datetime) -> int:
        """Queue deliveries that no incident causes: digests, tests, next rungs.

        Those whose key exists are left as they are. Return how many were new.
        """
        return await self._database.write(partial(statements.queue, deliveries=deliveries, now=now))

    async def claim(self, wanted: Claim, word: Wording) -> tuple[Delivery, ...]:
        """Claim what is `wanted`, the longest due first.

        Only the first unfinished delivery of a lane can be claimed: one that is pending and due, or sending with an
        expired lease. Several for one destination may become a batch, worded by `word`; it may be called again, so it
        must be pure.
        """
        return await self._database.write(partial(claim.claim, wanted=wanted, word=word))

    async def next_deadline(self) -> datetime | None:
        """The next deadline of a delivery with a ladder; after it the next rung takes over. None if there is none."""

        async def work(connection: AsyncConnection) -> datetime | None:
            return await connection.scalar(failover.NEXT)

        return await self._database.read(work)

    async def fail_over(
        self, now: datetime, ladders: Mapping[str, Audience], onto: Callable[[Untaken], Sequence[Delivery]]
    ) -> tuple[Handed, ...]:
        """Queue what `onto` returns for each delivery whose deadline has come, some tens at a time.

        Each is handled once, even if other processes do the same at the same time. `onto` may be called again, so it
        must be pure.
        """
        return await self._database.write(partial(failover.hand_on, now=now, ladders=ladders, onto=onto))

    async def settle(
        self,
        delivery: Delivery,
        status: Status,
        now: datetime,
        *,
        ref: str | None = None,
        due: datetime | None = None,
        why: str = "",
        unsure: bool = False,
        anew: bool = False,
        absent: bool = False,
        rest: bool = False,
        hurry: bool = False,
    ) -> bool:
        """Settle one delivery, see `Settlement`. False, and nothing is written, if another claim took over."""
        return await self._settling.join(
            Settlement(delivery, status, now, ref, due, why, unsure, anew, absent, rest, hurry)
        )

    async def next_due(self, kind: str, busy: Sequence[str] = ()) -> datetime | None:
        """When there will be something to claim outside the `busy` places, if nothing changes before; None if nothing
        waits.
        """
        facts = {"of_kind": kind, "busy": list(busy)}

        async def work(connection: AsyncConnection) -> datetime | None:
            due: datetime | None = await connection.scalar(claim.NEXT_DUE, facts)
            return due

        return await self._database.read(work)

    async def new_root(self, delivery: Delivery, now: datetime) -> None:
        """Give the thread another message to edit, see `settle.begin_anew`."""
        await self._database.write(partial(settle.begin_anew, delivery=delivery, now=now))

    async def backlog(self) -> dict[str, int]:
        """Unfinished deliveries by kind of channel."""
        query = (
            select(table.c.kind, func.count().label("number"))
            .where(table.c.settled_at.is_(None))
            .group_by(table.c.kind)
        )

        async def work(connection: AsyncConnection) -> dict[str, int]:
            return {row.kind: row.number for row in await connection.execute(query)}

        return await self._database.read(work)

    async def counts(self) -> dict[tuple[str, str], int]:
        """All stored deliveries, by kind of channel and status."""
        query = select(table.c.kind, table.c.status, func.count()).group_by(table.c.kind, table.c.status)

        async def work(connection: AsyncConnection) -> dict[tuple[str, str], int]:
            return {(kind, status): number for kind, status, number in await connection.execute(query)}

        return await self._database.read(work)

    async def of_incident(self, incident_id: str) -> tuple[Progress, ...]:
        """The deliveries of one incident, in the order they were queued."""
        query = select(table).where(table.c.thread == incident_id).order_by(table.c.id)

        async def work(connection: AsyncConnection) -> tuple[Progress, ...]:
            return tuple(_progress(row) for row in await connection.execute(query))

        return await self._database.read(work)

    async def adopt(self, now: datetime, decide: Callable[[Waiting], Adopted]) -> tuple[int, int]:
        """Apply a new config to what waits, see `readdress.adopt`. `decide` may be called again, so it must be pure."""
        return await self._database.write(partial(readdress.adopt, now=now, decide=decide))

    async def expire_deadlines(self, kind: str, now: datetime) -> int:
        """Let the next rungs take over what a dead kind of channel has not taken. Return how many."""
        return await self._database.write(partial(wake.hasten, kind=kind, now=now))

    async def retry_now(self, kind: str, now: datetime) -> int:
        """Make all that waits for a kind of channel due now, since it is back. Return how many."""
        return await self._database.write(partial(wake.rouse, kind=kind, now=now))

    async def _settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        return await self._database.write(partial(settle.settle, settlements=settlements))


def _progress(row: Row[Any]) -> Progress:
    return Progress(
        id=row.id,
        destination=Destination(row.kind, row.place),
        key=row.key,
        action=DeliveryAction(row.act),
        kind=row.notice.kind,
        audience=row.audience,
        ladders=row.ladders or (),
        status=Status(row.status),
        attempts=row.attempts,
        queued_at=row.queued_at,
        due=row.due,
        sent_at=row.settled_at if row.status in ARRIVED else None,
        why=row.why,
        unsure=row.unsure,
    )

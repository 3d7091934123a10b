"""Notices on their way: claimed in lane order under a lease, settled only by the claim that holds it."""

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
        """Queue what no move causes: digests, tests, the next rung. Those whose key exists are left as they are.
        Return how many were new.
        """
        return await self._database.write(partial(statements.queue, deliveries=deliveries, now=now))

    async def claim(self, wanted: Claim, word: Wording) -> tuple[Delivery, ...]:
        """Take what is `wanted`, the longest due first: only those that are the first unfinished of their lane, and
        pending and due, or sending with a lease that ran out. What is many for one place is told in one message, in
        the words that `word` finds for it; it may be called again, so it must be pure.
        """
        return await self._database.write(partial(claim.claim, wanted=wanted, word=word))

    async def next_deadline(self) -> datetime | None:
        """When the next delivery must have been taken by its place, lest the next rung gets it."""

        async def work(connection: AsyncConnection) -> datetime | None:
            return await connection.scalar(failover.NEXT)

        return await self._database.read(work)

    async def fail_over(
        self, now: datetime, ladders: Mapping[str, Audience], onto: Callable[[Untaken], Sequence[Delivery]]
    ) -> tuple[Handed, ...]:
        """See to the deliveries whose deadline has come, each once whoever else does so at the same time: queue what
        `onto` makes of each for the next rungs. It may be called again, so it must be pure. Some tens at a time.
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
        """False, and nothing is written, if the lease was lost to another claim. See `Settlement`."""
        return await self._settling.join(
            Settlement(delivery, status, now, ref, due, why, unsure, anew, absent, rest, hurry)
        )

    async def settle_many(self, settlements: Sequence[Settlement]) -> tuple[bool, ...]:
        """`settle`, many in one transaction."""

        async def work(connection: AsyncConnection) -> tuple[bool, ...]:
            return tuple(await settle.settle(connection, settlements))

        return await self._database.write(work)

    async def next_due(self, kind: str, busy: Sequence[str] = ()) -> datetime | None:
        """When there will be something to claim for others than the `busy` places, if nothing changes before."""
        facts = {"of_kind": kind, "busy": list(busy)}

        async def work(connection: AsyncConnection) -> datetime | None:
            due: datetime | None = await connection.scalar(claim.NEXT_DUE, facts)
            return due

        return await self._database.read(work)

    async def new_root(self, delivery: Delivery, now: datetime) -> None:
        """See `settling.begin_anew`."""
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
        """All deliveries still remembered, by kind of channel and status."""
        query = select(table.c.kind, table.c.status, func.count()).group_by(table.c.kind, table.c.status)

        async def work(connection: AsyncConnection) -> dict[tuple[str, str], int]:
            return {(kind, status): number for kind, status, number in await connection.execute(query)}

        return await self._database.read(work)

    async def of_incident(self, incident_id: str) -> tuple[Progress, ...]:
        """Who got what of one incident, in the order it was queued."""
        query = select(table).where(table.c.thread == incident_id).order_by(table.c.id)

        async def work(connection: AsyncConnection) -> tuple[Progress, ...]:
            return tuple(_progress(row) for row in await connection.execute(query))

        return await self._database.read(work)

    async def adopt(self, now: datetime, decide: Callable[[Waiting], Adopted]) -> tuple[int, int]:
        """See `adopting.adopt`; `decide` may be called again, so it must be pure."""
        return await self._database.write(partial(readdress.adopt, now=now, decide=decide))

    async def expire_deadlines(self, kind: str, now: datetime) -> int:
        """A kind of channel is dead: what it has not taken yet goes to the next rungs now. Return how many."""
        return await self._database.write(partial(wake.hasten, kind=kind, now=now))

    async def retry_now(self, kind: str, now: datetime) -> int:
        """A kind of channel is back: what waits for it is due now. Return how many."""
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

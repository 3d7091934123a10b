"""The delivery queue: claimed in lane order under a lease, settled only by the claim that holds it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import (
    ARRIVED,
    MANY,
    Audience,
    Delivery,
    DeliveryAction,
    DeliveryResult,
    DeliveryStatus,
    Destination,
    Notice,
    Progress,
)
from bot.model.cluster import SCHEDULER, channel_role
from bot.notify.batching import Claim, Contents, Message, Plan
from bot.notify.place_queue import Head, PlaceQueue, Standing
from bot.store.deliveries import batch, claim, failover, readdress, statements
from bot.store.deliveries.failover import Handed, Untaken
from bot.store.deliveries.readdress import Adopted, Waiting
from bot.store.deliveries.statements import Settlement
from bot.store.engine import Database
from bot.store.group_commit import Group
from bot.store.schema import deliveries as table

__all__ = ["MANY", "Adopted", "Claim", "Claimed", "Deliveries", "Handed", "Progress", "Untaken", "Waiting"]


class Claimed(NamedTuple):
    """The deliveries of a claim. `stale`: some others were no longer as they were read, and were left alone."""

    deliveries: tuple[Delivery, ...]
    stale: bool = False


class Deliveries:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._settling: Group[Settlement, bool] = Group(database, self._settle)

    async def add(self, deliveries: Sequence[Delivery], now: datetime) -> int:
        """Queue deliveries that no incident causes: digests, tests, next rungs.

        Those whose key exists are left as they are. Return how many were new.
        """
        return await self._database.write(partial(statements.queue, deliveries=deliveries, now=now))

    async def heads(self, wanted: Claim, since: datetime) -> tuple[list[Head], dict[str, Standing]]:
        """Read what can be claimed, the longest due first: the first unfinished delivery of each lane, if it is pending
        and due, or sending with an expired lease. With the standing of their places since then.
        """

        async def work(connection: AsyncConnection) -> tuple[list[Head], dict[str, Standing]]:
            heads = await claim.heads(connection, wanted)
            places = list({head.place for head in heads}) if wanted.gathers else ()
            return heads, await claim.standing(connection, wanted.kind, places, since, wanted.now)

        return await self._database.read_latest(work)

    async def claim_heads(
        self, wanted: Claim, choose: Callable[[Sequence[Head]], Sequence[int] | None]
    ) -> Claimed | None:
        """Take those of the `heads` that the pure `choose` names, in one transaction; None if it leaves that open."""

        async def work(connection: AsyncConnection) -> Claimed | None:
            ids = choose(await claim.heads(connection, wanted))
            if ids is None:
                return None
            taken = await claim.take(connection, ids, (), wanted.now, wanted.until)
            return Claimed(await statements.load(connection, taken), len(taken) < len(ids))

        return await self._database.write(work, roles=[channel_role(wanted.kind)])

    async def place_queues(
        self, whole: Collection[Destination], edits: Collection[Destination], since: datetime
    ) -> dict[Destination, PlaceQueue]:
        """Read all that waits for the destinations in `whole`, and for those in `edits` the edits of batch messages: left
        out where there are none.
        """

        async def work(connection: AsyncConnection) -> dict[Destination, PlaceQueue]:
            read = {
                place: await batch.read(connection, place, since, edits=place in edits, whole=place in whole)
                for place in {**dict.fromkeys(whole), **dict.fromkeys(edits)}
            }
            return {place: queue for place, queue in read.items() if queue}

        return await self._database.read_latest(work)

    async def contents(self, plan: Plan) -> dict[Message, Contents]:
        """Read what the batch messages of a plan have to say so far."""
        return await self._database.read_latest(partial(batch.contents, plan=plan))

    async def claim(
        self,
        take: Sequence[int | Message],
        plans: Sequence[Plan],
        notices: Mapping[Message, Notice],
        wanted: Claim,
    ) -> Claimed:
        """Write plans, with the texts of their messages, and take deliveries under a lease.

        What is no longer as it was read is left alone. Only with that lease can they be settled.
        """

        async def work(connection: AsyncConnection) -> Claimed:
            gone, planned = set[int | Message](), set[int | Message]()
            for plan in plans:
                if await batch.write(connection, plan, notices, wanted.now):
                    planned |= plan.decided
                else:
                    gone.update(plan.take)
            ids = [_id(one) for one in take if one not in gone]
            taken = await claim.take(connection, ids, {*map(_id, planned)}, wanted.now, wanted.until)
            return Claimed(await statements.load(connection, taken), bool(gone) or len(taken) < len(ids))

        return await self._database.write(work, roles=[channel_role(wanted.kind)])

    async def next_deadline(self) -> datetime | None:
        """The next deadline of a delivery with a ladder; after it the next rung takes over. None if there is none."""

        async def work(connection: AsyncConnection) -> datetime | None:
            return await connection.scalar(failover.NEXT)

        return await self._database.read(work)

    async def untaken(self, now: datetime, ladders: Mapping[str, Audience]) -> tuple[Untaken, ...]:
        """Read the deliveries whose deadline has come, some tens at a time."""
        return await self._database.read(partial(failover.read, now=now, ladders=ladders))

    async def fail_over(
        self, handed: Sequence[Handed], ladders: Mapping[str, Audience], now: datetime
    ) -> tuple[Handed, ...]:
        """Queue what goes to the next rungs; return those that still were as they were read. Each is handed on once, even
        if other processes do the same at the same time.
        """
        work = partial(failover.write, handed=handed, ladders=ladders, now=now)
        return await self._database.write(work, roles=[SCHEDULER])

    async def settle(self, delivery: Delivery, result: DeliveryResult, at: datetime) -> bool:
        """Write what became of a delivery. False, and nothing is written, if another claim took over."""
        return await self._settling.join(Settlement(delivery, result, at))

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
        """Give the thread another message to edit, see `claim.replace_deleted`."""
        await self._database.write(partial(claim.replace_deleted, delivery=delivery, now=now))

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
        carrier = table.alias("carrier")
        query = (
            select(table, carrier.c.act.label("carried_by"))
            .join(carrier, carrier.c.id == table.c.told_in, isouter=True)
            .where(table.c.thread == incident_id)
            .order_by(table.c.id)
        )

        async def work(connection: AsyncConnection) -> tuple[Progress, ...]:
            return tuple(_progress(row) for row in await connection.execute(query))

        return await self._database.read(work)

    async def sent_as(self, place: Destination, ref: str) -> bool:
        """Whether a message that the channel calls so was sent to a place. (Without an index: it is asked seldom.)"""
        ours = (table.c.kind == place.kind, table.c.place == place.place, table.c.ref == ref)
        query = select(table.c.id).where(*ours).limit(1)

        async def work(connection: AsyncConnection) -> bool:
            return await connection.scalar(query) is not None

        return await self._database.read(work)

    async def waiting(self) -> list[Waiting]:
        """Read all that is unfinished, or not handed to its next rung yet."""
        return await self._database.read(readdress.read)

    async def readdress(self, decided: Sequence[tuple[Waiting, Adopted]], now: datetime) -> tuple[int, int]:
        """Write what a new config means for what waits, see `readdress.write`."""
        return await self._database.write(partial(readdress.write, decided=decided, now=now))

    async def expire_deadlines(self, kind: str, now: datetime) -> int:
        """Let the next rungs take over what a dead kind of channel has not taken. Return how many."""
        return await self._database.write(partial(claim.hasten, kind=kind, now=now))

    async def retry_now(self, kind: str, now: datetime) -> int:
        """Make all that waits for a kind of channel due now, since it is back. Return how many."""
        return await self._database.write(partial(claim.rouse, kind=kind, now=now))

    async def _settle(self, settlements: Sequence[Settlement]) -> Sequence[bool]:
        return await self._database.write(partial(claim.settle, settlements=settlements))


def _id(one: int | Message) -> int:
    return one.id if isinstance(one, Message) else one


def _progress(row: Row[Any]) -> Progress:
    return Progress(
        id=row.id,
        destination=Destination(row.kind, row.place),
        key=row.key,
        action=DeliveryAction(row.act),
        kind=row.notice.kind,
        audience=row.audience,
        ladders=row.ladders or (),
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        queued_at=row.queued_at,
        due=row.due,
        sent_at=row.settled_at if row.status in ARRIVED else None,
        why=row.why,
        unsure=row.unsure,
        by_edit=row.carried_by == DeliveryAction.EDIT,
    )

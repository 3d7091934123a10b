"""When digests are due to whom, and which were queued: each once, whoever runs the scheduler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Delivery, Destination, DigestRun
from bot.store.deliveries import statements
from bot.store.engine import Database, insert
from bot.store.schema import digest_runs as runs

Key = tuple[str, Destination]  # of a digest's name and its recipient
COMING = runs.c.settled_at.is_(None)


class DigestStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def coming(self, until: datetime | None = None) -> tuple[DigestRun, ...]:
        """The next digest of each recipient, of those that are due until then; the first due first."""
        query = select(runs).where(COMING).order_by(runs.c.nominal, runs.c.id)
        if until is not None:
            query = query.where(runs.c.nominal <= until)

        async def work(connection: AsyncConnection) -> tuple[DigestRun, ...]:
            return tuple(map(_run, await connection.execute(query)))

        return await self._database.read(work)

    async def latest(self) -> dict[Key, datetime]:
        """Up to when each recipient has been told."""
        query = (
            select(runs.c.digest, runs.c.kind, runs.c.place, func.max(runs.c.nominal).label("nominal"))
            .where(~COMING)
            .group_by(runs.c.digest, runs.c.kind, runs.c.place)
        )

        async def work(connection: AsyncConnection) -> dict[Key, datetime]:
            rows = await connection.execute(query)
            return {(row.digest, Destination(row.kind, row.place)): row.nominal for row in rows}

        return await self._database.read(work)

    async def forget_after(self, at: datetime) -> int:
        """Forget what was queued for later times than this: the clock was ahead then. Return how many."""
        gone = delete(runs).where(~COMING, runs.c.nominal > at)

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(gone)).rowcount

        return await self._database.write(work)

    async def plan(self, add: Sequence[DigestRun], drop: Sequence[DigestRun]) -> None:
        """Plan digests in the place of others. What another process has planned or queued meanwhile stays."""
        gone = delete(runs).where(COMING, runs.c.id.in_([run.id for run in drop]))

        async def work(connection: AsyncConnection) -> None:
            if drop:
                await connection.execute(gone)
            await _add(connection, add)

        await self._database.write(work)

    async def queue(
        self, due: Mapping[int, Delivery], nominal: datetime, then: Mapping[int, DigestRun], now: datetime
    ) -> tuple[int, ...]:
        """Queue what is due, and plan what comes then, in one transaction: by the number of the planned digest. `nominal`:
        the latest time that they were due. Return the numbers of those that were not queued before, by any process.
        """
        numbers = list(due)

        async def work(connection: AsyncConnection) -> tuple[int, ...]:
            taken = tuple(await connection.scalars(_taken(numbers, nominal, now)))
            await _add(connection, [then[number] for number in taken])
            await statements.queue(connection, [due[number] for number in taken], now)
            return taken

        return await self._database.write(work)


def _taken(numbers: Sequence[int], nominal: datetime, now: datetime) -> Any:
    """Settle planned digests. A recipient who already has one of this time gets no other."""
    other = runs.alias()
    had = (
        select(other.c.id)
        .where(
            other.c.digest == runs.c.digest,
            other.c.kind == runs.c.kind,
            other.c.place == runs.c.place,
            other.c.nominal >= nominal,
            other.c.settled_at.is_not(None),
        )
        .exists()
    )
    settled = update(runs).where(runs.c.id.in_(numbers), COMING, ~had)
    return settled.values(nominal=nominal, settled_at=now).returning(runs.c.id)


async def _add(connection: AsyncConnection, plans: Sequence[DigestRun]) -> None:
    if plans:
        new = insert(connection.dialect.name, runs).on_conflict_do_nothing()
        await connection.execute(new, [_row(run) for run in plans])


def _row(run: DigestRun) -> dict[str, Any]:
    place = {"kind": run.destination.kind, "place": run.destination.place}
    return place | {"digest": run.digest, "nominal": run.nominal, "since": run.since, "schedule": run.schedule}


def _run(row: Row[Any]) -> DigestRun:
    return DigestRun(row.digest, Destination(row.kind, row.place), row.nominal, row.since, row.schedule, row.id)

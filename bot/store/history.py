"""What was: incidents, their changes, the results of checks; and what is forgotten after a while."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Table, delete, or_, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Change, Incident, Outcome, Reading
from bot.store.columns import MICROSECOND, refuse_naive
from bot.store.engine import Database
from bot.store.people import People
from bot.store.schema import changes, deliveries, incidents, results, seen

RESULTS_FOR = timedelta(hours=48)
KEYS_FOR = timedelta(days=30)
DELIVERIES_FOR = timedelta(days=90)
SWEEP = 5000  # rows a transaction: whoever wants to write meanwhile waits for one of these only
ALIVE = "store:alive"


class History:
    def __init__(self, database: Database, people: People) -> None:
        self._database = database
        self._people = people

    async def incidents(
        self, since: datetime, *, services: Sequence[str] = (), limit: int = 200
    ) -> tuple[Incident, ...]:
        """Those open or ended after `since`, the newest first; of some services, or of all."""
        query = select(incidents.c.json).where(or_(incidents.c.until.is_(None), incidents.c.until > since))
        if services:
            query = query.where(incidents.c.service.in_(services))
        query = query.order_by(incidents.c.since.desc(), incidents.c.service, incidents.c.number.desc()).limit(limit)

        async def work(connection: AsyncConnection) -> tuple[Incident, ...]:
            return tuple(await connection.scalars(query))

        return await self._database.read(work)

    async def incident(self, asked: str) -> Incident | None:
        """ "x#17", or the newest of the service "x"."""
        query = select(incidents.c.json).where(incidents.c.id == asked)
        newest = (
            select(incidents.c.json).where(incidents.c.service == asked).order_by(incidents.c.number.desc()).limit(1)
        )

        async def work(connection: AsyncConnection) -> Incident | None:
            return await connection.scalar(query) or await connection.scalar(newest)

        return await self._database.read(work)

    async def changes(self, incident_id: str) -> tuple[Change, ...]:
        """An incident's timeline, the first change first."""
        query = select(changes.c.json).where(changes.c.incident == incident_id).order_by(changes.c.step)

        async def work(connection: AsyncConnection) -> tuple[Change, ...]:
            return tuple(await connection.scalars(query))

        return await self._database.read(work)

    async def record(self, rows: Sequence[tuple[str, datetime, Reading]]) -> None:
        """Keep what checks saw: (service, when, reading), many at once."""
        values = [
            {
                "service": service,
                "at": at,
                "route": reading.route,
                "outcome": reading.outcome.value,
                "why": reading.why,
                "took": None if reading.took is None else reading.took // MICROSECOND,
                "reused": reading.reused,
            }
            for service, at, reading in rows
        ]

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(plain_insert(results), values)

        if values:
            await self._database.write(work)

    async def results(self, service: str, since: datetime) -> tuple[tuple[datetime, Reading], ...]:
        """What checks saw of one service from `since` on, the oldest first; of the last 48 hours at most."""
        query = select(results).where(results.c.service == service, results.c.at >= since)

        async def work(connection: AsyncConnection) -> tuple[tuple[datetime, Reading], ...]:
            rows = await connection.execute(query.order_by(results.c.at, results.c.id))
            return tuple(
                (row.at, Reading(row.route, Outcome(row.outcome), row.why, _length(row.took), row.reused))
                for row in rows
            )

        return await self._database.read(work)

    async def prune(self, now: datetime) -> None:
        """Forget results after 48 hours, keys asked for `once` after 30 days, finished deliveries after 90 days."""
        await self._sweep(results, results.c.at < now - RESULTS_FOR)
        await self._sweep(deliveries, deliveries.c.settled_at < now - DELIVERIES_FOR)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(seen).where(seen.c.at < now - KEYS_FOR))

        await self._database.write(work)

    async def alive(self, now: datetime) -> None:
        """Note that we live, for the next start to know since when we did not."""
        refuse_naive(now)
        await self._people.remember(ALIVE, now.astimezone(UTC).isoformat())

    async def last_alive(self) -> datetime | None:
        noted = await self._people.recall(ALIVE)
        return None if noted is None else datetime.fromisoformat(noted)

    async def _sweep(self, table: Table, old: ColumnElement[bool]) -> None:
        """Rows are in the order of time, so the oldest are looked at first, without an index on time to keep up."""
        oldest = select(table.c.id).order_by(table.c.id).limit(SWEEP)
        gone = delete(table).where(table.c.id.in_(oldest), old).returning(table.c.id)

        async def work(connection: AsyncConnection) -> int:
            return len((await connection.execute(gone)).all())

        while await self._database.write(work):
            pass


def _length(microseconds: int | None) -> timedelta | None:
    return None if microseconds is None else timedelta(microseconds=microseconds)

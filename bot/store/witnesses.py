"""What nodes tell each other of the witnesses, as each witness reports to one of them. All times are the database's."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import TextClause, delete, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model.witnesses import SharedReading, SharedWord, WitnessNews
from bot.store.engine import Database, upsert
from bot.store.schema import witness_readings, witness_requests, witnesses

OVERLAP = 2.0  # seconds read again: what another transaction was just writing
KEPT = 3600.0  # seconds after which rows say nothing any more
NOW: dict[str, TextClause] = {  # seconds since 1970 by the database's clock
    "postgresql": text("SELECT extract(epoch FROM clock_timestamp())::float8"),
    "sqlite": text("SELECT (julianday('now') - 2440587.5) * 86400.0"),
}


class WitnessStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def share(
        self, readings: Sequence[SharedReading], words: Sequence[SharedWord], requests: Sequence[str]
    ) -> None:
        """Write what this node has heard and asks for, in one transaction, in the order of the keys: no two nodes lock
        each other.
        """

        async def work(connection: AsyncConnection) -> None:
            name, now = connection.dialect.name, await _now(connection)
            if rows := [
                {
                    "service": one.service,
                    "route": one.route,
                    "location": one.witness,
                    "at": now - one.age,
                    "written": now,
                    "json": one.reading,
                }
                for one in sorted(readings, key=lambda one: (one.service, one.route, one.witness))
            ]:
                await connection.execute(upsert(name, witness_readings, "service", "route", "location"), rows)
            if heard := [
                {"location": one.witness, "at": now - one.age, "blind": one.blind, "written": now}
                for one in sorted(words, key=lambda one: one.witness)
            ]:
                await connection.execute(upsert(name, witnesses, "location"), heard)
            if asked := [{"service": service, "written": now} for service in sorted(set(requests))]:
                await connection.execute(upsert(name, witness_requests, "service"), asked)

        if readings or words or requests:
            await self._database.write(work)

    async def news(self, mark: float | None = None) -> WitnessNews:
        """What any node has written since the mark; without one, all that is known."""

        async def work(connection: AsyncConnection) -> WitnessNews:
            now, since = await _now(connection), (mark or 0.0) - OVERLAP
            seen = select(witness_readings).where(witness_readings.c.written > since)
            readings = tuple(
                SharedReading(row.service, row.route, row.location, now - row.at, row.json)
                for row in await connection.execute(seen)
            )
            heard = select(witnesses).where(witnesses.c.written > since)
            words = tuple(SharedWord(row.location, now - row.at, row.blind) for row in await connection.execute(heard))
            asked = select(witness_requests.c.service).where(witness_requests.c.written > since)
            requests = tuple(await connection.scalars(asked)) if mark else ()
            return WitnessNews(readings, words, requests, now)

        return await self._database.read(work)

    async def forget(self) -> None:
        """Delete what is too old to say anything."""

        async def work(connection: AsyncConnection) -> None:
            oldest = await _now(connection) - KEPT
            for table in (witness_readings, witness_requests):
                await connection.execute(delete(table).where(table.c.written < oldest))

        await self._database.write(work)


async def _now(connection: AsyncConnection) -> float:
    return float(await connection.scalar(NOW[connection.dialect.name]) or 0.0)

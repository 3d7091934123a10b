"""The heartbeats received from jobs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Heartbeat
from bot.store.engine import Database, upsert
from bot.store.schema import heartbeats


class HeartbeatStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> tuple[Heartbeat, ...]:
        """All of them, including those that the config no longer has."""

        async def work(connection: AsyncConnection) -> tuple[Heartbeat, ...]:
            return tuple(Heartbeat(*row) for row in await connection.execute(select(heartbeats)))

        return await self._database.read(work)

    async def keep(self, told: Sequence[Heartbeat]) -> None:
        rows = [{column.name: getattr(job, column.name) for column in heartbeats.c} for job in told]

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(upsert(connection.dialect.name, heartbeats, "service", "route"), rows)

        if rows:
            await self._database.write(work)

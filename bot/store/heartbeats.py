"""The heartbeats received from jobs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Executable, case, func, or_, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Heartbeat
from bot.store.engine import Database, upsert
from bot.store.feed import Subject, mark
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
        """Store jobs. What another node has heard of the same job meanwhile stays."""
        rows = [{column.name: getattr(job, column.name) for column in heartbeats.c} for job in told]

        async def work(connection: AsyncConnection) -> None:
            if connection.dialect.name == "postgresql":
                await connection.execute(_merge(), sorted(rows, key=lambda row: (row["service"], row["route"])))
            else:
                await connection.execute(upsert("sqlite", heartbeats, "service", "route"), rows)
            await mark(connection, Subject.HEARTBEATS)

        if rows:
            await self._database.write(work)


@cache
def _merge() -> Executable:
    """An INSERT that keeps the row with the latest call, as `judge.heartbeats.merged` does."""
    statement = postgresql.insert(heartbeats)
    new, old = statement.excluded, heartbeats.c
    known, told = (func.greatest(*(row[name] for name in CALLS)) for row in (old, new))
    newer = or_(old.rhythm != new.rhythm, known.is_(None), told >= known)
    calls = {name: case((newer, new[name]), else_=old[name]) for name in (*CALLS, "code")}
    return statement.on_conflict_do_update(
        index_elements=["service", "route"],
        set_={
            **calls,
            "since": case((old.rhythm == new.rhythm, func.greatest(old.since, new.since)), else_=new.since),
            "token": case((old.token != "", old.token), else_=new.token),
            "rhythm": new.rhythm,
        },
    )


CALLS = ("done_at", "begun_at", "failed_at")

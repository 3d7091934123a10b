"""What people and jobs report: people's reports on services, and the heartbeats received from jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Executable, case, delete, false, func, or_, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Heartbeat, Report
from bot.model.observations import hour
from bot.store.engine import Database, insert, upsert
from bot.store.feed import Subject, mark
from bot.store.schema import heartbeats, report_hours, reports

WORDS_FOR = timedelta(hours=48)
HOURS_FOR = timedelta(weeks=52)


class ReportStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, report: Report, origin: str = "", most: int = 0) -> bool:
        """Store a report; it replaces the person's earlier one on that service in the same clock hour. `who` is stored
        as is. `origin`: the hash of an address, of which `most` people count on a service within an hour, by all nodes;
        False if there were as many others.
        """
        row = {
            "service": report.service,
            "who": report.who,
            "hour": hour(report.at),
            "at": report.at,
            "way": report.way,
            "what": report.what,
            "works": report.works,
            "origin": origin,
        }
        others = select(func.count(reports.c.who.distinct())).where(
            reports.c.service == report.service,
            reports.c.origin == origin,
            reports.c.who != report.who,
            reports.c.at > report.at - timedelta(hours=1),
        )

        async def work(connection: AsyncConnection) -> bool:
            await mark(connection, Subject.REPORTS)  # first, so that two nodes count one after the other
            if origin and (await connection.scalar(others) or 0) >= most:
                return False
            await connection.execute(upsert(connection.dialect.name, reports, "service", "who", "hour"), row)
            return True

        return await self._database.write(work)

    async def since(self, at: datetime) -> tuple[Report, ...]:
        """The reports after `at`, the oldest first."""
        query = select(reports).where(reports.c.at > at).order_by(reports.c.at)

        async def work(connection: AsyncConnection) -> tuple[Report, ...]:
            rows = await connection.execute(query)
            return tuple(Report(row.service, row.at, row.who, row.way, row.what, row.works) for row in rows)

        return await self._database.read(work)

    async def hours(self, service: str) -> Mapping[datetime, int]:
        """How many people had trouble, by the beginning of the hour; hours without any, or not over yet, are missing."""
        query = select(report_hours.c.hour, report_hours.c.people).where(report_hours.c.service == service)

        async def work(connection: AsyncConnection) -> Mapping[datetime, int]:
            return {row.hour: row.people for row in await connection.execute(query)}

        return await self._database.read(work)

    async def tidy(self, now: datetime) -> None:
        """Count the hours that are over, then delete reports after 48 hours and hours after a year."""
        over = (
            select(reports.c.service, reports.c.hour, func.count())
            .where(reports.c.works == false(), reports.c.hour < hour(now))
            .group_by(reports.c.service, reports.c.hour)
        )

        async def work(connection: AsyncConnection) -> None:
            counted = insert(connection.dialect.name, report_hours).from_select(["service", "hour", "people"], over)
            await connection.execute(
                counted.on_conflict_do_update(
                    index_elements=["service", "hour"], set_={"people": counted.excluded.people}
                )
            )
            await connection.execute(delete(reports).where(reports.c.at < now - WORDS_FOR))
            await connection.execute(delete(report_hours).where(report_hours.c.hour < now - HOURS_FOR))

        await self._database.write(work)


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

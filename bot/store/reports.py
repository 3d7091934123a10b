"""People's reports on services: each one for two days, their number per hour for a year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, false, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Report
from bot.model.observations import hour
from bot.store.engine import Database, insert, upsert
from bot.store.feed import Subject, mark
from bot.store.schema import report_hours, reports

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

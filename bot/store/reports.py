"""What people say of services: each word for two days, the number of an hour for a year."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, false, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Report
from bot.model.reports import hour
from bot.store.engine import Database, insert, upsert
from bot.store.schema import report_hours, reports

WORDS_FOR = timedelta(hours=48)
HOURS_FOR = timedelta(weeks=52)


class ReportStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, report: Report) -> None:
        """A person has one word on a service within an hour of the clock: the newest. `who` is written as it is."""
        row = {
            "service": report.service,
            "who": report.who,
            "hour": hour(report.at),
            "at": report.at,
            "way": report.way,
            "what": report.what,
            "works": report.works,
        }

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(upsert(connection.dialect.name, reports, "service", "who", "hour"), row)

        await self._database.write(work)

    async def since(self, at: datetime) -> tuple[Report, ...]:
        """The oldest first."""
        query = select(reports).where(reports.c.at > at).order_by(reports.c.at)

        async def work(connection: AsyncConnection) -> tuple[Report, ...]:
            rows = await connection.execute(query)
            return tuple(Report(row.service, row.at, row.who, row.way, row.what, row.works) for row in rows)

        return await self._database.read(work)

    async def hours(self, service: str) -> Mapping[datetime, int]:
        """For how many it did not work, by the beginning of the hour; hours that are not over, and those without any, are
        missing.
        """
        query = select(report_hours.c.hour, report_hours.c.people).where(report_hours.c.service == service)

        async def work(connection: AsyncConnection) -> Mapping[datetime, int]:
            return {row.hour: row.people for row in await connection.execute(query)}

        return await self._database.read(work)

    async def tidy(self, now: datetime) -> None:
        """Count the hours that are over, then forget words after 48 hours and hours after a year."""
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

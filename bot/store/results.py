"""The history: incidents, their changes, the results of checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Row, Text, and_, case, null, or_, select, text, type_coerce
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler

from bot.model import OURSELVES, Change, Confidence, Health, Incident, Outage, Reading, outage
from bot.model.cluster import Claim
from bot.store.columns import MICROSECOND, Utc, Why, refuse_naive
from bot.store.engine import Database
from bot.store.rollups import CODES, OUTCOMES, Series, prune
from bot.store.schema import changes, incidents, results, series
from bot.store.subscriptions import Subscriptions

ALIVE = "store:alive"


class ResultStore:
    def __init__(self, database: Database, people: Subscriptions) -> None:
        self._database = database
        self._people = people
        self._series = Series()

    async def incidents(
        self, since: datetime, *, services: Sequence[str] = (), limit: int = 200
    ) -> tuple[Incident, ...]:
        """The incidents open or ended after `since`, the newest first; of the given services, or of all."""
        query = select(incidents.c.json).where(or_(incidents.c.until.is_(None), incidents.c.until > since))
        if services:
            query = query.where(incidents.c.service.in_(services))
        query = query.order_by(incidents.c.since.desc(), incidents.c.service, incidents.c.number.desc()).limit(limit)

        async def work(connection: AsyncConnection) -> tuple[Incident, ...]:
            return tuple(await connection.scalars(query))

        return await self._database.read(work)

    async def outages(self, since: datetime, services: Sequence[str]) -> tuple[Outage, ...]:
        """All outages open or ended after `since`, oldest first: no limit, so that figures are right, and few columns,
        so that thousands cost little. Only of the unstable and of certificates is the whole incident read.
        """
        columns = incidents.c
        counts = or_(
            columns.service == OURSELVES,
            and_(columns.confidence == Confidence.CONFIRMED.value, ~columns.retracted),
        )
        query = (
            select(columns.service, columns.number, columns.since, columns.until, columns.worst, columns.health)
            .add_columns(case((_plain(), null()), else_=columns.json).label("json"))
            .where(or_(columns.until.is_(None), columns.until > since), columns.service.in_(services), counts)
            .order_by(columns.since, columns.service, columns.number)
        )

        async def work(connection: AsyncConnection) -> tuple[Outage, ...]:
            found = [_outage(row) for row in await connection.execute(query)]
            return tuple(one for one in found if one is not None)

        return await self._database.read(work)

    async def incident(self, asked: str) -> Incident | None:
        """The incident "x#17", or the newest of the service "x"; None if there is none."""
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

    async def record(
        self, rows: Sequence[tuple[str, datetime, Reading]], claims: Mapping[str, Claim] = MappingProxyType({})
    ) -> None:
        """Store readings as (service, when, reading). `claims`, by service: without a good one, its readings are dropped."""

        async def work(connection: AsyncConnection, refused: frozenset[Claim]) -> None:
            good = [row for row in rows if claims.get(row[0]) not in refused] if refused else rows
            if not good:
                return
            dialect = connection.dialect
            try:
                values = _values(good, self._series.numbers, dialect)
            except KeyError:
                await self._series.find(connection, {(service, reading.route) for service, _, reading in good})
                values = _values(good, self._series.numbers, dialect)
            if dialect.name == "postgresql":
                await connection.execute(IN_ORDER, {"number": RECORDING})
            await connection.exec_driver_sql(_keep(dialect), values)

        if rows:
            try:
                await self._database.write_claimed(work, set(claims.values()), hold=False)
            except BaseException:
                self._series.forget()
                raise

    async def results(self, service: str, since: datetime) -> tuple[tuple[datetime, Reading], ...]:
        """The readings of one service from `since` on, the oldest first; of the last 48 hours at most.

        This scans all results: an index on time would cost more.
        """
        query = (
            select(results, series.c.route)
            .join(series, series.c.id == results.c.series)
            .where(series.c.service == service, results.c.at >= since)
            .order_by(results.c.at, results.c.id)
        )

        async def work(connection: AsyncConnection) -> tuple[tuple[datetime, Reading], ...]:
            return tuple((row.at, _reading(row)) for row in await connection.execute(query))

        return await self._database.read(work)

    async def prune(self, now: datetime) -> None:
        """Delete what is past its time: results 48 hours, five-minute roll-ups 14 days, `once` keys 30 days, finished
        deliveries 90 days; hours, stretches, incidents and their changes 2 years.
        """
        await prune(self._database, now)
        self._series.forget()

    async def alive(self, now: datetime) -> None:
        """Note that we run, so that the next start knows since when we did not."""
        refuse_naive(now)
        await self._people.remember(ALIVE, now.astimezone(UTC).isoformat())

    async def last_alive(self) -> datetime | None:
        noted = await self._people.recall(ALIVE)
        return None if noted is None else datetime.fromisoformat(noted)


# The roll-up reads by number up to the newest one: so numbers must be given in the order of the commits, and each round's
# in a row, whoever else records.
RECORDING = 0x70C53  # advisory lock, an arbitrary number that nothing else uses
IN_ORDER = text("SELECT pg_advisory_xact_lock(:number)")

KEPT = ("series", "at", "outcome", "why", "took", "reused")
NO_REASON = Why().process_bind_param(None, sqlite.dialect())


@cache
def _keep(dialect: Dialect) -> str:
    """The statement for the driver itself: to pass thousands of rows through SQLAlchemy takes longer than to store them."""
    compiled = plain_insert(results).compile(dialect=dialect, column_keys=list(KEPT))
    assert isinstance(compiled, SQLCompiler) and tuple(compiled.positiontup or ()) == KEPT  # noqa: PT018 S101
    return compiled.string


def _values(
    rows: Sequence[tuple[str, datetime, Reading]], numbers: Mapping[tuple[str, str], int], dialect: Dialect
) -> list[tuple[Any, ...]]:
    """As the driver takes them, in the order of `KEPT`. Raise KeyError if a route has no number yet."""
    why, instant = Why(), Utc()
    return [
        (
            numbers[service, reading.route],
            instant.process_bind_param(at, dialect),
            CODES[reading.outcome],
            NO_REASON if reading.why is None else why.process_bind_param(reading.why, dialect),
            None if reading.took is None else reading.took // MICROSECOND,
            reading.reused,
        )
        for service, at, reading in rows
    ]


def _reading(row: Row[Any]) -> Reading:
    took = None if row.took is None else timedelta(microseconds=row.took)
    return Reading(row.route, OUTCOMES[row.outcome], row.why, took, row.reused)


def _plain() -> ColumnElement[bool]:
    """An incident whose columns say all that counts: it was never unstable, and reports no certificate."""
    text = type_coerce(incidents.c.json, Text)
    return and_(text.like('%"unstable_since":null%'), ~text.like('%"expiring"%'))


def _outage(row: Row[Any]) -> Outage | None:
    if row.json is not None:
        return outage(row.json)
    return Outage(row.service, row.number, row.since, row.until, Health(max(row.worst, row.health)))

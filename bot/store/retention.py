"""Deleting old rows, a little at a time, so that the database does not grow for ever."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, Delete, Select, Table, cast, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.deliveries import statements
from bot.store.engine import Database
from bot.store.rollups import ROLLED
from bot.store.schema import (
    audit,
    changes,
    deliveries,
    digest_runs,
    done_once,
    five_minutes,
    hours,
    incidents,
    key_value,
    results,
    series,
    stretches,
)

RESULTS_FOR = timedelta(hours=48)
FIVE_MINUTES_FOR = timedelta(days=14)  # last week's outages are looked at closely, last year's are not
YEARS = timedelta(days=2 * 366)  # to compare this year with the last: hours, incidents, stretches
KEYS_FOR = timedelta(days=30)
DELIVERIES_FOR = timedelta(days=90)
SWEEP = 5000  # rows per transaction, so that other writers wait for one of these only
ROUTES = 100  # routes whose buckets are searched at once
# The newest result that is rolled up: what is not is kept, for no figure knows of it yet.
REACHED = select(cast(key_value.c.value, BigInteger)).where(key_value.c.name == ROLLED).scalar_subquery()


async def prune(database: Database, now: datetime) -> None:
    """Delete what is past its time. Open and unfinished rows stay."""
    for step in _steps(now, await database.read(_numbers)):
        while await database.write(step):
            pass


class _Step:
    """Deletes some of the old rows; returns how many."""

    def __init__(self, *statements: Delete) -> None:
        self._statements = statements

    async def __call__(self, connection: AsyncConnection) -> int:
        gone = [(await connection.execute(statement)).rowcount for statement in self._statements]
        return gone[-1]


def _steps(now: datetime, routes: list[int]) -> Iterator[_Step]:
    yield _Step(_oldest(results, (results.c.at < now - RESULTS_FOR) & (results.c.id <= REACHED)))
    yield _Step(_oldest(deliveries, deliveries.c.settled_at < now - DELIVERIES_FOR))
    yield _Step(statements.old_documents(now - DELIVERIES_FOR))
    yield _Step(_some(done_once, done_once.c.at < now - KEYS_FOR))
    yield _Step(_oldest(audit, audit.c.at < now - YEARS))
    yield _Step(_some(digest_runs, digest_runs.c.settled_at < now - YEARS))
    yield _Step(_some(stretches, stretches.c.until < now - YEARS))
    # `since` has an index, and no incident ends before it began.
    old = select(incidents.c.id).where(incidents.c.since < now - YEARS, incidents.c.until < now - YEARS)
    old = old.order_by(incidents.c.since, incidents.c.id).limit(SWEEP // 10)
    yield _Step(delete(changes).where(changes.c.incident.in_(old)), delete(incidents).where(incidents.c.id.in_(old)))
    for table, kept in ((five_minutes, FIVE_MINUTES_FOR), (hours, YEARS)):
        for first in range(0, len(routes), ROUTES):
            some = table.c.series.in_(routes[first : first + ROUTES])
            yield _Step(_some(table, some & (table.c.at < now - kept)))
    yield _Step(_some(series, series.c.at < now - YEARS))


async def _numbers(connection: AsyncConnection) -> list[int]:
    return list(await connection.scalars(select(series.c.id).order_by(series.c.id)))


def _oldest(table: Table, old: ColumnElement[bool]) -> Delete:
    """The oldest rows first, in the order of their ids; an index on time is not needed."""
    first = select(table.c.id).order_by(table.c.id).limit(SWEEP)
    return delete(table).where(table.c.id.in_(first), old)


def _some(table: Table, old: ColumnElement[bool]) -> Delete:
    key = tuple_(*table.primary_key.columns)
    some: Select[tuple[object, ...]] = select(*table.primary_key.columns).where(old).limit(SWEEP)
    return delete(table).where(key.in_(some))

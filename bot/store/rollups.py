"""Roll-ups of check results: five minutes and hours of each route, and the stretches in which a service was seen.

Old rows are deleted a little at a time, so that the database does not grow for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import islice
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Delete,
    Executable,
    Row,
    Select,
    Table,
    bindparam,
    case,
    cast,
    delete,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.judge.uptime import Result, Roll, Sums
from bot.model import Outcome, Stretch
from bot.store.deliveries import statements
from bot.store.engine import Database, insert, insert_new, upsert
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
from bot.store.subscriptions import Subscriptions

ROLLED = "store:rolled"  # the newest result that is rolled up
STEP = 100_000  # results per transaction at most ...
BUCKETS = 10_000  # ... and buckets that they go into: each is a row to be written
READ = 2_500  # results read at once
# rows at once: preparing a statement, or reading its answer, blocks the event loop
PART = 250
SUMS = tuple(Sums.__slots__)
# Stored as the index in this tuple: append new outcomes, so that older results keep their meaning.
OUTCOMES = (Outcome.OK, Outcome.SLOW, Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.EXPIRING)
CODES = {outcome: number for number, outcome in enumerate(OUTCOMES)}
RESULTS_FOR = timedelta(hours=48)
FIVE_MINUTES_FOR = timedelta(days=14)  # last week's outages are looked at closely, last year's are not
YEARS = timedelta(days=2 * 366)  # to compare this year with the last: hours, incidents, stretches
KEYS_FOR = timedelta(days=30)
DELIVERIES_FOR = timedelta(days=90)
SWEEP = 5000  # rows per transaction, so that other writers wait for one of these only
ROUTES = 100  # routes whose buckets are searched at once
# The newest result that is rolled up: what is not is kept, for no figure knows of it yet.
REACHED = select(cast(key_value.c.value, BigInteger)).where(key_value.c.name == ROLLED).scalar_subquery()


@dataclass
class Ends:
    """Where the roll-up ended: the newest result of each route, and the newest stretch of each service."""

    mark: int
    last: dict[int, tuple[datetime, Outcome]]
    stretches: dict[str, Stretch]


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums for a service over some time, from its hours. Times are summed over all its routes."""

    up: timedelta
    slow: timedelta
    down: timedelta
    answers: int
    took: timedelta  # of all answers together
    slowest: timedelta

    @property
    def average(self) -> timedelta | None:
        return self.took / self.answers if self.answers else None


class Rollups:
    def __init__(self, database: Database, people: Subscriptions) -> None:
        self._database = database
        self._people = people
        self._ends: Ends | None = None

    async def roll(self, holds: Mapping[str, timedelta], *, most: int = STEP) -> bool:
        """Roll up the oldest results not rolled up yet, `most` or a few more. True if there may be more.

        Progress is written with the figures, so each result counts once, whatever stops us. `holds`: by service, the
        longest gap between two rounds in which its state still counts as known.
        """
        ends, self._ends = self._ends, None  # kept only once they are written
        mark = int(await self._people.recall(ROLLED) or 0)
        if ends is None or ends.mark != mark:
            ends = await self._database.read(lambda connection: _ends(connection, mark))
        roll = Roll(ends.last, ends.stretches, holds)
        reached, more = await self._add(roll, mark, most)
        if reached == mark or await self._database.write(lambda connection: _write(connection, roll, mark, reached)):
            self._ends = Ends(reached, roll.last, roll.stretches)
        return more

    async def _add(self, roll: Roll, mark: int, most: int) -> tuple[int, bool]:
        """Add the results after `mark`; the newest one added, and whether there may be more."""
        taken, once, more = 0, min(READ, most), True
        while more and taken < most and len(roll.sums) < BUCKETS:
            rows = _whole_rounds(await self._database.read(partial(_after, mark=mark, most=once)), once)
            for first in range(0, len(rows), PART):
                for row in rows[first : first + PART]:
                    roll.add(Result(row.series, row.service, row.at, OUTCOMES[row.outcome], row.took))
                await asyncio.sleep(0)
            mark = rows[-1].id if rows else mark
            taken, more = taken + len(rows), len(rows) > once // 2
        roll.end_round()
        return mark, more

    async def stretches(self, since: datetime) -> dict[str, list[Stretch]]:
        """When each service was seen after `since`, as far as rolled up."""
        query = select(*stretches.c).where(stretches.c.until > since)

        async def work(connection: AsyncConnection) -> dict[str, list[Stretch]]:
            found: dict[str, list[Stretch]] = {}
            for service, *stretch in await connection.execute(query):
                found.setdefault(service, []).append(Stretch(*stretch))
            return found

        return await self._database.read(work)

    async def figures(self, service: str, since: datetime, *, table: Table = hours) -> Figures:
        """The figures of one service from the bucket of `since` on, as far as rolled up."""
        added = (func.coalesce(func.sum(table.c[name]), 0) for name in ("up", "slow", "down", "answers", "took"))
        routes = select(series.c.id).where(series.c.service == service)
        query = select(*added, func.coalesce(func.max(table.c.slowest), 0)).where(
            table.c.series.in_(routes), table.c.at >= since
        )

        async def work(connection: AsyncConnection) -> Figures:
            sums = (await connection.execute(query)).one()
            up, slow, down, took, slowest = (timedelta(milliseconds=int(sums[n])) for n in (0, 1, 2, 4, 5))
            return Figures(up, slow, down, int(sums[3]), took, slowest)

        return await self._database.read(work)


async def _after(connection: AsyncConnection, mark: int, most: int) -> Sequence[Row[Any]]:
    columns = (results.c.id, results.c.series, series.c.service, results.c.at, results.c.outcome, results.c.took)
    newer = select(*columns).join(series, series.c.id == results.c.series).where(results.c.id > mark)
    rows: list[Any] = []
    while len(rows) < most:
        after = results.c.id > (rows[-1].id if rows else mark)
        part = (
            await connection.execute(newer.where(after).order_by(results.c.id).limit(min(PART, most - len(rows))))
        ).all()
        rows += part
        if len(part) < PART:
            break
    return rows


def _whole_rounds(rows: Sequence[Row[Any]], most: int) -> Sequence[Row[Any]]:
    """Drop the last round if some of it may not have been read: the routes of a round are judged together."""
    if len(rows) < most:
        return rows
    last = rows[-1].service, rows[-1].at
    end = next((n for n in range(len(rows), 0, -1) if (rows[n - 1].service, rows[n - 1].at) != last), len(rows))
    return rows[:end]


async def _ends(connection: AsyncConnection, mark: int) -> Ends:
    routes = select(series.c.id, series.c.at, series.c.outcome).where(series.c.at.is_not(None))
    last = {row.id: (row.at, OUTCOMES[row.outcome]) for row in await connection.execute(routes)}
    newest = select(stretches.c.service, func.max(stretches.c.since).label("since")).group_by(stretches.c.service)
    ends = newest.subquery()
    query = select(stretches).join(ends, (ends.c.service == stretches.c.service) & (ends.c.since == stretches.c.since))
    found = {row.service: Stretch(row.since, row.until, row.going) for row in await connection.execute(query)}
    return Ends(mark, last, found)


async def _write(connection: AsyncConnection, roll: Roll, mark: int, reached: int) -> bool:
    """Write all of it, or nothing if another process has rolled up the same results."""
    name = connection.dialect.name
    # else nothing is locked
    await connection.execute(insert_new(name, key_value, "name"), {"name": ROLLED, "value": "0"})
    held = await connection.scalar(select(key_value.c.value).where(key_value.c.name == ROLLED).with_for_update())
    if int(held or 0) != mark:
        return False
    await connection.execute(upsert(name, key_value, "name"), {"name": ROLLED, "value": str(reached)})
    for table, found in ((five_minutes, roll.sums), (hours, roll.hours())):
        rows = (
            {"series": number, "at": at, **{column: getattr(sums, column) for column in SUMS}}
            for (number, at), sums in found.items()
        )
        await _in_parts(connection, _added(name, table), rows)
    grown = (
        {"service": service, "since": since, "until": one.until, "going": one.going}
        for (service, since), one in roll.grown.items()
    )
    await _in_parts(connection, upsert(name, stretches, "service", "since"), grown)
    newest = ({"number": n, "of": at, "said": CODES[outcome]} for n, (at, outcome) in roll.rolled.items())
    await _in_parts(connection, NEWEST, newest)
    return True


async def _in_parts(connection: AsyncConnection, statement: Executable, rows: Iterator[dict[str, Any]]) -> None:
    while part := list(islice(rows, PART)):
        await connection.execute(statement, part)


@cache
def _added(dialect: str, table: Table) -> Executable:
    """Insert buckets, or add to existing ones."""
    new = insert(dialect, table)
    sums: dict[str, Any] = {name: table.c[name] + new.excluded[name] for name in SUMS if name != "slowest"}
    slower = case((new.excluded.slowest > table.c.slowest, new.excluded.slowest), else_=table.c.slowest)
    return new.on_conflict_do_update(index_elements=["series", "at"], set_=sums | {"slowest": slower})


NEWEST = (
    update(series)
    .where(series.c.id == bindparam("number"))
    .values(at=bindparam("of", type_=series.c.at.type), outcome=bindparam("said"))
)


class Series:
    """A cache of all numbers: they are few and needed for each result."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], int] = {}

    async def find(self, connection: AsyncConnection, routes: Iterable[tuple[str, str]]) -> None:
        """Load the numbers of these (service, route) pairs into `numbers`; new ones are written."""
        unknown = set(routes) - self.numbers.keys()
        if not unknown:
            return
        new = insert(connection.dialect.name, series).on_conflict_do_nothing()
        await connection.execute(new, [{"service": service, "route": route} for service, route in sorted(unknown)])
        for row in await connection.execute(select(series.c.id, series.c.service, series.c.route)):
            self.numbers[row.service, row.route] = row.id

    def forget(self) -> None:
        """Clear the cache: some were deleted, or a transaction with new ones may have been rolled back."""
        self.numbers.clear()


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

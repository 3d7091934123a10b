"""The trips that statements take to the thread that runs SQLite."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from bot.store.engine import connect
from bot.store.sqlite_driver import BEGIN, Connection, connecting


@pytest.fixture
def trips(monkeypatch):
    """What was asked of the thread."""
    made, usual = [], Connection._execute

    async def counted(self, work, *rest, **how):
        made.append(getattr(work, "__name__", ""))
        return await usual(self, work, *rest, **how)

    monkeypatch.setattr(Connection, "_execute", counted)
    return made


@pytest.fixture
async def database(tmp_path):
    database = connect(f"sqlite:///{tmp_path / 'a.db'}")

    async def work(connection):
        await connection.execute(text("CREATE TABLE t (a INTEGER PRIMARY KEY)"))

    await database.write(work)
    yield database
    await database.close()


async def test_a_transaction_of_two_statements_takes_three_trips(database, trips):
    async def work(connection):
        await connection.execute(text("INSERT INTO t VALUES (:a)"), [{"a": 1}, {"a": 2}])
        return (await connection.execute(text("SELECT a FROM t ORDER BY a"))).scalars().all()

    trips.clear()
    assert await database.write(work) == [1, 2]
    assert trips == ["_begun", "_plain", "commit"]


async def test_a_read_takes_one(database, trips):
    async def work(connection):
        return (await connection.execute(text("SELECT count(*) FROM t"))).scalar_one()

    await database.read(work)
    trips.clear()
    assert await database.read(work) == 0
    assert trips == ["_plain"]


async def test_a_transaction_without_a_statement_takes_none(database, trips):
    async def work(_connection):
        return 7

    await database.write(work)
    trips.clear()
    assert await database.write(work) == 7
    assert trips == []


async def test_what_fails_is_undone_and_the_next_transaction_begins_anew(database):
    async def twice(connection):
        await connection.execute(text("INSERT INTO t VALUES (1)"))
        await connection.execute(text("INSERT INTO t VALUES (1)"))

    async def count(connection):
        return (await connection.execute(text("SELECT count(*) FROM t"))).scalar_one()

    with pytest.raises(IntegrityError):
        await database.write(twice)
    assert await database.write(count) == 0


async def test_what_nobody_waits_for_any_more_is_undone_too(tmp_path):
    connection = await connecting(str(tmp_path / "a.db"))()
    begins, goes_on = asyncio.Event(), asyncio.get_running_loop()
    try:
        await connection.run(lambda one: one.execute("CREATE TABLE t (a)"))

        def slow(one: sqlite3.Connection) -> None:
            goes_on.call_soon_threadsafe(begins.set)
            one.execute("INSERT INTO t VALUES (1)")

        await connection.cursor().execute(BEGIN)
        writing = asyncio.create_task(connection.run(slow))
        await begins.wait()
        writing.cancel()
        await connection.rollback()
        assert await connection.run(lambda one: one.execute("SELECT * FROM t").fetchall()) == []
        assert not connection.in_transaction
    finally:
        await connection.close()

"""SQLite in a thread, with one trip to it for each statement.

The driver's own cursor takes four: to be made, to run, to read and to be closed. A trip costs more than most statements.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Self, TypeVar

import aiosqlite

BEGIN = "BEGIN IMMEDIATE"
PIECE = 64  # rows that the driver reads at once, where it reads by pieces

Found = TypeVar("Found")


class Connection(aiosqlite.Connection):
    """A connection whose transactions begin with their first statement, and end without a trip if there was none."""

    _begins = False
    _in_thread = False  # also if nobody waits for it any more

    def cursor(self) -> Cursor:  # type: ignore[override] # SQLAlchemy enters it, and wants no more
        return Cursor(self)

    def begin(self) -> None:
        """Begin a transaction, together with the next statement."""
        self._begins = True

    async def run(self, work: Callable[[sqlite3.Connection], Found]) -> Found:
        """Run `work` in the thread."""
        trip = _begun if self._begins else _plain
        self._begins, self._in_thread = False, True
        try:
            found: Found = await self._execute(trip, self._conn, work)  # type: ignore[no-untyped-call]
        except Exception:
            self._in_thread = False
            raise
        self._in_thread = False
        return found

    async def commit(self) -> None:
        if not self._ends_at_once():
            await super().commit()

    async def rollback(self) -> None:
        if not self._ends_at_once():
            await super().rollback()

    def _ends_at_once(self) -> bool:
        self._begins = False
        return not (self._in_thread or self._conn.in_transaction)


class Cursor:
    """The result of one statement, read whole. Its methods are those that SQLAlchemy asks for."""

    __slots__ = ("_connection", "_rows", "arraysize", "description", "lastrowid", "rowcount")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.arraysize, self.rowcount = 1, -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> None:
        if statement == BEGIN:
            self._connection.begin()
        else:
            await self._connection.run(partial(self._run, statement, values))

    async def executemany(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        await self._connection.run(partial(self._run_each, statement, rows))

    async def fetchall(self) -> Sequence[Any]:
        return self._rows

    async def close(self) -> None:
        """Nothing is left open."""

    def _run(self, statement: str, values: Sequence[Any], connection: sqlite3.Connection) -> None:
        self._take(connection.execute(statement, values))

    def _run_each(self, statement: str, rows: Iterable[Sequence[Any]], connection: sqlite3.Connection) -> None:
        self._take(connection.executemany(statement, rows))

    def _take(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self._rows = cursor.fetchall() if cursor.description else ()
        self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        cursor.close()


def connecting(path: str) -> Callable[[], Connection]:
    """How SQLAlchemy makes a connection to a file."""

    def connection() -> Connection:
        made = Connection(partial(sqlite3.connect, path, check_same_thread=False), PIECE)
        made._thread.daemon = True  # as SQLAlchemy does: one that hangs must not keep the process # noqa: SLF001
        return made

    return connection


def _plain(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], Found]) -> Found:
    return work(connection)


def _begun(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], Found]) -> Found:
    connection.execute(BEGIN)
    return work(connection)

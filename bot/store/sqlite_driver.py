"""aiosqlite as SQLAlchemy uses it, but with one turn of its thread for each statement instead of four: each turn wakes two
threads, which costs more than most statements.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)
from sqlalchemy.util import EMPTY_DICT


class Outcome:
    """What a statement left: stands for its cursor, which is closed already."""

    __slots__ = ("arraysize", "description", "lastrowid", "rowcount", "rows")

    def __init__(self, cursor: sqlite3.Cursor | None = None) -> None:
        self.arraysize = 1
        self.description = cursor.description if cursor else None
        self.rows: Sequence[Any] = cursor.fetchall() if cursor and self.description else ()
        # Known only once all rows were fetched.
        self.lastrowid = cursor.lastrowid if cursor else None
        self.rowcount = cursor.rowcount if cursor else -1

    def close(self) -> None:
        """Nothing is open."""


class Cursor(AsyncAdapt_aiosqlite_cursor):
    """Runs a statement, fetches its rows and closes it, all in one turn of the connection's thread."""

    __slots__ = ()

    _awaitable_cursor_close = False

    def __init__(self, adapt_connection: AsyncAdapt_aiosqlite_connection) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection  # noqa: SLF001 # as in SQLAlchemy's own
        self._cursor: Any = Outcome()
        self._soft_closed_memoized = EMPTY_DICT
        self._rows = deque()

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        return await self._run("execute", operation, () if parameters is None else parameters)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        return await self._run("executemany", operation, seq_of_parameters)

    async def _run(self, how: str, operation: Any, parameters: Any) -> Any:
        wire: Any = self._connection
        async with self._adapt_connection._execute_mutex:  # noqa: SLF001 # as above
            done = await wire._execute(partial(_run, wire._conn, how, operation, parameters))  # noqa: SLF001 # as above
            self._cursor, self._rows = done, deque(done.rows)
        return self


def _run(connection: sqlite3.Connection, how: str, operation: Any, parameters: Any) -> Outcome:
    cursor = connection.cursor()
    try:
        getattr(cursor, how)(operation, parameters)
        return Outcome(cursor)
    finally:
        cursor.close()


class Connection(AsyncAdapt_aiosqlite_connection):
    __slots__ = ()

    _cursor_cls = Cursor  # type: ignore[assignment] # it is a subclass


class Driver(AsyncAdapt_aiosqlite_dbapi):
    """The driver's module, as `create_async_engine` takes it."""

    def connect(self, *arg: Any, **kw: Any) -> Connection:
        made = super().connect(*arg, **kw)
        return Connection(self, made._connection)  # noqa: SLF001 # it has not been used yet


@cache
def driver() -> Driver:
    return Driver(aiosqlite, sqlite3)

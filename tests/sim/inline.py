"""The real store on a real SQLite file, without the driver's threads: statements run where they are called."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_dbapi, SQLiteDialect_aiosqlite
from sqlalchemy.engine import AdaptedConnection
from sqlalchemy.util.concurrency import await_

import bot.store.engine
from bot.store.engine import _begin  # noqa: F401 - see `_engines`
from tests import sqlite


@dataclass
class Disk:
    """What the database's file goes through: `turn` is asked before each step of it, and may raise or take its time.

    `user`: whoever connects now gets engines of its own. `made`: how a connection is made; None: a `Connection`.
    """

    turn: Callable[[str], float | None] = lambda _what: None
    open: set[Connection] = field(default_factory=set)
    user: str = ""
    made: Callable[..., Connection] | None = None


class Connection(AdaptedConnection):
    """Looks to SQLAlchemy like the asynchronous driver's."""

    def __init__(self, disk: Disk, path: str, **how) -> None:
        self._disk = disk
        self._connection = sqlite3.connect(path, **how)
        disk.open.add(self)

    @property
    def isolation_level(self):
        return self._connection.isolation_level

    @isolation_level.setter
    def isolation_level(self, value) -> None:
        self._connection.isolation_level = value

    def cursor(self, server_side=False):
        return Cursor(self._disk, self._connection.cursor())

    def execute(self, statement, values=()):
        cursor = self.cursor()
        cursor.execute(statement, values)
        return cursor

    def create_function(self, *what, **how) -> None:
        self._connection.create_function(*what, **how)

    def commit(self) -> None:
        if self._connection.in_transaction:
            _turn(self._disk, "COMMIT")
            self._connection.commit()

    def rollback(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._disk.open.discard(self)
        self._connection.close()

    terminate = close


class Cursor:
    __slots__ = ("_cursor", "_disk")

    def __init__(self, disk: Disk, cursor: sqlite3.Cursor) -> None:
        self._disk, self._cursor = disk, cursor

    def __getattr__(self, name):
        return getattr(self._cursor, name)

    def execute(self, statement, values=()):
        if not statement.startswith("PRAGMA"):
            _turn(self._disk, statement)
        return self._cursor.execute(statement, values)

    def executemany(self, statement, rows):
        _turn(self._disk, statement)
        return self._cursor.executemany(statement, rows)

    async def _async_soft_close(self) -> None:
        pass


def _turn(disk: Disk, what: str) -> None:
    wait = disk.turn(what)
    await_(
        _nothing() if wait is None else asyncio.sleep(wait)
    )  # SQLAlchemy takes a driver that never awaits for a wrong one


async def _nothing() -> None:
    pass


class Driver(AsyncAdapt_aiosqlite_dbapi):
    def __init__(self, disk: Disk) -> None:
        super().__init__(aiosqlite, sqlite3)
        self._disk = disk

    def connect(self, path, **how):
        how.pop("check_same_thread", None)
        return (self._disk.made or Connection)(self._disk, path, **how)


@contextmanager
def inline(disk: Disk) -> Iterator[None]:
    """Every SQLite engine made meanwhile runs inline. One engine for each way of use: making one compiles all anew."""
    former = SQLiteDialect_aiosqlite.import_dbapi, bot.store.engine.create_async_engine
    made = {}

    def engine(url, **how):
        how.pop("async_creator", None)  # of the driver with threads
        key = disk.user, url, how.get("isolation_level")
        if key not in made:
            made[key] = former[1](url, **how)
        return made[key]

    SQLiteDialect_aiosqlite.import_dbapi = classmethod(lambda _cls: Driver(disk))
    bot.store.engine.create_async_engine = engine
    try:
        yield
    finally:
        SQLiteDialect_aiosqlite.import_dbapi, bot.store.engine.create_async_engine = former


def template(folder: Path) -> Path:
    """An empty database with its schema, made once: migrating takes longer than a whole run."""
    path = folder / "template.db"

    if not path.exists():
        sqlite.ready(path)
    return path


def fresh(template: Path, path: Path) -> None:
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    shutil.copyfile(template, path)

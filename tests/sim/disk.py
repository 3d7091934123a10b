"""A file that nodes share: one of them writes at a time, and each is cut off, frozen and killed by itself."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.util.concurrency import await_

from tests.sim import inline

NEXT = ";\n"  # between the parts of a statement that SQLite takes one by one
AGAIN = 0.005  # seconds until a writer asks again whether it is its turn
NODE: ContextVar[Any] = ContextVar("node", default=None)  # the node that runs


@dataclass
class Shared(inline.Disk):
    """`clock`: the database's, in microseconds. `notify` is called with what a committed transaction tells."""

    clock: Callable[[], int] = lambda: 0
    notify: Callable[[str], None] = lambda _what: None
    holder: Connection | None = None
    number: int = 0  # of the last transaction
    told: list[str] = field(default_factory=list)  # by the present one

    def __post_init__(self) -> None:
        self.made = Connection


class Session(sqlite3.Connection):
    """What a listener is given; see `Feed.listening`."""

    def __init__(self, *args, **how) -> None:
        super().__init__(*args, **how)
        self.node = NODE.get()

    async def add_listener(self, _channel, heard) -> None:
        self.node.heard = heard

    async def remove_listener(self, _channel, _heard) -> None:
        self.node.heard = None


class Connection(inline.Connection):
    def __init__(self, disk: Shared, path: str, **how) -> None:
        super().__init__(disk, path, factory=Session, **how)
        self._shared, self.node = disk, NODE.get()
        for name, count, work in (
            ("clock_timestamp", 0, disk.clock),
            ("txid_current", 0, lambda: disk.number),
            ("txid_oldest", 0, lambda: disk.number + (disk.holder is None)),
            ("pg_notify", 2, lambda _channel, what: disk.told.append(what)),
        ):
            self._connection.create_function(name, count, work)

    def cursor(self, server_side=False):
        return Cursor(self, self._shared, self._connection.cursor())

    def commit(self) -> None:
        writes = self._shared.holder is self
        super().commit()
        if writes:
            told = self._end()
            for what in told:
                self._shared.notify(what)
            inline._turn(self._shared, "COMMITTED")

    def rollback(self) -> None:
        super().rollback()
        self._end()

    def close(self) -> None:
        super().close()
        self._end()

    terminate = close

    def _end(self) -> list[str]:
        if self._shared.holder is not self:
            return []
        told, self._shared.told = self._shared.told, []
        self._shared.holder = None
        return told


class Cursor(inline.Cursor):
    __slots__ = ("_its",)

    def __init__(self, its: Connection, disk: Shared, cursor: sqlite3.Cursor) -> None:
        super().__init__(disk, cursor)
        self._its = its

    def execute(self, statement, values=()):
        if statement == "BEGIN IMMEDIATE":
            return self._begin(statement)
        *first, last = statement.split(NEXT)
        for part in first:
            count = part.count("?")
            super().execute(part, values[:count])
            values = values[count:]
        return super().execute(last, values)

    def _begin(self, statement):
        inline._turn(self._disk, statement)
        while self._disk.holder is not None:
            await_(asyncio.sleep(AGAIN))
        self._disk.holder = self._its
        self._disk.number += 1
        self._disk.told = []
        return self._cursor.execute(statement)

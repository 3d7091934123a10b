"""The database of a soak, as its nemesis sees it: it can be taken away, and read past the daemon."""

from __future__ import annotations

import asyncio
import math
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from tests.postgres import Postgres, postgres_server

HELD = "SELECT extract(epoch FROM max(until))::float8 FROM shards WHERE owner <> ''"


class Database(Protocol):
    @property
    def url(self) -> str: ...

    def held_until(self) -> float:
        """When the hold of a daemon that lives runs out, as time.time() has it, unless it is renewed."""

    def away(self) -> AbstractContextManager[None]:
        """Nobody can write meanwhile."""

    def rows(self, query: str) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True)
class File:
    path: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.path}"

    def held_until(self) -> float:
        return math.inf

    @contextmanager
    def away(self) -> Iterator[None]:
        """A file has no server that could be restarted: somebody else holds it instead, as a backup would."""
        with closing(sqlite3.connect(self.path, isolation_level=None, timeout=30)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            yield
            holder.execute("ROLLBACK")

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path, timeout=30)) as reader:
            return reader.execute(query).fetchall()


@dataclass(frozen=True)
class Server:
    postgres: Postgres
    url: str

    def held_until(self) -> float:
        """By the server's clock, which is ours."""
        return max(float(until or 0.0) for (until,) in self.rows(HELD))

    def away(self) -> AbstractContextManager[None]:
        """It dies, and comes back from its log: only what was committed is there."""
        return self.postgres.down()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        async def read() -> list[tuple[Any, ...]]:
            connection = await asyncpg.connect(self.url)
            try:
                return [tuple(row) for row in await connection.fetch(query)]
            finally:
                await connection.close()

        return asyncio.run(read())


@contextmanager
def database(backend: str, folder: Path) -> Iterator[Database]:
    """A new one of the kind "sqlite" or "postgresql"."""
    if backend == "sqlite":
        yield File(folder / "tocsin.db")
        return
    with postgres_server() as server, server.database() as url:
        name = url.split("/")[3].partition("?")[0]
        server.run(f"ALTER DATABASE {name} SET synchronous_commit = on")  # a crash must not undo a commit
        yield Server(server, url)

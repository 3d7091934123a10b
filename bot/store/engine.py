"""The differences between SQLite and PostgreSQL, and running work on either."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import stat
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol, TypeVar

from sqlalchemy import URL, Connection, Table, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    ProgrammingError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.dml import ReturningInsert

from bot import wording
from bot.contracts import FencedError, StoreUnavailable
from bot.model import Reason
from bot.model.cluster import Claim
from bot.own_health import OwnHealth
from bot.store.errors import READ_ONLY, DatabaseHealth, shown, what_it_is, with_hosts_apart, withdrawn
from bot.store.sqlite_driver import BEGIN, connecting

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]


class Guard(Protocol):
    """Checks at the begin of a transaction which claims are not good any more."""

    async def __call__(
        self, connection: AsyncConnection, claims: Collection[Claim], *, hold: bool = True
    ) -> frozenset[Claim]: ...


OUR_BUG = (IntegrityError, ProgrammingError, DataError, NotSupportedError)
MIGRATING = 0x70C51  # advisory lock, an arbitrary number that nothing else uses in the same PostgreSQL database
READERS = 3
PATIENCE = 15  # seconds for a statement, or for getting a connection
CONNECT = 5  # seconds to reach a server
BEATING = 4  # seconds for a statement by which a node tells that it lives
LOCKED = 5  # seconds SQLite waits for another program's lock
CLOSING = 1.0  # seconds for running work when the database is closed


def fenced(name: str) -> FencedError:
    return FencedError(f"cannot write to the database {name}: another node does this by now")


class Database:
    """Runs pieces of work to their end, even if the caller is cancelled: half done, one would leave its connection in
    an open transaction.
    """

    def __init__(
        self,
        name: str,
        writer: AsyncEngine,
        reader: AsyncEngine,
        trouble: tuple[type[Exception], ...] = (),
        *,
        file: str | None = None,
        migrator: AsyncEngine | None = None,
        beater: AsyncEngine | None = None,
    ) -> None:
        self.name = name
        self.file = file  # None for a server
        self.reader = reader
        self.guard: Guard | None = None  # checks in each transaction that what it is for is still ours
        self.claims: Callable[[Collection[str]], frozenset[Claim]] = lambda _roles: frozenset()
        self.health = DatabaseHealth(OwnHealth())
        self._writer = writer
        self._migrator = migrator or writer
        self._beater = beater or writer
        self._trouble: tuple[type[Exception], ...] = (DBAPIError, PoolTimeout, OSError, *trouble)
        self._any_trouble: tuple[type[Exception], ...] = (SQLAlchemyError, *self._trouble)
        self._running: set[asyncio.Task[Any]] = set()

    async def write(self, work: Work[T], *, roles: Collection[str] = ()) -> T:
        """Run `work` in one transaction. Raise StoreUnavailable, also where one of these `roles` is not ours, or ValueError
        for a time without a zone.
        """

        async def alone(connection: AsyncConnection, refused: frozenset[Claim]) -> T:
            if refused:
                raise fenced(self.name)
            return await work(connection)

        return await self.write_claimed(alone, self.claims(roles) if roles else ())

    async def write_claimed(
        self,
        work: Callable[[AsyncConnection, frozenset[Claim]], Awaitable[T]],
        claims: Collection[Claim],
        *,
        hold: bool = True,
    ) -> T:
        """`write` work that gets those of its `claims` that are not good any more. `hold`: the others are until the
        commit.
        """

        async def guarded(connection: AsyncConnection) -> T:
            refused = await self.guard(connection, claims, hold=hold) if self.guard else frozenset()
            return await work(connection, refused)

        return await asyncio.shield(self.spawn(self._run(self._writer.begin(), guarded, "writing")))

    async def write_aside(self, work: Work[T]) -> T:
        """`write` without the guard on a connection of its own, for finding out what is ours: no storm delays it."""
        return await asyncio.shield(self.spawn(self._run(self._beater.begin(), work, "writing")))

    async def read_latest(self, work: Work[T]) -> T:
        """`read` on the connection that writes, for the queue: each commit would empty another one's cache of pages, and
        reading without a pause would keep SQLite from shortening its log.
        """
        return await asyncio.shield(self.spawn(self._run(self._writer.begin(), work, "reading")))

    async def open_session(self) -> AsyncConnection:
        """Open a session of our own, to be closed by the caller."""
        return await self._migrator.connect()

    async def migrate(self, work: Work[T]) -> T:
        """`write` without the guard and without a time limit: it alters tables with years of data."""
        return await asyncio.shield(self.spawn(self._run(self._migrator.begin(), work, "writing")))

    async def read(self, work: Work[T]) -> T:
        """Run `work` outside a transaction: it never waits for a writer. Raise like `write`."""
        return await asyncio.shield(self.spawn(self._run(self.reader.connect(), work, "reading")))

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task that `finish` waits for."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # mark as retrieved; whoever still waits gets it too

    async def finish(self) -> None:
        """Wait for running writes, but not for a database that does not answer."""
        if self._running:
            await asyncio.wait(self._running, timeout=CLOSING)

    async def close(self) -> None:
        await self.finish()
        late = [task for task in self._running if not task.done()]
        for task in late:
            task.cancel()
        with suppress(TimeoutError, *self._trouble):
            async with asyncio.timeout(CLOSING):
                await asyncio.gather(*late, return_exceptions=True)
                for engine in {self._writer, self.reader, self._migrator, self._beater}:
                    await engine.dispose()

    async def _run(self, context: AbstractAsyncContextManager[AsyncConnection], work: Work[T], how: str = "") -> T:
        try:
            async with context as connection:
                result = await work(connection)
        except StoreUnavailable:
            raise
        except self._trouble as error:
            if isinstance(error, OUR_BUG) and not withdrawn(error):
                raise
            self.health.failed(how, error)
            await self._leave_standby(error)
            raise self._unavailable(error) from error
        except StatementError as error:
            if isinstance(error.orig, ValueError):  # rejected by a column type
                raise error.orig from None
            raise
        self.health.worked(how)
        return result

    async def _leave_standby(self, error: Exception) -> None:
        """Drop the sessions on a server that takes no writes any more: another one is the primary by now."""
        if self.file is None and what_it_is(error) is READ_ONLY:
            for engine in {self._writer, self.reader, self._beater}:
                await engine.dispose()

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Turn every error while opening into StoreUnavailable: it may lack rights, or be another program's database."""
        try:
            yield
        except self._any_trouble as error:
            raise self._unavailable(error) from error
        except (
            ValueError,
            TypeError,
            ArithmeticError,
            LookupError,
            AttributeError,
        ) as error:  # from a driver that cannot use the URL; it may quote the password
            raise StoreUnavailable(
                f"cannot use the database {self.name}: its URL has something that the driver does not take "
                f"({type(error).__name__}); check the port and what stands after the question mark"
            ) from None

    def _unavailable(self, error: Exception) -> StoreUnavailable:
        cause = getattr(error, "orig", None) or error
        if isinstance(cause, PoolTimeout):
            cause = TimeoutError(f"it has not answered for {PATIENCE} s")
        what = next(iter(str(cause).splitlines()), "") or wording.english(Reason.of(what_it_is(error)))
        return StoreUnavailable(f"cannot use the database {self.name}: {what.split('>: ')[-1]}")


def absent(url: str) -> bool:
    """Whether a URL names a file that does not exist. False for a server."""
    path = url.removeprefix("sqlite:///")
    return path != url and bool(path) and not Path(path).exists()


def connect(url: str) -> Database:
    """Connect. Raise StoreUnavailable if the URL's database is of no known kind, or its file cannot be written."""
    try:
        parsed = make_url(with_hosts_apart(url))
    except (ArgumentError, ValueError):  # ValueError: the port is not a number
        parsed = URL.create("none")
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return _sqlite(parsed.database)
        case "postgresql" | "postgres":
            return _postgresql(parsed)
        case _:
            raise StoreUnavailable(
                "cannot use the database: expected sqlite:///file.db or postgresql://user:password@host/name"
            )


def insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT with ON CONFLICT."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


@cache
def insert_new(dialect: str, table: Table, key: str) -> ReturningInsert[Any]:
    """An INSERT that skips existing keys and returns the new ones."""
    return insert(dialect, table).on_conflict_do_nothing(index_elements=[key]).returning(table.c[key])


@cache
def insert_silently(dialect: str, table: Table, key: str) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that skips existing keys: one statement for any number of rows, as it returns nothing."""
    return insert(dialect, table).on_conflict_do_nothing(index_elements=[key])


@cache
def upsert(dialect: str, table: Table, *keys: str) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that overwrites existing rows, except for their `keys`."""
    statement = insert(dialect, table)
    news = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=list(keys), set_=news)


async def lock_schema(connection: AsyncConnection) -> None:
    """Let one process migrate at a time. On SQLite the writer locks the whole file anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": MIGRATING})


def _sqlite(path: str) -> Database:
    """One connection writes, so that nobody polls for a lock; several read, which WAL allows at the same time."""
    try:
        _make_writable(path)
    except (OSError, sqlite3.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise StoreUnavailable(f"cannot use the database sqlite:///{path}: {why}") from error
    url = URL.create("sqlite+aiosqlite", database=path)
    how: dict[str, Any] = {"async_creator": connecting(path), "max_overflow": 0, "pool_timeout": PATIENCE}
    writer = create_async_engine(url, pool_size=1, hide_parameters=True, **how)
    reader = create_async_engine(
        url,
        pool_size=READERS,
        hide_parameters=True,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        **how,
    )
    event.listen(writer.sync_engine, "connect", _set_up)
    event.listen(reader.sync_engine, "connect", _set_up)
    event.listen(writer.sync_engine, "begin", _begin)
    return Database(f"sqlite:///{path}", writer, reader, file=path)


def _make_writable(path: str) -> None:
    """Create the file readable by its owner only, and try a write transaction: a failure in the driver's thread ends
    badly.
    """
    with suppress(FileExistsError):  # an existing file is not opened: closing it would drop SQLite's locks
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    ends = monotonic() + LOCKED
    with closing(sqlite3.connect(path, isolation_level=None, timeout=LOCKED)) as trial:
        while True:
            try:
                trial.execute("PRAGMA journal_mode = WAL")
                trial.execute("BEGIN IMMEDIATE")
                trial.execute("ROLLBACK")
                break
            except sqlite3.OperationalError as error:  # SQLite does not wait if two processes create it at once
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > ends:
                    raise
                sleep(0.02)
    _make_private(path)


def _make_private(path: str) -> None:
    """Make the file private to its owner: it holds addresses and messages. SQLite gives its
    companions the same mode.
    """
    mode = stat.S_IMODE(Path(path).stat().st_mode)
    if not mode & 0o077:
        return
    try:
        for name in (path, f"{path}-wal", f"{path}-shm"):
            with suppress(FileNotFoundError):
                Path(name).chmod(mode & 0o700)
    except OSError as error:
        log.warning(
            "others may read the database %s (mode %o), and we may not change that: %s", path, mode, error.strerror
        )
    else:
        log.warning("others could read the database %s (mode %o): from now on its owner alone can", path, mode)


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # else the driver begins transactions without the lock, and updates get lost
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", f"busy_timeout = {LOCKED * 1000}"):
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(BEGIN)


def _postgresql(url: URL) -> Database:
    name = shown(url)
    query = dict(url.query)
    if "sslmode" in query:  # libpq's name for asyncpg's `ssl`
        query["ssl"] = query.pop("sslmode")
    try:
        driven = url.set(drivername="postgresql+asyncpg", query=query)
        engine, migrator = _engine(driven, PATIENCE), _engine(driven, None)
        beater = _engine(driven, BEATING, pool_size=1, max_overflow=0)
    except ImportError as error:
        raise StoreUnavailable(
            f"cannot use the database {name}: PostgreSQL needs a driver; pip install 'tocsin[postgres]'"
        ) from error
    import asyncpg  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; it is an extra

    trouble = (asyncpg.PostgresError, asyncpg.InterfaceError)  # not wrapped while connecting
    return Database(name, engine, engine, trouble, migrator=migrator, beater=beater)


def _engine(url: URL, seconds: float | None, **more: Any) -> AsyncEngine:
    """An engine that also works behind a pooler in transaction mode.

    Nothing may depend on the session: statements are unnamed and not cached, and even reads are transactions.
    """
    how: dict[str, Any] = {"poolclass": NullPool} if seconds is None else {"pool_timeout": PATIENCE}
    return create_async_engine(
        url.update_query_dict({"prepared_statement_cache_size": "0"}),
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "timeout": CONNECT,
            "command_timeout": seconds,
            "statement_cache_size": 0,
            "prepared_statement_name_func": str,  # no name
            "server_settings": {"application_name": "tocsin"},
        },
        **how,
        **more,
    )

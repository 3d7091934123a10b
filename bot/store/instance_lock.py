"""One daemon on one database: a second one is refused, and one that was replaced while it was frozen writes no more."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from bot.own_health import Part
from bot.store.engine import Database, StoreUnavailable
from bot.store.errors import REPLACED
from bot.store.lease import KEPT_EVERY, Lease

FROZEN = 3.0  # seconds beyond the usual without a look at the hold: we did not run


def taken(name: str) -> StoreUnavailable:
    return StoreUnavailable(f"cannot use the database {name}: another Tocsin is running on it")


@dataclass
class Hold:
    """Says whether the database is still ours. `look` answers False when another Tocsin has it."""

    name: str
    look: Callable[[], Awaitable[bool]]
    steady: Callable[[], float] = monotonic
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    _looked_at: float = field(default_factory=monotonic)
    _looked: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep(self) -> None:
        """Look again and again, until cancelled or until it is lost."""
        while not self.lost.is_set():
            with suppress(StoreUnavailable):  # it is away: whoever reads or writes says so
                if not await self.look():
                    self.lost.set()
            self._looked_at = self.steady()
            self._looked.set()
            self._looked = asyncio.Event()
            await asyncio.sleep(KEPT_EVERY)

    async def ours(self) -> None:
        """Before what was claimed earlier leaves us: if we did not run for a while, first find out whether it still may.

        Raise StoreUnavailable when it may not.
        """
        if self.steady() - self._looked_at > KEPT_EVERY + FROZEN and not self.lost.is_set():
            with suppress(TimeoutError):  # a database that is away holds up nothing
                async with asyncio.timeout(FROZEN):
                    await self._looked.wait()
        if self.lost.is_set():
            raise taken(self.name)


async def _true() -> bool:
    return True


def not_alone() -> Hold:
    """The hold of who does not send: it is never lost."""
    return Hold("", _true, steady=lambda: 0.0)


@asynccontextmanager
async def hold_file(database: Database, path: str) -> AsyncIterator[Hold]:
    """Hold a SQLite file: itself, so that no deleted companion lets a second daemon in, and the file beside it, which is
    all that an older Tocsin looks at. The kernel lets go of both when we die.

    Leave it after the database is closed: closing any handle of its file drops the locks that SQLite has on it.
    """
    held: list[int] = []
    try:
        for name, flags in ((f"{path}.lock", os.O_RDWR | os.O_CREAT), (path, os.O_RDONLY)):
            held.append(os.open(name, flags | os.O_CLOEXEC, 0o600))
            if not _locked(held[-1], database.name):
                raise taken(database.name)

        async def look() -> bool:
            return await asyncio.to_thread(_still_ours, database, path, held[-1])

        async with _kept(Hold(database.name, look)) as hold:
            yield hold
    finally:
        for handle in held:
            os.close(handle)


def _locked(handle: int, name: str) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        raise StoreUnavailable(
            f"cannot use the database {name}: its file system knows no locks ({error.strerror}); put it on a local disk"
        ) from error
    return True


def _still_ours(database: Database, path: str, held: int) -> bool:
    """Is the file that we hold the one that others find? Where another daemon holds what is there now, it is lost."""
    mine, health = os.fstat(held), database.health.own_health
    try:
        there = Path(path).stat()
    except OSError:
        there = None
    if there and (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino):
        health.clear(Part.DATABASE, "file")
        return True
    health.report(Part.DATABASE, REPLACED, "file")
    if there is None:
        return True
    other = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _locked(other, database.name)
    finally:
        os.close(other)


@asynccontextmanager
async def hold_server(database: Database) -> AsyncIterator[Hold]:
    """Hold a database of a server by a lease; each of our transactions checks it. Leave it before the database is closed."""
    lease = Lease(database)
    if not await lease.take():
        raise taken(database.name)
    hold = Hold(database.name, lease.renew)
    lease.lost = hold.lost
    database.guard = lease.guard
    try:
        async with _kept(hold):
            yield hold
    finally:
        database.guard = None
        await lease.give_back()


@asynccontextmanager
async def _kept(hold: Hold) -> AsyncIterator[Hold]:
    keeper = asyncio.create_task(hold.keep(), name="hold on the database")
    try:
        yield hold
    finally:
        keeper.cancel()
        await asyncio.wait([keeper], timeout=1)

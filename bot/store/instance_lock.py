"""One daemon per SQLite file: a second one is refused."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from bot.contracts import StoreUnavailable
from bot.model import Reason
from bot.own_health import Part
from bot.store.engine import Database
from bot.store.errors import REPLACED

KEPT_EVERY = 2.0  # seconds between two looks
FROZEN = 3.0  # seconds without a look, beyond the usual, after which we assume that we were frozen


def taken(name: str) -> StoreUnavailable:
    return StoreUnavailable(f"cannot use the database {name}: another Tocsin is running on it")


@dataclass
class Hold:
    """Tells whether the database is still ours. `look` returns False if another daemon has it."""

    name: str
    look: Callable[[], Awaitable[bool]]
    steady: Callable[[], float] = monotonic
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    _looked_at: float = field(default_factory=monotonic)
    _looked: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep(self) -> None:
        """Look again and again, until cancelled or until the database is lost."""
        while not self.lost.is_set():
            with suppress(StoreUnavailable):  # the database is away: readers and writers report it
                if not await self.look():
                    self.lost.set()
            self._looked_at = self.steady()
            self._looked.set()
            self._looked = asyncio.Event()
            await asyncio.sleep(KEPT_EVERY)

    async def ours(self) -> None:
        """Check before sending what was claimed earlier: after a freeze, first look whether the database is still
        ours.

        Raise StoreUnavailable if it is not.
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
    """The hold of a process that does not send: it is never lost."""
    return Hold("", _true, steady=lambda: 0.0)


@asynccontextmanager
async def hold_file(database: Database, path: str) -> AsyncIterator[Hold]:
    """Hold a SQLite file by locks on the file itself and on the one beside it. The kernel drops both when we die.

    The lock on the file itself means that deleting its companion lets no second daemon in; older versions look at the
    companion only. Leave after the database is closed: closing any handle of its file drops SQLite's locks on it.
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
    """Whether our file is still the one at its path; False if another daemon holds what is there now."""
    mine, health = os.fstat(held), database.health.own_health
    try:
        there = Path(path).stat()
    except OSError:
        there = None
    if there and (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino):
        health.clear(Part.DATABASE, "file")
        return True
    health.report(Part.DATABASE, Reason.of(REPLACED), "file")
    if there is None:
        return True
    other = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _locked(other, database.name)
    finally:
        os.close(other)


@asynccontextmanager
async def _kept(hold: Hold) -> AsyncIterator[Hold]:
    keeper = asyncio.create_task(hold.keep(), name="hold on the database")
    try:
        yield hold
    finally:
        keeper.cancel()
        await asyncio.wait([keeper], timeout=1)

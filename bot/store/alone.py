"""One daemon on one database: a second one is refused."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.store.engine import MIGRATING, Database, StoreUnavailable

log = logging.getLogger(__name__)

LOCK = MIGRATING + 1  # any number that nobody else locks with in the same PostgreSQL database
PATIENCE = 30  # tries, a tenth of a second apart: a server needs a moment to see that our predecessor is dead
HELD_EVERY = 5.0  # seconds between two looks at whether we still hold the lock of a server


def hold(database: Database) -> AbstractAsyncContextManager[None]:
    """Hold the database for this process. Raise StoreUnavailable when another one holds it."""
    if database.file is not None:
        return _on_file(database.name, database.file)
    return _on_server(database.name, database.reader)


@asynccontextmanager
async def _on_file(name: str, path: str) -> AsyncIterator[None]:
    """Hold the file beside the database; the kernel lets go of it when we die."""
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken(name) from None
        yield
    finally:
        os.close(lock)


@asynccontextmanager
async def _on_server(name: str, engine: AsyncEngine) -> AsyncIterator[None]:
    """Hold a lock in a session of its own. The server lets go of it soon after the session ends or we die."""
    taken = asyncio.get_running_loop().create_future()
    keeper = asyncio.create_task(_keep_lock(name, engine, taken))
    try:
        await taken
        yield
    finally:
        while not keeper.done():  # a session that breaks while it is closed swallows the first
            keeper.cancel()
            await asyncio.wait([keeper], timeout=1)


async def _keep_lock(name: str, engine: AsyncEngine, taken: asyncio.Future[None]) -> None:
    """A server that restarts has forgotten the lock: it is taken again, before a second Tocsin is started and gets it.

    `taken` is told how the first try ended; after that, what is in the way is only said, once a stretch.
    """
    said = False
    while True:
        try:
            async with engine.connect() as session:
                await _lock(name, session)
                said = False
                if not taken.done():
                    taken.set_result(None)
                while True:
                    await asyncio.sleep(HELD_EVERY)
                    await session.execute(text("SELECT 1"))
        except StoreUnavailable as error:
            if not taken.done():
                taken.set_exception(error)
                return
            if not said:
                log.error("%s as well", error)
            said = True
        except Exception as error:  # noqa: BLE001 - each driver has its own; whoever reads or writes says what is wrong
            if not taken.done():
                taken.set_exception(error)
                return
        await asyncio.sleep(HELD_EVERY / 5)


async def _lock(name: str, session: AsyncConnection) -> None:
    for _ in range(PATIENCE):
        if await session.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": LOCK}):
            return
        await asyncio.sleep(0.1)
    raise _taken(name)


def _taken(name: str) -> StoreUnavailable:
    return StoreUnavailable(f"cannot use the database {name}: another Tocsin is running on it")

"""A SQLite file with the schema, as a daemon that has run once leaves it: copying it is quicker than migrating a new one."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.store import open_store


def ready(path: Path) -> str:
    """The URL of a new database at `path`, without rows."""
    path.touch(mode=0o600)
    path.write_bytes(_migrated())
    return f"sqlite:///{path}"


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ready.db"
        with ThreadPoolExecutor(1) as thread:  # the test that asks first may have a loop in this one
            thread.submit(asyncio.run, _opened(f"sqlite:///{path}")).result()
        return path.read_bytes()


async def _opened(url: str) -> None:
    async with open_store(url):
        pass

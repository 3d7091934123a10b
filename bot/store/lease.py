"""The lease on a server's database: a row with owner, epoch and expiry by the server's own clock.

Session locks are not used: a pooler in transaction mode does not keep them.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from time import monotonic
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import MIGRATING, Database, StoreUnavailable

LASTS = 6.0  # seconds until a lease expires without renewal
KEPT_EVERY = 2.0  # seconds between two renewals
PATIENCE = 15.0  # seconds to watch another daemon's lease: it is renewed, or it expires
LOOK_EVERY = 0.2  # seconds between two looks at it
GIVING_BACK = 0.5  # seconds to release it at a stop
OLDER = MIGRATING + 1  # the session lock by which an older Tocsin holds the database
KEY = "daemon"  # name of the row in key_value

NEW = text("INSERT INTO key_value (name, value) VALUES (:key, :value) ON CONFLICT (name) DO NOTHING")
READ = text("SELECT value, extract(epoch FROM clock_timestamp())::float8 AS now FROM key_value WHERE name = :key")
LOCK = text(f"{READ.text} FOR UPDATE SKIP LOCKED")
# No server time-out ends what a frozen daemon leaves open in mid-statement: the server waits for the rest of it.
CUT_OFF = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid)"
    " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
    " AND relation = 'key_value'::regclass AND mode = 'RowShareLock' AND granted"
    " AND xact_start < clock_timestamp() - interval '2 seconds'"
)
# Renewal must not wait for our own transactions, which hold the row by KEY SHARE; a takeover must.
RENEW = text(
    "SELECT value, extract(epoch FROM clock_timestamp())::float8 AS now FROM key_value WHERE name = :key FOR NO KEY UPDATE"
)
WRITE = text("UPDATE key_value SET value = :value WHERE name = :key")
OLDER_RUNS = text(
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = :number AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
# One round trip: time limits for the transaction of a daemon that freezes, and the owner of the database.
GUARD = text(
    "SELECT set_config('statement_timeout', '15s', true), set_config('lock_timeout', '10s', true),"
    " set_config('idle_in_transaction_session_timeout', '10s', true),"
    " (SELECT value FROM key_value WHERE name = :key FOR KEY SHARE) AS value"
)

_here: set[str] = set()  # the owners that live in this process


@dataclass(frozen=True, slots=True)
class Row:
    owner: str = ""
    process: str = ""
    epoch: int = 0
    until: float = 0.0

    @classmethod
    def read(cls, value: str | None) -> Row:
        try:
            return cls(**json.loads(value or "{}"))
        except (ValueError, TypeError):
            return cls()

    @property
    def written(self) -> str:
        return json.dumps(asdict(self))

    def lives(self, now: float) -> bool:
        return self.until > now and not self.dead

    @property
    def dead(self) -> bool:
        """Whether its process ran on this machine and has ended."""
        if self.owner in _here:
            return False
        here, _, number = this_process().rpartition("/")
        there, _, other = self.process.rpartition("/")
        return bool(here) and here == there and (other == number or not _runs(other))


def _started(pid: str) -> str:
    """The process and its start time, as process ids are reused."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return f"{pid}:{stat.rpartition(')')[2].split()[19]}"


def _runs(process: str) -> bool:
    pid = process.partition(":")[0]
    return pid.isdigit() and _started(pid) == process


@cache
def this_process() -> str:
    """Our machine's boot, pid namespace and process; "" without /proc."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
        return f"{socket.gethostname()}/{boot}/{Path('/proc/self/ns/pid').readlink()}/{_started(str(os.getpid()))}"
    return ""


@dataclass
class Lease:
    """Ours from `take` on, until it expires and another daemon takes it; `lost` is set when that is noticed."""

    database: Database
    owner: str = field(default_factory=lambda: uuid4().hex)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    epoch: int = 0

    async def take(self) -> bool:
        """Take the lease; False if a living daemon has it."""
        seen, ends = None, monotonic() + PATIENCE
        while True:
            other = await self.database.write_unguarded(self._take)
            if other is None:
                _here.add(self.owner)
                return True
            if (seen not in (None, other.until)) or monotonic() > ends:
                return False
            seen = other.until
            await asyncio.sleep(LOOK_EVERY)

    async def _take(self, connection: AsyncConnection) -> Row | None:
        """Try once; return None on success, else the other owner's row."""
        await connection.execute(NEW, {"key": KEY, "value": Row().written})
        seen = (await connection.execute(READ, {"key": KEY})).one()
        row = Row.read(seen.value)
        if row.lives(seen.now):
            return row
        free = (await connection.execute(LOCK, {"key": KEY})).one_or_none()
        if free is None:
            await connection.execute(CUT_OFF)  # an expired owner must not keep it by a transaction begun before
            return row
        row = Row.read(free.value)
        if row.lives(free.now) or await connection.scalar(OLDER_RUNS, {"number": OLDER}):
            return row
        self.epoch = row.epoch + 1
        await self._write(connection, free.now + LASTS)
        return None

    async def _write(self, connection: AsyncConnection, until: float) -> None:
        row = Row(self.owner, this_process(), self.epoch, until)
        await connection.execute(WRITE, {"key": KEY, "value": row.written})

    async def renew(self) -> bool:
        """Renew the lease; False if another daemon has it. Raise StoreUnavailable while the database is away."""
        return await self.database.write_unguarded(self._renew)

    async def _renew(self, connection: AsyncConnection) -> bool:
        await connection.execute(NEW, {"key": KEY, "value": Row().written})
        value, now = (await connection.execute(RENEW, {"key": KEY})).one()
        if self._another(Row.read(value)):
            return False
        await self._write(connection, now + LASTS)
        return True

    async def guard(self, connection: AsyncConnection) -> None:
        """Raise StoreUnavailable, and so roll back, unless the database is ours until the commit."""
        value = (await connection.execute(GUARD, {"key": KEY})).one().value
        row = Row.read(value)
        if self._another(row):
            self.lost.set()
            raise StoreUnavailable(f"cannot use the database {self.database.name}: another Tocsin has taken it over")
        if row.owner != self.owner:  # an old backup was restored: our row is back soon
            raise StoreUnavailable(f"cannot use the database {self.database.name}: it was put back to an older state")

    def _another(self, row: Row) -> bool:
        return row.owner != self.owner and row.epoch >= self.epoch

    async def give_back(self) -> None:
        """Release the lease, so that the next daemon need not wait."""
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(GIVING_BACK):
                await self.database.write_unguarded(self._give_back)
        _here.discard(self.owner)

    async def _give_back(self, connection: AsyncConnection) -> None:
        value, _ = (await connection.execute(RENEW, {"key": KEY})).one()
        if not self._another(Row.read(value)):
            await self._write(connection, 0.0)

"""The only SQL, on SQLite or PostgreSQL.

Every method is one transaction, completed even if its caller is cancelled, and may raise `StoreUnavailable`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from bot.own_health import OwnHealth
from bot.store.audit import Audit, Dangling
from bot.store.deliveries import statements
from bot.store.deliveries.repository import Deliveries, Progress
from bot.store.digest_readers import DigestReaderStore
from bot.store.digests import DigestStore
from bot.store.engine import Database, StoreUnavailable, absent, connect
from bot.store.errors import DatabaseHealth
from bot.store.heartbeats import HeartbeatStore
from bot.store.incidents import IncidentStore, Snapshot, Transition
from bot.store.instance_lock import Hold, hold_file, hold_server, not_alone
from bot.store.maintenance import MaintenanceChange, MaintenanceStore
from bot.store.migrate import is_empty, knows_leases, upgrade
from bot.store.reports import ReportStore
from bot.store.results import ResultStore
from bot.store.rollups import Figures, Rollups
from bot.store.rooms import AuditLog, Rooms
from bot.store.subscriptions import Subscriptions
from bot.store.witnesses import WitnessStore

__all__ = [
    "Audit",
    "AuditLog",
    "Dangling",
    "Deliveries",
    "DigestReaderStore",
    "DigestStore",
    "Figures",
    "IncidentStore",
    "MaintenanceChange",
    "MaintenanceStore",
    "Progress",
    "ResultStore",
    "Rollups",
    "Rooms",
    "Snapshot",
    "Store",
    "StoreUnavailable",
    "Subscriptions",
    "Transition",
    "open_store",
]


NOTHING_YET = "no daemon has run here yet: start one with `tocsin run`"


@dataclass(frozen=True)
class Store:
    incidents: IncidentStore
    deliveries: Deliveries
    subscriptions: Subscriptions
    results: ResultStore
    rollups: Rollups
    audit: Audit
    maintenance: MaintenanceStore
    reports: ReportStore
    heartbeats: HeartbeatStore
    rooms: Rooms
    audit_log: AuditLog
    digests: DigestStore
    digest_readers: DigestReaderStore
    witnesses: WitnessStore
    released: int = 0  # deliveries that the last run left half sent
    hold: Hold = field(default_factory=not_alone)
    health: DatabaseHealth = field(default_factory=lambda: DatabaseHealth(OwnHealth()))


@asynccontextmanager
async def open_store(
    url: str, *, alone: bool = False, create: bool = True, own_health: OwnHealth | None = None
) -> AsyncIterator[Store]:
    """Open a database and migrate it to the present schema.

    `url`: "sqlite:///tocsin.db", "sqlite:////var/lib/tocsin/tocsin.db" or "postgresql://user:password@host/name".
    `alone` is for the one daemon that sends: a second one on the same database is refused, and what a dead predecessor
    was sending may be sent again at once, not only when its lease has run out. `create=False` is for readers: a
    database that no daemon has written yet is an error, and is not created. `own_health` gets the database's troubles.

    Raise StoreUnavailable if the database cannot be reached, read or written.
    """
    if not create and absent(url):
        raise StoreUnavailable(NOTHING_YET)
    database = await asyncio.to_thread(connect, url)
    health = DatabaseHealth(own_health or OwnHealth())
    async with AsyncExitStack() as stack:
        hold = not_alone()
        with database.opening():
            if alone and database.file is not None:
                hold = await stack.enter_async_context(hold_file(database, database.file))
            stack.push_async_callback(database.close)
            if not create and await database.read(is_empty):
                raise StoreUnavailable(NOTHING_YET)
            if alone and database.file is None:
                hold = await _hold_server(database, stack)
            await database.migrate(upgrade)
            stack.push_async_callback(database.finish)  # before the hold is released
            released = await database.write(statements.requeue_in_flight) if alone else 0
        database.health = health
        yield _store(database, released, hold)


def _store(database: Database, released: int, hold: Hold) -> Store:
    people = Subscriptions(database)
    return Store(
        IncidentStore(database),
        Deliveries(database),
        people,
        ResultStore(database, people),
        Rollups(database, people),
        Audit(database),
        MaintenanceStore(database),
        ReportStore(database),
        HeartbeatStore(database),
        Rooms(database),
        AuditLog(database),
        DigestStore(database),
        DigestReaderStore(database),
        WitnessStore(database),
        released,
        hold,
        database.health,
    )


async def _hold_server(database: Database, stack: AsyncExitStack) -> Hold:
    """Take the lease, before existing tables are altered; a new database has to be migrated first."""
    if not await database.read(knows_leases):
        await database.migrate(upgrade)
    return await stack.enter_async_context(hold_server(database))

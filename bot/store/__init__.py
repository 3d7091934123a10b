"""The only SQL, on SQLite or PostgreSQL.

Every method is one transaction, completed even if its caller is cancelled, and may raise `StoreUnavailable`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import bot.store.core_only  # noqa: F401 # first, see there
from bot.contracts import FencedError, StoreUnavailable
from bot.model.cluster import ClusterView
from bot.own_health import OwnHealth
from bot.store.audit import Audit, Dangling
from bot.store.cluster import Membership
from bot.store.cluster_reading import read_cluster
from bot.store.deliveries import statements
from bot.store.deliveries.repository import Deliveries, Progress
from bot.store.digests import DigestLog, DigestReaderStore, DigestStore
from bot.store.engine import Database, absent, connect
from bot.store.errors import DatabaseHealth
from bot.store.feed import Feed
from bot.store.incidents import IncidentStore, Snapshot, Transition
from bot.store.instance_lock import hold_file, not_alone
from bot.store.maintenance import MaintenanceChange, MaintenanceStore
from bot.store.migrations import is_empty, upgrade
from bot.store.ownership import AllOurs, Ownership
from bot.store.registration import NodeFacts
from bot.store.reports import HeartbeatStore, ReportStore
from bot.store.results import ResultStore
from bot.store.rollups import Figures, Rollups
from bot.store.subscriptions import AuditLog, Rooms, Subscriptions
from bot.store.witnesses import WitnessStore

__all__ = [
    "Audit",
    "AuditLog",
    "Dangling",
    "Deliveries",
    "DigestReaderStore",
    "DigestStore",
    "FencedError",
    "Figures",
    "IncidentStore",
    "MaintenanceChange",
    "MaintenanceStore",
    "NodeFacts",
    "Ownership",
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
    digest_log: DigestLog
    digest_readers: DigestReaderStore
    witnesses: WitnessStore
    feed: Feed
    nodes: Callable[[], Awaitable[ClusterView]]  # reads the cluster, also for whoever is no node of it
    ownership: Ownership = field(default_factory=lambda: AllOurs(not_alone()))
    health: DatabaseHealth = field(default_factory=lambda: DatabaseHealth(OwnHealth()))


@asynccontextmanager
async def open_store(
    url: str,
    *,
    alone: bool = False,
    create: bool = True,
    own_health: OwnHealth | None = None,
    node: NodeFacts | None = None,
) -> AsyncIterator[Store]:
    """Open a database and migrate it to the present schema.

    `url`: "sqlite:///tocsin.db", "sqlite:////var/lib/tocsin/tocsin.db" or "postgresql://user:password@host/name".
    `alone` is for a daemon: on SQLite a second one on the same database is refused, and on PostgreSQL it becomes a `node`
    of a cluster; what a dead predecessor was sending may be sent again at once, not only when its lease has run out.
    `create=False` is for readers: a
    database that no daemon has written yet is an error, and is not created. `own_health` gets the database's troubles.

    Raise StoreUnavailable if the database cannot be reached, read or written.
    """
    if not create and absent(url):
        raise StoreUnavailable(NOTHING_YET)
    database = await asyncio.to_thread(connect, url)
    health = DatabaseHealth(own_health or OwnHealth())
    async with AsyncExitStack() as stack:
        ownership: Ownership = AllOurs(not_alone())
        with database.opening():
            if alone and database.file is not None:
                ownership = AllOurs(await stack.enter_async_context(hold_file(database, database.file)))
            stack.push_async_callback(database.close)
            if not create and await database.read(is_empty):
                raise StoreUnavailable(NOTHING_YET)
            if alone and database.file is None:
                ownership = await _join(database, stack, node or NodeFacts())
            else:
                await database.migrate(upgrade)
                if isinstance(ownership, AllOurs) and alone:
                    ownership.requeued = await database.write(statements.requeue_in_flight)
            stack.push_async_callback(database.finish)  # before what is ours is released
        database.health = health
        yield _store(database, ownership)


def _store(database: Database, ownership: Ownership) -> Store:
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
        DigestLog(database),
        DigestReaderStore(database),
        WitnessStore(database),
        Feed(database),
        partial(read_cluster, database),
        ownership,
        database.health,
    )


async def _join(database: Database, stack: AsyncExitStack, facts: NodeFacts) -> Membership:
    """Migrate, and join the cluster. Whoever still writes with another schema is refused by the migration's locks."""
    await database.migrate(upgrade)
    member = Membership(database, facts)
    if not await member.join():
        raise StoreUnavailable(
            f"cannot use the database {database.name}: another Tocsin with the node name {facts.name or member.name} is"
            " running on it; give each its own cluster.node"
        )
    database.guard, database.claims = member.guard, member.claims
    stack.push_async_callback(member.leave)
    keeper = asyncio.create_task(member.keep(), name="beats")
    stack.push_async_callback(_ended, keeper)
    return member


async def _ended(keeper: asyncio.Task[None]) -> None:
    keeper.cancel()
    await asyncio.wait([keeper], timeout=1)

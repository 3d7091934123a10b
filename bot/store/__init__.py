"""The only SQL: moves, deliveries, people, history, roll-ups, the audit, plans, reports, jobs and rooms, on SQLite or PostgreSQL.

Every method is one transaction, seen through even if its caller is cancelled, and may raise `StoreUnavailable`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.store import lanes
from bot.store.alone import hold
from bot.store.audit import Audit, Dangling
from bot.store.deliveries import Deliveries, Progress
from bot.store.engine import StoreUnavailable, absent, connect
from bot.store.history import History
from bot.store.jobs import Jobs
from bot.store.lanes import Settlement, Status
from bot.store.migrate import is_empty, upgrade
from bot.store.moves import Move, Moves, Situation
from bot.store.people import People
from bot.store.plans import Planning, Plans
from bot.store.reports import Reports
from bot.store.rollups import Figures, Rollups
from bot.store.rooms import AuditLog, Rooms

__all__ = [
    "Audit",
    "AuditLog",
    "Dangling",
    "Deliveries",
    "Figures",
    "History",
    "Move",
    "Moves",
    "People",
    "Planning",
    "Plans",
    "Progress",
    "Rollups",
    "Rooms",
    "Settlement",
    "Situation",
    "Status",
    "Store",
    "StoreUnavailable",
    "open_store",
]


NOTHING_YET = "no daemon has run here yet: start one with `tocsin run`"


@dataclass(frozen=True)
class Store:
    moves: Moves
    deliveries: Deliveries
    people: People
    history: History
    rollups: Rollups
    audit: Audit
    plans: Plans
    reports: Reports
    jobs: Jobs
    rooms: Rooms
    audit_log: AuditLog
    released: int = 0  # deliveries that the last run left half sent


@asynccontextmanager
async def open_store(url: str, *, alone: bool = False, create: bool = True) -> AsyncIterator[Store]:
    """Open "sqlite:///tocsin.db", "sqlite:////var/lib/tocsin/tocsin.db" or "postgresql://user:password@host/name",
    with its schema brought up to date. Raise StoreUnavailable for one that cannot be reached, read or written.

    `alone` is for the one daemon that sends: another one on the same database is refused, and what its dead predecessor
    was sending may be sent again at once instead of when its lease has run out. `create=False` is for who only reads:
    where no daemon has written yet that is said, and nothing is made.
    """
    if not create and absent(url):
        raise StoreUnavailable(NOTHING_YET)
    database = connect(url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        with database.opening():
            if alone:
                await stack.enter_async_context(hold(database))
            if not create and await database.read(is_empty):
                raise StoreUnavailable(NOTHING_YET)
            await database.write(upgrade)
            stack.push_async_callback(database.finish)  # before the hold is let go
            released = await database.write(lanes.release) if alone else 0
        people = People(database)
        parts = (
            Moves(database),
            Deliveries(database),
            people,
            History(database, people),
            Rollups(database, people),
            Audit(database),
            Plans(database),
            Reports(database),
            Jobs(database),
            Rooms(database),
            AuditLog(database),
        )
        yield Store(*parts, released)

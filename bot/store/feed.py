"""What other nodes have changed: read each second, or when PostgreSQL notifies us."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import BigInteger, bindparam, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.contracts import StoreUnavailable
from bot.model import ServiceState
from bot.store.cluster_statements import CHANNEL, TELL
from bot.store.engine import Database, upsert
from bot.store.schema import deliveries, news, services

log = logging.getLogger(__name__)

HEARD_WITHIN = 2.0  # seconds in which a notification of our own must come, or none will
BEAT = "beat"  # the notification that shares were released


class Subject(StrEnum):
    """What has changed, besides the states of services."""

    PLACES = "places"
    MAINTENANCE = "maintenance"
    REPORTS = "reports"
    HEARTBEATS = "heartbeats"
    ROOMS = "rooms"


# By dialect, where several daemons may share a database: the number of the present transaction.
NUMBERS: dict[str, Any] = {"postgresql": func.txid_current(type_=BigInteger)}


def transaction(dialect: str) -> Any:
    """The number of the present transaction, which is kept with what it writes; 0 where nobody else reads."""
    return NUMBERS.get(dialect, 0)


async def mark(connection: AsyncConnection, subject: Subject) -> None:
    """Note that something of this subject changes in the present transaction."""
    dialect = connection.dialect.name
    if dialect not in NUMBERS:
        return
    row = {"subject": subject.value, "written": await connection.scalar(select(transaction(dialect)))}
    await connection.execute(upsert(dialect, news, "subject"), row)
    await connection.execute(TELL, {"what": subject.value})


async def notify(connection: AsyncConnection, what: str) -> None:
    """Notify other nodes when the present transaction is committed."""
    if connection.dialect.name in NUMBERS:
        await connection.execute(TELL, {"what": what})


@dataclass(frozen=True, slots=True)
class News:
    """`mark`: where to go on reading. `states`: with their versions, by service. `queued`: id of the newest delivery."""

    mark: int
    states: Mapping[str, tuple[int, ServiceState]] = field(default_factory=dict)
    subjects: frozenset[str] = frozenset()
    queued: int = 0


# A transaction that is not visible yet is not older than the oldest that still runs: so reading goes on from that one, and
# what commits late is not missed. Some rows are read twice.
MARK = text("SELECT txid_snapshot_xmin(txid_current_snapshot())")
# Made once: each node runs them every second.
STATES = select(services).where(services.c.written >= bindparam("since", type_=BigInteger))
SUBJECTS = select(news.c.subject).where(news.c.written >= bindparam("since", type_=BigInteger))
QUEUED = select(func.max(deliveries.c.id))


class Feed:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._link: AsyncConnection | None = None

    async def news(self, since: int | None) -> News:
        """What was committed since the mark of an earlier call; None: only a mark."""

        async def work(connection: AsyncConnection) -> News:
            mark = int(await connection.scalar(MARK) or 0)
            if since is None:
                return News(mark)
            begin = {"since": since if mark >= since else 0}  # 0: an older state of the database was put back
            rows = await connection.execute(STATES, begin)
            states = {row.id: (row.version, row.state) for row in rows}
            subjects = await connection.scalars(SUBJECTS, begin)
            queued = await connection.scalar(QUEUED)
            return News(mark, states, frozenset(subjects), queued or 0)

        return await self._database.read(work)

    @property
    def several(self) -> bool:
        """Whether other processes may write meanwhile."""
        return self._database.file is None

    async def lives(self) -> bool:
        """Whether the session that listens is still there."""
        with suppress(SQLAlchemyError, OSError, TimeoutError):
            if self._link is not None:
                async with asyncio.timeout(HEARD_WITHIN):
                    await self._link.execute(text("SELECT 1"))
                    await self._link.rollback()
                return True
        return False

    @asynccontextmanager
    async def listening(self, heard: Callable[[str], None]) -> AsyncIterator[bool]:
        """Call `heard` with each notification meanwhile. False if none can come, as behind a pooler that gives sessions for
        one transaction at a time.
        """
        with self._database.opening():
            link = self._link = await self._database.open_session()
        works = False
        with suppress(SQLAlchemyError, OSError, StoreUnavailable, TimeoutError, AttributeError):
            works = await self._try(link, heard)
        try:
            yield works
        finally:
            self._link = None
            with suppress(SQLAlchemyError, OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await link.close()

    async def _try(self, link: AsyncConnection, heard: Callable[[str], None]) -> bool:
        """Listen, and notify ourselves on another session."""
        raw = (await link.get_raw_connection()).driver_connection
        token, came = f"try {uuid4().hex}", asyncio.Event()

        def hear(_link: object, _pid: int, _channel: str, payload: str) -> None:
            if payload == token:
                came.set()
            elif not payload.startswith("try "):
                heard(payload)

        await raw.add_listener(CHANNEL, hear)  # type: ignore[union-attr]
        await self._database.write_aside(lambda connection: connection.execute(TELL, {"what": token}))
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARD_WITHIN):
                await came.wait()
        if not came.is_set():
            await raw.remove_listener(CHANNEL, hear)  # type: ignore[union-attr]
        return came.is_set()

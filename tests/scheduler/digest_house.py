"""A scheduler's digests on a real store, on virtual time: what it queues is read back from the queue."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from bot.config import Config
from bot.model import Destination, Service
from bot.scheduler.digests import Digests
from bot.store import open_store
from bot.store.schema import deliveries, digest_runs
from bot.wiring import setting
from tests.engine import engine

START = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)  # a Friday
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ANA = Destination("email", "ana@example.org")


def config(digests, **more):
    return Config.model_validate(
        {
            "services": {"x": {"routes": {"web": {"kind": "tcp", "host": "h", "port": 1}}}},
            "channels": {
                "email": {"server": "smtp://127.0.0.1:2525", "security": "none", "from": "Tocsin <t@example.org>"},
                "console": {},
            },
            "digests": digests,
        }
        | more
    )


def comms(when="mon-fri 08:00", to=("email:ana@example.org",), **more):
    return config({"comms": {"when": when, "to": list(to)} | more})


@dataclass
class Clock:
    now: datetime = START

    def __call__(self):
        return self.now


@dataclass
class House:
    """One daemon: `again` is another process on the same database, `told` what it has queued."""

    store: object
    config: Config
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self):
        self.engine = engine(self.store, {}, self.clock, setting(self.config))
        self.digests = self.part()

    def part(self):
        return Digests(self.store, self.engine.recorder, self.engine.outbox, self.clock)

    def again(self, changed=None):
        return House(self.store, changed or self.config, self.clock)

    async def at(self, now):
        self.clock.now = now
        await self.digests.send_due()

    async def until(self, end, step=HOUR / 2):
        while self.clock.now < end:
            await self.at(min(self.clock.now + step, end))


async def queued(store):
    """All digests that were queued: key, place and text, in order."""

    async def work(connection):
        query = select(deliveries.c.key, deliveries.c.place, deliveries.c.notice).order_by(deliveries.c.id)
        return [(row.key, row.place, row.notice.words.text) for row in await connection.execute(query)]

    return await store.digests._database.read(work)


async def runs(store, *, coming=False):
    """The digests that were queued, or are to come: name, place, and the ends of their periods."""
    over = digest_runs.c.settled_at.is_(None) if coming else digest_runs.c.settled_at.is_not(None)

    async def work(connection):
        query = select(digest_runs).where(over).order_by(digest_runs.c.nominal, digest_runs.c.place)
        return [(row.digest, row.place, row.since, row.nominal) for row in await connection.execute(query)]

    return await store.digests._database.read(work)


@asynccontextmanager
async def house(url, made, at=START):
    async with open_store(url) as store:
        yield House(store, made, Clock(at))


def service(name):
    return Service(name, name)

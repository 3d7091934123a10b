"""Thousands of outages at the pace of a real storm, one webhook each, on SQLite and PostgreSQL: how soon each is told.

The recorder, the store, the outbox and the webhook channel of the daemon; rounds are given, not measured.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.figures import Row, percentile
from bot.channels.webhook import WebhookSettings
from bot.contracts import ChannelContext
from bot.delivery.rate_limit import OpenChannel
from bot.engine import Engine
from bot.incidents.settings import Settings
from bot.model import Audience, Destination, Outcome, Reading, Round, Rules, Service
from bot.net import Network
from bot.store import open_store
from tests.reasons import HTTP_503

if TYPE_CHECKING:
    from benchmarks.checks import Size

OVER = 20.0  # seconds in which all go down: the interval of the services
SINGLE = 30  # outages alone
APART = 0.1  # seconds between two of these
WITHIN = 120
SAID = "UPDATE"
STORM, ALONE = "1,000 ms or less", "50 ms or less"
RULES = Rules(confirm_rounds=1, restore_rounds=1)
DURABLE = (
    "ALTER SYSTEM SET fsync = on; ALTER SYSTEM SET synchronous_commit = on; ALTER SYSTEM SET full_page_writes = on;"
)


@dataclass(frozen=True)
class Told:
    """Seconds from the deciding round to the notice at the receiver, and what a notice cost."""

    waits: list[float]
    cpu: float  # milliseconds each, of this process


async def rows(size: Size) -> list[Row]:
    count = 500 if size.quick else 5000
    with TemporaryDirectory() as folder:
        found = await measured(f"sqlite:///{Path(folder) / 'burst.db'}", count, "SQLite")
    from tests.postgres import postgres_server  # noqa: PLC0415 - its driver is an extra

    with postgres_server() as server:
        server.run(*(part.strip() for part in DURABLE.split(";") if part.strip()), "SELECT pg_reload_conf()")
        with server.database() as url:
            return found + await measured(url, count, "PostgreSQL")


async def measured(url: str, count: int, database: str) -> list[Row]:
    names = [f"s{number}" for number in range(count + SINGLE)]
    async with storm(url, names) as (engine, receiver):
        alone = await told(engine, receiver, names[count:], APART * SINGLE)
        many = await told(engine, receiver, names[:count], OVER * count / 5000)
    return [
        _row(f"one outage, {database}", alone, ALONE),
        _row(f"{count:,} outages within {OVER * count / 5000:.0f} s, a webhook each, {database}", many, STORM),
    ]


def _row(what: str, seen: Told, target: str) -> Row:
    p50, p99 = (percentile(seen.waits, share) * 1000 for share in (0.5, 0.99))
    return Row(f"notice p99, {what}", f"{p99:,.0f} ms (p50 {p50:,.0f}; {seen.cpu:.2f} ms CPU each)", target)


@asynccontextmanager
async def storm(url: str, names: list[str]) -> AsyncIterator[tuple[Engine, Receiver]]:
    """An engine that watches these services and tells of each by one webhook."""
    async with open_store(url, alone=True) as store, Network() as net, Receiver.started() as receiver:
        place = Destination("webhook", f"http://127.0.0.1:{receiver.port}/hook")
        services = {name: Service(name, name, ("web",)) for name in names}
        settings = Settings(
            services, dict.fromkeys(names, RULES), (Audience("desk", (place,)),), frozenset({"webhook"})
        )
        said = WebhookSettings()
        async with said.open(ChannelContext(net, (), None, None)) as channel:
            engine = Engine(store, settings, {"webhook": OpenChannel.of(channel, said)}, now)
            await engine.load()
            # Their first round: all is well.
            await asyncio.gather(*(engine.recorder.seen(_round(name, bad=False)) for name in names))
            stop = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(engine.outbox.run(stop))
                await asyncio.sleep(0.5)
                yield engine, receiver
                stop.set()


async def told(engine: Engine, receiver: Receiver, names: list[str], over: float) -> Told:
    """Let these go down one after the other within so many seconds, and wait until each is told."""
    used, begin, decided, rounds = time.process_time(), time.monotonic(), dict[str, float](), set[asyncio.Task[bool]]()
    for number, name in enumerate(names):
        early = begin + number * over / len(names) - time.monotonic()
        if early > 0:
            await asyncio.sleep(early)
        decided[name] = time.monotonic()
        rounds.add(asyncio.create_task(engine.recorder.seen(_round(name, bad=True))))
    async with asyncio.timeout(WITHIN):
        await asyncio.gather(*rounds)
        while await engine.store.deliveries.backlog():
            await asyncio.sleep(0.2)
    heard = await receiver.heard()
    spent = (time.process_time() - used) / len(names) * 1000
    return Told([heard[name] - at for name, at in decided.items()], spent)


def _round(name: str, *, bad: bool) -> Round:
    took = timedelta(milliseconds=12)
    reading = Reading("web", Outcome.FAILED, HTTP_503, took) if bad else Reading("web", Outcome.OK, None, took)
    return Round(name, now(), (reading,))


def now() -> datetime:
    return datetime.now(UTC)


class Receiver:
    """Takes webhooks in a process of its own, and tells when the first of each service came."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._line())

    @classmethod
    @asynccontextmanager
    async def started(cls) -> AsyncIterator[Receiver]:
        order = [sys.executable, "-m", "benchmarks.hook"]
        with subprocess.Popen(order, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220
            try:
                yield cls(process)
            finally:
                process.terminate()

    async def heard(self) -> dict[str, float]:
        assert self._process.stdin
        print("heard", file=self._process.stdin, flush=True)
        found: dict[str, float] = json.loads(await asyncio.to_thread(self._line))
        return found

    def _line(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()

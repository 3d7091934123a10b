"""The one place that builds objects and joins them; what is periodic, and an ordered stop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from fastapi import FastAPI

from bot.config import Config, DigestConfig, cron, some
from bot.contracts import Answer, Channel, Desk, Net, Unable
from bot.mending import audit, reconcile
from bot.model import Overview, Trail
from bot.net import Network
from bot.parts import canaries, setting, watched, watched_channels
from bot.record import Record
from bot.show import digest
from bot.show.web import Server, Vitals, site
from bot.store import Store, StoreUnavailable, open_store
from bot.talk import desk
from bot.talk.commands import listed
from bot.talk.desk import FrontDesk
from bot.talk.eyes import Eyes
from bot.tell.outbox import Outbox
from bot.tell.pace import Way
from bot.watch.faults import fault
from bot.watch.rounds import Rounds

log = logging.getLogger(__name__)

FLUSH = 1.0  # seconds between two writes of results: one transaction for all of them
PULSE = timedelta(seconds=5)
GRACE = 2.0  # seconds for the page's last answers at a stop


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class House:
    """Everything opened and joined, not yet running."""

    config: Config
    store: Store
    net: Net
    channels: Mapping[str, Channel]
    record: Record
    rounds: Rounds
    outbox: Outbox
    desk: FrontDesk
    door: socket.socket
    clock: Callable[[], datetime] = now
    started_at: datetime = field(default_factory=now)
    scheduler: AsyncIOScheduler = field(default_factory=lambda: AsyncIOScheduler(timezone=UTC))

    async def live(self, stop: asyncio.Event) -> None:
        """Run until told to stop: first nothing new is looked at or heard, then what is being sent is seen through."""
        closing = asyncio.Event()
        server = Server(self._site(), self.door)
        await self._mend()
        self._schedule()
        late = [asyncio.create_task(self.outbox.run(closing), name="outbox")]
        early = [
            asyncio.create_task(self.rounds.run(stop), name="rounds"),
            asyncio.create_task(self._keep_results(stop), name="results"),
            asyncio.create_task(server.serve(), name="web"),
        ]
        ears = [
            asyncio.create_task(channel.listen(self.desk.answer), name=f"listen {kind}")
            for kind, channel in self.channels.items()
        ]
        ended = asyncio.create_task(stop.wait(), name="stop")
        try:
            await _until(ended, [*early, *late], ears)
        finally:
            stop.set()
            self.scheduler.shutdown(wait=False)
            server.should_exit = True
            for task in (ended, *ears):
                task.cancel()
            await asyncio.wait([*early, *ears], timeout=GRACE)
            closing.set()
            for task in early:
                task.cancel()
            await asyncio.gather(*early, *late, *ears, ended, return_exceptions=True)

    def _site(self) -> FastAPI:
        return site(
            overview=self.record.overview,
            vitals=self.vitals,
            title=self.config.web.title,
            style=self.config.style(),
            clock=self.clock,
        )

    async def vitals(self) -> Vitals:
        """How we are: for /healthz and /metrics."""
        return Vitals(
            at=self.clock(),
            started_at=self.started_at,
            looked_at=self.rounds.counts.ended_at,
            backlog=await self.store.deliveries.backlog(),
            told=dict(self.outbox.counts),
            unsure=dict(self.outbox.unsure),
            rounds=self.rounds.counts.by_name(),
            channels={kind: self.record.down().get(kind) for kind in self.channels},
            audit=await audit(self.record),
        )

    def _schedule(self) -> None:
        every = {"trigger": "interval", "coalesce": True, "misfire_grace_time": None}
        self.scheduler.add_job(_job, args=[self._pulse], seconds=PULSE.total_seconds(), **every)
        self.scheduler.add_job(_job, args=[self._prune], hours=1, **every)
        self.scheduler.add_job(_job, args=[self._mend], hours=1, **every)
        if beat := self.config.heartbeat:
            self.scheduler.add_job(
                _job, args=[partial(self._heartbeat, beat.url)], seconds=beat.every.total_seconds(), **every
            )
        for name, said in self.config.digests.items():
            trigger = cron(said.when, said.timezone or self.config.timezone)
            self.scheduler.add_job(
                self.send_digest,
                trigger,
                args=[name, said],
                coalesce=True,
                misfire_grace_time=3600,
                id=f"digest {name}",
            )
        self.scheduler.start()

    async def send_digest(self, name: str, said: DigestConfig) -> None:
        """Queue a digest; at most once for its day, though the clocks go back or the daemon restarts at its minute."""
        style, at = self.config.style(said), self.clock()
        overview = await self.record.overview(at - said.covers)
        told = digest.deliveries(name, overview, said.to, style, covers=said.covers, services=some(said.services))
        if await self.store.people.once(f"{told[0].notice.key}", at):
            await self.store.deliveries.add(told, at)
            self.outbox.wake()

    async def _pulse(self) -> None:
        with _patient("note that we live"):
            await self.store.history.alive(self.clock())

    async def _prune(self) -> None:
        with _patient("forget what is old"):
            await self.store.history.prune(self.clock())

    async def _mend(self) -> None:
        with _patient("hold what was told against what is so"):
            await reconcile(self.record)

    async def _heartbeat(self, url: str) -> None:
        """Tell somebody outside that we live; the silence of this is their alarm."""
        answer = await self.net.fetch(self.net.prepare("GET", url), timeout=timedelta(seconds=10))
        if not isinstance(answer, Answer) or answer.status >= 400:
            why = f"HTTP {answer.status}" if isinstance(answer, Answer) else answer.why
            log.warning("the outbound heartbeat was not taken: %s", why)

    async def _keep_results(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH):
                    await stop.wait()
            if rows := self.rounds.drain():
                with _patient(f"keep {len(rows)} results"):
                    await self.store.history.record(rows)


async def _job(work: Callable[[], Awaitable[None]]) -> None:
    """The scheduler cancels what still runs at a stop, and would print a traceback for it."""
    with suppress(asyncio.CancelledError):
        await work()


@contextmanager
def _patient(what: str) -> Iterator[None]:
    """A database that is away for a while must not end the house: what watches and tells waits for it as well."""
    try:
        yield
    except StoreUnavailable as error:
        log.error("could not %s: %s", what, error)


async def _until(ended: asyncio.Task[bool], vital: list[asyncio.Task[None]], ears: list[asyncio.Task[None]]) -> None:
    """Wait for the stop. A vital part that ends before it is our own error and ends the house; a deaf ear is only said."""
    waiting: set[asyncio.Task[bool] | asyncio.Task[None]] = {ended, *vital, *ears}
    while not ended.done():
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {ended}:
            if not task.cancelled() and (error := task.exception()):
                if task in vital:
                    raise error
                log.error("%s has ended: %s", task.get_name(), fault(error))


@asynccontextmanager
async def house(config: Config, clock: Callable[[], datetime] = now) -> AsyncIterator[House]:
    """Open everything a config names. Raise Unable or StoreUnavailable, with nothing left open, where that fails."""
    async with AsyncExitStack() as stack:
        door = stack.enter_context(_door(*config.web.address))
        store = await stack.enter_async_context(open_store(config.database, alone=True))
        net = await stack.enter_async_context(Network())
        desk = Desk(net, listed(config.style()), store.people.recall, store.people.remember)
        settings = config.opened_channels()
        channels = {kind: await stack.enter_async_context(s.open(desk)) for kind, s in settings.items()}
        record = Record(
            store,
            setting(config),
            clock,
            lambda whom: outbox.wake(whom),  # noqa: PLW0108 - made below, with the record's own `moved`
        )
        await record.load()
        opened = {
            kind: Way(channels[kind], s.pace, s.edits, s.gathers, s.finds, s.looks) for kind, s in settings.items()
        }
        outbox = Outbox(
            store.deliveries,
            opened,
            clock,
            record.moved,
            record.ladders,
            down=record.down,
            outage=record.outage,
            refused=record.refused,
        )
        looked_at = (*watched(config), *watched_channels(config, outbox, clock))
        rounds = Rounds(looked_at, canaries(config), net, seen=record.seen)
        front = FrontDesk(record, config.admins, config.style(), Eyes(rounds.once, rounds.sighted, net, clock))
        yield House(config, store, net, channels, record, rounds, outbox, front, door, clock)


def _door(host: str, port: int) -> socket.socket:
    """The page's socket, bound before anything else is opened: a busy port must leave nothing half started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while ")[0]
        raise Unable(f"cannot listen on {host}:{port} ({why}); set another web.listen") from None


async def trail(config: Config, store: Store, asked: str) -> Trail | None:
    """How "x#17", or the newest incident of a service, was told."""
    record = Record(store, setting(config), now, lambda _kinds: None)
    await record.load()
    return await desk.trail(record, asked)


async def glance(config: Config, store: Store) -> tuple[Overview, datetime | None]:
    """What is known now, and when a daemon last wrote that it lives; without opening a channel."""
    record = Record(store, setting(config), now, lambda _kinds: None)
    await record.load()
    return await record.overview(now() - timedelta(days=7)), await store.history.last_alive()

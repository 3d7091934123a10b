"""The one place that builds objects and joins them; what is periodic, and an ordered stop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, partial

from fastapi import FastAPI

from bot.chores import Chores, patient
from bot.clock_steps import ClockSteps
from bot.config import Config
from bot.contracts import Channel, Desk, Net, Unable
from bot.mending import audit
from bot.model import Overview, Trail
from bot.net import Network
from bot.parts import blind_since, canaries, heartbeats, setting, watched, watched_channels
from bot.record import Record
from bot.show import inbound
from bot.show.doors import Hooks
from bot.show.reporting import Reporting
from bot.show.web import Server, Vitals, site
from bot.store import Store, open_store
from bot.talk import desk
from bot.talk.commands import listed
from bot.talk.desk import FrontDesk
from bot.talk.eyes import Eyes
from bot.tell.outbox import Outbox
from bot.tell.pace import Way
from bot.watch.board import Board
from bot.watch.clock import PROCESS, SYSTEM
from bot.watch.faults import fault
from bot.watch.reports import Crowd
from bot.watch.rounds import Rounds

log = logging.getLogger(__name__)

FLUSH = 1.0  # seconds between two writes of results: one transaction for all of them
GRACE = 2.0  # seconds for the page's last answers at a stop


def now() -> datetime:
    return SYSTEM.utcnow()


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
    crowd: Crowd
    board: Board
    door: socket.socket
    clock: Callable[[], datetime] = now
    started_at: datetime = field(default_factory=now)

    @cached_property
    def chores(self) -> Chores:
        return Chores(self.config, self.store, self.net, self.record, self.outbox, self.crowd, self.clock)

    async def live(self, stop: asyncio.Event) -> None:
        """Run until told to stop: first nothing new is looked at or heard, then what is being sent is seen through."""
        closing = asyncio.Event()
        server = Server(self._site(), self.door)
        await self.chores.begin()
        late = [asyncio.create_task(self.outbox.run(closing), name="outbox")]
        early = [
            asyncio.create_task(self.rounds.run(stop), name="rounds"),
            asyncio.create_task(self._keep_results(stop), name="results"),
            asyncio.create_task(self._clock_steps().run(stop), name="clock"),
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
            self.chores.end()
            server.should_exit = True
            for task in (ended, *ears):
                task.cancel()
            await asyncio.wait([*early, *ears], timeout=GRACE)
            closing.set()
            for task in early:
                task.cancel()
            await asyncio.gather(*early, *late, *ears, ended, return_exceptions=True)

    def _clock_steps(self) -> ClockSteps:
        return ClockSteps(PROCESS, self.record, self.rounds, self.outbox, self.board, self.crowd)

    def _site(self) -> FastAPI:
        web, style = self.config.web, self.config.style()
        reporting = Reporting(self.overview, self.crowd, style, self.clock, web.trust_proxy) if web.reports else None
        made = site(
            overview=self.overview,
            vitals=self.vitals,
            title=web.title,
            style=style,
            clock=self.clock,
            doors=[Hooks(self.config.hooks(), self.rounds.again).route()],
            reporting=reporting,
        )
        inbound.hear(made, self.board, self.rounds.again)
        return made

    async def overview(self, since: datetime) -> Overview:
        """What every screen shows, with what people say."""
        return replace(await self.record.overview(since), crowd=self.crowd.tallies())

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
            reports=dict(self.crowd.counts),
            audit=await audit(self.record),
        )

    async def _keep_results(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH):
                    await stop.wait()
            if rows := self.rounds.drain():
                with patient(f"keep {len(rows)} results"):
                    await self.store.history.record(rows)
            with patient("keep what jobs told"):
                await self.board.write()


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
        opened = {kind: Way.of(channels[kind], said) for kind, said in settings.items()}
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
        board = Board(heartbeats(config), store, clock, partial(blind_since, record))
        crowd = Crowd(store, clock, lambda service: rounds.again(service))  # noqa: PLW0108 - likewise
        await board.load()
        await crowd.load()
        looked_at = (*watched(config, board), *watched_channels(config, outbox, clock))
        rounds = Rounds(looked_at, canaries(config), net, seen=record.seen, crowd=crowd.word)
        eyes = Eyes(rounds.once, rounds.sighted, net, clock)
        front = FrontDesk(record, config.admins, config.style(), crowd, eyes)
        yield House(config, store, net, channels, record, rounds, outbox, front, crowd, board, door, clock)


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
    crowd = Crowd(store, now, lambda _: None)
    await crowd.load()
    overview = replace(await record.overview(now() - timedelta(days=7)), crowd=crowd.tallies())
    return overview, await store.history.last_alive()

"""Builds the parts and joins them; stops them in order."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial

from starlette.applications import Starlette

from bot.chat.commands import listed
from bot.chat.dispatcher import Dispatcher
from bot.chat.on_demand_check import OnDemandChecker
from bot.clock import EPOCH, PROCESS, SYSTEM
from bot.config import Config
from bot.contracts import Channel, ChannelContext, Net, Unable
from bot.delivery.rate_limit import OpenChannel
from bot.engine import Engine
from bot.garbage import unsearched
from bot.incidents.reconciler import audit
from bot.live_reload import prepare, put_in_force
from bot.model import Overview
from bot.model.cluster import SCHEDULER, channel_role
from bot.net import Network
from bot.offload import pool
from bot.own_alerts.admins import AdminAlerts
from bot.own_alerts.without_database import WithoutDatabase
from bot.own_alerts.witness_health import WitnessHealth
from bot.own_alerts.worker_health import WorkerHealth
from bot.own_health import OwnHealth, Part
from bot.scheduler import clock_steps
from bot.scheduler.clock_steps import ClockSteps
from bot.scheduler.following import Following, WitnessSharing, while_ours
from bot.scheduler.jobs import Result, Results, Scheduler
from bot.store import StoreUnavailable, open_store
from bot.supervisor import Supervisor
from bot.watch.canaries import look_while_blind
from bot.watch.rounds import Rounds
from bot.web import operator_log, unsubscribe, webhooks
from bot.web.app import Front, Metrics, Server, site
from bot.web.local_status import LocalStatus
from bot.web.report_form import Reporting
from bot.web.status_page import PERIOD
from bot.web.webhooks import Hooks
from bot.web.witness import Witnesses
from bot.wiring import canaries, heartbeats, node_facts, setting, watched, watched_channels, witnesses

log = logging.getLogger(__name__)

FLUSH = 1.0  # seconds between two writes of results, each in one transaction
GRACE = 1.0  # seconds for the page's last responses when stopping
SEEN_THROUGH = 3.0  # seconds to finish sends in progress and store their receipts
STORED = 3.0  # seconds that a page waits for the database


def now() -> datetime:
    return SYSTEM.utcnow()


@dataclass
class App:
    """All parts, opened and joined, not yet running."""

    config: Config
    engine: Engine
    net: Net
    channels: Mapping[str, Channel]
    rounds: Rounds
    dispatcher: Dispatcher
    socket: socket.socket
    witnesses: Witnesses | None = None
    secret: str = ""  # by which `tocsin status` shows that it is of the same user
    started_at: datetime = field(default_factory=now)
    _shown: dict[str, Overview] = field(default_factory=dict)  # the latest overview, for when the database is away
    _scheduled: asyncio.Event = field(default_factory=asyncio.Event)  # set when the present jobs are to end

    def __post_init__(self) -> None:
        engine = self.engine
        self.store, self.clock, self.own_health = engine.store, engine.clock, engine.own_health
        self.recorder, self.outbox = engine.recorder, engine.outbox
        self.heartbeats, self.user_reports = engine.heartbeats, engine.user_reports

    @cached_property
    def scheduler(self) -> Scheduler:
        net, reports = self.net, self.user_reports
        return Scheduler(self.config, self.store, net, self.recorder, self.outbox, reports, self.clock, self.own_health)

    @cached_property
    def results(self) -> Results:
        return Results(self.store, self.heartbeats, self._drain, self.own_health)

    @cached_property
    def pages(self) -> Front:
        return Front(self._site(), self.outbox.notices_under_way)

    async def take_up(self, config: Config) -> None:
        """Put a config in force that `config.changes.is_live` allows. On failure nothing has changed."""
        made = await prepare(self.config, config, self.engine)
        put_in_force(self.config, config, made, self.engine)
        self.config = config
        self.dispatcher.style = config.style()
        self.pages.site = self._site()
        self.__dict__.pop("scheduler", None)  # the next one has the jobs of this config
        self._scheduled.set()
        await self.scheduler.begin()

    async def live(self, stop: asyncio.Event) -> None:
        """Run until stopped: first end checks and listening, then finish sends in progress. Raise Unable when a vital
        part fails repeatedly, or another daemon has taken over the database.
        """
        closing = asyncio.Event()
        ended = asyncio.create_task(stop.wait(), name="stop")
        begun = asyncio.create_task(self.scheduler.begin(), name="begin")
        await asyncio.wait([ended, begun], return_when=asyncio.FIRST_COMPLETED)
        begun.cancel()  # only repairs, which the next start repeats
        early, late = self._stop_first(stop), self._stop_last(closing)
        try:
            await _until(ended, [*early, *late])
        finally:
            stop.set()
            ended.cancel()
            for task in early:
                if task.get_name().startswith("listen "):
                    task.cancel()
            await asyncio.wait(early, timeout=GRACE)
            closing.set()
            self.outbox.wake()
            for task in early:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=SEEN_THROUGH)
            for task in late:
                task.cancel()
            await asyncio.gather(*early, *late, ended, begun, return_exceptions=True)

    def _stop_first(self, stop: asyncio.Event) -> list[asyncio.Task[None]]:
        """Start the tasks that end at once at a stop."""
        keeper = Supervisor(self.own_health, stop)
        vital: list[tuple[Part, str, Callable[[], Awaitable[None]]]] = [
            (Part.ROUNDS, "rounds", partial(self.rounds.run, stop)),
            (Part.RESULTS, "results", partial(self.results.run, stop, FLUSH)),
            (Part.WEB, "web", partial(self._serve, stop)),
            (Part.SCHEDULER, "scheduler", partial(self._periodic, stop)),
            (Part.MACHINE, "clock", partial(self._clock_steps().run, stop)),
        ]
        works: dict[str, Coroutine[None, None, None]] = {
            name: keeper.keep(part, name, run) for part, name, run in vital
        }
        works |= {name: keeper.keep(part, name, run, vital=False) for part, name, run in self._beside(stop)}
        works |= {
            f"listen {kind}": keeper.keep(
                Part.LISTENING, f"listen {kind}", self._listening(kind, channel), vital=False, may_end=True
            )
            for kind, channel in self.channels.items()
        }
        works["hold"] = self._lose(stop)
        return [asyncio.create_task(work, name=name) for name, work in works.items()]

    def _beside(self, stop: asyncio.Event) -> Iterator[tuple[Part, str, Callable[[], Awaitable[None]]]]:
        """The parts without which the rest goes on."""
        notices = AdminAlerts(self.own_health, self.channels, self.recorder.settings.admins, self.clock)
        yield Part.SCHEDULER, "own notices", partial(notices.run, stop)
        yield Part.MACHINE, "workers", partial(WorkerHealth(self.own_health).run, stop)
        yield Part.ROUNDS, "blindness", partial(look_while_blind, self.store.ownership, self.rounds.online, stop)
        if self.store.feed.several:
            yield Part.DATABASE, "following", partial(Following(self.engine, self._read_rooms).run, stop)
        if self.witnesses:
            registry = self.witnesses.registry
            heard = WitnessHealth(registry, self.own_health, partial(self.store.ownership.plays, SCHEDULER))
            yield Part.WITNESSES, "witnesses", partial(heard.run, stop)
            shared = WitnessSharing(registry, self.store.witnesses, self._several)
            yield Part.WITNESSES, "sharing", partial(shared.run, stop)

    def _listening(self, kind: str, channel: Channel) -> Callable[[], Awaitable[None]]:
        """Listen on a channel while it is ours."""
        listen = partial(channel.listen, self.dispatcher.answer)
        return partial(while_ours, self.store.ownership, channel_role(kind), listen)

    async def _read_rooms(self) -> None:
        await self.dispatcher.access.read(asyncio.get_running_loop().time())

    def _several(self) -> bool:
        """Whether other nodes share the database."""
        return not self.store.ownership.alone

    def _stop_last(self, closing: asyncio.Event) -> list[asyncio.Task[None]]:
        """Start the tasks that finish sends in progress at a stop."""
        keeper = Supervisor(self.own_health, closing)
        parts = self.outbox.parts(closing)
        return [asyncio.create_task(keeper.keep(Part.OUTBOX, name, part), name=name) for name, part in parts.items()]

    async def _periodic(self, stop: asyncio.Event) -> None:
        """Run the periodic jobs of the config in force."""
        while not stop.is_set():
            self._scheduled = ended = asyncio.Event()
            stopping = asyncio.create_task(_pass_on(stop, ended))
            try:
                await self.scheduler.run(ended)
            finally:
                stopping.cancel()

    async def _serve(self, stop: asyncio.Event) -> None:
        """Serve HTTP on a duplicate of the socket, so that the port stays ours when the server closes it."""
        door = self.socket.dup()
        server = Server(self.pages, door, behind_proxy=self.config.web.trust_proxy is not None)
        serving = asyncio.create_task(server.serve(), name="serving")
        ended = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([serving, ended], return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            await serving
        finally:
            ended.cancel()
            serving.cancel()
            await asyncio.gather(serving, ended, return_exceptions=True)
            door.close()

    async def _lose(self, stop: asyncio.Event) -> None:
        """Raise StoreUnavailable when another daemon has taken over the database."""
        lost = asyncio.create_task(self.store.ownership.lost.wait())
        ended = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait([lost, ended], return_when=asyncio.FIRST_COMPLETED)
        finally:
            lost.cancel()
            ended.cancel()
        if self.store.ownership.lost.is_set():
            raise StoreUnavailable("another Tocsin has taken over the database, or our node name: this one ends")

    def _drain(self) -> list[Result]:
        """The results since the last call: our own, and those of the witnesses."""
        return [*self.rounds.drain(), *(self.witnesses.registry.drain() if self.witnesses else ())]

    def _clock_steps(self) -> ClockSteps:
        boot = "" if self.store.ownership.wall else clock_steps.boot_id()
        return ClockSteps(PROCESS, self.recorder, self.rounds, self.outbox, self.heartbeats, self.user_reports, boot)

    def _site(self) -> Starlette:
        web, style = self.config.web, self.config.style()
        reporting = None
        if web.reports:
            reporting = Reporting(self.overview, self.user_reports, style, self.clock, web.trust_proxy, web.public_url)
        made = site(
            overview=self.overview,
            vitals=self.vitals,
            title=web.title,
            style=style,
            clock=self.clock,
            doors=[
                Hooks(self.config.hooks(), partial(self.rounds.again, vouched=True)).route(),
                *(self.witnesses.routes() if self.witnesses else ()),
                LocalStatus(self.overview, self.vitals, style, self.clock, self.secret).route(),
            ],
            reporting=reporting,
            archive=self.store.results,
            glance=self._glance,
        )
        webhooks.add_heartbeats(made, self.heartbeats, self.rounds.again)
        unsubscribe.hear(made, unsubscribe.DigestLinks(self.recorder, web.title, style, self.clock))
        return made

    def _glance(self) -> Overview:
        """What the pages show of the present, without the time: equal while nothing has changed."""
        seen = self.recorder.overview_from_memory(self.clock() - PERIOD)
        return replace(seen, at=EPOCH, user_reports=self.user_reports.tallies())

    async def overview(self, since: datetime) -> Overview:
        """The overview for all screens, with user reports. While the database is away: the last one, updated from
        memory. Raise StoreUnavailable if there is none yet.
        """
        try:
            async with asyncio.timeout(STORED):
                seen = await self.recorder.overview(since)
        except (StoreUnavailable, TimeoutError) as error:
            if not (known := self._shown.get("last")):
                raise StoreUnavailable("the database does not answer") from error
            seen = replace(self.recorder.refreshed(known), unwell=self.own_health.unwell)
        else:
            self._shown["last"] = seen
        return replace(seen, user_reports=self.user_reports.tallies())

    async def vitals(self) -> Metrics:
        """Our own health and counters, for /healthz and /metrics, whether or not the database answers."""
        backlog: dict[str, int] = {}
        found: Mapping[str, int] = {}
        if not self.store.health.away:
            with suppress(StoreUnavailable, TimeoutError):
                async with asyncio.timeout(STORED):
                    backlog, found = await self.store.deliveries.backlog(), await audit(self.recorder)
        return Metrics(
            at=self.clock(),
            started_at=self.started_at,
            looked_at=self.rounds.counts.ended_at,
            backlog=backlog,
            told=dict(self.outbox.counts),
            unsure=dict(self.outbox.unsure),
            rounds=self.rounds.counts.by_name(),
            channels={kind: self.recorder.down().get(kind) for kind in self.channels},
            reports=dict(self.user_reports.counts),
            audit=found,
            troubles=self.own_health.troubles,
            unwell=self.own_health.unwell,
            restarts=dict(self.own_health.restarts),
            cluster=self.store.ownership.view(),
            witnesses=self.witnesses.registry.ages() if self.witnesses else {},
            witness_readings=self.witnesses.registry.counts() if self.witnesses else {},
        )


async def _pass_on(stop: asyncio.Event, ended: asyncio.Event) -> None:
    await stop.wait()
    ended.set()


async def _until(ended: asyncio.Task[bool], parts: list[asyncio.Task[None]]) -> None:
    """Wait for the stop, and raise any exception of a supervised part."""
    waiting: set[asyncio.Task[bool] | asyncio.Task[None]] = {ended, *parts}
    while not ended.done():
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {ended}:
            if not task.cancelled() and (error := task.exception()):
                raise error


@asynccontextmanager
async def open_app(
    config: Config, clock: Callable[[], datetime] = now, own_health: OwnHealth | None = None
) -> AsyncIterator[App]:
    """Open everything the config names. On failure raise Unable or StoreUnavailable and leave nothing open."""
    own_health = own_health or OwnHealth(clock)
    async with AsyncExitStack() as stack:
        stack.callback(pool.close)
        door = stack.enter_context(await bound(config))
        store = await stack.enter_async_context(
            open_store(config.database, alone=True, own_health=own_health, node=node_facts(config))
        )
        net = await stack.enter_async_context(Network())
        people = store.subscriptions
        look = await asyncio.to_thread(lambda: config.mail.look)
        context = ChannelContext(net, listed(config.style()), people.recall, people.remember, look)
        settings = config.opened_channels()
        channels = {kind: await stack.enter_async_context(s.open(context)) for kind, s in settings.items()}
        engine = Engine(
            store,
            setting(config),
            {kind: OpenChannel.of(channels[kind], said) for kind, said in settings.items()},
            clock,
            heartbeats=heartbeats(config),
            own_health=own_health,
            changed=operator_log.changed,
        )
        # What several machines store has one clock, the database's; this one's may be set as it likes.
        PROCESS.follow(store.ownership.wall)
        if store.ownership.wall is None:
            await clock_steps.restore(store, PROCESS, clock_steps.boot_id(), engine.recorder.reworded)
        await engine.load()
        home = _app(config, engine, net, channels, door)
        with unsearched():
            yield home


def _app(config: Config, engine: Engine, net: Net, channels: Mapping[str, Channel], door: socket.socket) -> App:
    recorder, clock = engine.recorder, engine.clock
    services = tuple(watched(config, engine.heartbeats, engine.recorder.settings.services))
    looked_at = (*services, *watched_channels(config, engine.outbox, clock))
    others = witnesses(config, services)
    places = others.registry if others else None
    emergency = WithoutDatabase(recorder, channels, engine.own_health, clock)
    rounds = engine.watch(looked_at, canaries(config), net, seen=emergency.seen, places=places)
    on_demand = OnDemandChecker(rounds.once, rounds.online, net, clock, places=places)
    paces = {kind: settings.pace for kind, settings in config.opened_channels().items()}
    dispatcher = Dispatcher(recorder, config.admins, config.style(), engine.user_reports, on_demand, paces)
    return App(config, engine, net, channels, rounds, dispatcher, door, others)


async def bound(config: Config) -> socket.socket:
    """The socket of the status page, bound before anything else is opened, so that a busy port leaves nothing half
    started.
    """
    return await asyncio.to_thread(_bind, *config.web.address)  # may need a DNS look-up


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError, UnicodeError) as error:
        why = (getattr(error, "strerror", None) or str(error)).partition(" (while ")[0]
        raise Unable(f"cannot listen on {host}:{port} ({why}); set another web.listen") from None

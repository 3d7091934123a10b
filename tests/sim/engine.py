"""One seed from its first round to the last receipt: the engine as `bot.app` joins it, over the world of a script."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
import os
import random
import tempfile
import warnings
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType

from sqlalchemy.exc import SAWarning

import bot.delivery.failover
import bot.delivery.outbox
import bot.watch.rounds
from bot import wording
from bot.clock import Clock, SteadyClock
from bot.delivery.outbox import Outbox
from bot.delivery.rate_limit import OpenChannel
from bot.engine import Engine
from bot.incidents import maintenance
from bot.incidents.reconciler import reconcile
from bot.incidents.recorder import Recorder, Settings
from bot.judge.maintenance import in_file
from bot.model import (
    Ack,
    Mute,
    Round,
    Rules,
    Service,
    Subscription,
    Unmute,
    Window,
    delivering,
)
from bot.notify import routing
from bot.scheduler.clock_steps import ClockSteps
from bot.scheduler.jobs import PLANS
from bot.store import Store, StoreUnavailable, open_store
from bot.watch.canaries import ROUTES, ways
from bot.watch.rounds import Rounds, Watched
from tests.sim.inline import Disk, fresh, inline, template
from tests.sim.loop import VirtualLoop
from tests.sim.readers import CHAT, CHAT_SETTINGS, admins, opened, place, readers
from tests.sim.script import EDITS, LIVES, SETTINGS, STEP, Script, Work, write
from tests.sim.world import Canary, Looked, Page, Provider, Route, World

CALM = 5400.0  # seconds after the last fault in which all must have come to rest
# Idle looks cost a transaction each, and here nobody else queues anything: a bell that is not rung shall be seen.
Patient = tuple[tuple[ModuleType, str, float], ...]
PATIENT: Patient = (
    (bot.watch.rounds, "TICK", 2.0),
    (bot.delivery.outbox, "REST", 600.0),
    (bot.delivery.failover, "REST", 600.0),
)


@dataclass
class Life:
    """A process, from its start to its end."""

    world: World
    store: Store
    recorder: Recorder
    rounds: Rounds
    outbox: Outbox
    clock_steps: ClockSteps

    async def live(self, until: Callable[[], Awaitable[None]]) -> None:
        """As `House.live`: looks end first, then what is being sent is seen through."""
        stop, closing = asyncio.Event(), asyncio.Event()
        with suppress(StoreUnavailable):
            await reconcile(self.recorder)
        early, late = asyncio.create_task(self.rounds.run(stop)), asyncio.create_task(self.outbox.run(closing))
        people, end = asyncio.create_task(self._people()), asyncio.ensure_future(until())
        planned = asyncio.create_task(self._maintenance())
        clock = [asyncio.create_task(self._clock(stop))] if self.world.script.steps else []
        done, _ = await asyncio.wait({early, late, end, *clock}, return_when=asyncio.FIRST_COMPLETED)
        for task in done - {end}:
            task.result()
            raise AssertionError("a part of the house has expired before its time")
        end.result()
        stop.set()
        await early
        closing.set()
        await late
        people.cancel()
        planned.cancel()
        await asyncio.gather(people, planned, *clock, return_exceptions=True)
        self.keep()

    async def _clock(self, stop: asyncio.Event) -> None:
        """As `ClockSteps.run`."""
        while not stop.is_set():
            reckoned = self.clock_steps.clock.utcnow()
            await self.clock_steps.look()
            if abs(self.clock_steps.clock.utcnow() - reckoned) > timedelta(seconds=STEP / 2):
                self.world.occurred["clock stepped"] += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await stop.wait()

    def keep(self) -> None:
        world = self.world
        world.readings += [(service, world.seconds(at), one) for service, at, one in self.rounds.drain()]

    async def _people(self) -> None:
        world = self.world
        for at, service, what in [one for one in world.script.people if one[0] >= world.now]:
            await asyncio.sleep(max(at - world.now, 0))
            await ordered(world, self.recorder, service, what)

    async def _maintenance(self) -> None:
        """As the scheduler's job; what a person calls off, they call off again until it is."""
        world, recorder = self.world, self.recorder
        while world.script.works:
            with suppress(StoreUnavailable):
                await maintenance.keep(recorder)
                for work in world.script.works:
                    if work.off is not None and work.off <= world.now < work.end:
                        await self._call_off(window(world.script, work).key)
            await asyncio.sleep(PLANS.total_seconds())

    async def _call_off(self, key: str) -> None:
        for known in tuple(self.recorder.maintenance.by_number.values()):
            if known.key == key and known.over_at is None:
                await maintenance.call_off(self.recorder, known.number)
                self.world.occurred["maintenance called off"] += 1


class Run:
    """A seed, run. `rows` of the database are read after it."""

    def __init__(self, seed: int, folder: Path, disk: Disk) -> None:
        self.script = write(seed)
        self.world = World(self.script, random.Random(f"chance {seed}"))
        self.path = folder / "sim.db"
        self._disk = disk
        self._order = random.Random(f"order {seed}")
        self.converged = False
        fresh(template(folder), self.path)
        disk.turn = self.world.turn

    def go(self) -> Run:
        """Life after life until all is quiet."""
        world, at = self.world, 0.0
        ends = list(self.script.ends)
        while not self.converged:
            ends = [one for one in ends if one[0] > at]
            end, killed = ends.pop(0) if ends else (None, False)
            loop = VirtualLoop(self._order, at)
            world.loop, world.dead, world.kill_in = loop, False, 0
            world.life += 1
            loop.holds = [hold for hold in self.script.holds if hold[0] >= at]
            asyncio.set_event_loop(loop)
            try:
                world.begun(at)
                ended = loop.live(self._life(end, killed=killed))
                world.lives.append((at, loop.time(), not ended))
                at = loop.time() + world.chance.uniform(0.5, 20)
            finally:
                world.dead = True
                loop.bury()
                asyncio.set_event_loop(None)
        return self

    async def _life(self, end: float | None, *, killed: bool) -> None:
        async with AsyncExitStack() as stack:
            life = await self._begun(stack)
            if self.world.life == 1 and "chat" in self.script.readers:
                with suppress(StoreUnavailable):
                    await life.recorder.places.set(place("telegram:chat"), CHAT_SETTINGS)
                    await life.recorder.places.subscribe(
                        Subscription(place("telegram:chat"), (CHAT,), "Ana", life.recorder.clock())
                    )
            await life.live(lambda: self._until(life, end, killed=killed))

    async def _begun(self, stack: AsyncExitStack) -> Life:
        while True:
            try:
                async with AsyncExitStack() as trial:
                    store = await trial.enter_async_context(open_store(f"sqlite:///{self.path}", alone=True))
                    life = self._joined(store)
                    await life.recorder.load()
                    stack.push_async_callback(trial.pop_all().aclose)
                    return life
            except StoreUnavailable:  # who started us starts us again
                if self.world.now > self.script.faults_end and not self.script.away.at(self.world.now):
                    raise
                await asyncio.sleep(5)

    async def _until(self, life: Life, end: float | None, *, killed: bool) -> None:
        world, loop = self.world, self.world.loop
        if end is not None:
            await asyncio.sleep(max(end - world.now, 1))
            if killed:
                world.kill_in = world.chance.choice((1, world.chance.randint(2, 60)))
                await asyncio.sleep(60)
                loop.kill()  # nothing happened meanwhile: idle is a moment too
                await asyncio.sleep(1e9)
            return
        await asyncio.sleep(max(self.script.faults_end - world.now, 0))
        last = self.script.faults_end + CALM
        while not self.converged and world.now < last:
            await asyncio.sleep(60)
            self.converged = await quiet(life.recorder)
        if not self.converged:
            world.wrong.append(f"not at rest {CALM / 60:.0f} minutes after the last fault")
            self.converged = True

    def _joined(self, store: Store) -> Life:
        world = self.world
        process = SteadyClock(lambda: world.now, world.wall)
        engine, own = made(world, store, opened(self.script, world.began), process.utcnow)
        clock = Clock(lambda: world.now, process.utcnow)
        record, outbox, canaries = engine.recorder, engine.outbox, [Canary(world) for _ in range(3)]
        rounds = engine.watch((*watched(world), *own), canaries, None, seen=witness(world, record), clock=clock)
        return Life(world, store, record, rounds, outbox, ClockSteps(process, record, rounds, outbox))

    @property
    def trace(self) -> str:
        """Everything that could be seen from outside, in one number."""
        world, seen = self.world, hashlib.sha256()
        for told in world.told:
            seen.update(f"{told.at} {told.delivery.key} {told.delivery.notice.words.text}\n".encode())
        for answer in world.answers:
            seen.update(f"{answer.began} {answer.at} {answer.delivery.key} {answer.receipt}\n".encode())
        for looked in world.rounds:
            seen.update(f"{looked.began} {looked.round.service} {looked.became}\n".encode())
        return seen.hexdigest()[:16]


async def quiet(record: Recorder) -> bool:
    """Whether nothing is wrong any more, and nothing waits."""
    states, watched = record.states, record.settings.watched
    return (
        not any(state.incident or (state.streak.bad and name in watched) for name, state in states.items())
        and not await record.store.deliveries.backlog()
        and await record.store.deliveries.next_deadline() is None
        and not record.maintenance.open(record.clock())
    )


async def ordered(world: World, record: Recorder, service: str, what: str) -> None:
    now = record.clock()
    order = {
        "ack": Ack("Ana", now),
        "mute": Mute("Ana", now, now + timedelta(seconds=world.chance.uniform(60, 900))),
        "unmute": Unmute("Ana", now),
    }[what]
    world.orders.append((world.now, service, what))
    with suppress(StoreUnavailable):
        await record.order(service, order)


def made(
    world: World, store: Store, kinds: tuple[str, ...], utcnow: Callable[[], datetime]
) -> tuple[Engine, list[Watched]]:
    """The engine as `bot.app` joins it, without sockets and networks, and the channels as services."""
    providers = {kind: Provider(world, kind) for kind in kinds}
    channels = {
        kind: OpenChannel(providers[kind], s.pace, s.edits, s.gathers, s.finds, s.looks)
        for kind, s in SETTINGS.items()
        if kind in kinds
    }
    engine = Engine(store, setting(world.script, world.began), channels, utcnow)
    return engine, [
        Watched(
            engine.recorder.settings.channels[kind], ways(kind, providers[kind].probe, engine.outbox.failures, utcnow)
        )
        for kind in LIVES
        if kind in kinds
    ]


def witness(world: World, record: Recorder) -> Callable[[Round], Awaitable[bool]]:
    async def seen(found: Round) -> bool:
        looked = Looked(found, world.seconds(found.at))
        world.rounds.append(looked)
        try:
            doubtful = await record.seen(found)
        except StoreUnavailable:
            looked.became = "failed"
            raise
        except Exception as error:
            world.wrong.append(f"a round of {found.service} broke: {error!r}")
            raise
        looked.became = "taken"
        return doubtful

    return seen


def setting(script: Script, at: float) -> Settings:
    rules = Rules(
        confirm_rounds=script.confirm,
        remind_every=(timedelta(minutes=4), timedelta(minutes=10)),
        flap_window=timedelta(minutes=8),
        settle=timedelta(minutes=3),
    )
    services, told = {key: _service(script, key) for key in script.services}, readers(script, at)
    unwatched = {key: Service(key, f"Service {key}", ("web",)) for work in script.works for key in work.services}
    kinds = frozenset(opened(script, at))
    own = {key: replace(rules, milestones=routing.milestones(told, key)) for key in services}
    return Settings(
        unwatched | services,
        own | {delivering(kind): replace(rules, chained=True) for kind in LIVES if kind in kinds},
        told,
        EDITS & kinds,
        channels={kind: wording.channel_service(kind, ROUTES, "en") for kind in LIVES if kind in kinds},
        stand_ins={script.stand_in: "s0"} if script.stand_in else {},
        opened=kinds,
        admins=admins(script, at),
        windows=tuple(window(script, work) for work in script.works),
        maintenance_before=timedelta(seconds=script.before),
    )


def window(script: Script, work: Work) -> Window:
    return in_file(work.services, script.utc(work.start), script.utc(work.end), "")


def _service(script: Script, key: str) -> Service:
    return Service(key, f"Service {key}", script.services[key], shares=("on:Cloud",))


def watched(world: World) -> list[Watched]:
    script = world.script
    return [
        Watched(
            _service(script, key),
            {route: Route(world, key) for route in routes},
            tuple(Page(world, key, role) for role in script.words.get(key, ())),
            timedelta(seconds=script.every[key]),
        )
        for key, routes in script.services.items()
    ]


class Complaints(logging.Handler):
    """What the log of a run says that it never should: a part that failed, a delivery that broke by our own error."""

    def of(self, run: Run) -> Run:
        self._world = run.world
        return run

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        ours = record.name == "bot.supervisor" or (record.name.startswith("bot.delivery") and "our own error" in text)
        if ours and not self._world.dead:
            self._world.wrong.append(f"the log says: {text}")


@contextmanager
def runs(
    kind: type[Run] | None = None, disk: Disk | None = None, patient: Patient = PATIENT
) -> Iterator[Callable[[int], Run]]:
    """Runs one seed after another, on one file that is new for each. `kind`: of run; `disk`: what they write on."""
    log, former = logging.getLogger("bot"), [(room, name, getattr(room, name)) for room, name, _ in patient]
    level, passes, disk, complaints = log.level, log.propagate, disk or Disk(), Complaints()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # a disk that is none: nothing is synced
    with tempfile.TemporaryDirectory(prefix="tocsin-sim-", dir=memory) as folder:
        template(Path(folder))
        with inline(disk), warnings.catch_warnings():
            # A killed life leaves a connection where it was; the next one opens the file anew, as after a real kill.
            warnings.filterwarnings("ignore", "The garbage collector is trying", SAWarning)
            log.setLevel(logging.ERROR)
            log.propagate = False
            log.addHandler(complaints)
            gc.disable()  # a third of the time; there is little to collect
            for room, name, value in patient:
                setattr(room, name, value)
            try:
                yield lambda seed: complaints.of((kind or Run)(seed, Path(folder), disk)).go()
            finally:
                gc.enable()
                gc.collect()
                log.removeHandler(complaints)
                log.setLevel(level)
                log.propagate = passes
                for room, name, value in former:
                    setattr(room, name, value)

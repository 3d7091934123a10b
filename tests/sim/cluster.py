"""Nodes that share one database, from the first round to the last receipt: each is killed, frozen and cut off by itself.

The engine, the beats, the shares, the fence and the feed are the real ones; PostgreSQL's statements run on SQLite.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import bot.delivery.outbox
import bot.model.cluster
import bot.store
import bot.store.cluster
import bot.store.cluster_statements
import bot.store.feed
import bot.store.incidents
import bot.store.registration
from bot.app import GRACE, SEEN_THROUGH
from bot.clock import Clock, SteadyClock
from bot.engine import Engine
from bot.incidents.reconciler import reconcile
from bot.model import OURSELVES, ChangeKind
from bot.model.cluster import SCHEDULER
from bot.scheduler.clock_steps import ClockSteps
from bot.scheduler.following import Following
from bot.store import NodeFacts, StoreUnavailable
from bot.store.cluster import LASTS, Membership
from bot.store.columns import EPOCH, MICROSECOND
from bot.store.engine import Database, connect
from bot.watch.canaries import look_while_blind
from bot.watch.rounds import Rounds
from tests.sim import cluster_sql, engine
from tests.sim.disk import NODE, Shared
from tests.sim.lookout import Lookout
from tests.sim.nodes import Fault, Loop, Node, Town, Trouble, troubles
from tests.sim.promises.incidents import LONGEST_LOOK
from tests.sim.readers import CHAT, CHAT_SETTINGS, opened, place
from tests.sim.script import Script, Stretch, Stretches, write

BEATING = 4.0  # seconds until a statement without an answer fails, see `bot.store.engine`
JOINS = 4.0  # seconds in which a node that comes, or comes back, is known to all

PATIENT = (*engine.PATIENT[:1], (bot.delivery.outbox, "REST", 60.0))  # a bell that another node should ring is seen
LENGTH = (450.0, 550.0)  # seconds with faults


class ClusterRun(engine.Run):
    """A seed, run by two or three nodes."""

    def __init__(self, seed: int, folder: Path, disk: Shared) -> None:
        super().__init__(seed, folder, disk)
        self.script = plain(write(seed, LENGTH))
        self.world = world = Town(self.script, random.Random(f"chance {seed}"))
        chance = random.Random(f"nodes {seed}")
        names = "abc"[: chance.choice((2, 3, 3))]
        outages = sorted({one.start for stretches in self.script.truth.values() for one in stretches})
        self.nodes = [
            Node(name, chance.choice((0.0, 3600.0, -3600.0, 40.0)), chance.uniform(0, 1e5), found)
            for name, found in zip(names, troubles(chance, len(names), self.script.faults_end, outages), strict=True)
        ]
        for node in self.nodes:
            node.world = world
        world.loses = chance.choice((0.0, 0.3, 1.0))
        disk.turn, disk.notify = world.turn, lambda what: world.notify(self.nodes, what)
        disk.clock = self.clock
        self._disk = disk

    def clock(self) -> int:
        """The database's, whoever asks."""
        return (self.script.utc(self.world.now) - EPOCH) // MICROSECOND

    def go(self) -> ClusterRun:
        world = self.world
        self._disk.holder = None
        world.loop = loop = Loop(self._order, self._disk)
        asyncio.set_event_loop(loop)
        try:
            loop.live(self._all())
            world.lives.append((0.0, loop.time(), False))
            for node in self.nodes:  # whatever was on its way then may have been applied and not written down
                world.lives += [(max(one.start - 60, 0), one.end + 5, True) for one in node.troubles]
        finally:
            for node in self.nodes:
                node.dead, node.frozen = True, False
            loop.bury()
            asyncio.set_event_loop(None)
        spoilt = [Stretch(one.start - 1, one.end + 12) for node in self.nodes for one in node.troubles]
        self.script.troubled = Stretches(spoilt).sorted()
        return self

    # ── the nodes ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _all(self) -> None:
        world = self.world
        keepers = [asyncio.create_task(self._kept(node)) for node in self.nodes]
        looking = asyncio.create_task(Lookout(self.path, self._disk, world, self.nodes).watch())
        ending = asyncio.create_task(self._converge())
        done, _ = await asyncio.wait({*keepers, looking, ending}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        self.converged = True
        # Whoever is stopped need not know of anything any more.
        looking.cancel()
        for node in self.nodes:
            node.stop.set()
        await asyncio.wait(keepers, timeout=60)

    async def _kept(self, node: Node) -> None:
        """Start a node again and again, and let its troubles happen."""
        ahead = list(node.troubles)
        first = True
        while not self.converged:
            life = self._start(node, first=first)
            first = False
            while ahead and not life.done() and not self.converged:
                trouble = ahead[0]
                await asyncio.wait({life}, timeout=max(trouble.start - self.world.now, 0.01))
                if not life.done() and self.world.now >= trouble.start:  # a timer may be early by a hair
                    await self._suffer(node, ahead.pop(0), life)
            if not ahead:
                await asyncio.wait({life})
            if life.done() and not node.dead and (error := life.exception()):
                self.world.wrong.append(f"node {node.name} fell: {error!r}")
            if not self.converged:
                await asyncio.sleep(1)

    def _start(self, node: Node, *, first: bool) -> asyncio.Task:
        node.dead, node.frozen, node.heard, node.stop = False, False, None, asyncio.Event()
        node.kill_in, node.kill_at_send = 0, False
        node.run += 1
        return asyncio.create_task(self._life_of(node, first=first), context=node.context)

    async def _suffer(self, node: Node, trouble: Trouble, life: asyncio.Task) -> None:
        world = self.world
        match trouble.what:
            case Fault.KILLED:
                if world.chance.random() < 0.5:
                    trouble = await self._killed_at_send(node, trouble)
                else:
                    await self._amid(node.sends, trouble.end - 1)
                    node.kill_in = world.chance.choice((1, world.chance.randint(2, 40)))
                    await self._amid(node.killed, world.now + 3)
                if not node.dead and node.member is not None:
                    world.kill(node)
                await self._buried(node)
                await asyncio.sleep(max(trouble.end - world.now, 0))
            case Fault.STOPPED:
                world.occurred["stopped"] += 1
                node.stop.set()
                await asyncio.wait({life}, timeout=30)
                await asyncio.sleep(max(trouble.end - world.now, 0))
            case Fault.FROZEN:
                world.occurred["frozen"] += 1
                await self._amid(node.alarmed, trouble.end - LASTS - 1)
                node.frozen = True
                await asyncio.sleep(max(trouble.end - world.now, 0))
                world.loop.go_on(node)
            case Fault.CUT_OFF:
                world.occurred["cut off"] += 1
                await asyncio.sleep(max(trouble.end - world.now, 0))

    async def _killed_at_send(self, node: Node, trouble: Trouble) -> Trouble:
        """Kill it when it is about to send something, if that is within two minutes; return the trouble as it was."""
        length = trouble.end - trouble.start
        node.kill_at_send = True
        await self._amid(node.killed, min(trouble.start + 120, self.script.faults_end - 20 - length))
        if not node.dead:
            self.world.kill(node)
        later = replace(trouble, start=self.world.now, end=self.world.now + length)
        node.troubles[node.troubles.index(trouble)] = later
        return later

    async def _amid(self, event: asyncio.Event, latest: float) -> None:
        """Trouble comes at the worst moment, if there is one soon."""
        event.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(latest - self.world.now, 0)):
                await event.wait()

    async def _buried(self, node: Node) -> None:
        while tasks := self.world.loop.of(node):
            for task in sorted(tasks, key=lambda one: one.number):
                task.cancel()
            await asyncio.wait(tasks, timeout=60)

    async def _life_of(self, node: Node, *, first: bool) -> None:
        world = self.world
        with suppress(StoreUnavailable):
            async with AsyncExitStack() as stack:
                store, node.member = await stack.enter_async_context(self._store(node))
                made, rounds, steps = self._made(node, store)
                await made.load()
                node.engine = made
                record = made.recorder
                if first and node is self.nodes[0] and "chat" in self.script.readers:
                    await record.places.set(place("telegram:chat"), CHAT_SETTINGS)
                    subscription = engine.Subscription(place("telegram:chat"), (CHAT,), "Ana", record.clock())
                    await record.places.subscribe(subscription)
                closing = asyncio.Event()
                late = asyncio.create_task(made.outbox.run(closing))
                early = [
                    asyncio.create_task(rounds.run(node.stop)),
                    asyncio.create_task(Following(made).run(node.stop)),
                    asyncio.create_task(steps.run(node.stop)),
                ]
                beside = [
                    asyncio.create_task(look_while_blind(store.ownership, rounds.online, node.stop)),
                    asyncio.create_task(self._jobs(made)),
                    asyncio.create_task(self._people(node)),
                ]
                ends = [asyncio.create_task(node.stop.wait()), asyncio.create_task(store.ownership.lost.wait())]
                done, _ = await asyncio.wait({late, *early, *ends}, return_when=asyncio.FIRST_COMPLETED)
                for task in done - set(ends):
                    task.result()
                    if not node.stop.is_set():
                        raise AssertionError("a part of the house has ended before its time")
                node.stop.set()
                await asyncio.wait(early, timeout=GRACE)  # as `App.live`
                closing.set()
                made.outbox.wake()
                for task in early:
                    task.cancel()
                await asyncio.wait({late}, timeout=SEEN_THROUGH)
                for task in (*beside, *early, late, *ends):
                    task.cancel()
                await asyncio.gather(*beside, *early, late, *ends, return_exceptions=True)
                world.readings += [(name, world.seconds(at), one) for name, at, one in rounds.drain()]

    async def _jobs(self, made: Engine) -> None:
        """As the scheduler's, at the start and each quarter of an hour."""
        while True:
            with suppress(StoreUnavailable):
                await made.store.ownership.offer(roles=[SCHEDULER])
                if made.store.ownership.owns(SCHEDULER):
                    await reconcile(made.recorder)
            await asyncio.sleep(900)

    async def _people(self, node: Node) -> None:
        """Orders are given to any node."""
        world, mine = self.world, self.nodes.index(node)
        for number, (at, service, what) in enumerate(self.script.people):
            if number % len(self.nodes) == mine and at >= world.now:
                await asyncio.sleep(at - world.now)
                await engine.ordered(world, node.engine.recorder, service, what)

    @asynccontextmanager
    async def _store(self, node: Node):
        url, disk = f"sqlite:///{self.path}", self._disk
        disk.user = node.name
        main = connect(url)
        disk.user = f"{node.name} aside"
        aside = connect(url)
        disk.user = ""
        database = Database(
            main.name, main._writer, main.reader, migrator=aside.reader, beater=aside._writer
        )  # no file: it is shared
        member = Membership(database, NodeFacts(node.name), steady=lambda: self.world.now + node.booted)
        try:
            if not await member.join():
                raise StoreUnavailable("another node has this name")
            node.member = member
            database.guard, database.claims = member.guard, member.claims
            keeper = asyncio.create_task(member.keep())
            try:
                yield bot.store._store(database, member), member
            finally:
                keeper.cancel()
                await asyncio.wait([keeper], timeout=1)
                await database.finish()
                await member.leave()
        finally:
            await database.close()

    def _made(self, node: Node, store) -> tuple[Engine, Rounds, ClockSteps]:
        world, script = self.world, self.script

        def steady() -> float:
            return world.now + node.booted

        process = SteadyClock(steady, lambda: world.wall() + timedelta(seconds=node.skew))
        process.follow(store.ownership.wall)
        made, own = engine.made(world, store, opened(script, 0.0), process.utcnow)
        clock = Clock(steady, process.utcnow)
        canaries = [engine.Canary(world) for _ in range(3)]
        rounds = made.watch(
            (*engine.watched(world), *own), canaries, None, seen=engine.witness(world, made.recorder), clock=clock
        )
        return made, rounds, ClockSteps(process, made.recorder, rounds, made.outbox)

    async def _converge(self) -> None:
        """Until all is quiet after the last fault, also if something was wrong: what is under way then is not lost."""
        world, last = self.world, self.script.faults_end + engine.CALM
        while world.now < last:
            await asyncio.sleep(20)
            if world.now > self.script.faults_end and all([await self._rests(node) for node in self.nodes]):
                return
        world.wrong.append(f"not at rest {engine.CALM / 60:.0f} minutes after the last fault")

    async def _rests(self, node: Node) -> bool:
        if node.dead or node.engine is None:
            return False
        quiet = asyncio.create_task(engine.quiet(node.engine.recorder), context=node.context)
        with suppress(StoreUnavailable):
            return await quiet
        return False


def plain(script: Script) -> Script:
    """Without what one process and its config alone go through."""
    script.ends, script.changes, script.steps, script.holds, script.works = [], [], [], [], []
    script.starved, script.stand_in, script.nonsense = Stretches(), "", False
    script.disk = min(script.disk, 0.02)
    return script


@contextmanager
def runs() -> Iterator:
    """As `engine.runs`, with nodes."""
    feed, cluster = bot.store.feed, bot.store.cluster_statements
    with ExitStack() as stack:
        for name, statement in cluster_sql.STATEMENTS.items():
            stack.enter_context(patch.object(cluster, name, statement))
        stack.enter_context(patch.object(feed, "MARK", cluster_sql.MARK))
        stack.enter_context(patch.dict(feed.NUMBERS, {"sqlite": feed.NUMBERS["postgresql"]}))
        for module in (bot.model.cluster, bot.store.cluster):
            stack.enter_context(patch.object(module, "SHARDS", cluster_sql.SHARDS))
        stack.enter_context(patch.object(bot.store.registration, "has_ended", lambda _process: True))
        stack.enter_context(
            patch.object(bot.store.incidents, "_unless_refused", _held(bot.store.incidents._unless_refused))
        )
        caches = bot.model.cluster.shard_of, bot.store.incidents._write_state
        for cache in caches:
            cache.cache_clear()
            stack.callback(cache.cache_clear)
        yield stack.enter_context(engine.runs(ClusterRun, Shared(), PATIENT))


def _held(write):
    """Notes each state that is written for a share that is somebody else's."""

    async def unless_refused(connection, refused, jobs, name):
        node, moves = NODE.get(), await write(connection, refused, jobs, name)
        for job, move in zip(jobs, moves, strict=True):
            if job.service == OURSELVES and isinstance(move, bot.store.Transition):
                _blind(node, move)
            if job.claim is None or job.claim in refused or not isinstance(move, bot.store.Transition):
                continue
            table, key = ("shards", "number") if isinstance(job.claim.share, int) else ("roles", "name")
            row = await connection.exec_driver_sql(
                f"SELECT owner, epoch, until > clock_timestamp() FROM {table} WHERE {key} = ?", (job.claim.share,)
            )
            if tuple(row.one()) != (node.member.owner, job.claim.epoch, 1):
                node.world.wrong.append(f"{node.name} has written of {job.service}, which was not its own any more")
        return moves

    return unless_refused


def _blind(node: Node, move: bot.store.Transition) -> None:
    """Note an outage of our own that is none, as another node could see and write."""
    world, opened = node.world, [change for change in move.changes if change.kind is ChangeKind.OPENED]
    now = world.now
    if not opened or world.script.blind.meet(now - LONGEST_LOOK, now) or world.script.away.meet(now - JOINS, now):
        return
    others = [name for name, since in world.able_since.items() if name != node.name and now - since > JOINS]
    if others:
        world.wrong.append(f"{node.name} has told of {opened[0].incident.id} at {now:.1f} s, which {others} saw")

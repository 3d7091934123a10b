"""The long run: outages without end, and at random what may befall nodes and their database."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from bot.model.cluster import SHARDS, shard_of
from tests.cluster import audit
from tests.cluster.cut import Wire
from tests.cluster.far import AUDIENCES, Far, Outage
from tests.cluster.nodes import Node, until
from tests.cluster.patroni import Pair
from tests.fakes.mail import free_ports
from tests.fakes.site import WELL, Heard, Site
from tests.flow.house import BROKEN

LEASE = 6.0
EVERY = 5.0  # seconds from one outage to the next
LASTS = (30.0, 50.0)  # seconds of an outage: longer than nodes or database may be away
TRIES_FOR = 400.0  # seconds in which what was dropped again and again is told
SETTLES = 60.0  # seconds until everything is as before
FREEZE, CUT = (LEASE + 1, LEASE + 5), (LEASE + 2, LEASE + 6)
OWNED = "SELECT number, split_part(owner, '/', 1) AS node FROM shards WHERE until > clock_timestamp()"
ROLES = "SELECT name FROM roles WHERE split_part(owner, '/', 1) = $1"
LEFT = (
    "SELECT key, status, due - clock_timestamp() AS due, lease, attempts, unsure, ref, told_in,"
    " queued_at - clock_timestamp() AS queued FROM deliveries WHERE status IN ('pending', 'sending') LIMIT 9"
)
ENDED = {None, 0, -signal.SIGKILL, -signal.SIGTERM}  # exit codes of nodes that run, or that we ended
WAITING = "SELECT count(*) FROM deliveries WHERE status IN ('pending', 'sending')"


@dataclass
class Woe:
    """`kinds`: of the channels that the node had. `alone`: nothing else was wrong meanwhile."""

    what: str
    node: str
    began: float
    kinds: frozenset[str]
    ended: float = 0.0
    alone: bool = True
    caught: int = 0


@dataclass
class Run:
    folder: Path
    chance: random.Random
    pair: Pair
    far: Far
    site: Site
    web: httpx.AsyncClient
    nodes: dict[str, Node] = field(default_factory=dict)
    outages: list[Outage] = field(default_factory=list)
    failing: dict[str, float] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    woes: list[Woe] = field(default_factory=list)
    down: list[float] = field(default_factory=list)  # seconds that the database took no writes
    counts: Counter[str] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    over: bool = False  # no more outages begin
    say: Callable[[str], None] = print

    # ── outages ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def break_services(self) -> None:
        """Let one service after the other fail, each once."""
        async with asyncio.TaskGroup() as group:
            for service in self.services:
                group.create_task(self._outage(service))
                await asyncio.sleep(self.chance.uniform(0.5, 1.5) * EVERY)
                if self.over:
                    break

    async def _outage(self, service: str) -> None:
        if service in self.held:
            return
        began = self.failing[service] = time.time()
        self.site.paths[f"/{service}"] = BROKEN
        await asyncio.sleep(self.chance.uniform(*LASTS))
        self.site.paths[f"/{service}"] = WELL
        del self.failing[service]
        self.outages.append(Outage(service, began, time.time(), 4))

    # ── the database as we see it ────────────────────────────────────────────────────────────────────────────────────

    @asynccontextmanager
    async def database(self) -> AsyncIterator[asyncpg.Connection]:
        """Raise OSError or TimeoutError while none takes writes."""
        member = await self.pair.until_leads(40)
        link = await asyncpg.connect(self.pair.url(member, "tocsin"), timeout=5, command_timeout=10)
        try:
            yield link
        finally:
            link.terminate()

    async def ask(self, question: str, *more: object) -> list[Any]:
        with suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            async with self.database() as link:
                return list(await link.fetch(question, *more))
        return []

    async def even(self) -> bool:
        """Whether all shards have owners that live, and each node its share."""
        found = Counter(row["node"] for row in await self.ask(OWNED))
        wanted = {node.name for node in self.nodes.values() if node.runs}
        shares = [found[name] for name in wanted]
        return found.total() == SHARDS and set(found) == wanted and max(shares) - min(shares) <= 1

    async def nothing_waits(self) -> bool:
        rows = await self.ask(WAITING)
        return bool(rows) and rows[0][0] == 0

    # ── woes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def torment(self, ends: float) -> None:
        kinds: dict[Callable[[], Awaitable[None]], int] = {
            self.kill: 5,
            self.freeze: 6,
            self.cut: 3,
            self.kill_primary: 3,
            self.set_clock: 3,
            self.kill_both: 1,
            self.stop: 1,
        }
        order = list(kinds)
        while time.monotonic() < ends:
            woe = order.pop(0) if order else self.chance.choices(list(kinds), list(kinds.values()))[0]
            self.counts[woe.__name__.replace("_", " ")] += 1
            await woe()
            if not await until(self.even, SETTLES):
                self.troubles.append(f"{time.strftime('%H:%M:%S')} not settled {SETTLES:.0f} s after {woe.__name__}")
            with suppress(TimeoutError):
                await self.pair.until_synchronous(60)
            await asyncio.sleep(self.chance.uniform(2, 6))

    async def _strike(self, what: str, node: str = "") -> Woe:
        rows = await self.ask(ROLES, node) if node else []
        kinds = {row["name"].removeprefix("channel:") for row in rows} if node else {"slack", "discord", "telegram"}
        kinds |= set() if node else {"webhook"}
        woe = Woe(what, node, time.time(), frozenset(kinds))
        self.woes.append(woe)
        self.say(f"{time.strftime('%H:%M:%S')} {what} {node}")
        return woe

    def _any(self) -> Node:
        return self.chance.choice(sorted(self.nodes.values(), key=lambda node: node.name))

    async def kill(self) -> None:
        node = self._any()
        woe = await self._strike("kill", node.name)
        await node.kill()
        woe.ended = time.time()
        await asyncio.sleep(self.chance.uniform(LEASE + 2, LEASE + 6))
        await node.start()

    async def stop(self) -> None:
        node = self._any()
        woe = await self._strike("stop", node.name)
        await node.stop()
        woe.ended = time.time()
        await asyncio.sleep(self.chance.uniform(1, 4))
        await node.start()

    async def freeze(self) -> None:
        """Freeze a node while it waits for an answer, which will be bad, and let it go on when others have its shards."""
        node = self._any()
        owner = {row["number"]: row["node"] for row in await self.ask(OWNED)}
        mine = [one for one in self.services if owner.get(shard_of(one)) == node.name and one not in self.failing]
        quiet = [one for one in mine if one not in {outage.service for outage in self.outages}]
        if not quiet:
            return
        service = self.chance.choice(quiet[-20:])  # those whose turn to fail is far off
        self.held.add(service)
        asked, answer = asyncio.Event(), asyncio.Event()

        async def hold(_heard: Heard, writer: asyncio.StreamWriter) -> None:
            asked.set()
            await answer.wait()
            writer.write(BROKEN)

        self.site.paths[f"/{service}"] = hold
        with suppress(TimeoutError):
            await asyncio.wait_for(asked.wait(), 10)
        woe = await self._strike("freeze", node.name)
        woe.began = time.time()
        before = node.refusals()
        node.signal(signal.SIGSTOP)
        self.site.paths[f"/{service}"] = WELL
        answer.set()
        await asyncio.sleep(self.chance.uniform(*FREEZE))
        node.signal(signal.SIGCONT)
        woe.ended = time.time()
        await asyncio.sleep(4)
        woe.caught = node.refusals() - before

    async def cut(self) -> None:
        """Cut a node off from the database: by silence or by refused connections."""
        node = self._any()
        silent = self.chance.random() < 0.5
        woe = await self._strike("cut off" if silent else "torn off", node.name)
        for wire in node.wires:
            if silent:
                wire.cut()
            else:
                wire.tear()
        await asyncio.sleep(self.chance.uniform(*CUT))
        for wire in node.wires:
            wire.mend()
        woe.ended = time.time() + 5  # until it has connections again

    async def kill_primary(self) -> None:
        """Kill the primary's server, at times with its Patroni."""
        member = await self.pair.until_leads()
        whole = self.chance.random() < 0.5
        woe = await self._strike("primary and Patroni killed" if whole else "primary killed")
        await self.pair.kill(member, server_only=not whole)
        await self.pair.until_leads()
        self.down.append(time.time() - woe.began)
        await asyncio.sleep(2)
        if whole:
            await self.pair.start(member)
        woe.ended = time.time() + 5

    async def kill_both(self) -> None:
        """Kill the primary and a node."""
        node = self._any()
        woe = await self._strike("kill, and the primary", node.name)
        woe.alone, woe.kinds = False, frozenset({"slack", "discord", "telegram", "webhook"})
        await node.kill()
        member = await self.pair.until_leads()
        await self.pair.kill(member, server_only=True)
        await self.pair.until_leads()
        self.down.append(time.time() - woe.began)
        await node.start()
        woe.ended = time.time() + 5

    async def set_clock(self) -> None:
        """Set a node's clock an hour ahead or back for a while, and kill it at times before it is right again."""
        node = self._any()
        ahead = self.chance.choice((3600, -3600))
        woe = await self._strike(f"clock {ahead:+} s", node.name)
        woe.alone, woe.kinds = False, frozenset()
        node.set_clock(ahead)
        await asyncio.sleep(self.chance.uniform(8, 15))
        if self.chance.random() < 0.5:
            woe.ended = time.time()
            woe = await self._strike("kill", node.name)
            await node.kill()
            woe.ended = time.time()
            await asyncio.sleep(LEASE + 3)
            await node.start()
        node.set_clock(0)
        woe.ended = time.time()

    # ── looking on ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def look(self) -> None:
        while True:
            for node in self.nodes.values():
                if node.process and node.process.returncode not in ENDED:
                    self.troubles.append(f"{node.name} ended by itself: {node.process.returncode}")
                    await node.start()
                await node.look(self.web)
            await asyncio.sleep(1)


def config(run: Run) -> dict[str, Any]:
    """What all nodes have."""
    places = {f"a{n}": run.far.places(n) for n in range(AUDIENCES)}
    readers = {
        name: {"broadcast": to, "services": run.services[n::AUDIENCES]} for n, (name, to) in enumerate(places.items())
    }
    return {
        "defaults": {
            "every": "3s",
            "confirm_every": "1s",
            "timeout": "25s",
            "slow_after": "25s",  # on a busy machine all is slow
            "confirm_rounds": 1,
            "restore_rounds": 1,
        },
        "services": {
            one: {"routes": {"web": {"kind": "http", "url": run.site.url(f"/{one}")}}} for one in run.services
        },
        "channels": run.far.config,
        "audiences": {name: reader for name, reader in readers.items() if reader["services"]},
    }


@asynccontextmanager
async def tormented(folder: Path, seed: int, minutes: float, how: tuple[str, ...]) -> AsyncIterator[Run]:
    """Three nodes with all around them, that work."""
    chance = random.Random(seed)
    async with AsyncExitStack() as stack:
        pair = await stack.enter_async_context(Pair(folder))
        far = await stack.enter_async_context(Far(chance))
        site = await stack.enter_async_context(Site(WELL, keep=True))
        web = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, verify=False))
        run = Run(folder, chance, pair, far, site, web)
        run.services = [f"svc{n:04}" for n in range(max(int(minutes * 60 / EVERY * 1.3) + 24, 40))]
        async with asyncio.timeout(30):
            link = await asyncpg.connect(pair.url(await pair.until_leads()))
            await link.execute("CREATE DATABASE tocsin")
            await link.close()
        for name, port in zip("abc", free_ports(3), strict=True):
            wires = [await stack.enter_async_context(Wire(member.port)) for member in pair.members]
            run.nodes[name] = node = Node(name, port, folder, wires, config(run), how)
            stack.push_async_callback(node.kill)
            await node.start()
            if name == "a":  # which migrates
                await until(partial(node.look, web), 60)
        if not await until(run.even, 90):
            raise TimeoutError("the nodes have not shared the shards: see their logs")
        async with run.database() as link:
            await audit.install(link, run.services)
        yield run


async def play(run: Run, minutes: float) -> list[audit.Note]:
    """Let outages and woes go on for so long, then mend everything and wait until all is told."""
    tasks = [asyncio.create_task(run.break_services()), asyncio.create_task(run.look())]
    try:
        await run.torment(time.monotonic() + 60 * minutes)
    finally:
        run.over, run.far.drops = True, 0.0
        await tasks[0]
    await asyncio.sleep(10)
    if not await until(run.nothing_waits, TRIES_FOR):
        run.troubles += [f"left over: {dict(row)}" for row in await run.ask(LEFT)]
    await asyncio.sleep(3)
    tasks[1].cancel()
    await asyncio.gather(tasks[1], return_exceptions=True)
    async with run.database() as link:
        return await audit.notes(link)

"""Nodes on one PostgreSQL: what a check costs each of three, beside one node alone; who has how much; what moves.

    python -m benchmarks cluster [--quick]

SERVICES in the environment changes how many there are: each of three nodes has a third, and one node alone has as many as
each of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx

from benchmarks.figures import Row, cpu, rss
from bot.model.cluster import shard_of
from tests.fakes.mail import free_ports
from tests.postgres import Postgres, postgres_server

EVERY = 30  # seconds between two checks of a service
SERVICES = 30_000
STARTS_WITHIN = 600.0
OWNERS = "SELECT number, split_part(owner, '/', 1) AS node FROM shards WHERE until > clock_timestamp()"
COMMITS = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
CHECKS = re.compile(r'^tocsin_rounds_total\{what="rounds"\} ([0-9.e+]+)$', re.MULTILINE)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def target() -> asyncio.Server:
    """Something that answers each request at once."""

    class Answers(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.wire = transport

        def data_received(self, data: bytes) -> None:
            self.wire.write(ANSWER * data.count(b"\r\n\r\n"))  # type: ignore[attr-defined]

    return await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", 0)


@dataclass
class House:
    folder: Path
    url: str
    port: int  # of the target
    nodes: dict[str, tuple[asyncio.subprocess.Process, int]] = field(default_factory=dict)

    async def start(self, name: str, services: list[str]) -> None:
        [port] = free_ports(1)
        site = f"http://127.0.0.1:{self.port}"
        said = {
            "database": self.url,
            "cluster": {"node": name},
            "web": {"listen": f"127.0.0.1:{port}"},
            "canaries": [f"{site}/canary"],
            "defaults": {"every": f"{EVERY}s", "timeout": "25s", "slow_after": "25s"},
            "services": {one: {"routes": {"web": {"kind": "http", "url": f"{site}/{one}"}}} for one in services},
            "channels": {"console": {}},
            "audiences": {"all": {"broadcast": ["console:-"]}},
        }
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(said))
        with (self.folder / f"{name}.log").open("wb") as log:
            command = (sys.executable, "-m", "bot", "run", "-c", str(path))
            process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
        self.nodes[name] = (process, port)

    async def stop(self, name: str) -> None:
        process, _ = self.nodes.pop(name)
        process.terminate()
        await process.wait()

    async def ask(self, question: str) -> list[asyncpg.Record]:
        link = await asyncpg.connect(self.url)
        try:
            return list(await link.fetch(question))
        finally:
            await link.close()

    async def owners(self) -> dict[int, str]:
        try:
            return {row["number"]: row["node"] for row in await self.ask(OWNERS)}
        except asyncpg.UndefinedTableError:  # the first node makes them
            return {}

    async def even(self) -> dict[int, str]:
        """Wait until each node has its share of the shards, and give their owners."""
        ends = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < ends:
            found = await self.owners()
            shares = Counter(found.values())
            if len(found) == 256 and shares.keys() == self.nodes.keys() and _apart(shares) <= 1:
                return found
            for name, (process, _) in self.nodes.items():
                if process.returncode is not None:
                    raise RuntimeError((self.folder / f"{name}.log").read_text("utf-8", "replace")[-2000:])
            await asyncio.sleep(0.5)
        raise TimeoutError("the nodes have not shared the shards")

    async def checked(self, name: str) -> float:
        """How many checks a node has made."""
        async with httpx.AsyncClient(trust_env=False, timeout=30) as web:
            text = (await web.get(f"http://127.0.0.1:{self.nodes[name][1]}/metrics")).text
        return sum(map(float, CHECKS.findall(text)))

    async def cost(self, window: float) -> tuple[dict[str, float], float, float]:
        """By node, ms of CPU for 1,000 checks; all their checks per second, and transactions of the database."""
        names, pids = list(self.nodes), {name: process.pid for name, (process, _) in self.nodes.items()}
        before = {name: (await self.checked(name), cpu(pids[name])) for name in names}
        commits, began = (await self.ask(COMMITS))[0][0], time.monotonic()
        await asyncio.sleep(window)
        used = {name: cpu(pids[name]) for name in names}  # before they are asked: their answer names every service
        after = {name: (await self.checked(name), used[name]) for name in names}
        took, done = time.monotonic() - began, (await self.ask(COMMITS))[0][0] - commits
        spent = {
            name: (after[name][1] - before[name][1]) * 1e6 / max(after[name][0] - before[name][0], 1) for name in names
        }
        return spent, sum(after[name][0] - before[name][0] for name in names) / took, done / took


def _apart(shares: Counter[str]) -> int:
    return max(shares.values()) - min(shares.values())


@contextlib.asynccontextmanager
async def house(server: Postgres) -> AsyncIterator[House]:
    """Nodes on a database of their own."""
    with server.database("template1") as url, tempfile.TemporaryDirectory() as folder:
        door = await target()
        one = House(Path(folder), url, door.sockets[0].getsockname()[1])
        try:
            yield one
        finally:
            for process, _ in one.nodes.values():
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            door.close()


async def _settled(one: House) -> None:
    """Wait until each node has checked all that it has twice: these rounds of a new service write its state."""
    await one.even()
    await asyncio.sleep(EVERY * 2.5)


async def _sharing_nothing(nodes: int, count: int, window: float) -> tuple[float, float]:
    """Mean ms of CPU for 1,000 checks, and all checks a second, of nodes at work at the same time that share nothing."""
    async with contextlib.AsyncExitStack() as stack:
        server = stack.enter_context(postgres_server())
        houses = [await stack.enter_async_context(house(server)) for _ in range(nodes)]
        for one in houses:
            await one.start("alone", [f"s{n}" for n in range(count)])
        await asyncio.gather(*map(_settled, houses))
        costs = await asyncio.gather(*(one.cost(window) for one in houses))
    return statistics.mean(spent["alone"] for spent, *_ in costs), sum(rate for _, rate, _ in costs)


@dataclass(frozen=True)
class Three:
    """Three nodes that share their services, before, while and after a fourth is with them."""

    ms: float  # of CPU for 1,000 checks, a node's mean
    rate: float  # checks a second of all
    commits: float  # transactions of the database a second
    have: Counter[str]  # services by node
    memory: float  # MB of the node that has most
    came: int  # shards that moved when a fourth node came ...
    went: int  # ... and when it left ...
    beside: int  # ... of these between other nodes


async def _together(count: int, window: float) -> Three:
    services = [f"s{n}" for n in range(count)]
    with postgres_server() as server:
        async with house(server) as one:
            for name in "abc":
                await one.start(name, services)
                if name == "a":
                    await one.even()
            await _settled(one)
            spent, rate, commits = await one.cost(window)
            before = await one.owners()
            memory = max(rss(process.pid) for process, _ in one.nodes.values())
            await one.start("d", services)
            joined = await one.even()
            await one.stop("d")
            left = await one.even()
    came = [number for number, owner in joined.items() if before[number] != owner]
    went = [number for number, owner in left.items() if joined[number] != owner]
    beside = [number for number in came if joined[number] != "d"] + [n for n in went if joined[n] != "d"]
    have = Counter(before[shard_of(service)] for service in services)
    return Three(statistics.mean(spent.values()), rate, commits, have, memory, len(came), len(went), len(beside))


async def rows(*, quick: bool) -> list[Row]:
    count = int(os.environ.get("SERVICES", SERVICES // 10 if quick else SERVICES))
    window = EVERY * (1 if quick else 2)
    share = count // 3
    alone, rate_alone = await _sharing_nothing(1, share, window)
    apart, rate_apart = await _sharing_nothing(3, share, window)
    three = await _together(count, window)
    most = max(abs(three.have[name] - share) / share for name in "abc")
    return [
        Row(f"one node alone, {share} services: CPU for 1,000 checks", f"{alone:.0f} ms, {rate_alone:.0f} a second"),
        Row(
            f"three nodes that share nothing, at the same time, {share} services each: CPU for 1,000 checks",
            f"{apart:.0f} ms, {rate_apart:.0f} a second",
        ),
        Row(
            f"three nodes, {count} services: CPU for 1,000 checks",
            f"{three.ms:.0f} ms",
            f"{1.1 * alone:.0f} ms or less",
        ),
        Row("... beside three that share nothing", f"{three.ms / apart:.2f} times", "1.1 or less"),
        Row("all checks, and transactions of the database", f"{three.rate:.0f} and {three.commits:.0f} a second"),
        Row("services of a node, away from a third", f"{100 * most:.1f} % {dict(three.have)}", "10 % or less"),
        Row("a fourth node comes and goes: shards that moved", f"{three.came} and {three.went}", f"{256 // 4} or less"),
        Row("... of which between other nodes", f"{three.beside}", "0 or less"),
        Row("memory of a node, at most", f"{three.memory:.0f} MB"),
    ]

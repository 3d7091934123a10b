"""Three nodes as processes on one PostgreSQL: one is killed, one frozen beyond its lease and awake again."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import pytest

from bot.model.cluster import SHARDS, shard_of
from tests.fakes.hook import FakeHook
from tests.fakes.mail import free_ports
from tests.fakes.site import WELL, Heard, Site
from tests.flow.house import BROKEN, eventually

pytestmark = pytest.mark.long
ROOT = Path(__file__).parent.parent.parent
SERVICES = [f"s{n}" for n in range(9)]
LEASE = 6.0
OWNED = "SELECT owner, extract(epoch FROM until - clock_timestamp())::float8 FROM shards"


@dataclass
class Cluster:
    url: str
    folder: Path
    site: Site
    hook: FakeHook
    how: tuple[str, ...] = ()
    nodes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)
    log: dict[str, bytearray] = field(default_factory=dict)

    async def start(self, name: str, port: int) -> None:
        said = {
            "database": self.url,
            "cluster": {"node": name},
            "web": {"listen": f"127.0.0.1:{port}"},
            "defaults": {
                "every": "1s",
                "confirm_every": "0.5s",
                "timeout": "3s",
                "confirm_rounds": 1,
                "restore_rounds": 1,
            },
            "services": {s: {"routes": {"web": {"kind": "http", "url": self.site.url(f"/{s}")}}} for s in SERVICES},
            "channels": {"webhook": {}},
            "audiences": {"all": {"broadcast": [f"webhook:{self.hook.place}"]}},
        }
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps(said))
        self.nodes[name] = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.cluster.node", path, *self.how,
            cwd=ROOT, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.log[name] = bytearray()
        task = asyncio.create_task(self._read(name))
        self.nodes[name].reading = task

    async def _read(self, name: str) -> None:
        while line := await self.nodes[name].stderr.readline():
            self.log[name] += line

    async def owners(self) -> dict[str, int]:
        """How many shards each node has whose lease holds."""
        link = await asyncpg.connect(self.url)
        try:
            found: dict[str, int] = {}
            for owner, left in await link.fetch(OWNED):
                if owner and left > 0:
                    found[owner.partition("/")[0]] = found.get(owner.partition("/")[0], 0) + 1
            return found
        finally:
            await link.close()

    async def shared_by(self, *names: str) -> bool:
        found = await self.owners()
        return set(found) == set(names) and sum(found.values()) == SHARDS

    async def even(self) -> bool:
        found = await self.owners()
        return len(found) == 3 and sum(found.values()) == SHARDS and max(found.values()) - min(found.values()) <= 1

    async def owner_of(self, service: str) -> str:
        link = await asyncpg.connect(self.url)
        try:
            found = await link.fetchval("SELECT owner FROM shards WHERE number = $1", shard_of(service))
            return found.partition("/")[0]
        finally:
            await link.close()

    def all(self, answer: bytes) -> None:
        self.site.paths |= {f"/{service}": answer for service in SERVICES}

    def told(self, service: str) -> list[str]:
        """The titles of what was posted about a service, once for each key."""
        mine = {m["key"]: m["title"] for m in self.hook.heard if m["service"] == service and m["act"] == "post"}
        return list(mine.values())


@asynccontextmanager
async def cluster(url: str, folder: Path, *how: str):
    async with Site(keep=True) as site, FakeHook() as hook:
        one = Cluster(url, folder, site, hook, how)
        one.all(WELL)
        try:
            for name, port in zip("abc", free_ports(3), strict=True):
                await one.start(name, port)
            await eventually(one.even, 40)
            yield one
        finally:
            for name, process in one.nodes.items():
                if process.returncode is None:
                    process.kill()
                await process.wait()
                (folder / f"{name}.log").write_bytes(one.log[name])


async def freeze_with_a_bad_reading(one: Cluster, service: str) -> str:
    """Freeze the node that has a service, while it waits for an answer that will be bad. Return its name."""
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hold(_heard: Heard, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await answer.wait()
        writer.write(BROKEN)

    one.site.paths[f"/{service}"] = hold
    await asyncio.wait_for(asked.wait(), 10)
    name = await one.owner_of(service)
    one.nodes[name].send_signal(signal.SIGSTOP)
    one.site.paths[f"/{service}"] = WELL
    answer.set()
    return name


@pytest.mark.timeout(180)
@pytest.mark.hardened("R8", "one of three nodes killed, one frozen beyond its lease", "nothing lost, nothing stale")
async def test_a_killed_and_a_frozen_node_are_replaced_within_the_lease(postgres, tmp_path, saw):
    with postgres.database() as url:
        async with cluster(url, tmp_path) as one:
            name = await one.owner_of("s0")
            one.nodes[name].kill()
            killed = time.monotonic()
            one.all(BROKEN)
            rest = sorted({"a", "b", "c"} - {name})
            await eventually(lambda: one.shared_by(*rest), 30)
            taken = time.monotonic() - killed
            await eventually(lambda: all(one.told(service) for service in SERVICES), 30)
            one.all(WELL)
            await eventually(lambda: all(len(one.told(service)) == 2 for service in SERVICES), 30)

            frozen = await freeze_with_a_bad_reading(one, "s1")
            stopped = time.monotonic()
            [last] = [other for other in rest if other != frozen]
            await eventually(lambda: one.shared_by(last), 30)
            retaken = time.monotonic() - stopped
            one.nodes[frozen].send_signal(signal.SIGCONT)
            await eventually(lambda: one.shared_by(*rest), 30)
            await asyncio.sleep(2)
            for service in SERVICES:
                down, restored = one.told(service)
                assert "down since" in down
                assert "restored" in restored
            saw(f"taken over after {taken:.1f} s and {retaken:.1f} s")


@pytest.mark.timeout(400)
async def test_without_the_fence_the_same_frozen_node_tells_of_an_outage_that_was_none(postgres, tmp_path):
    with postgres.database() as url:
        async with cluster(url, tmp_path, "unfenced") as one:
            # What the node does first when it goes on is up to the machine: if it beats, it learns in time.
            for _ in range(10):
                frozen = await freeze_with_a_bad_reading(one, "s1")
                await eventually(lambda name=frozen: one.shared_by(*{"a", "b", "c"} - {name}), 30)
                one.nodes[frozen].send_signal(signal.SIGCONT)
                with suppress(TimeoutError):
                    await eventually(lambda: one.told("s1"), 6)
                    break
                await eventually(one.even, 30)
            assert one.told("s1")

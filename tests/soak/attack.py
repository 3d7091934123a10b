"""`python -m tests.soak.attack MINUTES [SEED]`: everything hostile at once, for minutes, while others go down and up.

Around one daemon: pages made to freeze a parser (five services), 1,100 clients that connect and say nothing, a stranger who
reports one way and the other without end, a config saved with a mistake every ten seconds (and now and then a right one),
and a database that is locked for 20 s of every two minutes. Printed: how soon each outage and restoration of a service that
is none of these was told, and what memory and file descriptors did. Exit code 1 where something was not told in time.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import math
import os
import random
import resource
import sqlite3
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.config import ConfigError, load
from tests.fakes.site import WELL, Heard, page
from tests.flow.house import BROKEN, Daemon, World, world

STRANGER = 666
SILENT_CLIENTS = 1100
LOCK_EVERY, LOCKED_FOR = 120.0, 20.0
TOLD_WITHIN = 10.0  # seconds after the first failing answer, the time in which the database was locked aside
UP_FOR, DOWN_FOR = 25.0, 20.0
FAILING = tuple(f"news{number:02}" for number in range(30))
DESCRIPTORS_LEFT = 4096  # what the attackers themselves need


# ── hostile pages ────────────────────────────────────────────────────────────────────────────────────────────────────


def _gzipped(body: bytes, kind: str = "application/json") -> bytes:
    return page(body=gzip.compress(body), headers={"Content-Encoding": "gzip", "Content-Type": kind})


def hostile_pages() -> dict[str, bytes]:
    """By path below each hostile service, answers on which a careless reader spends minutes."""
    monitors = '{"publicGroupList":[{"monitorList":[' + ",".join(['{"id":1,"name":"a"}'] * 3000) + "]}]}"
    beats = '{"heartbeatList":{"1":[' + ",".join(["0"] * 500_000) + "]}}"
    nested = "<rss><channel>" + "<item><b>" * 100 + "<a/>" * 240_000 + "</b></item>" * 100 + "</channel></rss>"
    comments = [{"id": str(n), "name": "<!--" * 1000, "status": "operational"} for n in range(240)]
    names = json.dumps({"status": {"indicator": "none"}, "components": comments, "incidents": []})
    parts = [{"id": str(n), "name": f"p{n}", "status": "operational"} for n in range(12_000)]
    events = [
        {"id": str(n), "name": "e", "impact": "minor", "status": "investigating", "components": []}
        for n in range(6_000)
    ]
    product = json.dumps({"status": {"indicator": "none"}, "components": parts, "incidents": events})
    region = json.dumps([{"service": "-aa" * 20_000, "summary": "x", "date": "1", "status": "1"}])
    return {
        "/h1/api/status-page/v": _gzipped(monitors.encode()),
        "/h1/api/status-page/heartbeat/v": _gzipped(beats.encode()),
        "/h2/history.rss": _gzipped(nested.encode(), "application/rss+xml"),
        "/h3/api/v2/summary.json": _gzipped(names.encode()),
        "/h4/api/v2/summary.json": _gzipped(product.encode()),
        "/h5/data.json": _gzipped(region.encode()),
        "/h1/body": page(body=b"b" * 240_000, headers={"Content-Type": "text/html; charset=punycode"}),
        "/h2/body": _gzipped(b"\0" * (64 << 20), "text/html"),
        "/h5/body": _gzipped(b"[" * 500_000 + b"]" * 500_000),
    }


async def endless_headers(_: Heard, writer: Any) -> None:
    """Header after header, for as long as the other side reads."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    with contextlib.suppress(ConnectionError):
        for number in range(100_000):
            writer.write(b"X-Header-%d: %s\r\n" % (number, b"a" * 500))
            await writer.drain()


async def dripping(_: Heard, writer: Any) -> None:
    """A byte a second."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        for _number in range(600):
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(1)


def set_up(street: World) -> None:
    """The config of the daemon under attack: `news…` are the services that count, `h1` to `h5` are hostile."""
    site, said = street.site, street.config
    site.paths |= hostile_pages()
    site.paths |= {"/h3/body": endless_headers, "/h4/body": dripping}
    street.keep("telegram", "webhook", "email")
    said["rooms"] = "anyone"
    said["web"]["reports"] = True
    said["defaults"] = {"every": "2s", "confirm_every": "1s", "timeout": "2s"}
    official = {
        "h1": {"kind": "uptimekuma", "url": site.url("/h1/status/v")},
        "h2": {"kind": "rss", "url": site.url("/h2/history.rss")},
        "h3": {"kind": "statuspage", "url": site.url("/h3")},
        "h4": {"kind": "statuspage", "url": site.url("/h4")},
        "h5": {"kind": "aws", "url": site.url("/h5/data.json")},
    }
    for key, source in official.items():
        route = {
            "kind": "http",
            "url": site.url(f"/{key}/body"),
            "expect": {"matches": "(a|b)*c$", "not_contains": "zz"},
        }
        said["services"][key] = {"name": key.upper(), "routes": {"web": route}, "official": source}
    # One that fails three times is unstable, and stays one incident: so each fails once.
    for key in FAILING:
        said["services"][key] = {"name": key, "routes": {"web": {"kind": "http", "url": site.url(f"/{key}")}}}
        site.paths[f"/{key}"] = WELL
    for audience in said["audiences"].values():
        audience["services"] = list(FAILING)
    os.environ |= street.environment  # by which we find mistakes in configs as the daemon does


# ── the attackers ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Attack:
    street: World
    daemon: Daemon
    chance: random.Random
    locks: list[tuple[float, float]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    async def silent_clients(self) -> None:
        """Keep as many connections open as there may be, and send not one byte; who is closed comes again."""

        async def one() -> None:
            while True:
                with contextlib.suppress(OSError, TimeoutError):
                    reader, writer = await asyncio.open_connection("127.0.0.1", self.street.port)
                    self.count("silent connections")
                    with contextlib.suppress(ConnectionError):
                        await reader.read(1)
                    writer.close()
                await asyncio.sleep(1 + self.chance.random())

        async with asyncio.TaskGroup() as clients:
            for _ in range(SILENT_CLIENTS):
                clients.create_task(one())

    async def stranger(self) -> None:
        while True:
            for words in ("/report news00", "/report news00 works", "/check news00"):
                self.street.telegram.say(STRANGER, words, user=STRANGER)
                self.count("stranger's messages")
                await asyncio.sleep(0.2)

    async def config_mistakes(self) -> None:
        path = self.street.folder / "config.yaml"
        right = path.read_text("utf-8")
        number = 0
        while True:
            await asyncio.sleep(10)
            number += 1
            if number % 9 == 0:
                self.street.config["web"]["title"] = f"Status {number}"
                self.street.write()
                right = path.read_text("utf-8")
                self.count("configs changed rightly")
                continue
            path.write_bytes(self._mistaken(right))
            self.count("configs with a mistake")
            await asyncio.sleep(1)
            path.write_text(right, "utf-8")

    def _mistaken(self, right: str) -> bytes:
        draft = self.street.folder / "mistaken.yaml"
        while True:
            lines = right.splitlines()
            number = self.chance.randrange(len(lines))
            key = lines[number].partition(":")[0]
            wrong = [
                "2026-11-31 22:00:00",
                "!!int x",
                "!!python/object:os.system x",
                "9" * 5000,
                "{a: [",
                "0s",
                "\0",
                ".nan",
                "? x",
            ]
            lines[number] = f"{key}: {self.chance.choice(wrong)}"
            text = "\n".join(lines).encode()
            draft.write_bytes(
                text if self.chance.random() < 0.8 else text[: self.chance.randrange(len(text))] + b"\xff"
            )
            try:
                load(draft, secrets=False)
            except ConfigError:
                return draft.read_bytes()

    async def locked_database(self) -> None:
        while True:
            await asyncio.sleep(LOCK_EVERY - LOCKED_FOR)
            self.locks.append((time.time(), math.inf))
            await asyncio.to_thread(_hold, self.street.folder / "tocsin.db")
            self.locks[-1] = (self.locks[-1][0], time.time())

    def late(self, at: float, told: float) -> float:
        """How long after `at` it was told, in seconds; the wait for a locked database does not count."""
        free_again = (min(until, told) for since, until in self.locks if since < told and until > at)
        return told - max(at, *free_again, at)


def _hold(path: Path) -> None:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(LOCKED_FOR)
        connection.execute("ROLLBACK")
    finally:
        connection.close()


# ── what is measured ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Watched:
    """How the daemon's process was, every few seconds."""

    process: int
    memory: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    async def run(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                family = [self.process, *_children(self.process)]
                self.memory.append(sum(map(_resident, family)))
                self.files.append(len(os.listdir(f"/proc/{self.process}/fd")))  # noqa: PTH208 # no Path needed
            await asyncio.sleep(3)


def _resident(process: int) -> int:
    """In MB."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) // 1024
    return 0


def _children(process: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{process}/task").iterdir():
            yield from map(int, (task / "children").read_text().split())


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _spread(seconds: list[float]) -> str:
    if len(seconds) < 2:
        return str(seconds)
    parts = statistics.quantiles(seconds, n=100)
    return f"p50 {parts[49]:.2f} s, p99 {parts[98]:.2f} s, most {max(seconds):.2f} s"


def _thirds(values: list[int]) -> str:
    third = max(len(values) // 3, 1)
    return "at most " + ", ".join(str(max(values[at : at + third])) for at in (0, third, len(values) - third) if values)


async def _told(street: World, key: str, title: str, since: int) -> float:
    """When the newsroom was told, by Telegram."""
    while True:
        for message in street.telegram.applied[since:]:
            if (
                key in message.text
                and title in message.text.partition("\n")[0]
                and not message.edited
                and message.place == "-100123"
            ):
                return time.time()
        await asyncio.sleep(0.02)


async def outages(attack: Attack, minutes: float) -> tuple[list[float], list[str]]:
    """Let one service after the other fail and heal: how late each was told, the locked time aside, and what was not told at all."""
    late, missing, street = [], list[str](), attack.street
    end = time.time() + 60 * minutes
    for key in FAILING:
        await asyncio.sleep(UP_FOR)
        if time.time() > end:
            break
        for answer, title in ((BROKEN, "down since"), (WELL, "restored")):
            since, at = len(street.telegram.applied), time.time()
            street.site.paths[f"/{key}"] = answer
            try:
                async with asyncio.timeout(LOCKED_FOR + 3 * TOLD_WITHIN):
                    told = await _told(street, key, title, since)
            except TimeoutError:
                missing.append(f"{key} {title} at {time.strftime('%H:%M:%S', time.localtime(at))}")
                continue
            late.append(attack.late(at, told))
            say(f"{time.strftime('%H:%M:%S')} {title}: told after {told - at:.1f} s")
            await asyncio.sleep(max(0.0, DOWN_FOR - (told - at)) if answer is BROKEN else 0)
    return late, missing


async def run(minutes: float, seed: int) -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with TemporaryDirectory() as folder:
        async with world(Path(folder)) as street:
            set_up(street)
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, soft), hard))  # as a login shell gives it
            async with street.daemon(heard=False) as daemon:
                resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, DESCRIPTORS_LEFT), hard))
                return await _attacked(Attack(street, daemon, random.Random(seed)), minutes)


async def _attacked(attack: Attack, minutes: float) -> int:
    process = attack.daemon.process
    watched = Watched(process.pid)
    work = (attack.silent_clients, attack.stranger, attack.config_mistakes, attack.locked_database, watched.run)
    tasks = [asyncio.create_task(one()) for one in work]
    late, missing = await outages(attack, minutes)
    broken = [f"an attacker broke: {task.exception()!r}" for task in tasks if task.done()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    log = attack.daemon.log
    untidy = [line for line in log.splitlines() if "Traceback" in line]
    lost = ["the daemon has expired"] if process.returncode is not None else []
    say(f"told: {len(late)}, not told: {missing}, late: {_spread(late)}")
    say(f"memory in MB, by thirds of the time: {_thirds(watched.memory)}; file descriptors: {_thirds(watched.files)}")
    say(f"database locked {len(attack.locks)} times; {attack.counts}; {len(log.splitlines())} lines in the log")
    wrong = [*missing, *untidy, *lost, *broken, *[f"told {one:.1f} s late" for one in late if one > TOLD_WITHIN]]
    say("\n".join(wrong) or "all told in time, no restart, no traceback")
    return 1 if wrong else 0


if __name__ == "__main__":
    arguments = [*sys.argv[1:], "15", "1"][:2] if len(sys.argv) < 3 else sys.argv[1:3]
    sys.exit(asyncio.run(run(float(arguments[0]), int(arguments[1]))))

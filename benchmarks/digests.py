"""A thousand digests by mail at one moment, while 200 services are checked beside: CPU, memory, and how late a check gets.

Half a week of outages stands in the database. Each reader has one of five languages, one of four zones, and a link of
its own by which it can unsubscribe.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import uvloop

from benchmarks.checks import Size
from benchmarks.daemon import names, places
from benchmarks.far import CANARY
from benchmarks.figures import Row, rss
from bot.app import open_app
from bot.config import load
from bot.incidents.recorder import Recorder
from bot.model import Destination, DigestReader, DigestReaderState, Outcome, Reading, Round
from bot.store import Store, open_store
from bot.wiring import setting
from tests.reasons import quote

LANGUAGES = ("en", "es", "fr", "de", "pt")
ZONES = ("Europe/Madrid", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe")
SERVICES, OUTAGES, READERS, QUICK = 200, 90, 1000, 200
EVERY = 5  # seconds between two checks of a service
SETTLED = 12.0  # seconds of checks before what is measured begins
WITHIN = 900.0  # seconds until the last mail has left
TURN, TURNS = 0.01, 20  # seconds between two looks at the loop, and how many of these to one at its memory
LATEST, MEMORY = "100 ms or less", "60 MB or less"


@dataclass
class Sink:
    """A relay that takes all. `taken`: the link of each recipient."""

    taken: dict[str, str] = field(default_factory=dict)
    repeated: int = 0
    size: int = 0

    def take(self, to: str, mail: bytes) -> None:
        self.repeated += to in self.taken
        head = mail.partition(b"\r\n\r\n")[0].decode(errors="replace")
        found = re.search(r"<(https?://[^>]*/unsubscribe/[^>]*)>", head)
        self.taken[to] = found[1] if found else ""
        self.size = max(self.size, len(mail))


class Session(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self.sink, self.read, self.mail, self.to = sink, b"", bytearray(), ""
        self.in_mail = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        if self.in_mail:
            self._more(data)
            return
        self.read += data
        while b"\r\n" in self.read and not self.in_mail:
            line, _, self.read = self.read.partition(b"\r\n")
            self._command(line.decode())
        if self.in_mail and self.read:
            rest, self.read = self.read, b""
            self._more(rest)

    def _more(self, data: bytes) -> None:
        self.mail += data
        if self.mail.endswith(b"\r\n.\r\n"):
            self.sink.take(self.to, bytes(self.mail))
            self.mail.clear()
            self.in_mail = False
            self.transport.write(b"250 taken\r\n")

    def _command(self, line: str) -> None:
        verb = line[:4].upper()
        if verb == "RCPT":
            self.to = line.partition("<")[2].partition(">")[0]
        self.in_mail = verb == "DATA"
        answers = {"EHLO": b"250 sink\r\n", "DATA": b"354 go on\r\n", "QUIT": b"221 bye\r\n"}
        self.transport.write(answers.get(verb, b"250 ok\r\n"))


@dataclass
class Seen:
    """Of the daemon, from the minute on, without its checks: seconds and MB."""

    mails: int = 0
    cpu: float = 0.0
    worker_cpu: float = 0.0
    wall: float = 0.0
    grown: float = 0.0
    worker: float = 0.0  # MB
    latest: float = 0.0  # check
    turn: float = 0.0  # CPU of the longest turn of the loop: what it is late by where others leave it its core
    before: float = 0.0  # the latest check in the seconds before
    rounds: int = 0


async def rows(size: Size) -> list[Row]:
    count = QUICK if size.quick else READERS
    sink = Sink()
    async with places() as (side, folder), relay(sink) as port:
        at = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=2)
        path = folder / "config.yaml"
        path.write_text(json.dumps(config(side.http, port, folder, at)))
        await prepared(path, at, count)
        seen = await _daemon(path, at, count)
    links = {link for link in sink.taken.values() if link}
    assert len(sink.taken) == count, f"{len(sink.taken)} of {count} arrived"
    assert not sink.repeated, f"{sink.repeated} came twice"
    assert len(links) == count - len(LANGUAGES) * len(ZONES), "each reader has a link of its own"
    what = f"{count:,} digests of {sink.size / 1024:.0f} kB in {len(LANGUAGES) * len(ZONES)} looks"
    each = (seen.cpu + seen.worker_cpu) / count * 1000
    return [
        Row(f"{what}: CPU of one of them, with its share of the looks", f"{each:.1f} ms", "25 ms or less"),
        Row(f"{what}: queued and sent within", f"{seen.wall:.0f} s"),
        Row(f"{what}: memory grows by", f"{seen.grown:.0f} MB, its worker has {seen.worker:.0f} MB", MEMORY),
        Row(f"{what}: longest turn of the loop, CPU", f"{seen.turn * 1000:.0f} ms", LATEST),
        Row(
            f"{what}: the latest of {seen.rounds:,} checks, later than without them by",
            f"{max(seen.latest - seen.before, 0) * 1000:.0f} ms ({seen.latest * 1000:.0f} instead of {seen.before * 1000:.0f} ms)",
            LATEST,
        ),
    ]


def config(http: int, smtp: int, folder: Path, at: datetime) -> dict[str, Any]:
    return {
        "database": f"sqlite:///{folder / 'tocsin.db'}",
        "web": {"listen": "127.0.0.1:0", "public_url": "https://status.example.org"},
        "canaries": [f"http://127.0.0.1:{http}/{CANARY}"],
        "defaults": {"every": f"{EVERY}s"},
        "services": {
            name: {"routes": {"web": {"kind": "http", "url": f"http://127.0.0.1:{http}/{name}"}}}
            for name in names(SERVICES)
        },
        "channels": {
            "email": {"server": f"smtp://127.0.0.1:{smtp}", "security": "none", "from": "Tocsin <t@example.org>"}
        },
        "digests": {name: _digest(name, *look, at) for name, look in looks().items()},
    }


def looks() -> dict[str, tuple[str, str]]:
    pairs = [(language, zone) for zone in ZONES for language in LANGUAGES]
    return {f"d{number}": pair for number, pair in enumerate(pairs)}


def _digest(name: str, language: str, zone: str, at: datetime) -> dict[str, Any]:
    here = at.astimezone(ZoneInfo(zone))
    when = f"{here.minute} {here.hour} * * *"
    return {
        "when": when,
        "to": [f"email:first@{name}.example.org"],
        "language": language,
        "timezone": zone,
        "covers": "7d",
    }


async def prepared(path: Path, at: datetime, count: int) -> None:
    """A week with outages, and readers."""
    made = load(path)
    async with open_store(made.database, alone=True) as store:
        await _outages(store, setting(made), at)
        each = count // len(looks())
        for name in looks():
            for number in range(1, each):
                place = Destination("email", f"r{number}@{name}.example.org")
                link = f"{name[1:]:0>4}{number:0>20}"
                await store.digest_readers.put(
                    DigestReader(name, place, "cli", at - timedelta(days=1), DigestReaderState.CONFIRMED, link)
                )


async def _outages(store: Store, settings: Any, at: datetime) -> None:
    clock = [at - timedelta(days=7)]
    recorder = Recorder(store, settings, lambda: clock[0])
    await recorder.load()
    good, bad = Reading("web", Outcome.OK), Reading("web", Outcome.FAILED, quote("HTTP 503"))
    for number in range(OUTAGES):
        begun = at - timedelta(days=6, hours=20) + number * timedelta(hours=1.6)
        for minute, reading in ((-2, good), (-1, good), (0, bad), (1, bad), (20, good), (21, good)):
            clock[0] = begun + timedelta(minutes=minute)
            await recorder.seen(Round(f"s{number % 60}", clock[0], (reading,)))


@asynccontextmanager
async def relay(sink: Sink) -> Any:
    server = await asyncio.get_running_loop().create_server(lambda: Session(sink), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _daemon(path: Path, at: datetime, count: int) -> Seen:
    """The daemon in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.digests",
        str(path),
        at.isoformat(),
        str(count),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, "the daemon ended"
    return Seen(**json.loads(said.splitlines()[-1]))


# ── in the process of the daemon ──────────────────────────────────────────────────────────────────────────────────────


async def live(path: Path, at: datetime, count: int) -> Seen:
    stop, seen = asyncio.Event(), Seen()
    async with open_app(load(path)) as app:
        living = asyncio.create_task(app.live(stop))
        await asyncio.sleep(max((at - datetime.now(UTC)).total_seconds() - SETTLED, SETTLED))
        app.rounds.counts.late, cpu, wall = 0.0, time.process_time(), time.monotonic()
        await asyncio.sleep(max((at - datetime.now(UTC)).total_seconds() - 1, 1))
        seen.before = app.rounds.counts.late
        checking = (time.process_time() - cpu) / (time.monotonic() - wall)  # of a core
        app.rounds.counts.late, rounds = 0.0, app.rounds.counts.rounds
        cpu, wall, memory = time.process_time(), time.monotonic(), rss(os.getpid())
        watch = asyncio.create_task(_look(seen, memory))
        async with asyncio.timeout(WITHIN):
            while app.outbox.counts["email", "sent"] < count:
                await asyncio.sleep(0.2)
        watch.cancel()
        seen.mails, seen.wall = app.outbox.counts["email", "sent"], time.monotonic() - wall
        seen.cpu = max(time.process_time() - cpu - checking * seen.wall, 0.0)
        seen.latest = app.rounds.counts.late
        seen.rounds = app.rounds.counts.rounds - rounds
        _ask_worker(seen)
        stop.set()
        await living
    return seen


async def _look(seen: Seen, memory: float) -> None:
    while True:
        for _ in range(TURNS):
            began = time.thread_time()
            await asyncio.sleep(TURN)
            seen.turn = max(seen.turn, time.thread_time() - began)
        seen.grown = max(seen.grown, rss(os.getpid()) - memory)


def _ask_worker(seen: Seen) -> None:
    from benchmarks.figures import cpu  # noqa: PLC0415 - a name of its own is taken here

    for pid in _children(os.getpid()):
        seen.worker = max(seen.worker, rss(pid))
        seen.worker_cpu += cpu(pid)


def _children(pid: int) -> Iterator[int]:
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        yield from map(int, path.read_text().split())


if __name__ == "__main__":
    made = uvloop.run(live(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), int(sys.argv[3])))
    print(json.dumps(asdict(made)))

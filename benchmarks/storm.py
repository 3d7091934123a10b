"""Everything down in one round, and everything back: how many messages a reader gets, and what it costs."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.checks import Size, first_checks
from benchmarks.daemon import Four, config, daemon, four_channels, names, places
from benchmarks.far import Far
from benchmarks.figures import Row, cpu, rss

READERS = ("slack:C012", "discord:112233445566778899", "telegram:-100123", "email:desk@example.org")
BOUND = 8  # messages to each reader, of each wave
DRAINED = 60  # seconds from the last service's round to the last word
MEMORY = 350  # MB
ATTEMPT = 300  # seconds until we give up
OPEN = "SELECT count(*) FROM incidents WHERE until IS NULL AND NOT retracted"
UNTOLD = "SELECT count(*) FROM deliveries WHERE settled_at IS NULL"


@dataclass(frozen=True)
class Wave:
    messages: dict[str, int]  # written to each reader
    rounds: float  # seconds from the blow to the last service's change
    drained: float  # seconds from then on until the last word was out
    cpu: float  # seconds, of the whole daemon
    rss: float  # MB, when all was told


async def rows(size: Size) -> list[Row]:
    count = 500 if size.quick else 5000
    async with places() as (side, folder), four_channels() as four:
        said = config(side, count, four.sections, secure=False, every=size.every)
        said["audiences"] = {"everyone": {"broadcast": list(READERS)}}
        async with daemon(folder, said) as pid:
            ask = partial(_ask, folder / "tocsin.db")
            await first_checks(side, count)
            down = await _wave(side, ask, four, pid, set(names(count)))
            back = await _wave(side, ask, four, pid, set())
    return [*_told(f"{count:,} services down in one round", down), *_told(f"{count:,} services back", back)]


async def _wave(side: Far, ask: Callable[[str], int], four: Four, pid: int, down: set[str]) -> Wave:
    before, used, began = four.messages(), cpu(pid), time.monotonic()
    await side.put_down(down)
    async with asyncio.timeout(ATTEMPT):
        while await asyncio.to_thread(ask, OPEN) != len(down):
            await asyncio.sleep(0.5)
        seen = time.monotonic()
        while await asyncio.to_thread(ask, UNTOLD):
            await asyncio.sleep(0.5)
    written = {reader: number - before[reader] for reader, number in four.messages().items()}
    return Wave(written, seen - began, time.monotonic() - seen, cpu(pid) - used, rss(pid))


def _ask(database: Path, query: str) -> int:
    """Past the store, for reading 5,000 states would cost more than what is measured."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reader:
        (number,) = reader.execute(query).fetchone()
    return int(number)


def _told(what: str, wave: Wave) -> list[Row]:
    each = ", ".join(f"{name} {number}" for name, number in wave.messages.items())
    return [
        Row(f"{what}: messages to a reader", f"{max(wave.messages.values())} ({each})", f"{BOUND} or less"),
        Row(f"{what}: all told after the last round", f"{wave.drained:.0f} s", f"{DRAINED} s or less"),
        Row(f"{what}: CPU of the daemon, rounds and all", f"{wave.cpu:.1f} s in {wave.rounds + wave.drained:.0f} s"),
        Row(f"{what}: memory", f"{wave.rss:.0f} MB", f"{MEMORY} MB or less"),
    ]

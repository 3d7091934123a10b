"""Everything down in one round, and everything back: how many messages a reader gets, and what it costs."""

from __future__ import annotations

import asyncio
import time

from benchmarks.checks import Size, first_checks
from benchmarks.daemon import Four, config, daemon, four_channels, names, places
from benchmarks.far import Far
from benchmarks.figures import Row, cpu, rss
from bot.store import Store, open_store

READERS = ("slack:C012", "discord:77", "telegram:-100123", "email:desk@example.org")
BOUND = 8  # messages to each reader: three one by one, then one for each two minutes that it lasts
DRAINED_WITHIN = 300  # seconds


async def rows(size: Size) -> list[Row]:
    count = 500 if size.quick else 5000
    async with places() as (side, folder), four_channels() as four:
        said = config(side, count, four.sections, secure=False, every=size.every)
        said["audiences"] = {"everyone": {"broadcast": list(READERS)}}
        async with daemon(folder, said) as pid, open_store(f"sqlite:///{folder / 'tocsin.db'}") as store:
            await first_checks(side, count)
            down = await _wave(side, store, four, pid, set(names(count)))
            back = await _wave(side, store, four, pid, set())
        return [*_told(f"{count:,} services down in one round", down), *_told(f"{count:,} services back", back)]


async def _wave(side: Far, store: Store, four: Four, pid: int, down: set[str]) -> tuple[dict[str, int], str]:
    """What each reader was written, and what it cost until the last word was out."""
    before, used, began = four.messages(), cpu(pid), time.monotonic()
    await side.put_down(down)
    async with asyncio.timeout(DRAINED_WITHIN):
        while await _open(store) != len(down) or await store.deliveries.backlog():
            await asyncio.sleep(0.5)
    cost = f"{time.monotonic() - began:.0f} s, {cpu(pid) - used:.1f} s of CPU, {rss(pid):.0f} MB"
    return {reader: number - before[reader] for reader, number in four.messages().items()}, cost


async def _open(store: Store) -> int:
    return sum(state.incident is not None for state in (await store.moves.states()).values())


def _told(what: str, measured: tuple[dict[str, int], str]) -> list[Row]:
    messages, cost = measured
    shown = f"{max(messages.values())} ({', '.join(f'{name} {number}' for name, number in messages.items())})"
    return [
        Row(f"{what}: messages to a reader", shown, f"{BOUND} or less"),
        Row(f"{what}: until everything is told", cost),
    ]

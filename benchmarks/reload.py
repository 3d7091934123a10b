"""Reloads of a large config: how long nothing is checked meanwhile, and how much memory stays."""

from __future__ import annotations

import asyncio
from pathlib import Path

from benchmarks.checks import Size, first_checks
from benchmarks.daemon import config, daemon, four_channels, names, places
from benchmarks.far import Far
from benchmarks.figures import Row, rss

RELOADS = 10
SETTLED = 15.0  # seconds: a change is noticed after some, then the file is read and checked


async def rows(size: Size) -> list[Row]:
    count = 1000 if size.quick else 5000
    times = 3 if size.quick else RELOADS
    async with places() as (side, folder), four_channels() as four:
        said = config(side, count, four.sections, secure=False, every=size.every)
        async with daemon(folder, said) as pid:
            await first_checks(side, count)
            await asyncio.sleep(size.every / 2)
            usual, memory = await pause(side, SETTLED), rss(pid)
            pauses = []
            for number in range(times):
                change(folder / "config.yaml", number)
                pauses.append(await pause(side, SETTLED))
            after = rss(pid)
    beyond = max(max(pauses) - usual, 0.0)
    return [
        Row(
            f"reload with {count:,} services: nothing checked for so much longer than usual, longest of {times}",
            f"{beyond:.2f} s ({max(pauses):.2f} instead of {usual:.2f} s)",
            "0.1 s or less",
        ),
        Row(
            f"memory after {times} reloads, {count:,} services",
            f"{(after / memory - 1) * 100:.1f} % more ({memory:.0f}, {after:.0f} MB)",
            "5 % or less",
        ),
    ]


def change(path: Path, number: int) -> None:
    """Give one service another name, as an operator does."""
    [first] = [line for line in path.read_text().splitlines() if line.startswith(f"  {names(1)[0]}:")]
    renamed = first.replace("{", f'{{"name": "Renamed {number}", ', 1)
    if '"name"' in first:
        renamed = first.replace(f'"Renamed {number - 1}"', f'"Renamed {number}"')
    path.write_text(path.read_text().replace(first, renamed))


async def pause(side: Far, seconds: float) -> float:
    """The longest time between two checks, of all services, within so many seconds."""
    await side.world(pause=0.0)
    await asyncio.sleep(seconds)
    return (await side.world()).pause

"""CPU of the command line: what a person or a health check of a container starts again and again."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
from statistics import median

from benchmarks.checks import Size, first_checks
from benchmarks.daemon import TOCSIN, config, daemon, places
from benchmarks.figures import Row

RUNS = 5
TARGETS = {"--help": "0.3 s or less", "status": "0.7 s or less", "healthcheck": "0.1 s or less"}


async def rows(_size: Size) -> list[Row]:
    async with places() as (side, folder), daemon(folder, config(side, 1, {}, secure=False)):
        await first_checks(side, 1)
        found = {}
        for command in TARGETS:
            options = [] if command == "--help" else ["-c", str(folder / "config.yaml")]
            found[command] = [await asyncio.to_thread(cost, [command, *options]) for _ in range(RUNS)]
    return [
        Row(f"CPU of `tocsin {command}`, one service", f"{median(costs):.2f} s", TARGETS[command])
        for command, costs in found.items()
    ]


def cost(arguments: list[str]) -> float:
    """CPU seconds of one run and all that it starts. Nothing else may end in the meantime."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", TOCSIN, *arguments], stdout=subprocess.DEVNULL, env=os.environ, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

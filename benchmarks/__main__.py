"""`python -m benchmarks [name ...] [--quick]`: what performance is promised, measured now, beside the peers' figures."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks import (
    burst,
    checks,
    cluster,
    commands,
    digests,
    fanout,
    history,
    imports,
    outbox,
    pages,
    reload,
    report,
    rush,
    storm,
    transport,
    webhook,
)
from benchmarks.checks import Size
from benchmarks.figures import Row

Benchmark = Callable[[Size], Awaitable[list[Row]]]

out = Console(width=150)
WHOLE, QUICK = Size(), Size(every=10, window=6, quick=True)
HEALTHCHECKS = "Healthchecks 16, 31 of one core"


async def _transport(_size: Size) -> list[Row]:
    return [Row(*row) for row in await transport.rows()]


async def _webhook(_size: Size) -> list[Row]:
    return [Row(*row, HEALTHCHECKS) for row in await asyncio.to_thread(webhook.rows)]


async def _cluster(size: Size) -> list[Row]:
    return await cluster.rows(quick=size.quick)


BENCHMARKS: dict[str, Benchmark] = {
    "http": lambda size: checks.http(500 if size.quick else 1000, size, outages=True),
    "many": lambda size: checks.http(5000, size, outages=False),
    "most": lambda size: checks.http(20_000, size, outages=False),
    "https": lambda size: checks.https(500 if size.quick else 1000, size),
    "outbox": outbox.rows,
    "webhook": _webhook,
    "storm": storm.rows,
    "burst": burst.rows,
    "page": pages.rows,
    "rush": rush.rows,
    "digests": digests.rows,
    "fanout": fanout.rows,
    "reload": reload.rows,
    "commands": commands.rows,
    "history": history.rows,
    "transport": _transport,
    "imports": imports.rows,
    "cluster": _cluster,
}
LEFT_OUT = {
    "many",
    "most",
    "storm",
    "burst",
    "rush",
    "digests",
    "fanout",
    "reload",
    "history",
    "transport",
    "imports",
    "cluster",
}  # of the quick run


async def run(chosen: list[str], size: Size, page: Path | None = None) -> bool:
    """Did all meet their targets? `page`: where to write the table."""
    rows: list[Row] = []
    before = os.getloadavg()[0]
    for name in chosen:
        began = time.monotonic()
        try:
            rows += await BENCHMARKS[name](size)
        except* (OSError, RuntimeError, TimeoutError) as failed:  # the others are still measured, and told
            error = failed.exceptions[0]
            rows.append(Row(f"{name}: {type(error).__name__} {error}".rstrip(), "0 figures", "1 or more"))
        took, load = time.monotonic() - began, os.getloadavg()[0]
        out.print(f"{name}: {took:.0f} s; load average {load:.1f} on {os.cpu_count()} cores, pace {pace():.0f} ms")
    table = Table("what", "measured", "target", "peers", "ok")
    for row in rows:
        ok = {None: "", True: "yes", False: "[red]NO[/red]"}[row.met]
        table.add_row(row.what, row.figure, row.target, row.peers, ok)
    out.print(table)
    if page is not None:
        report.write(page, rows, (before, os.getloadavg()[0]))
    return all(row.met is not False for row in rows)


def pace() -> float:
    """CPU milliseconds of always the same work: where this differs between two runs, so does everything."""
    began = time.process_time()
    sum(number * number for number in range(500_000))
    return (time.process_time() - began) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="*", help=f"of {', '.join(BENCHMARKS)}; else all")
    parser.add_argument(
        "--quick", action="store_true", help="smaller, in less than 90 s; the targets are for the whole"
    )
    parser.add_argument(
        "--write", type=Path, metavar="PAGE", help="write the table into a page, such as docs/performance.md"
    )
    said = parser.parse_args()
    if unknown := set(said.name) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    chosen = said.name or [name for name in BENCHMARKS if not (said.quick and name in LEFT_OUT)]
    sys.exit(0 if uvloop.run(run(chosen, QUICK if said.quick else WHOLE, said.write)) else 1)


if __name__ == "__main__":
    main()

"""Days of results in virtual time through the real store: how large the database gets, what writing costs, and how long
people wait for an answer meanwhile.

    python -m benchmarks.history --hours 48
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from benchmarks.checks import Size
from benchmarks.figures import Row, percentile
from bot.chat.dispatcher import Dispatcher
from bot.chat.on_demand_check import OnDemandChecker
from bot.incidents.recorder import Recorder
from bot.incidents.settings import Settings
from bot.judge.uptime import hold
from bot.model import Ask, Destination, Outcome, Reading, Round, Service, Style
from bot.store import Store, open_store
from bot.watch.user_reports import UserReports
from tests.reasons import quote

BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
EVERY, TIMEOUT = 30, timedelta(seconds=10)
ROLL, PRUNE = 300, 3600  # seconds of virtual time between two
ASKS = 200  # of each kind, over the whole time
OUTAGE = 900, 20_011  # each service is down for so long, once in so long: 4 % of the time
HOURS, QUICK = 6, 1
PLACE = Destination("console", "")


@dataclass
class Run:
    services: int
    cpu: dict[str, float] = field(default_factory=lambda: {"record": 0.0, "roll": 0.0, "prune": 0.0})
    longest: dict[str, float] = field(
        default_factory=lambda: {"record": 0.0, "roll": 0.0, "prune": 0.0}
    )  # by the clock
    results: int = 0
    alone: int = 0  # of these, those written while nobody asked: whose CPU time is known
    waits: dict[str, list[float]] = field(default_factory=lambda: {"status": [], "history": []})
    sizes: dict[int, float] = field(default_factory=dict)  # MB, by hour
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return [f"service-{n:04}" for n in range(self.services)]


def readings(run: Run, names: list[str], second: int) -> Iterator[tuple[str, datetime, Reading]]:
    """What this second brings: its share of the services."""
    at = BEGIN + timedelta(seconds=second)
    length, period = OUTAGE
    for number in range(second % EVERY, run.services, EVERY):
        took = timedelta(microseconds=120_000 + (second * 7919 + number * 104_729) % 200_000)
        bad = (second + number * 61) % period < length
        reading = (
            Reading("web", Outcome.FAILED, quote("HTTP 503"), took) if bad else Reading("web", Outcome.OK, None, took)
        )
        yield names[number], at + timedelta(microseconds=number), reading


async def _unasked(*_: object) -> None:
    raise AssertionError("nobody asks for a look here")


async def live(folder: Path, run: Run, hours: int) -> None:
    """So many hours of results, with what is periodic at its times and people who ask."""
    names, now = run.names, [BEGIN]
    setting = Settings(
        {n: Service(n, n, ("web",)) for n in names},
        {},
        (),
        frozenset(),
        holds=dict.fromkeys(names, hold(timedelta(seconds=EVERY), TIMEOUT)),
        public=True,
    )
    async with open_store(f"sqlite:///{folder / 'tocsin.db'}", alone=True) as store:
        record = Recorder(store, setting, lambda: now[0])
        crowd = UserReports(store, lambda: now[0])
        eyes = OnDemandChecker(_unasked, _unasked, None, lambda: now[0])
        desk = Dispatcher(record, frozenset(), Style(), crowd, eyes)
        await record.load()
        asking: set[asyncio.Task[None]] = set()
        between = max(hours * 3600 // ASKS, 1)
        for second in range(hours * 3600):
            rows = list(readings(run, names, second))
            now[0] = BEGIN + timedelta(seconds=second + 1)
            if second % OUTAGE[0] < EVERY:  # what a service is now; the rounds between change nothing
                for service, at, reading in rows:
                    await record.seen(Round(service, at, (reading,)))
            asking = {task for task in asking if not task.done()}
            await _timed(run, "record", store.results.record(rows), counts=not asking)
            run.results += len(rows)
            run.alone += 0 if asking else len(rows)
            if second % between == between // 2:
                asking.add(asyncio.create_task(_ask(run, desk, names, second)))
            await _periodic(run, store, setting, second)
            if (second + 1) % 3600 == 0:
                run.sizes[(second + 1) // 3600] = _size(folder)
        await asyncio.gather(*asking)
    run.rows = _rows(folder / "tocsin.db")


async def _periodic(run: Run, store: Store, setting: Settings, second: int) -> None:
    if second % ROLL == ROLL - 1:
        while await _timed(run, "roll", store.rollups.roll(setting.holds)):
            pass
    if second % PRUNE == PRUNE - 1:
        await _timed(run, "prune", store.results.prune(BEGIN + timedelta(seconds=second)))


async def _timed(run: Run, what: str, work: Awaitable[object], *, counts: bool = True) -> bool:
    cpu, clock = time.process_time(), time.monotonic()
    answer = await work
    run.cpu[what] += (time.process_time() - cpu) if counts else 0.0
    run.longest[what] = max(run.longest[what], time.monotonic() - clock)
    return bool(answer)


async def _ask(run: Run, desk: Dispatcher, names: list[str], second: int) -> None:
    asks = {"status": "status", "history": f"history {names[second * 7919 % len(names)]}"}
    for kind, text in asks.items():
        began = time.monotonic()
        at = BEGIN + timedelta(seconds=second)
        await desk.answer(Ask(text, "console:1", "Ana", PLACE, at, f"{kind} {second}"))
        run.waits[kind].append(time.monotonic() - began)


def _size(folder: Path) -> float:
    """MB, with the write-ahead log."""
    return sum(path.stat().st_size for path in folder.glob("tocsin.db*")) / 1e6


def _rows(database: Path) -> dict[str, int]:
    tables = ("results", "five_minutes", "hours", "stretches", "incidents", "changes")
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as reader:
        return {t: reader.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in tables}


def told(run: Run, hours: int) -> list[Row]:
    what = f"{run.services:,} services every {EVERY} s, {hours} h"
    shown = [h for h in run.sizes if h in {1, 3, 6, 12, 24, 36, 48, 60, 72} or h == hours]
    write, roll, prune = (
        run.cpu[name] / of * 1e6 for name, of in (("record", run.alone), ("roll", run.results), ("prune", run.results))
    )
    rows = [
        Row(f"{what}: database, MB", ", ".join(f"{h} h {run.sizes[h]:.0f}" for h in shown)),
        Row(f"{what}: rows", ", ".join(f"{name} {number:,}" for name, number in run.rows.items())),
        Row(f"{what}: CPU to write 1,000 results", f"{write:.0f} ms", "60 ms or less"),
        Row(f"{what}: CPU to roll 1,000 up, to prune", f"{roll:.0f} ms, {prune:.0f} ms"),
    ]
    for kind, waits in run.waits.items():
        p50, p99 = (percentile(waits, share) * 1000 for share in (0.5, 0.99))
        rows.append(Row(f'{what}: "{kind}" answered meanwhile, p50 / p99', f"{p50:.0f} / {p99:.0f} ms"))
    longest = ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in run.longest.items())
    return [*rows, Row(f"{what}: longest by the clock", longest)]


async def measured(services: int, hours: int) -> list[Row]:
    run = Run(services)
    with TemporaryDirectory() as folder:
        await live(Path(folder), run, hours)
    return told(run, hours)


async def rows(size: Size) -> list[Row]:
    return await measured(1000, QUICK if size.quick else HOURS)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--hours", type=int, default=HOURS)
    parser.add_argument("--services", type=int, default=1000)
    said = parser.parse_args()
    for row in uvloop.run(measured(said.services, said.hours)):
        print(f"{row.what}: {row.figure}")


if __name__ == "__main__":
    main()

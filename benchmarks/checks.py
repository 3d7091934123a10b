"""One life of the daemon: what its checks cost, how much memory it takes, and how soon an outage is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from benchmarks.daemon import EVERY, config, daemon, four_channels, names, places
from benchmarks.far import Far, World
from benchmarks.figures import Row, cpu, percentile, rss
from bot.net.connection import AGE

SINGLE = 20  # outages of one service
APART = 0.4  # seconds between two of these
LATEST = 180.0  # seconds: longer than any round and notice take, on a busy machine too

CPU = {1000: "0.40 s or less", 5000: "0.28 s or less"}  # fewer services have more of the fixed cost on each
HTTPS, FRESH = {1000: "0.45 s or less"}, {1000: "1.4 s or less"}
MEMORY = {500: "120 MB or less", 1000: "120 MB or less", 5000: "150 MB or less", 20_000: "240 MB or less"}
NOTICE = "50 ms or less"
PEERS = {
    "http 1000": "Gatus 0.65 (kept), Prometheus 2.56, Kuma 6.1, monit 0.09",
    "http 5000": "Gatus 0.46 (kept), Prometheus 2.41, Kuma 6.5, monit 0.08",
    "https fresh": "Prometheus 5.7, Kuma 15.8",
    "https": "Gatus 0.72 (kept), Prometheus 5.7, Kuma 15.8",
    "rss 1000": "Gatus 70, Prometheus 224, Kuma 296",
    "rss 5000": "Gatus 284, Prometheus 896, Kuma 951",
    "single": "Gatus 35, Kuma 100, monit 90, Prometheus 19,000",
    "storm": "Gatus 100, Kuma 600 to 33,000, monit 80, Prometheus 20,200",
    "first": "Kuma and Gatus 660 to 780",
}


@dataclass(frozen=True)
class Size:
    """How long a benchmark looks: `every` is the services' interval, `window` the time measured, in seconds."""

    every: int = EVERY
    window: float = 24.0
    quick: bool = False


async def http(count: int, size: Size, *, outages: bool) -> list[Row]:
    """CPU, memory and first checks of `count` http services, and how soon their outages are told."""
    extra = names(count + SINGLE * outages)[count:]  # these go down one by one, the first `count` all at once
    async with places() as (side, folder), four_channels() as four:
        said = config(side, count + len(extra), four.sections, secure=False, every=size.every)
        async with daemon(folder, said) as pid:
            began = time.monotonic()
            world = await first_checks(side, count + len(extra))
            seen = await cost(side, pid, size.window)
            rows = [
                Row(
                    f"CPU per 1,000 http checks, {count:,} services",
                    f"{seen:.2f} s",
                    CPU.get(count, ""),
                    PEERS.get(f"http {count}", ""),
                ),
                Row(
                    f"memory, {count:,} services, four channels connected",
                    f"{rss(pid):.0f} MB",
                    MEMORY.get(count, ""),
                    PEERS.get(f"rss {count}", ""),
                ),
                first(world, began, count, size),
            ]
            if outages:
                rows += [await single(side, extra), await storm(side, set(names(count)), set(extra))]
        return rows


async def https(count: int, size: Size) -> list[Row]:
    """CPU of https checks: over kept connections, and when the sites keep none."""
    async with places() as (side, folder), four_channels() as four:
        said = config(side, count, four.sections, secure=True, every=size.every)
        async with daemon(folder, said, secure=True) as pid:
            await first_checks(side, count)
            kept, memory = await cost(side, pid, size.window), rss(pid)
            await side.world(keeps=False)
            await asyncio.sleep(size.every)
            fresh = await cost(side, pid, size.window)
    share = size.every / AGE  # of the checks, so many open a connection
    what = f"CPU per 1,000 https checks, {count:,} services"
    return [
        Row(
            f"{what}, reused for 5 min",
            f"{kept * (1 - share) + fresh * share:.2f} s ({kept:.2f} between handshakes)",
            HTTPS.get(count, ""),
            PEERS["https"],
        ),
        Row(f"{what}, always fresh", f"{fresh:.2f} s", FRESH.get(count, ""), PEERS["https fresh"]),
        Row(f"memory, {count:,} https services, their connections kept, four channels", f"{memory:.0f} MB"),
    ]


async def first_checks(side: Far, count: int) -> World:
    """Wait until every service was looked at."""
    return await until(side, lambda world: len(world.first) >= count)


async def until(side: Far, true: Callable[[World], object]) -> World:
    async with asyncio.timeout(LATEST):
        while not true(world := await side.world()):
            await asyncio.sleep(0.1)
    return world


async def cost(side: Far, pid: int, window: float) -> float:
    """CPU seconds per 1,000 checks: the median of three parts of the window, for the machine is shared."""
    return median([await _cost(side, pid, window / 3) for _ in range(3)])


async def _cost(side: Far, pid: int, seconds: float) -> float:
    checks, used = (await side.world()).checks, cpu(pid)
    await asyncio.sleep(seconds)
    return (cpu(pid) - used) / ((await side.world()).checks - checks) * 1000


def first(world: World, began: float, count: int, size: Size) -> Row:
    """A start's own seconds (imports, config, database) are told, too."""
    soonest, latest = min(world.first.values()), max(world.first.values())
    return Row(
        f"first check of each of {count:,} services after a start",
        f"{latest - soonest:.1f} s (the daemon itself: {soonest - began:.1f} s)",
        f"{size.every + 0.2} s or less",
        PEERS["first"],
    )


async def single(side: Far, services: list[str]) -> Row:
    """One goes down after the other; none comes back meanwhile."""
    await side.put_down([])
    for number in range(len(services)):
        await side.put_down(services[: number + 1], anew=False)
        await asyncio.sleep(APART)
    world = await until(side, lambda world: len(world.heard) >= len(services))
    return told("one service down", delays(world), PEERS["single"])


async def storm(side: Far, services: set[str], already: set[str]) -> Row:
    await side.put_down(services | already)
    world = await until(side, lambda world: services <= world.heard.keys())
    return told(f"all {len(services):,} services down at once", delays(world), PEERS["storm"])


def delays(world: World) -> list[float]:
    """Seconds from a service's first bad answer to its notice at the receiver."""
    return [at - world.failed[service] for service, at in world.heard.items()]


def told(what: str, found: list[float], peers: str) -> Row:
    p50, p99 = (percentile(found, share) * 1000 for share in (0.5, 0.99))
    return Row(f"notice after the deciding answer, {what}, p99", f"{p99:.0f} ms (p50 {p50:.0f})", NOTICE, peers)

"""A crowd that reloads the page during an outage: what a page costs, beside nginx, and how long a notice waits meanwhile."""

from __future__ import annotations

import asyncio

from benchmarks.checks import APART, SINGLE, Size, delays, first_checks, until
from benchmarks.crowd import READERS, Crowd, rush
from benchmarks.daemon import config, daemon, four_channels, names, places
from benchmarks.far import Far
from benchmarks.figures import Row, cpu, percentile
from benchmarks.nginx import PATH, nginx

WINDOW = 3.0  # seconds in which pages are counted
NOTICE = "100 ms or less"
NGINX = 43_000  # pages of 12 KB a second of one core, where there is no nginx to measure
SHARE = 3  # of nginx's


async def rows(size: Size) -> list[Row]:
    count = 200 if size.quick else 1000
    extra = names(count + 3 * SINGLE)[count:]
    async with places() as (side, folder), four_channels() as four:
        said = config(side, count + len(extra), four.sections, secure=False, every=size.every)
        said["web"] |= {"trust_proxy": "X-Forwarded-For"}  # else 20 connections from one address are the most
        async with daemon(folder, said) as pid:
            await first_checks(side, count + len(extra))
            found = [_told("quiet", await outages(side, extra[:SINGLE]))]
            for number, path in enumerate(("/", "/status.json"), 1):
                beside = await _nginx(f"http://{said['web']['listen']}{path}")
                async with rush(said["web"]["listen"], path) as crowd:
                    found.append(_cost(path, await _pages(crowd, pid), beside))
                    told = await outages(side, extra[number * SINGLE : (number + 1) * SINGLE])
                    found.append(_told(f"while {READERS} connections reload {path}", told))
        return found


async def outages(side: Far, services: list[str]) -> list[float]:
    """Seconds to the notice of each; they go down one after the other."""
    await side.put_down([])
    for number in range(len(services)):
        await side.put_down(services[: number + 1], anew=False)
        await asyncio.sleep(APART)
    return delays(await until(side, lambda world: len(world.heard) >= len(services)))


def _told(when: str, found: list[float]) -> Row:
    p50, p99 = (percentile(found, share) * 1000 for share in (0.5, 0.99))
    return Row(f"notice p99, one service down, {when}", f"{p99:.0f} ms (p50 {p50:.0f})", NOTICE)


async def _nginx(page: str) -> float:
    """Pages a second of one core, of the same bytes from disk."""
    async with nginx(page) as found:
        if found is None:
            return NGINX
        async with rush(found[0], PATH) as crowd:
            return await _pages(crowd, found[1])


async def _pages(crowd: Crowd, pid: int) -> float:
    """Pages a second of one core: the median of three."""
    shares = []
    for _ in range(3):
        before, used = await crowd.pages(), cpu(pid)
        await asyncio.sleep(WINDOW)
        shares.append((await crowd.pages() - before) / max(cpu(pid) - used, 0.01))
    return sorted(shares)[1]


def _cost(path: str, pages: float, beside: float) -> Row:
    what = f"{path} a second of one core, compressed"
    return Row(what, f"{pages:,.0f}", f"{beside / SHARE:,.0f} or more", f"nginx {beside:,.0f}")

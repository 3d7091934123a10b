"""CPU of one check: our own transport beside stock httpx, in one run, against a server in a process of its own.

`python -m benchmarks.transport` prints the rows; user and system time of this process alone is counted.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import ssl
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import trustme
import uvloop

from bot.contracts import Answer
from bot.model import Outcome
from bot.net import Network
from bot.watch.checks import HttpCheck

AT_ONCE = 100
ROUNDS = 3  # interleaved, and the median taken: the machine is shared
SOON = timedelta(seconds=30)
BODY = b"<!doctype html><title>All is well</title>" + b"x" * 1000
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY

TARGETS = {
    "http fresh": "0.2 ms or less (raw Protocol and parser: 0.154)",
    "https fresh": "2 ms or less",
    "https kept": "0.3 ms or less",
}
NAMES = [f"site{number}.example" for number in range(AT_ONCE)]

Row = tuple[str, str, str]  # what was measured, the figure, the target
Ask = Callable[[], Awaitable[object]]


class Here:
    """Every name is this machine."""

    async def addresses(self, _host: str) -> list[str]:
        return ["127.0.0.1"]


class Page(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(PAGE)
        if b"onnection: close" in data:
            self.transport.close()


def serve(pipe: Connection, certificate: str) -> None:
    """Serve http and https until killed; tell the two ports."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        plain = await loop.create_server(Page, "127.0.0.1", 0, backlog=1024)
        secure = await loop.create_server(Page, "127.0.0.1", 0, ssl=context, backlog=1024)
        pipe.send([server.sockets[0].getsockname()[1] for server in (plain, secure)])
        await asyncio.Event().wait()

    uvloop.run(run())


async def cost(ask: Ask, count: int) -> float:
    """CPU milliseconds of one `ask`."""
    left = iter(range(count))

    async def ask_on() -> None:
        for _ in left:
            await ask()

    began = time.process_time()
    await asyncio.gather(*(ask_on() for _ in NAMES))
    return (time.process_time() - began) * 1000 / count


def ours(net: Network, url: str, *, fresh: bool) -> Ask:
    prepared = net.prepare("GET", url)

    async def ask() -> None:
        answer = await net.fetch(prepared, timeout=SOON, fresh=fresh)
        assert isinstance(answer, Answer), answer

    return ask


def kept(net: Network, url: str) -> Ask:
    """One origin each for all that run at once, as services have."""
    free = [net.prepare("GET", url.replace("127.0.0.1", name)) for name in NAMES]

    async def ask() -> None:
        prepared = free.pop()
        answer = await net.fetch(prepared, timeout=SOON)
        free.append(prepared)
        assert isinstance(answer, Answer), answer

    return ask


def checked(net: Network, url: str) -> Ask:
    check = HttpCheck(url=url, expect={"contains": "All is well"})

    async def ask() -> None:
        assert (await check.run("web", net, SOON, fresh=False)).outcome is Outcome.OK

    return ask


def stock(client: httpx.AsyncClient, url: str) -> Ask:
    async def ask() -> None:
        assert (await client.get(url, headers={"Connection": "close"})).status_code == 200

    return ask


async def measured(ports: list[int], ca_file: Path) -> list[Row]:
    http, https = f"http://127.0.0.1:{ports[0]}/", f"https://127.0.0.1:{ports[1]}/"
    context = ssl.create_default_context(cafile=str(ca_file))
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=0)
    async with Network(ca_file, Here()) as net, httpx.AsyncClient(verify=context, limits=limits, timeout=30) as client:
        runs: dict[str, tuple[Ask, int]] = {
            "http fresh": (ours(net, http, fresh=True), 4000),
            "a whole http check, fresh": (checked(net, http), 4000),
            "https fresh": (ours(net, https, fresh=True), 600),
            "https kept": (kept(net, https), 4000),
            "http fresh, stock httpx": (stock(client, http), 400),
            "https fresh, stock httpx": (stock(client, https), 300),
        }
        figures: dict[str, list[float]] = {name: [] for name in runs}
        for ask, _ in runs.values():
            await cost(ask, AT_ONCE)  # imports, caches, the kept connections
        for _ in range(ROUNDS):
            for name, (ask, count) in runs.items():
                figures[name].append(await cost(ask, count))
    return [
        (f"CPU of a check, {name}", f"{statistics.median(each):.3f} ms", TARGETS.get(name, ""))
        for name, each in figures.items()
    ]


async def rows() -> list[Row]:
    """The figures, measured now."""
    authority = trustme.CA()
    with tempfile.TemporaryDirectory() as folder:
        ca_file, certificate = Path(folder, "ca.pem"), Path(folder, "site.pem")
        authority.cert_pem.write_to_path(str(ca_file))
        authority.issue_cert("127.0.0.1", *NAMES).private_key_and_cert_chain_pem.write_to_path(str(certificate))
        here, there = multiprocessing.Pipe()
        spawn = multiprocessing.get_context("spawn")
        server = spawn.Process(target=serve, args=(there, str(certificate)), daemon=True)
        server.start()
        try:
            return await measured(await asyncio.to_thread(here.recv), ca_file)
        finally:
            server.terminate()
            server.join()


if __name__ == "__main__":
    for what, figure, target in uvloop.run(rows()):
        print(f"{what:<52} {figure:>10}   {target}")

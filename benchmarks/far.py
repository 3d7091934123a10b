"""The far side, in a process of its own: the sites that are watched and the receiver of the notices, on one clock.

`async with far() as side:` and then its methods; each is one question and one answer over a pipe.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import ssl
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from typing import Any

import uvloop

BODY = b"<!doctype html><title>All is well</title>" + b"x" * 1000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n" % len(BODY)
GOOD = HEAD + b"\r\n" + BODY
LAST = HEAD + b"Connection: close\r\n\r\n" + BODY
BAD = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\ndown"
CANARY = "canary"
ANSWER_WITHIN = 30  # seconds


class World:
    """What is down, and when what happened: seconds of the machine's monotonic clock."""

    def __init__(self) -> None:
        self.down: set[str] = set()
        self.keeps = True  # may a connection be used again?
        self.checks = 0
        self.first: dict[str, float] = {}  # service -> its first check
        self.failed: dict[str, float] = {}  # service -> the first bad answer since it was put down
        self.heard: dict[str, float] = {}  # service -> the first notice since then that it is down
        self.notices = 0
        self.latest = 0.0  # check
        self.pause = 0.0  # the longest between two checks

    def asked(self, service: str) -> bytes:
        if service == CANARY:
            return GOOD
        now = time.monotonic()
        self.checks += 1
        self.first.setdefault(service, now)
        self.pause = max(self.pause, now - self.latest)
        self.latest = now
        if service not in self.down:
            return GOOD if self.keeps else LAST
        self.failed.setdefault(service, now)
        return BAD

    def told(self, body: dict[str, Any], now: float) -> None:
        self.notices += 1
        if body["tone"] == "down":
            self.heard.setdefault(body["service"], now)


class Page(asyncio.Protocol):
    """Answers by path: /s17."""

    def __init__(self, world: World) -> None:
        self.world = world

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        service = data.split(b" ", 2)[1][1:].decode()
        self.transport.write(self.world.asked(service))
        if b"onnection: close" in data or not self.world.keeps:
            self.transport.close()


class Hook(asyncio.Protocol):
    """Takes notices as JSON and answers 204."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self.read += data
        while b"\r\n\r\n" in self.read:
            head, _, rest = self.read.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(rest) < length:
                return
            self.read = rest[length:]
            self.transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")
            self.world.told(json.loads(rest[:length]), now)


def _serve(pipe: Connection, certificate: str) -> None:
    async def run() -> None:
        loop, world, over = asyncio.get_running_loop(), World(), asyncio.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        servers = [
            await loop.create_server(lambda: Page(world), "127.0.0.1", 0, backlog=2048),
            await loop.create_server(lambda: Page(world), "127.0.0.1", 0, backlog=2048, ssl=context),
            await loop.create_server(lambda: Hook(world), "127.0.0.1", 0, backlog=2048),
        ]
        pipe.send([server.sockets[0].getsockname()[1] for server in servers])

        def answer() -> None:
            try:
                put = pipe.recv()
            except EOFError:  # who started us is gone
                over.set()
                return
            vars(world).update(put)
            pipe.send(vars(world))

        loop.add_reader(pipe.fileno(), answer)
        os.set_blocking(pipe.fileno(), True)  # uvloop made it not so: 5,000 names come in more than one piece
        await over.wait()

    uvloop.run(run())


class Far:
    def __init__(self, pipe: Connection, ports: list[int]) -> None:
        self._pipe = pipe
        self.http, self.https, self.hook = ports

    async def world(self, **put: Any) -> World:
        """As it is now, once it is as `put` says."""
        self._pipe.send(put)
        found = World()
        vars(found).update(await asyncio.to_thread(_receive, self._pipe))
        return found

    async def put_down(self, services: Iterable[str], *, anew: bool = True) -> None:
        """These are down from now on, all others up; `anew`: what failed and what was heard is forgotten."""
        forgotten: dict[str, Any] = {"failed": {}, "heard": {}} if anew else {}
        await self.world(down=set(services), **forgotten)


def _receive(pipe: Connection) -> Any:
    if not pipe.poll(ANSWER_WITHIN):
        raise TimeoutError("the far side doesn't respond")
    return pipe.recv()


@asynccontextmanager
async def far(certificate: str) -> AsyncIterator[Far]:
    """`certificate`: a PEM file with key and chain."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there, certificate), daemon=True)
    process.start()
    there.close()
    try:
        yield Far(here, await asyncio.to_thread(_receive, here))
    finally:
        here.close()
        process.terminate()
        process.join()

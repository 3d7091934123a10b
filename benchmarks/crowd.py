"""Readers who reload a page without end, in a process of their own: `python -m benchmarks.crowd HOST:PORT PATH`.

Each line on standard input is answered with the number of pages read so far.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop

READERS = 100


class Crowd:
    """Readers in a process of their own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    async def pages(self) -> int:
        """How many they have read."""
        return int(await asyncio.to_thread(self._ask))

    def _ask(self) -> str:
        assert self._process.stdin
        assert self._process.stdout
        print(file=self._process.stdin, flush=True)
        return self._process.stdout.readline()


@asynccontextmanager
async def rush(address: str, path: str) -> AsyncIterator[Crowd]:
    order = [sys.executable, "-m", "benchmarks.crowd", address, path]
    with subprocess.Popen(order, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220
        try:
            crowd = Crowd(process)
            async with asyncio.timeout(20):
                while not await crowd.pages():
                    await asyncio.sleep(0.1)
            yield crowd
        finally:
            process.terminate()


class Reader(asyncio.Protocol):
    """Asks again as soon as it has read the page."""

    def __init__(self, count: list[int], request: bytes) -> None:
        self.count, self.request = count, request
        self.read, self.left = b"", -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if self.left < 0:
            self.read += data
            head, end, data = self.read.partition(b"\r\n\r\n")
            if not end:
                return
            self.read, self.left = b"", int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        self.left -= len(data)
        if self.left <= 0:
            self.left = -1
            self.count[0] += 1
            self.transport.write(self.request)  # type: ignore[attr-defined]


async def read(address: str, path: str) -> None:
    host, _, port = address.rpartition(":")
    request = f"GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept-Encoding: gzip, br\r\n\r\n".encode()
    count = [0]

    async def one() -> None:
        loop = asyncio.get_running_loop()
        while True:
            transport, _ = await loop.create_connection(lambda: Reader(count, request), host, int(port))
            while not transport.is_closing():  # each connection has so many requests
                await asyncio.sleep(0.05)

    readers = [asyncio.create_task(one()) for _ in range(READERS)]
    while await asyncio.to_thread(sys.stdin.readline):
        print(count[0], flush=True)
    for reader in readers:
        reader.cancel()


if __name__ == "__main__":
    uvloop.run(read(*sys.argv[1:]))

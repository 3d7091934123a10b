"""A wire that can be cut: a relay on 127.0.0.1 to a server."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self


class Wire:
    """`cut`: nothing passes in either direction, and nobody is told. `torn`: connections are refused and dropped."""

    def __init__(self, port: int) -> None:
        self.far = port
        self.port = 0
        self.whole = asyncio.Event()
        self.whole.set()
        self._torn = False
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._drop()

    def cut(self) -> None:
        self.whole.clear()

    def tear(self) -> None:
        self._torn = True
        self._drop()

    def mend(self) -> None:
        self._torn = False
        self.whole.set()

    def _drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._torn:
            writer.transport.abort()
            return
        await self.whole.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.far)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        ways = [asyncio.create_task(self._pass(*way)) for way in ((reader, far_writer), (far_reader, writer))]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (writer, far_writer):
            self._writers.discard(end)
            end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while some := await reader.read(65536):
                await self.whole.wait()
                writer.write(some)
                await writer.drain()

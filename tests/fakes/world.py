"""A site on 127.0.0.1 that fails for some callers only: whoever comes from these addresses."""

from __future__ import annotations

import asyncio
from typing import Self


class World:
    """`failing`: addresses that get a 503 (all of 127.0.0.0/8 leads here). `hanging`: those that get no answer."""

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.hanging: set[str] = set()
        self.callers: list[str] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        who = writer.get_extra_info("peername")[0]
        self.callers.append(who)
        try:
            await reader.readuntil(b"\r\n\r\n")
            if who in self.hanging:
                await reader.read()
                return
            status = "503 Service Unavailable" if who in self.failing else "200 OK"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok".encode())
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

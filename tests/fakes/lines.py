"""A server on 127.0.0.1 that speaks in lines: what it says first, and what it answers to what is said."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Self


class LineServer:
    """`says`: bytes that are sent on connecting. `answers`: first word of a line -> bytes, None: it never does; `upgrade`: a TLS context that is
    put on after the answer to STARTTLS.
    """

    def __init__(
        self,
        says: bytes,
        answers: dict[str, bytes] | None = None,
        *,
        context: ssl.SSLContext | None = None,
        upgrade: ssl.SSLContext | None = None,
        stays: bool = True,
    ) -> None:
        self.says, self.answers, self.stays = says, answers, stays
        self.connections = 0
        self._context, self._upgrade = context, upgrade
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.says)
        await writer.drain()
        while self.stays and (read := await reader.readline()):
            line = read.decode("latin-1").strip()
            if self.answers is None or not line:
                continue
            command = line.split()[-1] if line.startswith("a ") else line.split()[0]
            writer.write(self.answers.get(command, b"500 what?\r\n"))
            await writer.drain()
            if command == "STARTTLS" and self._upgrade:
                await writer.start_tls(self._upgrade)

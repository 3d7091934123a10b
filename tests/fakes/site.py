"""A web site on 127.0.0.1 that does as it is told, misbehaviour included, and remembers what it heard."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Heard:
    """A request as it came in."""

    connection: int  # the first is 1
    method: str
    target: str
    headers: dict[str, str]  # lower-case names
    body: bytes


Act = Callable[[Heard, asyncio.StreamWriter], Awaitable[None]]
"""Does whatever it likes with the connection; it is closed afterwards unless a whole page was written with `keep`."""


def page(
    status: int = 200,
    body: bytes | str = b"All is well",
    headers: Mapping[str, str] | None = None,
    *,
    reason: str = "Whatever",
) -> bytes:
    """A well-behaved answer."""
    body = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


WELL = page()


class Site:
    """`answer` may be changed at any time: bytes are sent as they are, anything else is called.

    `keep`: after bytes the connection stays open for the next request. Paths in `paths` come before `answer`.
    """

    def __init__(
        self, answer: bytes | Act = WELL, *, keep: bool = False, context: ssl.SSLContext | None = None
    ) -> None:
        self.answer = answer
        self.paths: dict[str, bytes | Act] = {}
        self.keep = keep
        self.heard: list[Heard] = []
        self.connections = 0
        self.port = 0
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self.hang_up()
        await self._server.wait_closed()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http{'s' if self._context else ''}://{host}:{self.port}{path}"

    async def hang_up(self) -> None:
        """Close every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        self.connections += 1
        number = self.connections
        try:
            with contextlib.suppress(
                ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError
            ):
                while await self._serve(number, reader, writer):
                    pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        heard = Heard(number, method, target, headers, body)
        self.heard.append(heard)
        answer = self.paths.get(target, self.answer)
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
            return self.keep
        await answer(heard, writer)
        return False

"""What every fake platform is made of: what it heard, the faults it can be told to show, and an HTTP server that shows them.

A fake derives from `FaultyServer`, adds its routes to `self.app`, says in `writes` which requests write a message, notes
each message that it applied with `apply`, and gives its platform's own words for the faults in `PLATFORM` by overriding
`faulty`. Faults hit writing requests only, in the order in which they were asked for; all others are served as usual.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self

from aiohttp import web

from tests.fakes.limits import Limits


class Fault(StrEnum):
    """What may go wrong. The first three need a channel opened at another address; see `ChannelKit`."""

    REFUSED = "connect refused"
    NO_NAME = "DNS failure"
    NO_TLS = "TLS failure"
    LIMITED = "429 with a wait"  # of `WAIT` seconds
    LIMITED_BARE = "429 without a wait"
    BROKEN = "500"
    HTML = "502 with an HTML body"
    NOT_JSON = "200 that is not JSON"
    FAILED = "200 with an error inside"  # the platform's own word for trouble on its side
    SLOW = "slow, but within the time-out"
    SILENT = "applied, and the answer slower than the time-out"
    CUT = "applied, and cut before the answer"
    HALF_OPEN = "half-open: nothing applied, nothing answered"
    TOO_LONG = "message too long"
    GONE = "target gone"
    MOVED = "target moved"
    REVOKED = "token revoked"


ELSEWHERE = frozenset({Fault.REFUSED, Fault.NO_NAME, Fault.NO_TLS})
PLATFORM = frozenset({Fault.FAILED, Fault.TOO_LONG, Fault.GONE, Fault.MOVED, Fault.REVOKED})
WAIT = 7  # seconds, asked for by Fault.LIMITED


@dataclass(frozen=True)
class Message:
    """One message as a reader of the platform sees it: the fake renders the markup, so `text` is what the eye meets."""

    ref: str  # the platform's id of it; of the message that was rewritten for an edit
    place: str
    text: str  # markup rendered away, title first
    thread: str | None = None  # the ref it answers or stands under
    edited: bool = False  # it rewrote the message `ref`
    loud: bool = True  # everybody in the place sees it; False: only those who follow the thread
    mentions: tuple[str, ...] = ()  # whom the platform would call
    links: tuple[str, ...] = ()  # what markup made clickable
    raw: Any = None  # the request, as the platform read it


class Far(Protocol):
    """The far side, as the kit sees it."""

    url: str  # where the channel's settings point
    applied: list[Message]  # every message written or rewritten, in order
    broken: list[str]  # each request that broke a rule of the platform (size, spec), and which
    secrets: list[str]  # what may stand in no log and no receipt

    def fault(self, name: Fault, times: int = 1) -> None: ...

    @property
    def ahead(self) -> bool:
        """Whether there are faults that nobody has met yet."""
        raise NotImplementedError

    def heal(self) -> None: ...


class FaultyServer:
    """An HTTP server on 127.0.0.1. `async with FakeX() as far:`; or `await far.start(port)` and `await far.stop()`."""

    def __init__(self) -> None:
        self.applied: list[Message] = []
        self.broken: list[str] = []
        self.secrets: list[str] = []
        self.url = ""
        self.port = 0
        self.app = web.Application(middlewares=[self._serve], client_max_size=64 * 1024 * 1024)
        self.limits: Limits | None = None
        self.dead: Fault | None = None  # what every request meets, those that write nothing too
        self._faults: deque[Fault] = deque()
        self._over = asyncio.Event()
        self._news = asyncio.Event()
        self._runner: web.AppRunner | None = None

    # ── for the fake ─────────────────────────────────────────────────────────────────────────────────────────────────

    def writes(self, request: web.Request) -> bool:
        """Does this request write a message? Only these meet faults."""
        return request.method == "POST"

    async def written(self, request: web.Request) -> tuple[str, str]:
        """Of a writing request, what it does and where: by these limits count."""
        raise LookupError(f"{type(self).__name__} keeps no limits")

    def apply(self, message: Message) -> None:
        self.applied.append(message)
        self.tell()

    def tell(self) -> None:
        """Wake whoever waits in `until`: something happened here."""
        self._news.set()

    def limited(self, wait: float | None, *, whole: bool = False) -> web.Response:
        """Say that there are too many requests, of the place or of the `whole` account; `wait` in seconds."""
        return web.Response(status=429, headers={} if wait is None else {"Retry-After": str(wait)})

    async def faulty(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        """Answer one of `PLATFORM`, as the platform would."""
        raise LookupError(f"{type(self).__name__} has no words for {fault!r}")

    # ── for the test ─────────────────────────────────────────────────────────────────────────────────────────────────

    def fault(self, name: Fault, times: int = 1) -> None:
        self._faults.extend([name] * times)

    @property
    def ahead(self) -> bool:
        return bool(self._faults)

    def heal(self) -> None:
        """No more faults."""
        self._faults.clear()
        self.dead = None

    def shown(self, ref: str) -> Message:
        """The message as it stands now."""
        return next(message for message in reversed(self.applied) if message.ref == ref)

    async def until(self, true: Callable[[], object], within: float = 10) -> None:
        """Wait until `true()` is, looking again whenever something happens here."""
        async with asyncio.timeout(within):
            while not true():
                self._news.clear()
                await self._news.wait()

    async def start(self, port: int = 0) -> None:
        self._over.clear()
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}/"

    async def stop(self) -> None:
        self._over.set()
        if self._runner:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    # ── faults ───────────────────────────────────────────────────────────────────────────────────────────────────────

    @web.middleware
    async def _serve(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self.dead:
            return await self._wire_fault(self.dead, request, handler)
        if not self.writes(request):
            return await handler(request)
        if self.limits and (over := self.limits.over(*await self.written(request))):
            return self.limited(over[0], whole=over[1])
        if not self._faults:
            return await handler(request)
        fault = self._faults.popleft()
        if fault in PLATFORM:
            return await self.faulty(fault, request)
        return await self._wire_fault(fault, request, handler)

    async def _wire_fault(self, fault: Fault, request: web.Request, handler: Any) -> web.StreamResponse:
        match fault:
            case Fault.LIMITED | Fault.LIMITED_BARE:
                return self.limited(WAIT if fault is Fault.LIMITED else None)
            case Fault.BROKEN:
                return web.Response(status=500, text="oops")
            case Fault.HTML:
                return web.Response(status=502, text="<html><h1>Bad Gateway</h1></html>", content_type="text/html")
            case Fault.NOT_JSON:
                return web.Response(text="<html>Please log in to the Wi-Fi</html>", content_type="text/html")
            case Fault.SLOW:
                await asyncio.sleep(0.05)
                return await handler(request)
            case Fault.SILENT:
                await handler(request)
            case Fault.CUT:
                await handler(request)
                if request.transport:
                    request.transport.abort()
                return web.Response()
            case Fault.HALF_OPEN:
                await request.read()
            case _:
                raise LookupError(f"a request cannot meet {fault!r}; open the channel at another address")
        await self._over.wait()
        return web.Response(status=503)

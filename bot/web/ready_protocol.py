"""One connection of the web server that sends ready pages itself, before any application runs."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any

from bot.web.http_server import BoundedProtocol
from bot.web.ready import Ready

SPENT = 0.001  # seconds that sending ready pages may take ...
EVERY = 0.005  # ... in each stretch of so many seconds: the rest is for checks and notices
WRITTEN_AS_ONE = 64 * 1024  # bytes: copying more costs more than a second piece
KEEP, CLOSE = b"\r\n", b"connection: close\r\n\r\n"


class Turns:
    """Lets readers wait their turn, so that a rush of them takes a share of the event loop only."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._waiting: deque[Callable[[], None]] = deque()
        self._ends = self._left = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def take(self, work: Callable[[], None]) -> None:
        """Do `work` now, or when it is its turn."""
        if self._timer is not None:
            self._waiting.append(work)
            return
        now = self._clock()
        if now >= self._ends:
            self._ends, self._left = now + EVERY, SPENT
        self._waiting.append(work)
        self._go_on()

    def _go_on(self) -> None:
        began = self._clock()
        while self._waiting and self._clock() - began < self._left:
            self._waiting.popleft()()
        now = self._clock()
        self._left -= now - began
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(max(self._ends - now, 0.0005), self._next)

    def _next(self) -> None:
        self._timer, self._left = None, SPENT
        self._ends = self._clock() + EVERY
        self._go_on()


class _Turn:
    """Stands for a request whose answer is ready, where the server looks for the state of the running one."""

    __slots__ = (
        "body",
        "disconnected",
        "head",
        "keep_alive",
        "message_event",
        "more_body",
        "response_complete",
        "rest",
    )
    response_started = False

    def __init__(self, head: bytes, rest: bytes, *, keep_alive: bool) -> None:
        self.head, self.rest, self.keep_alive = head, rest, keep_alive
        self.response_complete = self.disconnected = False
        self.more_body = True
        self.body, self.message_event = bytearray(), asyncio.Event()


class ReadyProtocol(BoundedProtocol):
    """`at_hand`: the page of a path, if it is ready."""

    def __init__(self, *, at_hand: Callable[[str], Ready | None], turns: Turns, **rest: Any) -> None:
        super().__init__(**rest)
        self._at_hand, self._turns = at_hand, turns

    def on_headers_complete(self) -> None:
        page = self._page()
        if page is None:
            super().on_headers_complete()
            return
        alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        alive = alive and self._requests < self._limits.requests
        asked = dict(self.headers)
        accept, known = asked.get(b"accept-encoding", b""), asked.get(b"if-none-match", b"")
        head, body = page.raw(accept.decode("latin-1"), known.decode("latin-1"))
        body = b"" if self.parser.get_method() == b"HEAD" else body
        self.cycle = _Turn(head, body, keep_alive=alive)  # type: ignore[assignment]
        self._in_head, self._in_body = False, True

    def on_message_complete(self) -> None:
        super().on_message_complete()
        turn = self.cycle
        if isinstance(turn, _Turn) and not turn.response_complete:
            self._turns.take(lambda: self._send(turn))

    def _page(self) -> Ready | None:
        """The page that the request asks for, if it can be sent now: it has no body, and nothing else is under way."""
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy or self.pipeline or self.parser.get_method() not in {b"GET", b"HEAD"} or self.parser.should_upgrade():
            return None
        if self.expect_100_continue or self.transport.get_write_buffer_size():
            return None
        for name, value in self.headers:
            if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
                return None
        return self._at_hand(self.url.partition(b"?")[0].decode("ascii", "replace"))

    def _send(self, turn: _Turn) -> None:
        if self._closed or self._refused or turn.disconnected or self.transport.is_closing():
            return
        dates = b"".join(b"%s: %s\r\n" % each for each in self.server_state.default_headers)
        top = turn.head + dates + (KEEP if turn.keep_alive else CLOSE)
        if len(turn.rest) <= WRITTEN_AS_ONE:
            self.transport.write(top + turn.rest)
        else:
            self.transport.writelines((top, turn.rest))
        turn.response_complete = True
        if not turn.keep_alive:
            self.transport.close()
        self.on_response_complete()

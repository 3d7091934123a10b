"""One connection of the web server that sends ready pages itself, before any application runs."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from bot.web.http_server import BoundedProtocol
from bot.web.ready import Ready

SPENT = 0.001  # seconds that sending ready pages may take ...
EVERY = 0.005  # ... in each stretch of so many seconds: the rest is for checks and notices
# The same while notices are on their way, and while a page is being made: its thread and the loop wait for each other.
SPENT_MEANWHILE = 0.0001
OWED = 0.02  # seconds that are made up for at most
CONNECTING = 0.0002  # seconds that a connection costs to accept and to close
WRITTEN_AS_ONE = 64 * 1024  # bytes: copying more costs more than a second piece
MOST, LONGEST = 256, 2048  # requests that are remembered, and bytes of the longest
KEEP, CLOSE = b"\r\n", b"connection: close\r\n\r\n"


class Turns:
    """Lets readers wait their turn, so that a rush of them takes a share of the event loop only. `busy`: whether
    there is more urgent work.
    """

    def __init__(self, clock: Callable[[], float] = perf_counter, busy: Callable[[], bool] = lambda: False) -> None:
        self._clock, self._busy = clock, busy
        self._waiting: deque[Callable[[], None]] = deque()
        self._ends = self._left = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def take(self, work: Callable[[], None]) -> None:
        """Do `work` now, or when it is its turn."""
        self._waiting.append(work)
        if self._timer is None:
            self._look()
            self._go_on()

    def spend(self, seconds: float) -> None:
        """Count what readers cost otherwise: they wait for it the longer."""
        self._look()
        self._left -= seconds

    def _look(self) -> None:
        """Begin the present stretch, unless it has begun."""
        if (late := self._clock() - self._ends) >= 0:
            self._begin(1 + late // EVERY)

    def _begin(self, stretches: float = 1) -> None:
        """Begin a stretch, so many after the last one. What was spent too much is missing in later ones."""
        share = SPENT_MEANWHILE if self._busy() else SPENT
        self._left = min(share, max(self._left, -OWED) + SPENT * stretches)
        self._ends = self._clock() + EVERY

    def _go_on(self) -> None:
        began = self._clock()
        while self._waiting and self._clock() - began < self._left:
            self._waiting.popleft()()
        now = self._clock()
        self._left -= now - began
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(max(self._ends - now, 0.0005), self._next)

    def _next(self) -> None:
        self._timer = None
        self._begin()
        self._go_on()


class _NoEvent:
    """Stands for the event that the server sets when a body arrives: no application waits for one here."""

    def set(self) -> None:
        pass


class _Turn:
    """Stands for a request whose answer is ready, where the server looks for the state of the running one."""

    __slots__ = ("disconnected", "head", "keep_alive", "more_body", "response_complete", "rest")
    response_started = False
    message_event = _NoEvent()

    def __init__(self, head: bytes, rest: bytes, *, keep_alive: bool) -> None:
        self.head, self.rest, self.keep_alive = head, rest, keep_alive
        self.response_complete = self.disconnected = False
        self.more_body = True


class Asked(NamedTuple):
    """What a request asks for."""

    path: str
    accept: str
    known: str
    whole: bool  # with its body; False: HEAD


class Requests:
    """Whole requests as they were sent, and what they ask for: whoever reloads a page sends the same bytes again."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Asked] = OrderedDict()

    def find(self, sent: bytes) -> Asked | None:
        return self._known.get(sent)

    def note(self, sent: bytes, asked: Asked) -> None:
        if len(sent) <= LONGEST:
            self._known[sent] = asked
            if len(self._known) > MOST:
                self._known.popitem(last=False)


class ReadyProtocol(BoundedProtocol):
    """`at_hand`: the page of a path, if it is ready."""

    def __init__(
        self, *, at_hand: Callable[[str], Ready | None], turns: Turns, requests: Requests, **rest: Any
    ) -> None:
        super().__init__(**rest)
        self._at_hand, self._turns, self._known = at_hand, turns, requests
        self._asked: Asked | None = None  # by the request that was read last, if its page was ready

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._turns.spend(CONNECTING)

    def data_received(self, data: bytes) -> None:
        begins = self._head == 0 if self._in_head else not self._in_body
        if not begins or self._closed or self._refused:
            super().data_received(data)
            return
        if (asked := self._known.find(data)) and (page := self._page(asked.path)):
            self._unset_keepalive_if_required()
            self._requests += 1
            self._in_head = False
            self._until(None)
            self._begin(page, asked, keep_alive=self._requests < self._limits.requests)
            return
        before, self._asked = self._requests, None
        super().data_received(data)
        self._remember(data, alone=self._requests == before + 1)

    def _remember(self, data: bytes, *, alone: bool) -> None:
        """Remember a request that came alone and whole: so it is read the same way the next time."""
        if self._asked and alone and not self._in_head and not self._in_body:
            self._known.note(data, self._asked)

    def on_headers_complete(self) -> None:
        page = None if self._more() else self._page(path := self.url.partition(b"?")[0].decode("ascii", "replace"))
        if page is None:
            super().on_headers_complete()
            return
        alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        headers = dict(self.headers)
        accept, known = (headers.get(name, b"").decode("latin-1") for name in (b"accept-encoding", b"if-none-match"))
        asked = Asked(path, accept, known, self.parser.get_method() == b"GET")
        self._asked = asked if alive else None
        self._in_head, self._in_body = False, True
        self._begin(page, asked, keep_alive=alive and self._requests < self._limits.requests)

    def _more(self) -> bool:
        """Whether the request is more than a question for a page."""
        if (
            self.parser.get_method() not in {b"GET", b"HEAD"}
            or self.parser.should_upgrade()
            or self.expect_100_continue
        ):
            return True
        return any(
            name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
            for name, value in self.headers
        )

    def _page(self, path: str) -> Ready | None:
        """The page of a path if it can be sent now: nothing else is under way, and what was sent before was read."""
        busy = self.cycle is not None and not self.cycle.response_complete
        return None if busy or self.pipeline or self.transport.get_write_buffer_size() else self._at_hand(path)

    def _begin(self, page: Ready, asked: Asked, *, keep_alive: bool) -> None:
        head, body = page.raw(asked.accept, asked.known)
        turn = _Turn(head, body if asked.whole else b"", keep_alive=keep_alive)
        self.cycle = turn  # type: ignore[assignment]
        self._turns.take(partial(self._send, turn))

    def _send(self, turn: _Turn) -> None:
        if self._closed or self._refused or turn.disconnected or self.transport.is_closing():
            return
        dates = b"".join([b"%s: %s\r\n" % each for each in self.server_state.default_headers])
        top = turn.head + dates + (KEEP if turn.keep_alive else CLOSE)
        if len(turn.rest) <= WRITTEN_AS_ONE:
            self.transport.write(top + turn.rest)
        else:
            self.transport.writelines((top, turn.rest))
        turn.response_complete = True
        if not turn.keep_alive:
            self.transport.close()
        self.on_response_complete()

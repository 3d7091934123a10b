"""HTTP server protocol: uvicorn's, with bounds on everything that callers control (connections, sizes, times)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bot.web.connections import Connections

KIB = 1024
SLICE = 4 * KIB  # bytes passed to the parser at once, and so the most by which a bound is exceeded


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    head: int = 32 * KIB
    headers: int = 100
    head_within: float = 10.0
    body_within: float = 20.0
    idle: float = 5.0
    requests: int = 500  # per connection
    pipelined: int = 4
    framing: int = 16 * KIB  # between two pieces of a body: chunk sizes, extensions, trailers
    body: int = 64 * KIB
    hook: int = 1024 * KIB
    # Of a heartbeat call, which is answered before its body arrives; the body is dropped.
    heartbeat: int = 16 * 1024 * KIB
    write_within: float = 10.0  # for `write_least` bytes of a response
    write_least: int = 4 * KIB
    linger: float = 1.0  # how long a refused client may take to read the response
    dropped: int = 256 * KIB  # bytes that a refused client may still send meanwhile

    def body_of(self, path: str) -> int:
        if path.startswith("/heartbeat/"):
            return self.heartbeat
        return self.hook if path.startswith(("/hooks/", "/witness/")) else self.body

    def declared(self, path: str, length: bytes) -> bool:
        """True if a body of this length is allowed. A heartbeat call counts whatever its length."""
        if not length.isdigit():
            return False
        return path.startswith("/heartbeat/") or (len(length) <= 15 and int(length) <= self.body_of(path))


# Makes the whole answer of a refusal, given the status, the Accept header and the path.
Refusal = Callable[[HTTPStatus, str, str], bytes]


class RefusedError(Exception):
    """A refused request, with the status of the response."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class BoundedProtocol(HttpToolsProtocol):
    """One connection. Head and body must arrive within their sizes and times, and the response must be read."""

    def __init__(self, *, gate: Connections, limits: Limits, refusal: Refusal, **rest: Any) -> None:
        super().__init__(**rest)
        self.timeout_keep_alive = cast("int", limits.idle)
        self._gate, self._limits, self._refusal = gate, limits, refusal
        self._address: str | None = None  # the address it counts for; None: not admitted
        self._refused: HTTPStatus | None = None
        self._closed = self._in_head = self._in_body = False
        self._head = self._headers_seen = self._framing = self._body = self._dropped = self._requests = 0
        self._reading: asyncio.TimerHandle | None = None  # deadline for the head or body being received
        self._writing: asyncio.TimerHandle | None = None  # deadline for reading more of the response
        self._unread, self._read_some = 0, False

    # ── connection ───────────────────────────────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        if not self._gate.admit(address):
            self._closed = True
            transport.abort()
            return
        self._address = address
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed = True
        for timer in (self._reading, self._writing):
            if timer:
                timer.cancel()
        self._reading = self._writing = None
        self._unset_keepalive_if_required()
        if self._address is not None:
            self._gate.release(self._address)
            self._address = None
        super().connection_lost(exc)
        self.pipeline.clear()

    def shutdown(self) -> None:
        super().shutdown()
        self._watch_writing()

    # ── input ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def data_received(self, data: bytes) -> None:
        if self._closed or self._refused:
            self._drop(len(data))
            return
        self._unset_keepalive_if_required()
        view = memoryview(data)
        try:
            while view and not self._closed:
                part = view[: self._room()]
                view = view[len(part) :]
                self._feed(bytes(part))
        except RefusedError as error:
            self._refuse(error.status)
        except httptools.HttpParserUpgrade:
            self._drop_rest()
        except httptools.HttpParserError as error:
            # The parser wraps exceptions of our own callbacks.
            cause = error.__context__ or error.__cause__
            self._refuse(cause.status if isinstance(cause, RefusedError) else HTTPStatus.BAD_REQUEST)

    def _room(self) -> int:
        """The number of bytes to parse next, within what is left of the head."""
        return min(SLICE, self._limits.head - self._head) if self._in_head else SLICE

    def _feed(self, part: bytes) -> None:
        if not self._in_head and not self._in_body:
            self._wait_for_head()
        self._framing += len(part)
        self.parser.feed_data(part)
        if self._in_head:
            self._head += len(part)
            if self._head >= self._limits.head:
                raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._in_body and self._framing > self._limits.framing:
            raise RefusedError(HTTPStatus.BAD_REQUEST)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._requests += 1
        if not self._in_head:
            self._wait_for_head()
        if len(self.pipeline) >= self._limits.pipelined:
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers_seen += 1
        if self._headers_seen > self._limits.headers:
            raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        declared = next((value for name, value in self.headers if name == b"content-length"), b"0")
        path = self.url.partition(b"?")[0].decode("ascii", "replace")
        if not self._limits.declared(path, declared):
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        super().on_headers_complete()
        if self._requests >= self._limits.requests:
            self.cycle.keep_alive = False
        self._in_head, self._in_body, self._framing, self._body = False, True, 0, self._limits.body_of(path)
        self._until(self._limits.body_within)

    def on_body(self, body: bytes) -> None:
        self._framing = 0
        self._body -= len(body)
        if self._body < 0:
            raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._until(None)
        answered = self.cycle.response_complete
        super().on_message_complete()
        # Answered before the body was complete: the client is idle only now.
        if answered and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(self._limits.idle, self.timeout_keep_alive_handler)

    def _wait_for_head(self) -> None:
        self._in_head, self._in_body, self._head, self._headers_seen = True, False, 0, 0
        self._until(self._limits.head_within)

    def _until(self, within: float | None) -> None:
        """Set the deadline of the data being received; None: no deadline."""
        if self._reading:
            self._reading.cancel()
        self._reading = self.loop.call_later(within, self._too_late) if within is not None else None

    def _too_late(self) -> None:
        self._reading = None
        if self._head or self._in_body:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:  # no byte received: browsers open such connections in advance
            self._abort()

    # ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _refuse(self, status: HTTPStatus) -> None:
        """Send the reason, if no response has begun, and close soon: a client that is still sending needs time to read
        it.
        """
        if self._closed or self._refused:
            return
        self._refused = status
        self._gate.complaints.note(status.phrase.lower())
        cycle = self.cycle
        waiting = cycle is not None and not cycle.response_complete
        if waiting:
            cycle.disconnected = True  # tell the handler that nobody waits for it
            cycle.message_event.set()
        self.pipeline.clear()
        self._unset_keepalive_if_required()
        if (not waiting and not self._in_body) or (waiting and self._in_body and not cycle.response_started):
            self.transport.write(self._answer(status))
        self._part()

    def _answer(self, status: HTTPStatus) -> bytes:
        """The refusal in the form that the request asks for, as far as it has arrived."""
        begun = self._requests > 0  # before that there are neither headers nor an address
        accept = next((value for name, value in self.headers if name == b"accept"), b"") if begun else b""
        path = self.url.partition(b"?")[0] if begun else b"/"
        return self._refusal(status, accept.decode("latin-1"), path.decode("ascii", "replace"))

    def _drop(self, size: int) -> None:
        self._dropped += size
        if self._dropped > self._limits.dropped:
            self._abort()

    def _drop_rest(self) -> None:
        """Respond as if no protocol upgrade had been requested, and read nothing more."""
        if self.cycle is not None:
            self.cycle.keep_alive = False
        self._refused = HTTPStatus.OK
        self._until(None)

    def _part(self) -> None:
        self._until(None)
        self._reading = self.loop.call_later(self._limits.linger, self._abort)
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _abort(self) -> None:
        if not self._closed:
            self._closed = True
            self.transport.abort()

    # ── output ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing()

    def resume_writing(self) -> None:
        self._read_some = True
        super().resume_writing()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.get_write_buffer_size() or self.transport.is_closing():
            self._watch_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch_writing()

    def _watch_writing(self) -> None:
        """Require the client to read at least a little in each period from now on."""
        if self._writing is None and not self._closed:
            self._unread, self._read_some = self.transport.get_write_buffer_size(), False
            self._writing = self.loop.call_later(self._limits.write_within, self._has_it_read)

    def _has_it_read(self) -> None:
        self._writing = None
        left = self.transport.get_write_buffer_size()
        if left and not self._read_some and left > self._unread - self._limits.write_least:
            self._gate.complaints.note("answer not read")
            self._abort()
        elif left or self.transport.is_closing():
            self._watch_writing()

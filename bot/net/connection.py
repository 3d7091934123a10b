"""A connection: one request at a time; and the idle ones, kept for a while.

Checks may have so many sockets; the others are for kept connections, channels, the page and the database.
"""

from __future__ import annotations

import asyncio
import resource
from collections import deque
from datetime import UTC, datetime
from functools import lru_cache
from ssl import cert_time_to_seconds
from types import TracebackType
from typing import Any, cast

from bot.contracts import Cause, Family
from bot.model import Reason, ReasonCode
from bot.net.errors import Trip, TroubleError
from bot.net.response import Reply

# Bytes read at once: processing them takes a few milliseconds at most, then other tasks get their turn.
PIECE = 32 * 1024
AGE = 300.0  # seconds since the handshake, after which name, route and certificate are checked afresh
FEWEST, MOST = 16, 4096


# Shared by all: each piece is copied before the next is read.
_piece = memoryview(bytearray(PIECE))

# bounds for a certificate's end
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class Connection(asyncio.BufferedProtocol):
    """Made by the loop's `create_connection`; `secure` then adds TLS."""

    __slots__ = ("_answered", "_reply", "_trip", "address", "born", "certificate_until", "idle_since", "transport")

    def __init__(self) -> None:
        self.address = ""  # of the far side
        self.transport: asyncio.Transport | None = None  # None: the connection is closed
        self.born = 0.0  # the loop's time after the last handshake
        self.idle_since = 0.0
        self.certificate_until: datetime | None = None
        self._reply: Reply | None = None
        self._trip: Trip | None = None
        self._answered: asyncio.Future[None] | None = None

    @property
    def alive(self) -> bool:
        return self.transport is not None and not self.transport.is_closing()

    def secured(self, transport: asyncio.Transport) -> None:
        """Note that TLS is established on `transport`."""
        self.transport = transport
        certificate: dict[str, Any] = transport.get_extra_info("peercert") or {}
        if until := certificate.get("notAfter"):
            self.certificate_until = _instant(until)

    async def ask(self, request: bytes, reply: Reply, trip: Trip) -> None:
        """Send, and read until `reply` is done. Raise OSError or TroubleError."""
        if self.transport is None or self.transport.is_closing():
            raise TroubleError(Cause.RESET, Reason.of(ReasonCode.CLOSED_WITHOUT_ANSWER))
        self._reply, self._trip = reply, trip
        answered = self._answered = asyncio.get_running_loop().create_future()
        trip.enter("wait")
        trip.left = True
        self.transport.write(request)
        try:
            await answered
            trip.enter("")  # not after a failure, as the phase shows where it happened
        finally:
            self._reply = self._trip = self._answered = None
            reply.release()

    def abort(self) -> None:
        """Close at once. Nothing is outstanding: either all has arrived, or it is not waited for any more."""
        if self.transport is not None:
            self.transport.abort()

    close = abort  # for `contextlib.closing`

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return _piece

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(_piece[:nbytes]))

    def data_received(self, data: bytes) -> None:
        reply = self._reply
        if reply is None or reply.done:
            self.abort()  # unsolicited data must not become the beginning of the next response
            return
        if not reply.begun and self._trip is not None:
            self._trip.enter("read")
        try:
            if reply.feed(data):
                self._settle(None)
        except TroubleError as error:
            self._settle(error)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._reply is None:
            return
        if isinstance(exc, ConnectionError):
            self._settle(exc)
            return
        try:
            self._reply.end()
            self._settle(None)
        except TroubleError as error:
            self._settle(exc or error)

    def _settle(self, error: BaseException | None) -> None:
        answer(self._answered, error)


def answer(waiting: asyncio.Future[None] | None, error: BaseException | None) -> None:
    """Tell whoever waits for a reply that it is there, or what went wrong, unless that was told before."""
    if waiting is None or waiting.done():
        return
    if error is None:
        waiting.set_result(None)
    else:
        waiting.set_exception(error)


@lru_cache(maxsize=4096)  # parsing in Python would cost 4 % of every fresh https check
def _instant(text: str) -> datetime | None:
    """The instant in OpenSSL's form, "Nov 21 03:13:00 2027 GMT"; None if it is no date.

    Far dates are clipped to what clocks and zones can handle: certificates may end in the year 1, or at the end of
    9999.
    """
    try:
        at = datetime.fromtimestamp(cert_time_to_seconds(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return min(max(at, _EARLIEST), _LATEST)


# Host, port, TLS, guarded, family: a connection opened without the guard must not serve guarded requests.
Origin = tuple[str, int, bool, bool, Family | None]


class Pool:
    """It reads no clock: `now` is the loop's time."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most or _half_of_our_sockets()
        self._idle: dict[Connection, Origin] = {}  # the longest idle first
        self._of: dict[Origin, list[Connection]] = {}  # these too

    def take(self, origin: Origin, now: float, idle: float) -> Connection | None:
        """The connection used last, if it is usable and was idle for `idle` seconds at most, handed to the caller; None if
        there is none.
        """
        for wire in reversed(self._of.get(origin, [])[:]):
            self._forget(wire)
            if wire.alive and now - wire.born < AGE and now - wire.idle_since <= idle:
                return wire
            wire.abort()
        return None

    def put(self, origin: Origin, wire: Connection, now: float, most: int = 1) -> None:
        """Keep a connection, in place of an older one where there are `most` of that origin."""
        if now - wire.born >= AGE:
            wire.abort()
            return
        wire.idle_since = now
        known = self._of.get(origin, [])
        while len(known) >= most:
            self._close(known[0])
        self._idle[wire] = origin
        self._of.setdefault(origin, []).append(wire)
        self._sweep(now)

    def close(self) -> None:
        while self._idle:
            self._close(next(iter(self._idle)))

    def __len__(self) -> int:
        return len(self._idle)

    def _sweep(self, now: float) -> None:
        """Close connections that are old or too many: unused origins would otherwise stay open for ever."""
        while self._idle:
            oldest = next(iter(self._idle))
            if len(self._idle) <= self._most and now - oldest.idle_since < AGE:
                return
            self._close(oldest)

    def _close(self, wire: Connection) -> None:
        self._forget(wire)
        wire.abort()

    def _forget(self, wire: Connection) -> None:
        origin = self._idle.pop(wire)
        known = self._of[origin]
        known.remove(wire)
        if not known:
            del self._of[origin]


def _half_of_our_sockets() -> int:
    """Half of our file limit; the other half is for running checks and everything else."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 4096 if soft == resource.RLIM_INFINITY else max(16, min(4096, soft // 2))


class Sockets:
    """A limited number of sockets; when all are taken, callers wait in turn."""

    def __init__(self, most: int | None = None) -> None:
        self._free = most or a_share()
        self._queue: deque[asyncio.Future[None]] = deque()

    def one(self, trip: Trip) -> _Taken:
        """Hold a socket for the time of a connection: `async with sockets.one(trip)`."""
        return _Taken(self, trip)

    async def take(self, trip: Trip) -> None:
        if self._free:  # then nobody waits
            self._free -= 1
            return
        trip.enter("turn")
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back()
            raise

    def give_back(self) -> None:
        """Hand it to the first who waits."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class _Taken:
    __slots__ = ("_sockets", "_trip")

    def __init__(self, sockets: Sockets, trip: Trip) -> None:
        self._sockets = sockets
        self._trip = trip

    async def __aenter__(self) -> None:
        await self._sockets.take(self._trip)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._sockets.give_back()


def a_share() -> int:
    """A quarter of this process's file limit; half of it is the pool's."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft == resource.RLIM_INFINITY else max(FEWEST, min(MOST, soft // 4))

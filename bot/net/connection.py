"""A connection: one request at a time, idle in between."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import lru_cache
from ssl import cert_time_to_seconds
from typing import Any, cast

from bot.contracts import Cause
from bot.model import Reason, ReasonCode
from bot.net.errors import Trip, TroubleError
from bot.net.response import Reply

# Bytes read at once: processing them takes a few milliseconds at most, then other tasks get their turn.
PIECE = 32 * 1024
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

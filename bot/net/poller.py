"""Connections that are used once, on plain sockets: a check over them costs half of one over the loop's own transports.

One epoll watches all of them, and the loop watches that epoll. Linux only; elsewhere the loop's transports do.
"""

from __future__ import annotations

import asyncio
import errno
import os
import select
import socket
import sys
from datetime import datetime

from bot.net.connection import PIECE, answer
from bot.net.errors import Trip, TroubleError
from bot.net.response import Reply

AT_ONCE = 256  # sockets looked at in one turn of the loop
NEW = socket.SOCK_STREAM | getattr(socket, "SOCK_NONBLOCK", 0) | getattr(socket, "SOCK_CLOEXEC", 0)
BEGUN = frozenset({0, errno.EINPROGRESS})
# These mean that there was a connection: without one, it would be refused.
BROKEN = frozenset({errno.ECONNRESET, errno.EPIPE})

# Shared by all: each piece is copied before the next is read.
_piece = memoryview(bytearray(PIECE))


class Poller:
    """Watches the sockets of one loop. Opened by the first of them."""

    def __init__(self) -> None:
        self.running: dict[int, SingleUse] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._epoll: select.epoll | None = None

    @staticmethod
    def works() -> bool:
        """Whether this system has what it needs."""
        return sys.platform == "linux"

    def open(self, address: str, port: int) -> SingleUse:
        """Begin to connect to an address. Raise OSError if that fails at once."""
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, NEW)
        try:
            error = sock.connect_ex((address, port))
        except BaseException:
            sock.close()
            raise
        if error not in BEGUN:
            sock.close()
            raise OSError(error, os.strerror(error))
        return SingleUse(self, sock)

    def watch(self, wire: SingleUse, fd: int) -> asyncio.AbstractEventLoop:
        """Tell `wire` of each event of a socket from now on, once: all that is there must be read."""
        loop = self._loop
        if self._epoll is None or loop is None:
            loop, self._epoll = asyncio.get_running_loop(), select.epoll()
            self._loop = loop
            loop.add_reader(self._epoll.fileno(), self._look)
        self._epoll.register(fd, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
        self.running[fd] = wire
        return loop

    def forget(self, fd: int) -> None:
        # Not left to the closing of the socket: a process that is just being started has a copy of it.
        if self.running.pop(fd, None) is not None and self._epoll is not None:
            self._epoll.unregister(fd)

    def close(self) -> None:
        """Close everything."""
        for wire in list(self.running.values()):
            wire.settle(OSError(errno.ECANCELED, "closed"))
        if self._epoll is not None and self._loop is not None:
            if not self._loop.is_closed():
                self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = self._loop = None

    def _look(self) -> None:
        if self._epoll is None:
            return
        for fd, events in self._epoll.poll(0, AT_ONCE):
            wire = self.running.get(fd)
            if wire is not None:
                wire.on_events(events)


class SingleUse:
    """A connection for one request. It is opened while `ask` waits."""

    __slots__ = ("_answered", "_fd", "_poller", "_reply", "_rest", "_sock", "_trip", "address", "certificate_until")

    alive = False  # it is not kept

    def __init__(self, poller: Poller, sock: socket.socket) -> None:
        self.address = ""  # of the far side
        self.certificate_until: datetime | None = None
        self._poller = poller
        self._sock = sock
        self._fd = sock.fileno()
        self._answered: asyncio.Future[None] | None = None
        self._reply: Reply | None = None
        self._rest: bytes | memoryview = b""  # of the request, to be sent
        self._trip: Trip | None = None

    async def ask(self, request: bytes, reply: Reply, trip: Trip) -> None:
        """Send, and read until `reply` is done. Raise OSError or TroubleError."""
        self._rest, self._reply, self._trip = request, reply, trip
        try:
            self._answered = self._poller.watch(self, self._fd).create_future()
            await self._answered
            trip.enter("")  # not after a failure, as the phase shows where it happened
        finally:
            self.abort()
            reply.release()

    def abort(self) -> None:
        """Close at once. Nothing is outstanding: either all has arrived, or it is not waited for any more."""
        if self._fd >= 0:
            self._poller.forget(self._fd)
            self._fd = -1
            self._sock.close()

    def on_events(self, events: int) -> None:
        """Send what can be sent, and read what is there."""
        reply, trip = self._reply, self._trip
        if reply is None or trip is None:
            return
        unsent = self._send(trip) if self._rest else None
        if unsent is not None and unsent.errno not in BROKEN:
            self.settle(unsent)
        elif unsent is not None or events & ~select.EPOLLOUT:
            self._read(reply, trip, unsent)

    def settle(self, error: Exception | None) -> None:
        """End it."""
        self.abort()
        answer(self._answered, error)

    def _send(self, trip: Trip) -> OSError | None:
        """Send; return the error if that fails."""
        try:
            sent = self._sock.send(self._rest)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno in BROKEN:
                self._begin(trip)
            return error
        self._begin(trip)
        self._rest = memoryview(self._rest)[sent:] if sent < len(self._rest) else b""
        return None

    @staticmethod
    def _begin(trip: Trip) -> None:
        """Note that the connection is there."""
        if not trip.left:
            trip.enter("wait")
            trip.left = True

    def _read(self, reply: Reply, trip: Trip, unsent: OSError | None) -> None:
        """Read one piece, and the others in the loop's next turns: meanwhile, other tasks get theirs."""
        try:
            count = self._sock.recv_into(_piece)
        except BlockingIOError:
            if unsent is not None:
                self.settle(unsent)
            return
        except OSError as error:
            self._end(reply, error)
            return
        if not count:
            self._end(reply, None)
            return
        if not reply.begun:
            trip.enter("read")
        try:
            done = reply.feed(bytes(_piece[:count]))
        except TroubleError as error:
            self.settle(error)
            return
        if done:
            self.settle(None)
        else:
            asyncio.get_running_loop().call_soon(self._read_on)

    def _read_on(self) -> None:
        if self._fd >= 0 and self._reply is not None and self._trip is not None:
            self._read(self._reply, self._trip, None)

    def _end(self, reply: Reply, error: OSError | None) -> None:
        """End it, as nothing more will come."""
        if isinstance(error, ConnectionError):
            self.settle(error)
            return
        try:
            reply.end()
        except TroubleError as incomplete:
            self.settle(error or incomplete)
        else:
            self.settle(None)

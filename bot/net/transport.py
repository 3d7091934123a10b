"""From a request to its answer over one connection: look up, guard, connect, TLS, ask; and what connections are kept."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from bot.contracts import Cause, Family
from bot.net.causes import Trip, TroubleError
from bot.net.guard import INNER, inner
from bot.net.pool import Origin, Pool
from bot.net.reply import Reply
from bot.net.request import IDEMPOTENT, Prepared
from bot.net.resolve import Names, literal
from bot.net.wire import Wire

# Many servers close what is idle for 5 s (Apache, Node.js). A question that crosses such a closing on its way may be
# asked again, a POST may not: so a POST uses only what was in use a moment ago.
POST_IDLE = 4.0
ANY_IDLE = 300.0

AnyWire = TypeVar("AnyWire", bound=Wire)


class Transport:
    """A plain-HTTP connection is used once: a new one costs next to nothing and sees more. TLS handshakes are what we save."""

    def __init__(self, names: Names, ca_file: str | Path | None) -> None:
        self._names = names
        self._ca_file = ca_file
        self._pool = Pool()

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """One for all: reading the system's authorities takes a tenth of a second, which who asks no https need not wait."""
        context = ssl.create_default_context()
        if self._ca_file is not None:
            context.load_verify_locations(self._ca_file)
        context.set_alpn_protocols(["http/1.1"])
        return context

    async def ask(self, prepared: Prepared, trip: Trip, *, cap: int, fresh: bool, guarded: bool) -> tuple[Reply, Wire]:
        """The answer, and the connection it came over (no longer the caller's). Raise OSError or TroubleError."""
        wire = None if fresh or not prepared.keeps else self._idle(prepared, guarded)
        if wire is not None:
            trip.reused = True
            reply = Reply(prepared.method, cap)
            try:
                return await self._converse(wire, prepared, reply, trip, guarded), wire
            except (OSError, TroubleError):
                if reply.begun or prepared.method not in IDEMPOTENT:
                    raise
            trip.reused = False  # it had been closed while idle, which tells nothing: ask over a new one
        wire = await self.dial(prepared.host, prepared.port, trip, guarded=guarded, make=Wire, family=prepared.family)
        if prepared.secure:
            await self.secure(wire, prepared.host, trip)
        wire.born = asyncio.get_running_loop().time()
        return await self._converse(wire, prepared, Reply(prepared.method, cap), trip, guarded), wire

    async def dial(
        self,
        host: str,
        port: int,
        trip: Trip,
        *,
        guarded: bool,
        make: type[AnyWire],
        family: Family | None = None,
    ) -> AnyWire:
        """Resolve and connect over TCP."""
        addresses = await self.addresses(host, trip, guarded=guarded)
        if family is not None:
            addresses = [each for each in addresses if (6 if ":" in each else 4) == family]
            if not addresses:
                raise TroubleError(Cause.NO_SUCH_NAME, f"has no IPv{family} address")
        trip.enter("connect")
        return await _first(addresses, port, trip.until, make)

    async def addresses(self, host: str, trip: Trip, *, guarded: bool) -> Sequence[str]:
        """At least one, the best first."""
        address = literal(host)
        if address is None:
            trip.enter("dns")
            addresses = await self._names.addresses(host)
        else:
            addresses = (address,)
        if guarded:
            addresses = [each for each in addresses if not inner(each)]
            if not addresses:
                raise TroubleError(Cause.GUARDED, INNER)
        return addresses

    def close(self) -> None:
        self._pool.close()

    def _idle(self, prepared: Prepared, guarded: bool) -> Wire | None:
        longest = ANY_IDLE if prepared.method in IDEMPOTENT else POST_IDLE
        now = asyncio.get_running_loop().time()
        return self._pool.take(_origin(prepared, guarded), now, longest)

    async def _converse(self, wire: Wire, prepared: Prepared, reply: Reply, trip: Trip, guarded: bool) -> Reply:
        try:
            await wire.ask(prepared.wire, reply, trip)
        except BaseException:
            wire.abort()
            raise
        if reply.keep and prepared.keeps and wire.alive:
            self._pool.put(_origin(prepared, guarded), wire, asyncio.get_running_loop().time())
        else:
            wire.abort()
        return reply

    async def secure(self, wire: Wire, host: str, trip: Trip) -> None:
        """Speak TLS over it, as with `host`."""
        trip.enter("tls")
        plain = wire.transport
        if plain is None or plain.is_closing():
            raise ConnectionResetError
        loop = asyncio.get_running_loop()
        limit = max(trip.until - loop.time(), 0.0) + 1.0  # never before our own time-out, which knows the phase
        try:
            transport = await loop.start_tls(
                plain, wire, self._context, server_hostname=host.rstrip("."), ssl_handshake_timeout=limit
            )
        except BaseException:
            plain.abort()
            raise
        if transport is None:
            raise ConnectionResetError
        wire.secured(transport)


def _origin(prepared: Prepared, guarded: bool) -> Origin:
    return prepared.host, prepared.port, prepared.secure, guarded, prepared.family


async def _first(addresses: Sequence[str], port: int, until: float, make: type[AnyWire]) -> AnyWire:
    """The first that lets us in. Each may take its share of the time left, so that a silent one does not take all."""
    for tried, address in enumerate(addresses[:-1]):
        loop = asyncio.get_running_loop()
        share = (until - loop.time()) / (len(addresses) - tried)
        try:
            async with asyncio.timeout(share):
                return await _open(address, port, make)
        except OSError:
            continue
    return await _open(addresses[-1], port, make)


async def _open(address: str, port: int, make: type[AnyWire]) -> AnyWire:
    _, wire = await asyncio.get_running_loop().create_connection(make, address, port)
    return wire

"""From a request to its response over one connection: resolve, guard, connect, TLS, ask; and keep connections.

The addresses of a name are tried in turn, a moment apart, and the first to connect is taken (RFC 8305, happy eyeballs).
"""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Awaitable, Callable, Sequence
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TypeVar, cast

from bot.contracts import Cause, Family
from bot.model import AdviceCode, Reason, ReasonCode
from bot.net.address_guard import INNER, inner
from bot.net.connection import Connection, Origin, Pool, Sockets
from bot.net.dns import DnsClient, literal
from bot.net.errors import Trip, TroubleError, explain, has_route
from bot.net.poller import Poller, SingleUse
from bot.net.request import IDEMPOTENT, Prepared
from bot.net.response import Reply
from bot.net.timer_wheel import TimerWheel

NO_AUTHORITIES = Reason.of(ReasonCode.OWN_AUTHORITIES_MISSING, advice=AdviceCode.SET_AUTHORITIES)

# Many servers close a connection idle for 5 s (Apache, Node.js). A request that crosses the closing may be repeated,
# but not a POST: so a POST takes only a recently used one.
POST_IDLE = 4.0
POSTS = 32  # connections kept to one origin: as many notices go out at once
ANY_IDLE = 300.0

# No route or no local address: the cause has to be found out.
ROUTELESS = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
ATTEMPTS_APART = 0.25  # seconds: the RFC's "connection attempt delay"


Wire = Connection | SingleUse
Maker = type[Connection] | Poller
AnyWire = TypeVar("AnyWire", bound=Connection)


class Transport:
    """Sends requests. A plain-HTTP connection is used once, as a new one is cheap and tests more; TLS handshakes are
    saved.
    """

    def __init__(self, names: DnsClient, ca_file: str | Path | None, source: str | None = None) -> None:
        self._names = names
        self._source = source  # the address of ours that connections come from
        self._ca_file = ca_file
        self._pool = Pool()
        self.sockets = Sockets()
        self.wheel = TimerWheel()
        self._poller = Poller() if Poller.works() and source is None else None

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Made on demand, as reading the system's authorities takes a while."""
        return shared_tls() if self._ca_file is None else tls_trusting(self._ca_file)

    async def ask(self, prepared: Prepared, trip: Trip, *, cap: int, fresh: bool, guarded: bool) -> tuple[Reply, Wire]:
        """The response, and its connection (no longer the caller's). Raise OSError or TroubleError."""
        wire = None if fresh or not prepared.keeps else self._idle(prepared, guarded)
        if wire is not None:
            trip.reused = True
            reply = Reply(prepared.method, cap)
            try:
                return await self._converse(wire, prepared, reply, trip, guarded), wire
            except (OSError, TroubleError):
                if reply.begun or prepared.method not in IDEMPOTENT:
                    raise
            trip.reused = False  # it was closed while idle, which means nothing: try a new one
        await self.sockets.take(trip)
        try:
            new = await self._new(prepared, trip, guarded=guarded)
            return await self._converse(new, prepared, Reply(prepared.method, cap), trip, guarded), new
        finally:
            self.sockets.give_back()

    async def _new(self, prepared: Prepared, trip: Trip, *, guarded: bool) -> Wire:
        """A new connection."""
        # What somebody in a chat asks for is rare, and guarded; the poller is for what is done without end.
        if self._poller is not None and not (guarded or prepared.secure or prepared.keeps):
            addresses = await self.reachable(prepared.host, trip, guarded=guarded, family=prepared.family)
            trip.enter("connect")
            if len(addresses) == 1 and "%" not in addresses[0]:
                return await _attempt(addresses[0], prepared.port, self._poller, None)
            return await _first(addresses, prepared.port, Connection, self._source)
        wire = await self.dial(
            prepared.host, prepared.port, trip, guarded=guarded, make=Connection, family=prepared.family
        )
        if prepared.secure:
            await self.secure(wire, prepared.host, trip)
        wire.born = asyncio.get_running_loop().time()
        return wire

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
        addresses = await self.reachable(host, trip, guarded=guarded, family=family)
        trip.enter("connect")
        if len(addresses) == 1:
            return cast("AnyWire", await _attempt(addresses[0], port, make, self._source))
        return await _first(addresses, port, make, self._source)

    async def reachable(self, host: str, trip: Trip, *, guarded: bool, family: Family | None = None) -> Sequence[str]:
        """The `addresses` of this family, or of the family of the address that we come from."""
        addresses = await self.addresses(host, trip, guarded=guarded)
        if family is None and self._source is not None:
            family = 6 if ":" in self._source else 4
        if family is None:
            return addresses
        if found := [each for each in addresses if (6 if ":" in each else 4) == family]:
            return found
        raise TroubleError(Cause.NO_SUCH_NAME, Reason.of(ReasonCode.NO_ADDRESS, family=f"IPv{family}"))

    async def addresses(self, host: str, trip: Trip, *, guarded: bool) -> Sequence[str]:
        """At least one address, the best first."""
        address = literal(host)
        if address is None:
            trip.enter("dns")
            addresses = await self._names.addresses(host)
        else:
            addresses = (address,)
        if guarded:
            # A zone selects one of our interfaces, which is not for others to choose.
            addresses = [each for each in addresses if "%" not in each and not inner(each)]
            if not addresses:
                raise TroubleError(Cause.GUARDED, INNER)
        return addresses

    @staticmethod
    def public(wire: Wire) -> bool:
        """Whether it leads out of our own network."""
        return bool(wire.address) and not inner(wire.address)

    def close(self) -> None:
        self._pool.close()
        if self._poller is not None:
            self._poller.close()

    def _idle(self, prepared: Prepared, guarded: bool) -> Connection | None:
        longest = ANY_IDLE if prepared.method in IDEMPOTENT else POST_IDLE
        now = asyncio.get_running_loop().time()
        return self._pool.take(_origin(prepared, guarded), now, longest)

    async def _converse(self, wire: Wire, prepared: Prepared, reply: Reply, trip: Trip, guarded: bool) -> Reply:
        try:
            await wire.ask(prepared.wire, reply, trip)
        except BaseException:
            wire.abort()
            raise
        if reply.keep and prepared.keeps and isinstance(wire, Connection) and wire.alive:
            most = 1 if prepared.method in IDEMPOTENT else POSTS
            self._pool.put(_origin(prepared, guarded), wire, asyncio.get_running_loop().time(), most)
        else:
            wire.abort()
        return reply

    async def secure(self, wire: Connection, host: str, trip: Trip) -> None:
        """Start TLS on a connection, for `host`."""
        trip.enter("tls")
        plain = wire.transport
        if plain is None or plain.is_closing():
            raise ConnectionResetError
        loop = asyncio.get_running_loop()
        limit = max(trip.until - loop.time(), 0.0) + 1.0  # later than our own time-out, which knows the phase
        try:
            transport = await loop.start_tls(
                plain, wire, self._context, server_hostname=host.rstrip("."), ssl_handshake_timeout=limit
            )
        except ssl.SSLCertVerificationError:
            plain.abort()
            if _trusts_nobody(self._context):
                raise TroubleError(Cause.OURS, NO_AUTHORITIES) from None
            raise
        except BaseException:
            plain.abort()
            raise
        if transport is None:
            raise ConnectionResetError
        wire.secured(transport)


def _trusts_nobody(context: ssl.SSLContext) -> bool:
    """Whether there are no authorities at all: then no certificate is trusted, which is not the services' fault."""
    if context.cert_store_stats()["x509_ca"]:
        return False
    folder = ssl.get_default_verify_paths().capath
    return folder is None or not any(Path(folder).glob("*.[0-9]"))


def _origin(prepared: Prepared, guarded: bool) -> Origin:
    return prepared.host, prepared.port, prepared.secure, guarded, prepared.family


async def _first(addresses: Sequence[str], port: int, make: type[AnyWire], source: str | None) -> AnyWire:
    """The first connection to succeed. Raise OSError or TroubleError if none does."""
    attempts = [partial(_attempt, address, port, make, source) for address in addresses]
    return cast("AnyWire", await first_to_connect(attempts, dispose=lambda wire: wire.abort()))


async def _attempt(address: str, port: int, make: Maker, source: str | None) -> Wire:
    """Connect to an address. `source`: the address of ours that the connection comes from."""
    try:
        wire = await _open(address, port, make, source)
    except OSError as error:
        if error.errno in ROUTELESS and not has_route(address):
            family = "IPv6" if ":" in address else "IPv4"
            raise TroubleError(Cause.OURS, Reason.of(ReasonCode.OWN_ROUTE_MISSING, family=family)) from None
        raise
    wire.address = address
    return wire


async def _open(address: str, port: int, make: Maker, source: str | None) -> Wire:
    """A connection made by `make`. A poller only begins to connect; the rest is done with the request."""
    if isinstance(make, Poller):
        return make.open(address, port)
    ours = None if source is None else (source, 0)
    _, wire = await asyncio.get_running_loop().create_connection(make, address, port, local_addr=ours)
    return wire


@cache
def shared_tls() -> ssl.SSLContext:
    """The settings of all who ask over HTTP: each copy of the authorities takes 0.8 MB, and 20 ms to be read."""
    return tls_trusting(None)


def tls_trusting(ca_file: str | Path | None) -> ssl.SSLContext:
    """New settings. `ca_file` is trusted besides the system's authorities."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


Made = TypeVar("Made")


async def first_to_connect(
    attempts: Sequence[Callable[[], Awaitable[Made]]],
    *,
    dispose: Callable[[Made], object],
    apart: float = ATTEMPTS_APART,
) -> Made:
    """The result of the first attempt to succeed. The next one begins when one fails, or `apart` seconds after it
    began.

    The others are cancelled; late results go to `dispose`. If all fail, raise the most telling error.
    """
    waiting = list(reversed(attempts))
    running: set[asyncio.Task[Made]] = set()
    errors: list[OSError | TroubleError] = []
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.ensure_future(_run(waiting.pop())))
            done, running = await asyncio.wait(
                running, timeout=apart if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            won = [task for task in done if task.exception() is None]
            if won:
                running.update(won[1:])
                return won[0].result()
            errors += [error for task in done if isinstance(error := task.exception(), OSError | TroubleError)]
            for task in done:
                if not isinstance(task.exception(), OSError | TroubleError):
                    task.result()
        raise _telling(errors)
    finally:
        for task in running:
            _give_up(task, dispose)


async def _run(attempt: Callable[[], Awaitable[Made]]) -> Made:
    return await attempt()


def _give_up(task: asyncio.Task[Made], dispose: Callable[[Made], object]) -> None:
    """Cancel an attempt, which may succeed at that very moment."""

    def over(task: asyncio.Task[Made]) -> None:
        if not task.cancelled() and task.exception() is None:
            dispose(task.result())

    task.cancel()
    task.add_done_callback(over)


def _telling(errors: Sequence[OSError | TroubleError]) -> OSError | TroubleError:
    """The most telling error: our own fault first, unless only one address family is missing."""
    causes = [explain(error, "connect")[0] for error in errors]
    lacking = [e for e, cause in zip(errors, causes, strict=True) if cause is Cause.OURS and not _of_a_family(e)]
    theirs = [error for error, cause in zip(errors, causes, strict=True) if cause is not Cause.OURS]
    return (lacking or theirs or list(errors))[-1]


def _of_a_family(error: OSError | TroubleError) -> bool:
    """Whether this machine lacks a whole address family, which does no harm if the other one works."""
    return isinstance(error, TroubleError)

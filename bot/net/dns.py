"""Names to addresses through c-ares: no thread is held by a slow name, and whose fault a failure is gets found out."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Protocol

import aiodns
import pycares
from aiodns import error as ares

from bot.contracts import Cause, Record
from bot.net.dns_records import written
from bot.net.errors import TroubleError

ATTEMPT = 1.5  # seconds for one question to one server, doubled at the next try ...
TRIES = 2  # ... so that silence is known, and its cause looked for, within the usual time-out
MOST = 6  # addresses tried of one name
VOUCHED = 5.0  # seconds for which one look at our resolver answers for all names that fail

NONE_SUCH = frozenset(
    {ares.ARES_ENOTFOUND, ares.ARES_ENODATA, ares.ARES_ENONAME, ares.ARES_EBADNAME, ares.ARES_EBADSTR}
)
SAYS = {  # of a name server that was asked by name
    ares.ARES_ESERVFAIL: "its name server fails (SERVFAIL)",
    ares.ARES_EREFUSED: "its name server refuses to answer (REFUSED)",
}
# The four-part, decimal, octal and hexadecimal forms that inet_aton reads. Browsers read them too, so they are literals.
NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}\.?", re.IGNORECASE | re.ASCII)


class DnsClient(Protocol):
    """Who knows the addresses of names."""

    async def addresses(self, host: str) -> Sequence[str]:
        """At least one, the best first. Raise `TroubleError` when there is none or none can be had."""

    async def records(self, name: str, kind: Record, server: str) -> tuple[str, ...]:
        """At least one. `server`: "[192.0.2.53]:53", or "" for our own. Raise as above."""


def split(server: str) -> tuple[str, int]:
    """ "ns.example:5353", "[2001:db8::53]:53" or either without its port. Raise ValueError for a wrong port."""
    plain = literal(server) is not None or ":" not in server.rpartition("]")[2]
    host, port = (server, "53") if plain else server.rsplit(":", 1)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("expected a port between 1 and 65535")
    return host.strip("[]"), int(port)


@lru_cache(maxsize=4096)
def literal(host: str) -> str | None:
    """The address that `host` itself is, in its plain form; None when it is a name."""
    try:
        return str(ip_address(host))
    except ValueError:
        if not NUMERIC.fullmatch(host):
            return None
    try:
        return socket.inet_ntoa(socket.inet_aton(host.rstrip(".")))
    except OSError:
        return None


class Resolver:
    """The system's resolvers and /etc/hosts, or `servers` ("127.0.0.1:5353"). Opened by its first question.

    A name with a dot is asked for as it stands; the search domains of this machine are for names of one word alone, such
    as those of containers.
    """

    def __init__(self, servers: Sequence[str] | None = None) -> None:
        self._servers = servers
        self._ares: aiodns.DNSResolver | None = None
        self._searching: aiodns.DNSResolver | None = None
        self._well: asyncio.Task[bool] | None = None
        self._well_at = 0.0

    async def addresses(self, host: str) -> Sequence[str]:
        name = host.rstrip(".")
        try:
            found = await self._channel(host).getaddrinfo(name, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
        except aiodns.error.DNSError as error:
            raise await self._blame(error.args[0]) from None
        except UnicodeError:
            raise TroubleError(Cause.NO_SUCH_NAME, "no such name") from None
        addresses = [node.addr[0].decode("ascii") for node in found.nodes]
        if not addresses:
            raise TroubleError(Cause.NO_SUCH_NAME, "no such name")
        return alternate(addresses)[:MOST]

    async def records(self, name: str, kind: Record, server: str) -> tuple[str, ...]:
        """In a channel of its own: c-ares remembers old answers, and these are asked to be seen afresh."""
        async with self._open([server] if server else self._servers) as channel:
            try:
                found = written(await channel.query_dns(name, kind), kind)
            except aiodns.error.DNSError as error:
                raise await self._lacking(error.args[0], kind, own=not server) from None
            except UnicodeError:
                raise TroubleError(Cause.NO_SUCH_NAME, "no such name") from None
        if not found:
            raise TroubleError(Cause.NO_SUCH_NAME, f"has no {kind} record")
        return found

    async def close(self) -> None:
        if self._well is not None:
            self._well.cancel()
            await asyncio.gather(self._well, return_exceptions=True)
        for channel in (self._ares, self._searching):
            if channel is not None:
                await channel.close()
        self._ares = self._searching = None

    def _channel(self, host: str) -> aiodns.DNSResolver:
        """The one that looks for `host` in the search domains, or the one that does not."""
        if "." in host:
            if self._ares is None:
                self._ares = self._open(self._servers)
            return self._ares
        if self._searching is None:
            self._searching = self._open(self._servers, flags=0)
        return self._searching

    @staticmethod
    def _open(servers: Sequence[str] | None, flags: int = pycares.ARES_FLAG_NOSEARCH) -> aiodns.DNSResolver:
        return aiodns.DNSResolver(servers, timeout=ATTEMPT, tries=TRIES, flags=flags)

    async def _lacking(self, code: int, kind: Record, *, own: bool) -> TroubleError:
        if code == ares.ARES_ENODATA:
            return TroubleError(Cause.NO_SUCH_NAME, f"has no {kind} record")
        if own or code in NONE_SUCH:
            return await self._blame(code)
        return TroubleError(Cause.NAME_SERVERS, SAYS.get(code, "its name server does not answer"))

    async def _blame(self, code: int) -> TroubleError:
        """SERVFAIL and silence are what a broken resolver gives, but a good one too when all servers of the name are gone."""
        if code in NONE_SUCH:
            return TroubleError(Cause.NO_SUCH_NAME, "no such name")
        if code != ares.ARES_ECONNREFUSED and await self._works():
            return TroubleError(Cause.NAME_SERVERS, "its name cannot be looked up: its name servers do not answer")
        return TroubleError(Cause.RESOLVER, "our own resolver does not answer")

    async def _works(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self._well is None or now - self._well_at > VOUCHED:
            self._well_at = now
            self._well = asyncio.create_task(self._asks_root(), name="resolver")
        return await asyncio.shield(self._well)

    async def _asks_root(self) -> bool:
        """Every resolver that works knows the root's servers. In a channel of its own: c-ares remembers old answers."""
        async with self._open(self._servers) as channel:
            try:
                await channel.query_dns(".", "NS")
            except aiodns.error.DNSError:
                return False
        return True


def alternate(addresses: Sequence[str]) -> list[str]:
    """The families in turn, the first one's first, so that one broken family costs one attempt (RFC 8305, section 4)."""
    first_is_6 = ":" in addresses[0]
    same = [a for a in addresses if (":" in a) is first_is_6]
    other = [a for a in addresses if (":" in a) is not first_is_6]
    return [a for a in chain.from_iterable(zip_longest(same, other)) if a]

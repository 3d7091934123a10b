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
from aiodns import error as ares

from bot.contracts import Cause
from bot.net.causes import TroubleError

ATTEMPT = 1.5  # seconds for one question to one server, doubled at the next try ...
TRIES = 2  # ... so that silence is known, and its cause looked for, within the usual time-out
MOST = 6  # addresses tried of one name
VOUCHED = 5.0  # seconds for which one look at our resolver answers for all names that fail

NONE_SUCH = frozenset(
    {ares.ARES_ENOTFOUND, ares.ARES_ENODATA, ares.ARES_ENONAME, ares.ARES_EBADNAME, ares.ARES_EBADSTR}
)
# The four-part, decimal, octal and hexadecimal forms that inet_aton reads. Browsers read them too, so they are literals.
NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}\.?", re.IGNORECASE | re.ASCII)


class Names(Protocol):
    """Who knows the addresses of names."""

    async def addresses(self, host: str) -> Sequence[str]:
        """At least one, the best first. Raise `TroubleError` when there is none or none can be had."""


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
    """The system's resolvers and /etc/hosts, or `servers` ("127.0.0.1:5353"). Opened by its first question."""

    def __init__(self, servers: Sequence[str] | None = None) -> None:
        self._servers = servers
        self._ares: aiodns.DNSResolver | None = None
        self._well: asyncio.Task[bool] | None = None
        self._well_at = 0.0

    async def addresses(self, host: str) -> Sequence[str]:
        if self._ares is None:
            self._ares = self._open()
        try:
            found = await self._ares.getaddrinfo(host, family=socket.AF_UNSPEC, type=socket.SOCK_STREAM)
        except aiodns.error.DNSError as error:
            raise await self._blame(error.args[0]) from None
        except UnicodeError:
            raise TroubleError(Cause.NO_SUCH_NAME, "no such name") from None
        addresses = [node.addr[0].decode("ascii") for node in found.nodes]
        if not addresses:
            raise TroubleError(Cause.NO_SUCH_NAME, "no such name")
        return alternate(addresses)[:MOST]

    async def close(self) -> None:
        if self._well is not None:
            self._well.cancel()
            await asyncio.gather(self._well, return_exceptions=True)
        if self._ares is not None:
            await self._ares.close()
            self._ares = None

    def _open(self) -> aiodns.DNSResolver:
        return aiodns.DNSResolver(self._servers, timeout=ATTEMPT, tries=TRIES)

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
        async with self._open() as channel:
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

"""Name resolution through c-ares: a slow name blocks no thread, and a failure's cause is found."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Any, Protocol

import aiodns
import pycares
from aiodns import error as ares

from bot.contracts import Cause, Record
from bot.model import Reason, ReasonCode
from bot.net.errors import TroubleError

ATTEMPT = 1.5  # seconds for one query to one server, doubled at the next attempt ...
TRIES = 2  # ... so that silence, and its cause, are known within the usual time-out
MOST = 6  # addresses tried per name
VOUCHED = 5.0  # seconds that a check of our resolver holds for all failing names

NONE_SUCH = frozenset(
    {ares.ARES_ENOTFOUND, ares.ARES_ENODATA, ares.ARES_ENONAME, ares.ARES_EBADNAME, ares.ARES_EBADSTR}
)
SAYS = {  # for a name server given explicitly
    ares.ARES_ESERVFAIL: ReasonCode.NAME_SERVER_FAILS,
    ares.ARES_EREFUSED: ReasonCode.NAME_SERVER_REFUSES,
}
# The four-part, decimal, octal and hexadecimal forms of inet_aton. Browsers read them too, so they count as addresses.
NUMERIC = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)){0,3}\.?", re.IGNORECASE | re.ASCII)


class DnsClient(Protocol):
    """A source of addresses and records."""

    async def addresses(self, host: str) -> Sequence[str]:
        """At least one address, the best first. Raise `TroubleError` if there is none."""

    async def records(self, name: str, kind: Record, server: str) -> tuple[str, ...]:
        """At least one record. `server`: "[192.0.2.53]:53", or "" for our own. Raise as above."""


def split(server: str) -> tuple[str, int]:
    """Split "ns.example:5353", "[2001:db8::53]:53" or either without a port. Raise ValueError for a wrong port."""
    plain = literal(server) is not None or ":" not in server.rpartition("]")[2]
    host, port = (server, "53") if plain else server.rsplit(":", 1)
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("expected a port between 1 and 65535")
    return host.strip("[]"), int(port)


@lru_cache(maxsize=4096)
def literal(host: str) -> str | None:
    """`host` in plain form if it is an address itself; None if it is a name."""
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
    """Uses the system's resolvers and /etc/hosts, or `servers` ("127.0.0.1:5353"). Opened by the first query.

    A name with a dot is looked up as it is; this machine's search domains apply to single words only, such as names of
    containers. `source`: the address of ours from which name servers are asked that were given explicitly.
    """

    def __init__(self, servers: Sequence[str] | None = None, source: str | None = None) -> None:
        self._servers = servers
        self._source = source
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
            raise TroubleError(Cause.NO_SUCH_NAME, Reason.of(ReasonCode.NO_SUCH_NAME)) from None
        addresses = [node.addr[0].decode("ascii") for node in found.nodes]
        if not addresses:
            raise TroubleError(Cause.NO_SUCH_NAME, Reason.of(ReasonCode.NO_SUCH_NAME))
        return alternate(addresses)[:MOST]

    async def records(self, name: str, kind: Record, server: str) -> tuple[str, ...]:
        """As in `DnsClient`. In a new channel, since c-ares caches, and records have to be fresh."""
        opened = self._open([server], local_ip=self._source) if server else self._open(self._servers)
        async with opened as channel:
            try:
                found = _written(await channel.query_dns(name, kind), kind)
            except aiodns.error.DNSError as error:
                raise await self._lacking(error.args[0], kind, own=not server) from None
            except UnicodeError:
                raise TroubleError(Cause.NO_SUCH_NAME, Reason.of(ReasonCode.NO_SUCH_NAME)) from None
        if not found:
            raise TroubleError(Cause.NO_SUCH_NAME, Reason.of(ReasonCode.NO_RECORD, record=kind))
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
        """The channel for `host`, with or without search domains."""
        if "." in host:
            if self._ares is None:
                self._ares = self._open(self._servers)
            return self._ares
        if self._searching is None:
            self._searching = self._open(self._servers, flags=0)
        return self._searching

    @staticmethod
    def _open(
        servers: Sequence[str] | None, flags: int = pycares.ARES_FLAG_NOSEARCH, local_ip: str | None = None
    ) -> aiodns.DNSResolver:
        return aiodns.DNSResolver(servers, timeout=ATTEMPT, tries=TRIES, flags=flags, local_ip=local_ip)

    async def _lacking(self, code: int, kind: Record, *, own: bool) -> TroubleError:
        if code == ares.ARES_ENODATA:
            return TroubleError(Cause.NO_SUCH_NAME, Reason.of(ReasonCode.NO_RECORD, record=kind))
        if own or code in NONE_SUCH:
            return await self._blame(code)
        return TroubleError(Cause.NAME_SERVERS, Reason.of(SAYS.get(code, ReasonCode.NAME_SERVER_SILENT)))

    async def _blame(self, code: int) -> TroubleError:
        """The cause of a failure. SERVFAIL and silence come from a broken resolver, or from a good one if all servers
        of the name are gone.
        """
        if code in NONE_SUCH:
            return TroubleError(Cause.NO_SUCH_NAME, Reason.of(ReasonCode.NO_SUCH_NAME))
        if code != ares.ARES_ECONNREFUSED and await self._works():
            return TroubleError(Cause.NAME_SERVERS, Reason.of(ReasonCode.NAME_SERVERS_SILENT))
        return TroubleError(Cause.RESOLVER, Reason.of(ReasonCode.OWN_RESOLVER_SILENT))

    async def _works(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self._well is None or now - self._well_at > VOUCHED:
            self._well_at = now
            self._well = asyncio.create_task(self._asks_root(), name="resolver")
        return await asyncio.shield(self._well)

    async def _asks_root(self) -> bool:
        """Whether the resolver knows the root servers, as every working one does. In a new channel, since c-ares
        caches.
        """
        async with self._open(self._servers) as channel:
            try:
                await channel.query_dns(".", "NS")
            except aiodns.error.DNSError:
                return False
        return True


def alternate(addresses: Sequence[str]) -> list[str]:
    """Alternate the families, beginning with the first address's, so that a broken family costs one attempt (RFC 8305,
    section 4).
    """
    first_is_6 = ":" in addresses[0]
    same = [a for a in addresses if (":" in a) is first_is_6]
    other = [a for a in addresses if (":" in a) is not first_is_6]
    return [a for a in chain.from_iterable(zip_longest(same, other)) if a]


def _written(answer: pycares.DNSResult, kind: Record) -> tuple[str, ...]:
    """The records of `kind`, sorted, since name servers rotate them. CNAMEs on the way are left out."""
    wanted = aiodns.query_type_map[kind]
    return tuple(sorted(_text(record.data) for record in answer.answer if record.type == wanted))


def _text(data: Any) -> str:
    match data:
        case pycares.ARecordData() | pycares.AAAARecordData():
            return str(ip_address(data.addr))
        case pycares.CNAMERecordData():
            return name(data.cname)
        case pycares.NSRecordData():
            return name(data.nsdname)
        case pycares.MXRecordData():
            return f"{data.priority} {name(data.exchange)}"
        case pycares.SRVRecordData():
            return f"{data.priority} {data.weight} {data.port} {name(data.target)}"
        case pycares.CAARecordData():
            return f"{data.critical} {data.tag} {_decoded(data.value)}"
        case pycares.SOARecordData():
            times = f"{data.serial} {data.refresh} {data.retry} {data.expire} {data.minimum}"
            return f"{name(data.mname)} {name(data.rname)} {times}"
        case _:
            return _decoded(data.data)


def _decoded(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def name(text: str) -> str:
    return text.lower().rstrip(".") or "."

"""Results of network operations, and the protocol of the network itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Protocol

from bot.model import Outcome, Reading, Reason


class Cause(StrEnum):
    """Why a connection or an answer failed."""

    NO_SUCH_NAME = "no such name"  # the resolver answered that there is none
    NAME_SERVERS = "name servers"  # our resolver works, the name's own servers do not answer: nobody can reach it
    RESOLVER = "resolver"  # our resolver did not answer: says nothing about the service
    OURS = "ours"  # out of sockets, ports or memory, no route, or forbidden here: says nothing about the service
    REFUSED = "refused"
    RESET = "reset"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CERTIFICATE = "certificate"
    TLS = "tls"
    PROTOCOL = "protocol"  # the response is not HTTP
    UNREADABLE = "unreadable"  # HTTP that we cannot read: says nothing about the service
    REDIRECTS = "redirects"
    GUARDED = "guarded"  # the address guard rejected a private address


# Faults on our side, not the service's.
BLIND = frozenset({Cause.RESOLVER, Cause.OURS, Cause.GUARDED, Cause.UNREADABLE})
# All others: faults on the service's side.
THEIRS = frozenset(
    {
        Cause.NO_SUCH_NAME,
        Cause.NAME_SERVERS,
        Cause.REFUSED,
        Cause.RESET,
        Cause.UNREACHABLE,
        Cause.TIMEOUT,
        Cause.CERTIFICATE,
        Cause.TLS,
        Cause.PROTOCOL,
        Cause.REDIRECTS,
    }
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failed request. `why` has no secrets."""

    cause: Cause
    why: Reason
    took: timedelta
    left: bool = False  # the request was sent, so the far side may have acted on it

    def reading(self, route: str) -> Reading:
        """The reading of a check that failed this way."""
        return Reading(route, Outcome.INCONCLUSIVE if self.cause in BLIND else Outcome.FAILED, self.why, self.took)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response: header names in lower case, the body decoded and cut at the cap."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str  # the final URL, after redirects
    took: timedelta  # until the last byte we read
    phases: Mapping[str, float]  # seconds: "dns", "connect", "tls", "wait", "read"; only those that happened
    reused: bool = False
    cut: bool = False  # the body was longer than the cap
    certificate_until: datetime | None = None
    unread: Reason | None = None  # why the body could not be decompressed; its content is then unknown


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection was opened and closed again."""

    took: timedelta
    certificate_until: datetime | None = None  # if TLS was used
    line: str = ""  # the far side's first line, without the line end; only if it was waited for


@dataclass(frozen=True, slots=True)
class Found:
    """A DNS response with at least one record, each as people write it ("10 mail.example.org"), names in lower case and
    without the final dot.
    """

    records: tuple[str, ...]
    took: timedelta


@dataclass(frozen=True, slots=True)
class Echoed:
    """Number of ping packets returned. `took` is their average time."""

    sent: int
    received: int
    took: timedelta | None


Family = Literal[4, 6]
Starttls = Literal["smtp", "imap"]
Record = Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "SOA", "SRV", "TXT"]


class Net(Protocol):
    """All outgoing HTTP requests and probe connections (`bot.net`). Nothing here raises for a network fault."""

    def prepare(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        *,
        family: Family | None = None,
    ) -> Any:
        """Build a request once, for many calls of `fetch`. `family`: only over this IP version. Raise ValueError for a
        URL that cannot be requested.
        """

    async def fetch(
        self,
        prepared: Any,
        *,
        timeout: timedelta,
        cap: int = 256 * 1024,
        redirects: int = 0,
        fresh: bool = False,
        guarded: bool = False,
        inward: bool = False,
    ) -> Answer | Trouble:
        """Send a request. `timeout` is for the whole; `fresh` forces a new look-up and connection; `guarded` rejects
        private addresses. Redirects from a public address to a private one are followed only if `inward`; cookies set
        on the way are sent on.
        """

    async def connect(self, host: str, port: int, *, timeout: timedelta, guarded: bool = False) -> Connected | Trouble:
        """Resolve, connect over TCP, close."""

    async def handshake(
        self,
        host: str,
        port: int,
        *,
        timeout: timedelta,
        name: str = "",
        starttls: Starttls | None = None,
        guarded: bool = False,
    ) -> Connected | Trouble:
        """Connect, complete the TLS handshake, close. `name`: the name the certificate must match, if not `host`;
        `starttls`: the protocol of the upgrade, where the server does not begin with TLS.
        """

    async def greet(
        self, host: str, port: int, *, timeout: timedelta, secure: bool = False, guarded: bool = False
    ) -> Connected | Trouble:
        """Connect, over TLS if `secure`, and wait for the server's first line."""

    async def query(
        self, name: str, kind: Record, *, timeout: timedelta, server: str = "", guarded: bool = False
    ) -> Found | Trouble:
        """Look up records with our own resolvers, or with `server` ("192.0.2.53", "ns1.example.org:53")."""

    async def ping(self, host: str, *, timeout: timedelta, packets: int = 3, guarded: bool = False) -> Echoed | Trouble:
        """Send ICMP echo requests one after another."""

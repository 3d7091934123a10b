"""What the network answers, and what it promises to whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, Protocol

from bot.model import Outcome, Reading


class Cause(StrEnum):
    """Why a connection or an answer failed."""

    NO_SUCH_NAME = "no such name"  # the resolver answered: there is none
    NAME_SERVERS = (
        "name servers"  # our resolver is well, those of the name do not answer: it cannot be reached by anybody
    )
    RESOLVER = "resolver"  # our resolver did not answer: says nothing of the service
    OURS = "ours"  # out of sockets, ports or memory, without a route, or forbidden here: says nothing of the service
    REFUSED = "refused"
    RESET = "reset"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CERTIFICATE = "certificate"
    TLS = "tls"
    PROTOCOL = "protocol"  # what came back is no HTTP
    UNREADABLE = "unreadable"  # HTTP by its name, in a way that we cannot read: says nothing of the service
    REDIRECTS = "redirects"
    GUARDED = "guarded"  # the address guard refused an inner address


BLIND = frozenset({Cause.RESOLVER, Cause.OURS, Cause.GUARDED, Cause.UNREADABLE})  # they tell of us, not of the service
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
)  # all others: they tell of the service


@dataclass(frozen=True, slots=True)
class Trouble:
    """No answer. `why` is in plain words, without secrets ("timed out after 10 s while connecting")."""

    cause: Cause
    why: str
    took: timedelta
    left: bool = False  # had the request left? then the far side may have applied it

    def reading(self, route: str) -> Reading:
        """What a check says that met it."""
        return Reading(route, Outcome.INCONCLUSIVE if self.cause in BLIND else Outcome.FAILED, self.why, self.took)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: header names in lower case, the body decoded and cut at the cap."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str  # the last one, after redirects
    took: timedelta  # until the last byte we read
    phases: Mapping[str, float]  # seconds: "dns", "connect", "tls", "wait", "read"; only those that happened
    reused: bool = False
    cut: bool = False  # the body was longer than the cap
    certificate_until: datetime | None = None
    unread: str = ""  # why the body could not be unpacked, in plain words; then nothing is known of what is in it


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection was made and closed again."""

    took: timedelta
    certificate_until: datetime | None = None  # where TLS was spoken
    line: str = ""  # what the far side said first, without its end; only where that was waited for


@dataclass(frozen=True, slots=True)
class Found:
    """What a name server answered: each record as people write it ("10 mail.example.org"), names in small letters and
    without their last dot. At least one.
    """

    records: tuple[str, ...]
    took: timedelta


@dataclass(frozen=True, slots=True)
class Echoed:
    """How many packets came back. `took` is the average of those that did."""

    sent: int
    received: int
    took: timedelta | None


Family = Literal[4, 6]
Starttls = Literal["smtp", "imap"]
Record = Literal["A", "AAAA", "CAA", "CNAME", "MX", "NS", "SOA", "SRV", "TXT"]


class Net(Protocol):
    """Every outgoing HTTP request and probe connection (`bot.net`). Nothing here raises for what the network does."""

    def prepare(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        *,
        family: Family | None = None,
    ) -> Any:
        """Build a request once, for many `fetch`es. `family`: over this one only. Raise ValueError for a URL that
        cannot be asked.
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
        """Ask. `timeout` is for the whole; `fresh` forces a new resolve and connection; `guarded` refuses inner addresses.

        Redirects from a public address lead to no inner one unless `inward`; cookies that they set are sent on.
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
        """Connect, speak TLS, close. `name`: whom the certificate must be for, if not `host`; `starttls`: how it is
        asked for, where the far side does not begin with it.
        """

    async def greet(
        self, host: str, port: int, *, timeout: timedelta, secure: bool = False, guarded: bool = False
    ) -> Connected | Trouble:
        """Connect, over TLS if `secure`, and wait for the first line that the far side says."""

    async def query(
        self, name: str, kind: Record, *, timeout: timedelta, server: str = "", guarded: bool = False
    ) -> Found | Trouble:
        """Look up records: of our own resolvers, or of `server` ("192.0.2.53", "ns1.example.org:53")."""

    async def ping(self, host: str, *, timeout: timedelta, packets: int = 3, guarded: bool = False) -> Echoed | Trouble:
        """Send ICMP echo requests one after another."""

"""What the outside must meet: Protocols of a check, a source and a channel, and what the network answers them with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import BeforeValidator, WithJsonSchema

from bot.model import Ask, Delivery, Outcome, Reading, Receipt, Word, Words, length


class Unable(Exception):
    """Tocsin cannot go on; the text is one line that says why and what to do."""


def _seconds(value: Any) -> Any:
    return length(value).total_seconds() if isinstance(value, str) else value


Seconds = Annotated[
    float, BeforeValidator(_seconds), WithJsonSchema({"type": ["number", "string"], "examples": ["30s"]})
]
"""A length of time in a plugin's settings: "30s" or a number of seconds."""


def _length(value: Any) -> Any:
    return length(value) if isinstance(value, str) else value


Length = Annotated[timedelta, BeforeValidator(_length, json_schema_input_type=str)]
"""The same, as a `timedelta`: "14d"."""


class Cause(StrEnum):
    """Why a connection or an answer failed."""

    NO_SUCH_NAME = "no such name"  # the resolver answered: there is none
    NAME_SERVERS = (
        "name servers"  # our resolver is well, those of the name do not answer: it cannot be reached by anybody
    )
    RESOLVER = "resolver"  # our resolver did not answer: says nothing of the service
    OURS = "ours"  # out of sockets, ports or memory, or forbidden here: says nothing of the service
    REFUSED = "refused"
    RESET = "reset"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CERTIFICATE = "certificate"
    TLS = "tls"
    PROTOCOL = "protocol"  # what came back is no HTTP
    REDIRECTS = "redirects"
    GUARDED = "guarded"  # the address guard refused an inner address


BLIND = frozenset({Cause.RESOLVER, Cause.OURS, Cause.GUARDED})  # they tell of us, not of the service


@dataclass(frozen=True, slots=True)
class Trouble:
    """No answer. `why` is in plain words, without secrets ("timed out after 10 s while connecting")."""

    cause: Cause
    why: str
    took: timedelta
    left: bool = False  # had the request left? then the far side may have applied it

    def reading(self, route: str) -> Reading:
        """What a check says that met it."""
        return Reading(route, Outcome.BLIND if self.cause in BLIND else Outcome.BAD, self.why, self.took)


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
    ) -> Answer | Trouble:
        """Ask. `timeout` is for the whole; `fresh` forces a new resolve and connection; `guarded` refuses inner addresses."""

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


class Check(Protocol):
    """How one route is tried: a frozen pydantic model whose fields are its YAML."""

    @property
    def kind(self) -> str: ...

    async def look(self, route: str, net: Net, timeout: timedelta, *, doubt: bool) -> Reading:
        """Try once. `doubt`: the service is not known to be up, so nothing may be reused. Raise only on a bug of ours."""


class Source(Protocol):
    """Somebody else's word about a service: a frozen pydantic model whose fields are its YAML."""

    @property
    def kind(self) -> str: ...

    async def read(self, net: Net, now: datetime) -> Word:
        """Fetch and parse. What cannot be read is a Word that says None; raise only on a bug of ours."""


Answering = Callable[[Ask], Awaitable[Words | None]]
"""What `desk.answer` is to a channel: None when there is nothing to say."""


class Unclear(str):
    """A provider is there, and only asks us to wait: that says neither that it takes messages nor that it does not."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """What a provider documents that it takes: `most` messages of the whole account in any `per`; to one place, one in
    `place`. The outbox keeps to it, so that nothing is refused that could have been known.
    """

    most: int = 32
    per: timedelta = timedelta(0)
    place: timedelta = timedelta(0)


class Channel(Protocol):
    """One way to people, open."""

    async def send(self, delivery: Delivery) -> Receipt:
        """Hand over once: no retry, no sleep, nothing raised for what the provider does."""

    async def listen(self, answer: Answering) -> None:
        """Hear people until cancelled; return at once where nobody can talk back."""


class ChannelSettings(Protocol):
    """A channel's section of the config: light. Its SDK is imported in `open`, so an unused channel costs nothing."""

    @property
    def kind(self) -> str: ...

    edits: ClassVar[bool]  # can a message be rewritten?
    pace: ClassVar[Pace]  # how fast may be written?
    gathers: ClassVar[bool]  # may many notices be told in one message? People want that, programs do not
    finds: ClassVar[bool]  # can it find out whether an unsure hand-over arrived? Else a repeat may be told twice
    looks: ClassVar[bool]  # does it do so first, and say `Later.absent` where it did not, before it is sent again?
    lives: ClassVar[bool]  # does `probe` tell how its provider is, so that it is worth watching?

    @property
    def watch(self) -> str | None:
        """The service whose outage means that this channel is dead too."""

    def open(self, desk: Desk) -> AbstractAsyncContextManager[Channel]:
        """Connect, yield, disconnect: no half-open objects. Never raises for an unreachable provider or a bad token."""

    async def probe(self, net: Net, *, often: bool = False) -> str | None:
        """Does the provider know us? None, or what is wrong and what to do, in one line without secrets; `Unclear` where
        it would not say.

        `often`: asked every few seconds, so only what the provider lets us ask that often.
        """


@dataclass(frozen=True, slots=True)
class Desk:
    """What a channel is handed when it is opened."""

    net: Net
    commands: tuple[tuple[str, str], ...]  # name and one-line help, for the platform's own command list
    recall: Callable[[str], Awaitable[str | None]]  # a channel's own small memory, by name, in the store
    remember: Callable[[str, str], Awaitable[None]]

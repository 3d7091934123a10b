"""Protocols of a check, a source, a channel and the network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SecretStr,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from bot.contracts.network import (
    BLIND,
    THEIRS,
    Answer,
    Cause,
    Connected,
    Echoed,
    Family,
    Found,
    Net,
    Record,
    Starttls,
    Trouble,
)
from bot.model import (
    PLAIN_LOOK,
    Ask,
    Delivery,
    Later,
    MailLook,
    Reading,
    Reason,
    Receipt,
    Refused,
    SourceReport,
    Text,
    Unsure,
    length,
    spelled,
)

__all__ = [
    "BLIND",
    "THEIRS",
    "Answer",
    "Answering",
    "Between",
    "CachedResponse",
    "Cause",
    "Channel",
    "ChannelContext",
    "ChannelSettings",
    "Check",
    "Connected",
    "Echoed",
    "Family",
    "FencedError",
    "Found",
    "HttpCache",
    "Length",
    "Net",
    "Pace",
    "Reach",
    "Record",
    "Seconds",
    "Source",
    "SourceState",
    "Starttls",
    "StoreUnavailable",
    "Telling",
    "Token",
    "Trouble",
    "Unable",
    "Unclear",
    "between",
    "reach_of",
]


class Unable(Exception):
    """Tocsin cannot continue. The text is one line with the reason and the remedy."""


class StoreUnavailable(Unable):
    """The database cannot be used now. One line for the operator, without the password."""


class FencedError(StoreUnavailable):
    """A write was refused: what it belongs to has another owner by now, or our lease on it is over."""


def _length(value: Any) -> Any:
    if isinstance(value, bool):
        raise Telling('is no length of time; expected one such as "30s"')
    try:
        return length(value) if isinstance(value, str) else value
    except ValueError as error:
        raise Telling(str(error)) from None


def _seconds(value: Any) -> Any:
    found = _length(value)
    return found.total_seconds() if isinstance(found, timedelta) else found


Seconds = Annotated[
    float, BeforeValidator(_seconds), WithJsonSchema({"type": ["number", "string"], "examples": ["30s"]})
]
"""A length of time in a plugin's settings: "30s" or a number of seconds."""


Length = Annotated[timedelta, BeforeValidator(_length, json_schema_input_type=str)]
"""Likewise, as a `timedelta`: "14d"."""


class Check(Protocol):
    """A way to check one route: a frozen pydantic model whose fields are its YAML."""

    @property
    def kind(self) -> str: ...

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """Check once. `fresh`: the service is not known to be up, so reuse no connection. Raise only on a bug of ours."""


@dataclass(slots=True)
class CachedResponse:
    """The latest response of an address, and the result of the latest request."""

    body: bytes = b""
    got_at: datetime | None = None  # when the body arrived; a 304 does not change it
    etag: str = ""
    modified: str = ""
    asked_at: datetime | None = None
    answered: bool = False  # the latest request got a response
    good: bool = False  # ... and it was the body or a 304
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class HttpCache:
    """HTTP state shared by all sources: copies by address and accepted type, and the time until which each host is left
    alone. `guesses`: our own delay for hosts that sent a rate limit without one, until they answer again.
    """

    copies: dict[tuple[str, str], CachedResponse] = field(default_factory=dict)
    waits: dict[str, datetime] = field(default_factory=dict)
    guesses: dict[str, timedelta] = field(default_factory=dict)
    swept_at: datetime | None = None


@dataclass(slots=True)
class SourceState:
    """State that a source keeps between readings, for the life of the process: config objects hold no state."""

    shelf: HttpCache = field(default_factory=HttpCache)
    news_at: datetime | None = None  # when news was announced: anything fetched before is stale
    found: Any = None  # the page's format, where the source had to detect it ...
    found_at: datetime | None = None
    heard_at: datetime | None = None  # ... when it last worked ...
    sought_at: datetime | None = None  # ... and when detection last failed
    unworkable: bool = False  # its content exceeds our bounds, and that was logged
    undated: dict[str, datetime] = field(default_factory=dict)  # when each open incident without a date was first seen


class Source(Protocol):
    """A third party's reports on a service: a frozen pydantic model whose fields are its YAML."""

    @property
    def kind(self) -> str: ...

    async def read(self, net: Net, now: datetime, memory: SourceState) -> SourceReport:
        """Fetch and parse. Return a report whose `says` is None if it cannot be read; raise only on a bug of ours."""


Answering = Callable[[Ask], Awaitable[Text | None]]
"""Answers a message that a channel received; None if there is no reply."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """A provider that answers only with a request to wait: this does not show whether it takes messages."""

    why: Reason


@dataclass(frozen=True, slots=True)
class Pace:
    """The documented rate limit of a provider: `most` messages of the account in any `per`, and one per `place` to one
    destination. The outbox keeps to it, to avoid foreseeable refusals.
    """

    most: int = 32
    per: timedelta = timedelta(0)
    place: timedelta = timedelta(0)


class Channel(Protocol):
    """An open connection to one messaging platform."""

    async def send(self, delivery: Delivery) -> Receipt:
        """Send once: no retry, no sleep, and no exception for a fault of the provider."""

    async def listen(self, answer: Answering) -> None:
        """Receive messages until cancelled; return at once where nobody can reply."""

    async def account(self) -> Reach:
        """Ask the provider which account we are. Raise nothing for a fault of the provider."""

    async def reach(self, place: str) -> Reach:
        """Ask the provider whether we could write there, without sending a message. Raise nothing."""


class ChannelSettings(Protocol):
    """A channel's section of the config. The SDK is imported in `open`, so an unused channel costs nothing."""

    @property
    def kind(self) -> str: ...

    edits: ClassVar[bool]  # messages can be edited
    pace: ClassVar[Pace]  # documented rate limit
    gathers: ClassVar[bool]  # several notices may share a message: right for people, wrong for programs
    finds: ClassVar[bool]  # it can look up whether an unsure attempt arrived; otherwise a retry may repeat the message
    looks: ClassVar[bool]  # it looks that up before a retry, and reports a negative result as `Later.absent`
    lives: ClassVar[bool]  # `probe` shows the provider's health, so it is worth running regularly

    @property
    def watch(self) -> str | None:
        """The service whose outage means that this channel is down too."""

    def open(self, desk: ChannelContext) -> AbstractAsyncContextManager[Channel]:
        """Connect, yield, disconnect, never half open. Never raise for an unreachable provider or a bad token."""

    def place_problem(self, place: str) -> str:
        """The reason why such an address can never be written to, without the address itself; empty if it may exist."""

    @staticmethod
    def person_problem(person: str) -> str:
        """Likewise for a person among `admins`, given by the channel's own id."""

    async def probe(self, net: Net, *, often: bool = False) -> Reason | Unclear | None:
        """Check that the provider accepts our account. Return None, or the fault without secrets; `Unclear` if the
        provider would not say.
        `often`: called every few seconds, so use only requests that the provider allows at that rate.
        """


@dataclass(frozen=True, slots=True)
class ChannelContext:
    """Resources given to a channel when it is opened."""

    net: Net
    commands: tuple[tuple[str, str], ...]  # name and one-line help, for the platform's command list
    recall: Callable[[str], Awaitable[str | None]]  # read a small value of the channel's own, by name, from the store
    remember: Callable[[str, str], Awaitable[None]]
    look: MailLook = PLAIN_LOOK


@dataclass(frozen=True, slots=True)
class Reach:
    """Result of a reachability check. `good`: True if nothing speaks against it, False if something is wrong, None if
    unknown at present. `said` is one line without secrets, in English, as only the operator reads it; or the reason, if
    it is not good. `wait` is the delay the provider asks for before the next attempt.
    """

    good: bool | None
    said: str | Reason
    wait: timedelta | None = None


def reach_of(receipt: Later | Unsure | Refused) -> Reach:
    """Interpret a receipt: a final refusal or an unsure result is wrong; a temporary failure is unknown."""
    match receipt:
        case Refused(why):
            return Reach(False, why)
        case Later(why, wait):
            return Reach(None, why, wait)
        case Unsure(why):
            return Reach(False, why)


class Telling(ValueError):
    """An error in a value that cannot be a secret (a length, a time, a zone, a known word), so it may be quoted."""


@dataclass(frozen=True, slots=True)
class Between:
    """Inclusive bounds of a duration or a number."""

    least: Any
    most: Any

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made = handler(schema)
        made["description"] = f"between {_words(self.least)} and {_words(self.most)}"
        if "number" in (made.get("type") or ()):
            made |= {"minimum": self.least, "maximum": self.most}
        return made

    def check(self, value: Any) -> Any:
        # Written so that it rejects NaN too, which compares false with everything.
        if not self.least <= value <= self.most:
            raise Telling(f"is out of bounds; expected {_words(self.least)} to {_words(self.most)}")
        return value


def between(least: str, most: str) -> Between:
    """Bounds of a duration, such as "1s" and "10m"."""
    return Between(length(least), length(most))


def _words(bound: Any) -> str:
    return spelled(bound) if isinstance(bound, timedelta) else f"{bound:g}"


def _token(secret: SecretStr) -> SecretStr:
    """Validate a provider's token: printable ASCII without spaces. Surrounding white space is a copying error and
    removed.
    """
    text = secret.get_secret_value().strip()
    if not text or not all("!" <= letter <= "~" for letter in text):
        raise ValueError(
            "is no token; expected one line of letters, digits and signs, without spaces, as the provider shows it"
        )
    return SecretStr(text)


Token = Annotated[SecretStr, Field(max_length=4096), AfterValidator(_token)]
"""A provider's token, which goes into a header or an address."""

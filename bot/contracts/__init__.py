"""Protocols of a check, a source, a channel and the network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import BeforeValidator, WithJsonSchema

from bot.contracts.bounds import Between, Telling, Token, between
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
from bot.contracts.reach import Reach, reach_of
from bot.model import Ask, Delivery, Reading, Receipt, SourceReport, Text, length

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
    "Telling",
    "Token",
    "Trouble",
    "Unable",
    "Unclear",
    "between",
    "reach_of",
]


class Unable(Exception):
    """Tocsin cannot go on; the text is one line that says why and what to do."""


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
"""The same, as a `timedelta`: "14d"."""


class Check(Protocol):
    """How one route is tried: a frozen pydantic model whose fields are its YAML."""

    @property
    def kind(self) -> str: ...

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """Try once. `fresh`: the service is not known to be up, so nothing may be reused. Raise only on a bug of ours."""


@dataclass(slots=True)
class CachedResponse:
    """What an address gave last, and how it was when it was last asked."""

    body: bytes = b""
    got_at: datetime | None = None  # when the body came; what is confirmed by a 304 did not come anew
    etag: str = ""
    modified: str = ""
    asked_at: datetime | None = None
    answered: bool = False  # was there an answer at all?
    good: bool = False  # ... and was it the body, or that it still holds?
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(slots=True)
class HttpCache:
    """What all sources share: the copies, by address and wanted type, and until when hosts asked us to stay away."""

    copies: dict[tuple[str, str], CachedResponse] = field(default_factory=dict)
    waits: dict[str, datetime] = field(default_factory=dict)
    swept_at: datetime | None = None


@dataclass(slots=True)
class SourceState:
    """What one source's readings leave for its next, for the life of the process: a config object keeps no state."""

    shelf: HttpCache = field(default_factory=HttpCache)
    news_at: datetime | None = None  # somebody said then that there is news: what was fetched before is old
    found: Any = None  # how it is read, where the source had to find that out ...
    found_at: datetime | None = None
    heard_at: datetime | None = None  # ... when it was last understood so ...
    sought_at: datetime | None = None  # ... and when it last looked for a way in vain
    unworkable: bool = False  # what it says could not be worked on within our bounds, and that was logged
    undated: dict[str, datetime] = field(default_factory=dict)  # when an open incident without a date was first seen


class Source(Protocol):
    """Somebody else's word about a service: a frozen pydantic model whose fields are its YAML."""

    @property
    def kind(self) -> str: ...

    async def read(self, net: Net, now: datetime, memory: SourceState) -> SourceReport:
        """Fetch and parse. What cannot be read is a Word that says None; raise only on a bug of ours."""


Answering = Callable[[Ask], Awaitable[Text | None]]
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

    async def account(self) -> Reach:
        """Ask the provider whom it takes us for. Nothing is raised for what it does."""

    async def reach(self, place: str) -> Reach:
        """Ask the provider whether a message could be written there. Nobody is sent anything, and nothing is raised."""


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

    def open(self, desk: ChannelContext) -> AbstractAsyncContextManager[Channel]:
        """Connect, yield, disconnect: no half-open objects. Never raises for an unreachable provider or a bad token."""

    def place_problem(self, place: str) -> str:
        """Why nothing can ever be written to such a place, in words without the place itself; empty when it may exist."""

    @staticmethod
    def person_problem(person: str) -> str:
        """Likewise of a person among `admins`, as the channel names who speaks."""

    async def probe(self, net: Net, *, often: bool = False) -> str | None:
        """Does the provider know us? None, or what is wrong and what to do, in one line without secrets; `Unclear` where
        it would not say.

        `often`: asked every few seconds, so only what the provider lets us ask that often.
        """


@dataclass(frozen=True, slots=True)
class ChannelContext:
    """What a channel is handed when it is opened."""

    net: Net
    commands: tuple[tuple[str, str], ...]  # name and one-line help, for the platform's own command list
    recall: Callable[[str], Awaitable[str | None]]  # a channel's own small memory, by name, in the store
    remember: Callable[[str, str], Awaitable[None]]

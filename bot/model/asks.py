"""What people say to us, who they are as far as a platform proves it, and the rooms that an admin let in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.model.audiences import Destination
from bot.model.plain_text import plain_text, typed_text

LONGEST = 4_000  # characters of what is said: a platform's own limit, or near it
NAME = 80  # characters of a person's name
ID = 300  # characters of what a platform calls a person or a message


class Reply(StrEnum):
    """Who sees what is answered."""

    PLACE = "place"  # everybody in the place
    THREAD = "thread"  # who opens the thread
    ALONE = "alone"  # the person alone, though others are in the place
    PRIVATE = "private"  # nobody but the person is in the place


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person said to us: `text` without the slash ("status x"). All rights are those that the platform proved."""

    text: str
    who: str  # the platform's id of the person, never the display name: "slack:T01/U01"
    name: str  # how others know them
    where: Destination
    at: datetime  # when it was said, by the platform
    key: str  # the platform's id of what it handed over: the same one is answered once
    may_manage: bool = False  # may this person change what the place hears?
    # Asks the platform the same where it is not told with the ask; only for who wants to change something.
    prove: Callable[[], Awaitable[bool]] | None = field(default=None, compare=False)
    reply: Reply = Reply.PLACE
    home: bool = False  # of the very workspace that the bot belongs to
    person: bool = True  # False: a channel or a group speaks, and nobody knows how many people that is
    also: tuple[Destination, ...] = ()  # what else the place is called: "@newsroom", the channel of a thread
    once: str = ""  # the platform's id of what the person did: an order is carried out once for it. Empty: `key`
    under: datetime | None = None  # of a pressed button: when the message that bears it was written

    def __post_init__(self) -> None:
        """Clean here what people chose themselves, so that no platform can forget it."""
        object.__setattr__(self, "text", typed_text(self.text, LONGEST))
        for name in ("who", "key", "once"):
            object.__setattr__(self, name, plain_text(getattr(self, name), ID))
        object.__setattr__(self, "name", plain_text(self.name, NAME) or self.who)

    @property
    def order_key(self) -> str:
        return self.once or self.key


@dataclass(frozen=True, slots=True)
class AllowedRoom:
    """A room in which people may ask, for an admin said so."""

    place: Destination
    by: str  # the admin's id
    name: str  # how others know them
    at: datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An order that was carried out: who gave it when, where, and in which words."""

    at: datetime
    who: str
    name: str
    place: Destination
    what: str


def room_of(place: Destination) -> Destination:
    """The room that a place is in: of a Telegram topic its group. Telegram's names are the same in any case."""
    if place.kind != "telegram":
        return place
    return Destination(place.kind, place.place.partition("/")[0].casefold())

"""Messages people write to the bot, the identity their platform vouches for, and the rooms an admin allowed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.model.audiences import Destination
from bot.model.plain_text import plain_text, typed_text

LONGEST = 4_000  # characters of a message, about the limit of the platforms
NAME = 80  # characters of a person's name
ID = 300  # characters of a platform's id of a person or a message


class Reply(StrEnum):
    """Who can see the reply."""

    PLACE = "place"  # everybody in the place
    THREAD = "thread"  # everybody who opens the thread
    ALONE = "alone"  # only the person who asked, in a shared place
    PRIVATE = "private"  # a private conversation with the person


@dataclass(frozen=True, slots=True)
class Ask:
    """A message from a person. `text` has no leading slash ("status x"). Rights are only those the platform vouches
    for.
    """

    text: str
    who: str  # the platform's id of the person, never the display name: "slack:T01/U01"
    name: str  # display name; "" if the platform does not tell it
    where: Destination
    at: datetime  # when it was written, by the platform's clock
    key: str  # the platform's id of the event: each is answered once
    may_manage: bool = False  # the person may change the place's subscription
    # Looks up `may_manage` where the platform does not send it along; called only for a change.
    prove: Callable[[], Awaitable[bool]] | None = field(default=None, compare=False)
    reply: Reply = Reply.PLACE
    home: bool = False  # from the workspace the bot itself belongs to
    person: bool = True  # False: the sender is a channel or a group, which may stand for any number of people
    also: tuple[Destination, ...] = ()  # other names of the place: "@newsroom", the channel of a thread
    once: str = ""  # the platform's id of the person's action: an order is executed once per id. Empty: `key`
    under: datetime | None = None  # of a button press: when the message with the button was written
    language: str = ""  # of the person's own app, such as "es" or "pt-BR"

    def __post_init__(self) -> None:
        """Clean the user-supplied fields here, so that no platform can forget to."""
        object.__setattr__(self, "text", typed_text(self.text, LONGEST))
        for name in ("who", "key", "once"):
            object.__setattr__(self, name, plain_text(getattr(self, name), ID))
        object.__setattr__(self, "name", plain_text(self.name, NAME))

    @property
    def order_key(self) -> str:
        return self.once or self.key


@dataclass(frozen=True, slots=True)
class AllowedRoom:
    """A room in which an admin allowed people to use commands."""

    place: Destination
    by: str  # the admin's id
    name: str  # the admin's display name
    at: datetime


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An order that was carried out: when, by whom, where, and its text."""

    at: datetime
    who: str
    name: str
    place: Destination
    what: str


def room_of(place: Destination) -> Destination:
    """The room a place belongs to: for a Telegram topic, its group. Telegram's names are case-insensitive."""
    if place.kind != "telegram":
        return place
    return Destination(place.kind, place.place.partition("/")[0].casefold())

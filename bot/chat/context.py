"""The context that a command gets, and the response and orders that it returns. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from bot import wording
from bot.model import (
    AllowedRoom,
    Ask,
    Audience,
    AuditEntry,
    Delivery,
    Destination,
    Digest,
    DigestReader,
    Incident,
    Order,
    Overview,
    PlaceSettings,
    Report,
    Service,
    ServiceState,
    Style,
    Subscription,
    Text,
    Trail,
    Undeliverable,
    Window,
)

# A platform gives the time of a message in whole seconds, by its own clock.
CLOCK_TOLERANCE = timedelta(minutes=1)
RECENT = timedelta(days=30)
LONGEST_NAME = 20  # words of a service's name: a line of thousands is not tried at each of them


class Load(Enum):
    """A part of the context that is read from the database, for the commands whose row asks for it."""

    INCIDENTS = "incidents"
    COVERAGE = "coverage"
    ANSWER_TIME = "answer time"
    TRAIL = "trail"
    ROOMS = "rooms"
    AUDIT = "audit"
    DIGEST_TIMES = "digest times"
    DIGEST_NOW = "digest now"


@dataclass(frozen=True, slots=True)
class Subscribe:
    subscription: Subscription


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    destination: Destination


@dataclass(frozen=True, slots=True)
class SetPlace:
    """Write to a place in another way."""

    place: Destination
    settings: PlaceSettings


@dataclass(frozen=True, slots=True)
class SendDrill:
    """Send these test notices: a drill."""

    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class ForService:
    service: str
    order: Order


@dataclass(frozen=True, slots=True)
class Plan:
    """Announce maintenance."""

    window: Window


@dataclass(frozen=True, slots=True)
class CallOff:
    """Cancel or end maintenance, by its number in the store."""

    number: int


@dataclass(frozen=True, slots=True)
class Allow:
    """Let people in a room ask from now on."""

    room: AllowedRoom


@dataclass(frozen=True, slots=True)
class Disallow:
    """Shut a room out: nobody in it may ask, and its subscriptions end."""

    place: Destination


@dataclass(frozen=True, slots=True)
class CheckNow:
    """Check now, for the person who asks: a service of the config, else an address."""

    service: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class SubscribeDigest:
    """Send a digest to a place."""

    digest: str
    place: Destination
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class UnsubscribeDigests:
    """Send these digests to a place no more."""

    digests: tuple[str, ...]
    place: Destination


@dataclass(frozen=True, slots=True)
class AskForDigest:
    """Ask an address to confirm that it wants a digest."""

    digest: Digest
    place: Destination
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RemoveFromDigest:
    """Take an address off a digest."""

    digest: str
    place: Destination


@dataclass(frozen=True, slots=True)
class RetryAddress:
    """Send to an address again that took no mail."""

    place: Destination


DigestOrder = SubscribeDigest | UnsubscribeDigests | AskForDigest | RemoveFromDigest | RetryAddress
Ordered = (
    Subscribe
    | Unsubscribe
    | SetPlace
    | ForService
    | SendDrill
    | Plan
    | CallOff
    | Report
    | Allow
    | Disallow
    | CheckNow
    | DigestOrder
)


@dataclass(frozen=True, slots=True)
class KnownRooms:
    """The rooms in which people may ask. `named`: those of the config. `public`: in any room."""

    allowed: tuple[AllowedRoom, ...] = ()
    named: frozenset[Destination] = frozenset()
    public: bool = False


@dataclass(frozen=True, slots=True)
class KnownDigests:
    """The digests, and who gets them besides the config's lists. `mail`, `page`: whether an address can be asked."""

    known: tuple[Digest, ...] = ()
    readers: tuple[DigestReader, ...] = ()
    undeliverable: tuple[Undeliverable, ...] = ()
    mail: bool = False
    page: bool = False

    def find(self, name: str) -> Digest | None:
        """Find a digest by its name, in any case."""
        return next((one for one in self.known if one.name.casefold() == name.casefold()), None)

    @property
    def only(self) -> Digest | None:
        """The digest, if there is one alone."""
        return self.known[0] if len(self.known) == 1 else None

    def of(self, digest: str) -> tuple[DigestReader, ...]:
        return tuple(one for one in self.readers if one.digest == digest)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, and the orders to carry out before it. `reply` is None where an order brings the answer."""

    reply: Text | None
    orders: tuple[Ordered, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandContext:
    """All that a command may know.

    `words` follow the command's name; `period` is how far back it looks. `settings`: what people set for this place;
    `style`: how the reply is written. What a `Load` stands for is empty unless the
    command's row declares it: `overview.recent`, `overview.unseen`, `overview.answering`, `trail`, `rooms`, `audit`,
    `digest_times` (when each digest comes here next), `digest_now` (from when on the one that is named looks back, and
    what it is made of).
    """

    ask: Ask
    words: tuple[str, ...]
    overview: Overview
    style: Style
    audiences: tuple[Audience, ...] = ()
    admin: bool = False
    period: timedelta = RECENT
    trail: Trail | None = None
    rooms: KnownRooms = KnownRooms()
    audit: tuple[AuditEntry, ...] = ()
    settings: PlaceSettings = field(default_factory=PlaceSettings)
    digests: KnownDigests = KnownDigests()
    digest_times: Mapping[str, datetime] = field(default_factory=dict)
    digest_now: tuple[datetime, Overview] | None = None

    @property
    def phrase(self) -> str:
        """The words as one."""
        return " ".join(self.words)

    @property
    def service(self) -> Service | None:
        """The service that all the words name; None without words, or for none that is known."""
        return self.find(self.phrase) if self.words else None

    @property
    def since(self) -> datetime:
        return self.ask.at - self.period

    @property
    def subscription(self) -> Subscription | None:
        """The subscription of the place, or None."""
        return next((s for s in self.overview.subscriptions if s.destination == self.ask.where), None)

    @property
    def configured(self) -> tuple[Audience, ...]:
        """The audiences of the config that have this place."""
        return tuple(audience for audience in self.audiences if self.ask.where in audience.places)

    @property
    def known(self) -> tuple[tuple[Service, ServiceState], ...]:
        """All that can be asked about: services, and the channels by which people hear."""
        return (*self.overview.services, *self.overview.channels)

    def find(self, word: str) -> Service | None:
        """Find a service by its id or its name, in any case."""
        folded = word.casefold()
        return next((s for s, _ in self.known if folded in (s.id.casefold(), s.name.casefold())), None)

    def split(self, words: tuple[str, ...]) -> tuple[Service | None, int | None, tuple[str, ...]]:
        """The service that the first words name, as many of them as possible; the number of its incident, or None; the
        words after it.
        """
        for end in range(min(len(words), LONGEST_NAME), 0, -1):
            service, number = self.find_incident(" ".join(words[:end]))
            if service is not None:
                return service, number, words[end:]
        return None, None, words

    def find_incident(self, word: str) -> tuple[Service | None, int | None]:
        """Find a service, and in "x#17" the number of its incident too."""
        if service := self.find(word):
            return service, None
        name, _, number = word.rpartition("#")
        service = self.find(name) if name and number.isascii() and number.isdigit() else None
        return service, int(number[:9]) if service else None

    def means_another(self, number: int | None, incident: Incident | None) -> bool:
        """True if the person means another incident than `incident`: by number, or by a button under an earlier message."""
        if number is not None:
            return incident is None or incident.number != number
        under = self.ask.under
        return under is not None and incident is not None and incident.since > under + CLOCK_TOLERANCE

    def another_incident(self, service: Service, number: int | None) -> Response:
        key = "" if number is None else f"{service.id}#{number}"
        return Response(wording.other_incident(key, service, self.style))

    def state(self, service: Service) -> ServiceState:
        return next(state for s, state in self.known if s.id == service.id)

    def unknown_service(self, word: str) -> Response:
        names = {n.casefold(): s.id for s, _ in self.known for n in (s.name, s.id)}
        near = difflib.get_close_matches(word.casefold(), names, 3)
        watched = [service.name for service, _ in self.overview.services]
        return Response(
            wording.unknown_service(word, tuple(dict.fromkeys(names[n] for n in near)), watched, self.style)
        )

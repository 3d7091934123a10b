"""What a command is given and what it gives back. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import timedelta

from bot import wording
from bot.model import (
    AllowedRoom,
    Ask,
    Audience,
    AuditEntry,
    Delivery,
    Destination,
    Incident,
    Order,
    Overview,
    Report,
    Service,
    ServiceState,
    Style,
    Subscription,
    SubscriptionFilter,
    Text,
    Trail,
    Window,
)

SECONDS = timedelta(minutes=1)  # a platform tells the time of a message in whole seconds, and by its own clock


@dataclass(frozen=True, slots=True)
class Subscribe:
    subscription: Subscription


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    destination: Destination


@dataclass(frozen=True, slots=True)
class Prove:
    """A drill: these test notices are to be sent."""

    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class ForService:
    service: str
    order: Order


@dataclass(frozen=True, slots=True)
class Plan:
    """Maintenance is announced."""

    window: Window


@dataclass(frozen=True, slots=True)
class CallOff:
    """Maintenance, by the store's number, does not take place or is over."""

    number: int


@dataclass(frozen=True, slots=True)
class Allow:
    """People in a room may ask from now on."""

    room: AllowedRoom


@dataclass(frozen=True, slots=True)
class Disallow:
    """They may no longer, and the room hears of nothing."""

    place: Destination


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody wants to know whether it is down for us too: a service of the config, or else an address."""

    service: str
    address: str = ""


Ordered = Subscribe | Unsubscribe | ForService | Prove | Plan | CallOff | Report | Allow | Disallow | Look


@dataclass(frozen=True, slots=True)
class Ledger:
    """Who was let in, whom the config names, and what was ordered last: for those commands that tell of it."""

    allowed: tuple[AllowedRoom, ...] = ()
    named: frozenset[Destination] = frozenset()
    public: bool = False  # anyone may ask
    entries: tuple[AuditEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered, and what is to be done first."""

    reply: Text | None  # None: what is done tells it
    orders: tuple[Ordered, ...] = ()


@dataclass(frozen=True, slots=True)
class CommandContext:
    """What a command may know: the ask, everything that is shown, and how the place is written to."""

    ask: Ask
    words: tuple[str, ...]  # after the command's name
    overview: Overview
    style: Style
    audiences: tuple[Audience, ...] = ()  # those of the config
    delivery_trail: Trail | None = None  # of the incident that the ask is about
    admin: bool = False  # who asks may order
    ledger: Ledger = Ledger()

    @property
    def held(self) -> Subscription | None:
        return next((s for s in self.overview.subscriptions if s.destination == self.ask.where), None)

    @property
    def subscription(self) -> SubscriptionFilter:
        """What the place wishes, or would wish if it subscribed."""
        return self.held.filter if self.held else SubscriptionFilter(style=self.style)

    @property
    def known(self) -> tuple[tuple[Service, ServiceState], ...]:
        """All that can be asked about: services, and the channels by which people hear."""
        return (*self.overview.services, *self.overview.channels)

    def find(self, word: str) -> Service | None:
        """A service by its id or its name; upper and lower case are alike."""
        said = word.casefold()
        return next((s for s, _ in self.known if said in (s.id.casefold(), s.name.casefold())), None)

    def numbered(self, word: str) -> tuple[Service | None, int | None]:
        """A service, and of "x#17" the number of the incident too."""
        if service := self.find(word):
            return service, None
        key, _, number = word.rpartition("#")
        service = self.find(key) if key and number.isascii() and number.isdigit() else None
        return service, int(number[:9]) if service else None

    def is_other(self, number: int | None, incident: Incident | None) -> bool:
        """Is another incident meant than this one: by its number, or by a button under a message from before it?"""
        if number is not None:
            return incident is None or incident.number != number
        under = self.ask.under
        return under is not None and incident is not None and incident.since > under + SECONDS

    def other(self, service: Service, number: int | None) -> Response:
        return Response(wording.other_incident("" if number is None else f"{service.id}#{number}", service, self.style))

    def state(self, service: Service) -> ServiceState:
        return next(state for s, state in self.known if s.id == service.id)

    def unknown(self, word: str) -> Response:
        names = {n.casefold(): s.id for s, _ in self.known for n in (s.name, s.id)}
        near = difflib.get_close_matches(word.casefold(), names, 3)
        return Response(wording.unknown_service(word, tuple(dict.fromkeys(names[n] for n in near)), self.style))

"""Digests: who gets one, and when it is due to each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model.audiences import Destination, PlaceSettings, Style
from bot.model.digest_facts import DigestOrder
from bot.model.reasons import Reason

THREAD = "digest:"  # how the threads of digests begin


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest of the config. `when`: as it is written there; `fixed`: how it is written, as far as the config says;
    `covers`: the least that it looks back.
    """

    name: str
    when: str
    to: tuple[Destination, ...]
    services: tuple[str, ...] = ()  # empty: all
    fixed: PlaceSettings = field(default_factory=PlaceSettings)
    covers: timedelta | None = None
    title: str = ""  # as its readers know it; empty: its name
    attach: tuple[str, ...] = ()  # kinds of files that go with it by mail: "csv", "ics"

    @property
    def order(self) -> DigestOrder:
        return DigestOrder(self.name, self.title, self.services, self.attach)

    def style(self, place: Destination, own: PlaceSettings, usual: Style) -> Style:
        """How it is written to a place: on the config's list as the config says first, elsewhere as the place does."""
        return (self.fixed.over(own) if place in self.to else own.over(self.fixed)).style(usual)


@dataclass(frozen=True, slots=True)
class DigestRun:
    """A digest that is to come for one recipient. `nominal`: when it is due by its schedule, whenever it is sent; then its
    period ends, which began at `since`.
    """

    digest: str
    destination: Destination
    nominal: datetime
    since: datetime
    schedule: str  # what it was planned by: the schedule and the zone
    id: int = 0  # assigned by the store

    @property
    def key(self) -> tuple[str, Destination]:
        return self.digest, self.destination


class DigestReaderState(StrEnum):
    ASKED = "asked"  # for a confirmation, and gets nothing before it
    CONFIRMED = "confirmed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class DigestReader:
    """A recipient that the config does not name. `nonce` is part of the link that confirms."""

    digest: str
    destination: Destination
    by: str
    at: datetime  # of the last change
    state: DigestReaderState
    link: str  # the name of the reader in links, which tells nothing
    nonce: str = ""

    @property
    def key(self) -> tuple[str, Destination]:
        return self.digest, self.destination


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """An address that no longer exists, as its mail server says."""

    destination: Destination
    at: datetime
    why: Reason

"""Digests: who gets one, and when it is due to each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.audiences import Destination


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
    nonce: str = ""
    id: int = 0  # assigned by the store

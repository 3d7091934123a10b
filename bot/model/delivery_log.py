"""Who got what: the nouns of those who ask whether everybody was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model.audiences import Audience, Destination
from bot.model.incidents import ChangeKind, Incident
from bot.model.maintenance import Phase
from bot.model.notices import DeliveryAction

DRILL = "drill"  # what is asked for instead of an incident: the last drill that was ordered in a chat


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one delivery has come."""

    id: int
    destination: Destination
    key: str
    action: DeliveryAction
    kind: ChangeKind | Phase | None  # of the change, or of the maintenance, it tells of
    audience: str
    ladders: tuple[str, ...]
    status: str  # the store's: "pending", "sending", "sent", "refused", "merged" (another told it), "superseded"
    attempts: int
    queued_at: datetime
    due: datetime  # of one that waits: when it goes again
    sent_at: datetime | None
    why: str  # what the channel said last
    unsure: bool  # it may have arrived, whatever the status says


@dataclass(frozen=True, slots=True)
class Trail:
    """How one incident, or one drill, was told: its deliveries in the order they were queued, and the readers of today."""

    incident: Incident | None  # None: a drill
    name: str  # of its service
    rows: tuple[Progress, ...]
    readers: tuple[Audience, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of a drill's notice at one rung."""

    audience: str
    rung: int | None  # of the audience's ladder, from 1; None: it is one of a list
    destination: Destination
    why: str  # what went wrong; empty: it has the notice
    took: timedelta
    before: datetime | None  # when the place last had a message of ours, before this one


class NotNotifiedReason(StrEnum):
    """Why a reader was not told of an incident."""

    NOT_FOLLOWED = "not followed"
    NOT_HEARD = "not heard"  # its wish has not that kind of change
    NOT_SURE = "not sure"  # for its wish
    MUTED = "muted"
    MAINTENANCE = "maintenance"  # it was planned
    LOWER_RUNG = "lower rung"  # of a ladder: it hears when those above do not take it
    SUBSCRIBED_LATER = "subscribed later"
    UNKNOWN = "unknown"

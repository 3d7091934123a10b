"""The delivery log: who got which notice, and why others did not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model.audiences import Audience, Destination
from bot.model.incidents import ChangeKind, Incident
from bot.model.maintenance import Phase
from bot.model.notices import DeliveryAction
from bot.model.reasons import Reason

DRILL = "drill"  # given instead of an incident id: the latest drill ordered in a chat


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of one delivery."""

    id: int
    destination: Destination
    key: str
    action: DeliveryAction
    kind: ChangeKind | Phase | None  # of the change or the maintenance it reports
    audience: str
    ladders: tuple[str, ...]
    status: str  # the store's: "pending", "sending", "sent", "refused", "merged" (sent within another), "superseded"
    attempts: int
    queued_at: datetime
    due: datetime  # when a pending one is tried next
    sent_at: datetime | None
    why: Reason | None  # the channel's latest answer, unless it took the message
    unsure: bool  # it may have arrived, whatever the status is
    by_edit: bool = False  # it was put into a message that stood there already


@dataclass(frozen=True, slots=True)
class Trail:
    """Deliveries of one incident or drill in the order they were queued, and the present audiences."""

    incident: Incident | None  # None: a drill
    name: str  # the service's name
    rows: tuple[Progress, ...]
    readers: tuple[Audience, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """Result of a drill at one rung."""

    audience: str
    rung: int | None  # rung of the audience's ladder, from 1; None: a broadcast list
    destination: Destination
    why: Reason | None  # the error; None: delivered
    took: timedelta
    before: datetime | None  # when the place last received a message of ours before this one


class NotNotifiedReason(StrEnum):
    """Why a reader was not notified of an incident."""

    NOT_FOLLOWED = "not followed"
    NOT_HEARD = "not heard"  # the filter excludes this kind of change
    NOT_SURE = "not sure"  # below the reader's least confidence
    MUTED = "muted"
    MAINTENANCE = "maintenance"  # during planned maintenance
    LOWER_RUNG = "lower rung"  # of a ladder: notified only if the rungs above fail
    SUBSCRIBED_LATER = "subscribed later"
    UNKNOWN = "unknown"

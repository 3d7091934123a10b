"""The state of a delivery in the queue, and what a receipt makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.reasons import Reason


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    MERGED = "merged"  # another message, which was sent, carries it
    SUPERSEDED = "superseded"  # a later one says it too, or there is no message to edit
    UNWANTED = "unwanted"  # a digest whose reader unsubscribed, or was removed, before it was sent


FINISHED = frozenset(DeliveryStatus) - {DeliveryStatus.PENDING, DeliveryStatus.SENDING}
ARRIVED = frozenset({DeliveryStatus.SENT, DeliveryStatus.MERGED})
MANY = "#many#"  # prefix of a batch message's thread; no service's name begins like this


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """The new state of a claimed delivery: made once from its receipt, written once by the store.

    `due`: when a PENDING one may be claimed again (None: at once), or until when one still SENDING keeps its lease.
    `unsure` sticks until the delivery is `absent`. `hurry`: it is retried here, but the next rung gets it now.
    """

    status: DeliveryStatus
    due: datetime | None = None
    ref: str | None = None
    why: Reason | None = None
    unsure: bool = False
    anew: bool = False  # the thread goes on from this message
    absent: bool = False  # it was looked for and has not arrived, so it is not unsure any more
    # the provider asked for rest until `due`, which holds for all deliveries to that destination
    rest: bool = False
    hurry: bool = False

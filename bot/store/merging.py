"""What is overtaken before it could be said: of an outage that is over, a place that comes back hears once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Act, Delivery, Kind
from bot.store import lanes
from bot.store.lanes import Status
from bot.store.schema import deliveries as table

ARRIVED = frozenset({Status.SENT, Status.SENDING})
NOWHERE = 2**62  # above every id


@dataclass(frozen=True, slots=True)
class Lane:
    """The messages to one place about one incident, the first queued first."""

    posts: Sequence[Row[Any]]

    @property
    def ending(self) -> Row[Any] | None:
        """The one, not yet sent, that tells the whole incident."""
        return next((row for row in self.posts if row.ends and row.settled_at is None), None)

    @property
    def deadline(self) -> datetime | None:
        """The soonest that still runs: what stands for several messages has the time of the first."""
        return min((row.deadline for row in self.posts if row.deadline and row.settled_at is None), default=None)

    @property
    def begun(self) -> bool:
        return any(row.status == Status.SENT for row in self.posts)

    def doubtful(self, *, but: int = 0) -> bool:
        """May the place have heard anything, the message `but` aside unless it may have arrived before?"""
        return any(row.unsure or (row.status in ARRIVED and row.id != but) for row in self.posts)


async def lane(connection: AsyncConnection, delivery: Delivery) -> Lane:
    return Lane((await connection.execute(POSTS, names(delivery))).all())


async def merge(
    connection: AsyncConnection, claimed: Sequence[Delivery], now: datetime, until: datetime
) -> tuple[Delivery, ...]:
    """Where a place did not take what was claimed and has its ending waiting, claim that one in its stead."""
    tried = {d.id for d in claimed if d.attempts and d.act is Act.POST and d.notice.ends is None}
    if not tried:
        return tuple(claimed)
    kept = [d for d in claimed if d.id not in tried]
    found = [await _overtaking(connection, d, now, until) for d in claimed if d.id in tried]
    instead = await lanes.load(connection, [number for number in found if number])
    return (*kept, *instead)


async def _overtaking(connection: AsyncConnection, head: Delivery, now: datetime, until: datetime) -> int | None:
    """The id of what is to be sent: of `head`, or of the ending; None where a retraction leaves nothing to say."""
    found = await lane(connection, head)
    ending = found.ending
    if ending is None:
        return head.id
    unsaid = ending.ends == Kind.RETRACTED and not found.doubtful(but=head.id)
    # Where nothing was said before, the ending is the first message: there is none that its edit could rewrite.
    overtaken = {"below": ending.id + unsaid, "above": NOWHERE if found.begun else ending.id, "now": now}
    await connection.execute(SUPERSEDE, names(head) | overtaken)
    if unsaid:
        return None
    await connection.execute(TAKE, {"number": ending.id, "until": until, "soonest": found.deadline})
    return int(ending.id)


def names(delivery: Delivery) -> dict[str, str]:
    return {
        "of_thread": delivery.notice.thread,
        "of_kind": delivery.destination.kind,
        "of_place": delivery.destination.place,
    }


IN_LANE = (
    (table.c.thread == bindparam("of_thread"))
    & (table.c.kind == bindparam("of_kind"))
    & (table.c.place == bindparam("of_place"))
)
POSTS = select(table).where(IN_LANE, table.c.act == Act.POST.value).order_by(table.c.id)
SUPERSEDE = (
    update(table)
    .where(
        IN_LANE,
        table.c.settled_at.is_(None),
        or_(table.c.id < bindparam("below"), table.c.id > bindparam("above")),
    )
    .values(status=Status.SUPERSEDED.value, settled_at=bindparam("now"), deadline=None)
)
TAKE = (
    update(table)
    .where(table.c.id == bindparam("number"))
    .values(
        status=Status.SENDING.value,
        due=bindparam("until"),
        lease=table.c.lease + 1,
        attempts=table.c.attempts + 1,
        deadline=bindparam("soonest"),
    )
)

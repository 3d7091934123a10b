"""A lane: the messages to one destination about one incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Delivery, DeliveryAction, DeliveryStatus
from bot.store.schema import deliveries as table

ARRIVED = frozenset({DeliveryStatus.SENT, DeliveryStatus.SENDING, DeliveryStatus.MERGED})


@dataclass(frozen=True, slots=True)
class Lane:
    """The messages of a lane, in the order they were queued."""

    posts: Sequence[Row[Any]]

    @property
    def newest(self) -> Row[Any] | None:
        """The latest unsent one that tells the state of the incident; None if there is none."""
        return next((row for row in reversed(self.posts) if row.line and row.settled_at is None), None)

    @property
    def doubtful(self) -> bool:
        """Whether the incident was, or may have been, reported there."""
        return any(row.unsure or row.status in ARRIVED for row in self.posts)


async def lane(connection: AsyncConnection, delivery: Delivery) -> Lane:
    return Lane((await connection.execute(POSTS, names(delivery))).all())


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
POSTS = select(table).where(IN_LANE, table.c.act == DeliveryAction.POST.value).order_by(table.c.id)

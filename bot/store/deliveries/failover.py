"""Ladders in the store: a delivery that was not taken in time goes to the next rung, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Audience, Delivery, DeliveryStatus, Destination, Notice
from bot.store.deliveries import merge, statements
from bot.store.schema import deliveries as table
from bot.store.schema import incidents, services

LIMIT = 50  # per transaction, so that other writers wait for one of these only


@dataclass(frozen=True, slots=True)
class Rung:
    """The state of a notice at one destination."""

    sent: bool
    running: bool  # still within its time: if it fails, it is handed on from there


@dataclass(frozen=True, slots=True)
class Untaken:
    """A delivery that its destination refused, or did not take in time."""

    delivery: Delivery
    # the notice to send elsewhere: its own, or the newer one that supersedes it
    notice: Notice
    refused: str  # the reason, if it was refused
    since: datetime  # since when the destination has taken nothing
    doubtful: bool  # the incident may have been reported there all the same
    rungs: Mapping[Destination, Rung]  # the destinations of its ladders that `notice` was queued for


@dataclass(frozen=True, slots=True)
class Handed:
    """An untaken delivery and the deliveries queued instead."""

    untaken: Untaken
    onto: tuple[Delivery, ...]


async def hand_on(
    connection: AsyncConnection,
    now: datetime,
    ladders: Mapping[str, Audience],
    onto: Callable[[Untaken], Sequence[Delivery]],
) -> tuple[Handed, ...]:
    late = (await connection.execute(LATE, {"now": now})).all()
    if not late:
        return ()
    await _hold(connection, sorted({row.thread for row in late}))
    held = (await connection.scalars(HELD, {"ids": [row.id for row in late]})).all()
    seen_to: set[int] = set()
    handed: list[Handed] = []
    for delivery in await statements.load(connection, held):
        if delivery.id in seen_to:
            continue
        untaken, last = await _untaken(connection, delivery, ladders)
        queued = tuple(onto(untaken))
        await statements.queue(connection, queued, now)
        names = merge.names(delivery) | {"first": delivery.id, "last": last}
        seen_to.update(await connection.scalars(SEEN_TO, names))
        handed.append(Handed(untaken, queued))
    return tuple(handed)


async def _hold(connection: AsyncConnection, threads: Sequence[str]) -> None:
    """Lock the services of these incidents and make concurrent decisions about them start again.

    They do not know yet which destinations are added, and would report the end to one rung and not to the next.
    """
    names = (await connection.scalars(SERVICES, {"threads": threads})).all()
    if names:
        await connection.execute(DECIDE_AGAIN, {"names": names})


async def _untaken(
    connection: AsyncConnection, delivery: Delivery, ladders: Mapping[str, Audience]
) -> tuple[Untaken, int]:
    """The untaken delivery, and the id of the last one in its lane that is handled with it."""
    lane = await merge.lane(connection, delivery)
    own = next(row for row in lane.posts if row.id == delivery.id)
    newest = lane.newest
    told = own if newest is None or newest.id < own.id else newest
    place = {"of_kind": own.kind, "of_place": own.place}
    since = await connection.scalar(SINCE, place)
    keys = {
        f"{told.notice.key}@{place}": place
        for name in delivery.ladders
        if name in ladders
        for place in ladders[name].destinations
    }
    rows = await connection.execute(KNOWN, {"keys": list(keys)}) if keys else ()
    untaken = Untaken(
        delivery,
        told.notice,
        refused=own.why if own.status == DeliveryStatus.REFUSED else "",
        since=min(since or own.queued_at, own.queued_at),
        doubtful=lane.doubtful,
        rungs={
            keys[row.key]: Rung(row.status in {DeliveryStatus.SENT, DeliveryStatus.MERGED}, row.deadline is not None)
            for row in rows
        },
    )
    return untaken, told.id


NEXT = select(table.c.deadline).where(table.c.deadline.is_not(None)).order_by(table.c.deadline).limit(1)
LATE = (
    select(table.c.id, table.c.thread)
    .where(table.c.deadline.is_not(None), table.c.deadline <= bindparam("now"))
    .order_by(table.c.deadline)
    .limit(LIMIT)
)
SERVICES = (
    select(services.c.id)
    .where(
        services.c.id.in_(select(incidents.c.service).where(incidents.c.id.in_(bindparam("threads", expanding=True))))
    )
    .order_by(services.c.id)  # the order in which incidents lock them, so that no deadlock arises
    .with_for_update()
)
DECIDE_AGAIN = (
    update(services).where(services.c.id.in_(bindparam("names", expanding=True))).values(version=services.c.version + 1)
)
HELD = (
    select(table.c.id)
    .where(table.c.id.in_(bindparam("ids", expanding=True)), table.c.deadline.is_not(None))
    .order_by(table.c.id)
    .with_for_update()
)
SINCE = select(func.min(table.c.queued_at)).where(
    table.c.kind == bindparam("of_kind"), table.c.place == bindparam("of_place"), table.c.settled_at.is_(None)
)
KNOWN = select(table.c.key, table.c.status, table.c.deadline).where(table.c.key.in_(bindparam("keys", expanding=True)))
SEEN_TO = (
    update(table)
    .where(
        merge.IN_LANE,
        table.c.id.between(bindparam("first"), bindparam("last")),
        table.c.deadline.is_not(None),
    )
    .values(deadline=None)
    .returning(table.c.id)
)

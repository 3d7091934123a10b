"""Ladders in the store: a delivery that was not taken in time goes to the next rung, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import ARRIVED, Audience, Delivery, DeliveryAction, DeliveryStatus, Destination, Notice, Reason
from bot.notify.place_queue import Lane, Queued
from bot.store.deliveries import place_statements, statements
from bot.store.feed import notify, transaction
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
    refused: Reason | None  # the reason, if it was refused
    since: datetime = field(compare=False)  # since when the destination has taken nothing
    doubtful: bool  # the incident may have been reported there all the same
    rungs: Mapping[Destination, Rung]  # the destinations of its ladders that `notice` was queued for
    last: int = 0  # id of the last delivery of its lane that is handed on with it


@dataclass(frozen=True, slots=True)
class Handed:
    """An untaken delivery and the deliveries queued instead."""

    untaken: Untaken
    onto: tuple[Delivery, ...]


async def read(connection: AsyncConnection, now: datetime, ladders: Mapping[str, Audience]) -> tuple[Untaken, ...]:
    """What has not been taken in time, one of each lane."""
    ids = (await connection.scalars(LATE, {"now": now})).all()
    found: dict[tuple[str, Destination], Untaken] = {}
    for delivery in await statements.load(connection, ids):
        before = found.get(lane := (delivery.notice.thread, delivery.destination))
        if before is None:
            found[lane] = await _untaken(connection, delivery, ladders)
    return tuple(found.values())


async def write(
    connection: AsyncConnection, handed: Sequence[Handed], ladders: Mapping[str, Audience], now: datetime
) -> tuple[Handed, ...]:
    """Queue the deliveries instead; return those that still were untaken, and as they were read."""
    await _hold(connection, sorted({one.untaken.delivery.notice.thread for one in handed}))
    held = (await connection.scalars(HELD, {"ids": [one.untaken.delivery.id for one in handed]})).all()
    present = {delivery.id: delivery for delivery in await statements.load(connection, held)}
    written: list[Handed] = []
    for one in handed:
        was = one.untaken
        delivery = present.get(was.delivery.id)
        if delivery is None or await _untaken(connection, delivery, ladders) != was:
            continue
        await statements.queue(connection, one.onto, now)
        await connection.execute(SEEN_TO, _lane(delivery) | {"first": delivery.id, "last": was.last})
        written.append(one)
    return tuple(written)


async def _hold(connection: AsyncConnection, threads: Sequence[str]) -> None:
    """Lock the services of these incidents and make concurrent decisions about them start again.

    They do not know yet which destinations are added, and would report the end to one rung and not to the next.
    """
    names = (await connection.scalars(SERVICES, {"threads": threads})).all()
    if names:
        again = DECIDE_AGAIN.values(written=transaction(connection.dialect.name))
        await connection.execute(again, {"names": names})
        await notify(connection, "states")  # the next rung may be another node's


async def _untaken(connection: AsyncConnection, delivery: Delivery, ladders: Mapping[str, Audience]) -> Untaken:
    posts = (await connection.execute(POSTS, _lane(delivery))).all()
    rows = [Queued._make(row[:-1]) for row in posts]
    own = next(row for row in posts if row.id == delivery.id)
    heard = any(row.unsure or row.status in ARRIVED for row in rows)
    lane = Lane(delivery.notice.thread, rows, heard=heard)
    notice = delivery.notice
    # What was refused is told elsewhere too, as long as no rung has it: several are at once when a channel is removed.
    waits = (row.id for row in rows if row.line and (row.settled_at is None or row.deadline))
    last = max((own.id, *waits))
    if last != own.id:
        [later] = await statements.load(connection, [last])
        notice = later.notice
    since = await connection.scalar(
        SINCE, {"of_kind": delivery.destination.kind, "of_place": delivery.destination.place}
    )
    return Untaken(
        delivery,
        notice,
        refused=own.why if own.status == DeliveryStatus.REFUSED else None,
        since=min(since or own.queued_at, own.queued_at),
        doubtful=lane.doubtful,
        rungs=await _rungs(connection, delivery, notice, ladders),
        last=last,
    )


async def _rungs(
    connection: AsyncConnection, delivery: Delivery, notice: Notice, ladders: Mapping[str, Audience]
) -> dict[Destination, Rung]:
    keys = {
        f"{notice.key}@{place}": place
        for name in delivery.ladders
        if name in ladders
        for place in ladders[name].destinations
    }
    rows = await connection.execute(KNOWN, {"keys": list(keys)}) if keys else ()
    return {keys[row.key]: Rung(row.status in ARRIVED, row.deadline is not None) for row in rows}


def _lane(delivery: Delivery) -> dict[str, Any]:
    place = delivery.destination
    return {"of_thread": delivery.notice.thread, "of_kind": place.kind, "of_place": place.place}


IN_LANE = (
    (table.c.thread == bindparam("of_thread"))
    & (table.c.kind == bindparam("of_kind"))
    & (table.c.place == bindparam("of_place"))
)
POSTS = (
    select(*place_statements.LIGHT, table.c.why)
    .where(IN_LANE, table.c.act == DeliveryAction.POST.value)
    .order_by(table.c.id)
)
NEXT = select(table.c.deadline).where(table.c.deadline.is_not(None)).order_by(table.c.deadline).limit(1)
LATE = (
    select(table.c.id)
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
        IN_LANE,
        table.c.id.between(bindparam("first"), bindparam("last")),
        table.c.deadline.is_not(None),
    )
    .values(deadline=None)
)

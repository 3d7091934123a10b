"""Statements about the deliveries of one destination, built once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, case, exists, func, or_, select, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import MANY, Delivery, DeliveryAction, DeliveryStatus
from bot.notify.place_queue import Queued
from bot.store.schema import deliveries as table

HERE = (table.c.kind == bindparam("of_kind")) & (table.c.place == bindparam("of_place"))
POST = table.c.act == DeliveryAction.POST.value
TOLD = table.c.status.in_([DeliveryStatus.SENT.value, DeliveryStatus.MERGED.value])
OPEN = table.c.settled_at.is_(None)
BY_ID = table.c.id.in_(bindparam("ids", expanding=True))
NOT_TAKEN = OPEN & POST & or_(table.c.attempts > 0, table.c.deferred & (table.c.due <= bindparam("now")))
TAKEN_LATE = TOLD & (table.c.attempts > 1)
STANDING = (
    select(
        table.c.place,
        func.max(case((NOT_TAKEN, 1), else_=0)).label("untaken"),
        func.max(case((OPEN & table.c.reminder, 1), else_=0)).label("reminder"),
        func.max(case((TAKEN_LATE, 1), else_=0)).label("late"),
        func.count(case((table.c.line != "", table.c.thread)).distinct()).label("incidents"),
    )
    .where(
        table.c.kind == bindparam("of_kind"),
        table.c.place.in_(bindparam("places", expanding=True)),
        or_(OPEN, table.c.settled_at > bindparam("since")),
        POST,
    )
    .group_by(table.c.place)
)


def columns(fields: tuple[str, ...]) -> list[ColumnElement[Any]]:
    """The columns that the fields of a plain value stand for."""
    return [table.c.act.label(name) if name == "action" else table.c[name] for name in fields]


LIGHT = columns(Queued._fields)
UNFINISHED = select(*LIGHT).where(HERE, OPEN).order_by(table.c.id)
THESE = select(*LIGHT).where(BY_ID).order_by(table.c.id)
STATE = ("id", "status", "lease", "due", "told_in", "deadline", "unsure", "settled_at")  # what changes of a row
NOW = select(*(table.c[name] for name in STATE)).where(BY_ID).order_by(table.c.id).with_for_update()
HEARD = (
    select(table.c.thread, func.max(case((TOLD, 1), else_=0)).label("sent"))
    .where(HERE, POST, table.c.thread.in_(bindparam("threads", expanding=True)), or_(TOLD, table.c.unsure))
    .group_by(table.c.thread)
)
ALONE = table.c.status == DeliveryStatus.SENT.value
RECENT = select(
    table.c.thread, table.c.line, table.c.ends, table.c.attempts, table.c.settled_at, ALONE.label("alone")
).where(HERE, POST, TOLD, table.c.settled_at > bindparam("since"))
OF_MANY = select(*LIGHT).where(HERE, table.c.thread.in_(bindparam("threads", expanding=True))).order_by(table.c.id)
REFUSED = table.alias("refused")
STUCK = or_(
    exists().where(REFUSED.c.thread == table.c.thread, REFUSED.c.status == DeliveryStatus.REFUSED.value),
    table.c.unsure & (table.c.status == DeliveryStatus.SENT.value),
)
STORMS = (
    select(table.c.thread, table.c.ends, table.c.status, table.c.settled_at, STUCK.label("stuck"), table.c.causes)
    .where(
        HERE,
        POST,
        table.c.thread.startswith(MANY),
        ~table.c.deferred,
        or_(OPEN, (table.c.status == DeliveryStatus.SENT.value) & (table.c.settled_at > bindparam("since"))),
    )
    .order_by(table.c.id)
)
EXAMPLE = select(table.c.notice, table.c.audience).where(table.c.id == bindparam("number"))
NEW = plain_insert(table).returning(table.c.id)
TELL_IN = update(table).where(BY_ID).values(told_in=bindparam("number"))
WAIT = update(table).where(BY_ID).values(due=bindparam("until"))
SUPERSEDE = (
    update(table)
    .where(BY_ID)
    .values(status=DeliveryStatus.SUPERSEDED.value, settled_at=bindparam("now"), deadline=None)
)
TAKES_TIME_OF = update(table).where(table.c.id == bindparam("number")).values(deadline=bindparam("soonest"))
REWORD = (
    update(table).where(table.c.id == bindparam("number")).values(notice=bindparam("notice"), title=bindparam("title"))
)


def _led_by_many() -> Select[Any]:
    """Of the edits due next, the thread of the batch message that first reported their incident there."""
    first, message = table.alias("first"), table.alias("message")
    lead = (
        select(first.c.id)
        .where(
            first.c.thread == table.c.thread,
            first.c.kind == table.c.kind,
            first.c.place == table.c.place,
            first.c.leads,
        )
        .order_by(first.c.id.desc())
        .limit(1)
        .correlate(table)
        .scalar_subquery()
    )
    earlier = table.alias("earlier")
    blocked = exists().where(
        earlier.c.thread == table.c.thread,
        earlier.c.kind == table.c.kind,
        earlier.c.place == table.c.place,
        earlier.c.id < table.c.id,
        earlier.c.settled_at.is_(None),
    )
    led = table.join(first, first.c.id == lead).join(message, message.c.id == first.c.told_in)
    return (
        select(table.c.id, message.c.thread.label("many"))
        .select_from(led)
        .where(HERE, OPEN, table.c.act == DeliveryAction.EDIT.value, table.c.told_in.is_(None), ~blocked)
        .where(first.c.status == DeliveryStatus.MERGED.value)
    )


def _told_there() -> Select[Any]:
    """The present state at the destination of each incident in a batch message."""
    member, message = table.alias("member"), table.alias("message")
    threads = (
        select(member.c.thread)
        .join(message, message.c.id == member.c.told_in)
        .where(message.c.kind == bindparam("of_kind"), message.c.place == bindparam("of_place"))
        .where(message.c.thread == bindparam("of_thread"))
    )
    latest = select(func.max(table.c.id)).where(HERE, POST, table.c.line != "", table.c.thread.in_(threads))
    return select(*LIGHT).where(table.c.id.in_(latest.group_by(table.c.thread)))


LED_BY_MANY = _led_by_many()
TOLD_THERE = _told_there()


async def overtake(connection: AsyncConnection, deliveries: Sequence[tuple[Delivery, datetime]]) -> None:
    """Supersede held-back deliveries before urgent ones that tell the whole state are queued to the same place, each at
    its own time.
    """
    through = {
        (one.notice.thread, one.destination.kind, one.destination.place): now
        for one, now in deliveries
        if one.due is None and one.action is DeliveryAction.POST and one.notice.whole
    }
    if not through:
        return
    facts = {"threads": list({thread for thread, *_ in through}), "now": min(through.values())}
    kept = defaultdict[datetime, list[int]](list)
    for number, due, *lane in await connection.execute(KEPT, facts):
        if (now := through.get(tuple(lane))) is not None and due > now:
            kept[now].append(number)
    for now, ids in kept.items():
        await connection.execute(SUPERSEDE, {"ids": ids, "now": now})


KEPT = select(table.c.id, table.c.due, table.c.thread, table.c.kind, table.c.place).where(
    table.c.thread.in_(bindparam("threads", expanding=True)),
    table.c.deferred,
    table.c.due > bindparam("now"),
    table.c.status == DeliveryStatus.PENDING.value,
    table.c.attempts == 0,
    table.c.told_in.is_(None),
)

"""Statements about deliveries, each run inside a caller's transaction.

A lane is a destination and a thread: messages about one incident go to one destination in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    Row,
    Select,
    bindparam,
    case,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import ChangeKind, Delivery, DeliveryAction, Destination, Reason
from bot.store.columns import Utc
from bot.store.engine import insert_new
from bot.store.schema import deliveries as table


class Status(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    MERGED = "merged"  # another message, which was sent, carries it
    SUPERSEDED = "superseded"  # a later one says it too, or there is no message to edit


FINISHED = frozenset({Status.SENT, Status.REFUSED, Status.MERGED, Status.SUPERSEDED})
MANY = "#many#"  # prefix of a batch message's thread; no service's name begins like this


@dataclass(frozen=True, slots=True, eq=False)
class Settlement:
    """The outcome of one claimed delivery.

    `due`: when a PENDING one may be claimed again (None: at once), or until when one still SENDING keeps its lease.
    `unsure` sticks until the delivery is `absent`. `hurry`: it is retried here, but the next rung gets it now.
    """

    delivery: Delivery
    status: Status
    at: datetime
    ref: str | None = None
    due: datetime | None = None
    why: Reason | None = None
    unsure: bool = False
    anew: bool = False  # the thread goes on from this message
    absent: bool = False  # it was looked for and has not arrived, so it is not unsure any more
    # the provider asked for rest until `due`, which holds for all deliveries to that destination
    rest: bool = False
    hurry: bool = False


async def queue(connection: AsyncConnection, deliveries: Sequence[Delivery], now: datetime) -> int:
    """Queue deliveries and return how many were new; those whose key exists are left as they are."""
    if not deliveries:
        return 0
    statement = insert_new(connection.dialect.name, table, "key")
    written = await connection.execute(statement, [_row(delivery, now) for delivery in deliveries])
    return len(written.all())


async def told(connection: AsyncConnection, threads: Sequence[str]) -> dict[str, dict[Destination, bool]]:
    """The destinations of each thread, sent or queued; True for those that got a message, or may have."""
    found: dict[str, dict[Destination, bool]] = {}
    for thread, kind, place, heard in await connection.execute(TOLD, {"threads": threads}) if threads else ():
        found.setdefault(thread, {})[Destination(kind, place)] = bool(heard)
    return found


async def load(connection: AsyncConnection, ids: Sequence[int]) -> tuple[Delivery, ...]:
    """Deliveries with the facts of their lanes, in the order they were queued."""
    return tuple(_delivery(row) for row in await connection.execute(CLAIMED, {"ids": ids})) if ids else ()


async def requeue_in_flight(connection: AsyncConnection) -> int:
    """Make all deliveries in hand claimable at once, as unsure. Return how many. Only safe while nobody sends."""
    return len((await connection.scalars(RELEASE)).all())


async def settle(connection: AsyncConnection, settlements: Sequence[Settlement]) -> list[bool]:
    """Settle; the answers say whether each was still held by its claim."""
    ids = sorted({one.delivery.id for one in settlements})
    held = {(row.id, row.lease) for row in await connection.execute(HELD, {"ids": ids})}
    answers, rows = [], []
    for one in settlements:
        claimed = (one.delivery.id, one.delivery.lease)
        answers.append(claimed in held)
        if claimed in held:
            rows.append(_settled(one))
            held.discard(claimed)  # a claim is settled once
    if rows:
        await connection.execute(SETTLE, rows)
    return answers


# ── the statements, made once: making one costs more than running it ─────────────────────────────────────────────────


def _claimed() -> Select[Any]:
    """The deliveries `ids`, each with the first sent message of its lane."""
    first = table.alias("first")
    lane = (
        select(first)
        .where(
            first.c.thread == table.c.thread,
            first.c.kind == table.c.kind,
            first.c.place == table.c.place,
            first.c.act == DeliveryAction.POST.value,
        )
        .limit(1)
        .correlate(table)
    )
    leads = lane.where(first.c.leads, first.c.ref.is_not(None)).order_by(first.c.id.desc())
    # A merged delivery is led by a batch message: it can be replied to, but not edited for this one alone.
    own = or_(table.c.act == DeliveryAction.POST.value, first.c.status == Status.SENT.value)
    root = leads.where(own).with_only_columns(first.c.ref).scalar_subquery()
    opening = lane.order_by(first.c.id)
    subject = opening.where(first.c.status == Status.SENT.value).with_only_columns(first.c.title).scalar_subquery()
    overtook = opening.where(first.c.status == Status.SUPERSEDED.value).with_only_columns(first.c.id).scalar_subquery()
    return (
        select(table, root.label("root"), subject.label("subject"), overtook.label("overtook"))
        .where(table.c.id.in_(bindparam("ids", expanding=True)))
        .order_by(table.c.id)
    )


CLAIMED = _claimed()
HAS_HEARD = or_(table.c.status.in_([Status.SENT.value, Status.MERGED.value]), table.c.unsure)
TOLD = (
    select(table.c.thread, table.c.kind, table.c.place, func.max(case((HAS_HEARD, 1), else_=0)))
    .where(
        table.c.thread.in_(bindparam("threads", expanding=True)),
        table.c.act == DeliveryAction.POST.value,
        # A refused delivery counts until the next rung has it: an end decided meanwhile must not miss the ladder.
        or_(
            table.c.status.not_in([Status.REFUSED.value, Status.SUPERSEDED.value]),
            table.c.deadline.is_not(None),
        ),
    )
    .group_by(table.c.thread, table.c.kind, table.c.place)
)
HELD = (
    select(table.c.id, table.c.lease)
    .where(table.c.id.in_(bindparam("ids", expanding=True)), table.c.status == Status.SENDING.value)
    .order_by(table.c.id)  # everybody locks in this order, so that no deadlock arises
    .with_for_update()
)
SETTLE = (
    update(table)
    .where(table.c.id == bindparam("number"))
    .values(
        status=bindparam("new_status"),
        due=bindparam("new_due"),
        why=bindparam("new_why"),
        settled_at=bindparam("new_settled_at"),
        ref=func.coalesce(bindparam("new_ref"), table.c.ref),
        unsure=(table.c.unsure & ~bindparam("new_absent", type_=Boolean)) | bindparam("new_unsure"),
        leads=table.c.leads | bindparam("new_leads"),
        # Sent: no other rung is needed. Refused, or in a hurry: the next rung gets it at once.
        deadline=case(
            (bindparam("still_runs", type_=Boolean), table.c.deadline),
            (table.c.deadline.is_not(None), bindparam("handed_on_at", type_=Utc)),
            else_=null(),
        ),
    )
)
RELEASE = (
    update(table)
    .where(table.c.settled_at.is_(None), table.c.status == Status.SENDING.value)
    .values(status=Status.PENDING.value, due=table.c.queued_at, unsure=True)
    .returning(table.c.id)
)


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _row(delivery: Delivery, now: datetime) -> dict[str, Any]:
    notice = delivery.notice
    return {
        "key": delivery.key,
        "kind": delivery.destination.kind,
        "place": delivery.destination.place,
        "thread": notice.thread,
        "act": delivery.action.value,
        "audience": delivery.audience,
        "title": notice.words.title,
        "notice": notice,
        "status": Status.PENDING.value,
        "due": delivery.due or now,
        "lease": 0,
        "attempts": 0,
        "unsure": False,
        "why": None,
        "queued_at": now,
        "ends": notice.ends and notice.ends.value,
        "ladders": delivery.ladders or None,
        "deadline": None if delivery.within is None else (delivery.due or now) + delivery.within,
        "deferred": delivery.due is not None and delivery.due > now,
        "reminder": notice.kind is ChangeKind.REMINDED,
        "line": (notice.line or notice.words.title) if notice.whole and delivery.action is DeliveryAction.POST else "",
        "causes": notice.causes or None,
        "began": notice.since,
        "happened": notice.at,
    }


def _settled(one: Settlement) -> dict[str, Any]:
    return {
        "number": one.delivery.id,
        "new_status": one.status.value,
        "new_due": one.due or one.at,
        "new_why": one.why,
        "new_settled_at": one.at if one.status in FINISHED else None,
        "new_ref": one.ref,
        "new_unsure": one.unsure,
        "new_absent": one.absent,
        "new_leads": one.status is Status.SENT
        and one.delivery.action is DeliveryAction.POST
        and (one.anew or one.delivery.root is None),
        "still_runs": one.status not in FINISHED and not one.hurry,
        "handed_on_at": one.at if one.hurry or one.status is Status.REFUSED else None,
    }


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        key=row.key,
        destination=Destination(row.kind, row.place),
        action=DeliveryAction(row.act),
        notice=row.notice,
        audience=row.audience,
        root=row.root,
        subject=row.title if row.subject is None else row.subject,
        attempts=row.attempts - 1,
        unsure=row.unsure,
        id=row.id,
        lease=row.lease,
        ladders=row.ladders or (),
        late=_late(row),
        deferred=row.deferred,
    )


def _late(row: Row[Any]) -> bool:
    merged = row.overtook is not None and row.subject is None
    ran_out = bool(row.ladders) and row.deadline is None
    return row.act == DeliveryAction.POST and row.settled_at is None and (merged or ran_out)

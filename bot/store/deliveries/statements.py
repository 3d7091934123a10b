"""Statements about deliveries, each run inside a caller's transaction.

A lane is a destination and a thread: messages about one incident go to one destination in order.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Boolean,
    Delete,
    Row,
    Select,
    bindparam,
    case,
    delete,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import (
    ARRIVED,
    FINISHED,
    ChangeKind,
    Delivery,
    DeliveryAction,
    DeliveryResult,
    DeliveryStatus,
    Destination,
    Document,
)
from bot.store.columns import Utc
from bot.store.engine import insert_new, insert_silently
from bot.store.schema import deliveries, documents
from bot.store.schema import deliveries as table

DOCUMENTS_KEPT: Final = 8  # in memory
NAME_LENGTH: Final = 32  # characters


class Settlement(NamedTuple):
    """What became of a claimed delivery, and when that is stored."""

    delivery: Delivery
    result: DeliveryResult
    at: datetime


async def queue(connection: AsyncConnection, deliveries: Sequence[Delivery], now: datetime) -> int:
    """Queue deliveries and return how many were new; those whose key exists are left as they are."""
    if not deliveries:
        return 0
    named = await store_documents(connection, deliveries, now)
    statement = insert_new(connection.dialect.name, table, "key")
    written = await connection.execute(
        statement, [_row(row, now, named.get(id(row.notice.document))) for row in deliveries]
    )
    return len(written.all())


async def queue_many(connection: AsyncConnection, deliveries: Sequence[tuple[Delivery, datetime]]) -> None:
    """Queue deliveries, each at its own time; those whose key exists are left as they are."""
    if not deliveries:
        return
    named = await store_documents(connection, [row for row, _ in deliveries], deliveries[-1][1])
    statement = insert_silently(connection.dialect.name, table, "key")
    rows = [_row(row, now, named.get(id(row.notice.document))) for row, now in deliveries]
    await connection.execute(statement, rows)


async def told(connection: AsyncConnection, threads: Sequence[str]) -> dict[str, dict[Destination, bool]]:
    """The destinations of each thread, sent or queued; True for those that got a message, or may have."""
    found: dict[str, dict[Destination, bool]] = {}
    for thread, kind, place, heard in await connection.execute(TOLD, {"threads": threads}) if threads else ():
        found.setdefault(thread, {})[Destination(kind, place)] = bool(heard)
    return found


async def load(connection: AsyncConnection, ids: Sequence[int]) -> tuple[Delivery, ...]:
    """Deliveries with the facts of their lanes, in the order they were queued."""
    rows = (await connection.execute(CLAIMED, {"ids": ids})).all() if ids else ()
    found = await read_documents(connection, {row.document for row in rows if row.document})
    return tuple(_delivery(row, found.get(row.document)) for row in rows)


async def requeue_in_flight(connection: AsyncConnection, kinds: Sequence[str] | None = None) -> int:
    """Make all deliveries in hand claimable at once, or those of some kinds of channel, as unsure. Return how many. Only
    safe while nobody sends.
    """
    statement = RELEASE if kinds is None else RELEASE.where(table.c.kind.in_(kinds))
    return len((await connection.scalars(statement)).all())


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
    own = or_(table.c.act == DeliveryAction.POST.value, first.c.status == DeliveryStatus.SENT.value)
    root = leads.where(own).with_only_columns(first.c.ref).scalar_subquery()
    opening = lane.order_by(first.c.id)
    subject = (
        opening.where(first.c.status == DeliveryStatus.SENT.value).with_only_columns(first.c.title).scalar_subquery()
    )
    overtaken = lane.limit(None).where(first.c.status == DeliveryStatus.SUPERSEDED.value)
    tried = overtaken.with_only_columns(func.max(first.c.attempts)).scalar_subquery()  # None: it overtook nothing
    since = overtaken.with_only_columns(func.min(first.c.queued_at)).scalar_subquery()
    return (
        select(
            table, root.label("root"), subject.label("subject"), tried.label("overtaken_tried"), since.label("since")
        )
        .where(table.c.id.in_(bindparam("ids", expanding=True)))
        .order_by(table.c.id)
    )


CLAIMED = _claimed()
HAS_HEARD = or_(table.c.status.in_(sorted(ARRIVED)), table.c.unsure)
TOLD = (
    select(table.c.thread, table.c.kind, table.c.place, func.max(case((HAS_HEARD, 1), else_=0)))
    .where(
        table.c.thread.in_(bindparam("threads", expanding=True)),
        table.c.act == DeliveryAction.POST.value,
        # A refused delivery counts until the next rung has it: an end decided meanwhile must not miss the ladder.
        or_(
            table.c.status.not_in([DeliveryStatus.REFUSED.value, DeliveryStatus.SUPERSEDED.value]),
            table.c.deadline.is_not(None),
        ),
    )
    .group_by(table.c.thread, table.c.kind, table.c.place)
)
HELD = (
    select(table.c.id, table.c.lease)
    .where(table.c.id.in_(bindparam("ids", expanding=True)), table.c.status == DeliveryStatus.SENDING.value)
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
    .where(table.c.settled_at.is_(None), table.c.status == DeliveryStatus.SENDING.value)
    .values(status=DeliveryStatus.PENDING.value, due=table.c.queued_at, unsure=True)
    .returning(table.c.id)
)


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _row(delivery: Delivery, now: datetime, document: str | None) -> dict[str, Any]:
    notice = delivery.notice
    return {
        "key": delivery.key,
        "kind": delivery.destination.kind,
        "place": delivery.destination.place,
        "thread": notice.thread,
        "act": delivery.action.value,
        "audience": delivery.audience,
        "title": notice.words.title,
        "notice": replace(notice, document=None) if document else notice,
        "document": document,
        "status": DeliveryStatus.PENDING.value,
        "due": delivery.due or now,
        "lease": 0,
        "attempts": 0,
        "unsure": False,
        "why": None,
        "queued_at": now,
        "ends": notice.ends and notice.ends.value,
        "detail": notice.detail if notice.whole and delivery.action is DeliveryAction.POST else "",
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
    result, done = one.result, one.result.status in FINISHED
    return {
        "number": one.delivery.id,
        "new_status": result.status.value,
        "new_due": result.due or one.at,
        "new_why": result.why,
        "new_settled_at": one.at if done else None,
        "new_ref": result.ref,
        "new_unsure": result.unsure,
        "new_absent": result.absent,
        "new_leads": result.status is DeliveryStatus.SENT
        and one.delivery.action is DeliveryAction.POST
        and (result.anew or one.delivery.root is None),
        "still_runs": not done and not result.hurry,
        "handed_on_at": one.at if result.hurry or result.status is DeliveryStatus.REFUSED else None,
    }


def _delivery(row: Row[Any], document: Document | None) -> Delivery:
    return Delivery(
        key=row.key,
        destination=Destination(row.kind, row.place),
        action=DeliveryAction(row.act),
        notice=replace(row.notice, document=document) if document else row.notice,
        audience=row.audience,
        root=row.root,
        subject=row.title if row.subject is None else row.subject,
        attempts=row.attempts - 1,
        unsure=row.unsure,
        id=row.id,
        lease=row.lease,
        ladders=row.ladders or (),
        late=_late(row),
        in_vain=row.attempts > 1 or bool(row.overtaken_tried),
        waited_since=row.since or row.queued_at,
        deferred=row.deferred,
    )


def _late(row: Row[Any]) -> bool:
    merged = row.overtaken_tried is not None and row.subject is None
    ran_out = bool(row.ladders) and row.deadline is None
    return row.act == DeliveryAction.POST and row.settled_at is None and (merged or ran_out)


_known: OrderedDict[str, Document] = OrderedDict()  # by their hashes, so that they are right for every database


async def store_documents(connection: AsyncConnection, rows: Sequence[Delivery], now: datetime) -> Mapping[int, str]:
    """Store the documents of deliveries; return their names by their identity."""
    found = {id(row.notice.document): row.notice.document for row in rows if row.notice.document is not None}
    names = {number: _name(document) for number, document in found.items()}
    new = {names[number]: document for number, document in found.items()}
    if new:
        values = [{"name": name, "at": now, "body": document} for name, document in new.items()]
        await connection.execute(insert_new(connection.dialect.name, documents, "name"), values)
    return names


async def read_documents(connection: AsyncConnection, names: Collection[str]) -> Mapping[str, Document]:
    """The documents of these names."""
    found = {name: _known[name] for name in names if name in _known}
    missing = [name for name in names if name not in found]
    for row in await connection.execute(NAMES, {"names": missing}) if missing else ():
        found[row.name] = _known[row.name] = row.body
    while len(_known) > DOCUMENTS_KEPT:
        _known.popitem(last=False)
    return found


def _name(document: Document) -> str:
    return sha256(repr(document).encode(errors="replace")).hexdigest()[:NAME_LENGTH]


NAMES: Final = select(documents.c.name, documents.c.body).where(
    documents.c.name.in_(bindparam("names", expanding=True))
)
WAITED_FOR: Final = select(deliveries.c.document).where(
    deliveries.c.settled_at.is_(None), deliveries.c.document.is_not(None)
)


def old_documents(before: datetime) -> Delete:
    """The statement that deletes those of an earlier time that no delivery waits for."""
    return delete(documents).where(documents.c.at < before, documents.c.name.not_in(WAITED_FOR))

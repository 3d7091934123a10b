"""Claiming deliveries that may be sent next, under a lease; and the effects of a receipt on others: on members of its
batch, and on the rest of its thread.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, case, exists, false, func, null, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import FINISHED, MANY, Delivery, DeliveryAction, DeliveryStatus
from bot.notify.batching import Claim
from bot.notify.place_queue import Head, Standing, replacement
from bot.store.columns import Utc
from bot.store.deliveries import place_statements, statements
from bot.store.deliveries.statements import Settlement
from bot.store.schema import deliveries as table

AHEAD = 8  # heads read for each wanted one, if a destination gets one at a time


async def heads(connection: AsyncConnection, wanted: Claim) -> list[Head]:
    """The deliveries that may be claimed, the longest due first."""
    most = wanted.most * AHEAD if wanted.one_each else wanted.most
    facts = {"of_kind": wanted.kind, "now": wanted.now, "busy": list(wanted.busy), "most": most}
    rows = list(map(Head._make, await connection.execute(HEADS, facts)))
    if not wanted.one_each:
        return rows
    first: dict[str, Head] = {}
    for row in rows:
        first.setdefault(row.place, row)
    return list(first.values())[: wanted.most]


async def standing(
    connection: AsyncConnection, kind: str, places: Sequence[str], since: datetime, now: datetime
) -> dict[str, Standing]:
    facts = {"of_kind": kind, "places": list(places), "since": since, "now": now}
    rows = await connection.execute(place_statements.STANDING, facts) if places else ()
    return {row.place: Standing._make(row) for row in rows}


async def take(
    connection: AsyncConnection, ids: Sequence[int], planned: Collection[int], now: datetime, until: datetime
) -> list[int]:
    """Take those of `ids` that are planned, or still due, under a lease until then; return which."""
    facts = {"ids": ids, "planned": list(planned), "now": now, "until": until}
    return list(await connection.scalars(TAKE, facts)) if ids else []


def _unfinished_before() -> ColumnElement[bool]:
    earlier = table.alias("earlier")
    return exists().where(
        earlier.c.thread == table.c.thread,
        earlier.c.kind == table.c.kind,
        earlier.c.place == table.c.place,
        earlier.c.id < table.c.id,
        earlier.c.settled_at.is_(None),
    )


# Members of a batch are not sent alone.
FREE_TO_GO = table.c.settled_at.is_(None) & table.c.told_in.is_(None)
HEAD = FREE_TO_GO & ~_unfinished_before()  # the first unfinished one of its lane
FREE = table.c.place.not_in(bindparam("busy", expanding=True))
HEADS = (
    select(*place_statements.columns(Head._fields))
    .where(table.c.kind == bindparam("of_kind"), table.c.due <= bindparam("now"), FREE, HEAD)
    .order_by(table.c.due, table.c.id)
    .limit(bindparam("most"))
)
TAKE = (
    update(table)
    .where(
        table.c.id.in_(bindparam("ids", expanding=True)),
        or_(table.c.due <= bindparam("now"), table.c.id.in_(bindparam("planned", expanding=True))),
        FREE_TO_GO,
    )
    .values(
        status=DeliveryStatus.SENDING.value,
        due=bindparam("until"),
        lease=table.c.lease + 1,
        attempts=table.c.attempts + 1,
        unsure=case((table.c.status == DeliveryStatus.SENDING.value, true()), else_=table.c.unsure),
    )
    .returning(table.c.id)
)
NEXT_DUE = select(func.min(table.c.due)).where(table.c.kind == bindparam("of_kind"), FREE, HEAD)


async def hasten(connection: AsyncConnection, kind: str, now: datetime) -> int:
    """Let all deadlines of one kind of channel be over now. Return how many."""
    return len((await connection.scalars(HASTEN, {"of_kind": kind, "now": now})).all())


async def rouse(connection: AsyncConnection, kind: str, now: datetime) -> int:
    """Make all that waits for one kind of channel due now, except what is held for quiet hours or being sent. Return
    how many.
    """
    return len((await connection.scalars(ROUSE, {"of_kind": kind, "now": now})).all())


HASTEN = (
    update(table)
    .where(
        table.c.kind == bindparam("of_kind"),
        table.c.settled_at.is_(None),
        table.c.deadline > bindparam("now"),
    )
    .values(deadline=bindparam("now"))
    .returning(table.c.id)
)
ROUSE = (
    update(table)
    .where(
        table.c.kind == bindparam("of_kind"),
        table.c.settled_at.is_(None),
        table.c.status == DeliveryStatus.PENDING.value,
        # In a batch, `deferred` only means that it is late: batches do not keep quiet hours.
        or_(table.c.deferred.is_(False), table.c.thread.startswith(MANY, autoescape=True)),
        table.c.due > bindparam("now"),
    )
    .values(due=bindparam("now"))
    .returning(table.c.id)
)


async def settle(connection: AsyncConnection, settlements: Sequence[Settlement]) -> list[bool]:
    """Settle; the answers say whether each was still held by its claim."""
    answers = await statements.settle(connection, settlements)
    for one, held in zip(settlements, answers, strict=True):
        if held:
            await _beyond(connection, one)
    return answers


async def replace_deleted(connection: AsyncConnection, delivery: Delivery, now: datetime) -> None:
    """Replace the message that `delivery` was to edit, and that cannot be edited any more, see `replacement`. If a later
    edit waits there, that one brings the news, and nothing older may come after it.
    """
    names = {
        "of_thread": delivery.notice.thread,
        "of_kind": delivery.destination.kind,
        "of_place": delivery.destination.place,
    }
    found = (await connection.execute(GOES_ON, names | {"old": delivery.root})).first()
    instead = replacement(delivery, found and found.key)
    if instead is None or await connection.scalar(LATER_EDIT, names | {"number": delivery.id}):
        return
    if instead.action is DeliveryAction.POST:
        await connection.execute(LEADS_NO_MORE, names)
    await statements.queue(connection, [instead], now)


async def _beyond(connection: AsyncConnection, one: Settlement) -> None:
    result, place = one.result, {"of_kind": one.delivery.destination.kind, "of_place": one.delivery.destination.place}
    if result.rest and result.due:
        await connection.execute(REST, place | {"until": result.due})
    if not one.delivery.notice.thread.startswith(MANY):
        return
    facts = place | {"number": one.delivery.id, "at": one.at}
    if result.status is DeliveryStatus.SENT:
        await connection.execute(MERGED, facts | {"new_ref": result.ref})
    elif result.status is DeliveryStatus.REFUSED and one.delivery.action is DeliveryAction.POST:
        await connection.execute(REFUSED_TOO, facts | {"new_why": result.why})
    elif result.status in FINISHED:  # it cannot grow any more: its contents are sent otherwise
        await connection.execute(ALONE_AGAIN, facts)
        await connection.execute(NOTHING_TO_REWRITE, facts)
    elif result.unsure or result.absent:
        await connection.execute(IN_DOUBT, facts | {"doubt": result.unsure})


# ── the statements ───────────────────────────────────────────────────────────────────────────────────────────────────

THERE = (table.c.kind == bindparam("of_kind")) & (table.c.place == bindparam("of_place"))
NEWEST = table.alias("newest")
GOES_ON = (
    update(table)
    .where(
        table.c.id
        == select(func.max(NEWEST.c.id))
        .where(
            NEWEST.c.thread == bindparam("of_thread"),
            NEWEST.c.kind == bindparam("of_kind"),
            NEWEST.c.place == bindparam("of_place"),
            NEWEST.c.act == DeliveryAction.POST.value,
            # Merged: the batch message leads on, and carries the end of this one as well.
            NEWEST.c.status.in_([DeliveryStatus.SENT.value, DeliveryStatus.MERGED.value]),
            NEWEST.c.ref != bindparam("old"),
        )
        .scalar_subquery()
    )
    .values(leads=true())
    .returning(table.c.key)
)
LATER_EDIT = select(
    exists().where(
        THERE,
        table.c.thread == bindparam("of_thread"),
        table.c.act == DeliveryAction.EDIT.value,
        table.c.settled_at.is_(None),
        table.c.id > bindparam("number"),
    )
)
LEADS_NO_MORE = update(table).where(THERE, table.c.thread == bindparam("of_thread")).values(leads=false())
MEMBERS = THERE & table.c.settled_at.is_(None) & (table.c.told_in == bindparam("number"))
LEADER = table.alias("leader")
BEGINS = (table.c.act == DeliveryAction.POST.value) & ~exists().where(
    LEADER.c.thread == table.c.thread, LEADER.c.kind == table.c.kind, LEADER.c.place == table.c.place, LEADER.c.leads
)
MERGED = (
    update(table)
    .where(MEMBERS)
    .values(
        status=DeliveryStatus.MERGED.value,
        settled_at=bindparam("at"),
        ref=bindparam("new_ref"),
        deadline=None,
        leads=BEGINS,
    )
)
REFUSED_TOO = (
    update(table)
    .where(MEMBERS)
    .values(
        status=DeliveryStatus.REFUSED.value,
        settled_at=bindparam("at"),
        why=bindparam("new_why"),
        deadline=case((table.c.deadline.is_not(None), bindparam("at", type_=Utc)), else_=null()),
    )
)
ALONE_AGAIN = (
    update(table).where(MEMBERS, table.c.act == DeliveryAction.POST.value).values(told_in=None, due=bindparam("at"))
)
NOTHING_TO_REWRITE = (
    update(table)
    .where(MEMBERS, table.c.act == DeliveryAction.EDIT.value)
    .values(status=DeliveryStatus.SUPERSEDED.value, settled_at=bindparam("at"))
)
IN_DOUBT = update(table).where(MEMBERS).values(unsure=bindparam("doubt"))
REST = (
    update(table)
    .where(
        THERE,
        table.c.settled_at.is_(None),
        table.c.status == DeliveryStatus.PENDING.value,
        table.c.due < bindparam("until"),
    )
    .values(due=bindparam("until"))
)

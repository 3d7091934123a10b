"""The effects of a receipt on other deliveries: on members of its batch, and on the rest of its thread."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, case, exists, false, func, null, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import FINISHED, MANY, Delivery, DeliveryAction, DeliveryStatus
from bot.notify.place_queue import replacement
from bot.store.columns import Utc
from bot.store.deliveries import statements
from bot.store.deliveries.statements import Settlement
from bot.store.schema import deliveries as table


async def settle(connection: AsyncConnection, settlements: Sequence[Settlement]) -> list[bool]:
    """Settle; the answers say whether each was still held by its claim."""
    answers = await statements.settle(connection, settlements)
    for one, held in zip(settlements, answers, strict=True):
        if held:
            await _beyond(connection, one)
    return answers


async def replace_deleted(connection: AsyncConnection, delivery: Delivery, now: datetime) -> None:
    """Replace the message that `delivery` was to edit, and that cannot be edited any more, see `replacement`."""
    names = {
        "of_thread": delivery.notice.thread,
        "of_kind": delivery.destination.kind,
        "of_place": delivery.destination.place,
    }
    found = (await connection.execute(GOES_ON, names | {"old": delivery.root})).first()
    instead = replacement(delivery, found and found.key)
    if instead is None:
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

"""A dead channel's deadlines come at once; one that is back is not waited for."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import update

from bot.model import DeliveryStatus
from bot.store.schema import deliveries as table
from tests.store.made import LEASE, MAIL, NOW, SECOND, delivery, settle, take

MINUTE = 60 * SECOND


def rung(step, to, thread, within=MINUTE):
    made = delivery(step, to, thread)
    return replace(made, ladders=("desk",), within=within)


async def claim(store, kind="slack", now=NOW):
    return await take(store, kind, now, limit=10, lease=LEASE)


async def test_the_time_of_all_that_is_not_sent_is_up_whether_it_waits_or_is_on_its_way(store):
    slack = [rung(n, delivery().destination, f"x#{n}") for n in (1, 2, 3)]
    await store.deliveries.add([*slack, rung(1, MAIL, "x#1"), delivery(1, thread="y#1")], NOW)
    one, two, *_ = await claim(store)
    await settle(store, one, DeliveryStatus.SENT, NOW)

    assert await store.deliveries.expire_deadlines("slack", NOW + SECOND) == 2
    assert await store.deliveries.next_deadline() == NOW + SECOND
    assert await settle(store, two, DeliveryStatus.SENT, NOW + SECOND)  # its claim is untouched
    assert (
        await store.deliveries.expire_deadlines("slack", NOW + 2 * SECOND) == 0
    )  # those that are up already stay as they are
    assert await store.deliveries.expire_deadlines("telegram", NOW) == 0


async def test_no_time_at_all_is_a_deadline_and_none_is_none(store):
    await store.deliveries.add([rung(1, MAIL, "x#1", within=0 * SECOND), delivery(2)], NOW)
    assert await store.deliveries.next_deadline() == NOW


async def test_what_waits_is_due_when_its_channel_is_back_but_not_what_is_on_its_way_or_deferred(store):
    await store.deliveries.add([delivery(1, thread=f"{name}#1") for name in "abc"], NOW)
    await store.deliveries.add([delivery(1, MAIL)], NOW)
    a, b, c = await claim(store)
    for one in (a, b):
        await settle(store, one, DeliveryStatus.PENDING, NOW, due=NOW + 5 * MINUTE)
    await store.incidents._database.write(
        lambda connection: connection.execute(update(table).where(table.c.id == b.id).values(deferred=True))
    )

    assert await store.deliveries.retry_now("slack", NOW + SECOND) == 1
    assert [one.id for one in await claim(store, now=NOW + SECOND)] == [a.id]
    assert await settle(store, c, DeliveryStatus.SENT, NOW + SECOND)


async def test_a_hurry_hands_on_what_will_be_tried_here_again(store):
    await store.deliveries.add([rung(1, MAIL, "x#1"), delivery(1, MAIL, "y#1")], NOW)
    for one in await claim(store, "email"):
        await settle(store, one, DeliveryStatus.PENDING, NOW + SECOND, due=NOW + 5 * MINUTE, why="revoked", hurry=True)
    assert await store.deliveries.next_deadline() == NOW + SECOND
    assert await store.deliveries.backlog() == {"email": 2}
    assert await store.deliveries.next_due("email") == NOW + 5 * MINUTE

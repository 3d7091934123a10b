"""What may have arrived: it is looked for before anything else is told there, and nothing of it is told again."""

from __future__ import annotations

from datetime import timedelta

from bot.model import ChangeKind, DeliveryStatus
from tests.store.deliveries.test_batch import claim, fail, lines, news, statuses
from tests.store.made import NOW, SECOND, settle

MINUTE = timedelta(minutes=1)


async def look(store, now):
    return await claim(store, now, looks=True)


async def absent(store, one, now):
    """It was looked for, and is not there."""
    return await settle(store, one, DeliveryStatus.PENDING, now, absent=True)


async def test_one_that_may_have_arrived_is_looked_for_before_the_others_are_told_with_it(store):
    await store.deliveries.add([news("x")], NOW)
    await fail(store, unsure=True)
    await store.deliveries.add([news("y")], NOW + SECOND)
    await store.deliveries.add([news("x", ChangeKind.RESTORED, 2)], NOW + 2 * SECOND)

    assert await look(store, NOW + 2 * SECOND) == ()
    assert await store.deliveries.next_due("slack") == NOW + 30 * SECOND  # nobody asks for it again and again meanwhile
    [one] = await look(store, NOW + MINUTE)
    assert (one.notice.key, one.unsure) == ("x#1/1", True)


async def test_where_nothing_is_looked_for_they_are_told_together_at_once(store):
    await store.deliveries.add([news("x")], NOW)
    await fail(store, unsure=True)
    await store.deliveries.add([news("y")], NOW + SECOND)
    [one] = await claim(store, NOW + SECOND)
    assert lines(one) == ("x confirmed", "y confirmed")


async def test_what_is_not_there_is_told_with_all_that_has_come_since(store):
    await store.deliveries.add([news("x")], NOW)
    await fail(store, unsure=True)
    await store.deliveries.add([news("y")], NOW + SECOND)
    [alone] = await look(store, NOW + MINUTE)
    await absent(store, alone, NOW + MINUTE)

    [many] = await look(store, NOW + MINUTE)
    assert (lines(many), many.unsure) == (("x confirmed", "y confirmed"), False)
    await settle(store, many, DeliveryStatus.PENDING, NOW + MINUTE, due=NOW + 2 * MINUTE, unsure=True)
    await store.deliveries.add([news("z")], NOW + MINUTE + SECOND)
    [again] = await look(store, NOW + 2 * MINUTE)
    assert (again.key, again.unsure, lines(again)) == (many.key, True, lines(many))
    await absent(store, again, NOW + 2 * MINUTE)

    [last] = await look(store, NOW + 2 * MINUTE)
    assert (last.key, last.unsure, lines(last)) == (many.key, False, ("x confirmed", "y confirmed", "z confirmed"))
    rows = [row for name in "xyz" for row in await store.deliveries.of_incident(f"{name}#1")]
    assert [row.unsure for row in rows] == [False] * 3
    await settle(store, last, DeliveryStatus.SENT, NOW + 2 * MINUTE, ref="m")
    assert await statuses(store, "x", "y", "z") == ["merged"] * 3


async def test_what_waited_behind_one_that_was_there_already_is_told_in_one_message(store):
    await store.deliveries.add([news("x")], NOW)
    await fail(store, unsure=True)
    await store.deliveries.add([news("y"), news("z")], NOW + SECOND)
    [one] = await look(store, NOW + MINUTE)
    await settle(store, one, DeliveryStatus.SENT, NOW + MINUTE, ref="found")

    [rest] = await look(store, NOW + MINUTE)
    assert lines(rest) == ("y confirmed", "z confirmed")


async def test_what_came_after_it_was_taken_is_told_as_ever(store):
    await store.deliveries.add([news("x")], NOW)
    await fail(store)
    [one] = await claim(store, NOW + MINUTE)
    await settle(store, one, DeliveryStatus.SENT, NOW + MINUTE, ref="late")
    await store.deliveries.add([news("y"), news("z")], NOW + MINUTE)
    assert [one.notice.key for one in await claim(store, NOW + MINUTE)] == ["y#1/1", "z#1/1"]


async def test_a_message_of_many_that_is_on_its_way_is_handed_over_by_nobody_else(store):
    await store.deliveries.add([news("x"), news("y")], NOW)
    await fail(store)
    [many] = await claim(store, NOW + MINUTE)
    await store.deliveries.add([news("z")], NOW + MINUTE)
    assert [one.notice.key for one in await claim(store, NOW + MINUTE)] == ["z#1/1"]
    assert await settle(store, many, DeliveryStatus.SENT, NOW + MINUTE, ref="m")

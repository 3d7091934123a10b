"""What is stored moves with a step of the clock, and nothing waits for what lies beyond all waits."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from bot.model import MANY, Change, ChangeKind, Confidence, DeliveryStatus, Health, Incident, ServiceState
from bot.store import clock_shift
from bot.store.deliveries.repository import Adopted
from bot.store.incidents import Transition
from tests.reasons import quote
from tests.store.made import NOW, SECOND, SLACK, delivery, further, settle, take

HOUR = timedelta(hours=1)
STEPS = [HOUR, -HOUR, timedelta(days=1), timedelta(days=-1)]


async def outage(store):
    """Down since a minute; told at one place, within a minute, else the next rung has it."""
    incident = Incident("x", 1, NOW - 60 * SECOND, Health.DOWN, Confidence.CONFIRMED, steps=1)
    row = replace(delivery(), ladders=("desk",), within=timedelta(seconds=60))
    move = Transition(
        ServiceState("x", incident=incident, opened=1), (Change(ChangeKind.OPENED, NOW, incident),), (row,)
    )
    await store.incidents.apply("x", lambda _: move, NOW)
    return incident


async def claimed(store, now):
    return await take(store, now=now, limit=5)


@pytest.mark.hardened("R4", "the clock is set while a message waits", "due at once, failover in its time")
@pytest.mark.parametrize("by", STEPS)
async def test_what_waits_moves_with_the_clock(store, by):
    incident = await outage(store)
    await store.incidents.step(by, NOW - HOUR, NOW)
    assert await store.deliveries.next_due("slack") == NOW + by
    assert await store.deliveries.next_deadline() == NOW + by + 60 * SECOND
    (found,) = await store.results.incidents(NOW - timedelta(days=9))
    assert found.since == incident.since + by
    state = (await store.incidents.states())["x"]
    assert state.incident.since == incident.since + by
    (change,) = await store.results.changes("x#1")
    assert change.at == NOW + by
    assert len(await claimed(store, NOW + by)) == 1


@pytest.mark.hardened("R4", "the clock was set back while the daemon was off", "told at once, begun no later than now")
@pytest.mark.parametrize("by", [HOUR, timedelta(days=1)])
async def test_after_a_step_that_nobody_saw_nothing_lies_ahead(store, by):
    await outage(store)
    now = NOW - by
    assert await store.incidents.settle(now)
    assert await store.deliveries.next_due("slack") == now
    assert (await store.incidents.states())["x"].incident.since == now
    assert not await store.incidents.settle(now)


async def test_where_nothing_lies_ahead_nothing_is_changed(store):
    await outage(store)
    assert await store.incidents.settle(NOW + HOUR) == 0


async def many(store):
    """Two outages, told late in one message, which the channel does not take now."""
    rows = [delivery(thread=thread) for thread in ("x#1", "y#1")]
    rows = [replace(row, notice=replace(row.notice, kind=ChangeKind.CONFIRMED)) for row in rows]
    await store.deliveries.add(rows, NOW - HOUR)
    for one in await claimed(store, NOW - HOUR):
        await settle(store, one, DeliveryStatus.PENDING, NOW - HOUR)
    (one,) = await claimed(store, NOW)
    assert one.notice.thread.startswith(MANY)
    assert one.deferred
    await settle(store, one, DeliveryStatus.PENDING, NOW, due=NOW + 30 * SECOND)


@pytest.mark.hardened("R4", "the clock was set back 2.5 hours while one late message of many waited", "due at once")
@pytest.mark.parametrize("by", [9000 * SECOND, timedelta(days=1)])
async def test_what_tells_of_many_late_waits_for_no_quiet_hours(store, by):
    await many(store)
    assert await store.incidents.settle(NOW - by)
    assert await store.deliveries.next_due("slack") <= NOW - by + 30 * SECOND


@pytest.mark.parametrize("by", STEPS)
async def test_what_tells_of_many_late_moves_with_the_clock(store, by):
    await many(store)
    await store.incidents.step(by, NOW - 2 * HOUR, NOW)
    assert await store.deliveries.next_due("slack") == NOW + 30 * SECOND + by


async def test_what_tells_of_many_late_is_not_held_back_by_the_config(store):
    await many(store)
    saw = await store.deliveries.waiting()
    assert [one.deferred for one in saw] == [False] * len(saw)


@pytest.mark.hardened("R4", "the clock was set back 10 minutes while the daemon was off", "told at once")
async def test_after_a_small_step_it_waits_no_longer_than_it_was_meant_to(store):
    await outage(store)
    now = NOW - 600 * SECOND
    assert await store.incidents.settle(now)
    assert await store.deliveries.next_due("slack") == now
    assert await store.deliveries.next_deadline() == now + 60 * SECOND


@pytest.mark.parametrize("by", [600 * SECOND, HOUR, timedelta(days=1)])
async def test_what_was_refused_by_the_old_clock_does_not_wait_for_it(store, by):
    await outage(store)
    (one,) = await claimed(store, NOW)
    await settle(store, one, DeliveryStatus.REFUSED, NOW + by)  # written after all else was shifted
    assert await store.incidents.settle(NOW + 5 * SECOND)
    assert await store.deliveries.next_deadline() == NOW + 5 * SECOND


@pytest.mark.hardened("R4", "a rung has an hour, and the daemon starts meanwhile", "it has its hour")
async def test_a_long_time_of_a_rung_is_no_step_of_the_clock(store):
    await store.deliveries.add([replace(delivery(), ladders=("desk",), within=HOUR)], NOW)
    assert await store.incidents.settle(NOW + SECOND) == 0
    assert await store.deliveries.next_deadline() == NOW + HOUR


@pytest.mark.hardened("R4", "a message waits for quiet hours, and the clock was set back a week", "due at once")
async def test_no_quiet_hours_last_for_more_than_a_day(store):
    await store.deliveries.add([replace(delivery(), due=NOW + 8 * HOUR)], NOW)
    assert await store.incidents.settle(NOW - 8 * HOUR)
    assert await store.deliveries.next_due("slack") == NOW + 8 * HOUR
    assert await store.incidents.settle(NOW - timedelta(days=7))
    assert await store.deliveries.next_due("slack") == NOW - timedelta(days=7)


@pytest.mark.hardened(
    "R11", "a message waits, and its channel is taken out of the config", "settled, the next rung has it"
)
async def test_what_has_no_channel_left_is_settled_and_its_next_rung_is_due(store):
    await outage(store)
    decided = [
        (one, Adopted(("desk",), one.deadline, one.due, quote("gone"))) for one in await store.deliveries.waiting()
    ]
    assert await store.deliveries.readdress(decided, NOW) == (0, 1)
    assert await store.deliveries.backlog() == {}
    assert await store.deliveries.next_deadline() == NOW


async def test_of_many_rows_a_few_are_gone_through_in_one_turn_of_the_loop(store):
    count, loop = 5 * clock_shift.AT_ONCE, asyncio.get_running_loop()
    await asyncio.gather(*(store.incidents.apply(f"s{number}", further(SLACK), NOW) for number in range(count)))
    how, turn, states, times = clock_shift.settle(NOW), 0, Counter(), Counter()

    def next_turn():
        nonlocal turn
        turn += 1

    def noted(calls):
        if not states[turn] + times[turn]:
            loop.call_soon(next_turn)
        calls[turn] += 1

    def state(known):
        noted(states)
        return how.state(known)

    def past(at):
        noted(times)
        return how.past(at)

    counted = partial(clock_shift.shift, how=replace(how, state=state, past=past))
    assert await store.incidents._database.write(counted) == 0
    assert states.total() == count
    assert max(states.values()) <= clock_shift.AT_ONCE
    # An incident, its change and its delivery have a few times each.
    assert times.total() >= 3 * count
    assert max(times.values()) <= 4 * clock_shift.AT_ONCE

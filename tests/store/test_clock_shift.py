"""What is stored moves with a step of the clock, and nothing waits for what lies beyond all waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Change, Confidence, Health, Incident, Kind, ServiceState
from bot.store.deliveries.repository import Adopted, Claim
from bot.store.incidents import Move
from tests.store.made import NOW, SECOND, delivery

HOUR = timedelta(hours=1)
STEPS = [HOUR, -HOUR, timedelta(days=1), timedelta(days=-1)]


async def outage(store):
    """Down since a minute; told at one place, within a minute, else the next rung has it."""
    incident = Incident("x", 1, NOW - 60 * SECOND, Health.DOWN, Confidence.CONFIRMED, steps=1)
    row = replace(delivery(), ladders=("desk",), within=timedelta(seconds=60))
    move = Move(ServiceState("x", incident=incident, opened=1), (Change(Kind.OPENED, NOW, incident),), (row,))
    await store.moves.move("x", lambda _: move, NOW)
    return incident


async def claimed(store, now):
    wanted = Claim("slack", now, 5, now + 60 * SECOND)
    return await store.deliveries.claim(wanted, lambda _: None)


@pytest.mark.hardened("R4", "the clock is set while a message waits", "due at once, failover in its time")
@pytest.mark.parametrize("by", STEPS)
async def test_what_waits_moves_with_the_clock(store, by):
    incident = await outage(store)
    await store.moves.step(by, NOW - HOUR, NOW)
    assert await store.deliveries.next_due("slack") == NOW + by
    assert await store.deliveries.next_deadline() == NOW + by + 60 * SECOND
    (found,) = await store.history.incidents(NOW - timedelta(days=9))
    assert found.since == incident.since + by
    state = (await store.moves.states())["x"]
    assert state.incident.since == incident.since + by
    (change,) = await store.history.changes("x#1")
    assert change.at == NOW + by
    assert len(await claimed(store, NOW + by)) == 1


@pytest.mark.hardened("R4", "the clock was set back while the daemon was off", "told at once, begun no later than now")
@pytest.mark.parametrize("by", [HOUR, timedelta(days=1)])
async def test_after_a_step_that_nobody_saw_nothing_lies_ahead(store, by):
    await outage(store)
    now = NOW - by
    assert await store.moves.settle(now)
    assert await store.deliveries.next_due("slack") == now
    assert (await store.moves.states())["x"].incident.since == now
    assert not await store.moves.settle(now)


async def test_where_nothing_lies_ahead_nothing_is_changed(store):
    await outage(store)
    assert await store.moves.settle(NOW + HOUR) == 0


@pytest.mark.hardened(
    "R11", "a message waits, and its channel is taken out of the config", "settled, the next rung has it"
)
async def test_what_has_no_channel_left_is_settled_and_its_next_rung_is_due(store):
    await outage(store)
    assert await store.deliveries.adopt(NOW, lambda one: Adopted(("desk",), one.deadline, one.due, "gone")) == (0, 1)
    assert await store.deliveries.backlog() == {}
    assert await store.deliveries.next_deadline() == NOW

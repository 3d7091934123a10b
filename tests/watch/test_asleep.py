"""The machine sleeps, or the process is stopped for a while: nothing from before is judged, and one note says so afterwards."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from bot.incidents.recorder import Recorder
from bot.model import OURSELVES, Outcome
from tests.incidents.test_recorder import House
from tests.watch.world import Site, World

HOUR = 3600
STEP = 5  # seconds


class Laptop:
    """Rounds on a clock that jumps, over a real store."""

    def __init__(self, store):
        self.store, self.site, self.other = store, Site(), Site()
        self.world = World({"x": self.site, "y": self.other}, every=30, confirm_every=10)
        self.house = House(store)
        self.recorder = Recorder(store, self.house.recorder.settings, self.world.hands.utcnow)
        self.world.rounds._seen = self.seen

    async def seen(self, seen):
        self.world.ledger.rounds.append(seen)
        return await self.recorder.seen(seen)

    async def go(self, seconds):
        """By steps that leave the store its time to write."""
        for _ in range(seconds // STEP):
            await self.world.go(STEP, step=STEP)
            while self.world.rounds._running:
                await self.world.rest()

    async def titles(self):
        self.house.now = self.world.hands.utcnow()
        return sorted({row.notice.words.title for row in await self.house.deliver()})


@pytest.mark.hardened(
    "R5", "asleep for eight hours in the middle of a first failed round", "nothing called down; one note of that time"
)
@pytest.mark.parametrize("naps", [1, 3])
async def test_a_sleep_is_told_once_and_what_was_bad_before_it_counts_no_more(store, saw, caplog, naps):
    caplog.set_level(logging.WARNING)
    at = Laptop(store)
    await at.recorder.load()
    await at.go(65)
    at.site.outcome = Outcome.FAILED
    while all(one.readings[0].ok for one in at.world.ledger.rounds):
        await at.go(STEP)
    began = at.world.hands.utcnow()
    for _ in range(naps):  # it wakes for a moment in between, as laptops do
        at.world.hands.now += 8 * HOUR / naps
        at.world.rounds.tick()
        await at.world.rest()
    woke = at.world.hands.utcnow()
    while not any(one.service == "x" and one.at >= woke for one in at.world.ledger.rounds):
        await at.go(STEP)  # one more bad round, just after it woke: with the one before it, two
    at.site.outcome = Outcome.OK
    await at.go(200)
    told = await at.titles()
    saw("; ".join(told))
    assert len(told) == 1, told
    (note,) = told
    assert "couldn't check anything" in note
    assert "Our own machine had trouble" in note
    (own,) = await store.results.incidents(began - timedelta(hours=1), services=(OURSELVES,))
    assert abs(own.since - began) <= timedelta(seconds=STEP)
    assert timedelta() <= own.until - began - timedelta(hours=8) <= timedelta(seconds=45)
    assert len([r for r in caplog.records if "nothing ran for" in r.message]) == naps


async def test_an_outage_that_begins_asleep_is_told_when_two_rounds_have_seen_it(store):
    at = Laptop(store)
    await at.recorder.load()
    await at.go(65)
    at.world.hands.now += HOUR
    at.site.outcome = Outcome.FAILED
    woke = at.world.hands.utcnow()
    await at.go(100)
    told = await at.titles()
    assert len(told) == 2
    assert any(": down since" in title for title in told)
    (one,) = [i for i in await store.results.incidents(woke - timedelta(hours=2)) if i.service == "x"]
    assert woke <= one.since <= woke + timedelta(seconds=45)


async def test_each_service_says_once_that_it_was_not_looked_at():
    world = World({f"s{n}": Site() for n in range(5)}, every=20)
    await world.go(30)
    fell, world.hands.now = world.hands.utcnow(), world.hands.now + HOUR
    world.ledger.error = OSError("the database is away")
    await world.go(25)
    world.ledger.error, missed = None, len(world.ledger.rounds)
    assert all(one.asleep_since == fell for one in world.ledger.rounds[-5:])
    await world.go(100)
    slept = [one.service for one in world.ledger.rounds[missed:] if one.asleep_since]
    assert sorted(slept) == [f"s{n}" for n in range(5)]


async def test_a_check_that_was_under_way_is_no_error_of_ours(caplog):
    site = Site()
    world = World({"x": site}, every=20)
    await world.go(30)
    site.free.clear()
    await world.go(20)
    site.error = TimeoutError()  # it outstayed its time-out: the machine slept
    world.hands.now += HOUR
    site.free.set()
    await world.rest()
    assert [record.message.partition(" s,")[0] for record in caplog.records] == ["nothing ran for 3600"]


async def test_a_process_that_is_only_late_did_not_sleep():
    world = World({"x": Site()}, every=30)
    await world.go(40)
    world.hands.now += 20
    await world.go(40)
    assert not any(one.asleep_since for one in world.ledger.rounds)

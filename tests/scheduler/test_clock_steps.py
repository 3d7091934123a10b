"""The machine's clock is set while the daemon is at work: in an outage, and with the database away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import wording
from bot.clock import Clock, SteadyClock
from bot.model import Style
from bot.scheduler.clock_steps import ClockSteps
from bot.store import StoreUnavailable
from tests.engine import engine
from tests.incidents.test_recorder import House
from tests.judge.rounds import look
from tests.store.made import delivery, take

STEPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=1), timedelta(days=-1)]
NOON = datetime(2022, 7, 14, 12, 0, tzinfo=UTC)


class Machine:
    def __init__(self, store):
        self.passed, self.off = 0.0, timedelta()
        self.clock = SteadyClock(lambda: self.passed, lambda: NOON + timedelta(seconds=self.passed) + self.off)
        made = engine(store, {}, self.clock.utcnow, House(store).recorder.settings)
        self.recorder, self.outbox = made.recorder, made.outbox
        self.rounds = made.watch((), (), None, clock=Clock(self.clock.steady, self.clock.utcnow))
        self.steps = ClockSteps(self.clock, self.recorder, self.rounds, self.outbox)

    async def see(self, letters):
        for letter in letters:
            self.passed += 10
            await self.recorder.seen(replace(look(letter), at=self.clock.utcnow()))


@pytest.mark.hardened("R4", "the clock is set within an outage", "as long as it was, by the steady clock; due at once")
@pytest.mark.parametrize("by", STEPS)
async def test_an_outage_is_as_long_as_it_was_whatever_the_clock_does(store, by, saw):
    at = Machine(store)
    await at.recorder.load()
    await at.see("..BB")
    at.off = by
    await at.steps.look()
    assert at.clock.drift() == timedelta()
    assert await store.deliveries.next_due("slack") <= at.clock.utcnow()
    await at.see("..")
    (one,) = await store.results.incidents(NOON - timedelta(days=9))
    saw(f"{(one.until - one.since).total_seconds():g} s long")
    assert one.until - one.since == timedelta(seconds=20)
    at.passed += 10
    await at.steps.look()  # what was written amid the step is put right
    (same,) = await store.results.incidents(NOON - timedelta(days=9))
    assert (same.since, same.until) == (one.since, one.until)


@pytest.mark.hardened("R4", "the clock is set while an outage cannot be written down", "as long as it was")
@pytest.mark.parametrize("by", STEPS)
async def test_an_outage_that_could_not_be_written_down_is_as_long_as_it_was(store, monkeypatch, by, saw):
    at = Machine(store)
    await at.recorder.load()
    await at.see("..")

    async def away(*_):
        raise StoreUnavailable("locked")

    with monkeypatch.context() as patch:
        patch.setattr(store.incidents, "apply", away)
        with pytest.raises(StoreUnavailable):
            await at.see("B")
    at.off = by
    await at.steps.look()
    await at.see("B..")
    (one,) = await store.results.incidents(NOON - timedelta(days=9))
    saw(f"{(one.until - one.since).total_seconds():g} s long")
    assert one.until - one.since == timedelta(seconds=20)


@pytest.mark.hardened("R4", "the clock is set while a message waits", "its words say the times as they are now")
@pytest.mark.parametrize("by", STEPS)
async def test_what_waits_says_the_times_as_they_are_now(store, by, saw):
    at = Machine(store)
    await at.recorder.load()
    await at.see("..BB")
    at.off = by
    await at.steps.look()
    since = at.recorder.states["x"].incident.since
    waiting = await take(store, "slack", at.clock.utcnow())
    fresh = [
        wording.notice(change, at.recorder.service("x"), one.notice.style)
        for one in waiting
        for change in await store.results.changes("x#1")
        if f"x#1/{change.incident.steps}" == one.notice.key
    ]
    saw(waiting[0].notice.words.title)
    assert [one.notice.words for one in waiting] == [one.words for one in fresh]
    assert [one.notice.since for one in waiting] == [since] * len(waiting)
    assert waiting


async def test_what_is_worded_otherwise_keeps_its_words(store):
    at = Machine(store)
    await at.recorder.load()
    await at.see("..BB")
    (change,) = [one for one in await store.results.changes("x#1") if one.incident.steps == 2]
    notice = wording.notice(change, at.recorder.service("x"), Style())
    assert at.recorder.reworded(change, change, notice) == notice
    other = replace(notice, words=replace(notice.words, title="Sent here instead"))
    assert at.recorder.reworded(change, change, other) is None


async def test_while_the_database_is_away_the_time_goes_on_as_before(store, monkeypatch):
    at = Machine(store)
    await at.recorder.load()
    before = at.clock.utcnow()

    async def away(*_):
        raise StoreUnavailable("locked")

    at.off = timedelta(hours=1)
    with monkeypatch.context() as patch:
        patch.setattr(store.incidents, "step", away)
        await at.steps.look()
        assert at.clock.utcnow() == before
    await at.steps.look()
    assert at.clock.utcnow() == before + timedelta(hours=1)


async def test_checks_go_on_while_a_step_waits_for_the_database(store, monkeypatch):
    at = Machine(store)
    await at.recorder.load()
    at.off = timedelta(hours=1)
    held = []

    async def away(*_):
        raise StoreUnavailable("locked")

    async def hold():
        held.append(at.passed)
        return True

    monkeypatch.setattr(at.rounds, "hold", hold)
    with monkeypatch.context() as patch:
        patch.setattr(store.subscriptions._database, "write", away)
        for _ in range(5):
            at.passed += 1
            await at.steps.look()
    assert held == []
    await at.steps.look()
    assert held == [5.0]


async def test_a_step_waits_until_what_was_seen_before_it_is_stored(store, monkeypatch):
    """Stored after it by the clock before it, an outage would begin or end wrong by the whole step."""
    at = Machine(store)
    await at.recorder.load()
    before, held = at.clock.utcnow(), iter((False, False, True))
    at.off = timedelta(hours=1)

    async def hold():
        return next(held)

    monkeypatch.setattr(at.rounds, "hold", hold)
    for _ in range(2):
        await at.steps.look()
        assert at.clock.utcnow() == before
    await at.steps.look()
    assert at.clock.utcnow() == before + timedelta(hours=1)


@pytest.mark.parametrize("late", [1, 7, 20, 60])
async def test_what_is_written_late_by_the_time_before_the_step_does_not_wait_for_that_time(store, late):
    """A claim or a change may have read the clock before the step and have waited for a slow database since then."""
    at = Machine(store)
    await at.recorder.load()
    before = at.clock.utcnow()
    at.off = timedelta(hours=-3)
    await at.steps.look()
    for second in range(150):
        at.passed += 1
        if second == late:
            assert await store.deliveries.add([delivery()], before)
        await at.steps.look()
    assert await store.deliveries.next_due("slack") <= at.clock.utcnow()

"""The machine's clock is set while the daemon is stopped, or after it was started again in an outage."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.clock import STEP, SteadyClock
from bot.scheduler import clock_steps
from bot.scheduler.clock_steps import ClockSteps
from tests.scheduler.test_clock_steps import NOON, STEPS, Machine

BOOT = "5f3c6c52-6d0c-4a5c-9d3e-2f2f0c1d8a11"


class Process(Machine):
    """One of several, one after the other, on one machine."""

    def __init__(self, store, passed=1000.0, off=timedelta()):
        super().__init__(store)
        self.passed, self.off = passed, off
        self.clock.__init__(lambda: self.passed, lambda: NOON + timedelta(seconds=self.passed) + self.off)
        self.steps = ClockSteps(self.clock, self.recorder, self.rounds, self.outbox, boot_id=BOOT)

    async def start(self, run=BOOT):
        await clock_steps.restore(self.recorder.store, self.clock, run, self.recorder.reworded)
        await self.recorder.load()

    async def after(self, passed, off=None, run=BOOT):
        """The process that comes after this one."""
        await self.recorder.store.results.alive(self.clock.utcnow())
        later = Process(self.recorder.store, self.passed + passed, self.off if off is None else off)
        await later.start(run)
        return later


async def length(store):
    (one,) = await store.results.incidents(NOON - timedelta(days=9))
    return one.until - one.since


@pytest.mark.hardened("R4", "an outage, a restart, and then the clock is set", "as long as it was")
@pytest.mark.parametrize("by", STEPS)
async def test_an_outage_of_before_the_start_is_as_long_as_it_was(store, by, saw):
    at = Process(store)
    await at.start()
    await at.see("..BB")
    at = await at.after(30)
    at.off = by
    await at.steps.look()
    assert at.clock.drift() == timedelta()
    await at.see("..")
    saw(f"{(await length(store)).total_seconds():g} s long")
    assert await length(store) == timedelta(seconds=50)


@pytest.mark.hardened(
    "R4", "the clock is set while the daemon is stopped in an outage", "as long as it was; due at once"
)
@pytest.mark.parametrize("by", STEPS)
async def test_a_step_while_it_was_stopped_is_followed(store, by, saw):
    at = Process(store)
    await at.start()
    await at.see("..BB")
    at = await at.after(30, by)
    assert await store.deliveries.next_due("slack") <= at.clock.utcnow()
    await at.see("..")
    saw(f"{(await length(store)).total_seconds():g} s long")
    assert await length(store) == timedelta(seconds=50)
    at = await at.after(30)  # and it is followed once
    assert await length(store) == timedelta(seconds=50)


async def test_steps_before_and_after_a_start_are_all_followed(store):
    at = Process(store)
    await at.start()
    await at.see("..BB")
    at.off = timedelta(hours=1)
    await at.steps.look()
    at = await at.after(10)
    at = await at.after(10, timedelta(days=1))
    at.off = timedelta(hours=-1)
    await at.steps.look()
    await at.see("..")
    assert await length(store) == timedelta(seconds=40)


async def test_what_a_time_server_corrects_bit_by_bit_is_no_step_for_the_next_process(store):
    at = Process(store)
    await at.start()
    for _ in range(20):
        at.passed += 1
        at.off += timedelta(seconds=0.3)
        await at.steps.look()
    before = at.clock.utcnow()
    at = await at.after(1)
    assert abs(at.clock.utcnow() - before) < STEP
    assert await store.incidents.settle(at.clock.utcnow()) == 0


@pytest.mark.parametrize("run", ["another machine, or another start of it", ""])
async def test_the_clock_of_another_run_of_the_machine_is_another_one(store, run):
    at = Process(store)
    await at.start()
    await at.see("..BB")
    since = at.recorder.states["x"].incident.since
    at = await at.after(30, timedelta(hours=1), run.replace(" ", "-"))
    assert at.recorder.states["x"].incident.since == since


async def test_a_steady_clock_that_begins_anew_with_each_process_shows_nothing(store):
    at = Process(store)
    await at.start()
    at.passed += 5000
    await at.see("..BB")
    since = at.recorder.states["x"].incident.since
    at = await at.after(-4000, timedelta(seconds=5000))
    assert at.recorder.states["x"].incident.since == since


@pytest.mark.parametrize("text", [None, "", "a b", "a b c", "a 1 2 3", "a nan 1", "a 1 nan", "a 1 inf", "a 1 1e300"])
def test_what_is_no_offset_is_none(text):
    assert clock_steps.parse_offset(text) is None


def test_the_run_of_the_machine_is_told_by_the_system(monkeypatch, tmp_path):
    monkeypatch.setattr(clock_steps, "BOOT_ID", tmp_path / "none")
    assert clock_steps.boot_id() == ""
    (tmp_path / "none").write_text(f"{BOOT}\n")
    assert clock_steps.boot_id() == BOOT


def test_a_clock_says_how_far_it_is_ahead():
    clock = SteadyClock(lambda: 5.0, lambda: NOON)
    assert clock.ahead == NOON.timestamp() - 5

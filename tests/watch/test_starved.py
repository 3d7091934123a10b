"""A process that gets no time judges nothing: what failed while its loop was held says nothing of a service."""

from __future__ import annotations

import asyncio
import logging
import resource
from datetime import timedelta

import pytest

from bot.model import Outcome, Reading
from bot.own_health import OwnHealth, Part
from bot.watch.rounds import most_at_once
from tests.reasons import quote
from tests.watch.world import Site, World


class Slow(Site):
    """Answers once the clock has gone on by `after` seconds; times out where it looks at the clock too late."""

    def __init__(self, after=0.5):
        super().__init__()
        self.after = after

    async def run(self, route, net, timeout, *, fresh):
        self.at.append(began := self.hands.now)
        while self.hands.now - began < self.after:
            await asyncio.sleep(0)
        if self.hands.now - began >= timeout.total_seconds():
            return Reading(route, Outcome.FAILED, quote("timed out after 2 s while waiting for the answer"))
        return Reading(route, Outcome.OK, took=timedelta(seconds=self.hands.now - began))


async def starve(world, seconds, *, runs, held):
    """The process runs, then gets no time at all, again and again."""
    end = world.hands.now + seconds
    while world.hands.now < end:
        await world.go(runs)
        world.hands.now += held
        await world.rest()


@pytest.mark.hardened("R5", "0.7 s of CPU, then 3.0 s of none, time-out 2 s, 20 well services", "nothing called down")
@pytest.mark.parametrize(("runs", "held"), [(0.7, 3.0), (0.5, 1.9), (0.3, 4.0), (2.0, 2.0), (0.2, 0.6)])
async def test_what_failed_while_the_loop_was_held_is_not_judged(runs, held, saw, caplog):
    caplog.set_level(logging.INFO)
    health = OwnHealth()
    world = World({f"s{n}": Slow() for n in range(20)}, every=1, timeout=2, confirm_every=0.5, own_health=health)
    await starve(world, 60, runs=runs, held=held)
    seen = [reading.outcome for one in world.ledger.rounds for reading in one.readings]
    saw(f"{seen.count(Outcome.FAILED)} of {len(seen)} readings called bad")
    assert seen
    assert Outcome.FAILED not in seen
    assert held < 1 or any(one.starved for one in world.ledger.rounds)
    assert {trouble.part for trouble in health.troubles} <= {Part.MACHINE}
    assert sum(r.levelno >= logging.WARNING for r in caplog.records) <= 2
    await world.go(60)
    assert health.well
    assert world.ledger.rounds[-1].readings[0].outcome is Outcome.OK
    await world.end()


async def test_a_true_outage_is_seen_between_two_holds():
    site, canary = Site(Outcome.FAILED), Site()
    world = World({"x": site}, canaries=[canary], every=1, timeout=2, confirm_every=0.5)
    await starve(world, 30, runs=0.7, held=3.0)
    bad = [one for one in world.ledger.rounds if one.readings[0].outcome is Outcome.FAILED]
    assert len(bad) >= 2
    assert all(one.online for one in bad)


async def test_a_loop_that_is_a_little_late_judges_as_ever():
    site = Slow(after=5)
    world = World({"x": site}, every=10, timeout=2)
    for _ in range(200):
        await world.go(0.15, step=0.15)
    assert {one.readings[0].outcome for one in world.ledger.rounds} == {Outcome.FAILED}


async def test_what_is_slow_only_because_we_were_held_is_not_called_slow():
    site = Slow(after=0.3)
    world = World({"x": site}, every=30, timeout=10)
    await world.go(0.2)
    world.hands.now += 6.0
    await world.rest()
    await world.go(1)
    (seen,) = world.ledger.rounds
    assert (seen.readings[0].outcome, seen.readings[0].took) == (Outcome.OK, None)


async def test_a_check_that_outstays_its_time_as_the_loop_is_held_is_no_error_of_ours(caplog):
    class Held(Site):
        async def run(self, route, net, timeout, *, fresh):
            self.hands.now += 4.5
            raise TimeoutError

    world = World({f"s{n}": Held() for n in range(5)}, every=1, timeout=2)
    await world.go(3)
    assert {one.readings[0].outcome for one in world.ledger.rounds} == {Outcome.INCONCLUSIVE}
    assert "our own error" not in caplog.text


@pytest.mark.hardened(
    "R6", "256 file descriptors, 400 services", "a quarter of them in rounds at once, the others wait their turn"
)
@pytest.mark.parametrize(
    ("files", "most"), [(256, 64), (1024, 256), (65536, 500), (2, 1), (resource.RLIM_INFINITY, 500)]
)
def test_rounds_under_way_are_bound_by_the_file_descriptors(files, most, monkeypatch, saw):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    saw(f"{most_at_once()} rounds at once")
    assert most_at_once() == most


async def test_four_hundred_services_get_their_turn_with_few_at_once():
    sites = {f"s{n}": Slow(after=0.2) for n in range(400)}
    world = World(sites, every=30, timeout=10, at_once=64)
    await world.go(31)
    assert all(site.at for site in sites.values())
    assert world.rounds.counts.late < 2
    await world.end()


# ── the first look ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("issue-12", "ten services, just started", "all known within 2 s")
async def test_ten_services_are_known_within_two_seconds_of_the_start(saw):
    sites = {f"s{n}": Slow(after=0.3) for n in range(10)}
    world = World(sites, every=30)
    await world.go(2)
    saw(f"{len({one.service for one in world.ledger.rounds})} of 10 known")
    assert {one.service for one in world.ledger.rounds} == set(sites)
    await world.end()


@pytest.mark.hardened("issue-12", "1,000 services, just started", "all known within one interval")
async def test_a_thousand_are_known_within_one_interval(saw):
    sites = {f"s{n}": Slow(after=0.3) for n in range(1000)}
    world = World(sites, every=30)
    await world.go(15)
    half = len({one.service for one in world.ledger.rounds})
    await world.go(15)
    known = {one.service for one in world.ledger.rounds}
    saw(f"{half} within half of it, {len(known)} within one")
    assert 400 < half < 600
    assert len(known) > 980
    await world.go(0.5)
    assert {one.service for one in world.ledger.rounds} == set(sites)
    await world.end()

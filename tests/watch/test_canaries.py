"""Do we see anything of the world?"""

from __future__ import annotations

import asyncio

import pytest

from bot.model import Outcome, Reading
from bot.watch.canaries import KEEP, LOOKS, Canaries
from tests.watch.clock import Hands


class Canary:
    kind = "http"

    def __init__(self, outcome: Outcome | None) -> None:
        self.outcome, self.looks, self.free = outcome, 0, asyncio.Event()
        self.free.set()

    async def run(self, route, net, timeout, *, fresh):
        assert fresh
        self.looks += 1
        await self.free.wait()
        if self.outcome is None:
            raise ValueError("secret")
        return Reading(route, self.outcome)


G, S, B, X = Outcome.OK, Outcome.SLOW, Outcome.FAILED, Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("outcomes", "online"),
    [
        ([], True),
        ([G], True),
        ([B], False),
        ([G, B], False),
        ([G, G], True),
        ([G, B, G], True),
        ([S, B, G], True),
        ([B, G, B], False),
        ([G, X, X], False),
        ([None, G, G], True),
        ([None, None, G], False),
        ([G, G, B, B], False),
    ],
)
async def test_more_than_half_must_answer(outcomes, online):
    assert await Canaries([Canary(outcome) for outcome in outcomes], None, Hands()).online() is online


async def test_it_is_decided_without_waiting_for_one_that_hangs():
    hanging, good, fine = canaries = [Canary(G) for _ in range(3)]
    hanging.free.clear()
    async with asyncio.timeout(1):
        assert await Canaries(canaries, None, Hands()).online()
    assert (hanging.looks, good.looks, fine.looks) == (1, 1, 1)


async def test_one_look_is_shared_by_all_who_began_before_it():
    canary, clock = Canary(G), Hands()
    canaries = Canaries([canary], None, clock)
    assert await asyncio.gather(*(canaries.online(clock.now - ago) for ago in range(100))) == [True] * 100
    assert canary.looks == 1
    canary.outcome = B
    clock.now += 0.1
    assert await canaries.online(clock.now - 0.1)  # what it saw fail was looked at before we knew that we see
    assert not await canaries.online(clock.now)
    assert canary.looks == 2


async def test_a_look_under_way_does_not_vouch_for_what_failed_after_it_began():
    canary, clock = Canary(G), Hands()
    canary.free.clear()
    canaries = Canaries([canary], None, clock)
    early = asyncio.create_task(canaries.online(clock.now))
    while not canary.looks:
        await asyncio.sleep(0)
    clock.now += 0.5
    late = asyncio.create_task(canaries.online(clock.now))
    await asyncio.sleep(0)
    canary.free.set()
    assert await early
    assert await late
    assert canary.looks == 2


async def test_in_a_storm_looks_are_few_and_shared_for_seconds_only():
    canary, clock = Canary(G), Hands()
    canaries = Canaries([canary], None, clock)
    for _ in range(100):
        clock.now += 0.01
        assert await canaries.online(clock.now)
    assert canary.looks == LOOKS
    canary.outcome = B
    clock.now += KEEP
    assert not await canaries.online(clock.now)


async def test_an_asker_that_gives_up_does_not_take_the_answer_from_the_others():
    canary = Canary(G)
    canary.free.clear()
    canaries = Canaries([canary], None, Hands())
    first, second = (asyncio.create_task(canaries.online()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    canary.free.set()
    assert await second
    assert first.cancelled()


async def test_closing_ends_the_look_under_way():
    canary = Canary(G)
    canary.free.clear()
    canaries = Canaries([canary], None, Hands())
    look = canaries.begin()
    await asyncio.sleep(0)
    await canaries.close()
    assert look.cancelled()


async def test_blindness_is_logged_once_and_its_end_once(caplog):
    caplog.set_level("INFO")
    canary, clock = Canary(B), Hands()
    canaries = Canaries([canary], None, clock)
    for outcome in (B, B, B, G, G):
        canary.outcome = outcome
        clock.now += KEEP
        await canaries.online()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]

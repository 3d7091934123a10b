"""The roll-up keeps up with whatever is written."""

from __future__ import annotations

from types import SimpleNamespace

from bot.scheduler import jobs
from bot.scheduler.jobs import Scheduler


async def test_a_run_ends_when_all_is_rolled_up_however_much_that_is(monkeypatch):
    monkeypatch.setattr(jobs, "BETWEEN", 0)
    left, offers = [200], []

    async def roll(_holds):
        left[0] -= 1
        return left[0] > 0

    async def offer(*, roles):
        offers.append(roles)

    ownership = SimpleNamespace(offer=offer, owns=lambda _share: True)
    store = SimpleNamespace(rollups=SimpleNamespace(roll=roll), ownership=ownership)
    recorder = SimpleNamespace(settings=SimpleNamespace(holds={}))
    scheduler = Scheduler(None, store, None, recorder, None, None, None)
    await scheduler._roll()
    assert left == [0]


async def test_a_run_ends_when_another_node_has_it(monkeypatch):
    monkeypatch.setattr(jobs, "BETWEEN", 0)
    steps = []

    async def roll(_holds):
        steps.append(1)
        return True

    async def offer(*, roles):
        pass

    ownership = SimpleNamespace(offer=offer, owns=lambda _share: len(steps) < 5)
    store = SimpleNamespace(rollups=SimpleNamespace(roll=roll), ownership=ownership)
    recorder = SimpleNamespace(settings=SimpleNamespace(holds={}))
    await Scheduler(None, store, None, recorder, None, None, None)._roll()
    assert len(steps) == 5

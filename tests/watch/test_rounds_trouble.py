"""Trouble of our own during rounds; and their start and stop, on the real clock."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Outcome, Service
from bot.net import Network
from bot.watch import rounds as module
from bot.watch.checks import HttpCheck
from bot.watch.rounds import Rounds, Watched
from bot.watch.schedule import share
from bot.watch.source_poller import FIRST_WITHIN
from bot.watch.sources import OfficialPage
from tests.fakes import site as web
from tests.reasons import english
from tests.watch.clock import Hands
from tests.watch.world import Ledger, Page, Site, World

# ── trouble of our own ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_ran_while_the_machine_slept_is_discarded_and_the_beat_begins_anew():
    sites = {f"s{n}": Site() for n in range(100)}
    world = World(sites, every=20)
    await world.go(20)
    hanging = sites["s7"]
    hanging.free.clear()
    await world.go(20)
    seen = len(world.ledger.rounds)
    assert seen == 199
    world.hands.now += 3600
    hanging.outcome = Outcome.FAILED
    hanging.free.set()
    await world.rest()  # it ends before the next tick
    assert len(world.ledger.rounds) == seen
    assert world.rounds.counts.discarded == 1
    await world.go(0.1)
    assert len(world.ledger.rounds) == seen  # one settling tick, and no herd after it
    await world.go(1)
    assert seen + 10 < len(world.ledger.rounds) < seen + 30
    await world.go(20)
    assert len(world.ledger.rounds) >= seen + 100
    assert world.rounds.counts.late < 1


async def test_a_sleep_that_the_tick_notices_first_discards_as_well():
    site = Site(Outcome.FAILED)
    site.free.clear()
    world = World({"x": site}, every=20)
    await world.go(20)
    world.hands.now += 3600
    world.rounds.tick()
    site.free.set()
    await world.rest()
    assert world.ledger.rounds == []
    assert world.rounds.counts.discarded == 1
    assert world.rounds.drain() == []


async def test_while_held_nothing_begins_and_what_is_running_is_discarded():
    site = Site(Outcome.FAILED)
    world = World({"x": site}, every=20)
    site.free.clear()
    await world.go(20)
    assert await world.rounds.hold()
    site.free.set()
    await world.go(20)
    assert (world.ledger.rounds, len(site.at)) == ([], 1)
    world.rounds.go_on()
    await world.go(5)
    assert (len(world.ledger.rounds), world.rounds.counts.discarded) == (1, 1)


async def test_where_a_round_is_recorded_for_too_long_the_others_are_only_delayed(monkeypatch):
    monkeypatch.setattr(module, "HELD", 0.01)
    quick, slow = Site(), Site()
    world = World({"quick": quick, "slow": slow}, every=20)
    slow.free.clear()
    world.ledger.free.clear()
    await world.go(20)
    assert not await world.rounds.hold()
    slow.free.set()
    await world.rest()
    assert [seen.service for seen in world.ledger.rounds] == ["quick"]
    world.rounds.go_on()
    await world.rest()
    assert [seen.service for seen in world.ledger.rounds] == ["quick", "slow"]
    world.ledger.free.set()
    await world.rest()
    assert (world.ledger.written, world.rounds.counts.discarded) == (2, 0)
    assert await world.rounds.hold()


async def test_a_round_that_cannot_be_recorded_is_counted_said_once_and_tried_again_soon(caplog):
    world = World({"x": Site()}, every=60, confirm_every=10)
    world.ledger.error = OSError("postgresql://user:hunter2@db/")
    await world.go(100)
    assert world.rounds.counts.unrecorded >= 5
    assert len(caplog.messages) == 1
    assert "could not be recorded: OSError" in caplog.text
    assert "hunter2" not in caplog.text
    world.ledger.error = None
    await world.go(20)
    assert world.ledger.written >= 1


async def test_health_sees_that_rounds_go_on_and_that_hanging_ones_do_not():
    site = Site()
    world = World({"x": site}, every=3600)
    assert world.rounds.counts.ended_at is None
    await world.go(600, step=1.0)
    assert world.rounds.counts.ended_at == world.hands.utcnow()
    site.free.clear()
    await world.go(3600, step=1.0)
    assert world.hands.utcnow() - world.rounds.counts.ended_at > timedelta(minutes=2)
    await world.end()


# ── start and stop, on the real clock ────────────────────────────────────────────────────────────────────────────────


def real(sites, ledger, *, every: float = 0.05, canaries=()) -> Rounds:
    watched = [
        Watched(Service(key, key, ("web",)), {"web": site}, every=timedelta(seconds=every))
        for key, site in sites.items()
    ]
    return Rounds(watched, canaries, None, seen=ledger.seen)


async def until(true) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.01)


async def test_it_runs_until_told_to_stop_and_asks_the_canaries_at_the_start():
    site, canary, ledger, stop = Site(), Site(), Ledger(), asyncio.Event()
    running = asyncio.create_task(real({"x": site}, ledger, canaries=[canary]).run(stop))
    await until(lambda: ledger.written >= 3)
    assert len(canary.at) == 1
    stop.set()
    async with asyncio.timeout(1):
        await running


async def test_a_stop_cancels_what_still_looks_and_sees_through_what_is_being_recorded():
    hanging, quick, ledger, stop = Site(), Site(), Ledger(), asyncio.Event()
    hanging.free.clear()
    ledger.free.clear()
    running = asyncio.create_task(real({"hanging": hanging, "quick": quick}, ledger).run(stop))
    await until(lambda: hanging.at and ledger.rounds)
    stop.set()
    await asyncio.sleep(0.25)
    assert not running.done()
    ledger.free.set()
    async with asyncio.timeout(1):
        await running
    assert (ledger.written, [seen.service for seen in ledger.rounds]) == (1, ["quick"])


async def test_cancelling_leaves_no_task_behind():
    hanging, canary, page = Site(), Site(), Page()
    page.hands = Hands()
    for part in (hanging, canary, page):
        part.free.clear()
    one = Watched(Service("s0", "s0"), {"web": hanging}, every=timedelta(seconds=0.05))
    other = replace(one, service=Service("s204", "s204"), sources=(page,))
    assert share("s204/0") * FIRST_WITHIN < 0.05  # its page is read at once
    rounds = Rounds([one, other], [canary], None, seen=Ledger().seen)
    running = asyncio.create_task(rounds.run(asyncio.Event()))
    await until(lambda: hanging.at and canary.at and page.at)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_over_a_real_network_a_page_that_fails_is_seen_with_the_word_of_its_status_page():
    ledger, stop = Ledger(), asyncio.Event()
    summary = b'{"status": {"indicator": "minor"}, "incidents": [{"name": "Login fails", "status": "identified"}]}'
    async with Network() as net, web.Site() as site, web.Site(web.page(200, summary)) as status:
        watched = Watched(
            Service("s204", "X"),
            {"web": HttpCheck(url=site.url())},
            (OfficialPage(url=status.url()),),
            every=timedelta(seconds=0.2),
        )
        running = asyncio.create_task(Rounds([watched], [HttpCheck(url=status.url())], net, seen=ledger.seen).run(stop))
        await until(lambda: ledger.written)
        site.answer = web.page(503)
        await until(lambda: not ledger.rounds[-1].readings[0].ok)
        stop.set()
        await running
    first, last = ledger.rounds[0], ledger.rounds[-1]
    assert first.readings[0].ok
    assert (english(last.readings[0].why), last.online, last.reports[0].headline) == ("HTTP 503", True, "Login fails")


async def test_without_services_it_waits_for_its_end():
    stop = asyncio.Event()
    running = asyncio.create_task(real({}, Ledger()).run(stop))
    await asyncio.sleep(0.15)
    assert not running.done()
    stop.set()
    await running

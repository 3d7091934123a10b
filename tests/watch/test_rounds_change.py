"""Other settings while rounds run: what is the same goes on as if nothing had been, the rest follows at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.model import Health, Service
from bot.watch.rounds import Watched
from bot.watch.schedule import Schedule
from tests.watch.world import Page, Site, World


def sites(world, *names):
    made = {}
    for name in names:
        made[name] = Site()
        made[name].hands = world.hands
    return made


def watched(name, site, **more):
    return Watched(Service(name, name, ("web",)), {"web": site}, every=timedelta(seconds=20), **more)


async def test_what_is_unchanged_keeps_its_beat_to_the_tick():
    def world():
        return World({f"s{n}": Site() for n in range(50)}, every=20)

    quiet, reloaded = world(), world()
    for number in range(100):
        await quiet.go(1)
        await reloaded.go(1)
        if number % 7 == 0:
            reloaded.rounds.change([*reloaded.watched, watched(f"new{number}", *sites(reloaded, "n").values())])

    def beats(of):
        return {one.service.id: one.checks["web"].at for one in of.watched}

    assert beats(quiet) == beats(reloaded)
    assert reloaded.rounds.counts.skipped == reloaded.rounds.counts.discarded == 0


async def test_a_round_under_way_is_kept_if_its_service_is_unchanged():
    site, other = Site(), Site()
    world = World({"x": site, "y": other}, every=20)
    site.free.clear()
    await world.go(25)
    world.rounds.change(world.watched[:1])
    site.free.set()
    await world.rest()
    assert [seen.service for seen in world.ledger.rounds if seen.service == "x"] == ["x"]


async def test_a_round_under_way_of_what_has_changed_is_not_judged_but_made_again():
    site = Site()
    world = World({"x": site}, every=20)
    site.free.clear()
    await world.go(20)
    [new] = sites(world, "new").values()
    world.rounds.change([replace(world.watched[0], checks={"web": new})])
    site.free.set()
    await world.go(0.5)
    assert (world.rounds.counts.discarded, len(new.at)) == (1, 1)
    assert new.doubts == [True]  # on a fresh connection: nothing is known of it


async def test_what_is_removed_is_neither_checked_nor_judged_any_more():
    site, kept = Site(), Site()
    world = World({"x": site, "y": kept}, [Page()], every=20)
    await world.go(30)
    site.free.clear()
    await world.go(30)
    before = [seen.service for seen in world.ledger.rounds].count("x")
    world.rounds.change(world.watched[1:])
    site.free.set()
    looks = len(site.at)
    await world.go(100)
    assert len(site.at) == looks
    assert [seen.service for seen in world.ledger.rounds].count("x") == before
    assert await world.rounds.once("x") is None
    world.rounds.again("x")
    world.rounds.won(["y"])
    await world.go(5)


async def test_what_is_being_recorded_is_recorded_though_it_is_removed():
    site = Site()
    world = World({"x": site}, every=20)
    world.ledger.free.clear()
    await world.go(20)
    world.rounds.change([])
    world.ledger.free.set()
    await world.go(40)
    assert (world.ledger.written, len(site.at)) == (1, 1)


async def test_an_error_while_recording_what_is_removed_harms_nothing():
    site = Site()
    world = World({"x": site}, every=20)
    world.ledger.free.clear()
    await world.go(20)
    world.rounds.change([])
    world.ledger.error = ValueError()
    world.ledger.free.set()
    await world.go(40)
    assert (world.rounds.counts.unrecorded, len(site.at)) == (1, 1)


async def test_ten_new_services_are_checked_within_two_seconds():
    world = World({"x": Site()}, every=20)
    await world.go(20)
    new = sites(world, *(f"n{number}" for number in range(10)))
    world.rounds.change([*world.watched, *(watched(name, site) for name, site in new.items())])
    await world.go(2)
    assert [len(site.at) for site in new.values()] == [1] * 10
    await world.go(40)
    assert {len(site.at) for site in new.values()} <= {3, 4}


async def test_another_interval_holds_from_now_on():
    site = Site()
    world = World({"x": site}, every=600)
    await world.go(30)
    looks = len(site.at)
    world.rounds.change([replace(world.watched[0], every=timedelta(seconds=5))])
    await world.go(50)
    assert len(site.at) - looks in {9, 10, 11}


async def test_another_name_costs_no_round():
    site = Site()
    world = World({"x": site}, every=20)
    await world.go(20.5)
    world.rounds.change([replace(world.watched[0], service=Service("x", "Its new name", ("web",)))])
    await world.go(15)
    assert len(site.at) in {1, 2}
    await world.go(60)
    assert len(site.at) in {4, 5}


async def test_sources_follow_and_unchanged_ones_keep_what_they_said():
    page, other, third = Page(), Page(), Page()
    world = World({"x": Site()}, [page], every=20)
    other.hands = third.hands = world.hands
    page.says = Health.DOWN
    await world.go(25)
    x = world.watched[0]
    y = Watched(Service("y", "y"), {}, (other,), every=timedelta(seconds=20))
    world.rounds.change([x, y])
    await world.go(0.5)
    reads = len(page.at)
    assert world.rounds._sources.of("x")[0].says is Health.DOWN
    assert len(other.at) == 1
    world.rounds.change([replace(x, sources=(third,)), y])
    await world.go(0.5)
    assert (len(third.at), len(page.at), len(other.at)) == (1, reads, 1)
    assert world.rounds._sources.of("x")[0].says is Health.UP
    world.rounds.change([y])
    await world.go(300)
    assert (len(third.at), len(page.at)) == (1, reads)
    assert len(other.at) >= 3


async def test_a_reading_under_way_of_a_source_that_is_removed_is_dropped_and_the_next_one_counts():
    page, other = Page(), Page()
    world = World({"x": Site()}, [page], every=20)
    other.hands = world.hands
    page.free.clear()
    await world.go(15)
    assert len(page.at) == 1
    world.rounds.change([replace(world.watched[0], sources=(other,))])
    page.free.set()
    await world.go(1)
    assert len(other.at) == 1
    assert not world.rounds._sources._reading
    await world.go(130)
    assert (len(page.at), len(other.at)) == (1, 2)


async def test_other_canaries_are_asked_from_now_on():
    canary, other = Site(), Site()
    world = World({"x": Site()}, canaries=[canary], every=20)
    assert await world.rounds.online()
    world.rounds.change(world.watched, [other])
    assert await world.rounds.online()
    assert (len(canary.at), len(other.at)) == (1, 1)
    world.rounds.change(world.watched, [])
    assert await world.rounds.online()
    assert len(other.at) == 1


def test_a_key_that_was_dropped_stays_so():
    schedule = Schedule({"a": 10, "b": 10}, 0)
    schedule.drop("a")
    schedule.move("a", 1)
    schedule.sooner("a", 1)
    assert {key for key, _ in schedule.due(100, 10)} == {"b"}
    schedule.put("a", 5, 100)
    assert [key for key, _ in schedule.due(100, 10)] == ["a"]
    assert ("a", 0.0) in schedule.due(105, 10)


async def test_it_ends_in_order_after_changes():
    site = Site()
    world = World({"x": site}, every=20)
    site.free.clear()
    await world.go(25)
    world.rounds.change([])
    async with asyncio.timeout(1):
        await world.end()

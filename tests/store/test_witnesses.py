"""Two nodes share what witnesses report: each hears of all, and asks all."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Outcome, Places, Reading
from bot.model.witnesses import SharedReading, SharedWord
from bot.own_health import OwnHealth
from bot.scheduler.following import WitnessSharing
from bot.scheduler.jobs import Results
from bot.watch.heartbeats import HeartbeatRegistry
from bot.watch.witness.protocol import Report, SeenReading, SeenRound
from bot.watch.witness.registry import WAIT, WAIT_SHARED, Member, WitnessRegistry
from tests.reasons import HTTP_503
from tests.watch.clock import START, Hands

GIVEN = {"x": frozenset({"web"})}
BAD, GOOD = Reading("web", Outcome.FAILED, HTTP_503, timedelta(seconds=1)), Reading("web", Outcome.OK)


class Node:
    def __init__(self, store, **given):
        self.hands = Hands()
        members = [Member("london", "London", GIVEN), Member("sydney", "Sydney", given or GIVEN)]
        self.registry = WitnessRegistry(members, {"x": 30.0}, clock=self.hands, place="Madrid")
        self.several = True
        self.sharing = WitnessSharing(self.registry, store.witnesses, lambda: self.several)

    def tell(self, who, *readings, age=0.0, blind=False):
        seen = (SeenRound(service="x", age=age, readings=tuple(map(SeenReading.of, readings))),) if readings else ()
        return self.registry.take(who, Report(session="s", sent=self.hands.now, blind=blind, rounds=seen))


async def test_rows_are_kept_by_the_databases_clock(store):
    known = store.witnesses
    await known.share([SharedReading("x", "web", "london", 5.0, BAD)], [SharedWord("london", 1.0, blind=False)], ["x"])
    news = await known.news()
    [one], [word] = news.readings, news.words
    assert (one.service, one.route, one.witness, one.reading) == ("x", "web", "london", BAD)
    assert one.age == pytest.approx(5.0, abs=2.0)
    assert word.age == pytest.approx(1.0, abs=2.0)
    assert news.requests == (), "a node that starts looks at nothing that others asked for before"
    assert (await known.news(news.mark)).requests == ("x",)
    assert (await known.news(news.mark + 1000)).readings == ()

    await known.share([SharedReading("x", "web", "london", 0.0, GOOD)], [SharedWord("london", 0.0, blind=True)], [])
    again = await known.news()
    assert [one.reading for one in again.readings] == [GOOD]
    assert again.words[0].blind
    await known.share([], [], [])
    await known.forget()
    assert (await known.news()).readings == again.readings or len((await known.news()).readings) == 1


async def test_a_node_votes_by_what_the_other_one_hears(store):
    one, two = Node(store), Node(store)
    two.hands.now += 5000  # clocks of different machines have nothing in common
    one.tell("london", BAD)
    two.tell("sydney", BAD, age=1.0)
    for node in (one, two):
        await node.sharing.turn()
    await one.sharing.turn()
    for node in (one, two):
        now = node.hands.now
        task = asyncio.create_task(node.registry.joined("x", (BAD,), now - 20, timedelta(seconds=0.05)))
        [reading] = await task
        assert reading.places == Places(("Madrid", "London", "Sydney"), (), 3)
        assert node.registry.wait == WAIT_SHARED
        assert set(node.registry.ages().values()) != {None}


async def test_the_owner_looks_at_once_when_another_node_hears_of_trouble(store):
    owner, other = Node(store), Node(store)
    owner.registry.again = (asked := []).append
    for reading in (GOOD, BAD, BAD):
        other.tell("london", reading)
        other.hands.now += 5
        for node in (other, owner):
            await node.sharing.turn()
        owner.hands.now += 5
    assert asked == ["x"]


async def test_what_a_witness_sees_is_kept_by_the_node_that_hears_it(store):
    class Others:
        """Another node owns all services."""

        def epoch(self, service):
            return None

        def claim(self, service):
            raise AssertionError(service)

    rows = [("x", START, BAD), ("x@london", START, BAD)]
    writer = Results(
        replace(store, ownership=Others()),
        HeartbeatRegistry({}, store, lambda: START, lambda: None),
        lambda: rows,
        OwnHealth(),
    )
    await writer.write()
    assert await store.results.results("x", START) == ()
    assert [reading.outcome for _, reading in await store.results.results("x@london", START)] == [Outcome.FAILED]


async def test_a_request_reaches_the_node_that_the_witness_reports_to(store):
    owner, other = Node(store), Node(store)
    other.tell("london", GOOD)
    for node in (other, owner):
        await node.sharing.turn()
    owner.hands.now += 5
    asked = asyncio.create_task(owner.registry.looks("x", timedelta(seconds=3)))
    await asyncio.sleep(0)
    await owner.sharing.turn()
    await other.sharing.turn()
    assert other.tell("london", BAD) == ("x",)
    await other.sharing.turn()
    owner.hands.now += 2  # the database's clock went on, too
    await owner.sharing.turn()
    async with asyncio.timeout(10):
        looks = await asked
    assert [(look.place, look.readings) for look in looks] == [("London", (BAD,)), ("Sydney", None)]


async def test_what_another_node_was_not_given_here_is_left_out(store):
    one, two = Node(store), Node(store, y=frozenset({"web"}))
    one.tell("sydney", BAD)
    await one.sharing.turn()
    await two.sharing.turn()
    assert await two.registry.joined("x", (GOOD,), two.hands.now, timedelta(0)) == (GOOD,)


async def test_a_node_that_is_alone_writes_nothing(store):
    node = Node(store)
    node.several = False
    node.tell("london", BAD)
    await node.sharing.turn()
    assert (await store.witnesses.news()).readings == ()
    assert node.registry.wait == WAIT

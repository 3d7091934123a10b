"""What one node writes, another knows a moment later."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.engine import Engine
from bot.incidents.reconciler import reconcile
from bot.incidents.settings import Settings
from bot.model import (
    AllowedRoom,
    Destination,
    HeartbeatEvent,
    Mute,
    PlaceSettings,
    Report,
    Rules,
    Service,
    Stretch,
    Subscription,
)
from bot.model.cluster import SCHEDULER, shard_of
from bot.scheduler.following import Following
from bot.scheduler.jobs import Results
from bot.store import NodeFacts, open_store
from bot.store.deliveries import failover
from bot.store.feed import Feed
from bot.watch.checks import HeartbeatCheck
from tests.judge.rounds import at, look
from tests.store.made import NOW, delivery

JOB = ("backup", "job")
PLACE = Destination("slack", "C1")


class Nodes:
    def __init__(self, stack, url):
        self.stack, self.url, self.now = stack, url, at(0)

    async def add(self, name):
        store = await self.stack.enter_async_context(open_store(self.url, alone=True, node=NodeFacts(name)))
        rules = {"x": Rules(confirm_rounds=1, restore_rounds=1)}
        settings = Settings({"x": Service("x", "X")}, rules, (), frozenset())
        checks = {JOB: HeartbeatCheck(every="24h", grace="1h")}
        engine = Engine(store, settings, {}, lambda: self.now, heartbeats=checks)
        await engine.load()
        return engine, Following(engine)


@pytest.fixture
async def pair(postgres):
    with postgres.database() as url:
        async with AsyncExitStack() as stack:
            nodes = Nodes(stack, url)
            one, follows_one = await nodes.add("a")
            two, follows_two = await nodes.add("b")
            for _ in range(2):
                for engine in (one, two):
                    await engine.store.ownership.beat()
            for follows in (follows_one, follows_two):
                await follows.look()
            if one.store.ownership.owns(shard_of("x")):
                yield one, two, follows_one, follows_two
            else:
                yield two, one, follows_two, follows_one


async def test_a_state_that_the_owner_wrote_is_known_elsewhere(pair):
    owner, other, _, follows = pair
    await owner.recorder.seen(look("B", 0))
    assert other.recorder.states.get("x") is None
    await follows.look()
    assert other.recorder.states["x"].incident.id == "x#1"


async def test_what_another_node_queues_is_sent_at_once_by_whoever_has_the_channel(pair, monkeypatch):
    owner, other, _, follows = pair
    woken = []
    monkeypatch.setattr(other.outbox, "wake", lambda *whom: woken.append(whom))
    await follows.look()
    assert woken == []
    await owner.recorder.seen(look("B", 0))
    await follows.look()
    assert woken == [()]
    await follows.look()
    assert woken == [()]


async def test_the_next_rung_is_sent_at_once_by_whoever_has_its_channel(pair, monkeypatch):
    owner, other, _, follows = pair
    await owner.recorder.seen(look("B", 0))
    await follows.look()
    woken = []
    monkeypatch.setattr(other.outbox, "wake", lambda *whom: woken.append(whom))
    async with owner.store.deliveries._database._writer.begin() as connection:
        await failover._hold(connection, ["x#1"])
    await follows.look()
    assert woken == [()]


async def test_what_is_queued_without_a_change_is_sent_at_once_by_whoever_has_its_channel(pair, monkeypatch):
    owner, other, _, follows = pair
    await follows.look()
    woken = []
    monkeypatch.setattr(other.outbox, "wake", lambda *whom: woken.append(whom))
    await owner.store.deliveries.add([delivery()], NOW)
    await follows.look()
    assert woken == [()]
    await follows.look()
    assert woken == [()], "only what is new is a reason"


async def test_an_order_given_elsewhere_is_carried_out_there_and_known_to_the_owner(pair):
    owner, other, follows_owner, follows = pair
    await owner.recorder.seen(look("B", 0))
    await follows.look()
    mute = Mute("U1", at(0), at(0) + timedelta(hours=1))
    await other.recorder.order("x", mute)
    assert other.recorder.muted("x")
    await follows_owner.look()
    assert owner.recorder.muted("x")
    await owner.recorder.seen(look(".", 1))
    await follows.look()
    assert other.recorder.states["x"].incident is None
    assert owner.recorder.states["x"] == other.recorder.states["x"]


async def test_what_places_wish_is_known_elsewhere(pair):
    owner, other, _, follows = pair
    await owner.recorder.places.subscribe(Subscription(PLACE, (), "U1", at(0)))
    await owner.recorder.places.set(PLACE, PlaceSettings(language="es"))
    await follows.look()
    assert other.recorder.places.subscription(PLACE) is not None
    assert other.recorder.places.of(PLACE).language == "es"


async def test_a_report_counts_for_the_owner_wherever_it_was_made(pair):
    owner, other, follows_owner, _ = pair
    report = Report("x", at(0), "somebody", "page", "nothing loads")
    await other.user_reports.take(report)
    await follows_owner.look()
    assert owner.user_reports.tallies()["x"].reports == 1
    await owner.user_reports.take(report)  # the same person, told again elsewhere
    assert owner.user_reports.tallies()["x"].reports == 1
    await follows_owner.look()
    assert owner.user_reports.tallies()["x"].reports == 1


async def test_a_call_of_a_job_counts_wherever_it_came_in_and_the_later_one_wins(pair):
    owner, other, follows_owner, follows = pair
    assert owner.heartbeats._jobs[JOB].token == other.heartbeats._jobs[JOB].token != ""
    other.heartbeats.heard(JOB, HeartbeatEvent.FAILED, 7)
    await other.heartbeats.write()
    await follows_owner.look()
    assert owner.heartbeats.trouble(JOB) is not None
    late = other.heartbeats._jobs[JOB]
    for engine in (owner, other):
        engine.heartbeats._clock = lambda: at(9)
    owner.heartbeats.heard(JOB, HeartbeatEvent.DONE)
    await owner.heartbeats.write()
    other.heartbeats._put(late, changed=True)  # written late, without knowing better
    await other.heartbeats.write()
    await follows.look()
    assert other.heartbeats.trouble(JOB) is None
    [job] = await owner.store.heartbeats.all()
    assert (job.failed_at, job.done_at) == (None, at(9))


async def test_what_is_committed_late_is_not_missed(pair):
    """A transaction may commit after a later one was read."""
    owner, other, _, follows = pair
    database, going, done = owner.store.incidents._database, asyncio.Event(), asyncio.Event()

    async def slow(connection):
        from sqlalchemy import text

        await connection.execute(text("SELECT txid_current()"))
        going.set()
        await done.wait()
        await connection.execute(
            text("UPDATE services SET version = version + 1, written = txid_current() WHERE id = 'x'")
        )

    await owner.recorder.seen(look("B", 0))
    await follows.look()
    early = asyncio.create_task(database.write(slow))
    await going.wait()
    await other.recorder.places.set(PLACE, PlaceSettings())  # a later transaction, committed and read first
    await follows.look()
    await follows.look()
    before = other.recorder.versions["x"]
    done.set()
    await early
    await follows.look()
    assert other.recorder.versions["x"] == before + 1


async def test_notifications_come_and_where_they_do_not_that_is_noticed(pair, monkeypatch):
    owner, other, _, _ = pair
    heard = asyncio.Event()
    async with other.store.feed.listening(lambda _what: heard.set()) as works:
        assert works
        await owner.recorder.seen(look("B", 0))
        async with asyncio.timeout(5):
            await heard.wait()
    monkeypatch.setattr("bot.store.feed.CHANNEL", "another")  # as if the session were not ours to keep
    monkeypatch.setattr("bot.store.feed.HEARD_WITHIN", 0.2)
    async with Feed(other.store.incidents._database).listening(lambda _what: None) as works:
        assert not works


async def test_it_looks_by_itself_when_notified_and_each_second_else(pair):
    owner, other, _, follows = pair
    stop = asyncio.Event()
    running = asyncio.create_task(follows.run(stop))
    await owner.recorder.seen(look("B", 0))
    async with asyncio.timeout(10):
        while "x" not in other.recorder.states:
            await asyncio.sleep(0.02)
    stop.set()
    await running


async def test_a_service_is_let_go_only_when_no_live_node_names_it(pair):
    owner, other, _, follows = pair
    await owner.recorder.seen(look("B", 0))
    await other.store.ownership.offer(roles=[SCHEDULER])
    await follows.look()
    other.recorder.settings = replace(other.recorder.settings, services={})  # its config is the newer one
    await other.store.ownership.beat()
    await reconcile(other.recorder)
    assert other.recorder.states["x"].incident is not None
    await owner.store.ownership.leave()
    other.store.ownership._entry.services = frozenset()
    other.store.ownership._entry.renew()
    await other.store.ownership.beat()
    await follows.look()
    assert other.store.ownership.owns(SCHEDULER)
    assert other.recorder.states["x"].incident is None


async def test_a_room_that_is_shut_out_is_shut_out_everywhere(pair):
    owner, other, _, _ = pair
    asked = []

    async def read():
        asked.append(await other.store.rooms.all())

    follows = Following(other, read)
    await follows.look()
    asked.clear()
    await owner.store.rooms.allow(AllowedRoom(PLACE, "U1", "newsroom", at(0)))
    await follows.look()
    await owner.store.rooms.disallow(PLACE)
    await follows.look()
    assert [len(rooms) for rooms in asked] == [1, 0]


async def test_what_another_node_observes_counts_as_observed(pair):
    _, other, _, _ = pair
    held = {"x": timedelta(seconds=70)}
    rolled = {"x": [Stretch(at(0), at(9))]}
    over = {"x": [Stretch(at(0), at(9), going=False)]}
    period = (at(0), at(99))
    coverage = other.recorder.coverage
    assert coverage.unseen(rolled, ["x"], held, period, {"x"}) == {}
    assert coverage.unseen(over, ["x"], held, period, {"x"}) == {"x": ((at(9), at(99)),)}
    assert coverage.unseen(rolled, ["x"], held, period) == {"x": ((at(9), at(99)),)}


async def test_what_a_witness_told_is_written_by_whoever_heard_it(pair):
    owner, other, _, _ = pair
    reading = look("B", 0).readings[0]
    rows = [("x", at(0), reading), ("x@london", at(0), reading)]
    await Results(other.store, other.heartbeats, lambda: rows, other.own_health).write()
    assert not await owner.store.results.results("x", at(0))  # another node's
    assert len(await owner.store.results.results("x@london", at(0))) == 1
    await Results(owner.store, owner.heartbeats, lambda: rows[:1], owner.own_health).write()
    assert len(await owner.store.results.results("x", at(0))) == 1

"""What was told, held against what is so: whoever missed it is told, once, and nobody else."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.chat.loading import trail
from bot.incidents.reconciler import Reconciled, audit, catch_up, reconcile
from bot.incidents.recorder import Recorder
from bot.model import (
    OURSELVES,
    Ack,
    Audience,
    ChangeKind,
    Confidence,
    DeliveryAction,
    DeliveryStatus,
    Destination,
    Mute,
    Style,
    Subscription,
    SubscriptionFilter,
    Topic,
)
from tests.incidents.test_recorder import CHAT, DESK, MAIL, OTHER, SERVICES, SLACK, House, titles
from tests.judge.rounds import at
from tests.store.made import settle, take

CLEAN = {"stuck": 0, "untold": 0, "dangling": 0}
SPANISH = Style("es", "Europe/Madrid", "24h")
DAY = timedelta(days=1)


def living(house, *audiences, services=None):
    """The same store under another config, as after a restart."""
    other = House(house.store, audiences)
    other.now = house.now
    if services is not None:
        setting = replace(other.recorder.settings, services=services)
        other.recorder = Recorder(house.store, setting, lambda: other.now, other._wake)
    return other


async def restarted(house, *audiences, services=None):
    other = living(house, *audiences, services=services)
    await other.recorder.load()
    return other, await reconcile(other.recorder)


async def told(house):
    """Title by place of all that is now sent, edits aside."""
    return titles(one for one in await house.deliver() if one.action is DeliveryAction.POST)


@pytest.fixture
def house(store):
    return House(store, (DESK,))


# ── whole flows leave nothing to mend ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "rounds", ["..BB..", "..B..", "..BBPPPP..", "....", "..????..", "BB..BB..BB....", "B" * 40 + "..", "BB", "B"]
)
async def test_after_any_outage_nothing_is_amiss_and_nothing_is_mended(house, rounds):
    possible = Audience("early", (OTHER,), SubscriptionFilter(confidence=Confidence.POSSIBLE))
    house = living(house, DESK, possible)
    for number, letter in enumerate(rounds):
        await house.rounds(letter, first=number)
        await house.deliver()
        house.now += timedelta(minutes=2)
        assert await audit(house.recorder) == CLEAN
    before = await house.queued()
    assert await reconcile(house.recorder) == Reconciled()
    assert await house.queued() == before


async def test_a_storm_that_nobody_delivered_yet_is_not_amiss(house):
    await house.rounds("BB")
    await house.rounds("BB..", "y")
    house.now += DAY / 2
    assert await audit(house.recorder) == CLEAN
    assert await reconcile(house.recorder) == Reconciled()


# ── open: who should have heard ──────────────────────────────────────────────────────────────────────────────────────


async def test_an_audience_that_is_new_hears_of_what_is_open_as_it_is_now_and_of_its_end(house):
    await house.rounds("BB")
    await house.deliver()
    await house.recorder.order("x", Ack("Ana", at(3)))
    await house.deliver()
    boss = Audience("boss", (OTHER,), style=SPANISH)
    house.now = at(40)
    after, mended = await restarted(house, DESK, boss)

    assert mended == Reconciled(late=1)
    [late] = await after.deliver()
    assert (late.key, late.audience) == (f"x#1/3@{OTHER}", "boss")
    assert late.notice.words.title == "🔴 X (Twitter) no funciona desde las 14:00"
    assert late.notice.kind is ChangeKind.CONFIRMED
    assert await reconcile(after.recorder) == Reconciled()

    await after.rounds("..", first=41)
    assert set(await told(after)) == {str(SLACK), str(MAIL), str(OTHER)}


async def test_who_subscribes_during_an_outage_hears_of_it_at_once_and_nobody_else_again(house):
    await house.rounds("BB")
    await house.rounds("BB", "y")
    await house.deliver()
    await house.recorder.places.subscribe(
        Subscription(CHAT, (SubscriptionFilter(services=("x",)),), "telegram:4242", at(3))
    )

    assert await catch_up(house.recorder, CHAT) == 1
    assert await told(house) == {str(CHAT): "🔴 X (Twitter): down since noon"}
    assert await catch_up(house.recorder, CHAT) == 0
    await house.recorder.places.subscribe(Subscription(CHAT, (SubscriptionFilter(),), "telegram:4242", at(4)))
    assert await catch_up(house.recorder, CHAT) == 1
    assert await told(house) == {str(CHAT): "🔴 Y: down since noon"}


async def test_catching_up_one_place_leaves_the_others_for_the_next_round(house):
    await house.rounds("BB")
    after = living(house, DESK, Audience("boss", (OTHER,)))
    await after.recorder.load()
    await after.recorder.places.subscribe(Subscription(CHAT, (SubscriptionFilter(),), "telegram:4242", at(3)))
    assert await catch_up(after.recorder, CHAT) == 1
    assert str(OTHER) not in {place for _, place, _ in await after.queued()}


@pytest.mark.parametrize(
    ("wish", "rounds"),
    [
        (SubscriptionFilter(services=("y",)), "BB"),
        (SubscriptionFilter(topics=frozenset({Topic.DEGRADED, Topic.RESTORED})), "BB"),
        (SubscriptionFilter(topics=frozenset({Topic.DOWN, Topic.RESTORED})), "PP"),
        (SubscriptionFilter(confidence=Confidence.LIKELY), "B"),
    ],
)
async def test_what_a_reader_does_not_wish_is_not_mended_and_not_amiss(store, wish, rounds):
    house = House(store, (Audience("boss", (OTHER,), wish),))
    await house.rounds(rounds)
    house.now += DAY
    assert await audit(house.recorder) == CLEAN
    assert await reconcile(house.recorder) == Reconciled()
    assert await house.queued() == []


async def test_a_reader_who_wants_guesses_hears_late_of_a_guess(house):
    await house.rounds("B")
    after, mended = await restarted(
        house, Audience("early", (OTHER,), SubscriptionFilter(confidence=Confidence.POSSIBLE))
    )
    assert mended == Reconciled(late=1)
    assert await told(after) == {str(OTHER): "🟡 X (Twitter): may have been down since about noon (not confirmed)"}


async def test_a_mute_holds_until_it_has_run_out(store):
    house = House(store, ())
    await house.rounds("BB")
    await house.recorder.order("x", Mute("ana", at(2), at(50), "known"))
    after = living(house, DESK)
    await after.recorder.load()
    after.now = at(49)
    assert await audit(after.recorder) == CLEAN
    assert await reconcile(after.recorder) == Reconciled()
    after.now = at(50)
    assert await audit(after.recorder) == CLEAN | {"untold": 1}
    assert await reconcile(after.recorder) == Reconciled(late=2)
    assert await audit(after.recorder) == CLEAN


async def test_of_a_new_ladder_only_the_first_rung_hears(house):
    await house.rounds("BB")
    await house.deliver()
    ladder = Audience("boss", (OTHER, CHAT), ladder=True)
    after, mended = await restarted(house, DESK, ladder)
    assert mended == Reconciled(late=1)
    [row] = [row for row in await house.store.deliveries.of_incident("x#1") if row.audience == "boss"]
    assert (row.destination, row.ladders) == (OTHER, ("boss",))
    assert await reconcile(after.recorder) == Reconciled()


async def test_a_ladder_that_was_told_on_a_lower_rung_is_not_told_again(house):
    ladder = Audience("boss", (OTHER, SLACK), ladder=True)
    await house.rounds("BB")
    await house.deliver()
    _, mended = await restarted(house, DESK, ladder)
    assert mended == Reconciled()


async def test_a_place_that_refused_is_not_written_to_every_hour(house):
    house = living(house, Audience("desk", (SLACK,)))
    await house.rounds("BB")
    for one in await take(house.store, "slack", house.now, limit=9, lease=DAY):
        await settle(house.store, one, DeliveryStatus.REFUSED, house.now, why="no such channel")
    await house.recorder.order("x", Ack("Ana", at(3)))
    house.now += DAY
    assert await reconcile(house.recorder) == Reconciled()
    assert await audit(house.recorder) == CLEAN


async def test_mending_at_the_same_time_as_a_step_tells_nobody_twice(house):
    await house.rounds("BB")
    await house.deliver()
    after = living(house, DESK, Audience("boss", (OTHER,)))
    await after.recorder.load()
    after.now = at(2)
    await asyncio.gather(
        *(reconcile(after.recorder) for _ in range(5)),
        after.rounds("..", first=2),
        *(catch_up(after.recorder) for _ in range(5)),
    )
    keys = [key for key, place, act in await after.queued() if place == str(OTHER) and act is DeliveryAction.POST]
    assert sorted(keys) == sorted(set(keys))
    assert len(keys) in {0, 1, 2}  # before the end, or not at all; and then its end
    after.now += DAY / 2
    assert await audit(after.recorder) == CLEAN


# ── over: who was told of it and not of its end ──────────────────────────────────────────────────────────────────────


async def ended_behind(house, *audiences):
    """An outage that ended under a config in which SLACK was nobody's place; then it is again."""
    await house.rounds("BB")
    await house.deliver()
    during = living(house, *audiences)
    await during.recorder.load()
    await during.rounds("..", first=2)
    await during.deliver()
    house.now = at(4) + timedelta(minutes=2)
    await house.recorder.load()
    return house


async def test_an_end_that_was_missed_is_told_with_its_date_and_the_first_message_mended(house):
    await ended_behind(house, Audience("desk", (MAIL,)))
    assert await audit(house.recorder) == CLEAN | {"dangling": 1}
    house.now += timedelta(hours=23)
    assert await reconcile(house.recorder) == Reconciled(ended=1)
    assert await audit(house.recorder) == CLEAN

    post, edit = await house.deliver()
    assert (post.key, edit.action) == (f"x#1/3@{SLACK}", DeliveryAction.EDIT)
    assert post.notice.words.text == (
        "🟢 X (Twitter): down since noon Thu, restored 12:01 p.m. Thu (1 min)\nEverything else you follow is up."
    )
    assert edit.notice.root.title == post.notice.words.title
    assert await reconcile(house.recorder) == Reconciled()


async def test_after_a_day_an_end_is_no_news(house):
    await ended_behind(house, Audience("desk", (MAIL,)))
    house.now += DAY
    assert await audit(house.recorder) == CLEAN
    assert await reconcile(house.recorder) == Reconciled()


@pytest.mark.parametrize(
    "now",
    [
        (),
        (Audience("desk", (SLACK,), SubscriptionFilter(topics=frozenset({Topic.DOWN}))),),
        (Audience("y", (SLACK,), SubscriptionFilter(("y",))),),
    ],
)
async def test_who_does_not_wish_the_end_any_more_is_not_amiss(house, now):
    await ended_behind(house, Audience("desk", (MAIL,)))
    after, mended = await restarted(house, *now)
    assert mended == Reconciled()
    assert await audit(after.recorder) == CLEAN


async def test_nobody_hears_the_end_who_was_not_told_of_the_trouble(house):
    await house.rounds("BB")
    await house.deliver()
    await house.rounds("..", first=2)
    await house.deliver()
    _, mended = await restarted(house, DESK, Audience("boss", (OTHER,)))
    assert mended == Reconciled()
    assert str(OTHER) not in {place for _, place, _ in await house.queued()}


async def test_our_own_blindness_is_nothing_to_catch_up_with(house):
    await house.rounds("..??")
    after, mended = await restarted(house, DESK, Audience("boss", (OTHER,)))
    assert mended == Reconciled()
    await after.rounds("..", first=4)
    await after.deliver()
    after.now += DAY / 2
    assert await audit(after.recorder) == CLEAN
    assert await reconcile(after.recorder) == Reconciled()
    assert len(await after.queued(f"{OURSELVES}#1")) == 3


# ── a service that the config has no more ────────────────────────────────────────────────────────────────────────────


async def test_who_was_told_of_a_service_that_is_taken_out_hears_that_it_is_watched_no_longer(house, store):
    await house.rounds("BB", "y")
    await house.deliver()
    desk = replace(
        DESK, filter=SubscriptionFilter(services=("x",))
    )  # a config without y can have no wish that names it
    house.now = at(40)
    after, mended = await restarted(house, desk, Audience("boss", (OTHER,)), services={"x": SERVICES["x"]})

    assert mended == Reconciled(unwatched=1)
    assert await told(after) == dict.fromkeys(
        map(str, (SLACK, MAIL)), "⚪ y: no longer watched (in trouble since noon)"
    )
    [change] = [c for c in await store.results.changes("y#1") if c.kind is ChangeKind.UNWATCHED]
    assert change.incident.until == at(40)
    assert await reconcile(after.recorder) == Reconciled()
    assert await audit(after.recorder) == CLEAN


async def test_a_service_that_comes_back_and_is_still_down_is_so_since_it_was(house, store):
    await house.rounds("BB", "y")
    await house.deliver()
    without, _ = await restarted(house, DESK, services={"x": SERVICES["x"]})
    await without.deliver()
    again, mended = await restarted(without, DESK)
    assert mended == Reconciled()
    await again.rounds("B", "y", first=60)

    [incident] = [i for i in await store.results.incidents(at(50)) if i.until is None]
    assert (incident.id, incident.since, incident.confidence) == ("y#2", at(0), Confidence.CONFIRMED)
    assert await told(again) == dict.fromkeys(map(str, (SLACK, MAIL)), "🔴 Y: down since noon")


async def test_nothing_is_said_of_a_service_that_was_up_when_it_was_taken_out(house):
    await house.rounds("....", "y")
    _, mended = await restarted(house, DESK, services={"x": SERVICES["x"]})
    assert mended == Reconciled()


# ── what the record tells of it ──────────────────────────────────────────────────────────────────────────────────────


async def test_the_trail_is_that_of_an_incident_of_a_services_newest_and_of_nothing_else(house):
    await house.rounds("BB..BB..")
    by_number, newest = await trail(house.recorder, "x#1"), await trail(house.recorder, "x")
    assert (by_number.incident.id, newest.incident.id, newest.name) == ("x#1", "x#2", "X (Twitter)")
    assert {row.destination for row in by_number.rows} == {SLACK, MAIL}
    assert [row.kind for row in newest.rows] == [ChangeKind.CONFIRMED] * 2 + [ChangeKind.RESTORED] * (
        len(newest.rows) - 2
    )
    assert [await trail(house.recorder, asked) for asked in ("x#3", "y", "", "drill")] == [None] * 4


async def test_what_is_mended_wakes_the_outbox_of_its_channel(house):
    await house.rounds("BB")
    after = living(house, DESK, Audience("boss", (Destination("telegram", "7"),)))
    woken = []
    after.recorder.wake = woken.append
    await after.recorder.load()
    await reconcile(after.recorder)
    assert woken == [{Destination("telegram", "7")}]

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.model import (
    Confidence,
    DeliveryAction,
    DeliveryStatus,
    Destination,
    PlaceSettings,
    Quiet,
    Subscription,
    SubscriptionFilter,
    Topic,
)
from tests.store.made import LEASE, MAIL, NOW, SECOND, SLACK, delivery, further, settle, take

TEN = timedelta(minutes=10)
OLD, NEW = Destination("telegram", "-100"), Destination("telegram", "-100200")
WISH = SubscriptionFilter(("x",), frozenset({Topic.DOWN, Topic.RESTORED}), Confidence.LIKELY, TEN)
SETTINGS = PlaceSettings("es", "Europe/Madrid", "24h", Quiet.parse("22:00-07:00 except down"))


def wished(to=SLACK, wish=WISH):
    return Subscription(to, (wish, SubscriptionFilter(but=("x", "y"))), "slack:T01/U01", NOW)


async def test_a_subscription_comes_back_as_it_was(store):
    await store.subscriptions.subscribe(wished())
    await store.subscriptions.subscribe(wished(MAIL, SubscriptionFilter()))

    assert set(await store.subscriptions.subscriptions()) == {wished(), wished(MAIL, SubscriptionFilter())}


async def test_settings_of_a_place_come_back_as_they_were_last_set(store):
    await store.subscriptions.set_place(MAIL, PlaceSettings("de"))
    await store.subscriptions.set_place(MAIL, SETTINGS)

    assert await store.subscriptions.places() == {MAIL: SETTINGS}


async def test_a_destination_has_one_subscription(store):
    await store.subscriptions.subscribe(wished())
    await store.subscriptions.subscribe(replace(wished(wish=SubscriptionFilter()), by="somebody else"))

    assert await store.subscriptions.subscriptions() == (
        replace(wished(wish=SubscriptionFilter()), by="somebody else"),
    )


async def test_unsubscribing_says_whether_there_was_one(store):
    await store.subscriptions.subscribe(wished())

    assert await store.subscriptions.unsubscribe(MAIL) is False
    assert await store.subscriptions.unsubscribe(SLACK) is True
    assert await store.subscriptions.unsubscribe(SLACK) is False
    assert await store.subscriptions.subscriptions() == ()


async def test_a_moved_destination_takes_its_subscription_and_its_deliveries_with_it(store):
    await store.subscriptions.subscribe(wished(OLD))
    await store.subscriptions.set_place(OLD, SETTINGS)
    await store.incidents.apply("x", further(OLD), NOW)
    [first] = await take(store, "telegram", NOW, limit=9, lease=LEASE)
    await settle(store, first, DeliveryStatus.SENT, NOW, ref="4711")
    await store.deliveries.add([delivery(2, OLD), delivery(2, SLACK)], NOW)

    await store.subscriptions.moved(OLD, NEW)

    assert await store.subscriptions.subscriptions() == (wished(NEW),)
    assert await store.subscriptions.places() == {NEW: SETTINGS}
    [second] = await take(store, "telegram", NOW, limit=9, lease=LEASE)
    assert (second.destination, second.root, second.action) == (NEW, None, DeliveryAction.POST)
    told = []
    await store.incidents.apply("x", lambda situation: told.append(situation.told), NOW)
    assert told == [{NEW, SLACK}]


async def test_where_a_place_is_now_is_remembered_however_often_it_moved(store):
    await store.subscriptions.moved(OLD, NEW)
    newest = Destination("telegram", "-1003")
    await store.subscriptions.moved(NEW, newest)
    assert await store.subscriptions.addresses() == {OLD: newest, NEW: newest}
    await store.subscriptions.moved(newest, OLD)  # in a ring: whatever it says, it ends
    assert set(await store.subscriptions.addresses()) == {OLD, NEW, newest}


async def test_a_claim_outlives_the_move_of_its_destination(store):
    await store.deliveries.add([delivery(1, OLD)], NOW)
    [claimed] = await take(store, "telegram", NOW, limit=9, lease=LEASE)
    await store.subscriptions.moved(OLD, NEW)

    assert await settle(store, claimed, DeliveryStatus.PENDING, NOW) is True
    [again] = await take(store, "telegram", NOW, limit=9, lease=LEASE)
    assert again.destination == NEW


async def test_a_subscription_that_is_at_the_new_place_already_stays(store):
    await store.subscriptions.subscribe(wished(OLD))
    await store.subscriptions.subscribe(wished(NEW, SubscriptionFilter()))
    await store.subscriptions.moved(OLD, NEW)
    await store.subscriptions.moved(NEW, NEW)

    assert await store.subscriptions.subscriptions() == (wished(NEW, SubscriptionFilter()),)


async def test_once_is_true_the_first_time_only(store):
    assert await store.subscriptions.once("telegram:update:1", NOW) is True
    assert await store.subscriptions.once("telegram:update:1", NOW + SECOND) is False
    assert await store.subscriptions.once("telegram:update:2", NOW) is True


async def test_of_many_who_ask_at_once_one_is_first(store):
    answers = await asyncio.gather(*(store.subscriptions.once("digest 2022-07-14", NOW) for _ in range(10)))

    assert sorted(answers) == [False] * 9 + [True]


async def test_memory_holds_the_latest_value(store):
    assert await store.subscriptions.recall("telegram:offset") is None
    await store.subscriptions.remember("telegram:offset", "1")
    await store.subscriptions.remember("telegram:offset", "2")

    assert await store.subscriptions.recall("telegram:offset") == "2"

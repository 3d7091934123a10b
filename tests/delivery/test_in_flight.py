"""What is in our hands is told once, however often its lease runs out."""

from __future__ import annotations

import pytest

from bot.delivery.in_flight import MOST, InFlight
from bot.delivery.retry import DeliveryResult
from bot.model import DeliveryStatus
from tests.store.made import LEASE, NOW, SECOND, delivery, take

SENT = DeliveryResult(DeliveryStatus.SENT, ref="r1")


async def claim(store, now):
    [one] = await take(store, now=now)
    return one


@pytest.fixture
def hands(store):
    return InFlight(store.deliveries, store.subscriptions, lambda: NOW + 2 * LEASE)


async def status(store):
    [row] = await store.deliveries.of_incident("x#1")
    return row.status


async def test_what_is_claimed_again_while_we_send_it_is_not_handed_over_again_and_is_noted_under_the_new_claim(
    store, hands
):
    await store.deliveries.add([delivery()], NOW)
    first = await claim(store, NOW)
    assert hands.take(first)
    again = await claim(store, NOW + LEASE)
    assert not hands.take(again)
    await hands.note(first, SENT)
    assert await status(store) is DeliveryStatus.SENT
    assert hands.take(first)  # it is out of our hands


async def test_what_was_sent_and_could_not_be_noted_is_noted_when_it_is_claimed_again(store, hands):
    await store.deliveries.add([delivery()], NOW)
    first = await claim(store, NOW)
    hands.take(first)
    rival = await claim(store, NOW + LEASE)  # taken, and not yet heard of by us
    await hands.note(first, SENT)
    assert await status(store) is DeliveryStatus.SENDING

    assert hands.take(rival)
    assert hands.sent_before(rival) == SENT
    assert hands.sent_before(rival) is None
    await hands.note(rival, SENT)
    assert await status(store) is DeliveryStatus.SENT


async def test_what_was_not_sent_is_simply_tried_again(store, hands):
    await store.deliveries.add([delivery()], NOW)
    first = await claim(store, NOW)
    hands.take(first)
    await claim(store, NOW + LEASE)
    await hands.note(first, DeliveryResult(DeliveryStatus.PENDING, NOW + 9 * SECOND))
    assert hands.sent_before(first) is None


async def test_only_so_many_outcomes_are_kept(store, hands):
    hands._sent.update(dict.fromkeys(range(1000, 1000 + MOST), SENT))
    await store.deliveries.add([delivery()], NOW)
    first = await claim(store, NOW)
    hands.take(first)
    await claim(store, NOW + LEASE)
    await hands.note(first, SENT)
    assert len(hands._sent) == MOST
    assert hands.sent_before(first) == SENT

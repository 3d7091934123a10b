"""How delivery went, as digests say it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.incidents.overview import deliveries
from bot.model import (
    Audience,
    Confidence,
    DeliveryResult,
    DeliveryStatus,
    Destination,
    Health,
    Incident,
    Overview,
    Reason,
    ReasonCode,
)
from tests.store.made import NOW, delivery, take

HOUR = timedelta(hours=1)
SLACK, TELEGRAM, MAIL = Destination("slack", "C1"), Destination("telegram", "-1"), Destination("email", "a@example.org")
DESK = Audience("desk", (SLACK, TELEGRAM), ladder=True)


async def sent(store, place, thread, audience, status=DeliveryStatus.SENT):
    row = replace(delivery(1, place, thread), audience=audience)
    await store.deliveries.add([row], NOW)
    for claimed in await take(store, place.kind):
        why = Reason.of(ReasonCode.TIMED_OUT) if status is DeliveryStatus.REFUSED else None
        await store.deliveries.settle(claimed, DeliveryResult(status, why=why), NOW)


async def test_it_counts_what_arrived_what_was_refused_and_what_a_later_rung_took(store):
    await sent(store, SLACK, "x#1", "desk", DeliveryStatus.REFUSED)
    await sent(store, TELEGRAM, "x#1", "desk")
    await sent(store, MAIL, "x#1", "email:a@example.org", DeliveryStatus.REFUSED)
    await sent(store, MAIL, "digest:comms:2026-11-29", "comms")
    incident = Incident("x", 1, NOW - HOUR, Health.DOWN, Confidence.CONFIRMED)
    overview = Overview(NOW, (), recent=(incident,))
    period = NOW - HOUR, NOW + HOUR
    found = await deliveries(store, [DESK], overview, period)
    assert found.told == {"x#1": {"telegram": 1}}
    assert found.sent == 1
    assert found.refused == {("desk", "slack"): 1, ("", "email"): 1}
    assert found.fallbacks == {("desk", "telegram"): 1}
    assert found.unproven == {("desk", "slack"): 1}
    later = await deliveries(store, [DESK], overview, (NOW + HOUR, NOW + 2 * HOUR))
    assert (later.sent, later.refused) == (0, {})
    long_after = await deliveries(
        store, [DESK], replace(overview, recent=()), (NOW + 40 * 24 * HOUR, NOW + 41 * 24 * HOUR)
    )
    assert long_after.unproven == {("desk", "slack"): 1, ("desk", "telegram"): 1}

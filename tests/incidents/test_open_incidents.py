"""What is kept between changes: open incidents, readers and services, always as if found anew."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

from bot.incidents.overview import OpenIncidents, confirmed
from bot.incidents.settings import Settings
from bot.model import (
    Audience,
    Confidence,
    Destination,
    Health,
    Incident,
    Service,
    ServiceState,
    Subscription,
    SubscriptionFilter,
)
from tests.engine import engine

NOW = datetime(2022, 7, 14, 12, tzinfo=UTC)
SERVICES = [Service(f"s{number}", f"S{number}", ("web",)) for number in range(12)]
ALL, SOME = (SubscriptionFilter(),), (SubscriptionFilter(services=("s1", "s2", "s3")),)


def incident(name, health=Health.DOWN, confidence=Confidence.CONFIRMED):
    return Incident(name, 1, NOW, health, confidence)


def groups(others):
    return others.followed, *(list(group.items()) for group in (others.down, others.partly, others.perhaps))


def test_after_any_changes_they_are_as_if_found_anew():
    chance, states = random.Random(7), {}
    for service in SERVICES:
        states[service.id] = ServiceState(service.id, incident=incident(service.id))
    kept = OpenIncidents()

    def read(name):
        return states.get(name) or ServiceState(name)

    for _ in range(300):
        name = f"s{chance.randrange(12)}"
        kinds = [None, incident(name), incident(name, Health.DEGRADED), incident(name, confidence=Confidence.LIKELY)]
        news = {name: ServiceState(name, incident=chance.choices(kinds, (6, 2, 1, 1))[0])}
        states |= news
        kept.note(news)
        for followed in (ALL, SOME):
            theirs = [one for one in SERVICES if any(wish.follows(one.id) for wish in followed)]
            assert groups(kept.among(SERVICES, read, followed)) == groups(confirmed(theirs, read))


def test_thousands_of_endings_look_at_each_service_once():
    states = {one.id: ServiceState(one.id, incident=incident(one.id)) for one in SERVICES}
    kept, looks = OpenIncidents(), []

    def read(name):
        looks.append(name)
        return states[name]

    for service in SERVICES:
        kept.among(SERVICES, read, ALL)
        states[service.id] = ServiceState(service.id)
        kept.note({service.id: states[service.id]})
    assert len(looks) == len(SERVICES)


async def test_readers_are_put_together_anew_only_when_something_of_them_changed(store):
    record = engine(store, {}, lambda: NOW).recorder
    before = record.readers
    assert record.readers is before
    await record.places.subscribe(Subscription(Destination("slack", "C1"), (SubscriptionFilter(),), "ana", NOW))
    assert [one.name for one in record.readers] == ["slack:C1"]
    assert record.readers is record.readers
    record.change(replace(record.settings, audiences=(Audience("desk", (Destination("slack", "C2"),)),)))
    assert [one.name for one in record.readers] == ["desk", "slack:C1"]


def test_the_services_that_have_rounds_are_put_together_once():
    channel = Service("slack-delivery", "Slack", ("delivery",))
    settings = Settings({one.id: one for one in SERVICES}, {}, (), frozenset(), channels={"slack": channel})
    assert settings.watched is settings.watched
    assert list(settings.watched) == [*(one.id for one in SERVICES), "slack-delivery"]
    assert "slack-delivery" not in replace(settings, channels={}).watched

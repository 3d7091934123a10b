"""The open incidents that an ending mentions: kept between endings, and always as if found anew."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from bot.incidents.open_incidents import OpenIncidents, confirmed
from bot.model import Confidence, Health, Incident, Service, ServiceState, SubscriptionFilter

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

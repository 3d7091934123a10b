from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import Confidence, DeliveryStatus, Health, Outcome, Reading, outage
from bot.store.rollups import CODES, SWEEP
from tests.reasons import quote
from tests.store.made import LEASE, NOW, SECOND, SLACK, delivery, further, over, settle, take

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
READING = Reading("web", Outcome.SLOW, quote("6.1 s"), timedelta(microseconds=6_100_001), reused=True)


async def test_incidents_are_those_open_or_ended_later_newest_first(store):
    for service, end in (("a", NOW - HOUR), ("b", NOW + HOUR), ("c", None)):
        await store.incidents.apply(service, further(), NOW)
        if end:
            await store.incidents.apply(service, over(end), NOW)

    async def ids(since=NOW, **how):
        return [incident.id for incident in await store.results.incidents(since, **how)]

    assert await ids() == ["b#1", "c#1"]
    assert await ids(NOW - DAY) == ["a#1", "b#1", "c#1"]
    assert await ids(NOW - DAY, services=["a", "c"]) == ["a#1", "c#1"]
    assert await ids(NOW - DAY, limit=1) == ["a#1"]
    assert await ids(NOW + DAY) == ["c#1"]


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({}, True),
        ({"confidence": Confidence.LIKELY}, False),
        ({"retracted": True, "until": NOW}, False),
        ({"until": NOW - DAY}, False),
        ({"until": NOW + HOUR}, True),
        ({"unstable_since": NOW - HOUR, "calm": ((NOW, NOW + SECOND),)}, True),
        ({"readings": (Reading("web", Outcome.EXPIRING),)}, False),
        ({"readings": (Reading("web", Outcome.EXPIRING), Reading("app", Outcome.FAILED))}, True),
        ({"acked_by": "\ud83d half a pair"}, True),
    ],
)
async def test_outages_are_read_without_a_limit_and_as_the_whole_incident_would_say(store, change, counts):
    def begun(situation):
        move = further()(situation)
        sure = {"confidence": Confidence.CONFIRMED, "health": Health.DOWN, "worst": Health.DOWN}
        incident = replace(move.state.incident, **(sure | change))
        return replace(move, changes=(replace(move.changes[0], incident=incident),))

    for service in ("a", "b", "c"):
        await store.incidents.apply(service, begun, NOW)
    found = await store.results.outages(NOW - HOUR, ("a", "b"))
    whole = await store.results.incidents(NOW - HOUR, services=("a", "b"))
    assert sorted(o.service for o in found) == (["a", "b"] if counts else [])
    assert set(found) == {made for incident in whole if (made := outage(incident))}


async def test_the_newest_incident_is_the_one_that_began_last(store):
    for service, since in (("a", NOW), ("b", NOW + HOUR), ("c", NOW - HOUR)):

        def begun(situation, since=since):
            move = further()(situation)
            incident = replace(move.state.incident, since=since)
            return replace(move, changes=(replace(move.changes[0], incident=incident),))

        await store.incidents.apply(service, begun, NOW)

    assert [incident.service for incident in await store.results.incidents(NOW)] == ["b", "a", "c"]


async def test_an_incident_nobody_knows_has_no_timeline(store):
    assert await store.results.changes("x#404") == ()


async def test_results_come_back_as_they_were_oldest_first(store):
    plain = Reading("app", Outcome.OK)
    await store.results.record([("x", NOW + SECOND, READING), ("x", NOW, plain), ("y", NOW, plain)])
    await store.results.record([])

    assert await store.results.results("x", NOW) == ((NOW, plain), (NOW + SECOND, READING))
    assert await store.results.results("x", NOW + SECOND) == ((NOW + SECOND, READING),)


@pytest.mark.hardened(
    "H1", "a result of each outcome is stored, a certificate that ends soon among them", "stored, counted"
)
@pytest.mark.parametrize("outcome", Outcome)
async def test_results_of_every_outcome_are_kept(store, outcome):
    await store.results.record([("x", NOW, Reading("web", outcome))])
    assert [reading.outcome for _, reading in await store.results.results("x", NOW)] == [outcome]


def test_the_numbers_of_outcomes_stay_those_of_older_databases():
    assert [CODES[o] for o in (Outcome.OK, Outcome.SLOW, Outcome.FAILED, Outcome.INCONCLUSIVE)] == [0, 1, 2, 3]


async def test_pruning_forgets_what_is_old_and_nothing_else(store):
    await store.results.record([("x", NOW - 49 * HOUR, READING)] * (SWEEP + 3) + [("x", NOW - 47 * HOUR, READING)])
    await store.subscriptions.once("old", NOW - 31 * DAY)
    await store.subscriptions.once("young", NOW - 29 * DAY)
    await store.deliveries.add([delivery(1, thread="a#1"), delivery(1, thread="b#1")], NOW - 92 * DAY)
    [finished, stuck] = await take(store, "slack", NOW - 91 * DAY, limit=9, lease=LEASE)
    await settle(store, finished, DeliveryStatus.SENT, NOW - 91 * DAY)

    await store.rollups.roll({})
    await store.results.prune(NOW)

    assert await store.results.results("x", NOW - 99 * DAY) == ((NOW - 47 * HOUR, READING),)
    assert await store.subscriptions.once("old", NOW) is True
    assert await store.subscriptions.once("young", NOW) is False
    assert await store.deliveries.of_incident("a#1") == ()
    assert [row.key for row in await store.deliveries.of_incident("b#1")] == [stuck.key]


async def test_pruning_keeps_incidents_and_their_timelines_for_two_years_and_what_is_open_for_ever(store):
    for service in ("x", "y"):
        await store.incidents.apply(service, further(SLACK), NOW)
    await store.incidents.apply("x", over(), NOW)
    await store.results.prune(NOW + 731 * DAY)

    assert [incident.id for incident in await store.results.incidents(NOW)] == ["x#1", "y#1"]
    assert len(await store.results.changes("x#1")) == 2
    await store.results.prune(NOW + 733 * DAY)
    assert [incident.id for incident in await store.results.incidents(NOW)] == ["y#1"]
    assert (len(await store.results.changes("x#1")), len(await store.results.changes("y#1"))) == (0, 1)


async def test_the_last_sign_of_life_is_remembered(store):
    assert await store.results.last_alive() is None
    await store.results.alive(NOW)
    await store.results.alive(NOW + SECOND)

    assert await store.results.last_alive() == NOW + SECOND


async def test_naive_times_are_refused(store):
    naive = NOW.replace(tzinfo=None)
    for asked in (
        lambda: store.results.record([("x", naive, READING)]),
        lambda: store.results.incidents(naive),
        lambda: store.results.alive(naive),
        lambda: store.subscriptions.once("key", naive),
    ):
        with pytest.raises(ValueError, match="without a zone"):
            await asked()

    assert await store.results.results("x", NOW - DAY) == ()

"""A node that got no time, or reached no database, while others had its services: what it saw before is old news."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model import OURSELVES, Outcome, Reading
from bot.model.cluster import Claim
from bot.store import FencedError, StoreUnavailable
from bot.store.instance_lock import not_alone
from bot.store.ownership import AllOurs
from tests.incidents.test_recorder import House
from tests.judge.rounds import EVERY, at, look

LOST = None


class Share(AllOurs):
    """A node's share of the work as it remembers it, and as the next beat will find it."""

    def __init__(self):
        super().__init__(not_alone())
        self.now = self.next = (1, False)  # the epoch of all shares, or LOST; whether others see

    def claim(self, _service):
        if self.now[0] is LOST:
            raise FencedError("another node does this by now")
        return Claim(0, self.now[0])

    def refused(self, claims):
        return frozenset(claim for claim in claims if claim.epoch != self.next[0])

    async def catch_up(self):
        self.now = self.next

    @property
    def others_see(self):
        return self.now[1]


@pytest.fixture
def share(store):
    share, database = Share(), store.incidents._database

    async def guard(_connection, claims, **_how):
        return share.refused(claims)

    database.guard = guard
    return share


@pytest.fixture
def house(store, share):
    return House(replace(store, ownership=share))


def starved(number):
    readings = tuple(Reading(route, Outcome.INCONCLUSIVE) for route in ("web", "app"))
    return replace(look(".", number), readings=readings, starved=True)


async def own_outages(store):
    return [(one.since, one.until) for one in await store.results.incidents(at(0)) if one.service == OURSELVES]


async def test_a_frozen_node_whose_services_another_one_had_tells_of_no_outage(house, store, share):
    await house.rounds("..")
    share.next = (LOST, True)
    with pytest.raises(FencedError):
        await house.recorder.seen(starved(2))
    assert await own_outages(store) == []


async def test_a_frozen_node_that_another_one_has_joined_meanwhile_tells_of_no_outage(house, store, share):
    await house.rounds("..")
    share.next = (1, True)
    await house.recorder.seen(starved(2))
    assert await own_outages(store) == []


async def test_a_frozen_node_that_remembers_another_one_tells_of_the_outage_if_that_is_gone(house, store, share):
    share.now = share.next = (1, True)
    await house.rounds("..")
    share.next = (1, False)
    await house.recorder.seen(starved(2))
    await house.rounds("..", first=4)
    assert await own_outages(store) == [(at(2), at(4))]


@pytest.mark.parametrize("others", [True, False])
async def test_a_sleep_in_which_nobody_took_over_is_told_whoever_lives_after_it(house, store, share, others):
    share.now = share.next = (1, others)
    await house.rounds("..")
    await house.recorder.seen(replace(look(".", 5), asleep_since=at(2)))
    await house.rounds("..", first=6)
    assert await own_outages(store) == [(at(2), at(5))]


async def test_a_sleep_in_which_another_node_took_over_is_not_told(house, store, share):
    await house.rounds("..")
    share.next = (LOST, True)
    with pytest.raises(FencedError):
        await house.recorder.seen(replace(look(".", 5), asleep_since=at(2)))
    assert await own_outages(store) == []


async def test_what_could_not_be_stored_counts_no_more_once_another_node_has_had_the_service(house, store, share):
    """Here it was bad, there it is well since: it is well since then."""
    other = House(store)
    await other.rounds("B")
    await house.recorder.take_up(await store.incidents.states())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(store.incidents), "apply", _away)
        with pytest.raises(StoreUnavailable):
            await house.rounds("B", first=1)
    await other.rounds(".", first=2)
    share.now = share.next = (3, True)
    await house.rounds(".", first=3)

    [incident] = await store.results.incidents(at(0))
    assert incident.until == at(2)


async def test_what_could_not_be_stored_counts_as_long_as_the_service_stays_ours(house, store):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(store.incidents), "apply", _away)
        with pytest.raises(StoreUnavailable):
            await house.rounds("B")
    await house.rounds("B", first=1)
    [incident] = await store.results.incidents(at(0) - EVERY)
    assert incident.since == at(0)


async def _away(*_args, **_more):
    raise StoreUnavailable("the database is away")

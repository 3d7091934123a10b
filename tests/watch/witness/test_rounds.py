"""Rounds with witnesses: what is judged, and what is kept."""

from __future__ import annotations

import asyncio

from bot.model import Outcome, Places
from bot.watch.witness.protocol import Report, SeenReading, SeenRound
from bot.watch.witness.registry import Member, WitnessRegistry
from tests.watch.world import Site, World


class Elsewhere(World):
    """A world with a witness in London, whose second of each turn a test writes."""

    def __init__(self, sites, **how):
        super().__init__(sites, every=30, confirm_every=10, timeout=10, **how)
        london = Member("london", "London", {service: frozenset({"web"}) for service in sites})
        self.places = WitnessRegistry(
            [london], dict.fromkeys(sites, 30.0), clock=self.hands, again=self.rounds.again, place="Madrid"
        )
        self.rounds._places = self.places
        self.sees = Outcome.OK

    async def second(self, count=1):
        """London answers whatever it is asked, and looks each ten seconds by itself."""
        for number in range(count):
            asked = self.places.take("london", Report(session="s", sent=self.hands.now))
            due = [service for service in self.rounds._watched if number % 10 == 0 or service in asked]
            await self.go(1)
            reading = (SeenReading(route="web", outcome=self.sees),)
            rounds = tuple(SeenRound(service=service, age=0.5, readings=reading) for service in due)
            self.places.take("london", Report(session="s", sent=self.hands.now, rounds=rounds))
            await asyncio.sleep(0.01)


def kept(world):
    return {reading.outcome for _, _, reading in world.rounds.drain()}


async def test_what_only_london_sees_brings_a_round_at_once_and_is_kept_as_slow():
    world = Elsewhere({"x": Site()})
    await world.second(40)
    assert kept(world) == {Outcome.OK}
    before, world.sees = len(world.ledger.rounds), Outcome.FAILED
    await world.second(45)
    [reading] = world.ledger.rounds[before].readings
    assert reading.places == Places(("London",), ("Madrid",), 2, some=True)
    assert len(world.ledger.rounds) > before + 2, "in doubt, it is looked at more often"
    assert Outcome.FAILED not in kept(world), "for the figures it is not down"
    await world.end()


async def test_what_both_see_is_down_and_kept_as_failed():
    site = Site()
    world = Elsewhere({"x": site})
    await world.second(40)
    kept(world)
    site.outcome = world.sees = Outcome.FAILED
    await world.second(30)
    assert world.ledger.rounds[-1].readings[0].places == Places(("Madrid", "London"), (), 2)
    assert Outcome.FAILED in kept(world)
    await world.end()


async def test_while_we_are_blind_ourselves_no_place_is_asked():
    site, canary = Site(), Site()
    canary.hands = None
    world = Elsewhere({"x": site}, canaries=[canary])
    await world.second(40)
    site.outcome = canary.outcome = Outcome.FAILED
    await world.second(35)
    assert not world.ledger.rounds[-1].online
    assert world.ledger.rounds[-1].readings[0].places is None
    await world.end()

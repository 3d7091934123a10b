"""What witnesses report, and how a round asks them: on a clock that the test turns."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.model import Outcome, PlaceLook, Places, Reading
from bot.own_alerts.witness_health import WitnessHealth
from bot.own_health import OwnHealth, Part
from bot.watch.witness import registry as module
from bot.watch.witness.allowance import WINDOW, Transit
from bot.watch.witness.protocol import Report, SeenReading, SeenRound
from bot.watch.witness.registry import Member, WitnessRegistry
from bot.wording import english
from tests.reasons import HTTP_503
from tests.watch.clock import START, Hands

OK, FAILED, INCONCLUSIVE = Outcome.OK, Outcome.FAILED, Outcome.INCONCLUSIVE
ROUTES = {"x": frozenset({"web", "app"}), "y": frozenset({"web"})}
BRIEF = timedelta(seconds=0.05)


def web(outcome=OK, route="web"):
    return Reading(route, outcome, HTTP_503 if outcome is FAILED else None)


class Town:
    """Two witnesses, and what the registry asks of the rounds."""

    def __init__(self, **how):
        self.hands, self.news = Hands(), []
        members = [Member("london", "London", ROUTES), Member("sydney", "Sydney", {"x": ROUTES["x"]})]
        self.registry = WitnessRegistry(
            members, {"x": 30.0, "y": 30.0}, place="Madrid", clock=self.hands, again=self.news.append, **how
        )

    def tell(self, who, *readings, age=0.0, service="x", blind=False, sent=None, session="s"):
        """A body of one round, or of none without readings."""
        seen = tuple(map(SeenReading.of, readings))
        rounds = (SeenRound(service=service, age=age, readings=seen),) if seen else ()
        sent = self.hands.now if sent is None else sent
        return self.registry.take(who, Report(session=session, sent=sent, blind=blind, rounds=rounds))

    def ask(self, *readings, began=None, service="x"):
        """A round of ours that began now, on its way."""
        began = self.hands.now if began is None else began
        self.registry.begin(service)
        return asyncio.create_task(self.registry.joined(service, readings or (web(),), began, BRIEF))


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def town(monkeypatch):
    monkeypatch.setattr(module, "WAIT", 0.0)
    return Town()


async def test_while_all_is_well_nobody_is_asked_or_waited_for(town):
    town.tell("london", web())
    town.tell("sydney", web())
    assert await town.ask() == (web(),)
    assert town.tell("london") == town.tell("sydney") == ()
    assert town.news == []


async def test_without_witnesses_of_a_service_its_readings_are_ours(town):
    own = (web(FAILED),)
    assert await town.ask(*own, service="z") == own


async def test_what_a_witness_sees_first_brings_a_round_at_once_but_only_once(town):
    town.tell("london", web())
    town.tell("london", web(FAILED))
    assert town.news == ["x"]
    town.hands.now += 1
    town.tell("london", web(FAILED))
    assert town.news == ["x"]


async def test_in_doubt_all_places_look_again_and_the_round_waits_for_them(town):
    town.tell("london", web())
    town.tell("sydney", web())
    town.hands.now += 20
    town.tell("london")
    town.tell("sydney")
    task = town.ask(web(FAILED))
    await settle()
    assert not task.done(), "what they saw 20 seconds ago says nothing of now"
    assert town.tell("london") == ("x",)
    assert town.tell("london") == (), "a request is handed over once"
    town.hands.now += 1
    assert town.tell("sydney", web(FAILED)) == ("x",)
    await settle()
    assert not task.done()
    town.tell("london", web())
    [reading] = await task
    assert reading.outcome is FAILED
    assert reading.places == Places(("Madrid", "Sydney"), ("London",), 3)


async def test_in_the_next_rounds_they_are_asked_from_the_beginning(town):
    town.tell("london", web())
    task = town.ask(web(FAILED))
    await settle()
    town.tell("london", web(FAILED))
    await task
    town.registry.begin("x")
    assert town.tell("london", web(FAILED)) == ("x",)


async def test_a_place_that_does_not_answer_in_time_counts_for_neither_side(town):
    town.tell("london", web())
    town.tell("sydney", web())
    town.hands.now += 5
    [reading] = await town.ask(web(FAILED))
    assert reading.places == Places(("Madrid",), (), 3, some=True)


async def test_who_does_not_answer_in_time_votes_by_what_it_saw_since_the_trouble_began(town):
    town.tell("london", web())
    town.tell("sydney", web())
    town.hands.now += 5
    await town.ask(web(FAILED))
    town.hands.now += 5
    town.tell("london", web(FAILED))  # on its own beat
    town.tell("sydney")
    town.hands.now += 5
    [reading] = await town.ask(web(FAILED))
    assert reading.places == Places(("Madrid", "London"), (), 3)

    town.hands.now += 5  # all is well, and then something new begins: what was seen before it is old
    for who in ("london", "sydney"):
        town.tell(who, web())
    await town.ask()
    town.hands.now += 5
    [reading] = await town.ask(web(FAILED))
    assert reading.places == Places(("Madrid",), (), 3, some=True)


async def test_in_a_storm_no_more_rounds_wait_and_what_is_seen_since_counts(town, monkeypatch):
    monkeypatch.setattr(module, "WAITING", 1)
    town.tell("london", web())
    town.tell("london", web(), service="y")
    town.hands.now += 5
    first = town.ask(web(FAILED))
    await settle()
    [reading] = await asyncio.wait_for(town.ask(web(FAILED), service="y"), 0.04)
    assert reading.places.some, "asked, but not waited for"
    assert set(town.tell("london", web(FAILED), service="y")) == {"x", "y"}
    [reading] = await asyncio.wait_for(town.ask(web(FAILED), service="y"), 0.04)
    assert reading.places == Places(("Madrid", "London"), (), 2)
    await first


async def test_more_requests_than_a_body_holds_are_cut(town, monkeypatch):
    monkeypatch.setattr(module, "MOST", 1)
    for service in ("x", "y"):
        town.registry.joined(service, (web(),), 0.0, BRIEF).close()
        town.registry._ask(service)
    assert len(town.tell("london")) == 1


async def test_a_request_that_nobody_waits_for_any_more_is_forgotten(town):
    town.registry._ask("x")
    town.hands.now += module.ASKED + 1
    assert town.tell("london") == ()


async def test_who_is_gone_is_not_waited_for_and_does_not_vote(town):
    town.tell("london", web())
    town.hands.now += module.LOST + 1
    own = (web(FAILED),)
    assert await asyncio.wait_for(town.ask(*own), 0.04) == own


async def test_after_two_intervals_a_reading_is_none(town):
    town.tell("london", web(FAILED))
    town.hands.now += 59
    town.tell("london")
    task = town.ask()
    await settle()
    assert not task.done(), "59 s old, it still brings doubt"
    task.cancel()
    town.hands.now += 2
    town.tell("london")
    assert await town.ask() == (web(),)


async def test_a_blind_place_does_not_vote_even_by_what_it_saw_before(town):
    town.tell("london", web(FAILED))
    town.tell("london", blind=True)
    assert await town.ask() == (web(),)
    own = (web(FAILED),)
    assert await asyncio.wait_for(town.ask(*own), 0.04) == own
    town.tell("london", web(FAILED), blind=False)
    [reading] = await town.ask(web(FAILED), began=town.hands.now)
    assert reading.places == Places(("Madrid", "London"), (), 2)


async def test_late_readings_are_history_only(town):
    assert town.tell("london", web(FAILED), age=301) == ()
    town.tell("london", web(FAILED), age=-5)
    town.tell("london", web(), age=10)
    town.tell("london", web(FAILED), age=20)  # older than what is known
    assert await town.ask() == (web(),)
    assert town.registry.tallies["london"].late == 3
    assert [(name, (START - at).total_seconds()) for name, at, _ in town.registry.drain()] == [
        ("x@london", 301.0),
        ("x@london", 0.0),
        ("x@london", 10.0),
        ("x@london", 20.0),
    ]
    assert town.registry.drain() == []


async def test_nobody_can_fill_the_history(town):
    """Sydney checks two routes each 30 s: 0.4 readings a second at most, and at once what it keeps for five minutes."""
    for _ in range(1000):
        town.tell("sydney", web())
    kept = len(town.registry.drain())
    assert kept == 220
    assert town.registry.counts()["sydney", "surplus"] == 1000 - kept
    town.hands.now += 60
    for _ in range(100):
        town.tell("sydney", web(), web(route="app"))
    assert len(town.registry.drain()) == 24
    assert await town.ask() == (web(),), "for verdicts all of them count"


async def test_where_only_a_route_of_ours_fails_nobody_is_asked(town):
    town.tell("london", web())
    town.hands.now += 5
    own = (web(), web(FAILED, "job"))
    assert await asyncio.wait_for(town.ask(*own), 0.04) == own
    assert town.tell("london") == ()


async def test_a_new_trouble_does_not_go_by_when_an_old_one_began(town):
    town.tell("london", web())
    await town.ask(web(FAILED))
    town.hands.now += 200  # nobody looked meanwhile, as on a node that does not own the service
    town.tell("london", web())
    town.hands.now += 5
    [reading] = await town.ask(web(FAILED))
    assert reading.places == Places(("Madrid",), (), 2, some=True)


async def test_of_several_nodes_one_tells_of_a_silent_witness(town, caplog):
    own, ours = OwnHealth(town.hands.utcnow), [True]
    watch = WitnessHealth(town.registry, own, lambda: ours[0])
    town.hands.now += 400
    watch.look()
    assert len(own.troubles) == 2
    ours[0] = False
    watch.look()
    assert own.troubles == ()
    assert "heard again" not in caplog.text


async def test_what_was_not_given_is_refused_and_counted(town):
    town.tell("sydney", web(FAILED), service="y")
    town.tell("sydney", web(FAILED, "other"), web())
    town.tell("london", web(FAILED), service="nothing")
    counts = town.registry.counts()
    assert (counts["sydney", "refused"], counts["london", "refused"], counts["sydney", "taken"]) == (2, 1, 1)
    assert await town.ask() == (web(),)
    assert [name for name, *_ in town.registry.drain()] == ["x@sydney"]


async def test_a_body_that_was_on_its_way_for_a_minute_holds_old_readings(town):
    town.tell("london", web(), sent=0.0)
    town.hands.now += 60
    town.tell("london", web(FAILED), sent=0.5)
    assert town.registry.tallies["london"].late == 0
    town.hands.now += 2
    town.tell("london", sent=62.0)
    assert await town.ask() == (web(),), "61 seconds old, whatever it says itself"


def test_delays_are_found_without_a_common_clock():
    transit = Transit()
    assert transit.delay("a", 5.0, 1000.0) == 0.0
    assert transit.delay("a", 6.0, 1011.0) == 10.0
    assert transit.delay("b", 900.0, 1012.0) == 0.0, "a new run of the witness"
    assert transit.delay("b", 901.0, 1013.5) == 0.5


def test_clocks_that_drift_apart_are_no_delay():
    transit = Transit()
    found = [transit.delay("a", second * 0.9999, float(second)) for second in range(0, 100_000, 10)]  # 10 s in a day
    assert max(found) < 2 * WINDOW * 0.0001 + 0.01


async def test_a_check_on_request_asks_all_places(town):
    town.tell("london", web())
    town.tell("sydney", web())
    town.hands.now += 3
    task = asyncio.create_task(town.registry.looks("x", BRIEF))
    await settle()
    assert town.tell("london", web(FAILED)) == ("x",)
    assert await task == (PlaceLook("London", (web(FAILED),)), PlaceLook("Sydney", None))
    await town.registry.joined("x", (web(),), town.hands.now, BRIEF)
    assert town.registry.own("x") == PlaceLook("Madrid", (web(),))
    task = asyncio.create_task(town.registry.looks("x", BRIEF))
    await settle()
    town.tell("sydney", blind=True)
    town.tell("london", web())
    assert await task == (PlaceLook("London", (web(),)), PlaceLook("Sydney", ()))


async def test_a_silent_witness_is_noted_once_and_is_no_illness(town, caplog):
    own = OwnHealth(town.hands.utcnow)
    watch = WitnessHealth(town.registry, own)
    town.hands.now += 200
    town.tell("sydney")
    watch.look()
    assert own.troubles == ()
    town.hands.now += 101
    town.tell("sydney")
    for _ in range(3):
        watch.look()
    [trouble] = own.troubles
    assert trouble.part is Part.WITNESSES
    assert english(trouble.why) == "nothing heard from the witness London for 5 min"
    assert own.well
    assert caplog.text.count("has not been heard of for 5 minutes") == 1
    town.tell("london")
    watch.look()
    assert own.troubles == ()
    assert town.registry.ages() == {"london": 0.0, "sydney": 0.0}

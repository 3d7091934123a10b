"""The crowd: each person once, by their newest word; as a source of the rounds it comes at once and outlives a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.model import Health, Outcome, Report, Role, SourceReport
from bot.store import open_store
from bot.watch.user_reports import NAME, UserReports
from tests import sqlite
from tests.watch.world import Site, World

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
START = datetime(2022, 7, 14, 12, 15, tzinfo=UTC)


class People:
    """A crowd on a clock that a test turns."""

    def __init__(self, store):
        self.store, self.now, self.looked, self.bad_since = store, START, [], None
        self.crowd = UserReports(store, lambda: self.now, self.looked.append, lambda _: self.bad_since)

    async def say(self, *who, service="x", works=False, after=MINUTE):
        for one in who:
            self.now += after
            await self.crowd.take(Report(service, self.now, one, "telegram", works=works))

    def heard(self, service="x"):
        """How many report it, for how many it works, and whether that is unusual."""
        word = self.crowd.report(service)
        return word and (word.reports, word.works, word.says is Health.DEGRADED)


@pytest.fixture
async def people(tmp_path):
    async with open_store(sqlite.ready(tmp_path / "tocsin.db")) as store:
        made = People(store)
        await made.crowd.load()
        yield made


async def test_three_different_people_are_a_surge_on_a_quiet_service(people):
    assert people.heard() is None
    await people.say("ana", "ben")
    assert people.heard() == (2, 0, False)
    await people.say("ana", "ben", "ana")
    assert people.heard() == (2, 0, False)
    await people.say("eva")
    assert people.crowd.report("x") == SourceReport(
        Role.CROWD, NAME, Health.DEGRADED, at=people.now, reports=3, usual=0
    )
    assert people.heard("y") is None
    assert people.looked == ["x"] * 3  # what was said before is no reason to look again


async def test_whoever_says_that_it_works_stands_against_one_who_says_that_it_does_not(people):
    await people.say("ana", "ben", "eva")
    await people.say("leo", works=True)
    assert people.heard() == (3, 1, False)
    await people.say("zoe")
    assert people.heard() == (4, 1, True)
    await people.say("ana", works=True)
    assert people.heard() == (3, 2, False)
    assert people.crowd.counts == {("x", "down"): 4, ("x", "works"): 2}


@pytest.mark.hardened("N-A7", "three people say it works, then it fails", "their words are no evidence of the outage")
async def test_what_was_said_before_an_outage_is_no_evidence_of_it(people, saw):
    await people.say("ana", "ben", "eva", works=True)
    await people.say("leo", after=20 * MINUTE)
    assert people.heard() == (1, 3, False)
    assert people.crowd.report("x", people.now + 2 * MINUTE) is None  # the first round that fails
    people.bad_since = people.now + 2 * MINUTE
    people.now += 3 * MINUTE
    assert people.heard() is None
    assert (people.crowd.tallies()["x"].works, people.crowd.tallies("ana")["x"].mine) == (0, None)
    await people.say("ana", works=True)  # who said so before says it anew, of the outage
    await people.say("leo", "zoe")
    assert people.heard() == (2, 1, False)
    assert people.crowd.tallies("ana")["x"].mine is True
    saw("works: 3 before, 1 since")


async def test_a_report_shortly_before_the_first_failed_round_counts_for_it_may_have_caused_it(people):
    await people.say("ana")
    people.bad_since = people.now + timedelta(seconds=1)
    assert people.heard() == (1, 0, False)


async def test_a_surge_counts_from_before_the_first_failed_round(people):
    await people.say("ana", "ben", "eva")
    people.bad_since = people.now + 10 * MINUTE
    assert people.heard() == (3, 0, True)


async def test_an_hour_later_it_is_over_and_a_person_counts_anew(people):
    await people.say("ana", "ben", "eva")
    people.now += HOUR
    assert people.heard() is None
    assert people.crowd.tallies() == {}
    await people.say("ana")
    assert people.heard() == (1, 0, False)


async def test_a_word_that_comes_late_counts_for_when_it_was_said(people):
    await people.crowd.take(Report("x", START - 2 * HOUR, "ana", "telegram"))
    assert people.heard() is None


async def test_a_restart_forgets_nothing_and_nobody_counts_twice_for_it(people):
    await people.say("ana", "ben", "eva")
    after = People(people.store)
    after.now = people.now
    await after.crowd.load()
    assert after.heard() == (3, 0, True)
    await after.say("ana", "ben")
    assert after.heard() == (3, 0, True)


@pytest.mark.hardened(
    "R4", "three people report it, and the clock was set back while the daemon was off", "over in 1 h"
)
async def test_what_was_said_by_a_clock_that_was_ahead_counts_for_an_hour(people):
    await people.say("ana", "ben", "eva")
    after = People(people.store)
    after.now = people.now - 9000 * timedelta(seconds=1)
    await after.crowd.load()
    assert after.heard() == (3, 0, True)
    after.now += HOUR
    assert after.heard() is None


async def test_nobody_is_another_person_after_midnight(people):
    people.now = START.replace(hour=23, minute=57)
    await people.say("ana", "ben")
    await people.say("ana", "ben")
    assert people.now.day == 15
    assert people.heard() == (2, 0, False)
    assert people.crowd.tallies("ana")["x"].mine is False


async def test_who_somebody_is_stands_nowhere_and_tomorrow_it_is_another_hash(people):
    await people.say("telegram:42", after=timedelta())
    people.now += timedelta(days=1)
    await people.say("telegram:42", after=timedelta())
    first, second = await people.store.reports.since(START - MINUTE)
    people.now += timedelta(days=2)
    await people.crowd.tidy()
    assert "42" not in {first.who, second.who}
    assert first.who != second.who
    salts = (await people.store.subscriptions.recall("crowd:salts")).split()[::2]
    assert salts == ["2022-07-17"]


async def test_what_is_usual_at_this_hour_of_the_week_is_no_surge(people):
    for week in range(1, 9):
        at = START - timedelta(weeks=week)
        for n in range(4):
            await people.store.reports.add(Report("x", at + n * MINUTE, f"{n}", "web"))
            await people.store.reports.add(Report("x", at - HOUR + n * MINUTE, f"{n}", "web"))
        await people.store.reports.tidy(at + HOUR)
    await people.say("ana", "ben", "eva", "leo", "zoe")
    assert people.heard() == (5, 0, False)
    assert people.crowd.report("x").usual == 4
    await people.say(*"abcdefghijklmno")
    assert people.heard() == (20, 0, True)


async def test_who_asks_is_told_what_they_said(people):
    await people.say("ana")
    await people.say("ben", works=True)
    assert [people.crowd.tallies(who)["x"].mine for who in ("ana", "ben", "eva", "")] == [False, True, None, None]


async def test_a_day_later_nothing_of_it_is_in_memory(people):
    await people.say("ana", "ben", "eva")
    people.now += timedelta(hours=25)
    await people.crowd.tidy()
    assert people.crowd._words == people.crowd._profiles == {}


# ── in a round ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_crowds_word_is_in_the_very_next_round_and_no_round_waits_for_it():
    said = []
    world = World({"x": Site(), "y": Site()}, crowd=lambda service, _: said[0] if said and service == "x" else None)
    await world.go(31)
    assert all(seen.reports == () for seen in world.ledger.rounds)
    said.append(SourceReport(Role.CROWD, NAME, Health.DEGRADED, reports=3))
    before = len(world.ledger.rounds)
    world.rounds.again("x")
    await world.go(0.3)
    [seen] = world.ledger.rounds[before:]
    assert (seen.service, seen.reports, seen.readings[0].outcome) == ("x", tuple(said), Outcome.OK)
    await world.end()


async def test_the_crowd_is_told_when_a_round_fails_and_only_then():
    asked, site = [], Site()
    world = World({"x": site}, crowd=lambda _, failed_at: asked.append(failed_at))
    await world.go(1)
    site.outcome = Outcome.FAILED
    world.rounds.again("x")
    await world.go(1)
    assert asked[0] is None
    assert asked[-1] == world.ledger.rounds[-1].at
    await world.end()


async def test_two_nodes_know_a_person_by_the_same_salt(people):
    other = People(people.store)
    await people.say("ana")
    await other.say("ana")  # this node has not been told of the other's salt yet
    again = People(people.store)
    again.now = other.now
    await again.crowd.load()
    assert again.heard() == (1, 0, False)
    assert await people.store.subscriptions.exchange("crowd:salts", "another", "mine") is False


async def test_the_salt_of_the_day_before_yesterday_is_forgotten(people):
    for _ in range(3):
        await people.say("ana", after=24 * HOUR)
    assert len((await people.store.subscriptions.recall("crowd:salts")).split()) == 4

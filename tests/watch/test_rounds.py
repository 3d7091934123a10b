"""Rounds on a clock that the test turns: when they run, and what they see."""

from __future__ import annotations

from datetime import timedelta

from bot.model import Health, Outcome
from bot.watch import rounds as module
from tests.reasons import english
from tests.watch.clock import START
from tests.watch.world import Page, Site, World


async def test_a_thousand_services_are_first_looked_at_within_one_interval_and_spread():
    sites = {f"s{n}": Site() for n in range(1000)}
    world = World(sites, every=20)
    await world.go(20)
    firsts = sorted(site.at[0] for site in sites.values())
    assert {len(site.at) for site in sites.values()} == {1}
    assert firsts[0] < 1001
    assert firsts[-1] > 1019
    assert max(firsts.count(at) for at in set(firsts)) < 25
    await world.go(20)
    assert {len(site.at) for site in sites.values()} == {2}


async def test_nothing_is_reused_before_a_service_is_known_to_be_up_and_while_it_is_not():
    site = Site()
    world = World({"x": site}, every=30, confirm_every=10)
    await world.go(80)
    assert site.doubts == [True, False, False]
    site.outcome = Outcome.FAILED
    await world.go(25)
    assert site.doubts[3:] == [False, True]
    site.outcome = Outcome.OK
    await world.go(60)
    assert site.doubts[5:] == [True, False, False]


async def test_a_service_in_doubt_is_looked_at_on_the_faster_beat_and_then_on_its_own_again():
    site = Site(Outcome.FAILED)
    world = World({"x": site}, every=60, confirm_every=10)
    await world.go(100)
    gaps = [round(later - earlier) for earlier, later in zip(site.at, site.at[1:], strict=False)]
    assert set(gaps) == {10}
    site.outcome = Outcome.OK
    await world.go(240)
    before = len(site.at)
    await world.go(180)
    assert len(site.at) == before + 3


async def test_at_news_of_a_service_it_is_looked_at_and_its_page_is_read_at_once():
    site, page = Site(), Page()
    world = World({"x": site}, [page], every=60)
    await world.go(90)
    looks, reads = len(site.at), len(page.at)
    world.rounds.again("x")
    world.rounds.again("nobody knows it")
    await world.go(0.2)
    assert (len(site.at), len(page.at)) == (looks + 1, reads + 1)


async def test_a_look_that_somebody_asks_for_is_afresh_and_counts_for_nothing():
    site, page = Site(), Page()
    world = World({"x": site}, [page], every=30)
    await world.go(90)
    site.outcome = Outcome.FAILED
    judged, looks = len(world.ledger.rounds), world.rounds.counts.rounds
    seen = await world.rounds.once("x")
    assert ([r.outcome for r in seen.readings], [w.says for w in seen.reports]) == ([Outcome.FAILED], [Health.UP])
    assert (site.doubts[-1], seen.online, await world.rounds.online()) == (True, True, True)
    assert (len(world.ledger.rounds), world.rounds.counts.rounds) == (judged, looks)
    assert await world.rounds.once("nobody knows it") is None


async def test_a_confirming_round_begins_as_soon_as_one_that_timed_out_late_has_ended():
    site = Site(Outcome.FAILED)
    world = World({"x": site}, every=60, confirm_every=10)
    site.free.clear()
    await world.go(40)
    (began,) = site.at
    await world.go(began + 15 - world.hands.now)
    assert len(site.at) == 1
    site.free.set()
    await world.rest()
    await world.go(0.2)
    assert len(site.at) == 2


async def test_a_round_that_still_runs_when_the_next_is_due_is_not_doubled_but_counted():
    site = Site()
    world = World({"x": site}, every=20)
    site.free.clear()
    await world.go(90)
    assert len(site.at) == 1
    assert world.rounds.counts.skipped == 4
    site.free.set()
    await world.go(40)
    assert len(site.at) == 3
    assert world.rounds.counts.rounds == 3


async def test_what_was_missed_is_not_piled_up_and_its_lateness_is_counted():
    site = Site()
    world = World({"x": site}, every=20)
    await world.go(20)
    world.hands.now += 30.0  # the loop was busy: less than a sleep, more than an interval
    await world.go(0.1)
    await world.go(0.5)
    assert len(site.at) == 2
    assert 10 < world.rounds.counts.late < 31


async def test_only_so_many_rounds_run_at_once_and_all_get_their_turn():
    sites = {f"s{n}": Site() for n in range(30)}
    world = World(sites, every=20, at_once=10)
    for site in sites.values():
        site.free.clear()
    await world.go(19.9)
    assert sum(len(site.at) for site in sites.values()) == 10
    for site in sites.values():
        site.free.set()
    await world.go(1)
    assert all(site.at for site in sites.values())


async def test_all_routes_are_looked_at_at_once_and_keep_their_order():
    sites = {"web": Site(), "app": Site(Outcome.FAILED), "TweetDeck": Site()}
    for site in sites.values():
        site.free.clear()
    world = World({"x": sites}, every=20)
    await world.go(20)
    assert [len(site.at) for site in sites.values()] == [1, 1, 1]
    for name in ("TweetDeck", "app", "web"):
        sites[name].free.set()
        await world.rest()
    (seen,) = world.ledger.rounds
    assert [reading.route for reading in seen.readings] == ["web", "app", "TweetDeck"]
    assert [reading.outcome for reading in seen.readings] == ["ok", "failed", "ok"]


async def test_the_round_bears_the_instant_of_its_beginning():
    site = Site()
    site.free.clear()
    world = World({"x": site}, every=20)
    await world.go(20)
    began = START + timedelta(seconds=site.at[0] - 1000.0)
    await world.go(5)
    site.free.set()
    await world.rest()
    assert world.ledger.rounds[0].at == began


async def test_a_worn_answer_that_is_slow_is_called_slow_and_one_in_time_needs_no_canary():
    worn, late, canary = Site(Outcome.EXPIRING), Site(Outcome.EXPIRING, took=6.2), Site(Outcome.FAILED)
    world = World({"x": worn, "y": late}, canaries=[canary])
    seen = [await world.rounds.look(one) for one in world.watched]
    assert [(one.readings[0].outcome, one.online) for one in seen] == [(Outcome.EXPIRING, True), (Outcome.SLOW, False)]


async def test_a_good_answer_that_is_slow_is_called_slow():
    world = World({"x": Site(took=6.2), "y": Site(took=5.0), "z": Site(Outcome.FAILED, took=9)}, every=20)
    readings = [(await world.rounds.look(one)).readings[0] for one in world.watched]
    assert [(one.outcome, english(one.why)) for one in readings] == [
        (Outcome.SLOW, "answered after 6.2 s"),
        (Outcome.OK, ""),
        (Outcome.FAILED, "HTTP 503"),
    ]


async def test_our_own_error_in_a_check_is_blindness_and_logged_in_one_line_a_stretch_without_secrets(caplog):
    site = Site()
    site.error = ValueError("https://user:hunter2@x.example/")
    world = World({"x": {"web": site, "app": Site()}}, every=20, confirm_every=10)
    await world.go(100)
    seen = world.ledger.rounds[-1]
    assert [(one.outcome, english(one.why)) for one in seen.readings] == [
        (Outcome.INCONCLUSIVE, "our own error"),
        (Outcome.OK, ""),
    ]
    (line,) = caplog.messages
    assert "x/web" in line
    assert "ValueError at world.py" in line
    assert "hunter2" not in caplog.text
    site.error = None
    await world.go(40)
    site.error = ValueError()
    await world.go(40)
    assert len(caplog.messages) == 2


async def test_a_check_that_forgets_its_time_out_is_ended_and_is_blindness():
    site = Site()
    site.free.clear()
    world = World({"x": {"web": site, "app": Site()}}, timeout=0.01, grace=timedelta(milliseconds=10))
    readings = (await world.rounds.look(world.watched[0])).readings
    assert [reading.outcome for reading in readings] == [Outcome.INCONCLUSIVE, Outcome.OK]


async def test_canaries_are_asked_only_when_something_is_bad_and_blindness_is_said_in_the_round():
    site, canaries = Site(), [Site(Outcome.FAILED), Site(Outcome.FAILED), Site()]
    world = World({"x": site}, canaries=canaries, every=20)
    await world.go(40)
    assert [canary.at for canary in canaries] == [[], [], []]
    assert all(seen.online for seen in world.ledger.rounds)
    site.outcome = Outcome.FAILED
    await world.go(20)
    assert canaries[0].at
    seen = world.ledger.rounds[-1]
    assert not seen.online
    assert seen.readings[0].outcome is Outcome.FAILED


async def test_a_bad_round_with_good_canaries_is_sighted():
    world = World({"x": Site(Outcome.FAILED)}, canaries=[Site(), Site(Outcome.FAILED), Site()], every=20)
    await world.go(20)
    assert world.ledger.rounds[0].online


async def test_results_are_drained_once_and_what_a_blind_round_saw_counts_as_unknown():
    site = Site()
    world = World({"x": site}, canaries=[Site(Outcome.FAILED)], every=20)
    await world.go(10)
    site.outcome = Outcome.FAILED
    await world.go(20)
    rows = world.rounds.drain()
    assert [(service, reading.outcome) for service, _, reading in rows] == [("x", "ok"), ("x", "inconclusive")]
    assert [at for _, at, _ in rows] == [seen.at for seen in world.ledger.rounds]
    assert world.rounds.drain() == []
    assert world.rounds.counts.by_name() | {"late": 0} == {
        "rounds": 2, "skipped": 0, "discarded": 0, "unrecorded": 0, "fenced": 0, "dropped": 0, "late": 0,
        "ok": 1, "expiring": 0, "slow": 0, "failed": 1, "inconclusive": 0,
    }  # fmt: skip


async def test_what_has_no_route_was_looked_at_when_a_source_of_it_could_be_read():
    page = Page()
    world = World({"x": {}}, [page], every=20)
    page.hands = world.hands
    for says in (Health.UP, None, Health.DOWN, Health.DEGRADED):
        page.says = says
        world.rounds.again("x", vouched=True)
        await world.go(20)
    outcomes = [reading.outcome for _, _, reading in world.rounds.drain()]
    assert list(dict.fromkeys(outcomes)) == [Outcome.OK, Outcome.INCONCLUSIVE, Outcome.FAILED, Outcome.SLOW]
    assert sum(world.rounds.counts.checks.values()) == 0


async def test_readings_that_nobody_drains_push_out_the_oldest_and_are_counted(monkeypatch):
    monkeypatch.setattr(module, "ROWS", 3)
    world = World({"x": Site()}, every=20)
    await world.go(100)
    assert len(world.rounds.drain()) == 3
    assert world.rounds.counts.dropped == 2


# ── sources ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_round_takes_the_newest_words_and_never_waits_for_a_source():
    site, page = Site(), Page()
    world = World({"x": site}, [page], every=20)
    await world.go(20)
    assert [word.says for word in world.ledger.rounds[0].reports] == [Health.UP]
    page.free.clear()
    page.says = Health.DOWN
    await world.go(140)
    assert len(page.at) == 2
    assert world.ledger.rounds[-1].reports[0].says is Health.UP
    page.free.set()
    await world.go(20)
    assert world.ledger.rounds[-1].reports[0].says is Health.DOWN


async def test_the_first_round_waits_a_second_for_the_first_words_and_says_so_where_they_are_missing():
    site, page = Site(), Page()
    page.free.clear()
    world = World({"s0": site}, [page], every=20)
    await world.go(0.8)
    assert site.at == []
    await world.go(0.3)
    assert len(site.at) == 1
    assert (world.ledger.rounds[0].reports, world.ledger.rounds[0].untried) == ((), True)
    page.free.set()
    await world.go(20)
    assert (len(world.ledger.rounds[-1].reports), world.ledger.rounds[-1].untried) == (1, False)
    await world.end()


async def test_sources_are_read_every_two_minutes_and_every_half_minute_while_the_service_is_not_up():
    site, page = Site(), Page()
    world = World({"x": site}, [page], every=30, confirm_every=10)
    await world.go(600)
    assert len(page.at) == 5
    site.outcome = Outcome.FAILED
    await world.go(300)
    assert 5 + 9 <= len(page.at) <= 5 + 11


async def test_a_connection_that_is_back_before_the_last_route_has_timed_out_was_down_for_the_first():
    """A route that fails at once asks the canaries at once: those of ten seconds later would say that we were online."""
    dead, hanging, canary = Site(Outcome.FAILED), Site(Outcome.FAILED), Site(Outcome.FAILED)
    hanging.free.clear()
    world = World({"x": {"web": dead, "app": hanging}}, canaries=[canary], every=20)
    await world.go(20)
    canary.outcome = Outcome.OK
    await world.go(5)
    hanging.free.set()
    await world.go(1)

    [seen] = world.ledger.rounds[:1]
    assert not seen.online

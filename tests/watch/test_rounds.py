"""Rounds on a clock that the test turns: nothing here waits for real time except where a real time-out is what is tested."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.model import Health, Outcome, Reading, Role, Round, Service, Word
from bot.watch import rounds as module
from bot.watch.rounds import Rounds, Watched
from tests.watch.hands import START, Hands


class Site:
    """A check whose answers a test sets; it hangs while `free` is not set."""

    kind = "http"

    def __init__(self, outcome: Outcome = Outcome.GOOD, took: float = 0.1) -> None:
        self.outcome, self.took, self.error = outcome, timedelta(seconds=took), None
        self.at: list[float] = []
        self.doubts: list[bool] = []
        self.free = asyncio.Event()
        self.free.set()
        self.hands: Hands | None = None

    async def look(self, route, net, timeout, *, doubt):
        self.at.append(self.hands.now if self.hands else 0.0)
        self.doubts.append(doubt)
        await self.free.wait()
        if self.error:
            raise self.error
        return Reading(route, self.outcome, "" if self.outcome is Outcome.GOOD else "HTTP 503", self.took)


class Page:
    kind = "statuspage"

    def __init__(self) -> None:
        self.says, self.at, self.hands, self.free = Health.UP, [], None, asyncio.Event()
        self.free.set()

    async def read(self, net, now):
        self.at.append(self.hands.now)
        await self.free.wait()
        return Word(Role.OFFICIAL, "Official status page", self.says, at=now)


class Ledger:
    """What `record.seen` would be: in doubt after whatever is not good."""

    def __init__(self) -> None:
        self.rounds: list[Round] = []
        self.error: Exception | None = None
        self.free = asyncio.Event()
        self.free.set()
        self.written = 0

    async def seen(self, seen):
        self.rounds.append(seen)
        await self.free.wait()
        if self.error:
            raise self.error
        self.written += 1
        return not all(reading.good for reading in seen.readings)


class World:
    """Rounds over sites and pages, one clock for all."""

    def __init__(self, sites, pages=(), canaries=(), **how) -> None:
        self.hands, self.ledger = Hands(), Ledger()
        times = {key: timedelta(seconds=how.pop(key)) for key in ("every", "timeout", "confirm_every") if key in how}
        self.watched = []
        for service, routes in sites.items():
            checks = routes if isinstance(routes, dict) else {"web": routes}
            for part in (*checks.values(), *pages):
                part.hands = self.hands
            self.watched.append(Watched(Service(service, service, tuple(checks)), checks, tuple(pages), **times))
        self.rounds = Rounds(self.watched, canaries, None, seen=self.ledger.seen, clock=self.hands, **how)

    async def rest(self) -> None:
        for _ in range(8):
            await asyncio.sleep(0)

    async def go(self, seconds: float, step: float = 0.1) -> None:
        for _ in range(round(seconds / step)):
            self.hands.now += step
            self.rounds.tick()
            await self.rest()

    async def end(self) -> None:
        await self.rounds._end()


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
    await world.go(90)
    assert site.doubts == [True, False, False]
    site.outcome = Outcome.BAD
    await world.go(30)
    assert site.doubts[3:] == [False, True]
    site.outcome = Outcome.GOOD
    await world.go(60)
    assert site.doubts[5:] == [True, False, False]


async def test_a_service_in_doubt_is_looked_at_on_the_faster_beat_and_then_on_its_own_again():
    site = Site(Outcome.BAD)
    world = World({"x": site}, every=60, confirm_every=10)
    await world.go(100)
    gaps = [round(later - earlier) for earlier, later in zip(site.at, site.at[1:], strict=False)]
    assert set(gaps) == {10}
    site.outcome = Outcome.GOOD
    await world.go(240)
    before = len(site.at)
    await world.go(180)
    assert len(site.at) == before + 3


async def test_a_confirming_round_begins_as_soon_as_one_that_timed_out_late_has_ended():
    site = Site(Outcome.BAD)
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
    await world.go(100)
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
    sites = {"web": Site(), "app": Site(Outcome.BAD), "TweetDeck": Site()}
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
    assert [reading.outcome for reading in seen.readings] == ["good", "bad", "good"]


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


async def test_a_good_answer_that_is_slow_is_called_slow():
    world = World({"x": Site(took=6.2), "y": Site(took=5.0), "z": Site(Outcome.BAD, took=9)}, every=20)
    readings = [(await world.rounds.look(one)).readings[0] for one in world.watched]
    assert [(one.outcome, one.why) for one in readings] == [
        (Outcome.SLOW, "answered after 6.2 s"),
        (Outcome.GOOD, ""),
        (Outcome.BAD, "HTTP 503"),
    ]


async def test_our_own_error_in_a_check_is_blindness_and_logged_in_one_line_a_stretch_without_secrets(caplog):
    site = Site()
    site.error = ValueError("https://user:hunter2@x.example/")
    world = World({"x": {"web": site, "app": Site()}}, every=20, confirm_every=10)
    await world.go(100)
    seen = world.ledger.rounds[-1]
    assert [(one.outcome, one.why) for one in seen.readings] == [(Outcome.BLIND, "our own error"), (Outcome.GOOD, "")]
    (line,) = caplog.messages
    assert "x/web" in line
    assert "ValueError at test_rounds.py" in line
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
    assert [reading.outcome for reading in readings] == [Outcome.BLIND, Outcome.GOOD]


async def test_canaries_are_asked_only_when_something_is_bad_and_blindness_is_said_in_the_round():
    site, canaries = Site(), [Site(Outcome.BAD), Site(Outcome.BAD), Site()]
    world = World({"x": site}, canaries=canaries, every=20)
    await world.go(40)
    assert [canary.at for canary in canaries] == [[], [], []]
    assert all(seen.sighted for seen in world.ledger.rounds)
    site.outcome = Outcome.BAD
    await world.go(20)
    assert canaries[0].at
    seen = world.ledger.rounds[-1]
    assert not seen.sighted
    assert seen.readings[0].outcome is Outcome.BAD


async def test_a_bad_round_with_good_canaries_is_sighted():
    world = World({"x": Site(Outcome.BAD)}, canaries=[Site(), Site(Outcome.BAD), Site()], every=20)
    await world.go(20)
    assert world.ledger.rounds[0].sighted


async def test_results_are_drained_once_and_what_a_blind_round_saw_counts_as_unknown():
    site = Site()
    world = World({"x": site}, canaries=[Site(Outcome.BAD)], every=20)
    await world.go(20)
    site.outcome = Outcome.BAD
    await world.go(20)
    rows = world.rounds.drain()
    assert [(service, reading.outcome) for service, _, reading in rows] == [("x", "good"), ("x", "blind")]
    assert [at for _, at, _ in rows] == [seen.at for seen in world.ledger.rounds]
    assert world.rounds.drain() == []
    assert world.rounds.counts.by_name() | {"late": 0} == {
        "rounds": 2, "skipped": 0, "discarded": 0, "failed": 0, "dropped": 0, "late": 0,
        "good": 1, "slow": 0, "bad": 1, "blind": 0,
    }  # fmt: skip


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
    assert [word.says for word in world.ledger.rounds[0].words] == [Health.UP]
    page.free.clear()
    page.says = Health.DOWN
    await world.go(140)
    assert len(page.at) == 2
    assert world.ledger.rounds[-1].words[0].says is Health.UP
    page.free.set()
    await world.go(20)
    assert world.ledger.rounds[-1].words[0].says is Health.DOWN


async def test_the_first_round_waits_for_the_first_words_but_not_beyond_its_interval():
    site, page = Site(), Page()
    page.free.clear()
    world = World({"s0": site}, [page], every=20)
    await world.go(19.8)
    assert site.at == []
    await world.go(0.3)
    assert len(site.at) == 1
    assert world.ledger.rounds[0].words == ()
    await world.end()


async def test_sources_are_read_every_two_minutes_and_every_half_minute_while_the_service_is_not_up():
    site, page = Site(), Page()
    world = World({"x": site}, [page], every=30, confirm_every=10)
    await world.go(600)
    assert len(page.at) == 5
    site.outcome = Outcome.BAD
    await world.go(300)
    assert 5 + 9 <= len(page.at) <= 5 + 11


# ── trouble of our own ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_ran_while_the_machine_slept_is_discarded_and_the_beat_begins_anew():
    sites = {f"s{n}": Site() for n in range(100)}
    world = World(sites, every=20)
    await world.go(20)
    hanging = sites["s7"]
    hanging.free.clear()
    await world.go(20)
    seen = len(world.ledger.rounds)
    assert seen == 199
    world.hands.now += 3600
    hanging.outcome = Outcome.BAD
    hanging.free.set()
    await world.rest()  # it ends before the next tick
    assert len(world.ledger.rounds) == seen
    assert world.rounds.counts.discarded == 1
    await world.go(0.1)
    assert len(world.ledger.rounds) == seen  # one settling tick, and no herd after it
    await world.go(1)
    assert len(world.ledger.rounds) < seen + 20
    await world.go(20)
    assert len(world.ledger.rounds) >= seen + 100
    assert world.rounds.counts.late < 1


async def test_a_sleep_that_the_tick_notices_first_discards_as_well():
    site = Site(Outcome.BAD)
    site.free.clear()
    world = World({"x": site}, every=20)
    await world.go(20)
    world.hands.now += 3600
    world.rounds.tick()
    site.free.set()
    await world.rest()
    assert world.ledger.rounds == []
    assert world.rounds.counts.discarded == 1
    assert world.rounds.drain() == []


async def test_a_round_that_cannot_be_recorded_is_counted_said_once_and_tried_again_soon(caplog):
    world = World({"x": Site()}, every=60, confirm_every=10)
    world.ledger.error = OSError("postgresql://user:hunter2@db/")
    await world.go(100)
    assert world.rounds.counts.failed >= 5
    assert len(caplog.messages) == 1
    assert "could not be recorded: OSError" in caplog.text
    assert "hunter2" not in caplog.text
    world.ledger.error = None
    await world.go(20)
    assert world.ledger.written >= 1


async def test_health_sees_that_rounds_go_on_and_that_hanging_ones_do_not():
    site = Site()
    world = World({"x": site}, every=3600)
    assert world.rounds.counts.ended_at is None
    await world.go(600, step=1.0)
    assert world.rounds.counts.ended_at == world.hands.utcnow()
    site.free.clear()
    await world.go(3600, step=1.0)
    assert world.hands.utcnow() - world.rounds.counts.ended_at > timedelta(minutes=2)
    await world.end()


# ── start and stop, on the real clock ────────────────────────────────────────────────────────────────────────────────


def real(sites, ledger, *, every: float = 0.05, canaries=()) -> Rounds:
    watched = [
        Watched(Service(key, key, ("web",)), {"web": site}, every=timedelta(seconds=every))
        for key, site in sites.items()
    ]
    return Rounds(watched, canaries, None, seen=ledger.seen)


async def until(true) -> None:
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - what is waited for has no event of its own
            await asyncio.sleep(0.01)


async def test_it_runs_until_told_to_stop_and_asks_the_canaries_at_the_start():
    site, canary, ledger, stop = Site(), Site(), Ledger(), asyncio.Event()
    running = asyncio.create_task(real({"x": site}, ledger, canaries=[canary]).run(stop))
    await until(lambda: ledger.written >= 3)
    assert len(canary.at) == 1
    stop.set()
    async with asyncio.timeout(1):
        await running


async def test_a_stop_cancels_what_still_looks_and_sees_through_what_is_being_recorded():
    hanging, quick, ledger, stop = Site(), Site(), Ledger(), asyncio.Event()
    hanging.free.clear()
    ledger.free.clear()
    running = asyncio.create_task(real({"hanging": hanging, "quick": quick}, ledger).run(stop))
    await until(lambda: hanging.at and ledger.rounds)
    stop.set()
    await asyncio.sleep(0.25)
    assert not running.done()
    ledger.free.set()
    async with asyncio.timeout(1):
        await running
    assert (ledger.written, [seen.service for seen in ledger.rounds]) == (1, ["quick"])


async def test_cancelling_leaves_no_task_behind():
    hanging, canary = Site(), Site()
    hanging.free.clear()
    canary.free.clear()
    running = asyncio.create_task(real({"x": hanging}, Ledger(), canaries=[canary]).run(asyncio.Event()))
    await until(lambda: hanging.at and canary.at)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_without_services_it_waits_for_its_end():
    stop = asyncio.Event()
    running = asyncio.create_task(real({}, Ledger()).run(stop))
    await asyncio.sleep(0.15)
    assert not running.done()
    stop.set()
    await running

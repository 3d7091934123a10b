"""Tocsin says when it is itself unwell: to whoever asks, to its admins without the database, and by its silence outside."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bot.app import open_app
from bot.model import Audience, Destination, Outcome, Reading, Refused, Round, Sent, Style, SubscriptionFilter
from bot.own_alerts import admins, without_database
from bot.own_alerts.admins import AdminAlerts, Policy
from bot.own_health import LIGHT, OwnHealth, Part
from bot.scheduler import jobs
from bot.scheduler.jobs import Results
from bot.store import StoreUnavailable
from bot.store.instance_lock import not_alone
from bot.store.ownership import AllOurs
from bot.supervisor import Failures
from bot.supervisor import Policy as Restarts
from bot.wording.catalog import catalogs
from tests.fakes.hook import FakeHook
from tests.fakes.site import Site
from tests.flow.house import eventually
from tests.reasons import english, quote
from tests.test_daemon import closed_port, free_ports, get, heard, living, made

NOW = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def health_at(*times):
    """Own health whose clock shows each of these times once, and then the last one."""
    left = list(times)
    return OwnHealth(lambda: left.pop(0) if len(left) > 1 else left[0])


# ── what is known ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_trouble_keeps_its_beginning_and_takes_the_newest_reason():
    health = health_at(NOW, NOW + SECOND)
    health.report(Part.DATABASE, quote("locked"))
    health.report(Part.DATABASE, quote("full"))
    [trouble] = health.troubles
    assert (english(trouble.why), trouble.since, health.unwell) == ("full", NOW, {"database": NOW})
    health.clear(Part.DATABASE)
    assert health.well


def test_each_of_several_clears_only_its_own():
    health = health_at(NOW)
    health.report(Part.OUTBOX, quote("a"), "slack")
    health.report(Part.OUTBOX, quote("b"), "telegram")
    health.clear(Part.OUTBOX, "slack")
    health.clear(Part.OUTBOX)
    assert [english(trouble.why) for trouble in health.troubles] == ["b"]


@pytest.mark.parametrize("part", Part)
def test_a_config_that_is_not_taken_and_a_deaf_ear_are_noted_and_no_illness(part):
    health = health_at(NOW)
    health.report(part, quote("why"))
    assert health.well is (part in {Part.CONFIG, Part.LISTENING, Part.WITNESSES})
    assert len(health.troubles) == 1


@pytest.mark.parametrize("language", sorted(catalogs()))
def test_every_part_has_its_words(language):
    said = catalogs()[language]
    assert set(said.own_troubles) == set(said.own_parts) == {part.value for part in Part}


# ── restarts ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_waits_double_up_to_a_minute_and_the_tenth_failure_is_the_last():
    failures = Failures(Restarts())
    assert [failures.failed(1.0) for _ in range(10)] == [1, 2, 4, 8, 16, 32, 60, 60, 60, None]


def test_five_minutes_without_a_failure_begin_anew():
    failures = Failures(Restarts())
    assert [failures.failed(1.0) for _ in range(9)][-1] == 60
    assert failures.failed(300.0) == 1


# ── who is told when ─────────────────────────────────────────────────────────────────────────────────────────────────


def told(health, *seconds):
    policy = Policy()
    return [policy.due(health.troubles, NOW + n * SECOND) for n in seconds]


def test_a_trouble_is_told_once_after_ten_seconds_and_again_each_hour():
    health = health_at(NOW)
    health.report(Part.DATABASE, quote("full"))
    assert told(health, 0, 9, 10, 11, 3609, 3610, 3611) == ["", "", "new", "", "", "still", ""]


def test_its_end_is_told_if_it_was_told_and_what_comes_right_after_it_is_not():
    health, policy = health_at(NOW), Policy()
    health.report(Part.DATABASE, quote("full"))
    assert policy.due(health.troubles, NOW + 10 * SECOND) == "new"
    assert policy.due((), NOW + 20 * SECOND) == "over"
    assert policy.due((), NOW + 21 * SECOND) == ""
    assert policy.due(health.troubles, NOW + 31 * SECOND) == ""  # it comes and goes: one message in ten minutes
    assert policy.due(health.troubles, NOW + 620 * SECOND) == "new"


def test_a_second_part_is_told_too():
    health, policy = health_at(NOW, NOW + 60 * SECOND), Policy()
    health.report(Part.DATABASE, quote("full"))
    assert policy.due(health.troubles, NOW + 10 * SECOND) == "new"
    health.report(Part.RESULTS, quote("dropped"))
    assert policy.due(health.troubles, NOW + 65 * SECOND) == ""
    assert policy.due(health.troubles, NOW + 70 * SECOND) == "new"


def test_what_is_no_illness_is_told_after_a_minute():
    assert {Part.CONFIG, Part.LISTENING, Part.WITNESSES} == LIGHT
    health = health_at(NOW)
    health.report(Part.CONFIG, quote("the log says why"))
    assert told(health, 59, 60) == ["", "new"]


class Taking:
    def __init__(self, receipt):
        self.receipt, self.sent = receipt, []

    async def send(self, delivery):
        self.sent.append(delivery)
        if isinstance(self.receipt, Exception):
            raise self.receipt
        return self.receipt


@pytest.mark.hardened(
    "R15", "the database is damaged, one of the admins' channels fails", "they hear by the other, without it"
)
async def test_admins_are_told_through_every_channel_that_works(caplog, saw):
    channels = {
        "slack": Taking(ValueError("xoxb-secret")),
        "telegram": Taking(Sent("1")),
        "email": Taking(Refused(quote("no"))),
    }
    places = tuple(Destination(kind, "1") for kind in (*channels, "gone"))
    admins = Audience("admins", places, SubscriptionFilter(), style=Style("en", "UTC"))
    health, now = health_at(NOW), [NOW]
    notices = AdminAlerts(health, channels, admins, lambda: now[0])
    health.report(Part.DATABASE, quote("its file is damaged"))
    now[0] += 10 * SECOND
    await notices.look()
    await notices.look()
    [delivery] = channels["telegram"].sent
    assert delivery.notice.words.text.splitlines()[:2] == [
        "⚠️ Tocsin itself has had trouble since 8:00 a.m.",
        "It can't use its database: its file is damaged.",
    ]
    saw(delivery.notice.words.lines[0])
    health.clear(Part.DATABASE)
    now[0] += 50 * SECOND
    await notices.look()
    assert channels["telegram"].sent[1].notice.words.title.startswith("🟢 Tocsin is working again")
    assert channels["telegram"].sent[0].key != channels["telegram"].sent[1].key
    assert "xoxb-secret" not in caplog.text


# ── results ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def result(number):
    return "x", NOW, Reading(f"route {number}", Outcome.OK)


async def test_results_wait_for_the_database_and_are_written_in_order(monkeypatch):
    class Shelf:
        def __init__(self):
            self.rows, self.away = [], True

        async def record(self, rows):
            if self.away:
                raise StoreUnavailable("away")
            self.rows += rows

        async def write(self):
            return

    class Db:
        results = shelf = Shelf()
        ownership = AllOurs(not_alone())

    monkeypatch.setattr("bot.scheduler.jobs.MOST", 5)
    health, waiting = OwnHealth(), [list(map(result, row)) for row in ([1, 2, 3], [4, 5, 6, 7], [])]
    results = Results(Db, Db.shelf, lambda: waiting.pop(0), health)
    await results.write()
    assert not health.well
    await results.write()
    assert "2 were dropped" in english(health.troubles[0].why)
    Db.shelf.away = False
    await results.write()
    assert Db.shelf.rows == list(map(result, [3, 4, 5, 6, 7]))
    assert health.well


# ── the whole house ──────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def locked(folder):
    """Another program has the database to itself."""
    other = sqlite3.connect(folder / "tocsin.db", isolation_level=None, check_same_thread=False)
    await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")  # a house that lives must end what it is writing
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("bot.store.engine.LOCKED", 0)
    monkeypatch.setattr("bot.store.errors.SHORTLY", 0.0)
    monkeypatch.setattr("bot.app.FLUSH", 0.05)
    monkeypatch.setattr(admins, "LOOK", 0.05)
    monkeypatch.setattr(admins, "AFTER", timedelta(seconds=0.1))
    monkeypatch.setattr(jobs, "PULSE", timedelta(seconds=0.1))


@pytest.mark.hardened(
    "T03", "the database is locked while a service fails", "503, no heartbeat, page and status say so"
)
@pytest.mark.hardened("R10", "the database is away", "503 and no outbound heartbeat; told with the true start")
@pytest.mark.usefixtures("quick")
async def test_a_locked_database_is_said_everywhere_and_over_when_it_is_over(tmp_path, monkeypatch, saw):
    monkeypatch.setattr(without_database, "AFTER", timedelta(hours=1))
    async with FakeHook() as hook, Site(keep=True) as site:
        services = closed_port(free_ports(1)[0])
        config = made(tmp_path, services=services, audiences=heard(hook), heartbeat={"url": site.url("/beat")})
        often = config.heartbeat.model_copy(update={"every": timedelta(seconds=0.1)})  # oftener than a config may say
        config = config.model_copy(update={"heartbeat": often})
        async with open_app(config) as home, locked(tmp_path), living(home):
            await eventually(lambda: home.own_health.unwell)
            sent = len(site.heard)
            began = home.clock()
            await eventually(lambda: home.rounds.counts.unrecorded >= 3)
            assert len(site.heard) <= sent + 1  # one may have been under way
            answer = await get(home, "/healthz")
            assert (answer.status_code, answer.json()["well"]) == (503, False)
            saw(answer.json()["troubles"][0].partition(" (")[0])
            assert "Tocsin itself has had trouble since" in (await get(home, "/")).text
            assert (await get(home, "/status.json")).json()["own_trouble"][0]["part"] == "database"
            assert 'tocsin_own_trouble{part="database"} 1.0' in (await get(home, "/metrics")).text
            seen = home.recorder.latest("x").streak.bad_since
            assert seen < home.clock()
            saw_at = home.clock()
        async with open_app(config) as home, living(home):
            await hook.until(lambda: hook.applied)
            assert (await get(home, "/healthz")).status_code == 200
            assert saw_at > began
            await eventually(lambda: any(one.target == "/beat" for one in site.heard[sent + 1 :]))


@pytest.mark.hardened("R10", "a service fails while the database is away", "told after its return with the true start")
@pytest.mark.usefixtures("quick")
async def test_what_began_while_the_database_was_away_began_then(tmp_path, monkeypatch, saw):
    monkeypatch.setattr(without_database, "AFTER", timedelta(hours=1))
    async with FakeHook() as hook:
        config = made(tmp_path, services=closed_port(free_ports(1)[0]), audiences=heard(hook))
        async with open_app(config) as home, living_later(home) as live:
            async with locked(tmp_path):
                live()
                await eventually(lambda: home.rounds.counts.unrecorded >= 4)
                back = home.clock()
            await hook.until(lambda: hook.applied)
            [incident] = await home.store.results.incidents(back - timedelta(days=1), services=["x"])
            assert incident.since < back - timedelta(seconds=0.3)
            saw("since the first bad round")


@asynccontextmanager
async def living_later(home):
    stop, tasks = asyncio.Event(), []
    try:
        yield lambda: tasks.append(asyncio.create_task(home.live(stop)))
    finally:
        stop.set()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.hardened("R15", "a service fails while the database cannot be used", "told from memory, and said to be so")
@pytest.mark.usefixtures("quick")
async def test_what_is_seen_without_the_database_is_told_from_memory(tmp_path, monkeypatch, saw):
    monkeypatch.setattr(without_database, "AFTER", timedelta(seconds=0.3))
    async with FakeHook() as hook:
        config = made(tmp_path, services=closed_port(free_ports(1)[0]), audiences=heard(hook))
        async with open_app(config) as home, living_later(home) as live:
            async with locked(tmp_path):
                live()
                await hook.until(lambda: hook.applied)
                text = hook.applied[0].text
                assert "X (Twitter): down since" in text
                assert "you may get this again" in text
                saw(text.splitlines()[-1])
                told = len(hook.applied)
                await eventually(lambda: home.rounds.counts.unrecorded >= 8)
                assert len(hook.applied) == told == 1
            await hook.until(lambda: len(hook.applied) > 1)
            assert "you may get this again" not in hook.applied[-1].text


@pytest.mark.usefixtures("quick")
async def test_the_end_of_what_was_told_from_memory_is_told_from_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(without_database, "AFTER", timedelta(0))
    async with FakeHook() as hook:
        config = made(tmp_path, services=closed_port(free_ports(1)[0]), audiences=heard(hook))
        async with open_app(config) as home, locked(tmp_path):
            bad, good = Reading("web", Outcome.FAILED, quote("HTTP 503")), Reading("web", Outcome.OK)
            for n, reading in enumerate([bad] * 4 + [good] * 4):
                with pytest.raises(StoreUnavailable):
                    await home.rounds._seen(Round("x", home.clock() + n * SECOND, (reading,)))
            await hook.until(lambda: len(hook.applied) == 2)
            texts = sorted(one.text.splitlines()[0] for one in hook.applied)
            assert "X (Twitter): down since" in texts[0]
            assert "restored" in texts[1]


@pytest.mark.hardened(
    "R15",
    "a service told from memory is well again in the moment the database is back",
    "its end is told as well, and all is in its history",
)
@pytest.mark.parametrize("well_before", [0, 1])
@pytest.mark.usefixtures("quick")
async def test_what_ends_as_the_database_comes_back_is_told_and_recorded(tmp_path, monkeypatch, saw, well_before):
    monkeypatch.setattr(without_database, "AFTER", timedelta(0))
    async with FakeHook() as hook:
        config = made(tmp_path, services=closed_port(free_ports(1)[0]), audiences=heard(hook))
        async with open_app(config) as home, living_later(home) as live:
            bad, good = Reading("web", Outcome.FAILED, quote("HTTP 503")), Reading("web", Outcome.OK)
            rounds = [
                Round("x", home.clock() + n * SECOND, (reading,)) for n, reading in enumerate([bad] * 4 + [good] * 4)
            ]
            async with locked(tmp_path):
                for one in rounds[: 4 + well_before]:
                    with pytest.raises(StoreUnavailable):
                        await home.rounds._seen(one)
            for one in rounds[4 + well_before :]:
                await home.rounds._seen(one)
            [incident] = await home.store.results.incidents(home.clock() - timedelta(days=1), services=["x"])
            assert (incident.since, incident.until) == (rounds[0].at, rounds[4].at)
            await hook.until(lambda: hook.applied)
            live()
            await hook.until(lambda: any("restored" in one.text.splitlines()[0] for one in hook.applied[1:]))
            saw(hook.applied[1].text.splitlines()[0])
            assert "X (Twitter): down since" in hook.applied[0].text.splitlines()[0]


@pytest.mark.hardened(
    "R15", "a service told before is well again while the database cannot be used", "its end is told from memory, once"
)
@pytest.mark.usefixtures("quick")
async def test_the_end_of_what_was_told_before_the_database_went_away_is_told_from_memory(tmp_path, monkeypatch, saw):
    monkeypatch.setattr(without_database, "AFTER", timedelta(0))
    async with FakeHook() as hook:
        config = made(tmp_path, services=closed_port(free_ports(1)[0]), audiences=heard(hook))
        async with open_app(config) as home:
            bad, good = Reading("web", Outcome.FAILED, quote("HTTP 503")), Reading("web", Outcome.OK)
            rounds = [
                Round("x", home.clock() + n * SECOND, (reading,)) for n, reading in enumerate([bad] * 4 + [good] * 6)
            ]
            for one in rounds[:4]:
                await home.rounds._seen(one)
            async with locked(tmp_path):
                for one in rounds[4:]:
                    with pytest.raises(StoreUnavailable):
                        await home.rounds._seen(one)
                await hook.until(lambda: hook.applied)
            [only] = hook.applied
            saw(only.text.splitlines()[0])
            assert "restored" in only.text.splitlines()[0]
            assert "you may get this again" in only.text

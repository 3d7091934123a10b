"""The daemon's life, in this process: it opens whole or not at all, lives through trouble, and ends in order."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import socket
import sqlite3
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import timedelta

import httpx
import pytest

from bot import app, daemon, supervisor
from bot.app import open_app
from bot.cli.stored import glance
from bot.config import Config, Heartbeat, load
from bot.contracts import Unable
from bot.model import Delivery, DeliveryAction, Destination, Notice, Text, Tone
from bot.scheduler import jobs
from bot.store import StoreUnavailable, open_store
from tests.fakes.hook import TOKEN, FakeHook
from tests.fakes.mail import free_ports
from tests.flow.house import eventually

RELOADED = 40  # seconds: a process is started to read the file, on a machine that may be busy


def made(folder, **more):
    """A config whose service is its own status page: well while the daemon lives."""
    [port] = free_ports(1)
    return Config.model_validate(
        {
            "database": f"sqlite:///{folder}/tocsin.db",
            "web": {"listen": f"127.0.0.1:{port}"},
            "services": {"x": {"routes": {"web": {"kind": "tcp", "host": "127.0.0.1", "port": port}}}},
            "defaults": {"every": "0.2s", "confirm_every": "0.2s", "timeout": "1s"},
            "channels": {"webhook": {}},
        }
        | more
    )


def heard(hook):
    return {"desk": {"broadcast": [f"webhook:{hook.place}"]}}


def closed_port(number):
    return {"x": {"name": "X (Twitter)", "routes": {"web": {"kind": "tcp", "host": "127.0.0.1", "port": number}}}}


@asynccontextmanager
async def living(home):
    """The house at work; the event ends it."""
    stop = asyncio.Event()
    task = asyncio.create_task(home.live(stop))
    try:
        yield task
    finally:
        stop.set()
        async with asyncio.timeout(5):
            await asyncio.gather(task, return_exceptions=True)


async def get(home, path):
    async with httpx.AsyncClient(trust_env=False, verify=False) as web:
        return await web.get(f"http://127.0.0.1:{home.config.web.address[1]}{path}")


# ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_cannot_be_opened_whole_is_not_opened_at_all(tmp_path):
    config = made(tmp_path, database="sqlite:////nowhere/tocsin.db")
    with pytest.raises(StoreUnavailable):
        async with open_app(config):
            pass
    socket.create_server(config.web.address).close()  # the port is free again


async def test_a_busy_port_is_refused_before_a_database_is_made(tmp_path):
    config = made(tmp_path)
    with socket.create_server(config.web.address), pytest.raises(Unable, match="set another web"):
        async with open_app(config):
            pass
    assert list(tmp_path.iterdir()) == []


async def test_a_house_that_never_lived_leaves_nothing_open(tmp_path):
    config = made(tmp_path)
    async with open_app(config):
        pass
    async with open_app(config):  # neither the port nor the hold on the database is left behind
        pass


# ── living ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_outage_goes_all_the_way_from_a_check_to_a_reader(tmp_path):
    async with FakeHook() as hook:
        config = made(tmp_path, services=closed_port(free_ports(1)[0]), audiences=heard(hook))
        async with open_app(config) as home, living(home):
            await hook.until(lambda: hook.applied)
            assert "X (Twitter): down since" in (await get(home, "/")).text
            assert (await get(home, "/healthz")).json()["well"] is True
            assert 'tocsin_service{health="down",service="x"} 1.0' in (await get(home, "/metrics")).text
    assert hook.broken == []


async def test_it_notes_that_it_lives_and_what_its_checks_saw(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "PULSE", timedelta(seconds=0.1))
    monkeypatch.setattr(app, "FLUSH", 0.05)
    config = made(tmp_path)
    async with open_app(config) as home, living(home):
        await eventually(home.store.results.last_alive)
        since = home.started_at - timedelta(seconds=1)
        await eventually(lambda: home.store.results.results("x", since))
        await home.scheduler._roll()
        assert "x" in await home.store.rollups.stretches(since - timedelta(days=1))
    async with open_store(config.database) as store:
        overview, alive = await glance(config, store)
    assert alive >= home.started_at
    assert [service.id for service, _ in overview.services] == ["x"]


async def test_results_that_are_not_written_yet_are_written_at_the_stop(tmp_path, monkeypatch):
    monkeypatch.setattr(app, "FLUSH", 3600)
    config = made(tmp_path)
    async with open_app(config) as home, living(home):
        await eventually(lambda: home.rounds.counts.rounds)
    async with open_store(config.database) as store:
        assert await store.results.results("x", home.started_at - timedelta(seconds=1))


async def test_a_database_that_goes_away_ends_nothing(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(jobs, "PULSE", timedelta(seconds=0.05))
    monkeypatch.setattr(app, "FLUSH", 0.05)
    async with FakeHook() as hook:
        config = made(tmp_path, services=closed_port(free_ports(1)[0]), audiences=heard(hook))
        async with open_app(config) as home:
            database, really = home.store.incidents._database, home.store.incidents._database._run

            async def away(*_):
                raise StoreUnavailable("cannot use the database: no space left on device")

            monkeypatch.setattr(database, "_run", away)
            async with living(home) as task:
                await eventually(lambda: home.rounds.counts.unrecorded >= 2)
                await eventually(lambda: "could not note that we live" in caplog.text)
                await eventually(lambda: "could not keep results" in caplog.text)
                assert not task.done()
                assert (await get(home, "/")).status_code == 503
                monkeypatch.setattr(database, "_run", really)
                await hook.until(lambda: hook.applied)
    assert "Traceback" not in caplog.text


async def test_an_ear_that_goes_deaf_is_told_without_secrets_and_the_rest_goes_on(tmp_path, caplog):
    class Deaf:
        async def listen(self, answer):
            raise ValueError(f"no route to https://api.example/bot{TOKEN}/getUpdates")

    async with FakeHook() as hook:
        config = made(tmp_path, services=closed_port(free_ports(1)[0]), audiences=heard(hook))
        async with open_app(config) as home:
            home.channels["deaf"] = Deaf()
            async with living(home):
                await hook.until(lambda: hook.applied)
    assert "listen deaf has failed, and is started again in 1 s: ValueError at test_daemon.py" in caplog.text
    assert TOKEN not in caplog.text


def hasty(monkeypatch, **more):
    quick = {"first_wait": 0.01, "longest_wait": 0.02, "recovered_after": 0.1} | more
    monkeypatch.setattr(
        supervisor.Policy.__init__, "__defaults__", tuple((asdict(supervisor.Policy()) | quick).values())
    )


@pytest.mark.hardened(
    "C9-1", "a vital part raises again and again", "started again, then exit with one line, no part left"
)
@pytest.mark.parametrize("part", ["rounds", "results", "scheduler"])
async def test_a_vital_part_that_never_gets_well_ends_the_house_and_all_its_parts(
    part, tmp_path, monkeypatch, caplog, saw
):
    hasty(monkeypatch)

    async def broken(*_):
        raise LookupError(f"our bug, with {TOKEN}")

    config = made(tmp_path)
    async with open_app(config) as home:
        monkeypatch.setattr(getattr(home, part), "run", broken)
        before = asyncio.all_tasks()
        async with asyncio.timeout(15):
            with pytest.raises(Unable, match=f"{part} has failed 10 times in a row") as found:
                await home.live(asyncio.Event())
        assert asyncio.all_tasks() - before == set()
        assert home.own_health.restarts[part] == 9
    saw(str(found.value).partition(" (")[0])
    assert "Traceback" not in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.hardened("C9-1", "one channel's outbox raises once", "it alone is started again; the notice is told")
async def test_a_part_that_fails_once_is_started_again_and_says_so(tmp_path, monkeypatch, caplog, saw):
    hasty(monkeypatch, recovered_after=0.5)
    async with FakeHook() as hook:
        config = made(tmp_path, services=closed_port(free_ports(1)[0]), audiences=heard(hook))
        async with open_app(config) as home:
            claim, failing = home.outbox._claim, [ValueError(f"with {TOKEN}")]

            async def once(*args):
                if failing:
                    raise failing.pop()
                return await claim(*args)

            monkeypatch.setattr(home.outbox, "_claim", once)
            async with living(home):
                await eventually(lambda: home.own_health.restarts)
                answer = await get(home, "/healthz")
                assert answer.status_code == 503
                assert "outbox: outbox webhook failed (ValueError at test_daemon.py" in answer.text
                saw(answer.json()["troubles"][0].partition(" at ")[0])
                await hook.until(lambda: hook.applied)
                await eventually(lambda: home.own_health.well)
                assert (await get(home, "/healthz")).status_code == 200
                assert 'tocsin_restarts_total{name="outbox webhook"} 1.0' in (await get(home, "/metrics")).text
    assert TOKEN not in caplog.text


@pytest.mark.hardened("C9-1", "one delivery that we cannot handle", "the others are told; nothing ends")
async def test_one_delivery_that_breaks_our_own_code_harms_no_other(tmp_path, monkeypatch, caplog):
    async with FakeHook() as hook:
        config = made(tmp_path, services=closed_port(free_ports(1)[0]), audiences=heard(hook))
        async with open_app(config) as home:
            headed, broken = home.outbox._headed, []

            def once(delivery):
                if not broken:
                    broken.append(delivery.id)
                    raise KeyError("of our own")
                return headed(delivery)

            monkeypatch.setattr(home.outbox, "_headed", once)
            async with living(home):
                await eventually(lambda: "our own error: KeyError" in caplog.text)
                await home.store.deliveries.add(await drilled(home, hook), home.clock())
                home.outbox.wake()
                await hook.until(lambda: hook.applied)
                assert home.own_health.restarts == {}


async def drilled(home, hook):
    place = Destination("webhook", hook.place)
    notice = Notice("drill:1/1", "drill:1", Tone.TEST, Text("A test"), at=home.clock())
    return [Delivery(f"drill:1/1@{place}", place, DeliveryAction.POST, notice)]


@pytest.mark.hardened("C9-1", "the page's server ends by itself", "started again on the same port")
async def test_the_page_comes_back_on_its_port(tmp_path, monkeypatch):
    hasty(monkeypatch)
    config = made(tmp_path)
    async with open_app(config) as home:
        serve, ended = app.Server.serve, []

        async def briefly(self, sockets=None):
            if not ended:
                ended.append(self)
                raise OSError("no")
            await serve(self, sockets)

        monkeypatch.setattr(app.Server, "serve", briefly)
        async with living(home):
            await eventually(lambda: home.own_health.restarts.get("web"))

            async def answers():
                try:
                    return (await get(home, "/healthz")).status_code
                except httpx.TransportError:
                    return None

            await eventually(answers)


@pytest.mark.hardened("R8", "another daemon takes over the database", "this one ends with one line")
async def test_a_lost_database_ends_the_house(tmp_path):
    async with open_app(made(tmp_path)) as home:
        home.store.ownership.lost.set()
        with pytest.raises(Unable, match="another Tocsin has taken over the database"):
            await home.live(asyncio.Event())


# ── our own health ───────────────────────────────────────────────────────────────────────────────────────────────────


def admins(hook):
    return {"admins": {"people": [], "tell": [f"webhook:{hook.place}"]}}


# ── from the signal's side ───────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def running(path):
    """`life.run` on a config file; `homes` gets each house that is opened."""
    homes = []

    async def started(home):
        homes.append(home)

    task = asyncio.create_task(daemon.run(path, started))
    try:
        yield homes, task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().remove_signal_handler(number)


def written(folder, **more):
    path = folder / "config.yaml"
    [port] = free_ports(1)
    sections = {
        "database": f"sqlite:///{folder}/tocsin.db",
        "defaults": "{every: 0.2s, confirm_every: 0.2s}",
        "web": f"{{listen: 127.0.0.1:{port}}}",
        "services": f"{{x: {{routes: {{web: {{kind: tcp, host: 127.0.0.1, port: {port}}}}}}}}}",
    } | more
    path.write_text("".join(f"{key}: {value}\n" for key, value in sections.items()))
    return path


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order(number, tmp_path):
    async with running(written(tmp_path)) as (homes, task):
        await eventually(lambda: homes and homes[0].rounds.counts.rounds)
        os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            await task
    assert not (tmp_path / "tocsin.db-wal").exists()  # closed in order, SQLite leaves one file


async def test_sighup_takes_up_a_changed_config_and_leaves_an_unchanged_one_alone(tmp_path):
    path = written(tmp_path)
    async with running(path) as (homes, task):
        await eventually(lambda: homes and homes[0].rounds.counts.rounds)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.2)
        assert len(homes) == 1

        changed = path.read_text() + "timezone: Europe/Madrid\n"
        path.write_text(changed)
        os.kill(os.getpid(), signal.SIGHUP)
        await eventually(lambda: len(homes) == 2)
        assert homes[1].config.timezone == "Europe/Madrid"
        assert not task.done()


@pytest.fixture
async def bell(tmp_path, monkeypatch):
    """A file that is looked at all the time, in a folder of its own; the event is what a change sets."""
    monkeypatch.setattr(daemon, "LOOK", 0.02)
    monkeypatch.setattr(daemon, "SETTLED", 0.02)
    folder = tmp_path / "etc"
    folder.mkdir()
    path, rung = folder / "config.yaml", asyncio.Event()
    path.write_text("a: 1\n")
    task = asyncio.create_task(daemon._bell_on_change(path, rung))
    await asyncio.sleep(0.1)
    assert not rung.is_set()
    yield path, rung
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def saved_anew(path):
    path.write_text("a: 2\n")


def moved_into_place(path):
    path.with_suffix(".draft").write_text("a: 2\n")
    path.with_suffix(".draft").rename(path)


def a_link_now(path):
    (path.parent / "elsewhere.yaml").write_text("a: 2\n")
    path.unlink()
    path.symlink_to("elsewhere.yaml")


def its_folder_gone_and_back(path):
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    path.write_text("a: 2\n")


def its_folder_a_link(path):
    other = path.parent.with_name("other")
    other.mkdir()
    (other / path.name).write_text("a: 2\n")
    shutil.rmtree(path.parent)
    path.parent.symlink_to(other)


def a_folder_and_then_a_file_again(path):
    path.unlink()
    path.mkdir()
    path.rmdir()
    path.write_text("a: 2\n")


@pytest.mark.hardened("R3", "the config's file or folder is replaced, in any way", "noticed without a signal")
@pytest.mark.parametrize(
    "change",
    [
        *(saved_anew, moved_into_place, a_link_now, its_folder_gone_and_back, its_folder_a_link),
        a_folder_and_then_a_file_again,
    ],
)
async def test_every_way_to_change_a_file_is_noticed_and_so_is_the_next_one(bell, change, saw):
    path, rung = bell
    change(path)
    async with asyncio.timeout(5):
        await rung.wait()
    rung.clear()
    path.write_text("a: 34\n")
    async with asyncio.timeout(5):
        await rung.wait()
    saw("noticed, and the next change too")


@pytest.mark.hardened("R3", "a link of a link is turned elsewhere, as a mounted config map is", "noticed")
async def test_a_link_far_behind_the_file_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(daemon, "LOOK", 0.02)
    monkeypatch.setattr(daemon, "SETTLED", 0.02)
    for number in (1, 2):
        (tmp_path / f"..{number}").mkdir()
        (tmp_path / f"..{number}" / "config.yaml").write_text(f"a: {number}\n")
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "config.yaml").symlink_to("..data/config.yaml")
    rung = asyncio.Event()
    task = asyncio.create_task(daemon._bell_on_change(tmp_path / "config.yaml", rung))
    await asyncio.sleep(0.1)
    (tmp_path / "..data.new").symlink_to("..2")
    (tmp_path / "..data.new").rename(tmp_path / "..data")
    async with asyncio.timeout(5):
        await rung.wait()
    task.cancel()


@pytest.mark.hardened("T01", "whatever reading a changed config raises", "one line, old settings stay")
@pytest.mark.parametrize(
    "error", [ValueError, OverflowError, RecursionError, KeyError, UnicodeError, OSError, MemoryError]
)
async def test_whatever_a_changed_file_makes_its_reader_raise_leaves_the_old_settings(
    error, tmp_path, monkeypatch, caplog, saw
):
    path = written(tmp_path)
    async with running(path) as (homes, task):
        await eventually(lambda: homes and homes[0].rounds.counts.rounds)

        async def broken(_path, _now):
            raise error(f"with {TOKEN}")

        monkeypatch.setattr(daemon, "read_apart", broken)
        os.kill(os.getpid(), signal.SIGHUP)
        await eventually(lambda: f"cannot be read ({error.__name__} at" in caplog.text)
        saw(caplog.messages[-1].splitlines()[0])
        monkeypatch.undo()
        path.write_text(path.read_text() + "timezone: Europe/Madrid\n")
        os.kill(os.getpid(), signal.SIGHUP)
        await eventually(lambda: len(homes) == 2, RELOADED)
        assert not task.done()
    assert TOKEN not in caplog.text


@pytest.mark.hardened("R3", "saved while the database is locked", "the old settings go on, and take it when it is free")
async def test_a_config_saved_while_the_database_is_locked_ends_nothing(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("bot.store.engine.LOCKED", 0)
    monkeypatch.setattr(daemon, "RETRY", 0.2)
    path = written(tmp_path)
    async with running(path) as (homes, task):
        await eventually(lambda: homes and homes[0].rounds.counts.rounds)
        other = sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None, check_same_thread=False)
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")  # the house must go on, to end what it is writing
        path.write_text(path.read_text() + "timezone: Europe/Madrid\n")
        os.kill(os.getpid(), signal.SIGHUP)
        await eventually(lambda: "the old settings stay" in caplog.text, RELOADED)
        rounds = homes[0].rounds.counts.rounds
        await eventually(lambda: homes[0].rounds.counts.rounds > rounds)
        other.execute("ROLLBACK")
        other.close()
        await eventually(lambda: len(homes) == 2, RELOADED)
        assert homes[1].config.timezone == "Europe/Madrid"
        assert not task.done()
    assert "Traceback" not in caplog.text


@pytest.mark.hardened("R3", "neither the new nor the old settings can be opened", "tried again until they can")
async def test_old_settings_that_cannot_be_opened_again_are_tried_until_they_can(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(daemon, "AWHILE", (0.05, 0.1))
    really, broken = daemon.open_app, []

    def open_app(config, **more):
        if broken:
            raise StoreUnavailable("cannot use the database: it is away")
        return really(config, **more)

    monkeypatch.setattr(daemon, "open_app", open_app)
    monkeypatch.setattr(daemon.Lives, "wait", 0.05)
    path = written(tmp_path)
    async with running(path) as (homes, task):
        await eventually(lambda: homes and homes[0].rounds.counts.rounds)
        broken.append(True)
        path.write_text(path.read_text() + "timezone: Europe/Madrid\n")
        os.kill(os.getpid(), signal.SIGHUP)
        await eventually(lambda: caplog.text.count("tried again in") >= 2, RELOADED)
        broken.clear()
        await eventually(lambda: len(homes) == 2, RELOADED)
        assert homes[1].config == homes[0].config
        assert not task.done()


async def test_a_changed_config_that_cannot_be_used_gives_way_to_the_old_one(tmp_path, caplog):
    path = written(tmp_path)
    async with running(path) as (homes, task):
        await eventually(lambda: homes and homes[0].rounds.counts.rounds)
        former = load(path)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            written(tmp_path, web=f"{{listen: 127.0.0.1:{taken.getsockname()[1]}}}")
            os.kill(os.getpid(), signal.SIGHUP)
            await eventually(lambda: "the old settings stay: cannot listen on" in caplog.text)
        assert len(homes) == 1  # it was found out beside the old ones, which went on
        assert homes[0].config == former
        assert (await get(homes[0], "/healthz")).status_code == 200
        assert not task.done()


async def test_a_first_config_that_cannot_be_used_ends_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        path = written(tmp_path, web=f"{{listen: 127.0.0.1:{taken.getsockname()[1]}}}")
        async with running(path) as (homes, task):
            with pytest.raises(Unable, match="cannot listen on"):
                await task
    assert homes == []


async def test_a_wrong_config_is_told_with_its_line_and_not_taken(tmp_path, caplog):
    caplog.set_level(logging.ERROR)
    path = written(tmp_path)
    async with running(path) as (homes, task):
        await eventually(lambda: homes and homes[0].rounds.counts.rounds)
        path.write_text(path.read_text() + "sevrices: {}\n")
        os.kill(os.getpid(), signal.SIGHUP)
        await eventually(lambda: "config.yaml:5:1: sevrices: unknown key" in caplog.text)
        assert len(homes) == 1
        assert not task.done()


async def test_a_changed_service_is_taken_up_while_all_else_goes_on(tmp_path, caplog):
    caplog.set_level("INFO")
    path = written(tmp_path)
    async with running(path) as (homes, task):
        await eventually(lambda: homes and homes[0].rounds.counts.rounds)
        home, before = homes[0], homes[0].engine.watched["x"]
        [free] = free_ports(1)
        more = f"y: {{name: Y, routes: {{web: {{kind: tcp, host: 127.0.0.1, port: {free}}}}}}}, x: "
        path.write_text(path.read_text().replace("services: {x: ", f"services: {{{more}") + "digests: {}\n")
        os.kill(os.getpid(), signal.SIGHUP)
        await eventually(lambda: "is in force: services: 1 added, 0 changed, 0 removed" in caplog.text, RELOADED)
        await eventually(lambda: "y" in home.recorder.states and home.recorder.states["y"].incident)
        assert home.engine.watched["x"] is before
        assert '"y"' in (await get(home, "/status.json")).text
        assert (await get(home, "/healthz")).json()["well"] is True

        path.write_text(path.read_text().replace(f"{more}", "x: ").replace("{listen", "{title: Our page, listen"))
        os.kill(os.getpid(), signal.SIGHUP)
        await eventually(lambda: "services: 0 added, 0 changed, 1 removed" in caplog.text, RELOADED)
        await eventually(lambda: home.recorder.states["y"].incident is None)  # closed, as nobody watches it
        page = (await get(home, "/")).text
        assert "Our page" in page
        assert "Y" not in home.config.services
        assert (len(homes), home.rounds.counts.discarded, task.done()) == (1, 0, False)


async def test_the_jobs_follow_a_config_that_is_taken_up(tmp_path):
    config = made(tmp_path)
    async with open_app(config) as home, living(home):
        before = home.scheduler
        changed = config.model_copy(update={"heartbeat": Heartbeat(url="http://127.0.0.1:9/")})
        await home.take_up(changed)
        assert home.scheduler is not before
        assert "tell the outside that we live" in {job.name for job in home.scheduler.all()}
        await eventually(
            lambda: any(task.get_name() == "tell the outside that we live" for task in asyncio.all_tasks())
        )


async def test_a_change_that_the_database_refuses_is_no_change(tmp_path, monkeypatch):
    config = made(tmp_path)
    async with open_app(config) as home, living(home):
        changed = config.model_copy(update={"services": {}})

        async def away():
            raise StoreUnavailable("away")

        monkeypatch.setattr(home.store.subscriptions, "addresses", away)
        with pytest.raises(StoreUnavailable):
            await home.take_up(changed)
        assert home.config is config
        assert home.engine.watched.keys() == config.services.keys() == home.recorder.settings.services.keys()

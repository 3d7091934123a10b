"""The daemon's life, in this process: it opens whole or not at all, lives through trouble, and ends in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from bot import app, chores, life
from bot.app import house
from bot.config import Config, load
from bot.contracts import Unable
from bot.store import StoreUnavailable, open_store
from tests.fakes.hook import TOKEN, FakeHook
from tests.fakes.mail import free_ports
from tests.flow.house import eventually


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
    async with httpx.AsyncClient(trust_env=False) as web:
        return await web.get(f"http://127.0.0.1:{home.config.web.address[1]}{path}")


# ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_what_cannot_be_opened_whole_is_not_opened_at_all(tmp_path):
    config = made(tmp_path, database="sqlite:////nowhere/tocsin.db")
    with pytest.raises(StoreUnavailable):
        async with house(config):
            pass
    socket.create_server(config.web.address).close()  # the port is free again


async def test_a_busy_port_is_refused_before_a_database_is_made(tmp_path):
    config = made(tmp_path)
    with socket.create_server(config.web.address), pytest.raises(Unable, match="set another web"):
        async with house(config):
            pass
    assert list(tmp_path.iterdir()) == []


async def test_a_house_that_never_lived_leaves_nothing_open(tmp_path):
    config = made(tmp_path)
    async with house(config):
        pass
    async with house(config):  # neither the port nor the hold on the database is left behind
        pass


# ── living ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_an_outage_goes_all_the_way_from_a_check_to_a_reader(tmp_path):
    async with FakeHook() as hook:
        config = made(tmp_path, services=closed_port(free_ports(1)[0]), audiences=heard(hook))
        async with house(config) as home, living(home):
            await hook.until(lambda: hook.applied)
            assert "X (Twitter) is down since" in (await get(home, "/")).text
            assert (await get(home, "/healthz")).json()["well"] is True
            assert 'tocsin_service{health="down",service="x"} 1.0' in (await get(home, "/metrics")).text
    assert hook.broken == []


async def test_it_notes_that_it_lives_and_what_its_checks_saw(tmp_path, monkeypatch):
    monkeypatch.setattr(chores, "PULSE", timedelta(seconds=0.1))
    monkeypatch.setattr(app, "FLUSH", 0.05)
    config = made(tmp_path)
    async with house(config) as home, living(home):
        await eventually(home.store.history.last_alive)
        since = home.started_at - timedelta(seconds=1)
        await eventually(lambda: home.store.history.results("x", since))
        await home.chores._roll()
        assert "x" in await home.store.rollups.stretches(since - timedelta(days=1))
    async with open_store(config.database) as store:
        overview, alive = await app.glance(config, store)
    assert alive >= home.started_at
    assert [service.id for service, _ in overview.services] == ["x"]


async def test_results_that_are_not_written_yet_are_written_at_the_stop(tmp_path, monkeypatch):
    monkeypatch.setattr(app, "FLUSH", 3600)
    config = made(tmp_path)
    async with house(config) as home, living(home):
        await eventually(lambda: home.rounds.counts.rounds)
    async with open_store(config.database) as store:
        assert await store.history.results("x", home.started_at - timedelta(seconds=1))


async def test_a_database_that_goes_away_ends_nothing(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(chores, "PULSE", timedelta(seconds=0.05))
    monkeypatch.setattr(app, "FLUSH", 0.05)
    async with FakeHook() as hook:
        config = made(tmp_path, services=closed_port(free_ports(1)[0]), audiences=heard(hook))
        async with house(config) as home:
            database, really = home.store.moves._database, home.store.moves._database._run

            async def away(*_):
                raise StoreUnavailable("cannot use the database: no space left on device")

            monkeypatch.setattr(database, "_run", away)
            async with living(home) as task:
                await eventually(lambda: home.rounds.counts.failed >= 2)
                await eventually(lambda: "could not note that we live" in caplog.text)
                await eventually(lambda: "could not keep" in caplog.text)
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
        async with house(config) as home:
            home.channels["deaf"] = Deaf()
            async with living(home):
                await hook.until(lambda: hook.applied)
    assert "listen deaf has ended: ValueError at test_life.py" in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.parametrize("part", ["rounds", "outbox"])
async def test_a_vital_part_that_breaks_by_our_own_error_ends_the_house_and_all_its_parts(part, tmp_path, monkeypatch):
    async def broken(_stop):
        raise LookupError("our bug")

    config = made(tmp_path)
    async with house(config) as home:
        monkeypatch.setattr(getattr(home, part), "run", broken)
        before = asyncio.all_tasks()
        async with asyncio.timeout(5):
            with pytest.raises(LookupError, match="our bug"):
                await home.live(asyncio.Event())
        assert asyncio.all_tasks() - before == set()


# ── from the signal's side ───────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def running(path):
    """`life.run` on a config file; `homes` gets each house that is opened."""
    homes = []

    async def started(home):
        homes.append(home)

    task = asyncio.create_task(life.run(path, started))
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


async def test_where_changes_cannot_be_watched_for_it_says_what_to_do_instead(tmp_path, caplog):
    await life._bell_on_change(tmp_path / "gone" / "config.yaml", asyncio.Event())
    assert "config.yaml will not be noticed" in caplog.text
    assert "send SIGHUP after one" in caplog.text


async def test_a_changed_config_that_cannot_be_used_gives_way_to_the_old_one(tmp_path, caplog):
    path = written(tmp_path)
    async with running(path) as (homes, task):
        await eventually(lambda: homes and homes[0].rounds.counts.rounds)
        former = load(path)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            written(tmp_path, web=f"{{listen: 127.0.0.1:{taken.getsockname()[1]}}}")
            os.kill(os.getpid(), signal.SIGHUP)
            await eventually(lambda: len(homes) == 2)
        assert homes[1].config == former
        assert "the old settings stay: cannot listen on" in caplog.text
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

"""A job calls over a real socket, as clients of healthchecks.io do."""

from __future__ import annotations

import asyncio
import logging
import socket
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx
import pytest

from bot.store import StoreUnavailable, open_store
from bot.watch.checks import HeartbeatCheck
from bot.watch.heartbeats import HeartbeatRegistry
from bot.web import webhooks
from bot.web.app import Server
from tests import sqlite
from tests.flow.house import eventually
from tests.reasons import english
from tests.web.pages import NOW, Stage

TOKEN = "a-token-of-the-file"
JOB = ("backup", "job")


class Door:
    """A board behind a real socket, on a clock that a test turns."""

    def __init__(self, store):
        self.store, self.now, self.looked = store, NOW, []
        checks = {JOB: HeartbeatCheck(every="24h", grace="1h", token=TOKEN)}
        self.board = HeartbeatRegistry(checks, store, lambda: self.now, lambda: None)

    async def call(self, path="", method="GET", token=TOKEN, **more):
        return await self.web.request(method, f"/heartbeat/{token}{path}", **more)

    @property
    def trouble(self):
        return english(self.board.trouble(JOB))


@pytest.fixture
async def door(tmp_path):
    async with open_store(sqlite.ready(tmp_path / "tocsin.db")) as store, _open(store) as made:
        yield made


@asynccontextmanager
async def _open(store):
    made = Door(store)
    await made.board.load()
    app = Stage().site()
    webhooks.add_heartbeats(app, made.board, made.looked.append)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(app, listening)
        serving = asyncio.create_task(server.serve())
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=False) as made.web:
            yield made
        server.should_exit = True
        await serving


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_a_call_is_answered_and_written_down(door, method):
    door.now += timedelta(hours=26)
    assert door.trouble == "no sign yet"
    answer = await door.call("?rid=0b1c", method)
    assert (answer.status_code, answer.text) == (200, "" if method == "HEAD" else "OK")
    assert (door.trouble, door.looked) == ("", ["backup"])

    async def written():
        [job] = await door.store.heartbeats.all()
        return job.done_at == door.now

    await eventually(written)
    await door.call(method=method)
    assert door.looked == ["backup"]  # nothing new


async def test_what_it_says_is_in_the_address(door):
    await door.call("/start")
    assert door.trouble == ""
    door.now += timedelta(hours=2)
    assert door.trouble == "its run began 2 h ago and has not ended"
    for path, why in {"/fail": "reported a failure", "/3": "failed (exit code 3)", "/0": ""}.items():
        assert (await door.call(path)).text == "OK"
        assert door.trouble == why
    assert door.looked == ["backup"] * 3


@pytest.mark.parametrize("path", ["/256", "/-1", "/start/now", "/٣", "/%00", "/log/log"])
async def test_what_cannot_be_meant_is_not_found_and_changes_nothing(door, path):
    assert (await door.call(path)).status_code == 404
    assert door.trouble == ""


@pytest.mark.parametrize("token", ["a-token-of-the-fil", "nobody", "%ff%fe", "..%2f..", "x" * 5000])
async def test_an_unknown_token_is_404(door, token):
    answer = await door.call(token=token)
    assert (answer.status_code, answer.text) == (404, "There is no such heartbeat.\n")


async def test_a_long_body_is_not_read_and_not_in_the_way(door):
    for _ in range(2):
        assert (await door.call("/fail", "POST", content=b"x" * 3_000_000)).text == "OK"
    assert (await door.call()).text == "OK"
    assert door.trouble == ""


async def test_no_call_waits_for_the_database(door, monkeypatch):
    stuck = asyncio.Event()

    async def slow(_):
        await stuck.wait()
        raise StoreUnavailable("gone")

    monkeypatch.setattr(door.store.heartbeats, "keep", slow)
    async with asyncio.timeout(5):
        for _ in range(3):
            async with httpx.AsyncClient(base_url=door.web.base_url, trust_env=False, verify=False) as web:
                assert (await web.get(f"/heartbeat/{TOKEN}")).text == "OK"
    stuck.set()


async def test_the_token_stands_in_no_log(door, caplog):
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)  # those are of the test's own client
    caplog.set_level(logging.DEBUG)
    for path in ("", "/fail", "/nonsense"):
        await door.call(path)
    assert TOKEN not in caplog.text

"""A status page's webhook, as its vendor sends it: known by its token, believed in nothing, and never a burden."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import httpx
import pytest

from bot.model import Health, Service
from bot.net import Network
from bot.watch.rounds import Rounds, Watched
from bot.watch.sources import OfficialPage
from bot.web.app import HEADERS, Server
from bot.web.webhooks import LARGEST, PAUSE, Hooks
from tests.fakes.site import Site, page
from tests.watch.clock import Hands
from tests.watch.sources.dialects.pages import GITHUB, github, incident
from tests.web.pages import Stage, browsing

TOKEN = "kB7-a_long-and_random-one"
BODY = {"meta": {}, "page": {"status_indicator": "critical"}, "incident": {"name": "<b>All is lost</b>"}}


class Doorstep:
    """What the hooks caused, and a clock that the test turns."""

    def __init__(self, tokens=None) -> None:
        self.now, self.read, self.waiting = 500.0, [], []
        tokens = {"x": TOKEN, "mute": ""} if tokens is None else tokens
        self.hooks = Hooks(tokens, self.read.append, lambda: self.now, lambda *what: self.waiting.append(what))

    def pass_time(self, seconds):
        self.now += seconds
        due, self.waiting = self.waiting, []
        for _, act in due:
            act()


@asynccontextmanager
async def knocking(step):
    async with browsing(Stage(), doors=[step.hooks.route()]) as web:
        yield web


async def test_who_knows_the_token_has_the_page_read():
    step = Doorstep()
    async with knocking(step) as web:
        answer = await web.post(f"/hooks/x/{TOKEN}", json=BODY)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    assert step.read == ["x"]


@pytest.mark.parametrize(
    "path",
    [
        "x/wrong",
        f"y/{TOKEN}",
        "mute/",
        "mute/%00",
        f"x/{TOKEN[:-1]}",
        f"x/{TOKEN}0",
        "x/%ff%fe",
        "x",
        "",
    ],
)
async def test_who_does_not_is_told_that_there_is_nothing(path):
    step = Doorstep()
    async with knocking(step) as web:
        nothing = await web.post("/nothing/here")
        answer = await web.post(f"/hooks/{path}", json=BODY)
        assert (answer.status_code, answer.text) == (404, nothing.text)
        assert (await web.get(f"/hooks/x/{TOKEN}")).status_code == 405
    assert step.read == []


@pytest.mark.parametrize("body", [b"", b"\xff" * 100, b"[" * 100_000, b"0" * LARGEST])
async def test_whatever_is_sent_is_not_looked_at(body):
    step = Doorstep()
    async with knocking(step) as web:
        assert (await web.post(f"/hooks/x/{TOKEN}", content=body)).status_code == 204
    assert step.read == ["x"]


async def test_too_much_is_not_taken():
    step, sent = Doorstep(), 0

    async def endless():
        nonlocal sent
        while True:
            sent += 64 * 1024
            yield b"0" * 64 * 1024

    async with knocking(step) as web:
        answer = await web.post(f"/hooks/x/{TOKEN}", content=endless())
    assert answer.status_code == 413
    assert sent <= 2 * LARGEST
    assert step.read == []


async def test_many_cause_one_reading_in_ten_seconds_and_the_last_of_them_is_not_lost():
    step = Doorstep({"x": TOKEN, "y": TOKEN + "y"})
    async with knocking(step) as web:
        for _ in range(20):
            assert (await web.post(f"/hooks/x/{TOKEN}")).status_code == 204
        await web.post(f"/hooks/y/{TOKEN}y")
        assert step.read == ["x", "y"]
        ((wait, _),) = step.waiting
        assert wait == PAUSE
        step.pass_time(PAUSE)
        assert step.read == ["x", "y", "x"]
        step.pass_time(PAUSE - 1)
        await web.post(f"/hooks/x/{TOKEN}")
        assert step.read == ["x", "y", "x"]
        assert [wait for wait, _ in step.waiting] == [1]
        step.pass_time(1)
        step.pass_time(2 * PAUSE)
        await web.post(f"/hooks/x/{TOKEN}")
        assert step.read == ["x", "y", "x", "x", "x"]


async def test_over_real_sockets_an_incident_is_known_as_soon_as_it_is_published():
    """From the vendor's POST to the word: our web server, the rounds, and the vendor's page asked again."""
    clock = Hands()
    async with AsyncExitStack() as stack:
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        net = await stack.enter_async_context(Network())
        vendor = await stack.enter_async_context(Site(page(200, GITHUB.read_bytes())))
        source = OfficialPage(url=vendor.url())
        rounds = Rounds([Watched(Service("x", "X"), {}, (source,))], (), net, seen=None, clock=clock)
        newest = rounds._sources

        async def read():
            rounds._sources.tick(clock.now)
            await asyncio.gather(*newest._reading.values())
            return newest.of("x")[0]

        hooks = Hooks({"x": TOKEN}, partial(rounds.again, vouched=True))  # as the house has it
        server = Server(Stage().site(doors=[hooks.route()]), door)
        serving = asyncio.create_task(server.serve())
        clock.now += 10
        assert (await read()).says is Health.UP
        vendor.answer = page(200, _as_bytes(github(incident("All is lost"))))
        clock.now += 1
        async with httpx.AsyncClient(trust_env=False, verify=False) as web:
            url = f"http://127.0.0.1:{door.getsockname()[1]}/hooks/x/{TOKEN}"
            assert (await web.post(url, json=BODY)).status_code == 204
        assert (await read()).headline == "All is lost"
        assert len(vendor.heard) == 2
        server.should_exit = True
        await serving


def _as_bytes(what):
    return httpx.Request("POST", "http://a.example/", json=what).content

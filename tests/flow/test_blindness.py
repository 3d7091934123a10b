"""Our own trouble is nobody else's: the name server dies, or the network is cut. One note afterwards, no outage, and in the
figures nothing but unknown time.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

import httpx
import pytest

from bot.app import open_app
from bot.config import Config
from bot.net import Network
from bot.net.dns import Resolver
from tests.fakes.nameserver import SILENCE, NameServer, address
from tests.fakes.site import Site
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.flow.house import eventually
from tests.flow.test_user_reports import GROUP, quick, told
from tests.test_daemon import living

pytestmark = pytest.mark.long

NAMES = ("web.example", "app.example", "one.example", "two.example", "three.example")
HERE = [("A", address("127.0.0.1"))]


class Outside:
    """What lies beyond our own door: names, and a site under each of them."""

    def __init__(self, names: NameServer, site: Site) -> None:
        self.names, self.site = names, site
        self.well = dict(names.zone)

    async def black_out(self) -> None:
        self.names.zone = dict.fromkeys(self.well, SILENCE)

    async def cut(self) -> None:
        self.site._server.close()
        await self.site.hang_up()

    async def mend(self) -> None:
        self.names.zone = dict(self.well)
        if not self.site._server.is_serving():
            self.site._server = await asyncio.start_server(self.site._accept, "127.0.0.1", self.site.port)


@pytest.mark.parametrize("trouble", ["black_out", "cut"])
async def test_while_we_see_nothing_nothing_is_said_and_nothing_counts(trouble, tmp_path, monkeypatch):
    async with AsyncExitStack() as stack:
        names, site, telegram = [
            await stack.enter_async_context(one)
            for one in (NameServer(dict.fromkeys(NAMES, HERE)), Site(), FakeTelegram())
        ]
        outside, names.ttl = Outside(names, site), 0
        monkeypatch.setattr("bot.watch.canaries.TIMEOUT", timedelta(seconds=1))
        monkeypatch.setattr("bot.app.Network", partial(Network, resolver=Resolver([names.address])))
        made = quick(
            tmp_path,
            canaries=[site.url(host=host) for host in NAMES[2:]],
            services={"x": {"routes": {host[:3]: {"kind": "http", "url": site.url(host=host)} for host in NAMES[:2]}}},
            channels={"telegram": {"token": TOKEN, "api_url": telegram.url}},
            audiences={"desk": {"broadcast": [f"telegram:{GROUP}"], "confidence": "possible"}},
        )
        home = await stack.enter_async_context(open_app(Config.model_validate(made)))
        await stack.enter_async_context(living(home))
        await eventually(lambda: home.recorder.states.get("x") and home.recorder.states["x"].up_since)

        await getattr(outside, trouble)()
        await eventually(
            lambda: "tocsin" in home.recorder.states and home.recorder.states["tocsin"].incident, within=20
        )
        looked = home.rounds.counts.rounds
        await eventually(lambda: home.rounds.counts.rounds > looked + 5, within=30)
        assert told(telegram, GROUP) == []
        await outside.mend()
        await telegram.until(lambda: told(telegram, GROUP))
        looked = home.rounds.counts.rounds
        await eventually(lambda: home.rounds.counts.rounds > looked + 10)

        (note,) = told(telegram, GROUP)
        async with httpx.AsyncClient(base_url=f"http://{made['web']['listen']}", trust_env=False, verify=False) as web:
            status = (await web.get("/status.json")).json()
    assert note[0].startswith("⚫ Our own connection was down ")
    assert note[1] == "We have no data for that time."
    (x,) = status["services"]
    assert x["status"] == "up"
    assert [incident["service"] for incident in status["incidents"]] == ["tocsin"]
    assert x["uptime"]["share"] == 1.0
    assert x["uptime"]["unknown_seconds"] >= 1

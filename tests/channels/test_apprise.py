"""Apprise, by its json:// service, against a receiver here."""

from __future__ import annotations

import dataclasses
import logging
import sys

import pytest
from aiohttp import web

from bot.channels.apprise import MISSING, AppriseSettings
from bot.contracts import ChannelContext
from bot.model import Destination, Later, RefusalScope, Refused, Sent, Text, Tone
from tests.channels.kit import FIRST, OUTSIDE, ChannelKit
from tests.fakes.faults import FaultyServer
from tests.reasons import english

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")  # in one of its services
NOBODY = ChannelContext(None, (), None, None)
KIT = ChannelKit()
KIT.destination = Destination("apprise", "json://nobody")
TOKEN = "apprise-token-b41d"


class FakeReceiver(FaultyServer):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[dict[str, str]] = []
        self.status = 200
        self.app.router.add_post(f"/{TOKEN}", self._hear)

    @property
    def destination(self) -> Destination:
        return Destination("apprise", f"json://user:{TOKEN}@127.0.0.1:{self.port}/{TOKEN}")

    async def _hear(self, request: web.Request) -> web.Response:
        self.heard.append(await request.json())
        return web.Response(status=self.status)


@pytest.fixture
async def far():
    async with FakeReceiver() as far:
        yield far


@pytest.fixture
async def channel():
    async with AppriseSettings().open(NOBODY) as channel:
        yield channel


def at(destination: Destination, words: Text = FIRST, tone: Tone = Tone.DOWN):
    return dataclasses.replace(KIT.delivery(1, words, tone=tone), destination=destination)


@pytest.mark.parametrize(("tone", "kind"), [(Tone.DOWN, "failure"), (Tone.UP, "success"), (Tone.POSSIBLE, "warning")])
async def test_a_notice_arrives_whole(far, channel, tone, kind):
    assert await channel.send(at(far.destination, tone=tone)) == Sent()
    (told,) = far.heard
    assert (told["title"], told["message"], told["type"]) == (FIRST.title, "\n".join(FIRST.lines), kind)


async def test_a_notice_of_one_line_has_a_body_too(far, channel):
    assert await channel.send(at(far.destination, Text("X is down"))) == Sent()
    assert far.heard[0]["message"] == "X is down"


async def test_text_from_outside_arrives_as_it_is(far, channel):
    await channel.send(at(far.destination, Text("<b>X</b> \\n", OUTSIDE)))
    assert (far.heard[0]["title"], far.heard[0]["message"]) == ("<b>X</b> \\n", "\n".join(OUTSIDE))


async def test_a_failure_is_tried_again_and_tells_no_secret(far, channel, caplog):
    caplog.set_level(logging.INFO)
    far.status = 500
    refused = await channel.send(at(far.destination))
    await far.stop()
    gone = await channel.send(at(far.destination))
    assert isinstance(refused, Later)
    assert isinstance(gone, Later)
    assert TOKEN not in caplog.text + repr((refused, gone))
    assert len(far.heard) == 1


async def test_a_url_that_nothing_reads_is_refused_without_repeating_it(channel, caplog):
    for place in (f"nonsense://{TOKEN}", TOKEN, "discord://"):
        receipt = await channel.send(at(Destination("apprise", place)))
        assert isinstance(receipt, Refused)
        assert receipt.scope is RefusalScope.DESTINATION
    assert TOKEN not in caplog.text


async def test_an_edit_is_done_at_once(channel):
    assert await channel.send(KIT.edit(None)) == Sent()


async def test_it_is_there_and_never_speaks(channel):
    assert await AppriseSettings().probe(None) is None
    assert await channel.listen(None) is None


async def test_without_the_extra_one_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)  # as Python itself notes what cannot be imported
    missing = "Apprise is not installed: pip install 'tocsin[apprise]'"
    assert english(await AppriseSettings().probe(None)) == missing
    async with AppriseSettings().open(NOBODY) as channel:
        assert await channel.send(KIT.first()) == Refused(MISSING, RefusalScope.ACCOUNT)

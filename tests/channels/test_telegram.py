"""Telegram, sending: the kit, topics, migration, and what its refusals mean."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import warnings
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar

import pytest
from pydantic import ValidationError

from bot.channels.telegram import TelegramSettings
from bot.channels.telegram.render import LIMIT, Draft, cut, where
from bot.contracts import Answer, Cause, Trouble, Unclear
from bot.model import Destination, Later, RefusalScope, Refused, Sent, Text, Unsure
from bot.net import Network
from tests.channels.kit import FIRST, RESTORED, ChannelKit, Expect
from tests.fakes.botapi import entities, size
from tests.fakes.faults import Fault
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.reasons import english, quote

GROUP = -1001234567890
TOPIC = Destination("telegram", f"{GROUP}/45")


class TestTelegram(ChannelKit):
    destination = Destination("telegram", f"{GROUP}")
    expected: ClassVar = {Fault.TOO_LONG: Expect(Refused, scope=RefusalScope.MESSAGE, times=2)}
    patience = 0.6

    @pytest.fixture
    async def far(self):
        async with FakeTelegram() as far:
            yield far

    @pytest.fixture
    async def net(self):
        async with Network() as net:
            yield net

    def settings(self, url, timeout):
        return TelegramSettings(token=TOKEN, api_url=url, timeout=timeout)

    def read(self, message):
        assert entities(message.text) == []  # a command that is touched is sent, by an admin too
        assert message.raw["text"].count("<") == message.raw["text"].count("<b>") * 2 == 2
        return (message.text,)

    async def test_the_title_is_bold_and_no_link_is_previewed(self, far, channel):
        await channel.send(self.first())
        raw = far.messages[0].raw
        assert raw["text"].startswith(f"<b>{FIRST.title}</b>\n")
        assert raw["parse_mode"] == "HTML"
        assert raw["link_preview_options"] == {"is_disabled": True}

    async def test_the_ref_holds_the_chats_real_number(self, far, channel):
        receipt = await channel.send(replace(self.first(), destination=Destination("telegram", "@ourchannel")))
        assert receipt == Sent(far.messages[0].ref)
        assert receipt.ref.startswith("-1009/")
        edit = replace(self.edit(receipt.ref), destination=Destination("telegram", "@ourchannel"))
        assert await channel.send(edit) == Sent(receipt.ref)

    async def test_a_topic_is_written_to(self, far, channel):
        assert isinstance(await channel.send(replace(self.first(), destination=TOPIC)), Sent)
        assert far.messages[0].place == f"{GROUP}/45"

    async def test_the_general_topic_has_no_number(self, far, channel):
        await channel.send(replace(self.first(), destination=Destination("telegram", f"{GROUP}/1")))
        assert far.messages[0].place == f"{GROUP}"

    async def test_a_closed_topic_is_left_for_the_chat_itself_in_the_same_send(self, far, channel):
        far.closed.add((GROUP, 45))
        receipt = await channel.send(replace(self.reply(f"{GROUP}/7"), destination=TOPIC))
        assert receipt == Sent(far.messages[0].ref, anew=True)
        assert (far.messages[0].place, far.messages[0].thread) == (f"{GROUP}", None)

    @pytest.mark.parametrize("said", ["message thread not found", "TOPIC_DELETED"])
    async def test_a_lost_topic_is_left_for_the_chat_itself(self, said, far, channel):
        far.refuse("sendMessage", 400, f"Bad Request: {said}")
        assert isinstance(await channel.send(replace(self.first(), destination=TOPIC)), Sent)
        assert far.messages[0].place == f"{GROUP}"

    async def test_markup_that_is_not_understood_is_sent_without(self, far, channel):
        far.refuse("sendMessage", 400, "Bad Request: can't parse entities: Unsupported start tag")
        words = Text("🔴 X <down> & out", ("a < b",))
        assert isinstance(await channel.send(self.delivery(1, words)), Sent)
        assert far.messages[0].raw.get("parse_mode") is None
        assert far.messages[0].text == words.text

    async def test_a_message_that_telegram_finds_too_long_is_shortened_once(self, far, channel):
        far.fault(Fault.TOO_LONG)
        words = Text(FIRST.title, tuple("x" * 99 for _ in range(30)))
        assert isinstance(await channel.send(self.delivery(1, words)), Sent)
        assert 1900 < size(far.messages[0].text) <= 2000

    async def test_a_group_that_moved_names_its_new_place_and_the_old_thread_is_left(self, far, channel):
        root = await self.rooted(channel)
        far.moved[GROUP] = -1_009_999
        receipt = await channel.send(replace(self.restored(root), destination=TOPIC))
        assert isinstance(receipt, Refused)
        assert (receipt.scope, receipt.moved) == (RefusalScope.DESTINATION, Destination("telegram", "-1009999"))
        assert (await channel.send(replace(self.restored(root), destination=receipt.moved))).anew
        assert (far.messages[-1].place, far.messages[-1].thread) == ("-1009999", None)
        edit = await channel.send(replace(self.edit(root), destination=receipt.moved))
        assert isinstance(edit, Refused)
        assert (edit.scope, edit.moved, edit.gone) == (RefusalScope.MESSAGE, None, True)

    async def test_an_edit_that_changes_nothing_is_done(self, far, channel):
        root = await self.rooted(channel)
        assert await channel.send(self.edit(root, present=FIRST)) == Sent(root)
        assert len(far.messages) == 1

    async def test_an_edit_keeps_the_ref_of_a_public_name(self, far, channel):
        place = Destination("telegram", "@ourchannel")
        root = (await channel.send(replace(self.first(), destination=place))).ref
        for _ in ("changed", "not modified"):
            assert await channel.send(replace(self.edit(root), destination=place)) == Sent(root)
        assert len(far.messages) == 2

    async def test_an_edit_without_a_present_truth_asks_nothing(self, far, channel):
        assert await channel.send(self.edit("-100/7", present=None)) == Sent("-100/7")
        assert far.calls == []

    async def test_an_edit_of_what_is_gone_refuses_this_message_alone(self, channel):
        receipt = await channel.send(self.edit(f"{GROUP}/55555"))
        assert (type(receipt), receipt.scope, receipt.gone) == (Refused, RefusalScope.MESSAGE, True)

    @pytest.mark.parametrize(
        ("said", "gone"),
        [
            ("message can't be edited", True),
            ("MESSAGE_ID_INVALID", True),
            ("message is too long", False),
            ("chat not found", False),
        ],
    )
    async def test_an_edit_says_whether_its_message_will_ever_be_rewritten(self, said, gone, far, channel):
        root = await self.rooted(channel)
        far.refuse("editMessageText", 400, f"Bad Request: {said}", 2)
        assert (await channel.send(self.edit(root))).gone is gone

    async def test_a_reply_to_what_was_deleted_is_told_beside_it_in_the_same_send(self, far, channel):
        root = await self.rooted(channel)
        far.deleted.add(root)
        receipt = await channel.send(self.reply(root))
        assert (receipt, far.messages[1].thread) == (Sent(far.messages[1].ref, anew=True), None)
        assert not far.messages[1].loud

    @pytest.mark.parametrize("said", ["replied message not found", "reply message not found", "REPLY_TO_INVALID"])
    async def test_however_telegram_words_it(self, said, far, channel):
        root = await self.rooted(channel)
        far.refuse("sendMessage", 400, f"Bad Request: {said}")
        assert await channel.send(self.reply(root)) == Sent(far.messages[1].ref, anew=True)

    async def test_a_person_is_a_chat(self, far, channel):
        person = Destination("telegram", "4242")
        sent = await channel.send(replace(self.first(), destination=person))
        assert sent.ref.startswith("4242/")
        assert await channel.send(replace(self.reply(sent.ref), destination=person)) == Sent(far.messages[1].ref)
        assert await channel.send(replace(self.edit(sent.ref), destination=person)) == sent

    @pytest.mark.parametrize("root", ["", "nonsense", "1/2/3", "-5/x"])
    async def test_a_strange_ref_is_no_thread(self, root, far, channel):
        assert await channel.send(self.reply(root)) == Sent(far.messages[0].ref, anew=bool(root))
        assert far.messages[0].thread is None

    @pytest.mark.parametrize("place", ["general", "-100/topic", "12 3", "@", "-100/45/6"])
    async def test_a_place_that_telegram_cannot_have_is_refused_in_words(self, place, far, channel):
        receipt = await channel.send(replace(self.first(), destination=Destination("telegram", place)))
        assert isinstance(receipt, Refused)
        assert receipt.scope is RefusalScope.DESTINATION
        assert "-1001234567890/45" in english(receipt.why)
        assert far.calls == []

    @pytest.mark.parametrize(
        ("status", "said", "means"),
        [
            (400, "Bad Request: chat not found", (Refused, RefusalScope.DESTINATION)),
            (
                400,
                "Bad Request: not enough rights to send text messages to the chat",
                (Refused, RefusalScope.DESTINATION),
            ),
            (400, "Bad Request: have no rights to send a message", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: need administrator rights in the channel chat", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: CHAT_WRITE_FORBIDDEN", (Refused, RefusalScope.DESTINATION)),
            (403, "Forbidden: bot was blocked by the user", (Refused, RefusalScope.DESTINATION)),
            (403, "Forbidden: user is deactivated", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: TOPIC_CLOSED", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: message thread not found", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: USER_IS_BLOCKED", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: PEER_ID_INVALID", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: CHAT_GUEST_SEND_FORBIDDEN", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: CHAT_RESTRICTED", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: PAYMENT_REQUIRED", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: ALLOW_PAYMENT_REQUIRED_10", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: CHANNEL_PRIVATE", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: INPUT_USER_DEACTIVATED", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: USER_BANNED_IN_CHANNEL", (Refused, RefusalScope.DESTINATION)),
            (403, "Forbidden: bot was kicked from the supergroup chat", (Refused, RefusalScope.DESTINATION)),
            (403, "Forbidden: bot is not a member of the channel chat", (Refused, RefusalScope.DESTINATION)),
            (400, "Bad Request: FROZEN_METHOD_INVALID", (Refused, RefusalScope.ACCOUNT)),
            (400, "Bad Request: SLOWMODE_WAIT_30", (Later, None)),
            (400, "Bad Request: something new", (Refused, RefusalScope.MESSAGE)),
            (404, "Not Found", (Refused, RefusalScope.ACCOUNT)),
            (429, "Too Many Requests: retry after 0", (Later, None)),
            (409, "Conflict: something else", (Unsure, None)),
            (503, "Service Unavailable", (Unsure, None)),
        ],
    )
    @pytest.mark.hardened("T23", "Telegram refuses a place for good, in any of its words", "judged as a place")
    async def test_what_telegram_says_has_its_receipt(self, status, said, means, far, channel):
        far.refuse("sendMessage", status, said)
        receipt = await channel.send(self.first())
        assert (type(receipt), getattr(receipt, "scope", None)) == means
        assert len(far.messages) == 0

    @pytest.mark.parametrize("opted", ["0", "1"])
    async def test_a_wait_is_read_in_seconds_and_as_a_timedelta(self, opted, far, channel, monkeypatch):
        monkeypatch.setenv("PTB_TIMEDELTA", opted)
        far.refuse("sendMessage", 429, "Too Many Requests: retry after 9", retry_after=9)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            receipt = await channel.send(self.first())
        assert isinstance(receipt, Later)
        assert (receipt.wait, receipt.whole) == (timedelta(seconds=9), False)

    async def test_many_sends_at_once_all_arrive(self, far, channel):
        receipts = await asyncio.gather(*(channel.send(self.delivery(n, FIRST)) for n in range(40)))
        assert all(isinstance(receipt, Sent) for receipt in receipts)
        assert len({receipt.ref for receipt in receipts}) == len(far.messages) == 40

    async def test_an_address_that_swallows_connections_was_never_told(self, opening):
        with socket.socket() as door, socket.socket() as first, socket.socket() as second:
            door.bind(("127.0.0.1", 0))
            door.listen(0)  # and nobody accepts: once its queue is full, further connections hang
            for caller in (first, second):
                caller.setblocking(False)
                caller.connect_ex(door.getsockname())
            async with opening(f"http://127.0.0.1:{door.getsockname()[1]}", 0.4) as channel:
                receipt = await channel.send(self.first())
        assert isinstance(receipt, Later)
        assert "connect" in english(receipt.why)

    async def test_a_gateway_that_quotes_our_address_does_not_spread_the_token(self, far, channel, no_secret_told):
        far.refuse("sendMessage", 400, f"Bad Request: cannot route /bot{TOKEN}/sendMessage")
        receipt = await channel.send(self.first())
        assert "/bot4711:<token>/" in english(receipt.why)
        no_secret_told(receipt)

    async def test_an_answer_of_a_proxy_condemns_neither_chat_nor_token(self, far, opening):
        async with opening(f"{far.url}elsewhere") as channel:  # aiohttp's own 404, no JSON
            receipt = await channel.send(self.first())
        assert isinstance(receipt, Unsure)
        assert "api_url" in english(receipt.why)


@pytest.mark.parametrize(
    ("environment", "right"),
    [
        ({}, False),
        ({"https_proxy": "http://proxy:3128"}, True),
        ({"http_proxy": "http://proxy:3128"}, False),
        ({"all_proxy": "http://proxy:3128"}, True),
        ({"https_proxy": "http://proxy:3128", "no_proxy": "api.telegram.org"}, False),
    ],
)
def test_what_has_to_go_through_a_proxy_does(environment, right, monkeypatch):
    from bot.channels.telegram.request import proxied

    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxied("https://api.telegram.org/bot4711:x/sendMessage") is right


class FakeNet:
    """Stands where `bot.net` would answer."""

    def __init__(self, status=200, body=b'{"ok": true, "result": {}}', trouble=""):
        self.answer = Answer(status, {}, body, "", timedelta(), {})
        if trouble:
            self.answer = Trouble(Cause.REFUSED, quote(trouble), timedelta())

    def prepare(self, method, url, headers=None, content=None):
        self.asked = (method, url)
        return url

    async def fetch(self, prepared, *, timeout, **_):
        return self.answer


@pytest.mark.parametrize(
    ("net", "says"),
    [
        (FakeNet(), None),
        (FakeNet(401, b'{"ok": false, "error_code": 401, "description": "Unauthorized"}'), "@BotFather"),
        (FakeNet(404, b'{"ok": false, "error_code": 404, "description": "Not Found"}'), "@BotFather"),
        (FakeNet(500, b'{"ok": false, "description": "Internal Server Error"}'), "HTTP 500"),
        (FakeNet(429, b'{"ok": false, "description": "Too Many Requests"}'), Unclear(quote("HTTP 429"))),
        (FakeNet(200, b"<html>"), "not Telegram"),
        (FakeNet(200, b"[]"), "not Telegram"),
        (FakeNet(trouble=f"refused at /bot{TOKEN}/getMe"), "cannot be reached"),
    ],
)
async def test_the_probe_says_what_is_wrong_in_one_line(net, says):
    said = await TelegramSettings(token=TOKEN).probe(net)
    assert net.asked == ("GET", f"https://api.telegram.org/bot{TOKEN}/getMe")
    assert (said is None, isinstance(said, Unclear)) == (says is None, isinstance(says, Unclear))
    assert english(says) in english(said)
    assert TOKEN not in english(said)
    assert "\n" not in english(said)


def test_the_settings_keep_the_token_to_themselves():
    settings = TelegramSettings(token=TOKEN, api_url="https://gateway.example/")
    assert TOKEN not in repr(settings)
    assert TOKEN not in str(settings)
    assert settings.api_url == "https://gateway.example"
    for wrong in ({"token": ""}, {"token": TOKEN, "api_url": "api.telegram.org"}, {"token": TOKEN, "timeout": 0}):
        with pytest.raises(ValidationError):
            TelegramSettings(**wrong)


def test_an_unused_channel_loads_no_sdk():
    code = "import sys, bot.channels.telegram; sys.exit('telegram' in sys.modules or 'httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "words",
    [
        Text("🔴" * 3000),
        Text("title", ("🔴" * 5000, "second")),
        Text("t" * LIMIT, ("line",)),
        Text("t" * (LIMIT - 2), ("line",)),
        Text("title", tuple("&" * n for n in range(200))),
        RESTORED,
    ],
)
def test_a_cut_message_fits_and_says_that_it_was_cut(words):
    shown = "\n".join(cut(words, LIMIT))
    assert size(shown) <= LIMIT
    assert shown == words.text or shown.endswith("…") or shown == words.title
    assert shown.startswith(words.title if size(words.title) <= LIMIT else words.title[:1000])


def test_a_name_is_shown_and_calls_nobody():
    text = Draft(1, Text("@ana is here", ("write to desk@example.org or @newsroom",))).text
    assert text == "<b>@\u2060ana is here</b>\nwrite to desk@example.org or @\u2060newsroom"


def test_an_address_stays_one():
    link = "https://status.example.org/#incident/a9C?by=@x&in=/y"
    text = Draft(1, Text("title", (f"see {link} or #incident",))).text
    assert text.endswith(f"see {link.replace('&', '&amp;')} or #\u2060incident")


def test_places_are_read():
    assert where("-100123") == (-100123, None)
    assert where("-100123/45") == (-100123, 45)
    assert where("@ourchannel") == ("@ourchannel", None)

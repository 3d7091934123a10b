"""What may and may not stand in a mail, and in the settings of e-mail."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.channels.email import EmailSettings
from bot.contracts import ChannelContext
from bot.model import DeliveryAction, Destination, Later, RefusalScope, Refused, Sent, Text
from tests.channels.kit import ChannelKit
from tests.fakes.mail import PASSWORD, SENDER, FakeRelay, Page, free_ports, settings
from tests.reasons import english

NOBODY = ChannelContext(None, (), None, None)
KIT = ChannelKit()
KIT.destination = Destination("email", "desk@example.org")


@pytest.fixture
async def relay():
    async with FakeRelay() as relay:
        yield relay


@pytest.fixture
async def channel(relay):
    async with settings(relay.url, password=PASSWORD, security="none").open(NOBODY) as channel:
        yield channel


# ── what may not pass ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "place",
    [
        "desk@example.org\r\nBcc: all@example.org",
        "desk@example.org\nRCPT TO:<all@example.org>",
        "desk@example.org, all@example.org",
        "desk@example.org,all@example.org",
        "desk",
        "@example.org",
        "desk@",
        "desk@@example.org",
        "a b@example.org",
        "desk@" + "x" * 64 + ".org",
    ],
)
async def test_what_is_not_one_address_is_refused_before_anybody_is_asked(relay, channel, place):
    delivery = dataclasses.replace(KIT.first(), destination=Destination("email", place))
    receipt = await channel.send(delivery)
    assert isinstance(receipt, Refused)
    assert receipt.scope is RefusalScope.DESTINATION
    assert relay.connections == 0


async def test_an_address_of_another_script_goes_out_in_the_form_that_every_relay_takes(relay, channel):
    delivery = dataclasses.replace(KIT.first(), destination=Destination("email", "desk@münchen.example"))
    assert isinstance(await channel.send(delivery), Sent)
    assert relay.applied[0].place == "desk@xn--mnchen-3ya.example"


async def test_a_title_or_a_name_with_line_breaks_makes_no_header(relay, channel):
    words = Text("X is down\r\nBcc: all@example.org\r\n\r\nhello")
    notice = dataclasses.replace(KIT.delivery(1, words).notice, thread="x#17>\r\nBcc: all@example.org")
    delivery = dataclasses.replace(KIT.first(), notice=notice, audience="desk>\r\nBcc: all@example.org")
    assert isinstance(await channel.send(delivery), Sent)
    mail = relay.applied[0].raw
    assert mail["Bcc"] is None
    assert mail["Subject"] == "X is down Bcc: all@example.org hello"


async def test_letters_that_no_mail_can_hold_are_refused_in_words(channel):
    receipt = await channel.send(KIT.delivery(1, Text("X is \ud83d down", ("half a pair",))))
    assert isinstance(receipt, Refused)
    assert receipt.scope is RefusalScope.MESSAGE


async def test_markup_from_outside_is_text_in_the_page(relay, channel):
    words = Text("X <script>alert(1)</script>", ('<a href="https://evil.example/">free</a>', "{{ 7 * 7 }}"))
    assert isinstance(await channel.send(KIT.delivery(1, words)), Sent)
    assert relay.applied[0].links == ()
    assert "{{ 7 * 7 }}" in Page(relay.applied[0].raw).text


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"server": "mail.example.org"}, "expected smtp://"),
        ({"server": "http://mail.example.org"}, "expected smtp://"),
        ({"server": "smtp://mail.example.org:port"}, "Port"),
        ({"server": "smtp://me:hunter2@mail.example.org"}, "the password goes into password"),
        ({"server": "smtp://mail.example.org", "password": "hunter2"}, "a password needs a user"),
        ({"server": "smtp://me@mail.example.org"}, "a user needs a password"),
        ({"server": "smtp://me@mail.example.org", "password": "hunter2", "security": "none"}, "in clear"),
        ({"server": "smtps://mail.example.org", "security": "starttls"}, "smtps:// is security: tls"),
        ({"from": "nobody"}, "expected one address"),
        ({"from": "a@example.org, b@example.org"}, "expected one address"),
        ({"from": "Tocsin <a@example.org>\r\nBcc: b@example.org"}, "expected one address"),
        ({"ca_file": Path(__file__)}, "PEM certificates"),
        ({"ca_file": "/nowhere.pem"}, "does not point to a file"),
        ({"tls": True}, "Extra inputs"),
    ],
)
def test_settings_that_contradict_are_refused_and_tell_no_secret(wrong, expected):
    with pytest.raises(ValidationError, match=expected) as refused:
        EmailSettings.model_validate({"server": "smtp://mail.example.org", "from": SENDER} | wrong)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "host", "port", "user", "security"),
    [
        ({"server": "smtp://me@mail.example.org:2525"}, "mail.example.org", 2525, "me", "starttls"),
        ({"server": "smtp://me@example.org@mail.example.org"}, "mail.example.org", 587, "me@example.org", "starttls"),
        ({"server": "smtps://me%40x@mail.example.org"}, "mail.example.org", 465, "me@x", "tls"),
        ({"server": "smtp://mail", "security": "none"}, "mail", 25, "", "none"),
    ],
)
def test_a_server_is_read_as_it_is_written(given, host, port, user, security):
    read = settings(**given, **({"password": "hunter2"} if user else {}))
    assert (read.host, read.port, read.user, read.security) == (host, port, user, security)


async def test_a_relay_without_starttls_gets_no_mail_unless_that_is_wanted(relay):
    careful = settings(relay.url, password=PASSWORD)
    async with careful.open(NOBODY) as channel:
        receipt = await channel.send(KIT.first())
    assert isinstance(receipt, Later)
    assert "STARTTLS" in english(receipt.why)
    assert "STARTTLS" in english(await careful.probe(None))
    assert relay.applied == []


async def test_a_relay_that_is_not_there_is_said_in_one_line():
    (port,) = free_ports(1)
    said = english(await settings(f"smtp://127.0.0.1:{port}").probe(None))
    assert said.startswith(f"127.0.0.1:{port}: ")
    assert "check server" in said


def test_the_password_is_in_no_repr():
    assert PASSWORD not in repr(settings("smtp://me@mail.example.org", password=PASSWORD))


async def test_an_edit_asks_nobody(relay, channel):
    assert await channel.send(KIT.edit("<root@example.org>")) == Sent("<root@example.org>")
    assert KIT.edit(None).action is DeliveryAction.EDIT
    assert relay.connections == 0

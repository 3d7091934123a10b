"""How a relay is greeted: an old one by HELO, one that is particular by the name it wants, letters beyond ASCII by SMTPUTF8."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from pydantic import ValidationError

from bot.channels.email import EmailSettings
from bot.contracts import ChannelContext
from bot.model import Destination, RefusalScope, Refused, Sent
from tests.channels import test_email
from tests.reasons import english


class Old:
    """A relay; `ehlo` is what it answers to EHLO, `rcpt` to a recipient."""

    def __init__(self, ehlo=("250-x", "250 8BITMIME"), rcpt="250 ok"):
        self.ehlo, self.rcpt, self.heard, self.mails, self.serving = ehlo, rcpt, [], [], []

    async def serve(self, reader, writer):
        self.serving.append(asyncio.current_task())
        writer.write(b"220 hi\r\n")
        while line := await reader.readline():
            said = line.decode().strip()
            self.heard.append(said)
            command = said.split(" ")[0].upper()
            answers = {"EHLO": self.ehlo, "RCPT": (self.rcpt,), "DATA": ("354 go",), "QUIT": ("221 bye",)}
            writer.write("".join(f"{one}\r\n" for one in answers.get(command, ("250 ok",))).encode())
            if command == "DATA":
                mail = b""
                while (part := await reader.readline()).strip() != b".":
                    mail += part
                self.mails.append(mail)
                writer.write(b"250 ok\r\n")
            if command == "QUIT":
                break
        writer.close()


@asynccontextmanager
async def channel(relay, **more):
    server = await asyncio.start_server(relay.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    told = {"server": f"smtp://127.0.0.1:{port}", "security": "none", "from": "T <t@example.org>", "timeout": 5}
    settings = EmailSettings.model_validate(told | more)
    try:
        async with settings.open(ChannelContext(None, (), None, None)) as opened:
            yield settings, opened
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*relay.serving), 5)


def to(address):
    return replace(test_email.TestEmail().first(), destination=Destination("email", address))


@pytest.mark.hardened("issue-9", "a relay that knows HELO alone", "greeted by it, and the mail is sent")
async def test_a_relay_that_knows_helo_alone_is_greeted_by_it(saw):
    relay = Old(ehlo=("502 5.5.1 command not implemented",))
    async with channel(relay) as (settings, mail):
        receipt = await mail.send(to("a@example.org"))
        saw(type(receipt).__name__.lower())
        assert isinstance(receipt, Sent)
        assert await settings.probe(None) is None
    assert sum(one.startswith("HELO ") for one in relay.heard) == 2


@pytest.mark.hardened(
    "U7", "email:josé@example.org", "sent where the relay offers SMTPUTF8, else a refused place in words"
)
@pytest.mark.parametrize("address", ["josé@example.org", "Ünal <ünal@example.org>", "пример@example.org"])
async def test_an_address_beyond_ascii_needs_a_relay_that_takes_it(address, saw):
    able, unable = Old(ehlo=("250-x", "250-SMTPUTF8", "250 8BITMIME")), Old()
    async with channel(able) as (_, mail):
        assert isinstance(await mail.send(to(address)), Sent)
    local = address.rpartition("@")[0].rpartition("<")[2]
    assert f"RCPT TO:<{local}@example.org>" in able.heard
    assert any("SMTPUTF8" in one for one in able.heard if one.startswith("MAIL"))
    assert local.encode() in able.mails[0]
    async with channel(unable) as (_, mail):
        receipt = await mail.send(to(address))
    saw(receipt.why)
    assert (type(receipt), receipt.scope, unable.mails) == (Refused, RefusalScope.DESTINATION, [])
    assert not any(one.startswith("MAIL") for one in unable.heard)


@pytest.mark.hardened("U3", "RCPT refused for our EHLO name", "a refused account, and the key that mends it")
@pytest.mark.parametrize(
    "said",
    [
        "504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname",
        "554 5.7.1 <box>: Helo command rejected: Access denied",
        "450 4.7.1 <box>: Helo command rejected: Host not found",
        "550 5.7.1 invalid EHLO name",
    ],
)
async def test_a_refusal_of_our_name_is_ours(said, saw):
    relay = Old(rcpt=said)
    async with channel(relay) as (_, mail):
        receipt = await mail.send(to("a@example.org"))
    saw(receipt.scope)
    assert (type(receipt), receipt.scope) == (Refused, RefusalScope.ACCOUNT)
    assert "ehlo_name" in english(receipt.why)


async def test_a_relay_is_greeted_by_the_name_that_is_set():
    relay = Old()
    async with channel(relay, ehlo_name="tocsin.example.net") as (_, mail):
        await mail.send(to("a@example.org"))
    assert relay.heard[0] == "EHLO tocsin.example.net"


@pytest.mark.parametrize("name", ["", "a b", "x\r\nMAIL", "-a", "é.org", "a" * 300])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(ValidationError):
        EmailSettings.model_validate(
            {"server": "smtp://h", "from": "t@example.org", "security": "none", "ehlo_name": name}
        )


@pytest.mark.hardened(
    "T23", "`check --live` with a relay that knows HELO alone", "asked as it is written to, no mail sent"
)
async def test_an_old_relay_is_asked_after_a_place_as_it_is_written_to():
    relay = Old(ehlo=("502 5.5.1 command not implemented",))
    async with channel(relay) as (_, mail):
        account, found = await mail.account(), await mail.reach("a@example.org")
    assert (account.good, found.good, relay.mails) == (True, True, [])
    assert relay.heard[-3:] == ["RCPT TO:<a@example.org>", "RSET", "QUIT"]
    assert not any(one.startswith("DATA") for one in relay.heard)


@pytest.mark.parametrize("address", ["josé@example.org", "Ünal <ünal@example.org>"])
async def test_a_place_beyond_ascii_is_reached_where_the_relay_takes_it(address):
    able, unable = Old(ehlo=("250-x", "250-SMTPUTF8", "250 8BITMIME")), Old()
    async with channel(able) as (_, mail):
        assert (await mail.reach(address)).good is True
    async with channel(unable) as (_, mail):
        found = await mail.reach(address)
    assert (found.good, "no SMTPUTF8" in english(found.said)) == (False, True)


@pytest.mark.parametrize("said", ["504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname"])
async def test_a_relay_that_dislikes_our_name_is_told_by_check_with_the_key(said):
    async with channel(Old(rcpt=said)) as (_, mail):
        found = await mail.reach("a@example.org")
    assert (found.good, "ehlo_name" in english(found.said), "check it" in english(found.said)) == (False, True, False)

"""E-mail, against a mail server that somebody else wrote and a relay that shows every fault."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from bot.contracts import ChannelContext
from bot.model import Destination, Later, RefusalScope, Refused, Sent, Unsure
from tests.channels.kit import ACKNOWLEDGED, FIRST, RESTORED, ChannelKit, Expect, plain
from tests.fakes.faults import Fault
from tests.fakes.mail import PASSWORD, SENDER, FakeRelay, Page, mail_server, read_text, settings
from tests.reasons import english

# The tags of a mail of ours.
OURS = {"html", "head", "meta", "title", "style", "body", "div", "h1", "p", "span", "a"} | {
    *("table", "tbody", "tr", "td", "blockquote", "noscript", "xml", "o")  # the last three for old Outlook alone
}
NOBODY = ChannelContext(None, (), None, None)
KIT = ChannelKit()
KIT.destination = Destination("email", "desk@example.org")


@pytest.fixture(params=[False, True], ids=["one by one", "pipelining"])
async def relay(request):
    async with FakeRelay() as relay:
        relay.pipelining = request.param
        yield relay


@pytest.fixture
async def channel(relay):
    async with settings(relay.url, password=PASSWORD, security="none").open(NOBODY) as channel:
        yield channel


class TestEmail(ChannelKit):
    destination = Destination("email", "desk@example.org")
    impossible = frozenset({Fault.HTML})
    expected: ClassVar = {
        Fault.LIMITED: Expect(Later),
        Fault.BROKEN: Expect(Later),
        Fault.NOT_JSON: Expect(Later),
        Fault.FAILED: Expect(Refused, scope=RefusalScope.MESSAGE),
        Fault.HALF_OPEN: Expect(Later),  # the mail itself was never handed over
        Fault.TOO_LONG: Expect(Refused, scope=RefusalScope.MESSAGE),
    }
    test_an_edit_rewrites_the_first_message = None  # a mail cannot be rewritten

    @pytest.fixture
    async def far(self, relay):
        return relay

    def settings(self, url, timeout):
        security = "tls" if url.startswith("smtps:") else "none"
        return settings(url, password=PASSWORD, security=security, timeout=timeout)

    def read(self, message):
        page, ours = Page(message.raw), message.raw["From"].addresses[0].addr_spec  # it stands below each mail
        assert set(re.findall(r"<(\w+)", message.raw.get_body(("html",)).get_content())) <= OURS
        return message.text.replace(ours, ""), message.raw["Subject"], page.text.replace(ours, "")

    def elsewhere(self, far, fault, port):
        match fault:
            case Fault.REFUSED:
                return f"smtp://tocsin@127.0.0.1:{port}"
            case Fault.NO_NAME:
                return "smtps://tocsin@nowhere.invalid"
            case _:
                return far.url.replace("smtp:", "smtps:")

    async def test_a_quiet_reply_lands_in_the_thread(self, far, channel):
        """Every mail is loud."""
        root = await self.rooted(channel)
        assert isinstance(await channel.send(self.reply(root)), Sent)
        assert far.applied[1].thread == far.applied[0].ref
        assert ACKNOWLEDGED.title in plain(far.applied[1].text)

    async def test_an_edit_is_done_at_once_and_writes_nothing(self, far, channel):
        root = await self.rooted(channel)
        assert await channel.send(self.edit(root)) == Sent(root)
        assert len(far.applied) == 1


# ── as its readers have it ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def server(tmp_path):
    async with mail_server(tmp_path) as server:
        yield server


async def test_a_whole_thread_is_read_back_by_imap(server):
    """Down, acknowledged, restored; over STARTTLS and over TLS from the first byte."""
    login = {"password": server.password, "ca_file": server.ca_file}
    user = server.user.replace("@", "%40")
    starttls = settings(f"smtp://{user}@127.0.0.1:{server.smtp_port}", **login)
    tls = settings(f"smtps://{user}@127.0.0.1:{server.smtps_port}", **login)
    assert [await ways.probe(None) for ways in (starttls, tls)] == [None, None]
    async with starttls.open(NOBODY) as channel, tls.open(NOBODY) as other:
        root = await KIT.rooted(channel)
        assert isinstance(await channel.send(KIT.reply(root)), Sent)
        assert isinstance(await other.send(KIT.restored(root)), Sent)
    down, acknowledged, restored = await server.mailbox()
    assert [mail["Subject"] for mail in (down, acknowledged, restored)] == [
        FIRST.title,
        ACKNOWLEDGED.title,
        RESTORED.title,
    ]
    assert down["Message-ID"] == root
    assert type(root) is str  # a header of its own type would not fit every store
    assert down["References"] == down["In-Reply-To"] == "<x-17@example.org>"
    assert {mail["In-Reply-To"] for mail in (acknowledged, restored)} == {root}
    assert [mail["References"].split() for mail in (acknowledged, restored)] == [["<x-17@example.org>", root]] * 2
    assert down.get_content_type() == "multipart/alternative"
    body, below = read_text(down).split("\n-- \n")
    dated = "Thursday, July 14, 2022, noon UTC"
    assert body == "\n".join((FIRST.title, dated, *(f"\n{line}" for line in FIRST.lines), ""))
    why = "You get this because your address is on the list “desk”."
    assert below == f"{why}\nTo stop these mails, write to tocsin@example.org\nReference: x#17\n"
    page = Page(down)
    assert [line for line in (FIRST.title, dated, *FIRST.lines, why, "Reference: x#17") if line not in page.text] == []
    assert (down["From"], down["To"], down["List-Id"]) == (SENDER, "desk@example.org", "<desk.example.org>")
    assert (down["Auto-Submitted"], down["X-Auto-Response-Suppress"]) == ("auto-generated", "All")
    assert abs(down["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)


async def test_a_wrong_password_and_an_unknown_authority_are_said_without_a_secret(server):
    address = f"smtp://tocsin%40example.org@127.0.0.1:{server.smtp_port}"
    wrong = settings(address, password="guess-91", ca_file=server.ca_file)
    strange = settings(address, password=PASSWORD)
    async with wrong.open(NOBODY) as channel:
        refused = await channel.send(KIT.first())
    async with strange.open(NOBODY) as channel:
        later = await channel.send(KIT.first())
    assert isinstance(refused, Refused)
    assert refused.scope is RefusalScope.ACCOUNT
    assert isinstance(later, Later)
    faults = [refused.why, later.why, await wrong.probe(None), await strange.probe(None)]
    said = [english(fault) for fault in faults]
    assert "535" in said[2]
    assert "check the user" in said[2]
    assert "its certificate is not trusted" in said[3]
    assert not any(secret in line for secret in ("guess-91", PASSWORD) for line in said)
    assert not any("\n" in line for line in said)
    assert await server.mailbox() == []


# ── what the relay answers ───────────────────────────────────────────────────────────────────────────────────────────

ANSWERS = [
    ("MAIL", "421 4.3.2 closing", Later),
    ("MAIL", "450 4.1.8 sender's domain not found", Later),
    ("MAIL", "530 5.7.0 must issue STARTTLS first", RefusalScope.ACCOUNT),
    ("MAIL", "550 5.4.5 daily sending quota exceeded", RefusalScope.ACCOUNT),
    ("MAIL", "553 5.1.8 not your address", RefusalScope.ACCOUNT),
    ("MAIL", "501 5.1.7 bad address syntax", RefusalScope.MESSAGE),
    ("MAIL", "555 5.5.4 unknown parameter", RefusalScope.MESSAGE),
    ("RCPT", "450 4.2.0 mailbox busy", Later),
    ("RCPT", "452 4.2.2 over quota", Later),
    ("RCPT", "550 5.1.1 no such user", RefusalScope.DESTINATION),
    ("RCPT", "550 no such user", RefusalScope.DESTINATION),
    ("RCPT", "550 5.2.1 mailbox disabled", RefusalScope.DESTINATION),
    ("RCPT", "550 5.7.1 relaying denied", RefusalScope.ACCOUNT),
    ("RCPT", "550 5.7.1 takes no mail from you", RefusalScope.DESTINATION),
    ("RCPT", "552 5.2.2 mailbox full", Later),
    ("RCPT", "552 mailbox full", Later),
    ("RCPT", "553 mailbox name not allowed", RefusalScope.DESTINATION),
    ("RCPT", "554 not today", RefusalScope.DESTINATION),
    ("RCPT", "556 5.1.10 domain takes no mail", RefusalScope.DESTINATION),
    ("DATA", "421 4.7.28 too many with one Message-ID", Later),
    ("DATA", "451 4.7.1 greylisted", Later),
    ("DATA", "550 5.1.1 no such user after all", RefusalScope.DESTINATION),
    ("DATA", "550 5.7.1 looks like spam", RefusalScope.MESSAGE),
    ("DATA", "552 5.2.2 mailbox full", Later),
    ("DATA", "552 5.3.4 too big", RefusalScope.MESSAGE),
    ("DATA", "554 5.6.0 disliked", RefusalScope.MESSAGE),
    ("DATA", "554 disliked", RefusalScope.MESSAGE),
    ("AUTH", "454 4.7.0 try again", Later),
    ("AUTH", "535 5.7.8 wrong", RefusalScope.ACCOUNT),
]


@pytest.mark.parametrize(("command", "answer", "expected"), ANSWERS, ids=str)
async def test_each_answer_of_a_relay_has_its_receipt(relay, channel, command, answer, expected):
    relay.say(command, answer, times=2 if command == "AUTH" else 1)  # PLAIN, then LOGIN
    receipt = await channel.send(KIT.first())
    assert isinstance(receipt, Later if expected is Later else Refused), receipt
    assert expected is Later or receipt.scope is expected
    assert answer in english(receipt.why)
    if expected is Later:  # of one mailbox, or of the relay?
        assert receipt.local is (command == "RCPT" or "full" in answer)
    assert relay.applied == []
    assert isinstance(await channel.send(KIT.first()), Sent)


@pytest.mark.parametrize(("command", "answer"), [("MAIL", "421 4.7.28 slow down"), ("AUTH", "454 4.7.0 not now")])
async def test_what_holds_for_the_whole_account_is_said_to(relay, channel, command, answer):
    relay.say(command, answer, times=2)
    receipt = await channel.send(KIT.first())
    assert isinstance(receipt, Later)
    assert receipt.whole


# ── connections ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_connection_is_used_again_up_to_a_hundred_mails(relay, channel):
    for _ in range(101):
        assert isinstance(await channel.send(KIT.first()), Sent)
    assert (len(relay.applied), relay.connections) == (101, 2)


async def test_many_mails_at_once_take_few_connections(relay, channel):
    receipts = await asyncio.gather(*(channel.send(KIT.first()) for _ in range(40)))
    assert all(isinstance(receipt, Sent) for receipt in receipts)
    assert relay.connections <= 10


async def test_no_more_connections_than_the_config_allows(relay):
    async with settings(relay.url, password=PASSWORD, security="none", connections=2).open(NOBODY) as channel:
        receipts = await asyncio.gather(*(channel.send(KIT.first()) for _ in range(20)))
    assert all(isinstance(receipt, Sent) for receipt in receipts)
    assert relay.connections <= 2


async def test_a_relay_that_takes_very_long_over_all_is_given_up_before_anything_left(relay, monkeypatch):
    """The outbox lends a delivery for a while only: what waits longer would be sent twice."""
    monkeypatch.setattr("bot.channels.email.smtp.READY", 0.2)
    relay.fault(Fault.HALF_OPEN)
    relay.fault(Fault.SILENT, times=4)
    said = settings(relay.url, password=PASSWORD, security="none", timeout=1, connections=4)
    async with said.open(NOBODY) as channel:
        slow = await channel.send(KIT.first())
        receipts = await asyncio.gather(*(channel.send(KIT.first()) for _ in range(5)))
    assert isinstance(slow, Later)
    assert "timed out" in english(slow.why).lower()
    assert sorted(type(receipt).__name__ for receipt in receipts) == ["Later"] + ["Unsure"] * 4
    assert len(relay.applied) == 4


async def test_a_connection_that_the_relay_closed_meanwhile_costs_nothing(relay, channel):
    assert isinstance(await channel.send(KIT.first()), Sent)
    relay.hang_up()
    assert isinstance(await channel.send(KIT.first()), Sent)
    relay.say("MAIL", "421 4.4.2 you were idle")
    assert isinstance(await channel.send(KIT.first()), Sent)
    assert len(relay.applied) == 3


async def test_a_mail_whose_fate_is_unknown_is_sent_again_under_the_same_id(relay, channel):
    relay.fault(Fault.CUT)
    assert isinstance(await channel.send(KIT.first()), Unsure)
    receipt = await channel.send(KIT.first(attempts=1, unsure=True))
    first, again = relay.applied
    assert first.ref == again.ref == receipt.ref


async def test_a_long_domain_and_a_long_service_still_make_one_thread(relay):
    """The standard library writes ids that are longer than a line as encoded words, which mail programs cannot match."""
    sender = "tocsin@notifications.internal.some-very-long-company-name.example.org"
    async with settings(relay.url, **{"from": sender}, password=PASSWORD, security="none").open(NOBODY) as channel:
        notice = dataclasses.replace(KIT.first().notice, thread="the-newsroom-s-own-content-delivery#1017")
        first = await channel.send(dataclasses.replace(KIT.first(), notice=notice))
        await channel.send(dataclasses.replace(KIT.reply(first.ref), notice=notice))
    down, reply = (message.raw for message in relay.applied)
    assert reply["In-Reply-To"] == down["Message-ID"]
    assert reply["References"].split() == [down["References"].strip(), down["Message-ID"]]
    assert relay.broken == []


async def test_other_readers_and_other_times_have_other_ids(relay, channel):
    delivery = KIT.first()
    later = dataclasses.replace(delivery.notice, at=delivery.notice.at + timedelta(days=1))
    for each in (
        delivery,
        dataclasses.replace(delivery, key="x#17/1@email:ana@example.org"),
        dataclasses.replace(delivery, notice=later),
    ):
        await channel.send(each)
    assert len({message.ref for message in relay.applied}) == 3

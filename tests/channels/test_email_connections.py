"""Many mails at once: as many connections as the relay takes, one write for each envelope, and each refusal as it was meant."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from bot.channels.email.connection_limit import LEARNT, ConnectionLimit
from bot.contracts import ChannelContext
from bot.model import Destination, Later, RefusalScope, Refused, Sent, Unsure
from tests.channels.kit import ChannelKit
from tests.fakes.busy_relay import BusyRelay
from tests.fakes.mail import settings

NOBODY = ChannelContext(None, (), None, None)
KIT = ChannelKit()
KIT.destination = Destination("email", "desk@example.org")


@pytest.fixture
async def relay():
    async with BusyRelay() as relay:
        yield relay


@pytest.fixture
async def channel(relay):
    async with settings(relay.url, security="none", timeout=5).open(NOBODY) as channel:
        yield channel


def to(number):
    return dataclasses.replace(KIT.first(), destination=Destination("email", f"reader{number}@example.org"))


async def test_the_envelope_goes_in_one_write(relay, channel):
    assert isinstance(await channel.send(KIT.first()), Sent)
    relay.writes.clear()
    assert isinstance(await channel.send(KIT.first()), Sent)
    assert relay.writes == [b"MAIL FROM:<tocsin@example.org>\r\nRCPT TO:<desk@example.org>\r\nDATA\r\n"]


async def test_the_mail_arrives_as_it_was_made_also_with_dots_at_the_beginning_of_lines(relay, channel):
    mail = KIT.first()
    text = dataclasses.replace(mail.notice.words, lines=(".dot", "..", ".", "plain"))
    await channel.send(dataclasses.replace(mail, notice=dataclasses.replace(mail.notice, words=text)))
    [(_, _, content)] = relay.taken
    assert b"\r\n.dot" not in content
    assert b"\r\n..dot" in content  # a dot more on the way, as SMTP wants it


@pytest.mark.parametrize("pieces", [False, True], ids=["whole", "in pieces"])
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("MAIL", "421 4.7.28 come back later"), (Later, {"whole": True})),
        (("MAIL", "550 5.7.1 not from you"), (Refused, {"scope": RefusalScope.ACCOUNT})),
        (("RCPT", "451 4.7.1 greylisted"), (Later, {"local": True})),
        (("RCPT", "550 5.1.1 no such user"), (Refused, {"scope": RefusalScope.DESTINATION})),
        (("RCPT", "552 5.2.2 mailbox full"), (Later, {"local": True})),
        (("DATA", "451 4.3.0 local error"), (Later, {})),
        (("DATA", "554 5.6.0 no"), (Refused, {"scope": RefusalScope.MESSAGE})),
        (("DATA", "250 what"), (Unsure, {})),
        (("MAIL ITSELF", "451 4.3.0 local error"), (Later, {})),
        (("MAIL ITSELF", "552 5.3.4 message too big"), (Refused, {"scope": RefusalScope.MESSAGE})),
        (("MAIL ITSELF", "cut"), (Unsure, {})),
        (("MAIL", "lorem ipsum"), (Later, {})),
        (("RCPT", "550-5.1.1 no such\r\n550 user"), (Refused, {"scope": RefusalScope.DESTINATION})),
        (("MAIL", "250 " + "x" * 40_000), (Later, {})),
    ],
)
async def test_each_refusal_means_what_it_means_without_pipelining(channel, relay, said, expected, pieces):
    command, reply = said
    relay.replies[command], relay.pieces = reply, pieces and len(reply) < 1000
    receipt = await channel.send(KIT.first())
    kind, more = expected
    assert type(receipt) is kind, receipt
    assert {name: getattr(receipt, name) for name in more} == more
    assert not relay.taken
    # The next mail is not disturbed by replies that were still on their way.
    relay.replies.clear()
    assert isinstance(await channel.send(KIT.first()), Sent)
    assert len(relay.taken) == 1


async def test_a_relay_that_takes_three_connections_gets_three(relay, channel):
    relay.most, relay.takes = 3, 0.01
    receipts = await asyncio.gather(*(channel.send(to(number)) for number in range(40)))
    assert all(isinstance(receipt, Sent) for receipt in receipts), receipts
    assert len({place for _, place, _ in relay.taken}) == len(relay.taken) == 40
    assert relay.refused <= 7  # the first ten at once, three of them taken
    before = relay.refused
    receipts = await asyncio.gather(*(channel.send(to(number)) for number in range(40)))
    assert all(isinstance(receipt, Sent) for receipt in receipts)
    assert relay.refused == before


async def test_a_relay_that_takes_none_is_asked_again_later(relay, channel):
    relay.most = 0
    receipt = await channel.send(KIT.first())
    assert (type(receipt), receipt.whole) == (Later, True)


async def test_what_was_learnt_is_forgotten_after_a_while(monkeypatch):
    limit = ConnectionLimit(10)
    assert limit.refused(3)
    assert limit.most == 3
    assert not limit.refused(0)
    assert limit.most == 3
    assert timedelta(minutes=5) <= timedelta(seconds=LEARNT) <= timedelta(hours=1)
    monkeypatch.setattr("bot.channels.email.connection_limit.LEARNT", -1.0)
    assert limit.refused(2)
    assert limit.most == 10


async def test_no_turn_is_lost_when_those_who_wait_give_up():
    limit, loop = ConnectionLimit(2), asyncio.get_running_loop()
    far = loop.time() + 30
    assert await limit.take(far)
    assert await limit.take(far)
    waiting = [asyncio.create_task(limit.take(far)) for _ in range(3)]
    assert not await limit.take(loop.time() + 0.01)
    limit.give_back()
    waiting[0].cancel()
    await asyncio.gather(waiting[0], return_exceptions=True)
    assert await waiting[1]
    limit.give_back()
    assert await waiting[2]

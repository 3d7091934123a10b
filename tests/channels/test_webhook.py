"""Webhooks, through our own transport, against a receiver that shows every fault."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import ClassVar

import pytest

from bot.channels.webhook import WebhookSettings
from bot.contracts import Answer, Cause, ChannelContext, Trouble
from bot.contracts.retry_after import retry_after
from bot.model import Destination, Later, RefusalScope, Refused, Sent, Unsure
from bot.net import Network
from tests.channels.kit import AT, ChannelKit, Expect
from tests.fakes.faults import Fault
from tests.fakes.hook import TOKEN, FakeHook
from tests.reasons import HTTP_503, english, quote

SECRET = f"https://user:{TOKEN}@hooks.example.org/{TOKEN}?key={TOKEN}"


class TestWebhook(ChannelKit):
    destination = Destination("webhook", SECRET)
    expected: ClassVar = {
        Fault.NOT_JSON: Expect(Sent),  # the status says it: nobody has agreed on a body
        Fault.TOO_LONG: Expect(Refused, scope=RefusalScope.MESSAGE),
        Fault.REVOKED: Expect(Refused, scope=RefusalScope.DESTINATION),  # each receiver is an account of its own
    }

    @pytest.fixture
    async def net(self):
        async with Network() as net:
            yield net

    @pytest.fixture
    async def far(self):
        async with FakeHook() as far:
            yield far

    def settings(self, url, timeout):
        self.destination = Destination("webhook", f"{url}hook/{TOKEN}")  # here the place is the address
        return WebhookSettings(timeout=timeout)

    async def test_a_receiver_gets_every_fact_by_name(self, far, channel):
        await channel.send(self.first())
        (told,) = far.heard
        assert told["version"] == 1
        assert (told["key"], told["thread"], told["service"], told["act"], told["root"]) == (
            "x#17/1",
            "x#17",
            "x",
            "post",
            None,
        )
        assert (told["tone"], told["at"]) == ("down", "2022-07-14T12:00:00+00:00")

    async def test_a_repeat_bears_the_same_key_so_that_a_receiver_does_it_once(self, far, channel):
        far.fault(Fault.CUT)
        assert isinstance(await channel.send(self.first()), Unsure)
        assert isinstance(await channel.send(self.first(attempts=1, unsure=True)), Sent)
        assert (len(far.heard), len(far.applied)) == (2, 1)

    async def test_a_service_of_another_script_passes(self, far, channel):
        notice = dataclasses.replace(self.first().notice, key="почта#3/1", thread="почта#3")
        delivery = dataclasses.replace(self.first(), key=f"почта#3/1@{self.destination}", notice=notice)
        assert await channel.send(delivery) == Sent("почта#3/1")
        assert (far.heard[0]["service"], far.heard[0]["key"]) == ("почта", "почта#3/1")

    async def test_another_incident_of_the_same_number_is_no_repeat(self, far, channel):
        for at in (AT, AT + timedelta(days=1)):
            await channel.send(self.first(at=at))
        assert len(far.applied) == 2

    @pytest.mark.parametrize("place", ["", "nonsense", "ftp://example.org/x", "http://", "https://[::1", "http://a b/"])
    async def test_what_is_no_address_is_refused_without_repeating_it(self, channel, place):
        receipt = await channel.send(dataclasses.replace(self.first(), destination=Destination("webhook", place)))
        assert isinstance(receipt, Refused)
        assert receipt.scope is RefusalScope.DESTINATION


class Scripted:
    """A transport that answers what the test says, and nothing else."""

    def __init__(self, answer):
        self.answer = answer

    def prepare(self, *_args):
        return None

    async def fetch(self, _prepared, **_more):
        return self.answer


def answered(status: int, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, b"", SECRET, timedelta(), {})


async def received(answer):
    async with WebhookSettings().open(ChannelContext(Scripted(answer), (), None, None)) as channel:
        return await channel.send(TestWebhook().first())


@pytest.mark.parametrize(
    ("status", "kind", "scope"),
    [
        (200, Sent, None),
        (202, Sent, None),
        (301, Refused, RefusalScope.DESTINATION),
        (400, Refused, RefusalScope.MESSAGE),
        (401, Refused, RefusalScope.DESTINATION),
        (403, Refused, RefusalScope.DESTINATION),
        (404, Refused, RefusalScope.DESTINATION),
        (405, Refused, RefusalScope.MESSAGE),
        (408, Unsure, None),
        (410, Refused, RefusalScope.DESTINATION),
        (413, Refused, RefusalScope.MESSAGE),
        (422, Refused, RefusalScope.MESSAGE),
        (429, Later, None),
        (500, Unsure, None),
        (502, Unsure, None),
        (503, Later, None),
        (504, Unsure, None),
        (520, Unsure, None),
    ],
)
async def test_each_status_has_its_receipt(status, kind, scope):
    receipt = await received(answered(status))
    assert isinstance(receipt, kind)
    assert getattr(receipt, "scope", None) is scope
    assert kind is Sent or f"HTTP {status}" in english(receipt.why)
    assert kind is Sent or TOKEN not in repr(receipt)


@pytest.mark.parametrize(("left", "kind"), [(False, Later), (True, Unsure)])
async def test_a_request_that_had_left_may_have_arrived(left, kind):
    receipt = await received(Trouble(Cause.RESET, quote("reset by the far side"), timedelta(), left=left))
    assert isinstance(receipt, kind)
    assert english(receipt.why) == "reset by the far side"


async def test_the_wait_that_was_asked_for_is_passed_on():
    assert await received(answered(503, retry_after="120")) == Later(HTTP_503, timedelta(minutes=2))


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("0", timedelta()),
        ("30", timedelta(seconds=30)),
        ("9" * 40, timedelta(days=1)),
        ("Thu, 14 Jul 2022 12:00:00 GMT", timedelta()),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("٣", None),
    ],
)
def test_a_wait_is_read_as_it_is_written(value, wait):
    assert retry_after(value) == wait


def test_a_wait_may_be_a_date():
    wait = retry_after(format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True))
    assert timedelta(minutes=4, seconds=55) < wait <= timedelta(minutes=5)
    assert retry_after(format_datetime(datetime.now(UTC) + timedelta(days=900), usegmt=True)) == timedelta(days=1)


async def test_there_is_nothing_to_probe():
    assert await WebhookSettings().probe(None) is None

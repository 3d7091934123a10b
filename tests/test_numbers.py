"""Numbers from outside, however large, small, broken or of another type, raise nothing and are never waited for long."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from telegram import Update

from bot.channels.discord.session import Call
from bot.channels.slack import channel, parse
from bot.channels.telegram.channel import Request
from bot.chat import commands, delivery_log
from bot.contracts import retry_after
from bot.model import intervals
from bot.net import connection, head
from bot.net.body import Chunks
from bot.net.errors import TroubleError
from bot.watch.sources.dialects import base, dates
from bot.watch.sources.trackers import downdetector

NUMBERS = (
    10**12,
    10**400,
    -1,
    0,
    -(10**400),
    1.5,
    1e308,
    float("nan"),
    float("inf"),
    -float("inf"),
    2**63,
    2**31,
    True,
    False,
)
TEXTS = (
    "",
    " ",
    "-1",
    "NaN",
    "inf",
    "1e999",
    "9" * 12,
    "9" * 400,
    "9" * 5000,
    "²",
    "٣",
    "0x10",
    "1_000",
    "+1",
    "1.5",
    "\0",
    "\ud800",
)
DATES = (
    "Mon, 01 Jan 0001 00:00:00 +0000",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 2027 00:00:00 -0000",
    "Mon, 99 Foo 2027 99:99:99",
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
)
WILD = (*NUMBERS, *TEXTS, *DATES, None, [], {}, b"1", [1], {"a": 1})
hardened = pytest.mark.hardened
wild = pytest.mark.parametrize("value", WILD, ids=lambda one: f"{type(one).__name__} {one!r:.30}")


@hardened("R1", "a wait of twelve digits, of 400, NaN, a date in the year 9999", "a wait of a day at most")
@wild
def test_a_wait_is_bounded_or_none(value):
    for found, most in (
        (retry_after.retry_after(value), timedelta(days=1)),
        (retry_after.later("x", value).wait, timedelta(minutes=15)),
    ):
        assert found is None or timedelta(0) <= found <= most
    seconds = retry_after.seconds(value)
    assert seconds is None or 0 <= seconds <= retry_after.YEAR


@wild
def test_a_moment_is_one_that_can_be_reckoned_with_in_any_zone(value):
    found = [dates.instant(value)]
    if isinstance(value, str):
        read = dates.moment(value, datetime(2026, 11, 20, tzinfo=UTC))
        found += [dates.date(value), dates.about(value), read.at if read else None]
    for at in found:
        assert at is None or at.astimezone(ZoneInfo("Pacific/Kiritimati")) == at
    slack = parse._moment(value) if isinstance(value, str) else None
    assert slack is None or slack.tzinfo is UTC


@wild
def test_a_count_of_people_and_the_life_of_a_token_are_bounded(value):
    number = downdetector._number(value)
    assert number is None or 0 <= number <= downdetector.MOST
    assert timedelta(0) <= downdetector._life(value) <= timedelta(days=20_000)
    assert isinstance(base.key(value), str)


@hardened("R1", "Discord's Date header without a zone", "the time is not known")
@wild
def test_a_date_of_an_answer_is_one_or_none(value):
    with (call := Call()):
        call.answered(value if isinstance(value, str) else None)
        assert call.repeats(datetime.now(UTC)) in {True, False}


@hardened("R1", "a message of Slack's without its time, or with one of 400 digits", "not taken for ours")
@wild
def test_when_a_message_was_written_is_a_number(value):
    assert isinstance(channel._second({"ts": value}), float)
    assert channel._second({}) == 0


@hardened("R1", "a certificate that ends in the year 0, 1 or 9999", "no date, or one that any zone can show")
@pytest.mark.parametrize("year", ["0000", "0001", "1969", "2027", "9999"])
def test_the_end_of_a_certificate_can_be_shown_in_any_zone(year):
    at = connection._instant(f"Dec 31 23:59:59 {year} GMT")
    for zone in ("Pacific/Kiritimati", "America/New_York"):
        assert at is None or at.astimezone(ZoneInfo(zone)) == at
    assert connection._instant("Bad time value") is None


@wild
def test_lengths_of_bodies_and_chunks_are_bounded_or_nothing(value):
    said = str(value)[:4000]
    text = said.replace("\n", "").replace("\r", "").replace("\0", "").encode("utf-8", "replace")
    found = head.read(b"HTTP/1.1 200 OK\r\nContent-Length: " + text + b"\r\n\r\n").length
    assert found is None or 0 <= found <= head.LARGEST
    with suppress(TroubleError):
        Chunks().feed(text + b"\r\nx")


@wild
def test_what_people_write_for_a_number_is_bounded_or_refused(value):
    if isinstance(value, str):
        for text in (value, f"{value}d", f"{value}s"):
            with suppress(ValueError):
                assert timedelta(0) <= intervals.length(text) <= intervals.MOST
        assert timedelta(0) < delivery_log.days(("x", value))[1] <= timedelta(days=delivery_log.MOST_DAYS)
        assert timedelta(0) < commands.parse(f"history x {value}").period <= timedelta(days=delivery_log.MOST_DAYS)


MESSAGE = {
    "message_id": 3,
    "date": 1_795_000_000,
    "text": "/status",
    "entities": [{"type": "bot_command", "offset": 0, "length": 7}],
    "chat": {"id": 1, "type": "private"},
    "from": {"id": 1, "is_bot": False, "first_name": "a"},
}
PRESS = {"id": "1", "from": MESSAGE["from"], "chat_instance": "1", "data": "ack", "message": MESSAGE}
UPDATES = ({"update_id": 5, "message": MESSAGE}, {"update_id": 5, "callback_query": PRESS})


def places(node: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield (*above, key)
        yield from places(node[key], (*above, key))


@hardened("R1", "one Telegram message with a date of twelve digits, or a text for a chat", "it alone is not heard")
@pytest.mark.parametrize("update", UPDATES, ids=["message", "press"])
def test_one_update_that_cannot_be_read_does_not_deafen_the_bot(update):
    for path in places(update):
        for value in (*NUMBERS, "", "x", None, [], {}):
            damaged = copy.deepcopy(update)
            node: Any = damaged
            for key in path[:-1]:
                node = node[key]
            node[path[-1]] = value
            answer = json.dumps({"ok": True, "result": [damaged, UPDATES[0] | {"update_id": 6}]}).encode()
            said = Update.de_list(Request.parse_json_payload(answer)["result"], None)
            assert said[-1].update_id == 6
            assert said[-1].effective_message is not None
            assert len(said) == 2 or path == ("update_id",)

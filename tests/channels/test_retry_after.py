"""Whatever number a provider gives for how long to wait: a wait of a quarter of an hour at most, and nothing breaks."""

from __future__ import annotations

import email.utils
import json
import math
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import aiohttp
import discord
import pytest
from aiohttp import web
from discord.http import Ratelimit
from telegram.error import ChatMigrated, RetryAfter

from bot.channels.discord.receipts import Limited, judge
from bot.channels.discord.session import _look_at
from bot.channels.slack.receipts import _judged
from bot.channels.telegram.channel import Request
from bot.channels.telegram.receipts import receipt, wait
from bot.channels.webhook import meaning
from bot.contracts import Answer, retry_after
from bot.model import Later, Refused

QUARTER = timedelta(seconds=retry_after.LONGEST_FOR_MESSAGES)
NUMBERS = [
    (0, 0), (1, 1), (1.5, 1.5), (900, 900), (901, 900), (604800, 900), (999999999999, 900), (10**400, 900), (1e300, 900),
    (math.inf, 900), (-math.inf, 0), (-5, 0), (math.nan, None), (True, None), (None, None), ([5], None), ({"a": 1}, None),
    (b"5", None), (timedelta(seconds=7), 7), (timedelta.max, 900), (timedelta(-1), 0),
]  # fmt: skip
TEXTS = [
    ("5", 5), (" 5 ", 5), ("+5", 5), ("1.5", 1.5), ("999999999999", 900), ("9" * 400, 900), ("9" * 5000, None), ("-5", None),
    ("NaN", None), ("inf", None), ("1e300", None), ("٥", None), ("5s", None), ("", None), ("soon", None), ("5, 6", None),
    ("Thu, 14 Jul 2022 12:00:00 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 900), ("Fri, 31 Dec 99999 23:59:59 GMT", None),
    ("0001-01-01", None), ("Thu, 14 Jul 2022 12:00:00", None), ("x" * 100_000, None),
]  # fmt: skip


def length(seconds):
    return None if seconds is None else timedelta(seconds=seconds)


@pytest.mark.hardened(
    "R1", "a provider's wait of twelve digits, NaN, 1e300, negative, text, a list", "capped or left out, no error"
)
@pytest.mark.parametrize(("value", "seconds"), NUMBERS + TEXTS, ids=lambda v: str(v)[:30])
def test_every_number_gives_a_wait_that_can_be_kept(value, seconds, saw):
    said = retry_after.later("why", value)
    saw(f"at most {QUARTER}")
    assert said.wait == length(seconds)
    assert datetime.now(UTC) + (said.wait or timedelta()) < datetime.now(UTC) + timedelta(hours=1)
    assert (said.asked is not None) == (seconds == 900 and value != 900)
    assert retry_after.retry_after(value) is None or retry_after.retry_after(value) <= timedelta(days=1)


def test_a_date_is_a_wait():
    said = retry_after.later("why", email.utils.format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True))
    assert timedelta(minutes=4) < said.wait <= timedelta(minutes=5)


@pytest.mark.hardened("R2", "Slack asks us to wait a week", "asked again after 15 min; the admins hear")
@pytest.mark.parametrize("asked", ["604800", "999999999999", "9" * 300])
def test_a_week_is_a_quarter_of_an_hour_and_known_to_be_more(asked, saw):
    said = _judged(
        SimpleNamespace(status_code=429, data={"ok": False, "error": "ratelimited"}, headers={"Retry-After": asked})
    )
    saw(f"later, in {said.receipt.wait}")
    assert (said.receipt.wait, said.receipt.asked >= timedelta(days=7)) == (QUARTER, True)


@pytest.mark.parametrize("asked", ["NaN", "-1", "soon", ""])
def test_what_slack_says_that_is_no_wait_is_none(asked):
    said = _judged(SimpleNamespace(status_code=429, data={"ok": False}, headers={"retry-after": asked}))
    assert (type(said.receipt), said.receipt.wait) == (Later, None)


@pytest.mark.parametrize(
    "value", [v for v, _ in NUMBERS if not isinstance(v, bytes | timedelta)], ids=lambda v: str(v)[:30]
)
def test_telegrams_waits_reach_the_sdk_as_it_can_read_them(value, monkeypatch):
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    said = {"ok": False, "description": "Too Many Requests", "parameters": {"retry_after": value}}
    parameters = Request.parse_json_payload(json.dumps(said).encode()).get("parameters", {})
    asked = parameters.get("retry_after")
    assert asked is None or isinstance(asked, int)
    if asked is not None:
        told = receipt(RetryAfter(asked), "secret")
        assert told.wait <= QUARTER
        assert wait(RetryAfter(asked)) <= QUARTER


@pytest.mark.parametrize("chat", ["-100", 1e300, True, [1], 10**30, 0, None])
def test_a_chat_moves_to_an_id_alone(chat):
    body = {
        "ok": False,
        "description": "Bad Request: group chat was upgraded",
        "parameters": {"migrate_to_chat_id": chat},
    }
    kept = Request.parse_json_payload(json.dumps(body).encode()).get("parameters", {})
    assert kept.get("migrate_to_chat_id") in {None, 1}
    assert isinstance(receipt(ChatMigrated(-100), "s"), Refused)


@pytest.mark.parametrize("said", [b"[]", b"7", b'{"parameters": [1]}', b'{"description": [1], "parameters": {}}'])
def test_an_answer_of_another_shape_breaks_nothing(said):
    assert isinstance(Request.parse_json_payload(said), dict)


@pytest.mark.parametrize("value", [v for v, _ in NUMBERS if isinstance(v, int | float)][:8], ids=str)
def test_discords_waits(value):
    asked = retry_after.seconds(value) or 0.0
    assert judge(Limited(asked, whole=True), left=False, timeout=1).wait <= QUARTER
    assert judge(discord.RateLimited(asked), left=False, timeout=1).wait <= QUARTER
    assert judge(discord.RateLimited(1e300), left=False, timeout=1).wait == QUARTER


async def _served(status, headers, body):
    async def answer(_request):
        return web.Response(status=status, headers=headers, text=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with aiohttp.ClientSession() as session:
            response = await session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/")
            raised = None
            try:
                await _look_at(None, None, SimpleNamespace(response=response))
            except Limited as limited:
                raised = limited
            return response, raised
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    "asked", ["999999999999", "999999999999.0", "NaN", "1e300", "-7", '"5"', '"soon"', "true", "[1]", "null"]
)
async def test_discord_limits_us_by_any_number(asked):
    body = '{"message": "x", "retry_after": ' + asked + ', "global": false}'
    _, limited = await _served(429, {"Via": "1.1 google", "Retry-After": "999999999999"}, body)
    assert judge(limited, left=False, timeout=1).wait <= QUARTER


@pytest.mark.parametrize(
    "name", ["X-Ratelimit-Limit", "X-RateLimit-Remaining", "X-Ratelimit-Reset", "X-Ratelimit-Reset-After"]
)
@pytest.mark.parametrize("value", ["NaN", "1e300", "-3", "soon", "9" * 30, "", "0x5"])
async def test_the_library_stumbles_over_no_number_of_discords_headers(name, value):
    given = {
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1799999999",
        "X-RateLimit-Reset-After": "2.5",
    }
    given = {n: v for n, v in given.items() if n.lower() != name.lower()} | {name: value}
    response, _ = await _served(200, given, "{}")
    limit = Ratelimit(None)
    limit.update(response)
    assert 0 <= limit.reset_after <= retry_after.LONGEST_FOR_MESSAGES


@pytest.mark.parametrize("asked", ["604800", "999999999999"])
def test_a_webhooks_wait(asked):
    said = meaning(Answer(503, {"retry-after": asked}, b"", "https://h", timedelta(), {}))
    assert (said.wait, said.asked is not None) == (QUARTER, True)

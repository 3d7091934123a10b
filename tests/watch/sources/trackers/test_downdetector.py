"""Downdetector as its Enterprise API speaks: tokens, one question for all companies, and silence for whatever is wrong."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr, ValidationError

from bot.contracts import Source, SourceState
from bot.model import Health, Role, SourceReport
from bot.net import Network
from bot.watch.sources.trackers import downdetector, silence
from bot.watch.sources.trackers.downdetector import DowndetectorSettings, DowndetectorTracker
from tests.fakes.site import page
from tests.fakes.trackers import CLIENT, SECRET, FakeDowndetector, refusal, tell
from tests.watch.sources.kit import COPIES, JUNK, damaged

NOW = datetime(2022, 7, 14, 12, 1, tzinfo=UTC)
LATER = timedelta(minutes=1)  # no answer is fresh for so long
X = 12345


@pytest.fixture
async def far():
    async with FakeDowndetector() as fake:
        fake.has(X)
        yield fake
        assert fake.broken == []


@pytest.fixture
async def net():
    async with Network() as network:
        yield network


def joined(far, *companies) -> list[Source]:
    entries = [DowndetectorTracker(company=company) for company in companies or (X,)]
    sources = DowndetectorTracker.join(entries, DowndetectorSettings.model_validate(far.config))
    return [sources[entry] for entry in entries]


def word(says, reports=31, usual=35, at=NOW):
    return SourceReport(Role.TRACKER, "Downdetector", says, at=at, reports=reports, usual=usual)


@pytest.mark.parametrize(
    ("status", "says"), [("success", Health.UP), ("warning", Health.DEGRADED), ("danger", Health.DOWN)]
)
async def test_a_company_is_as_its_status_says_with_how_many_report_it(far, net, status, says):
    far.has(X, status, 1243, 35)
    assert await joined(far)[0].read(net, NOW, SourceState()) == word(says, 1243, 35)


@pytest.mark.parametrize(
    ("said", "known"),
    [(1243.0, 1243), (0, 0), (34.6, 35), (None, None), ("1243", None), (-1, None), (True, None), (10**12, None)],
)
async def test_a_number_that_cannot_be_one_of_people_is_not_told(far, net, said, known):
    far.has(X, "danger", said, said)
    assert await joined(far)[0].read(net, NOW, SourceState()) == word(Health.DOWN, known, known)


async def test_all_companies_are_asked_for_at_once_and_each_beat_once(far, net):
    for company in (7, 9):
        far.has(company, "warning")
    sources = joined(far, 9, X, 7, 9)
    for beat in range(3):
        now = NOW + beat * LATER
        words = await asyncio.gather(
            *(source.read(net, now + n * timedelta(seconds=3), SourceState()) for n, source in enumerate(sources))
        )
        assert [w.says for w in words] == [Health.DEGRADED, Health.UP, Health.DEGRADED, Health.DEGRADED]
        assert {w.at for w in words} == {now}
    assert [heard.target.partition("?")[2].partition("&")[0] for heard in far.asked()] == ["ids=7,9,12345"] * 3
    assert len(far.asked("tokens")) == 1


async def test_a_failure_too_is_one_of_all_companies_and_is_not_repeated_within_a_beat(far, net):
    sources = joined(far, X, 7)
    far.always = refusal(500, "Internal Server Error")
    assert {(await source.read(net, NOW, SourceState())).says for source in sources} == {None}
    assert len(far.heard) == 1


# ── tokens ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("expires_in", "kept", "renewed"),
    [
        (3600, timedelta(minutes=54), timedelta(minutes=56)),
        (7200, timedelta(minutes=114), timedelta(minutes=116)),
        (120, timedelta(seconds=50), timedelta(seconds=80)),
        (None, timedelta(minutes=54), timedelta(minutes=56)),
        ("soon", timedelta(minutes=54), timedelta(minutes=56)),
    ],
)
async def test_a_token_is_renewed_before_it_ends(far, net, expires_in, kept, renewed):
    far.expires_in = expires_in
    [source] = joined(far)
    for after, tokens in ((timedelta(), 1), (kept, 1), (renewed, 2)):
        assert (await source.read(net, NOW + after, SourceState())).says is Health.UP
        assert len(far.asked("tokens")) == tokens


async def test_a_token_that_ends_too_early_is_renewed_at_once(far, net):
    [source] = joined(far)
    await source.read(net, NOW, SourceState())
    far.expire()
    assert (await source.read(net, NOW + LATER, SourceState())).says is Health.UP
    assert (len(far.asked("tokens")), len(far.asked())) == (2, 3)


async def test_but_only_once(far, net):
    [source] = joined(far)
    far.breaks.extend([tell({"access_token": "wrong"})] * 2)
    far.always = refusal(401, "Unauthorized")
    far.breaks.insert(1, far.always)
    assert (await source.read(net, NOW, SourceState())).says is None
    assert [heard.method for heard in far.heard] == ["POST", "GET", "POST", "GET"]


async def test_credentials_that_are_not_taken_are_said_once_without_them(far, net, caplog):
    settings = DowndetectorSettings(
        client_id=SecretStr(CLIENT), client_secret=SecretStr("wrong"), api_url=far.url("/v2/")
    )
    [source] = DowndetectorTracker.join([DowndetectorTracker(company=X)], settings).values()
    for minute in range(3):
        assert await source.read(net, NOW + minute * LATER, SourceState()) == silence(
            "Downdetector", NOW + minute * LATER
        )
    assert [record.getMessage() for record in caplog.records] == [
        "Downdetector does not take trackers.downdetector.client_id and client_secret"
    ]
    assert not far.asked()
    assert "wrong" not in repr(source)
    assert SECRET not in repr(settings)


# ── whatever goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────


async def hang(_heard, _writer):
    await asyncio.sleep(30)


async def cut_off(_heard, writer):
    writer.write(tell([{"id": X, "status": "danger"}])[:-9])
    await writer.drain()


BAD = {
    "a bad request": refusal(400, "fields are wrong"),
    "forbidden": refusal(403, "your plan has no such company"),
    "too many": refusal(429, "slow down"),
    "an error of theirs": refusal(500, "Internal Server Error"),
    "away": page(503, "<h1>Service Unavailable</h1>", {"Connection": "close"}),
    "elsewhere": page(302, "", {"Location": "http://127.0.0.1:1/", "Connection": "close"}),
    "no JSON": page(200, "<html>Please log in to the Wi-Fi</html>", {"Connection": "close"}),
    "an error that says 200": tell({"error": True, "message": "no", "statusCode": 400}),
    "one status alone": tell("danger"),
    "nothing": page(200, b"", {"Connection": "close"}),
    "null": tell(None),
    "deep": page(200, b"[" * 100_000, {"Connection": "close"}),
    "far too long": page(200, b"[" + b" " * 300_000 + b"]", {"Connection": "close"}),
    "no HTTP": b"danger\r\n\r\n",
    "cut off": cut_off,
    "silence": hang,
}


@pytest.mark.parametrize("fault", BAD)
async def test_what_is_no_answer_is_silence_and_is_over_when_it_is_over(far, net, monkeypatch, caplog, fault):
    monkeypatch.setattr(downdetector, "TIMEOUT", timedelta(seconds=0.05 if fault == "silence" else 5))
    [source] = joined(far)
    await source.read(net, NOW, SourceState())
    far.breaks.append(BAD[fault])
    assert await source.read(net, NOW + LATER, SourceState()) == silence("Downdetector", NOW + LATER)
    assert (await source.read(net, NOW + 2 * LATER, SourceState())).says is Health.UP
    assert caplog.records == []


@pytest.mark.parametrize("fault", BAD)
async def test_no_token_is_silence_too(far, net, monkeypatch, fault):
    monkeypatch.setattr(downdetector, "TIMEOUT", timedelta(seconds=0.05 if fault == "silence" else 5))
    [source] = joined(far)
    far.breaks.append(BAD[fault])
    assert (await source.read(net, NOW, SourceState())).says is None
    assert (await source.read(net, NOW + LATER, SourceState())).says is Health.UP


@pytest.mark.parametrize("token", ["", "two words", "line\r\nX-Evil: 1", "ñ", 7, None, ["x"]])
async def test_a_token_that_is_none_is_never_sent(far, net, token):
    [source] = joined(far)
    far.breaks.append(tell({"access_token": token, "expires_in": 3600}))
    assert (await source.read(net, NOW, SourceState())).says is None
    assert not far.asked()


async def test_a_company_that_is_garbled_or_missing_does_not_silence_the_others(far, net):
    sources = joined(far, 7, 9, X)
    await sources[0].read(net, NOW, SourceState())
    rows = [{"id": 7, "status": 3}, "x", None, {"status": "danger"}, {"id": X, "status": "danger"}]
    far.breaks.append(tell(rows))
    words = [await source.read(net, NOW + LATER, SourceState()) for source in sources]
    assert [w.says for w in words] == [None, None, Health.DOWN]


async def test_nobody_answers_is_silence(net):
    async with FakeDowndetector() as gone:
        [source] = joined(gone)
    assert await source.read(net, NOW, SourceState()) == silence("Downdetector", NOW)


async def test_no_damaged_answer_raises_and_none_of_a_healthy_company_says_down(far, net):
    dice, [source], says = random.Random(14), joined(far), set()
    await source.read(net, NOW, SourceState())
    body = json.dumps([{"id": X, "status": "success", "baseline_current": 35, "stats_60": 31}]).encode()
    for n in range(1, COPIES + 1):
        far.breaks.append(page(200, damaged(body, dice, JUNK), {"Connection": "close"}))
        says.add((await source.read(net, NOW + n * timedelta(seconds=15 + n), SourceState())).says)
    assert says == {None, Health.UP}


async def test_no_damaged_token_raises(far, net):
    dice, [source], says = random.Random(15), joined(far), set()
    body = json.dumps({"access_token": "dd-token-1", "expires_in": 3600, "token_type": "Bearer"}).encode()
    for n in range(1, COPIES + 1):
        far.breaks.append(page(200, damaged(body, dice), {"Connection": "close"}))
        says.add((await source.read(net, NOW + n * timedelta(hours=2), SourceState())).says)
        far.breaks.clear()
    assert says == {None, Health.UP}


@pytest.mark.parametrize("settings", [{"company": 0}, {"company": "x"}, {"company": 1, "name": "X"}, {}], ids=str)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(ValidationError):
        DowndetectorTracker.model_validate({"kind": "downdetector", **settings})

"""IsItDownRightNow: the icon first, the words second, anything else is silence; asked once a minute at most."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from bot.contracts import SourceState
from bot.model import Health, Role, SourceReport
from bot.net import Network
from bot.watch.sources.trackers import isitdownrightnow, silence
from bot.watch.sources.trackers.isitdownrightnow import (
    CAP,
    TAGS,
    IsItDownRightNowSettings,
    IsItDownRightNowTracker,
    understood,
)
from tests.fakes.site import page
from tests.fakes.trackers import DOWN, UP, FakeIsItDown
from tests.watch.sources.kit import COPIES, damaged

NOW = datetime(2022, 7, 14, 12, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ENTRY = IsItDownRightNowTracker(domain="x.com")


@pytest.fixture
async def far():
    async with FakeIsItDown() as fake:
        yield fake
        assert fake.broken == []


@pytest.fixture
async def net():
    async with Network() as network:
        yield network


def joined(far, *entries):
    return IsItDownRightNowTracker.join(entries or (ENTRY,), IsItDownRightNowSettings.model_validate(far.config))


def word(says, at=NOW):
    return SourceReport(Role.TRACKER, "IsItDownRightNow", says, at=at)


async def test_a_site_is_as_its_icon_says(far, net):
    [source] = joined(far).values()
    assert await source.read(net, NOW, SourceState()) == word(Health.UP)
    far.down.add("x.com")
    assert await source.read(net, NOW + 60 * SECOND, SourceState()) == word(Health.DOWN, NOW + 60 * SECOND)
    assert far.heard[0].target == "/check.php?domain=x.com"


async def test_a_domain_is_asked_for_once_a_minute_whoever_wants_to_know(far, net):
    twin = IsItDownRightNowTracker(domain="www.X.com")
    sources = joined(far, ENTRY, twin, IsItDownRightNowTracker(domain="pro.x.com"))
    assert sources[ENTRY] is sources[twin]
    for second in range(0, 170, 10):
        await asyncio.gather(*(source.read(net, NOW + second * SECOND, SourceState()) for source in sources.values()))
    assert (far.asked("x.com"), far.asked("pro.x.com")) == (3, 3)
    far.breaks.append(page(503, "", {"Connection": "close"}))
    for second in range(180, 240, 10):
        assert (await sources[ENTRY].read(net, NOW + second * SECOND, SourceState())) == silence(
            "IsItDownRightNow", NOW + 180 * SECOND
        )
    assert far.asked("x.com") == 4


@pytest.mark.parametrize(
    ("fragment", "says"),
    [
        ('<span class="upicon">X.com is UP and reachable by us.</span>', Health.UP),
        ('<span class="big downicon">X.com is DOWN for everyone.</span>', Health.DOWN),
        ("<SPAN CLASS='downicon'>", Health.DOWN),
        ('<span class="upicon">X.com is DOWN</span>', Health.UP),  # the icon comes first
        ("<span>X.com is UP and reachable.</span>", Health.UP),
        ("<b>X.com is\n DOWN for everyone</b>", Health.DOWN),
        ("<i>X.com</i> is <b>DOWN</b>", Health.DOWN),
        ("Last Down: 2 weeks ago", None),
        ("it is down, is UPSTREAM, is DOWNTOWN", None),
        ("x.com is UP, y.com is DOWN", None),
        ('<span class="upicon"></span><span class="downicon"></span>', None),
        ('<span class="upiconic">', None),
        ("<script>if (x) 'X is DOWN'</script>", None),
        ("<style>.downicon {} /* X is DOWN */</style>X is UP", Health.UP),
        ("<!-- <span class='downicon'> X is DOWN -->", None),
        ("&lt;span class=downicon&gt;", None),
        ("<![x[ is DOWN", None),
        ("", None),
        ("<a " * TAGS + " is DOWN", Health.DOWN),
        ("<a " * (TAGS + 1) + " is DOWN", None),
    ],
)
def test_the_icon_is_read_first_and_the_words_second(fragment, says):
    assert understood(fragment) is says


async def hang(_heard, _writer):
    await asyncio.sleep(30)


async def cut_off(_heard, writer):
    writer.write(page(200, DOWN)[:-5])
    await writer.drain()


BAD = {
    "a question": page(403, "<title>Just a moment...</title>", {"cf-mitigated": "challenge", "Connection": "close"}),
    "no such page": page(404, DOWN, {"Connection": "close"}),
    "away": page(503, DOWN, {"Connection": "close"}),
    "elsewhere": page(301, "", {"Location": "http://127.0.0.1:1/", "Connection": "close"}),
    "another page": page(200, "<h1>We have moved</h1>", {"Connection": "close"}),
    "nothing": page(200, "", {"Connection": "close"}),
    "far too long": page(200, DOWN + " " * CAP, {"Connection": "close"}),
    "no text": page(200, bytes(range(256)), {"Connection": "close"}),
    "no HTTP": b"downicon\r\n\r\n",
    "cut off": cut_off,
    "silence": hang,
}


@pytest.mark.parametrize("fault", BAD)
async def test_what_is_no_answer_is_silence_and_is_over_when_it_is_over(far, net, monkeypatch, fault):
    monkeypatch.setattr(isitdownrightnow, "TIMEOUT", timedelta(seconds=0.05 if fault == "silence" else 5))
    [source] = joined(far).values()
    far.breaks.append(BAD[fault])
    assert await source.read(net, NOW, SourceState()) == silence("IsItDownRightNow", NOW)
    assert (await source.read(net, NOW + 60 * SECOND, SourceState())).says is Health.UP


async def test_no_damaged_answer_raises_and_none_of_a_site_that_is_up_says_down(far, net):
    dice, [source], says = random.Random(16), joined(far).values(), set()
    body = UP.format(domain="x.com", name="X.com").encode()
    for n in range(COPIES):
        far.breaks.append(page(200, damaged(body, dice), {"Connection": "close"}))
        says.add((await source.read(net, NOW + n * 60 * SECOND, SourceState())).says)
    assert says == {None, Health.UP}


async def test_of_a_site_that_is_down_no_damaged_answer_raises_or_says_up(far, net):
    dice, [source], says = random.Random(17), joined(far).values(), set()
    body = DOWN.format(domain="x.com", name="X.com").encode()
    for n in range(COPIES):
        far.breaks.append(page(200, damaged(body, dice), {"Connection": "close"}))
        says.add((await source.read(net, NOW + n * 60 * SECOND, SourceState())).says)
    assert says == {None, Health.DOWN}


@pytest.mark.parametrize(
    "domain", ["x", "https://x.com/", "x.com/login", "x.com&y=1", "x com", "127.0.0.1", ".com", ""]
)
def test_what_is_no_domain_is_refused(domain):
    with pytest.raises(ValidationError, match="is no domain"):
        IsItDownRightNowTracker(domain=domain)


@pytest.mark.parametrize("url", ["isitdown", "ftp://a.example/", "https://u:p@a.example/"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ValidationError, match="expected an address"):
        IsItDownRightNowSettings(url=url)

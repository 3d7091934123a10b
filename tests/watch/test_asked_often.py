"""Whoever asks for looks, and however often: the watched site and its sources are asked no more often than in doubt anyway."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.contracts import Answer
from bot.model import Outcome, Reading, Reason, ReasonCode
from bot.watch.checks import expectations
from bot.watch.schedule import LONGEST
from tests.watch.world import Page, Site, World

LIMITED = Reason.of(ReasonCode.RATE_LIMITED, status=429)


class Limited(Site):
    """Answers HTTP 429, with this wait or without one."""

    def __init__(self, wait=None):
        super().__init__(Outcome.INCONCLUSIVE)
        self.wait = timedelta() if wait is None else wait

    async def run(self, route, net, timeout, *, fresh):
        reading = await super().run(route, net, timeout, fresh=fresh)
        return replace(reading, why=LIMITED, wait=self.wait) if self.outcome is Outcome.INCONCLUSIVE else reading


@pytest.mark.hardened("A1", "60 toggles of a report in 7 s", "one extra round per confirm_every, sources every 30 s")
async def test_extra_rounds_are_limited_for_whoever_asks(saw):
    site, page = Site(), Page()
    world = World({"x": site}, [page], every=30, confirm_every=10)
    await world.go(35)
    looks, reads = len(site.at), len(page.at)
    for _ in range(70):
        for _ in range(5):
            world.rounds.again("x")
        await world.go(0.1)
    saw(f"{len(site.at) - looks} extra round(s), {len(page.at) - reads} reading(s) of the source")
    assert len(site.at) - looks <= 1
    assert len(page.at) - reads <= 1


async def test_someone_who_asks_for_an_hour_gets_the_faster_beat_at_most():
    site, page = Site(), Page()
    world = World({"x": site}, [page], every=30, confirm_every=10)
    for _ in range(3600):
        world.rounds.again("x")
        await world.go(1, step=1)
    assert len(site.at) <= 3600 / 10 + 3600 / 30 + 2
    assert len(page.at) <= 3600 / 30 + 2


async def test_the_last_who_asked_is_served_at_the_end_of_the_pause():
    site = Site()
    world = World({"x": site}, every=600, confirm_every=10)
    await world.go(30)
    before = len(site.at)
    world.rounds.again("x")
    await world.go(2)
    world.rounds.again("x")
    await world.go(2)
    assert len(site.at) == before + 1
    await world.go(8)
    assert len(site.at) == before + 2


async def test_who_knows_a_token_has_the_sources_read_at_once():
    site, page = Site(), Page()
    world = World({"x": site}, [page], every=30)
    await world.go(5)
    reads = len(page.at)
    world.rounds.again("x", vouched=True)
    await world.go(0.3)
    assert len(page.at) == reads + 1
    assert page.at[-1] - page.at[-2] < 10


@pytest.mark.hardened(
    "A1", "the site answers HTTP 429 with Retry-After: 120", "left alone so long, and not on the faster beat"
)
@pytest.mark.parametrize(
    ("wait", "gaps"),
    [
        (timedelta(seconds=120), {120}),
        (timedelta(seconds=1), {30}),
        (timedelta(seconds=-5), {30, 60, 120, 240, 480, 900}),
        (timedelta.max, {LONGEST}),
        (None, {30, 60, 120, 240, 480, 900}),
    ],
)
async def test_a_site_that_asks_us_to_ask_less_is_asked_less(wait, gaps, saw):
    site = Limited(wait)
    world = World({"x": site}, every=30, confirm_every=10)
    for n in range(2000):
        if n % 7 == 0:
            world.rounds.again("x")
        await world.go(1, step=1)
    found = [round(b - a) for a, b in zip(site.at, site.at[1:], strict=False)]
    saw(f"asked every {found[:5]} s")
    assert {g - 1 if g - 1 in gaps else g for g in found} <= gaps  # the tick's own second
    assert len(found) >= 1
    assert not any(r.readings[0].outcome is Outcome.FAILED for r in world.ledger.rounds)


class Refusing(Site):
    """Refuses as sites do: with these headers, read as the checks read them."""

    def __init__(self, status=429, **headers):
        super().__init__()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = Answer(status, named, b"", "http://site.example/", self.took, {})

    async def run(self, route, net, timeout, *, fresh):
        await super().run(route, net, timeout, fresh=fresh)
        return expectations.of_rate_limit(route, self.answer)


@pytest.mark.hardened(
    "A1", "HTTP 429 again and again, with no wait that can be read", "each wait twice the last, to 15 min"
)
@pytest.mark.parametrize(
    ("refusal", "gaps"),
    [
        ({}, [30, 60, 120, 240, 480, 900, 900]),
        ({"retry_after": ""}, [30, 60, 120, 240, 480, 900, 900]),
        ({"retry_after": "-60"}, [30, 60, 120, 240, 480, 900, 900]),
        ({"retry_after": "NaN"}, [30, 60, 120, 240, 480, 900, 900]),
        ({"retry_after": "Thu, 01 Jan 1970 00:00:00 GMT"}, [30, 60, 120, 240, 480, 900, 900]),
        ({"status": 403, "x_ratelimit_remaining": "0"}, [30, 60, 120, 240, 480, 900, 900]),
        ({"retry_after": "999999999999"}, [900, 900, 900]),
        ({"retry_after": "Fri, 31 Dec 9999 23:59:59 GMT"}, [900, 900, 900]),
        ({"retry_after": "90"}, [90, 90, 90]),
    ],
)
async def test_whatever_a_refusal_says_the_site_is_left_alone_longer_and_not_for_ever(refusal, gaps, saw):
    site = Refusing(**refusal)
    world = World({"x": site}, every=30, confirm_every=10)
    for n in range(4000):
        if n % 7 == 0:
            world.rounds.again("x")
        await world.go(1, step=1)
    found = [round(b - a) for a, b in zip(site.at, site.at[1:], strict=False)]
    saw(f"asked every {found[:7]} s")
    assert all(abs(f - g) <= 1 for f, g in zip(found, gaps, strict=False))
    assert len(found) >= 3


async def test_a_site_that_answers_again_is_on_its_usual_beat():
    site = Limited()
    world = World({"x": site}, every=30, confirm_every=10)
    await world.go(100)
    site.outcome = Outcome.OK
    await world.go(200)
    before = len(site.at)
    await world.go(90)
    assert len(site.at) == before + 3


async def test_a_route_that_is_left_alone_keeps_none_of_the_others_from_being_looked_at():
    limited, well = Limited(timedelta(minutes=5)), Site()
    world = World({"x": {"web": limited, "app": well}}, every=30, confirm_every=10)
    await world.go(100)
    assert (len(limited.at), len(well.at)) == (1, 4)
    assert [r.outcome for r in world.ledger.rounds[-1].readings] == [Outcome.INCONCLUSIVE, Outcome.OK]
    well.outcome = Outcome.FAILED
    await world.go(60)
    assert len(limited.at) == 1
    assert len(well.at) >= 4 + 4  # in doubt: on the faster beat


async def test_a_look_that_somebody_asks_for_leaves_it_alone_too():
    site = Limited(timedelta(minutes=5))
    world = World({"x": site}, every=30)
    await world.go(10)
    seen = await world.rounds.once("x")
    assert (seen.readings, len(site.at)) == (
        (Reading("web", Outcome.INCONCLUSIVE, LIMITED, site.took, wait=site.wait),),
        1,
    )

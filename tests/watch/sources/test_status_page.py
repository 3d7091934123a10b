"""A status page is read over the network: as seldom and as cheaply as can be, whichever way it speaks."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from pydantic import ValidationError

from bot import __version__
from bot.contracts import HttpCache, Source, SourceState
from bot.model import Health, SourceReport
from bot.net import Network
from bot.watch.sources import AnySource, OfficialPage
from bot.watch.sources.dialects import incidentio, statuspage
from bot.watch.sources.dialects.base import CAP
from bot.watch.sources.http_cache import BELIEVED as COPY_BELIEVED
from bot.watch.sources.status_page import BELIEVED, LOST_AFTER, SEEK_AGAIN
from tests.fakes.site import Heard, Site, page
from tests.watch.sources.dialects.pages import DATA, GITHUB, NOW, OPENAI, SILENT, github, incident

SUMMARY = "/api/v2/summary.json"
WIDGET = "/api/v1/summary"
PROXY = "/proxy/127.0.0.1"
DRAWN = (DATA / "incidentio-proxy-shape.json").read_bytes()
MISSING = page(404, "Not here")
BEAT = timedelta(minutes=2)


class Reading:
    """One service's page, read again and again on a clock that the test turns."""

    def __init__(self, net, shelf=None, **settings) -> None:
        self.net, self.source = net, OfficialPage(**settings)
        self.memory, self.now = SourceState(shelf or HttpCache()), NOW

    async def word(self, after: timedelta = timedelta()) -> SourceReport:
        self.now += after
        return await self.source.read(self.net, self.now, self.memory)

    async def says(self, after: timedelta = timedelta()) -> Health | None:
        return (await self.word(after)).says


@asynccontextmanager
async def reading(kind: str = "statuspage", **paths: bytes):
    """A site that has only `paths`, and its reading."""
    async with Network() as net, Site(MISSING) as site:
        site.paths |= paths
        yield site, Reading(net, kind=kind, url=site.url())


def asked(site: Site) -> list[str]:
    """What was asked for since the last look."""
    found = [heard.target for heard in site.heard]
    site.heard.clear()
    return found


def conditional(body: bytes, **headers: str) -> Callable:
    """A page that knows its own state: 304 to who has it."""

    async def answer(heard: Heard, writer: asyncio.StreamWriter) -> None:
        known = heard.headers.get("if-none-match") or heard.headers.get("if-modified-since")
        shown = {name.replace("_", "-"): value for name, value in headers.items()}
        writer.write(page(304, b"", shown) if known in headers.values() else page(200, body, shown))
        await writer.drain()

    return answer


# ── one reading ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_page_is_asked_by_our_name_and_followed_where_it_moved():
    async with reading() as (site, it):
        site.paths[SUMMARY] = page(302, "", {"Location": "/moved.json"})
        site.paths["/moved.json"] = page(200, GITHUB.read_bytes(), {"Content-Type": "application/json"})
        source: Source = AnySource(kind="statuspage", url=site.url())
        word = await source.read(it.net, NOW, SourceState())
        assert (word.says, word.at) == (Health.UP, NOW)
        headers = site.heard[0].headers
        assert asked(site) == [SUMMARY, "/moved.json"]
        assert (headers["user-agent"], headers["accept"]) == (f"Tocsin/{__version__}", "application/json")


async def slow(_heard, _writer):
    await asyncio.sleep(30)


@pytest.mark.parametrize(
    "bad",
    [
        page(403, GITHUB.read_bytes()),
        page(503, GITHUB.read_bytes()),
        page(204, b""),
        page(200, b"<html>Bad gateway</html>"),
        page(200, GITHUB.read_bytes() + b" " * CAP),
        page(200, gzip.compress(GITHUB.read_bytes() + b" " * 20 * CAP), {"Content-Encoding": "gzip"}),
        page(200, GITHUB.read_bytes())[:-20],
        page(304, b""),
        page(302, b"", {"Location": "/" + "x" * 10}),
        b"SSH-2.0-OpenSSH_9.6\r\n",
        slow,
    ],
    ids=["403", "503", "empty", "html", "giant", "bomb", "torn", "304 unasked", "moved away", "no HTTP", "slow"],
)
async def test_a_page_that_cannot_be_read_is_silence(bad):
    async with Network() as net, Site(MISSING) as site:
        site.paths[SUMMARY] = bad
        for kind in ("statuspage", "auto"):
            assert await Reading(net, kind=kind, url=site.url(), timeout="0.2s").word() == SILENT


async def test_a_page_whose_host_is_gone_is_silence():
    async with reading("auto") as (site, it):
        await site.__aexit__()
        assert [await it.says(), await it.says(BEAT)] == [None, None]


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "status.example.org"},
        {"url": "ftp://a.example/"},
        {"url": "https://a.example/", "timeout": 0},
        {"url": "https://a.example/", "component": "x"},
        {"url": "https://a.example/", "kind": "telepathy"},
    ],
    ids=str,
)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(ValidationError):
        OfficialPage.model_validate(settings)


def test_components_may_be_a_list_in_the_file_and_a_token_is_not_shown():
    said = OfficialPage.model_validate(
        {"url": "https://a.example/", "components": ["API"], "webhook_token": "hush-and-say-nothing"}
    )
    assert said.components == ("API",)
    assert "hush" not in repr(said)


# ── as cheaply as can be ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("header", "value", "sent"),
    [
        ("ETag", 'W/"17"', "if-none-match"),
        ("Last_Modified", "Sat, 21 Nov 2026 13:58:00 GMT", "if-modified-since"),
    ],
)
async def test_what_has_not_changed_is_not_sent_again_and_its_word_is_of_now(header, value, sent):
    async with reading() as (site, it):
        site.paths[SUMMARY] = conditional(json.dumps(github(incident())).encode(), **{header: value})
        first = await it.word()
        second = await it.word(BEAT)
        third = await it.word(BEAT)
        assert [heard.headers.get(sent) for heard in site.heard] == [None, value, value]
        assert first.says is second.says is third.says is Health.DEGRADED
        assert (second.headline, third.at) == (first.headline, NOW + 2 * BEAT)


async def test_a_change_after_that_is_seen():
    async with reading() as (site, it):
        site.paths[SUMMARY] = conditional(GITHUB.read_bytes(), ETag='"1"')
        assert [await it.says(), await it.says(BEAT)] == [Health.UP, Health.UP]
        site.paths[SUMMARY] = conditional(json.dumps(github(incident())).encode(), ETag='"2"')
        assert [await it.says(BEAT), await it.says(BEAT)] == [Health.DEGRADED, Health.DEGRADED]
        assert [heard.headers.get("if-none-match") for heard in site.heard] == [None, '"1"', '"1"', '"2"']


async def test_a_page_that_was_silent_meanwhile_is_asked_for_what_we_still_have():
    async with reading() as (site, it):
        site.paths[SUMMARY] = well = conditional(GITHUB.read_bytes(), ETag='"1"')
        assert await it.says() is Health.UP
        site.paths[SUMMARY] = page(500)
        assert await it.says(BEAT) is None
        site.paths[SUMMARY] = well
        assert await it.says(BEAT) is Health.UP
        assert site.heard[-1].headers["if-none-match"] == '"1"'


async def test_not_modified_is_not_believed_for_ever():
    async with reading() as (site, it):
        site.paths[SUMMARY] = conditional(GITHUB.read_bytes(), ETag='"1"')
        await it.word()
        await it.word(COPY_BELIEVED)
        assert [heard.headers.get("if-none-match") for heard in site.heard] == [None, None]


@pytest.mark.parametrize("odd", ['"\xe9"', '"' + "x" * 600 + '"', ""])
async def test_a_tag_that_cannot_be_sent_back_is_not(odd):
    async with reading() as (site, it):
        site.paths[SUMMARY] = page(200, GITHUB.read_bytes()).replace(
            b"\r\n", f"\r\nETag: {odd}\r\n".encode("latin-1"), 1
        )
        assert [await it.says(), await it.says(BEAT)] == [Health.UP, Health.UP]
        assert all("if-none-match" not in heard.headers for heard in site.heard)


async def test_what_nobody_asks_for_any_more_is_let_go_of():
    async with reading() as (site, it):
        site.paths[SUMMARY] = page(200, GITHUB.read_bytes())
        other = Reading(it.net, it.memory.shelf, kind="statuspage", url=site.url("/other"))
        site.paths["/other" + SUMMARY] = page(200, GITHUB.read_bytes())
        await it.word()
        await other.word()
        assert len(it.memory.shelf.copies) == 2
        await it.word(COPY_BELIEVED * 2)
        assert [url for url, _ in it.memory.shelf.copies] == [site.url(SUMMARY)]


# ── as seldom as can be ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_services_that_name_one_page_cost_one_request_and_each_has_its_word():
    async with reading() as (site, it):
        body = json.dumps(github(indicator="minor", Pages="major_outage", API_Requests="degraded_performance"))
        site.paths[SUMMARY] = page(200, body)
        names = (("Pages",), ("API Requests",), ("Webhooks",), ("No such part",))
        them = [Reading(it.net, it.memory.shelf, kind="statuspage", url=site.url(), components=part) for part in names]
        words = await asyncio.gather(*(one.word() for one in them))
        assert [word.says for word in words] == [Health.DOWN, Health.DEGRADED, Health.UP, None]
        assert await it.says(timedelta(seconds=19)) is Health.DEGRADED
        assert asked(site) == [SUMMARY]
        await asyncio.gather(*(one.word(timedelta(seconds=30)) for one in them))
        assert asked(site) == [SUMMARY]


async def test_a_failure_is_shared_too():
    async with reading() as (site, it):
        other = Reading(it.net, it.memory.shelf, kind="statuspage", url=site.url())
        assert [await it.says(), await other.says()] == [None, None]
        assert asked(site) == [SUMMARY]


async def test_news_make_what_was_just_fetched_old():
    async with reading() as (site, it):
        site.paths[SUMMARY] = page(200, GITHUB.read_bytes())
        assert await it.says() is Health.UP
        site.paths[SUMMARY] = page(200, json.dumps(github(incident())))
        assert await it.says(timedelta(seconds=1)) is Health.UP
        it.memory.news_at = it.now + timedelta(seconds=1)
        assert await it.says(timedelta(seconds=2)) is Health.DEGRADED
        assert asked(site) == [SUMMARY, SUMMARY]


@pytest.mark.parametrize(
    ("status", "wanted", "kept", "over"),
    [
        (429, "600", 590, 600),
        (503, "600", 590, 600),
        (429, "a date", 500, 601),
        (429, "999999", 3590, 3600),  # an hour is the most
        (429, "", 110, 120),
        (429, "soon", 110, 120),
        (503, "", 0, 30),
    ],
)
async def test_a_page_that_wants_to_be_left_alone_is(status, wanted, kept, over):
    if wanted == "a date":
        wanted = format_datetime(datetime.now(UTC) + timedelta(seconds=600), usegmt=True)
    async with reading() as (site, it):
        site.paths[SUMMARY] = page(status, b"", {"Retry-After": wanted} if wanted else {})
        assert await it.says() is None
        site.paths[SUMMARY] = page(200, GITHUB.read_bytes())
        site.heard.clear()
        step = timedelta(seconds=30)  # as while its service is not up
        while it.now + step < NOW + timedelta(seconds=kept):
            assert await it.says(step) is None
        assert asked(site) == []
        it.now = NOW + timedelta(seconds=over)
        assert await it.says() is Health.UP


@pytest.mark.hardened(
    "A1", "a status page answers HTTP 429 again and again, without Retry-After", "each rest twice the last, to 15 min"
)
async def test_a_page_that_says_too_many_again_and_again_is_asked_less_and_less(saw):
    async with reading() as (site, it):
        site.paths[SUMMARY] = page(429)
        asked_at = []
        while it.now < NOW + timedelta(hours=1):
            before = len(site.heard)
            await it.says()
            if len(site.heard) > before:
                asked_at.append((it.now - NOW).total_seconds())
            it.now += BEAT / 4
        saw(f"asked after {[round((b - a) / 60) for a, b in pairwise(asked_at)]} min")
        assert [b - a for a, b in pairwise(asked_at)] == [120, 240, 480, 900, 900, 900]
        site.paths[SUMMARY] = page(200, GITHUB.read_bytes())
        assert await it.says(timedelta(minutes=15)) is Health.UP
        site.paths[SUMMARY] = page(429)
        assert await it.says(BEAT) is None
        site.paths[SUMMARY] = page(200, GITHUB.read_bytes())
        assert [await it.says(BEAT / 2), await it.says(BEAT / 2)] == [None, Health.UP]  # two minutes, as at first


async def test_two_pages_of_one_host_that_say_too_many_at_once_are_one_refusal():
    async with reading() as (site, it):
        site.answer = page(429)
        other = Reading(it.net, it.memory.shelf, kind="statuspage", url=site.url("/other"))
        await asyncio.gather(it.says(), other.says())
        assert len(site.heard) == 2
        assert list(it.memory.shelf.waits.values()) == [NOW + timedelta(minutes=2)]


async def test_who_was_asked_to_stay_away_does_not_try_other_addresses_there():
    async with reading("auto") as (site, it):
        site.answer = page(429, b"", {"Retry-After": "600"})
        other = Reading(it.net, it.memory.shelf, kind="statuspage", url=site.url("/other"))
        assert await it.says() is None
        assert await other.says(BEAT) is None
        assert asked(site) == [SUMMARY]


# ── whichever way it speaks ──────────────────────────────────────────────────────────────────────────────────────────


async def test_a_statuspage_is_known_by_one_request():
    async with reading("auto", **{SUMMARY: page(200, GITHUB.read_bytes())}) as (site, it):
        assert [await it.says(), await it.says(BEAT)] == [Health.UP, Health.UP]
        assert asked(site) == [SUMMARY, SUMMARY]
        assert it.memory.found.dialect is statuspage.WHOLE


async def test_a_page_of_incident_io_is_known_behind_its_imitation_and_then_asked_once_a_beat():
    paths = {SUMMARY: page(200, OPENAI.read_bytes()), PROXY: page(200, DRAWN)}
    async with reading("auto", **paths) as (site, it):
        assert await it.says() is Health.UP
        assert asked(site) == [SUMMARY, PROXY]
        assert await it.says(BEAT) is Health.UP
        assert asked(site) == [PROXY]


@pytest.mark.parametrize("kind", ["auto", "incidentio"])
async def test_a_page_of_incident_io_is_read_the_best_way_there_is(kind):
    widget = (DATA / "incidentio-widget-shape.json").read_bytes()
    async with reading(kind, **{SUMMARY: page(200, OPENAI.read_bytes())}) as (site, it):
        assert await it.says() is Health.UP  # it hides its incidents, and there is nothing better
        site.paths[WIDGET] = page(200, widget)
        assert (await it.word(BEAT)).headline == ""
        assert (await it.word(BELIEVED)).headline == "Login failing for some users"
        assert it.memory.found.dialect is incidentio.DIALECTS[1]


async def test_a_page_without_the_components_is_understood_and_silent():
    async with reading("auto", **{SUMMARY: page(200, GITHUB.read_bytes())}) as (site, it):
        other = Reading(it.net, url=site.url(), components=("Wbehooks",))
        assert [await other.says(), await other.says(BEAT), await other.says(2 * LOST_AFTER)] == [None] * 3
        assert set(asked(site)) == {SUMMARY}


async def test_two_services_find_it_out_together():
    async with reading("auto", **{PROXY: page(200, DRAWN)}) as (site, it):
        other = Reading(it.net, it.memory.shelf, url=site.url(), components=("Login",))
        assert await asyncio.gather(it.says(), other.says()) == [Health.UP, Health.UP]
        assert asked(site) == [SUMMARY, PROXY]


async def test_a_page_that_changed_its_vendor_is_found_out_about():
    async with reading("auto", **{SUMMARY: page(200, GITHUB.read_bytes())}) as (site, it):
        assert await it.says() is Health.UP
        site.paths = {PROXY: page(200, DRAWN)}
        waited = timedelta()
        while await it.says(BEAT) is None:
            waited += BEAT
        assert LOST_AFTER - 2 * BEAT <= waited <= LOST_AFTER
        assert asked(site).count(PROXY) == 1
        assert await it.says(BEAT) is Health.UP
        assert asked(site) == [PROXY]


async def test_a_page_that_nothing_understands_is_not_hammered():
    async with reading("auto") as (site, it):
        assert await it.says() is None
        first = asked(site)
        assert len(first) == len(set(first)) <= 12
        assert first[-1] == "/"
        for _ in range(round(SEEK_AGAIN / timedelta(seconds=30)) - 1):
            assert await it.says(timedelta(seconds=30)) is None
        assert asked(site) == []
        assert await it.says(timedelta(seconds=30)) is None
        assert asked(site) == first


async def test_a_page_that_is_away_at_first_is_asked_again_in_the_next_beat():
    async with reading("auto") as (site, it):
        site.answer = b""
        assert await it.says() is None
        assert len(asked(site)) == 2  # one may be barred, two are a page that is not there
        site.paths[SUMMARY] = page(200, GITHUB.read_bytes())
        assert await it.says(BEAT) is Health.UP


async def test_one_address_that_is_barred_does_not_hide_the_others():
    async with reading("auto", **{PROXY: page(200, DRAWN)}) as (site, it):
        site.paths[SUMMARY] = b""
        assert await it.says() is Health.UP


# ── the feed that a page names ───────────────────────────────────────────────────────────────────────────────────────


FEED = (DATA / "statuspage-github-history-2026-02-04.atom").read_bytes()


def naming(url: str) -> bytes:
    return page(200, f'<html><link rel="alternate" type="application/atom+xml" href="{url}"></html>')


async def test_where_nothing_else_is_understood_the_feed_is_read_that_the_page_names():
    async with reading("auto", **{"/": naming("/deep/news.atom"), "/deep/news.atom": page(200, FEED)}) as (site, it):
        assert await it.says() is Health.UP
        assert asked(site)[-2:] == ["/", "/deep/news.atom"]
        assert await it.says(BEAT) is Health.UP
        assert asked(site) == ["/deep/news.atom"]


async def test_a_page_cannot_make_us_ask_an_inner_address():
    async with Site(page(200, FEED)) as inner, reading("auto", **{"/": naming(inner.url("/news.atom"))}) as (_, it):
        assert await it.says() is None
        assert inner.heard == []

"""The official status page: what is understood of it, and that nothing it sends can raise or invent an outage."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bot.contracts import Answer, Cause, Source, Trouble
from bot.model import Health, Role, Word
from bot.net import Network
from bot.watch.sources import AnySource, OfficialPage
from bot.watch.sources.dialect import CAP, NAME
from bot.watch.sources.statuspage import DIALECT
from tests.fakes.site import Site, page
from tests.watch.sources.pages import CLAUDE, EMMA, GITHUB, NOW, OPENAI, SILENT, URL, github, incident, load, said, told


@pytest.mark.parametrize(
    ("path", "home"), [(GITHUB, "https://www.githubstatus.com"), (OPENAI, "https://status.openai.com/")]
)
def test_a_healthy_page_says_up_and_reports_nothing(path, home):
    assert told(DIALECT, path.read_bytes()) == Word(Role.OFFICIAL, NAME, Health.UP, "", home, NOW)


@pytest.mark.parametrize(
    ("indicator", "impact", "health"),
    [
        ("minor", "minor", Health.DEGRADED),
        ("none", "minor", Health.DEGRADED),
        ("none", "major", Health.DEGRADED),
        ("none", "critical", Health.DOWN),
        ("critical", "minor", Health.DOWN),
        ("none", "none", Health.UP),
    ],
)
def test_an_open_incident_says_what_the_worst_of_indicator_and_impact_says(indicator, impact, health):
    word = said(github(incident(impact=impact), indicator=indicator))
    assert word == Word(
        Role.OFFICIAL,
        NAME,
        health,
        "Elevated errors",
        "http://stspg.io/7a0d3a4d2",
        NOW,
        since=datetime(2019, 2, 20, 18, 0, 19, 418000, UTC),
    )


def test_the_newest_open_incident_is_quoted_whatever_the_order_and_the_zone():
    older = incident("Older", created_at="2026-11-21T13:30:00.000+02:00")  # 11:30 UTC
    newest = incident("Newest", created_at="2026-11-21T12:00:00Z")
    undated = incident("Undated", created_at="yesterday")
    assert said(github(older, newest, undated)).headline == "Newest"
    assert said(github(undated, newest, older)).headline == "Newest"


@pytest.mark.parametrize("status", ["resolved", "postmortem"])
def test_an_incident_that_is_over_is_not_reported(status):
    word = said(github(incident(status=status, impact="critical"), indicator="none"))
    assert (word.says, word.headline) == (Health.UP, "")


def test_an_incident_under_observation_is_still_open():
    assert said(github(incident(status="monitoring"))).says is Health.DEGRADED


def test_a_degraded_component_without_any_incident_counts():
    word = said(github(indicator="none", API_Requests="degraded_performance"))
    assert (word.says, word.headline) == (Health.DEGRADED, "API Requests: degraded performance")


def test_a_page_in_trouble_that_names_nothing_is_quoted_by_its_own_line():
    page = github(indicator="critical")
    page["status"]["description"] = "Major System Outage"
    assert (said(page).says, said(page).headline) == (Health.DOWN, "Major System Outage")


@pytest.mark.parametrize(("indicator", "health"), [("minor", Health.DEGRADED), ("major", Health.DOWN)])
def test_one_component_of_many_takes_the_service_down_only_if_the_page_calls_it_major(indicator, health):
    assert said(github(indicator=indicator, Pages="major_outage")).says is health


def test_components_we_do_not_care_for_and_the_pages_indicator_leave_us_up():
    pages = incident("Pages are slow", components=[{"name": "Pages", "status": "major_outage"}], impact="critical")
    page = github(pages, indicator="major", Pages="major_outage")
    word = said(page, "API Requests", "webhooks")
    assert (word.says, word.headline) == (Health.UP, "")
    assert said(page, " pages ").says is Health.DOWN


def test_an_incident_that_names_no_component_concerns_everybody():
    assert said(github(incident("Login fails", components=[])), "Webhooks").headline == "Login fails"


def test_components_that_the_page_does_not_show_are_silence_not_all_clear():
    assert said(load(OPENAI), "A group that the look-alike hides") == SILENT


def test_the_look_alike_without_incidents_is_judged_by_indicator_and_components():
    page = load(OPENAI)
    page["status"] = {"indicator": "major", "description": "Partial System Outage"}
    page["components"][1]["status"] = "full_outage"
    word = said(page)
    assert (word.says, word.headline, word.link) == (Health.DOWN, "Login: full outage", "https://status.openai.com/")


@pytest.mark.parametrize("status", ["in_progress", "verifying"])
def test_maintenance_under_way_is_no_outage(status):
    announced = load(CLAUDE)["scheduled_maintenances"][0] | {"status": status}
    page = github(indicator="minor") | {"scheduled_maintenances": [announced]}
    assert (said(page).says, said(page).headline) == (Health.UP, "")


def test_a_component_in_maintenance_is_no_outage_but_trouble_beside_it_is():
    assert said(github(indicator="minor", Pages="under_maintenance")).says is Health.UP
    assert said(github(indicator="minor", Pages="under_maintenance", Issues="partial_outage")).says is Health.DEGRADED
    assert said(github(indicator="maintenance")).says is Health.UP


@pytest.mark.parametrize(
    ("name", "headline"),
    [
        ("<b>API</b> &amp; <a href='https://evil.example/'>login</a> fail", "API & login fail"),
        ("&lt;script&gt;alert(1)&lt;/script&gt; <!-- x -->boo", "alert(1) boo"),
        ("errors <!channel> <@U0123>", "errors"),
        ("latency < 5 s, then > 30 s", "latency < 5 s, then > 30 s"),
        ("two\n lines\u2028and\x00 a\x07 bell", "two lines and a bell"),
        ("\u202egnp.exe\u202c \u200bhidden\ufeff", "gnp.exe hidden"),
        ("lone \ud800surrogate", "lone surrogate"),
        ("word " * 100, ("word " * 28)[:139].rstrip() + "…"),
    ],
)
def test_a_headline_is_one_clean_line(name, headline):
    assert said(github(incident(name))).headline == headline
    assert len(headline) <= 140


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "ftp://a.example/",
        "https://",
        "https://user:pass@a.example/",
        "https://a b/",
        "http://[",
        7,
    ],
)
def test_only_a_web_address_is_passed_on_as_the_link(link):
    assert said(github(incident(shortlink=link))).link == "https://www.githubstatus.com"
    assert said(github(incident(shortlink=link)) | {"page": {"url": link}}).link == URL


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<!doctype html><title>Just a moment...</title>",
        b'{"status": {"indicator": "none"',
        b'{"status": {"indicator": "none"}, "components": {}}',
        b'{"status": {"indicator": 0}}',
        b'{"status": {"indicator": "apocalyptic"}}',
        b'{"status": "none"}',
        b'{"page": {}}',
        b"\xff\xfe\x00\x00garbage",
        b"[" * 100_000,
        b'{"status": {"indicator": "none"}, "x": ' + b"9" * 5000 + b"}",
        EMMA.read_bytes(),  # incidents without a status: another page of the same API
    ],
    ids=lambda body: repr(body[:24]),
)
def test_what_is_not_understood_is_silence(body):
    assert told(DIALECT, body) == SILENT


def test_null_where_something_may_be_absent_is_absence():
    page = github(incident(components=None, impact=None, created_at=None, shortlink=None), indicator="minor")
    page["status"]["description"] = page["scheduled_maintenances"] = None
    assert (said(page).says, said(page).headline) == (Health.DEGRADED, "Elevated errors")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_page_in_another_encoding_of_unicode_is_read(encoding):
    assert told(DIALECT, GITHUB.read_text().encode(encoding)).says is Health.UP


# ── over the network ─────────────────────────────────────────────────────────────────────────────────────────────────


class FakeNet:
    """Answers every request with one answer."""

    def __init__(self, answer: Answer | Trouble) -> None:
        self.answer = answer
        self.asked: list[tuple[Any, ...]] = []

    def prepare(self, method, url, headers=None, content=None):
        if "[" in url:
            raise ValueError("no such address")
        return (method, url)

    async def fetch(self, prepared, *, timeout, cap=0, redirects=0, fresh=False, guarded=False):
        self.asked.append((*prepared, timeout, cap, redirects, fresh))
        return self.answer

    async def connect(self, host, port, *, timeout, guarded=False):
        raise AssertionError("a status page is asked over HTTP")


def answer(body: bytes = GITHUB.read_bytes(), status: int = 200, *, cut: bool = False) -> Answer:
    return Answer(status, {}, body, URL, timedelta(milliseconds=80), {}, cut=cut)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://status.example.org", "https://status.example.org/api/v2/summary.json"),
        ("https://status.example.org/", "https://status.example.org/api/v2/summary.json"),
        ("https://example.org/status/?x=1#now", "https://example.org/status/api/v2/summary.json"),
        ("http://127.0.0.1:8/api/v2/summary.json?y", "http://127.0.0.1:8/api/v2/summary.json?y"),
    ],
)
async def test_the_summary_is_asked_for_once_with_cap_and_redirects(url, asked):
    net = FakeNet(answer())
    source: Source = AnySource(url=url)
    assert (await source.read(net, NOW)).says is Health.UP
    assert net.asked == [("GET", asked, timedelta(seconds=10), 1024 * 1024, 5, False)]


@pytest.mark.parametrize(
    "bad",
    [
        Trouble(Cause.TIMEOUT, "timed out after 10 s while connecting", timedelta(seconds=10)),
        answer(status=403),
        answer(status=503),
        answer(status=204, body=b""),
        answer(cut=True),
        answer(b"<html>Bad gateway</html>"),
    ],
    ids=lambda bad: bad.cause if isinstance(bad, Trouble) else f"{bad.status}{bad.body[:5]}",
)
async def test_a_page_that_cannot_be_read_is_silence(bad):
    assert await OfficialPage(url=URL).read(FakeNet(bad), NOW) == SILENT


async def test_an_address_that_the_network_refuses_is_silence():
    net = FakeNet(answer())
    assert await OfficialPage(url="http://[::1]/").read(net, NOW) == SILENT
    assert net.asked == []


async def test_a_real_page_is_read_over_redirects_and_a_slow_or_giant_one_is_silence():
    async def slow(_heard, _writer):
        await asyncio.sleep(30)

    async with Network() as net, Site() as site:
        source = OfficialPage(url=site.url(), timeout="1s")
        site.paths["/api/v2/summary.json"] = page(302, "", {"Location": "/moved.json"})
        site.paths["/moved.json"] = page(200, GITHUB.read_bytes(), {"Content-Type": "application/json"})
        assert (await source.read(net, NOW)).says is Health.UP
        assert [heard.target for heard in site.heard] == ["/api/v2/summary.json", "/moved.json"]
        site.paths["/moved.json"] = page(200, GITHUB.read_bytes() + b" " * CAP)
        assert await source.read(net, NOW) == SILENT
        site.paths["/moved.json"] = slow
        assert await OfficialPage(url=site.url(), timeout="0.05s").read(net, NOW) == SILENT


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "status.example.org"},
        {"url": "ftp://a.example/"},
        {"url": URL, "timeout": 0},
        {"url": URL, "component": "x"},
    ],
    ids=str,
)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(ValidationError):
        OfficialPage.model_validate({"kind": "statuspage", **settings})


def test_components_may_be_a_list_in_the_file():
    assert OfficialPage.model_validate({"kind": "statuspage", "url": URL, "components": ["API"]}).components == ("API",)


def test_work_on_a_small_part_of_a_page_is_told_to_those_who_care_for_that_part():
    page = github()
    names = [component["name"] for component in page["components"]]
    work = load(CLAUDE)["scheduled_maintenances"][0] | {"status": "scheduled"}

    def announced(*parts, care=()):
        touched = [part for part in page["components"] if part["name"] in parts]
        shown = page | {"scheduled_maintenances": [work | {"components": touched}]}
        return [one.parts for one in said(shown, *care).planned]

    assert announced(names[0]) == []
    assert announced(*names) == [tuple(names)]
    assert announced() == [()]
    assert announced(names[0], care=names[:1]) == [(names[0],)]
    assert announced(names[0], care=names[1:2]) == []

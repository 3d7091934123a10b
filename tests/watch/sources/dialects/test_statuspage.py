"""Statuspage: what is understood of it, and that nothing it sends can raise or invent an outage."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from bot.model import Health, Planned, Role, SourceReport
from bot.watch.sources.dialects.base import NAME
from bot.watch.sources.dialects.statuspage import DIALECT, WHOLE
from tests.watch.sources.dialects.pages import (
    CLAUDE,
    EMMA,
    GITHUB,
    NOW,
    OPENAI,
    SILENT,
    URL,
    github,
    incident,
    load,
    said,
    told,
)


@pytest.mark.parametrize(
    ("path", "home"), [(GITHUB, "https://www.githubstatus.com"), (OPENAI, "https://status.openai.com/")]
)
def test_a_healthy_page_says_up_and_reports_nothing(path, home):
    assert told(DIALECT, path.read_bytes()) == SourceReport(Role.OFFICIAL, NAME, Health.UP, "", home, NOW)


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
    assert word == SourceReport(
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
        ("\u2800\u3164\u115fblank\u034f", "blank"),
        ("می\u200cخواهم 👩\u200d👩\u200d👧 pay\u200dpal", "می\u200cخواهم 👩\u200d👩\u200d👧 paypal"),
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
        "https://a\u00a0b.example/",
        "https://a.example/\u200bx",
        "https://a.example/\u3164",
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


# ── when, what and what is planned ───────────────────────────────────────────────────────────────────────────────────


def test_what_is_open_is_told_with_its_start_and_the_components_that_are_not_well():
    emma = load(EMMA)["incidents"]
    older, newer = (one | {"status": "investigating", "impact": "minor"} for one in (emma[5], emma[0]))
    word = said(github(older, newer, Pages="partial_outage", API_Requests="degraded_performance"))
    assert word.headline == emma[0]["name"]
    assert word.since == datetime.fromisoformat(emma[0]["created_at"]).astimezone(UTC)
    assert set(word.components) == {"Pages", "API Requests"}


def test_where_all_components_are_well_those_that_the_incident_names_are_told():
    named = incident(components=[{"name": "Git Operations", "status": "operational"}])
    assert said(github(named)).components == ("Git Operations",)
    assert said(github(incident(started_at="2026-11-21T13:58:00+01:00"))).since == datetime(
        2026, 11, 21, 12, 58, tzinfo=UTC
    )


@pytest.mark.parametrize("status", ["scheduled", "in_progress", "verifying"])
def test_what_is_announced_is_planned_until_it_is_over(status):
    over, recorded = load(CLAUDE)["scheduled_maintenances"]
    ahead = recorded | {"status": status, "components": []}
    word = said(github(indicator="none") | {"scheduled_maintenances": [over, ahead]})
    assert (word.says, word.headline) == (Health.UP, "")
    assert word.planned == (
        Planned(
            "Scheduled maintenance for Claude.ai and Anthropic Console",
            datetime(2024, 12, 15, 1, tzinfo=UTC),
            datetime(2024, 12, 15, 1, 30, tzinfo=UTC),
            "https://stspg.io/6g6xhf17sbrb",
            recorded["id"],
        ),
    )


def test_maintenance_whose_times_make_no_sense_is_not_announced():
    backwards = load(CLAUDE)["scheduled_maintenances"][0] | {
        "status": "scheduled",
        "scheduled_for": "2026-11-24T02:00:00Z",
        "scheduled_until": "2026-11-24T02:00:00Z",
    }
    page = github(indicator="none")
    for one in (backwards, backwards | {"scheduled_for": "soon"}):
        assert said(page | {"scheduled_maintenances": [one]}).planned == ()


def test_a_page_that_hides_its_incidents_is_not_taken_for_a_whole_one():
    assert told(WHOLE, GITHUB.read_bytes()).says is Health.UP
    assert told(WHOLE, OPENAI.read_bytes()) == SILENT
    assert told(WHOLE, json.dumps(github(incident())).encode()).headline == "Elevated errors"


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

"""incident.io's pages: by what the page is drawn from, by the widget's summary, by the look-alike."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.model import Health, Planned
from bot.watch.sources.dialects.incidentio import DIALECTS
from tests.watch.sources.dialects.pages import DATA, OPENAI, SILENT, load, told
from tests.watch.sources.kit import prove_harmless, prove_sturdy

DRAWN, WIDGET, LOOK_ALIKE = DIALECTS
PAGE = load(DATA / "incidentio-proxy-shape.json")
SUMMARY = load(DATA / "incidentio-widget-shape.json")
IDS = {one["name"]: one["id"] for one in PAGE["summary"]["components"]}
INCIDENT = {
    "id": "01KINCIDENT000000000000001",
    "name": "Elevated error rates",
    "status": "investigating",
    "type": "incident",
    "published_at": "2026-11-21T13:50:00Z",
    "affected_components": [
        {"component_id": IDS["Completions"], "status": "partial_outage", "current_status": "degraded_performance"}
    ],
    "component_impacts": [
        {
            "component_id": IDS["Completions"],
            "status": "partial_outage",
            "start_at": "2026-11-21T13:40:00.5Z",
            "end_at": None,
        }
    ],
}
WORK = {
    "id": "01KWORK0000000000000000001",
    "name": "Database upgrade",
    "status": "maintenance_scheduled",
    "type": "maintenance",
    "published_at": "2026-11-20T09:00:00Z",
    "component_impacts": [
        {"component_id": IDS["Files"], "start_at": "2026-11-24T02:00:00Z", "end_at": "2026-11-24T04:00:00Z"}
    ],
}
PLANNED = Planned(
    "Database upgrade",
    datetime(2026, 11, 24, 2, tzinfo=UTC),
    datetime(2026, 11, 24, 4, tzinfo=UTC),
    "https://status.example.org/incidents/01KWORK0000000000000000001",
    "01KWORK0000000000000000001",
    ("Files",),
)


def drawn(*incidents: dict[str, Any], work: tuple[dict[str, Any], ...] = (), **states: str) -> bytes:
    page = copy.deepcopy(PAGE)
    page["summary"]["ongoing_incidents"] = list(incidents)
    page["summary"]["scheduled_maintenances"] = list(work)
    page["summary"]["affected_components"] = [
        {"component_id": IDS[name], "status": state} for name, state in states.items()
    ]
    return json.dumps(page).encode()


def said(*incidents, components=(), work=(), **states):
    return told(DRAWN, drawn(*incidents, work=work, **states), components=components)


def widget(summary: dict[str, Any] = SUMMARY, components: tuple[str, ...] = (), **states: str):
    alike = load(OPENAI)
    for one in alike["components"]:
        one["status"] = states.get(one["name"].replace(" ", "_"), one["status"])
    return told(WIDGET, json.dumps(summary).encode(), json.dumps(alike).encode(), components=components)


@pytest.mark.parametrize(
    ("url", "page", "summary"),
    [
        ("https://status.example.org/", "/proxy/status.example.org", "/api/v1/summary"),
        ("https://status.example.org/?a=1#b", "/proxy/status.example.org", "/api/v1/summary"),
        ("https://status.example.org/api/v2/summary.json", "/proxy/status.example.org", "/api/v1/summary"),
        ("https://status.example.org/api/v1/summary", "/proxy/status.example.org", "/api/v1/summary"),
        ("https://status.example.org/europe", "", "/europe/api/v1/summary"),
        ("https://status.example.org/proxy/other.example", "/proxy/other.example", ""),
    ],
)
def test_where_a_page_says_it(url, page, summary):
    host = "https://status.example.org"
    assert DRAWN.where(url) == ((host + page,) if page else ())
    alike = summary.replace("v1/summary", "v2/summary.json")
    assert WIDGET.where(url) == ((host + summary, host + alike) if summary else ())


def test_a_page_that_is_well_says_up_though_its_empty_lists_are_null():
    word = told(DRAWN, json.dumps(PAGE).encode())
    assert (word.says, word.headline, word.link) == (Health.UP, "", "https://status.example.org/")


def test_an_incident_that_the_look_alike_hides_is_told_with_its_start_and_its_components():
    word = said(INCIDENT, Completions="degraded_performance")
    assert (word.says, word.headline) == (Health.DEGRADED, "Elevated error rates")
    assert word.since == datetime(2026, 11, 21, 13, 40, 0, 500000, UTC)
    assert word.components == ("Completions",)
    assert word.link == "https://status.example.org/incidents/01KINCIDENT000000000000001"


@pytest.mark.parametrize(
    ("components", "says"),
    [((), Health.DEGRADED), (("completions",), Health.DOWN), ((" APIS ",), Health.DOWN), (("Chat",), Health.UP)],
)
def test_one_component_that_is_out_is_down_for_who_cares_for_it_alone(components, says):
    assert said(INCIDENT, Completions="full_outage", components=components).says is says


def test_a_group_stands_for_all_that_is_in_it():
    word = said(INCIDENT, Completions="full_outage", Files="full_outage", components=("APIs",))
    assert (word.says, word.components) == (Health.DOWN, ("Completions", "Files"))


def test_what_is_out_as_a_whole_is_down():
    names = {name: "full_outage" for name in IDS if name != "Plugins"}
    assert said(**names).says is Health.DOWN


def test_what_the_page_hides_is_neither_told_nor_asked_for():
    assert said(Plugins="full_outage").says is Health.UP
    assert said(components=("Plugins",)) == SILENT


def test_components_of_one_name_in_two_groups_do_not_hide_each_other():
    page = json.loads(drawn(Login="full_outage"))
    page["summary"]["components"][0]["name"] = "Login"
    assert told(DRAWN, json.dumps(page).encode(), components=("Login",)).says is Health.DOWN


@pytest.mark.parametrize("status", ["resolved", "maintenance_complete"])
def test_what_is_over_is_not_told(status):
    assert said(INCIDENT | {"status": status}).says is Health.UP
    assert said(work=(WORK | {"status": status},)).planned == ()


def test_maintenance_is_told_as_planned_and_is_no_outage_wherever_it_stands():
    under_way = WORK | {"status": "maintenance_in_progress"}
    for work, incidents, states in (((WORK,), (), {}), ((), (under_way,), {"Files": "under_maintenance"})):
        word = said(*incidents, work=work, components=("Files",), **states)
        assert (word.says, word.headline, word.planned) == (Health.UP, "", (PLANNED,))
        assert said(*incidents, work=work, **states).planned == ()  # one part of many


def test_an_incident_without_components_concerns_everybody_and_is_as_bad_as_it_says():
    alone = {"name": "Everything is out", "status": "identified", "published_at": "2026-11-21T13:50:00Z"}
    word = said(alone, components=("Files",))
    assert (word.says, word.since) == (Health.DEGRADED, datetime(2026, 11, 21, 13, 50, tzinfo=UTC))
    assert said(alone | {"current_worst_impact": "full_outage"}).says is Health.DOWN


def test_the_widget_brings_the_incidents_and_the_look_alike_the_components():
    word = widget(Login="full_outage")
    assert (word.says, word.headline) == (Health.DEGRADED, "Login failing for some users")
    assert word.link == "https://status.example.org/incidents/01H0QJ89CRW5BKTY9N89MSDT5S"
    assert word.components == ("Login",)
    assert [one.name for one in word.planned] == ["Database upgrade", "Essential maintenance"]
    assert word.planned[0].until == datetime(2026, 11, 21, 15, tzinfo=UTC)
    assert widget(components=("Login",), Login="full_outage").says is Health.DOWN
    assert widget(components=("Embeddings",)).says is Health.UP
    assert widget(components=("No such thing",)) == SILENT


@pytest.mark.parametrize(
    "body",
    [b"{}", b"null", b'{"summary": {}}', b'{"summary": {"components": []}}', b"<!doctype html>", b'{"summary": []}'],
)
def test_what_is_something_else_is_silence(body):
    assert told(DRAWN, body) == SILENT
    assert told(WIDGET, body, OPENAI.read_bytes()) == SILENT


def test_no_damage_makes_an_outage_of_a_page_that_is_well():
    components = ((), ("Login",), ("APIs",))
    prove_harmless(DRAWN, json.dumps(PAGE).encode(), components=components)
    calm = json.dumps(SUMMARY | {"ongoing_incidents": []}).encode()
    prove_harmless(WIDGET, calm, OPENAI.read_bytes(), components=((), ("Login",)))
    prove_harmless(LOOK_ALIKE, OPENAI.read_bytes())


def test_no_damage_to_a_page_in_trouble_raises():
    prove_sturdy(DRAWN, drawn(INCIDENT, work=(WORK,), Completions="full_outage", Login="partial_outage"))
    prove_sturdy(WIDGET, json.dumps(SUMMARY).encode(), OPENAI.read_bytes())

"""Instatus, Better Stack, Status.io, Cachet, Uptime Kuma and Statuspal: what a person would read there, exactly."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest
from pydantic import ValidationError

from bot.model import Health, Planned, Role, SourceReport
from bot.watch.sources import OfficialPage
from bot.watch.sources.dialects import betterstack, cachet, instatus, statusio, statuspal, uptimekuma
from bot.watch.sources.dialects.base import NAME, Asked
from bot.watch.sources.dialects.known import DIALECTS
from bot.watch.sources.status_page import AUTO
from tests.watch.sources.dialects.pages import DATA, NOW
from tests.watch.sources.dialects.vendors import FILES, ID, made, read, shaped, url
from tests.watch.sources.kit import prove_sturdy

SINCE = datetime(2026, 11, 21, 13, 2, tzinfo=UTC)
FROM, UNTIL = datetime(2026, 11, 22, 2, tzinfo=UTC), datetime(2026, 11, 22, 3, tzinfo=UTC)
PAGE = "https://status.example.org"


def word(headline, link, components, *planned, since=SINCE):
    return SourceReport(
        Role.OFFICIAL, NAME, Health.DEGRADED, headline, link, NOW, since=since, components=components, planned=planned
    )


READ = {
    "instatus": word(
        "We're facing an issue with our API",
        f"{PAGE}/incident/cl4a8n3070721",
        ("API", "REST"),
        Planned("Database maintenance", FROM, UNTIL, f"{PAGE}/maintenance/cl4a8nlv50918", "cl4a8nlv50918"),
    ),
    "betterstack": word(
        "Elevated error rates on the API",
        f"{PAGE}/",
        ("API",),
        Planned("Database upgrade", FROM, UNTIL, f"{PAGE}/", "903"),
    ),
    "statusio": word(
        "API requests fail in US-West",
        f"{PAGE}/pages/incident/{ID}/6563b1f4d3a1b2050f4c0001",
        ("API",),
        Planned(
            "Database upgrade",
            FROM,
            UNTIL,
            f"{PAGE}/pages/maintenance/{ID}/6563b1f4d3a1b2050f4c0002",
            "6563b1f4d3a1b2050f4c0002",
            ("Website",),
        ),
    ),
    "cachet": word(
        "API requests fail",
        f"{PAGE}/incidents/17",
        ("API",),
        Planned("Database upgrade", FROM, UNTIL, "", "4"),
        Planned("Moving the database", FROM, None, f"{PAGE}/incidents/18", "18"),
    ),
    "cachet 3": word("API requests fail", f"{PAGE}/", ("API",), Planned("Database upgrade", FROM, UNTIL, "", "4")),
    "uptimekuma": word(
        "API requests fail",
        f"{PAGE}/status/example",
        ("API",),
        Planned("Database upgrade", FROM, UNTIL, "", "9"),
        since=datetime(2026, 11, 21, 13, 10, tzinfo=UTC),
    ),
    "statuspal": word(
        "Machines in zone B do not start",
        "https://example.statuspal.eu/incidents/198",
        ("Zone B: Compute",),  # the work is on one place of several: no maintenance of the whole
    ),
}


@pytest.mark.parametrize("vendor", FILES)
def test_a_page_in_trouble_is_told_as_a_person_reads_it(vendor):
    assert read(vendor, shaped(vendor)) == READ[vendor]


@pytest.mark.parametrize("vendor", FILES)
def test_a_page_that_is_well_says_up_and_reports_nothing(vendor):
    said = read(vendor, made(vendor, "well"))
    assert (said.says, said.headline, said.since, said.components) == (Health.UP, "", None, ())
    assert said.link.rstrip("/") == url(vendor).rstrip("/")


@pytest.mark.parametrize("vendor", FILES)
def test_a_page_on_which_all_is_down_says_down(vendor):
    assert read(vendor, made(vendor, "down")).says is Health.DOWN


ONE_DOWN = {
    "betterstack": lambda b: (
        b[0]["data"]["attributes"].update(aggregate_state="downtime"),
        b[0]["included"][2]["attributes"].update(status="downtime"),
    ),
    "statusio": lambda b: [
        one.update(status="Service Disruption", status_code=500)
        for one in (b[0]["result"]["status_overall"], b[0]["result"]["status"][1])
    ],
    "cachet": lambda b: b[0]["data"][1].update(status=4),
    "statuspal": lambda b: [
        one.update(current_incident_type="major")
        for one in (b[0]["status_page"], b[0]["services"][2], b[0]["services"][2]["children"][0])
    ],
}


@pytest.mark.parametrize("vendor", ONE_DOWN)
def test_one_component_of_many_that_is_down_is_not_the_whole_whatever_the_page_calls_it(vendor):
    bodies = shaped(vendor)
    ONE_DOWN[vendor](bodies)
    assert read(vendor, bodies).says is Health.DEGRADED
    assert read(vendor, bodies, *(("Zone B",) if vendor == "statuspal" else ("API",))).says is Health.DOWN


@pytest.mark.parametrize("vendor", FILES)
def test_maintenance_under_way_is_no_outage(vendor):
    said = read(vendor, made(vendor, "maintenance"))
    assert (said.says, said.headline) == (Health.UP, "")


@pytest.mark.parametrize("vendor", FILES)
def test_who_cares_for_another_component_is_not_concerned(vendor):
    other = "Portal" if vendor == "statuspal" else "App" if vendor == "instatus" else "Website"
    own = "Compute" if vendor == "statuspal" else "API"
    bodies = shaped(vendor)
    if vendor == "uptimekuma":
        bodies[0]["incident"] = None  # a notice is about the whole page
    assert (read(vendor, bodies, other).says, read(vendor, bodies, other).headline) == (Health.UP, "")
    expected = Health.DOWN if vendor == "uptimekuma" else Health.DEGRADED
    assert (read(vendor, bodies, f" {own.upper()} ").says, read(vendor, bodies, own).components) == (expected, (own,))


@pytest.mark.parametrize("vendor", FILES)
def test_a_component_that_the_page_does_not_show_is_silence(vendor):
    with pytest.raises(ValueError, match="none of the components"):
        read(vendor, made(vendor, "well"), "Nothing of that name")


@pytest.mark.parametrize("vendor", FILES)
def test_what_another_vendor_says_is_not_understood(vendor):
    others = [name for name in FILES if name.partition(" ")[0] != vendor.partition(" ")[0]]
    for other in others:
        bodies = (shaped(other) * 3)[: len(FILES[vendor])]
        with pytest.raises(ValueError):  # noqa: PT011 - which of them is not our concern
            read(vendor, bodies)


@pytest.mark.parametrize(
    ("dialect", "url", "addresses"),
    [
        (instatus.DIALECTS[0], f"{PAGE}/?x#y", [f"{PAGE}/summary.json", f"{PAGE}/v3/components.json"]),
        (instatus.DIALECTS[1], PAGE, [f"{PAGE}/summary.json", f"{PAGE}/v2/components.json"]),
        (instatus.DIALECTS[2], f"{PAGE}/en", [f"{PAGE}/en/summary.json"]),
        (instatus.DIALECTS[0], f"{PAGE}/summary.json", [f"{PAGE}/summary.json"]),
        (betterstack.DIALECT, f"{PAGE}/", [f"{PAGE}/index.json"]),
        (betterstack.DIALECT, f"{PAGE}/index.json", [f"{PAGE}/index.json"]),
        (statusio.DIALECT, f"{PAGE}/pages/{ID}/rss", [f"https://api.status.io/1.0/status/{ID}"]),
        (statusio.DIALECT, f"http://127.0.0.1:8/1.0/status/{ID}", [f"http://127.0.0.1:8/1.0/status/{ID}"]),
        (statusio.DIALECT, PAGE, []),
        (
            cachet.DIALECTS[0],
            f"{PAGE}/x/",
            [
                f"{PAGE}/x/api/v1/components?per_page=100",
                f"{PAGE}/x/api/v1/incidents?per_page=100&sort=id&order=desc&filter%5Bstatus%5D=1,2,3",
                f"{PAGE}/x/api/v1/schedules?per_page=100",
            ],
        ),
        (
            cachet.DIALECTS[1],
            f"{PAGE}/api/v1/",
            [
                f"{PAGE}/api/v1/components?per_page=100",
                f"{PAGE}/api/v1/incidents?per_page=100&sort=id&order=desc&filter%5Bstatus%5D=1,2,3",
            ],
        ),
        (
            uptimekuma.DIALECT,
            f"{PAGE}/kuma/status/all/",
            [f"{PAGE}/kuma/api/status-page/all", f"{PAGE}/kuma/api/status-page/heartbeat/all"],
        ),
        (uptimekuma.DIALECT, PAGE, [f"{PAGE}/api/status-page/default", f"{PAGE}/api/status-page/heartbeat/default"]),
        (uptimekuma.DIALECT, f"{PAGE}/dashboard", []),
        (statuspal.DIALECT, "https://acme.statuspal.io", ["https://statuspal.io/api/v2/status_pages/acme/summary"]),
        (
            statuspal.DIALECT,
            "https://statuspal.eu/api/v2/status_pages/acme",
            ["https://statuspal.eu/api/v2/status_pages/acme/summary"],
        ),
        (statuspal.DIALECT, PAGE, []),
    ],
)
def test_where_a_page_is_asked(dialect, url, addresses):
    assert list(dialect.where(url)) == addresses


def test_every_dialect_may_be_named_in_a_config_and_no_other():
    named = get_args(OfficialPage.model_fields["kind"].annotation)
    assert set(named) - {AUTO} <= {one.kind for one in DIALECTS}
    assert len(named) == 15
    with pytest.raises(ValidationError):
        OfficialPage(kind="statuspages", url=PAGE)


def test_a_page_of_better_stack_that_is_one_list_is_as_its_open_report_says():
    body = (DATA / "betterstack-list-shape.json").read_bytes()
    found = betterstack.DIALECT.parse((body,), Asked(PAGE, (), NOW))
    began = datetime(2026, 7, 21, tzinfo=UTC)
    assert found == word("Inference API degraded", PAGE, ("Inference API",), since=began)
    prove_sturdy(betterstack.DIALECT, body)


def test_work_on_one_place_is_told_to_who_cares_for_it():
    work = Planned("Storage upgrade", FROM, UNTIL, "https://example.statuspal.eu/incidents/199", "199")
    (found,) = read("statuspal", shaped("statuspal"), "Storage").planned
    assert replace(found, parts=()) == work
    assert read("statuspal", shaped("statuspal"), "Compute").planned == ()


# ── Instatus ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_of_instatus_that_says_up_is_not_believed_while_an_incident_is_open():
    bodies = shaped("instatus")
    bodies[0]["page"]["status"] = "UP"
    assert read("instatus", bodies) == READ["instatus"]


@pytest.mark.parametrize(
    ("impact", "health"),
    [
        ("MAJOROUTAGE", Health.DOWN),
        ("MINOROUTAGE", Health.DEGRADED),
        ("OPERATIONAL", Health.UP),
        ("NEW", Health.DEGRADED),
    ],
)
def test_an_incident_of_instatus_speaks_for_the_page_where_no_component_does(impact, health):
    bodies = shaped("instatus")[:1]
    bodies[0]["page"]["status"] = "UP"
    bodies[0]["activeIncidents"][0] |= {"impact": impact, "started": "2026-11-21T14:02:00+01:00"}
    said = read("instatus", bodies)
    assert (said.says, said.headline, said.since) == (health, "We're facing an issue with our API", SINCE)


def test_a_major_outage_of_one_component_is_not_the_whole_of_instatus():
    bodies = shaped("instatus")
    bodies[0]["activeIncidents"][0]["impact"] = bodies[1]["components"][1]["status"] = "MAJOROUTAGE"
    assert read("instatus", bodies).says is Health.DEGRADED
    assert read("instatus", bodies, "API").says is Health.DOWN
    assert read("instatus", bodies, "App").says is Health.UP


def test_what_is_over_on_instatus_is_not_told():
    bodies = made("instatus", "well")
    bodies[0] |= {key: shaped("instatus")[0][key] for key in ("activeIncidents", "activeMaintenances")}
    bodies[0]["activeIncidents"][0]["status"] = "RESOLVED"
    bodies[0]["activeMaintenances"][0]["status"] = "COMPLETED"
    assert read("instatus", bodies) == read("instatus", made("instatus", "well"))


@pytest.mark.parametrize("duration", [None, "soon", "-5", 0, "1e999", "nan", [], "9" * 400])
def test_a_length_of_maintenance_that_is_none_leaves_its_end_open(duration):
    bodies = shaped("instatus")
    bodies[0]["activeMaintenances"][0]["duration"] = duration
    assert [(one.since, one.until) for one in read("instatus", bodies).planned] == [(FROM, None)]


# ── Better Stack ─────────────────────────────────────────────────────────────────────────────────────────────────────


def report(bodies, id_):
    return next(one for one in bodies[0]["included"] if one["id"] == id_)["attributes"]


def test_a_report_of_better_stack_is_over_by_its_state_its_end_or_its_last_update():
    for over in ({"aggregate_state": "resolved"}, {"ends_at": "2026-11-21T13:30:00.000Z"}):
        bodies = shaped("betterstack")
        report(bodies, "901").update(over)
        assert read("betterstack", bodies).headline == "API: degraded"
    bodies = shaped("betterstack")
    report(bodies, "11")["affected_resources"][0]["status"] = "resolved"
    assert read("betterstack", bodies).headline == "API: degraded"


def test_a_report_of_better_stack_that_was_never_closed_is_not_believed_against_the_page():
    bodies = shaped("betterstack")
    bodies[0]["data"]["attributes"]["aggregate_state"] = report(bodies, "62")["status"] = "operational"
    said = read("betterstack", bodies)
    assert (said.says, said.headline) == (Health.UP, "")


def test_what_a_report_of_better_stack_says_of_a_resource_counts_where_it_is_worse():
    bodies = shaped("betterstack")
    report(bodies, "901")["affected_resources"][0]["status"] = report(bodies, "11")["affected_resources"][0][
        "status"
    ] = "downtime"
    assert (read("betterstack", bodies).says, read("betterstack", bodies, "API").says) == (Health.DEGRADED, Health.DOWN)


def test_a_downtime_of_better_stack_without_any_resource_is_the_whole_page():
    bodies = made("betterstack", "down")
    bodies[0]["included"] = []
    said = read("betterstack", bodies)
    assert (said.says, said.headline, said.link) == (Health.DOWN, "", f"{PAGE}/")


def test_maintenance_of_better_stack_that_has_begun_accounts_for_the_pages_word():
    bodies = shaped("betterstack")
    report(bodies, "901")["aggregate_state"] = "resolved"
    report(bodies, "62")["status"] = "maintenance"
    assert read("betterstack", bodies).says is Health.DEGRADED
    report(bodies, "903")["starts_at"] = "2026-11-21T14:00:00.000Z"
    assert read("betterstack", bodies).says is Health.UP


# ── Status.io ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("component", "health"), [("US-West", Health.DEGRADED), ("API: US-East", Health.UP)])
def test_a_container_of_status_io_may_be_picked(component, health):
    assert read("statusio", shaped("statusio"), component).says is health


def test_an_incident_of_status_io_is_over_when_its_newest_message_says_so_whatever_their_order():
    bodies = shaped("statusio")
    messages = bodies[0]["result"]["incidents"][0]["messages"]
    newest, _ = messages
    newest["state"] = 400
    assert read("statusio", bodies).headline == "API: Partial Service Disruption"
    messages.reverse()
    assert read("statusio", bodies).headline == "API: Partial Service Disruption"


def test_a_security_event_of_status_io_is_trouble_and_no_outage():
    bodies = made("statusio", "well")
    bodies[0]["result"]["status_overall"] |= {"status": "Security Event", "status_code": 600}
    said = read("statusio", bodies)
    assert (said.says, said.headline) == (Health.DEGRADED, "Security Event")


def test_by_the_address_of_its_api_people_are_led_to_the_page():
    said = read("statusio", shaped("statusio"), at=f"https://api.status.io/1.0/status/{ID}")
    assert said.link == f"https://status.io/pages/{ID}"


# ── Cachet ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_cachet_before_schedules_is_read_without_them():
    said = read("cachet", shaped("cachet")[:2])
    assert [one.name for one in said.planned] == ["Moving the database"]


def test_a_time_of_cachet_that_is_still_to_come_was_of_another_zone():
    bodies = shaped("cachet")
    bodies[1]["data"][1]["occurred_at"] = "2026-11-21 15:02:00"
    assert (read("cachet", bodies).since, read("cachet", bodies).headline) == (None, "API requests fail")


def test_an_early_version_3_of_cachet_says_its_status_as_a_number():
    bodies = shaped("cachet 3")
    for one in bodies[0]["data"]:
        one["attributes"]["status"] = one["attributes"]["status"]["value"]
    assert read("cachet 3", bodies) == READ["cachet 3"]


def test_a_cachet_that_knows_nothing_of_its_components_is_silence():
    with pytest.raises(ValueError, match="nothing of any component"):
        read("cachet", made("cachet", "well")[1:2] * 3)


# ── Uptime Kuma ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_monitor_of_uptime_kuma_is_down_since_its_first_bad_heartbeat():
    bodies = shaped("uptimekuma")
    bodies[0]["incident"] = None
    said = read("uptimekuma", bodies)
    assert (said.says, said.headline) == (Health.DEGRADED, "API: down")
    assert said.since == datetime(2026, 11, 21, 13, 8, 0, 200000, tzinfo=UTC)
    for beat in bodies[1]["heartbeatList"]["2"]:
        beat["status"] = 0
    assert read("uptimekuma", bodies).since is None  # for longer than is known


def test_a_monitor_of_uptime_kuma_that_is_being_tried_again_is_trouble_and_no_outage():
    bodies = made("uptimekuma", "well")
    bodies[1]["heartbeatList"]["1"][-1]["status"] = 2
    said = read("uptimekuma", bodies)
    assert (said.says, said.headline) == (Health.DEGRADED, "Website: pending")


def test_version_2_of_uptime_kuma_pins_several_notices_and_not_each_is_trouble():
    bodies = made("uptimekuma", "well")
    bodies[0] |= {"incidents": [shaped("uptimekuma")[0]["incident"] | {"style": "info", "title": "Hello"}]}
    said = read("uptimekuma", bodies)
    assert (said.says, said.headline) == (Health.UP, "Hello")
    bodies[0]["incidents"][0]["style"] = "danger"
    assert read("uptimekuma", bodies).says is Health.DEGRADED


def test_a_monitor_of_uptime_kuma_without_a_heartbeat_says_nothing():
    bodies = made("uptimekuma", "well")
    bodies[1]["heartbeatList"] = {"1": [0, 0], "2": []}
    with pytest.raises(ValueError, match="nothing of any monitor"):
        read("uptimekuma", bodies)


# ── Statuspal ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("component", "health"),
    [
        ("Zone B", Health.DEGRADED),
        ("Zone A", Health.UP),
        ("Zone A: Compute", Health.UP),
        ("Zone B: Storage", Health.UP),
    ],
)
def test_a_zone_of_statuspal_or_what_is_in_it_may_be_picked(component, health):
    assert read("statuspal", shaped("statuspal"), component).says is health


@pytest.mark.parametrize("over", [{"ends_at": "2026-11-21T13:30:00"}, {"updates": [{"type": "resolved"}]}])
def test_an_incident_of_statuspal_that_is_over_is_not_told(over):
    bodies = shaped("statuspal")
    bodies[0]["incidents"][0] |= over
    assert read("statuspal", bodies).headline == "Zone B: Compute: minor"


def test_by_the_address_of_statuspals_api_people_are_led_to_the_page():
    said = read("statuspal", made("statuspal", "well"), at="https://statuspal.eu/api/v2/status_pages/example/summary")
    assert said.link == "https://example.statuspal.eu/"


def test_an_incident_of_statuspal_concerns_those_who_care_for_the_zone_above():
    bodies = shaped("statuspal")
    bodies[0]["incidents"][0]["service_ids"] = [21]
    assert read("statuspal", bodies, "Zone B").headline == "Machines in zone B do not start"


@pytest.mark.parametrize("title", ["[Resolved] API requests fail", "API requests fail - Behoben", "解決済み：API"])
def test_a_pinned_notice_is_over_when_its_title_says_so(title):
    bodies = made("uptimekuma", "well")
    bodies[0]["incident"] = {"id": 3, "style": "danger", "title": title, "createdDate": "2026-11-21 13:10:00"}
    assert read("uptimekuma", bodies).says is Health.UP
    bodies[0]["incident"]["title"] = "API requests fail"
    assert read("uptimekuma", bodies).says is Health.DEGRADED

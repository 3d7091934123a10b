"""The pages that one vendor made for itself: Slack, AWS, Google; and every dialect of this kind over a real connection."""

from __future__ import annotations

import copy
import json

import pytest

from bot.contracts import SourceState
from bot.model import Health, Planned
from bot.net import Network
from bot.watch.sources import OfficialPage
from bot.watch.sources.dialects import aws, googlecloud, slack
from tests.fakes.site import Site, page
from tests.watch.sources.dialects.feeds import (
    ATHENA,
    AWS,
    AWS_OLD,
    AZURE_WELL,
    GCP,
    GITHUB_ATOM,
    GITHUB_RSS,
    LATER,
    SLACK,
    going_on,
    read,
    says,
    utc,
)
from tests.watch.sources.dialects.pages import NOW, SILENT, URL, load, told

# ── Slack ────────────────────────────────────────────────────────────────────────────────────────────────────────────

THEN = utc(2023, 9, 26, 18, 56)
LINK = "https://status.slack.com/2023-09/badc5543a21e1fa7"


def said(*incidents: dict, at=THEN, components=(), status="active"):
    body = json.dumps({"status": status, "active_incidents": list(incidents)}).encode()
    return read(slack.DIALECT, body, at, *components)


def trouble(**more):
    return load(SLACK)["active_incidents"][0] | more


@pytest.mark.parametrize("at", [THEN, LATER])
def test_slacks_incident_is_quoted_for_as_long_as_it_is_active(at):
    word = read(slack.DIALECT, SLACK.read_bytes(), at)
    since = utc(2023, 9, 26, 18, 34, 10)
    assert word == says(
        Health.DEGRADED, "Can't dismiss Now you've got Later", LINK, at, since=since, components=("Connections",)
    )


def test_slack_is_well_when_it_says_ok():
    assert said(status="ok") == says(Health.UP, "", URL, THEN)
    brief = b'{"status":"ok","date_created":"2018-09-07T18:34:15-07:00","date_updated":"2018-09-07T18:34:15-07:00"}'
    assert read(slack.DIALECT, brief, THEN).says is Health.UP


@pytest.mark.parametrize(
    ("kind", "services", "components", "health"),
    [
        ("incident", ["Messaging"], (), Health.DEGRADED),
        ("outage", ["Messaging", "Search"], (), Health.DOWN),
        ("outage", [], (), Health.DOWN),
        ("outage", ["Search"], (), Health.DEGRADED),
        ("outage", ["Search"], ("search",), Health.DOWN),
        ("outage", ["Search"], ("Messaging",), Health.UP),
        ("incident", [], ("Messaging",), Health.DEGRADED),
        ("notice", ["Messaging"], (), Health.UP),
        ("something new", ["Messaging"], (), Health.DEGRADED),
    ],
)
def test_what_slack_calls_it_and_what_it_names_say_how_bad_it_is(kind, services, components, health):
    assert said(trouble(type=kind, services=services), components=components).says is health


def test_slacks_maintenance_is_announced_work_and_what_is_over_is_nothing():
    work = trouble(type="maintenance", id="1270")
    planned = Planned("Can't dismiss Now you've got Later", utc(2023, 9, 26, 18, 34, 10), None, LINK, "1270")
    assert said(work) == says(Health.UP, "", URL, THEN, planned=(planned,))
    assert said(trouble(status="resolved"), work | {"status": "scheduled"}) == says(Health.UP, "", URL, THEN)


@pytest.mark.parametrize("body", [b'{"status": "active"}', b'{"status": "broken"}', b"[]", b'{"active_incidents": []}'])
def test_what_slack_never_says_is_silence(body):
    assert told(slack.DIALECT, body) == SILENT


# ── AWS ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

AUGUST = utc(2026, 8, 1, 1, 20)
UAE = "Multiple services (UAE): Increased Error Rates"
UAE_SINCE = utc(2026, 3, 1, 12, 51, 25)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8"])
def test_aws_events_that_are_open_are_quoted_in_whichever_encoding(encoding):
    body = AWS.read_text().encode(encoding)
    for at in (AUGUST, LATER):
        expected = says(Health.DEGRADED, UAE, URL, at, since=UAE_SINCE, components=("Multiple services (UAE)",))
        assert read(aws.DIALECT, body, at) == expected


@pytest.mark.parametrize(
    ("components", "affected"),
    [
        (("me-central-1",), ("Multiple services (UAE)",)),
        (("uae",), ("Multiple services (UAE)",)),
        (
            ("ec2-me-central-1", "S3-me-central-1"),
            ("Amazon Elastic Compute Cloud (UAE)", "Amazon Simple Storage Service (UAE)"),
        ),
        (("ec2",), ("Amazon Elastic Compute Cloud (UAE)",)),
        (("Amazon Managed Grafana",), ("Amazon Managed Grafana (UAE)",)),
        (("route53",), ()),  # it was affected, and is well again
        (("ec2-us-east-1", "us-east-1", "central-1"), ()),
        (("directconnect-ap-south-1",), ()),  # it is over
    ],
)
def test_aws_events_are_picked_by_service_and_region(components, affected):
    word = read(aws.DIALECT, AWS.read_bytes(), AUGUST, *components)
    assert word.components == affected
    assert word.says is (Health.DEGRADED if affected else Health.UP)
    assert word.headline == (UAE if affected else "")


@pytest.mark.parametrize(
    "mark", [{"status": "0"}, {"status": 0}, {"end_time": "1785524075"}, {"summary": "[RESOLVED] x"}]
)
def test_an_aws_event_is_over_by_any_of_its_marks(mark):
    body = json.dumps([load(AWS)[1] | mark]).encode()
    assert read(aws.DIALECT, body, AUGUST) == says(Health.UP, "", URL, AUGUST)


def test_the_older_page_of_aws_is_read_too():
    page_ = load(AWS_OLD)
    for at in (utc(2022, 7, 2), LATER):
        assert read(aws.DIALECT, json.dumps(page_).encode(), at) == says(Health.UP, "", URL, at)
    over, opened = (copy.deepcopy(page_["archive"][n]) for n in (1, 2))
    assert opened["service"] == "route53"
    opened["summary"] = opened["summary"].removeprefix("[RESOLVED] ")
    body = json.dumps(page_ | {"current": [over, opened]}).encode()
    headline = "Amazon Route 53: Intermittent DNS resolution failures"
    expected = says(
        Health.DEGRADED, headline, URL, NOW, since=utc(2022, 5, 27, 2, 21, 35), components=("Amazon Route 53",)
    )
    assert read(aws.DIALECT, body, NOW) == expected
    assert read(aws.DIALECT, body, NOW, "route53").says is Health.DEGRADED
    assert read(aws.DIALECT, body, NOW, "elb-us-east-1").says is Health.UP


def test_an_aws_page_without_events_is_well_and_one_without_their_list_is_silent():
    assert told(aws.DIALECT, b"\xfe\xff\x00[\x00]").says is Health.UP
    assert told(aws.DIALECT, b'{"archive": []}') == told(aws.DIALECT, b"7") == SILENT


# ── Google ───────────────────────────────────────────────────────────────────────────────────────────────────────────

JULY = utc(2022, 7, 1, 20)
CLOUD = "https://status.cloud.google.com/"


def google(*numbers: int, **more) -> bytes:
    """Google Cloud's incidents, and these of them again without an end."""
    return json.dumps([*load(GCP), *going_on(*numbers, **more)]).encode()


@pytest.mark.parametrize("at", [JULY, LATER])
def test_google_cloud_is_well_where_every_incident_has_its_end(at):
    assert read(googlecloud.DIALECT, GCP.read_bytes(), at, url=CLOUD) == says(Health.UP, "", CLOUD, at)
    assert told(googlecloud.DIALECT, b"[]").says is Health.UP


@pytest.mark.parametrize("at", [JULY, LATER])
def test_the_newest_of_google_clouds_open_incidents_is_quoted(at):
    assert read(googlecloud.DIALECT, google(1, 12), at, url=CLOUD) == says(
        Health.DEGRADED,
        "Intermittent Cloud Composer creation failures in select regions and elevated error rates during Cloud SQL instance"
        " creation.",
        "https://status.cloud.google.com/incidents/mDY7jN545et9XUV541MZ",
        at,
        since=utc(2022, 6, 30, 18, 12),
        components=(
            "Google Cloud Composer",
            "Google Cloud SQL",
            "Hybrid Connectivity",
            "Virtual Private Cloud (VPC)",
            "Google Cloud Networking",
            "Cloud NAT",
        ),
    )


@pytest.mark.parametrize(
    ("components", "affected"),
    [
        (("google cloud sql",), ("Google Cloud SQL",)),
        (("Cloud NAT", "Google Cloud SQL"), ("Google Cloud SQL", "Cloud NAT")),
        (("Apigee",), ()),
    ],
)
def test_google_clouds_incidents_are_picked_by_product(components, affected):
    word = read(googlecloud.DIALECT, google(1, 12), JULY, *components, url=CLOUD)  # the second is one of high severity
    assert (word.components, word.says) == (affected, Health.DEGRADED if affected else Health.UP)


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        (
            "**Summary:**\nGoogle Chat users see no messages.\n**Description:**\nWe look.",
            "Google Chat users see no messages.",
        ),
        ("# Summary: Chat is slow", "Chat is slow"),
        ("Summary of what fails", "Summary of what fails"),
        ("\n \n", ""),
    ],
)
def test_googles_headline_is_the_first_line_that_says_something(text, headline):
    assert read(googlecloud.DIALECT, google(0, external_desc=text), JULY).headline == headline


def test_a_google_incident_is_told_with_what_it_has():
    body = google(0, begin=None, affected_products=None, uri="http://[")
    word = read(googlecloud.DIALECT, body, JULY, url="https://www.google.com/appsstatus/dashboard/")
    assert (word.since, word.components) == (utc(2022, 7, 1, 14, 5, 2), ("Google BigQuery",))
    assert word.link == "https://www.google.com/appsstatus/dashboard/"
    uri = read(googlecloud.DIALECT, google(0), JULY, url="https://www.google.com/appsstatus/dashboard/summary").link
    assert uri == "https://www.google.com/appsstatus/dashboard/incidents/TaA75H7XA1DQyM2ReK2f"


# ── over the network ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("dialect", "url", "asked"),
    [
        (slack, "https://status.slack.com", "https://slack-status.com/api/v2.0.0/current"),
        (slack, "http://127.0.0.1:8/api/v2.0.0/current", "http://127.0.0.1:8/api/v2.0.0/current"),
        (slack, "https://status.example.org/", None),
        (aws, "https://status.aws.amazon.com/", "https://health.aws.amazon.com/public/currentevents"),
        (aws, "https://health.aws.amazon.com/health/status", "https://health.aws.amazon.com/public/currentevents"),
        (aws, "http://127.0.0.1:8/data.json", "http://127.0.0.1:8/data.json"),
        (aws, "https://status.example.org/", None),
        (googlecloud, "https://status.cloud.google.com", "https://status.cloud.google.com/incidents.json"),
        (googlecloud, "https://status.cloud.google.com/summary", "https://status.cloud.google.com/incidents.json"),
        (
            googlecloud,
            "https://www.google.com/appsstatus/",
            "https://www.google.com/appsstatus/dashboard/incidents.json",
        ),
        (googlecloud, "http://127.0.0.1:8/incidents.json", "http://127.0.0.1:8/incidents.json"),
        (googlecloud, "https://www.google.com/search", None),
        (googlecloud, "https://status.example.org/", None),
    ],
)
def test_a_vendors_page_is_asked_where_it_is_and_nobody_else_for_it(dialect, url, asked):
    assert dialect.DIALECT.where(url) == ((asked,) if asked else ())


@pytest.mark.parametrize(
    ("kind", "path", "body", "health"),
    [
        ("rss", "/history.rss", GITHUB_RSS.read_bytes(), Health.UP),
        ("atom", "/history.atom", GITHUB_ATOM.read_bytes(), Health.UP),
        (
            "rss",
            "/rss/athena-us-west-2.rss",
            ATHENA.read_bytes().replace(b"2025", b"2026").replace(b"Jun", b"Nov"),
            Health.DEGRADED,
        ),
        ("azure", "/en-us/status/feed/", AZURE_WELL.read_bytes(), Health.UP),
        ("slack", "/api/v2.0.0/current", SLACK.read_bytes(), Health.DEGRADED),
        ("aws", "/public/currentevents", AWS.read_text().encode("utf-16"), Health.DEGRADED),
        ("googlecloud", "/incidents.json", google(0) + b" " * 2_000_000, Health.DEGRADED),
    ],
)
async def test_each_kind_is_read_from_a_real_site(kind, path, body, health):
    async with Network() as net, Site() as site:
        site.paths[path] = page(200, body)
        bare = kind in {"rss", "atom"} and "history" in path  # then the page's own address will do
        source = OfficialPage(kind=kind, url=site.url("/" if bare else path))
        assert (await source.read(net, NOW, SourceState())).says is health
        assert [heard.target for heard in site.heard] == [path]
        site.paths[path] = page(200, "<!doctype html><title>Just a moment...</title>")
        assert await source.read(net, NOW, SourceState()) == SILENT

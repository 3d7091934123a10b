"""Links beside notices: the vendor's page, and ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import wording
from bot.model import (
    OURSELVES,
    Batch,
    BatchItem,
    ChangeKind,
    Destination,
    Link,
    LinkKind,
    Origin,
    Phase,
    Service,
    Window,
    bare_address,
    delivering,
    for_people,
    incident_path,
    service_path,
)
from tests.wording.outages import ALL_CLEAR, BLIND, DOWN, EN, ES, INVESTIGATING, X, at, told

SITE = "https://status.example.org/desk"
HOME = "https://status.x.example/"
VERY = "https://status.x.example/incidents/9"
LINKED = replace(X, status_page=HOME, site=SITE)
OURS = Link(LinkKind.PAGE, "Incident page", f"{SITE}/incident/x/17")


def urls(notice):
    return [link.url for link in notice.links]


@pytest.mark.hardened("D", "a notice of an outage", "it links to the vendor's status page and to ours of the incident")
def test_a_notice_links_to_the_vendors_page_and_ours(saw):
    notice = told(ChangeKind.CONFIRMED, DOWN, at(14, 1), EN, LINKED)
    saw(urls(notice))
    assert notice.links == (Link(LinkKind.VENDOR, "Official status page", HOME), OURS)


def test_the_labels_are_in_the_readers_language():
    notice = told(ChangeKind.CONFIRMED, DOWN, at(14, 1), ES, LINKED)
    assert [link.label for link in notice.links] == ["Página de estado oficial", "Página de la incidencia"]


def test_the_vendors_page_of_the_very_incident_is_better_than_its_home():
    said = replace(DOWN, reports=(replace(INVESTIGATING, link=VERY),))
    assert urls(told(ChangeKind.OFFICIAL, said, at(14, 21), EN, LINKED)) == [VERY, OURS.url]


def test_an_all_clear_links_to_the_status_page():
    said = replace(DOWN, reports=(replace(ALL_CLEAR, link=f"{HOME}history"),))
    assert urls(told(ChangeKind.CONFIRMED, said, at(14, 1), EN, LINKED))[0] == HOME
    assert urls(told(ChangeKind.CONFIRMED, said, at(14, 1), EN, X)) == [f"{HOME}history"]


def test_an_address_in_the_text_is_not_given_twice():
    """The last word of the official page stands in a restored notice with its link."""
    said = replace(DOWN, official_last=replace(INVESTIGATING, link=VERY), until=at(14, 50))
    notice = told(ChangeKind.RESTORED, said, at(14, 50), EN, LINKED)
    assert VERY in notice.words.text
    assert urls(notice) == [OURS.url]


@pytest.mark.parametrize(
    "service", [Service(OURSELVES, "Tocsin"), Service(delivering("slack"), "Slack", channel="slack")]
)
def test_what_is_no_service_of_the_page_has_no_links(service):
    linked = replace(service, site=SITE, status_page=HOME)
    assert told(ChangeKind.RESTORED, replace(BLIND, until=at(14, 4)), at(14, 4), EN, linked).links == ()


def test_without_pages_there_are_no_links():
    assert told(ChangeKind.CONFIRMED, DOWN, at(14, 1)).links == ()


def test_a_storm_links_to_the_page_of_all():
    items = (BatchItem("x#17", "🔴 X: down", ends=False), BatchItem("mail#3", "🔴 Mail: down", ends=False))
    batch = Batch("many#1/1", "many#1", Destination("slack", "C1"), items, EN, at(14))
    assert wording.many(batch, at(14, 1), site=SITE).links == (Link(LinkKind.PAGE, "Our status page", f"{SITE}/"),)
    assert wording.many(batch, at(14, 1)).links == ()


def test_maintenance_links_to_the_service_or_to_the_page_of_all():
    window = Window("k", ("x",), at(15), at(16), Origin.OFFICIAL, at(9), number=3, steps=1)
    one = wording.maintenance(window, Phase.PLANNED, (LINKED,), EN, at(14), site=SITE)
    assert urls(one) == [HOME, f"{SITE}/service/x"]
    file = replace(window, origin=Origin.FILE)
    assert urls(wording.maintenance(file, Phase.PLANNED, (LINKED,), EN, at(14), site=SITE)) == [f"{SITE}/service/x"]
    every = replace(window, services=(), until=at(15) + timedelta(hours=1))
    assert urls(wording.maintenance(every, Phase.PLANNED, (), EN, at(14), site=SITE)) == [f"{SITE}/"]


def test_paths_of_odd_keys_are_quoted():
    """Keys may hold spaces, signs and letters of any script."""
    assert service_path("our mail & more+ñ/") == "/service/our%20mail%20%26%20more%2B%C3%B1%2F"
    assert incident_path("our mail", 3) == "/incident/our%20mail/3"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://status.example.org/", True),
        ("https://www.google.com/appsstatus/dashboard/", True),
        ("https://status.example.org/incidents/9", True),
        ("https://status.example.org/api/v2/summary.json", False),
        ("https://status.example.org/history.rss", False),
        ("https://status.example.org/feed", False),
        ("https://status.example.org/proxy/api", False),
        ("https://feedback.example.org/rapid", True),
    ],
)
def test_feeds_are_no_pages_for_people(url, shown):
    assert for_people(url) == (url if shown else "")


def test_an_acknowledgement_stays_one_line():
    assert told(ChangeKind.ACKNOWLEDGED, replace(DOWN, acked_by="Ana"), at(14, 5), EN, LINKED, by="Ana").links == ()


@pytest.mark.parametrize("language", ["en", "es", "fr", "de", "pt"])
def test_the_line_about_the_status_page_names_it_as_its_link_does(language):
    """So the link can stand in the line, on the platforms that have such links."""
    style = replace(EN, language=language)
    for kind, incident in ((ChangeKind.CONFIRMED, DOWN), (ChangeKind.RESTORED, replace(DOWN, until=at(14, 50)))):
        notice = told(kind, incident, at(14, 50), style, LINKED)
        assert any(notice.links[0].split(line) for line in notice.words.lines)


def test_what_may_be_a_key_in_the_configs_address_is_not_shown():
    assert bare_address("https://status.example.org/page?key=secret#part") == "https://status.example.org/page"

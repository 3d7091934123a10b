"""Which ways a page may be read, and in which order they are tried."""

from __future__ import annotations

import time

import pytest

from bot.watch.sources.dialects.base import Dialect
from bot.watch.sources.dialects.known import DIALECTS
from bot.watch.sources.status_page import AUTO, FORMS, HOSTS, OfficialPage, feeds, ways


def dialect(kind: str, where: str, accept: str = "application/json") -> Dialect:
    def addresses(url: str) -> tuple[str, ...]:
        return (where if "://" in where else url.rstrip("/") + where,) if where else ()

    return Dialect(kind, addresses, lambda *_: None, accept)


def kinds(url: str, *dialects: Dialect) -> list[str]:
    return [way.dialect.kind for way in ways(AUTO, url, dialects)]


USUAL = dialect("usual", "/usual.json")
PAGED = dialect("statuspage", "/api/v2/summary.json")
FIXED = dialect("cloud", "https://cloud.example/events.json")
NOWHERE = dialect("nowhere", "")


def test_a_kind_that_is_named_is_read_its_own_ways_alone():
    again = dialect("usual", "/less.json")
    assert [way.dialect for way in ways("usual", "https://a.example/", (USUAL, PAGED, again))] == [USUAL, again]


def test_what_the_host_speaks_for_comes_first_then_all_in_their_order():
    assert kinds("https://a.example/", USUAL, PAGED) == ["usual", "statuspage"]
    assert kinds("https://acme.statuspage.io/", USUAL, PAGED) == ["statuspage", "usual"]
    assert kinds("https://notstatuspage.io/", USUAL, PAGED) == ["usual", "statuspage"]


def test_a_dialect_that_asks_its_vendors_host_knows_the_page_and_comes_first():
    assert kinds("https://status.cloud.example/", USUAL, FIXED) == ["cloud", "usual"]


def test_what_would_ask_nothing_or_the_same_again_is_left_out():
    twin = Dialect("twin", USUAL.where, USUAL.parse)
    assert kinds("https://a.example/", NOWHERE, USUAL, twin) == ["usual"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/history.rss", "rss"),
        ("/feed.xml", "atom"),
        ("/history.atom", "atom"),
        ("/feed", "rss"),
        ("/status/main", "uptimekuma"),
        ("/proxy/status.example.org", "incidentio"),
        ("/api/v1/summary", "incidentio"),
    ],
)
def test_how_an_address_ends_speaks_for_a_kind(path, kind):
    like = Dialect(kind, lambda url: (url,), lambda *_: None)
    assert kinds(f"https://a.example{path}", USUAL, like) == [kind, "usual"]


def test_a_real_statuspage_needs_one_request_and_an_imitation_comes_last():
    found = ways(AUTO, "https://status.example.org/", DIALECTS)
    assert found[0].addresses == ("https://status.example.org/api/v2/summary.json",)
    assert [way.dialect.kind for way in found[1:3]] == ["incidentio", "incidentio"]
    assert len({(way.addresses, way.dialect.parse) for way in found}) == len(found)


def test_a_page_that_cannot_be_of_its_kind_is_refused_at_once(monkeypatch):
    monkeypatch.setattr("bot.watch.sources.dialects.known.DIALECTS", (dialect("statuspage", ""),))
    with pytest.raises(ValueError, match="a page of the kind statuspage has no such address"):
        OfficialPage(kind="statuspage", url="https://a.example/")


def test_the_tables_name_kinds_in_small_letters():
    named = {*HOSTS.values(), *(kind for _, kind in FORMS)}
    assert all(kind.isalpha() and kind.islower() for kind in named)


# ── the feeds that a page names ──────────────────────────────────────────────────────────────────────────────────────


def test_a_page_names_its_feeds():
    page = b"""<html><head><LINK rel="stylesheet" href="a.css">
      <link rel="alternate" type="application/rss+xml" title="RSS" href="/history.rss?a=1&amp;b=2">
      <link href=https://feeds.example/x.atom type='application/atom+xml; charset=utf-8' rel='ALTERNATE home' />
      <link rel="alternate" type="application/rss+xml" href="/history.rss?a=1&amp;b=2">
      <link rel="alternate" hreflang="es" href="/es"></head>"""
    assert feeds(page, "https://a.example/status/") == (
        "https://a.example/history.rss?a=1&b=2",
        "https://feeds.example/x.atom",
    )


@pytest.mark.parametrize(
    "href", ["", " ", "javascript:alert(1)", "http://[", "ftp://a.example/x", "http://u:p@a.example/x"]
)
def test_what_is_no_web_address_is_no_feed(href):
    page = f'<link rel="alternate" type="application/rss+xml" href="{href}">'.encode()
    assert feeds(page, "https://a.example/") == ()


def test_a_hostile_page_costs_no_time():
    began = time.monotonic()
    for body in (b"<link " * 200_000, b"<link " + b"a='" * 200_000, b"<link a=" + b" " * 500_000, b"\xff" * 500_000):
        assert feeds(body, "https://a.example/") == ()
    assert time.monotonic() - began < 2

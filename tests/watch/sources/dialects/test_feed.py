"""The feed of a status page: which of its entries is an open incident, and what is said of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import Health, Planned
from bot.watch.sources.dialects.dates import date
from bot.watch.sources.dialects.feed import ATOM, AZURE, RSS
from bot.watch.sources.dialects.feed_entries import read as entries
from bot.watch.sources.dialects.feed_stage import Stage, stage
from tests.watch.sources.dialects.feeds import (
    ATHENA,
    ATHENA_OVER,
    AZURE_WELL,
    CLOUDFLARE,
    GITHUB_ATOM,
    GITHUB_RSS,
    LATER,
    OKTA,
    OPENAI_RSS,
    STORAGE,
    WORK,
    item,
    read,
    rss,
    says,
    utc,
)
from tests.watch.sources.dialects.pages import NOW

OPENAI_INCIDENT = "https://status.openai.com//incidents/01K80CBJD5Z64DF82KGT3K3QE0"
WELL = {
    ATHENA: "https://status.aws.amazon.com/",
    ATHENA_OVER: "https://status.aws.amazon.com/",
    STORAGE: "https://status.example.org/",
    AZURE_WELL: "https://azure.status.microsoft/en-us/status/",
    WORK: "https://www.cloudflarestatus.com",
    CLOUDFLARE: "https://www.cloudflarestatus.com",
    OKTA: "https://status.example.org/",
    OPENAI_RSS: "https://status.openai.com/",
    GITHUB_ATOM: "https://www.githubstatus.com",
    GITHUB_RSS: "https://www.githubstatus.com",
}
ATHENA_SAYS = (
    "Service impact: Increased Queue Processing Time",
    "https://status.aws.amazon.com/",
    utc(2025, 6, 13, 16, 38, 42),
    (),
)
STORAGE_SAYS = (
    "Service issue: Storage - East US",
    "https://status.azure.com/en-us/status",
    utc(2025, 6, 13, 16, 38, 42),
    (),
)
OKTA_LINK = "https://status.okta.com/#incident/a9CKZ000000oLkp2AE"
OKTA_SAYS = ("Service Disruption", OKTA_LINK, utc(2025, 6, 19, 14, 30), ())
OPENAI_SAYS = ("Single Sign On (SSO) login issues", OPENAI_INCIDENT, utc(2025, 10, 20, 9, 43, 12), ("Login",))
TROUBLE = [
    (ATHENA, utc(2025, 6, 13, 17, 2), ATHENA_SAYS),
    (STORAGE, utc(2025, 6, 13, 17, 2), STORAGE_SAYS),
    (OKTA, utc(2025, 6, 19, 15, 11), OKTA_SAYS),
    (OPENAI_RSS, utc(2025, 10, 20, 9, 51), OPENAI_SAYS),
]
QUIET = [
    (ATHENA_OVER, utc(2025, 6, 13, 17, 2)),
    (AZURE_WELL, utc(2026, 8, 1, 0, 22)),
    (CLOUDFLARE, utc(2025, 6, 19, 22, 8)),
    (GITHUB_ATOM, utc(2026, 2, 5, 5, 11)),
    (GITHUB_RSS, utc(2026, 2, 5, 5, 11)),
]


@pytest.mark.parametrize(("path", "at", "said"), TROUBLE, ids=lambda value: str(value)[-24:])
def test_an_open_entry_is_quoted(path, at, said):
    headline, link, since, parts = said
    word = read(RSS, path.read_bytes(), at)
    assert word == says(Health.DEGRADED, headline, link, at, since=since, components=parts)
    assert read(ATOM, path.read_bytes(), at) == read(AZURE, path.read_bytes(), at) == word


@pytest.mark.parametrize(("path", "at"), QUIET, ids=lambda value: str(value)[-24:])
def test_a_feed_without_an_open_entry_says_that_all_is_well(path, at):
    assert read(ATOM, path.read_bytes(), at) == says(Health.UP, "", WELL[path], at)


@pytest.mark.parametrize("path", WELL, ids=lambda path: path.name)
def test_much_later_nothing_of_a_feed_is_open_that_was_forgotten_on_it(path):
    assert read(RSS, path.read_bytes(), LATER) == says(Health.UP, "", WELL[path], LATER)


def test_announced_work_is_no_incident_and_is_named_until_it_is_over():
    body = WORK.read_bytes()
    announced = Planned(
        "LAX (Los Angeles) on 2025-07-03",
        utc(2025, 7, 3, 3),
        utc(2025, 7, 3, 5, 30),
        "https://www.cloudflarestatus.com/incidents/c2pqg2pwwm8j",
        "tag:www.cloudflarestatus.com,2005:Incident/25460322",
    )
    for at in (utc(2025, 6, 19, 22, 8), utc(2025, 7, 3, 4)):
        assert read(ATOM, body, at) == says(Health.UP, "", WELL[WORK], at, planned=(announced,))
    assert read(ATOM, body, utc(2025, 7, 3, 5, 30)).planned == ()
    over = body.replace(b"&lt;strong&gt;Scheduled", b"&lt;strong&gt;Completed")
    assert read(ATOM, over, utc(2025, 6, 20)).planned == ()


@pytest.mark.parametrize(
    ("window", "since", "until"),
    [
        ("Nov 22, 23:00 - Nov 23, 02:00 UTC", utc(2026, 11, 22, 23), utc(2026, 11, 23, 2)),
        ("Nov 22, 06:00 - 07:30 PST", utc(2026, 11, 22, 14), utc(2026, 11, 22, 15, 30)),
        ("Nov 22, 06:00 - 07:30 XYZ", utc(2026, 11, 22, 1), utc(2026, 11, 22, 2, 30)),  # then as its entry is dated
        ("Dec 31, 23:00 - Jan 1, 01:00 UTC", utc(2026, 12, 31, 23), utc(2027, 1, 1, 1)),
    ],
)
def test_the_hours_of_announced_work_are_read_in_their_zone(window, since, until):
    said = f"<p><strong>THIS IS A SCHEDULED EVENT {window.replace(',', '</var>,')}</strong></p><strong>Scheduled</strong> - x"
    word = read(RSS, rss(item("Move", said, "Sun, 22 Nov 2026 01:00:00 +0000")), NOW)
    assert [(one.since, one.until) for one in word.planned] == [(since, until)]


def reopened(body: bytes) -> bytes:
    return body.replace(b"Resolved&lt;/strong&gt;", b"Update&lt;/strong&gt;")


@pytest.mark.parametrize("path", [GITHUB_ATOM, GITHUB_RSS], ids=lambda path: path.suffix)
def test_an_incident_began_with_the_oldest_of_its_updates(path):
    at = utc(2026, 2, 4)
    word = read(ATOM, reopened(path.read_bytes()), at)
    link = "https://www.githubstatus.com/incidents/f314nlctbfs5"
    since = utc(2026, 2, 3, 16, 10)
    assert word == says(Health.DEGRADED, "Delays in UI updates for Actions Runs", link, at, since=since)


@pytest.mark.parametrize(
    ("updates", "since"),
    [
        ("Nov 21, 05:00 PST|Nov 20, 22:15 PST", utc(2026, 11, 21, 6, 15)),
        ("Nov 21, 18:30 IST|Nov 21, 18:00 IST", utc(2026, 11, 21, 12, 30)),  # several zones: its own date shows which
        ("Nov 21, 13:00 UTC|Feb 30, 12:00 UTC", utc(2026, 11, 21, 13)),
        ("21. Nov., 13 Uhr", utc(2026, 11, 21, 13)),
        ("", utc(2026, 11, 21, 13)),
    ],
)
def test_the_first_update_is_dated_in_whichever_zone_the_page_writes(updates, since):
    text = "".join(f"<small>{at}</small><br><strong>Update</strong> - Still." for at in updates.split("|"))
    assert read(RSS, rss(item("Slow", text)), NOW).since == since


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("[RESOLVED] Slow", ""),
        ("RESOLVED: Slow", "<b>Update</b> - what we learned"),
        ("Resolved Major Service Disruption", "We are investigating."),
        ("Service is operating normally: Slow", "We are investigating."),
        ("Informational message: [解決済] 遅延 | [RESOLVED] Slow", ""),
        ("[Fixed] Slow", ""),
        ("Mitigated - Storage - West Europe", ""),
        ("Slow", "<b>Status: Resolved</b><br/>All is well."),
        ("Slow", "<STRONG class='x'><em>Resolved</em></STRONG> - Done. <strong>Investigating</strong> - What?"),
        ("Slow", "<p>Read this: <b>Summary</b> <b>Postmortem</b> - It was us.</p>"),
        ("Slow", "Resolved - The issue has been fixed."),
        ("Slow", "Status: Closed - nothing to see"),
        ("Slow", "The issue has been resolved and the service is operating normally."),
        ("Slow", "Resolved This issue is now resolved for all users."),
        ("Slow", "Summary of impact: Between 02:50 and 10:37 UTC, customers may have seen errors."),
    ],
)
def test_an_entry_is_over_when_its_title_or_its_newest_update_says_so(title, text):
    assert stage(entries(rss(item(title, text))).entries[0]) is Stage.OVER


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Slow", ""),
        ("Completed orders are missing", ""),
        ("Resolver errors", "<b>Status: Monitoring</b>"),
        (
            "Slow",
            (
                "<small>Nov 21, 12:00 UTC</small><strong>Monitoring</strong> - A fix is in place."
                "<small>Nov 21, 11:00 UTC</small><strong>Resolved</strong> - too soon"
            ),
        ),
        ("Slow", "<strong>Update</strong> - The first issue has been resolved, the second not."),
        ("Slow", "Once the issue has been resolved we will tell."),
        ("Slow", "The problem is not resolved."),
        ("Slow", "The issue is expected to be resolved by 5 PM."),
        ("Slow", "We are working to get this resolved."),
        ("Slow", "Instances in other zones are operating normally."),
        ("Scheduled Grid Migrations are experiencing extended downtime", "We are investigating."),
        ("Maintenance page cannot be left", "<strong>Investigating</strong> - What?"),
        ("Slow", "<strong>In progress</strong> - We are at it."),
    ],
)
def test_an_entry_is_open_until_then(title, text):
    assert stage(entries(rss(item(title, text))).entries[0]) is Stage.OPEN


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Scheduled maintenance of the database", ""),
        ("Maintenance: move", "<strong>Verifying</strong> - Nearly done."),
        ("Move", "<b>Status: Maintenance in progress</b>"),
        ("Move", "<strong>Scheduled</strong> - We will."),
    ],
)
def test_work_without_hours_is_neither_an_incident_nor_announced(title, text):
    word = read(RSS, rss(item(title, text)), NOW)
    assert (word.says, word.planned) == (Health.UP, ())


@pytest.mark.parametrize(
    ("title", "health"),
    [
        ("Major outage of all services", Health.DOWN),
        ("Critical service disruption", Health.DOWN),
        ("Complete system outage", Health.DOWN),
        ("Partial outage", Health.DEGRADED),
        ("DNS Service Outage - Global", Health.DEGRADED),
        ("Outage", Health.DEGRADED),
        ("Major delays, some outages", Health.DEGRADED),
    ],
)
def test_only_a_title_that_says_so_clearly_means_down(title, health):
    body = rss(item(title, "We once had a major outage."))
    assert read(RSS, body, NOW).says is health
    assert read(AZURE, body, NOW).says is Health.DEGRADED  # of hundreds of services in dozens of regions


def test_the_components_that_an_entry_lists_decide_whom_it_concerns():
    body, at = OPENAI_RSS.read_bytes(), utc(2025, 10, 20, 9, 51)
    assert read(RSS, body, at, " login ").components == ("Login",)
    for name in ("Chat Completions", "SSO"):  # one is well, the other stands in the title alone
        assert read(RSS, body, at, name) == says(Health.UP, "", WELL[OPENAI_RSS], at)
    gone = body.replace(b"Partial outage", b"Full outage")
    assert (read(RSS, gone, at).says, read(RSS, gone, at, "Login").says) == (Health.DEGRADED, Health.DOWN)


@pytest.mark.parametrize(
    ("path", "name", "concerned"),
    [
        (STORAGE, "Storage", True),
        (STORAGE, "east us", True),
        (STORAGE, "East US 2", False),
        (STORAGE, "Stor", False),
        (ATHENA, "us-west-2", True),
        (ATHENA, "athena-us-west-2", True),
        (ATHENA, "us-west-1", False),
    ],
)
def test_of_an_entry_without_a_list_its_words_decide(path, name, concerned):
    word = read(RSS, path.read_bytes(), utc(2025, 6, 13, 17, 2), name)
    assert word.components == ((name,) if concerned else ())
    assert word.says is (Health.DEGRADED if concerned else Health.UP)


def test_updates_that_are_entries_of_their_own_are_one_incident_since_the_first():
    google = "tag:status.cloud.google.com,2026:feed:B1hD4K.{}"
    updates = [
        item("UPDATE: Metrics were late", at="Sat, 21 Nov 2026 13:00:00 GMT", guid=google.format("c")),
        item("Metrics are late", at="Sat, 21 Nov 2026 11:00:00 GMT", guid=google.format("a")),
        item("RESOLVED: Metrics", at="Tue, 03 Nov 2026 11:00:00 GMT", guid=google.format("0")),  # before: not the same
    ]
    word = read(RSS, rss(*updates), NOW)
    assert (word.headline, word.since) == ("UPDATE: Metrics were late", utc(2026, 11, 21, 11))
    resolved = item("RESOLVED: Metrics", at="Sat, 21 Nov 2026 13:30:00 GMT", guid=google.format("d"))
    assert read(RSS, rss(*updates[::-1], resolved), NOW).says is Health.UP


def test_updates_at_the_same_link_under_the_same_title_are_one_incident_and_others_are_not():
    link = "https://status.example.org/status"
    later = item("Resolved: Mail is slow", at="Sat, 21 Nov 2026 13:30:00 GMT", link=link)
    assert read(RSS, rss(item("Mail is slow", link=link), later), NOW).says is Health.UP
    assert read(RSS, rss(item("Chat is slow", link=link), later), NOW).headline == "Chat is slow"


def test_an_entry_counts_for_fourteen_days_after_its_last_word():
    body = rss(item("Slow"))
    last = utc(2026, 11, 21, 13) + timedelta(days=14)
    assert read(RSS, body, last).says is Health.DEGRADED
    assert read(RSS, body, last + timedelta(seconds=1)).says is Health.UP


def test_xhtml_and_odd_namespaces_are_read():
    atom = b"""<feed xmlns="http://www.w3.org/2005/Atom"><link rel="self" href="https://a.example/feed"/>
      <entry><title>Slow</title><link rel="replies" href="https://a.example/r"/><link href="https://a.example/1"/>
      <content type="xhtml"><x:div xmlns:x="http://www.w3.org/1999/xhtml"><x:strong>%s</x:strong> - Hm.</x:div></content>
      </entry></feed>"""
    assert read(ATOM, atom % b"Resolved", NOW).says is Health.UP
    assert read(ATOM, atom % b"Identified", NOW) == says(Health.DEGRADED, "Slow", "https://a.example/1", NOW)
    rdf = b'<r:RDF xmlns:r="r" xmlns="n"><channel><link>https://a.example/</link></channel><item><title>Slow</title><date>2026-11-21T13:00Z</date></item></r:RDF>'
    assert read(RSS, rdf, NOW).headline == "Slow"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("Fri, 13 Jun 2025 09:38:42 PDT", utc(2025, 6, 13, 16, 38, 42)),
        ("Sat, 01 Aug 2026 00:22:00 Z", utc(2026, 8, 1, 0, 22)),
        ("3 Feb 2026 19:28 +0530", utc(2026, 2, 3, 13, 58)),
        ("2025-06-19T15:10:47.164Z", utc(2025, 6, 19, 15, 10, 47).replace(microsecond=164000)),
        ("Fri, 13 Jun 2025 09:38:42 IST", None),  # Indian, Irish or Israeli
        ("Fri, 13 Jun 2025 09:38:42", None),
        ("Fri, 31 Feb 2025 09:38:42 GMT", None),
        ("9999-12-31", None),
        ("", None),
    ],
)
def test_a_date_is_understood_with_its_zone_or_not_at_all(text, at):
    assert date(text) == at


@pytest.mark.parametrize(
    ("dialect", "url", "asked"),
    [
        (RSS, "https://status.example.org", "https://status.example.org/history.rss"),
        (ATOM, "https://status.example.org/#x", "https://status.example.org/history.atom"),
        (RSS, "https://status.example.org/feed.rss", "https://status.example.org/feed.rss"),
        (ATOM, "https://status.example.org/?format=atom", "https://status.example.org/?format=atom"),
        (AZURE, "https://azure.status.microsoft/", "https://azure.status.microsoft/en-us/status/feed/"),
        (AZURE, "https://status.azure.com/de-de/status/feed/", "https://status.azure.com/de-de/status/feed/"),
        (AZURE, "https://status.example.org/", None),
    ],
)
def test_where_a_feed_is_asked_for(dialect, url, asked):
    assert dialect.where(url) == ((asked,) if asked else ())


@pytest.mark.hardened(
    "T15", "entries dated ahead, by minutes, hours, days and decades", "planned, nothing, or open and not since then"
)
@pytest.mark.parametrize(
    ("title", "label", "published", "updated", "says", "since", "planned"),
    [
        ("API", "Investigating", "20 Nov 2026 12:03 GMT", "", Health.DEGRADED, utc(2026, 11, 20, 12), 0),
        ("API", "Investigating", "20 Nov 2026 15:00 GMT", "", Health.DEGRADED, None, 0),  # in another zone
        ("API", "Investigating", "22 Nov 2026 15:00 GMT", "", Health.UP, None, 0),
        ("API", "Investigating", "20 Nov 2020 11:00 GMT", "2099-01-01T00:00:00Z", Health.UP, None, 0),
        ("API", "Investigating", "20 Nov 2026 11:00 GMT", "2099-01-01T00:00:00Z", Health.DEGRADED, utc(2026, 11, 20, 11), 0),
        ("Maintenance", "Scheduled", "21 Nov 2026 11:00 GMT", "", Health.UP, None, 1),
        ("Maintenance", "Scheduled", "21 Nov 2099 11:00 GMT", "", Health.UP, None, 0),
    ],
)  # fmt: skip
def test_what_is_still_to_come_has_not_begun(title, label, published, updated, says, since, planned):  # noqa: PLR0917
    entry = item(title, f"<b>{label}</b> - Text.", at=published)
    word = read(RSS, rss(entry.replace("</item>", f"<updated>{updated}</updated></item>")), utc(2026, 11, 20, 12))
    assert (word.says, word.since, len(word.planned)) == (says, since, planned)

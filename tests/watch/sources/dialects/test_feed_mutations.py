"""Nothing that a feed or a vendor's page sends can raise or take long, nor can a damaged one declare an outage."""

from __future__ import annotations

import json
import time

import pytest

from bot.model import Health
from bot.watch.sources.dialects import aws, googlecloud, slack
from bot.watch.sources.dialects.base import CAP
from bot.watch.sources.dialects.feed import ATOM, AZURE, RSS
from tests.watch.sources.dialects import feeds
from tests.watch.sources.dialects.feeds import going_on, item, recorded, rss, utc
from tests.watch.sources.dialects.pages import load, told
from tests.watch.sources.kit import prove_harmless, prove_sturdy, verdicts

JUNE, FEBRUARY = utc(2025, 6, 13, 17, 2), utc(2026, 2, 4)
HARMLESS = {
    "github": (recorded(ATOM, FEBRUARY), feeds.GITHUB_ATOM.read_bytes()[:9000].rsplit(b"<entry>", 1)[0] + b"</feed>"),
    "athena over": (recorded(RSS, JUNE), feeds.ATHENA_OVER.read_bytes()),
    "azure": (AZURE, feeds.AZURE_WELL.read_bytes()),
    "maintenance": (recorded(ATOM, JUNE), feeds.WORK.read_bytes()),
    "cloudflare": (recorded(ATOM, utc(2025, 6, 20)), feeds.CLOUDFLARE.read_bytes()),
    "slack": (slack.DIALECT, json.dumps({"status": "ok", "active_incidents": []}).encode()),
    "aws": (aws.DIALECT, json.dumps(load(feeds.AWS)[:1]).encode()),
    "aws, old": (aws.DIALECT, feeds.AWS_OLD.read_bytes()),
    "google cloud": (googlecloud.DIALECT, json.dumps(load(feeds.GCP)[4:6]).encode()),
}
TROUBLED = {
    "athena": (recorded(RSS, JUNE), feeds.ATHENA.read_bytes()),
    "azure": (recorded(AZURE, JUNE), feeds.STORAGE.read_bytes()),
    "okta": (recorded(ATOM, utc(2025, 6, 20)), feeds.OKTA.read_bytes()),
    "openai": (recorded(RSS, utc(2025, 10, 20, 10)), feeds.OPENAI_RSS.read_bytes()),
    "slack": (slack.DIALECT, feeds.SLACK.read_bytes()),
    "aws": (aws.DIALECT, feeds.AWS.read_bytes()),
    "google cloud": (googlecloud.DIALECT, json.dumps([*going_on(4, 5), *load(feeds.GCP)[4:5]]).encode()),
}
CARED = ((), ("Login", "Storage", "Cloud NAT", "Messaging"))


@pytest.mark.parametrize("name", HARMLESS)
def test_no_damage_to_a_healthy_page_raises_or_says_down(name):
    dialect, body = HARMLESS[name]
    prove_harmless(dialect, body, components=CARED)


@pytest.mark.parametrize("name", TROUBLED)
def test_no_damage_to_a_page_in_trouble_raises_or_says_down(name):
    dialect, body = TROUBLED[name]
    prove_sturdy(dialect, body, components=CARED)
    assert Health.DOWN not in set(verdicts(dialect, body, components=CARED, seed=18))


def cdata(text: str) -> str:
    return f"<item><title>Slow</title><description><![CDATA[{text}]]></description></item>"


BOMB = (
    b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">%s]><rss><channel><item><title>&l;</title></item></channel></rss>'
    % b"".join(b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in b"bcdefghijkl")
)
HOSTILE = {
    "entity bomb": BOMB,
    "entity of a file": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><rss><channel><title>&x;</title></channel></rss>',
    "entity of a parameter": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/"> %x;]><rss><channel/></rss>',
    "unclosed": b"<rss><channel><item><title>Slow</title>",
    "unclosed CDATA": b"<rss><channel><item><title><![CDATA[Slow</title></item></channel></rss>",
    "no channel": b"<rss><item><title>Slow</title></item></rss>",
    "a page": b"<html><body><item><title>Slow</title></item></body></html>",
    "a binary": bytes(range(256)),
    "nothing": b"",
    "NUL": b"\0" * 100,
    "deep": rss("<item><title>", "<a>" * 20_000, "</a>" * 20_000, "</title></item>"),
}
HUGE = {
    "entries": rss("<item><title>a</title></item>" * 15_000),
    "empty entries": rss("<item/>" * 30_000),
    "entries of their own": rss(*(f"<item><title>{n}</title></item>" for n in range(15_000))),
    "bold": rss(cdata("<b>" * 340_000)),
    "small": rss(cdata("<small>" * 140_000)),
    "comments": rss(f"<item><title><![CDATA[{'<!--' * 250_000}]]></title></item>"),
    "brackets": rss(cdata("<" * 1_000_000)),
    "listed": rss(cdata("Affected components" + "<li>a" * 200_000)),
    "spaces": rss(item("[" + " " * 1_000_000)),
    "words": rss(item("x", "status " * 140_000)),
    "nested": rss("<item><title>", "<a>" * 700, "<b/>" * 30_000, "</a>" * 700, "</title></item>"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_silence(name):
    assert {told(dialect, HOSTILE[name]).says for dialect in (RSS, ATOM, AZURE)} == {None}


@pytest.mark.parametrize("name", HUGE)
def test_the_largest_feed_is_read_in_a_moment(name):
    assert len(HUGE[name]) <= CAP
    began = time.process_time()
    for components in ((), ("x",)):
        assert told(RSS, HUGE[name], components=components).says in {None, Health.UP, Health.DEGRADED}
    assert (
        time.process_time() - began < 4
    )  # a fifth of a second each; what takes the square of its length takes minutes


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_feed_in_another_encoding_is_read_where_it_says_so(encoding):
    body = feeds.OKTA.read_text().replace("UTF-8", "utf-8" if encoding == "utf-8-sig" else "utf-16").encode(encoding)
    says = told(recorded(ATOM, utc(2025, 6, 20)), body).says
    assert says in ({None, Health.DEGRADED} if encoding == "utf-16-le" else {Health.DEGRADED})

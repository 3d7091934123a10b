"""Recorded feeds and vendors' pages, read at the time of their recording or whenever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html import escape

from bot.model import Health, Role, SourceReport
from bot.watch.sources.dialects.base import NAME, Asked, Dialect
from tests.watch.sources.dialects.pages import DATA, URL, load

LATER = datetime(2030, 1, 1, tzinfo=UTC)
GITHUB_ATOM = DATA / "statuspage-github-history-2026-02-04.atom"
GITHUB_RSS = DATA / "statuspage-github-history-2026-02-04.rss"
ATHENA = DATA / "rssexp-aws_athena_us_west_2_issue.rss"
ATHENA_OVER = DATA / "rssexp-aws_multi_item.rss"
STORAGE = DATA / "rssexp-azure_issue.rss"
AZURE_WELL = DATA / "azure-feed-well-2026-08.xml"
WORK = DATA / "rssexp-cloudflare_maintenance.atom"
CLOUDFLARE = DATA / "rssexp-cloudflare_outage.atom"
OKTA = DATA / "rssexp-okta_service_disruption.atom"
OPENAI_RSS = DATA / "rssexp-openai_monitoring.rss"
SLACK = DATA / "slack-status-current-active-2023-09.json"
AWS = DATA / "aws-currentevents-2026-08.json"
AWS_OLD = DATA / "aws-data-json-2022-07.json"
GCP = DATA / "gcp-incidents-2022-07.json"


def utc(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)


def says(health: Health, headline: str, link: str, at: datetime, **more: object) -> SourceReport:
    return SourceReport(Role.OFFICIAL, NAME, health, headline, link, at, **more)


def read(dialect: Dialect, body: bytes, at: datetime, *components: str, url: str = URL) -> SourceReport:
    return dialect.parse((body,), Asked(url, components, at))


def recorded(dialect: Dialect, at: datetime) -> Dialect:
    """The dialect as if it were always the time of the recording."""
    return replace(dialect, parse=lambda bodies, asked: dialect.parse(bodies, replace(asked, now=at)))


def going_on(*numbers: int, **more: object) -> list[dict]:
    """Incidents of Google Cloud, by their numbers on its page, opened again: they have no end."""
    incidents = load(GCP)
    return [{key: value for key, value in incidents[n].items() if key != "end"} | more for n in numbers]


def rss(*items: str, link: str = "https://status.example.org/") -> bytes:
    return f'<rss version="2.0"><channel><link>{link}</link>{"".join(items)}</channel></rss>'.encode()


def item(title: str, text: str = "", at: str = "Sat, 21 Nov 2026 13:00:00 GMT", link: str = "", guid: str = "") -> str:
    fields = {"title": title, "description": text, "pubDate": at, "link": link, "guid": guid}
    return f"<item>{''.join(f'<{name}>{escape(said)}</{name}>' for name, said in fields.items() if said)}</item>"

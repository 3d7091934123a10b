"""Every entry of the catalogue is of a form that a config takes; whether the addresses are right only the world can say."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from urllib.parse import urlsplit

from bot import catalogue
from bot.config import ServiceConfig

ENTRIES = catalogue.entries()
ASKED_FOR = """
    X, Facebook, Instagram, WhatsApp, Threads, Bluesky, Mastodon, TikTok, YouTube, LinkedIn, Reddit, Slack, Discord, Telegram, Teams, Zoom,
    Google-Workspace, Microsoft-365, GitHub, GitLab, Cloudflare, Fastly, AWS, Azure, GCP, Stripe, PayPal, Shopify, WordPress, Mailchimp,
    SendGrid, Twilio, Zendesk, Intercom, HubSpot, Salesforce, Notion, Dropbox, OpenAI, Anthropic, Twitter, ChatGPT, Docker, Office365
"""


def test_the_catalogue_knows_those_whom_everybody_asks_for():
    assert len(ENTRIES) >= 150
    assert [name for name in re.split(r",\s*", ASKED_FOR.strip()) if catalogue.find(name) is None] == []


def test_no_name_stands_for_two():
    names = Counter(name for entry in ENTRIES.values() for name in (entry.id, *entry.aliases))
    assert [name for name, count in names.items() if count > 1] == []
    assert max(Counter(entry.name for entry in ENTRIES.values()).values()) == 1
    assert [name for name in names if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name)] == []


def faults(entry):
    """What is wrong with an entry; ValidationError where no config would take it."""
    service = ServiceConfig(service=entry.id)
    urls = [route.url for route in service.routes.values()]
    if (service.name, list(service.routes)) != (entry.name, list(entry.routes)):
        yield "loses something"
    if not all(1 <= len(name) <= 20 for name in service.routes):
        yield "a route's name"
    if not entry.group or entry.written != date(2026, 11, 21) or entry.checked is not None:
        yield "group or dates"
    if service.official is not None:
        urls.append(service.official.url)
    if not all(urlsplit(url).scheme == "https" and "." in urlsplit(url).hostname for url in urls):
        yield "an address"


def test_every_entry_is_a_service_as_a_config_has_it():
    assert {entry.id: found for entry in ENTRIES.values() if (found := list(faults(entry)))} == {}


def test_no_answer_of_a_failing_server_is_expected():
    """A route that takes HTTP 500 for an answer would miss the outage."""
    ranges = [
        text
        for entry in ENTRIES.values()
        for r in entry.routes.values()
        for text in r.get("expect", {}).get("status", ())
    ]
    assert ranges
    assert [text for text in map(str, ranges) if int(text.rpartition("-")[2]) >= 500] == []


def test_a_service_is_found_by_its_names_and_what_is_like_it():
    assert catalogue.find(" GitHub ") is catalogue.find("gh") is ENTRIES["github"]
    assert catalogue.find("githb") is None
    assert catalogue.near("githb")[0] == "github"
    assert catalogue.near("cloudf")[0].startswith("cloudflare")
    assert catalogue.near("qqqqqq") == []
    assert [entry.id for entry in catalogue.search("Google DNS")] == ["google-dns"]
    assert catalogue.search("") == list(ENTRIES.values())

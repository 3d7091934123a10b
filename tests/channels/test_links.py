"""Links in each platform's own way: touchable, whole, and only where they lead where they say."""

from __future__ import annotations

import dataclasses
import json

import pytest

from bot import wording
from bot.channels.discord.render import CONTENT, DESCRIPTION, written
from bot.channels.slack.render import SECTION, blocks
from bot.channels.telegram.render import JOINER, LIMIT, Draft
from bot.channels.webhook import body
from bot.model import (
    Batch,
    BatchItem,
    ChangeKind,
    Delivery,
    DeliveryAction,
    Destination,
    Link,
    LinkKind,
    Notice,
    Service,
    Text,
    Tone,
    marked,
)
from bot.wording.text import unlinked
from tests.channels.kit import FIRST
from tests.fakes.botapi import render, size
from tests.fakes.discord_markup import Seen
from tests.fakes.slack_text import drawn, faults_of
from tests.wording.outages import DOWN, EN, X, at, told

VENDOR = Link(LinkKind.VENDOR, "Official status page", "https://status.x.example/incidents/9?a=1&b=(2)|<3>")
OURS = Link(LinkKind.PAGE, "Página de la incidencia", "https://status.example.org/incident/our%20mail/17")
LINKS = (VENDOR, OURS)
SAFE = [marked(link.url) for link in LINKS]


def notice(words=FIRST, **more):
    return Notice("x#17/1", "x#17", Tone.DOWN, words, at=at(14), **({"links": LINKS} | more))


def delivery(told_, action=DeliveryAction.POST):
    return Delivery("x#17/1@c:1", Destination("c", "1"), action, told_)


def test_an_address_in_markup_ends_where_it_should():
    assert SAFE[0] == "https://status.x.example/incidents/9?a=1&b=%282%29%7C%3C3%3E"
    assert SAFE[1] == OURS.url


# ── Slack ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("D", "a notice on Slack", "the vendor's page and ours can be clicked")
def test_slack_links_below_the_lines(saw):
    made = blocks(FIRST, at(14), (), LINKS)
    assert faults_of({"blocks": made}) == []
    seen, mentions, links = drawn({"blocks": made, "text": ""})
    saw(" / ".join(seen.splitlines()[-3:]))
    assert seen.startswith(FIRST.text)  # the page is linked where the text names it
    assert seen.endswith("Página de la incidencia")
    assert mentions == ()
    escaped = [url.replace("&", "&amp;") for url in SAFE]
    assert [link.partition("|")[0] for link in links] == escaped
    assert made[-1]["elements"][0]["text"].startswith("<!date^")
    assert blocks(FIRST, None, (), LINKS)[-1]["type"] == "context"


@pytest.mark.parametrize("line", ["The official status page never reported it.", "OFFICIAL STATUS PAGE: unread"])
def test_slack_links_the_page_wherever_it_is_named(line):
    seen, _, links = drawn({"blocks": blocks(Text("Title", (line,)), None, (), LINKS), "text": ""})
    assert (seen.splitlines()[1], len(links)) == (line, 2)


@pytest.mark.parametrize("line", ["Nobody said anything.", "The official status page says *bold* things"])
def test_slack_links_below_where_it_cannot_link_within(line):
    seen, _, links = drawn({"blocks": blocks(Text("Title", (line,)), None, (), LINKS), "text": ""})
    assert seen.splitlines()[1:] == [line, "Official status page · Página de la incidencia"]
    assert len(links) == 2


@pytest.mark.hardened("D", "an address in an answer or a plan on Slack", "a link; what others wrote stays text")
@pytest.mark.parametrize(
    ("line", "links"),
    [
        ("Plan: see https://example.org/plan?a=1&b=2.", ["https://example.org/plan?a=1&amp;b=2"]),
        ("Two: https://a.example/, (https://b.example/x)", ["https://a.example/", "https://b.example/x"]),
        ("https://example.org/_under_score", ["https://example.org/_under_score"]),
        (f"Their page: {unlinked('https://evil.example/')}", []),
        ("*bold* https://example.org/", []),
        ("> quote https://example.org/", []),
        ("a :fire: at https://example.org/", []),
        ("At 10:30 p.m.: https://example.org/", ["https://example.org/"]),
        ("<!channel> and <https://evil.example|click>", None),
        ("no address", []),
        ("https://", []),
    ],
)
def test_slack_links_whole_addresses_and_nothing_else(line, links):
    made = blocks(Text("Title", (line,)))
    assert faults_of({"blocks": made, "text": "x"}) == []
    seen, mentions, found = drawn({"blocks": made, "text": ""})
    assert mentions == ()
    if links is None:
        assert not any("|" in link for link in found)
    else:
        assert list(found) == links
    if not any(mark in line for mark in "<>"):
        assert line in seen


def test_slack_keeps_its_limits_with_many_addresses():
    line = " ".join(f"https://example.org/{n}&&&&&" for n in range(120))
    made = blocks(Text("Title", (line[:SECTION],)))
    assert faults_of({"blocks": made, "text": "x"}) == []


# ── Discord ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def seen_on_discord(message):
    return Seen.of(
        {"content": message.content, "embeds": [one.to_dict() for one in message.embeds], "allowed_mentions": {}}
    )


@pytest.mark.hardened("D", "a notice on Discord", "the vendor's page and ours can be clicked")
def test_discord_links_below_the_lines():
    for action in DeliveryAction:
        seen = seen_on_discord(written(delivery(notice(root=FIRST), action)))
        assert list(seen.links) == SAFE
        assert FIRST.lines[-1] in seen.text
        assert "\nPágina de la incidencia" in seen.text
    bare = seen_on_discord(written(delivery(notice(Text("🔴 X: down", ("It is.",))))))
    assert "It is.\nOfficial status page · Página de la incidencia" in bare.text


def test_discord_keeps_its_limits_with_links():
    long = Text("🔴 " + "X" * 70, tuple("y" * 200 for _ in range(40)))
    message = written(delivery(notice(long)))
    assert len(message.embeds[0].description) <= DESCRIPTION
    assert len(message.text) <= CONTENT
    assert list(seen_on_discord(message).links) == SAFE
    assert all(url in message.text for url in SAFE)


# ── Telegram ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("D", "a notice on Telegram", "the vendor's page and ours can be touched")
def test_telegram_links_below_the_lines():
    shown, links = render(Draft(1, FIRST, links=LINKS).text)
    assert [link.replace("&amp;", "&") for link in links] == SAFE
    assert shown == f"{FIRST.text}\nPágina de la incidencia"
    bare, _ = render(Draft(1, Text("🔴 X: down", ("It is <b>.",)), links=LINKS).text)
    assert bare == "🔴 X: down\nIt is <b>.\nOfficial status page · Página de la incidencia"
    unmarked = Draft(1, FIRST, links=LINKS, marked=False).text
    assert unmarked.endswith(f"Official status page: {VENDOR.url}\nPágina de la incidencia: {OURS.url}")


def test_telegram_keeps_its_limit_with_links():
    long = Text("🔴 " + "X" * 70, tuple("y" * 200 for _ in range(40)))
    shown, links = render(Draft(1, long, links=LINKS).text)
    assert size(shown) <= LIMIT
    assert len(links) == 2


@pytest.mark.hardened("B13", "the plan names @newsroom, on Telegram", "it can be touched and copied; others' cannot")
def test_the_name_in_ones_own_plan_stays_a_link_on_telegram(saw):
    plan = "breaking news goes to Telegram @newsroom and to /site"
    service = dataclasses.replace(X, plan=plan)
    made = told(ChangeKind.CONFIRMED, DOWN, at(14, 1), EN, service)
    hostile = dataclasses.replace(made.words, lines=('Status page: "ask @evil or /ack x"', *made.words.lines))
    text = Draft(1, hostile, plans=made.plans).text
    saw(text.splitlines()[-1])
    assert f"Plan: {plan}." in text
    assert f"@{JOINER}evil" in text
    assert f"/{JOINER}ack" in text
    assert f"@{JOINER}newsroom" in Draft(1, made.words).text


def test_a_plan_of_one_letter_costs_no_more():
    line = "e" * 4000
    assert Draft(1, Text("t", (line,)), plans=("e", "ee", "")).text.endswith("eee")


def test_plans_stand_in_storms_too():
    plan = "use Telegram @newsroom"
    services = [(Service(key, key, plan=plan), dataclasses.replace(DOWN, service=key)) for key in ("x", "y")]
    items = tuple(
        BatchItem(f"{service.id}#17", f"🔴 {service.id}: down", ends=False, detail=f"Plan: {plan}.")
        for service, _ in services
    )
    batch = Batch("many#1/1", "many#1", Destination("telegram", "1"), items, EN, at(14))
    made = wording.many(batch, at(14, 1), others=wording.Others(services))
    text = Draft(1, made.words, plans=made.plans).text
    assert text.count("use Telegram @newsroom") == 2


# ── the others ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_receiver_gets_links_by_name():
    sent = json.loads(json.dumps(body(delivery(notice()))))
    assert sent["links"][1] == {"kind": "page", "label": "Página de la incidencia", "url": OURS.url}
    assert "links" not in body(delivery(notice(links=())))

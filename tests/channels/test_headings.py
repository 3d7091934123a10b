"""Headings of a digest are bold where a platform has bold, and nobody can make them with words of their own."""

from __future__ import annotations

from dataclasses import replace

from bot.channels.discord.render import written
from bot.channels.slack.render import blocks
from bot.channels.telegram.render import Draft
from bot.model import Delivery, DeliveryAction, Destination, Notice, Text, Tone

WORDS = Text("📰 comms: 1 outage", ("Now:", "🔴 X <!here> *is* down", "Uptime, 24 h:", "X: 99%", "All others: 100%"))
HEADINGS = ("Now:", "Uptime, 24 h:")
NOTICE = Notice("digest:comms:1/1", "digest:comms:1", Tone.INFO, WORDS, headings=HEADINGS)


def test_slack_has_a_section_for_each():
    _, *sections = blocks(WORDS, headings=HEADINGS)
    texts = [(section["text"]["type"], section["text"]["text"]) for section in sections]
    assert texts == [
        ("mrkdwn", "*Now:*"),
        ("plain_text", "🔴 X <!here> *is* down"),
        ("mrkdwn", "*Uptime, 24 h:*"),
        ("plain_text", "X: 99%\nAll others: 100%"),
    ]


def test_telegram_writes_them_in_bold():
    lines = Draft(1, WORDS, headings=HEADINGS).text.split("\n")
    assert [line for line in lines if line.startswith("<b>")] == [
        "<b>📰 comms: 1 outage</b>",
        "<b>Now:</b>",
        "<b>Uptime, 24 h:</b>",
    ]
    assert "<b>" not in Draft(1, WORDS, headings=HEADINGS, marked=False).text


def test_discord_writes_them_in_bold():
    delivery = Delivery("k", Destination("discord", "1"), DeliveryAction.POST, NOTICE)
    (embed,) = written(delivery).embeds
    lines = embed.description.split("\n")
    assert [line for line in lines if line.startswith("**")] == ["**Now:**", "**Uptime, 24 h:**"]
    plain = replace(delivery, notice=replace(NOTICE, headings=()))
    assert "**" not in written(plain).embeds[0].description

"""Hundreds of services go down in one round and come back in one: every reader is told of all of them in few messages."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.channels.discord import DiscordSettings
from bot.channels.email import EmailSettings
from bot.channels.slack import SlackSettings
from bot.channels.telegram import TelegramSettings
from bot.incidents.recorder import Settings
from bot.model import Audience, Destination, Outcome, Reading, Round, Rules, Service
from tests.fakes.limits import DISCORD, SLACK, TELEGRAM
from tests.reasons import HTTP_503
from tests.sim.channels import held

COUNT = 300
ROUND = 20.0  # seconds, over which one look at all of them is spread
READERS = tuple(map(Destination.parse, ("slack:C012", "discord:77", "telegram:-100123", "email:desk@example.org")))
KINDS = {
    "slack": (SlackSettings, SLACK),
    "discord": (DiscordSettings, DISCORD),
    "telegram": (TelegramSettings, TELEGRAM),
    "email": (EmailSettings, ()),
}
MOST = 8  # messages to a reader


@pytest.mark.long
def test_a_storm_of_hundreds_is_a_few_messages_to_each_reader_and_everything_is_told(tmp_path):
    services = {f"s{number}": Service(f"s{number}", f"Service {number}", ("web",)) for number in range(COUNT)}
    rules = dict.fromkeys(services, Rules(confirm_rounds=1, restore_rounds=1))
    setting = Settings(services, rules, (Audience("everyone", READERS),), frozenset({"slack", "discord", "telegram"}))

    async def work(hall):
        record = hall.recorder
        await record.load()
        for outcome, ends in ((Outcome.FAILED, False), (Outcome.OK, True)):
            told = {kind: len(taker.posts) for kind, taker in hall.takers.items()}
            await look(record, outcome)
            assert await hall.drained(120) <= 60
            for kind, taker in hall.takers.items():
                new = taker.posts[told[kind] :]
                assert 0 < len(new) <= MOST, kind
                assert all(ends == ("🟢" in one.notice.words.title) for one in new), kind
        await everything_is_told(hall.store)
        assert {kind: taker.limits.refusals for kind, taker in hall.takers.items()} == dict.fromkeys(KINDS, 0)

    held(tmp_path, KINDS, work, setting)


async def look(record, outcome):
    """One round of each service, evenly over its length."""
    for service in record.settings.services:
        reading = Reading("web", outcome, HTTP_503 if outcome is Outcome.FAILED else None, timedelta(milliseconds=5))
        await record.seen(Round(service, record.clock(), (reading,)))
        await asyncio.sleep(ROUND / COUNT)


async def everything_is_told(store):
    """Each reader has each outage and its end, and nobody has the end before the outage."""
    counts = await store.deliveries.counts()
    assert {status for _, status in counts} <= {"sent", "merged", "superseded"}
    for number in range(COUNT):
        rows = await store.deliveries.of_incident(f"s{number}#1")
        for reader in READERS:
            posts = [row for row in rows if row.destination == reader and row.action == "post"]
            assert [row.kind for row in posts] == ["opened", "restored"]
            down, up = posts
            assert down.sent_at <= up.sent_at

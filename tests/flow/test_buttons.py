"""Buttons on all three platforms: an outage is told, people press, and what a press does for everybody comes as notices do."""

from __future__ import annotations

import pytest

from tests.fakes import discord, slack_text, telegram
from tests.fakes.discord_gateway import PERSON
from tests.flow.house import ADMIN, GROUP, eventually, world

pytestmark = pytest.mark.long

STRANGER = 9


async def test_one_acknowledges_on_each_platform_and_others_ask_why(tmp_path):
    async with world(tmp_path) as street:
        street.keep("slack", "telegram", "discord")
        street.config["admins"] += ["slack:T111/U042", f"discord:{PERSON}"]
        far = street.slack, street.discord, street.telegram
        async with street.daemon() as daemon:
            await daemon.becomes("up")
            street.fail()
            for fake in far:
                await fake.until(lambda fake=fake: fake.applied)
            on_slack, on_discord, on_telegram = (fake.applied[0].ref for fake in far)

            # Somebody who is no admin may ask, but not order.
            await street.slack.press(on_slack, "Acknowledge")
            street.telegram.press(on_telegram, "Acknowledge", STRANGER)
            locked = "🔒 Only Tocsin's admins can do that."
            await eventually(lambda: [text for _, text in street.telegram.toasts] == [locked])
            await eventually(lambda: [reply["drawn"] for reply in street.slack.replies] == [locked])

            # Admins do so, at once on all three: it is told once in each place.
            street.telegram.press(on_telegram, "Acknowledge", ADMIN)
            await street.slack.press(on_slack, "Acknowledge", user="U042")
            street.discord.press(on_discord, "Me ocupo yo")
            assert await daemon.incident("acknowledged_by")
            await eventually(lambda: len(street.telegram.toasts) == 2 and len(street.slack.replies) == 2)
            await eventually(lambda: len(street.discord.followups) == 1)
            for fake in far:
                await fake.until(lambda fake=fake: len(fake.applied) >= 3)  # told, and the first rewritten
            assert "Ana" in street.discord.followups[0][1].text
            assert "Acknowledge" not in slack_text.buttons(street.slack.shown(on_slack).raw)
            assert "Me ocupo yo" not in discord.buttons(street.discord.messages[on_discord])

            # Others want to know why they were told.
            await street.slack.press(on_slack, "Details")
            street.discord.press(on_discord, "Detalles")
            street.telegram.press(on_telegram, "Details", STRANGER)
            await eventually(lambda: len(street.slack.replies) == 3 and len(street.discord.followups) == 2)
            await eventually(lambda: len(street.telegram.toasts) == 3)
            said = [
                street.slack.replies[-1]["drawn"],
                street.discord.followups[-1][1].text,
                street.telegram.toasts[-1][1],
            ]
            assert all("x#1" in text for text in said), said
            assert [message.place for message in street.telegram.messages] == [GROUP] * len(street.telegram.messages)

            street.heal()
            await eventually(lambda: not slack_text.buttons(street.slack.shown(on_slack).raw))
            await eventually(lambda: not discord.buttons(street.discord.messages[on_discord]))
            await eventually(lambda: not telegram.buttons(street.telegram.shown(on_telegram).raw))
            acked = [m for m in street.slack.applied if "is looking into it" in m.text and not m.edited]
            assert len(acked) == 1

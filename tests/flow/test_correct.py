"""A false alarm is taken back: the first message is rewritten wherever it stands, and the correction answers it."""

from __future__ import annotations

import pytest

from tests.flow.house import ADMIN, GROUP, eventually, world

pytestmark = pytest.mark.long


async def test_an_outage_that_was_over_is_taken_back_on_every_channel(tmp_path):
    async with world(tmp_path) as street:
        street.keep("slack", "telegram", "discord")
        async with street.daemon() as daemon:
            await daemon.becomes("up")
            street.fail()
            await daemon.becomes("down")
            await daemon.incident("confirmed_at")
            fakes = (street.telegram, street.slack, street.discord)
            for fake in fakes:
                await fake.until(lambda fake=fake: fake.applied)
            street.heal()
            await daemon.becomes("up")
            for fake in fakes:
                await fake.until(lambda fake=fake: len(fake.applied) >= 3)  # first, "restored", the first rewritten
            before = {id(fake): len(fake.applied) for fake in fakes}

            street.telegram.say(int(GROUP), "/correct x wrong host", user=ADMIN)
            wrong = ("Correction: X (Twitter) was not down.", "Corrección: X (Twitter) sí funcionaba.")
            for fake in fakes:
                await fake.until(
                    lambda fake=fake: len([m for m in fake.applied[before[id(fake)] :] if _says(m, wrong)]) >= 2
                )

            async def forgotten():
                return (await daemon.get("/status.json")).json()["incidents"] == []

            await eventually(forgotten)  # the page is read anew only now and then


def _says(message, titles):
    return any(title in message.text for title in titles)

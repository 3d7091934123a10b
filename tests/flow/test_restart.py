"""Killed between "down" and "restored": whoever was told of the one hears of the other, once, and the times are true."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.fakes.mail import PASSWORD
from tests.flow.house import DESK, GROUP, eventually, world
from tests.flow.spoken import english, instant, lasted

pytestmark = pytest.mark.long


async def test_an_outage_outlives_the_daemon(tmp_path):
    async with world(tmp_path) as street:
        street.keep("slack", "telegram", "email")
        async with street.daemon() as daemon:
            await daemon.becomes("up")
            flipped = datetime.now(UTC)
            street.fail()
            await all_told(street, 1)
            await eventually(lambda: daemon.log.count("of x#1/2") == 3)  # and it knows that it has told them
            known = await daemon.incident("confirmed_at")
            await daemon.kill()
        died = datetime.now(UTC)
        assert [len(fake.applied) for fake in (street.slack, street.telegram, street.relay)] == [1, 1, 1]

        async with street.daemon() as daemon:
            # It is as bad as before: nothing is said a second time.
            looked = street.asked("/TweetDeck")
            await eventually(lambda: street.asked("/TweetDeck") > looked + 3)
            await daemon.becomes("down")
            street.heal()
            await all_told(street, 3, mails=2)
            ended = await daemon.incident("until")

        async with street.daemon() as daemon:  # and a third life has nothing to add
            await daemon.becomes("up")
            assert await daemon.incident() == ended

    since, until = instant(known["since"]), instant(ended["until"])
    assert (ended["id"], ended["since"]) == ("x#1", known["since"])
    assert flipped.replace(microsecond=0) <= since <= instant(known["confirmed_at"]) <= died < until
    down = f"🔴 X (Twitter): down since {english(since, street.zone)}"
    restored = f"🟢 X (Twitter): down since {english(since, street.zone)}, restored {english(until, street.zone)}"
    restored += f" ({lasted(since, until)})"
    for fake in (street.slack, street.telegram):
        first, reply, edit = fake.applied
        assert [message.text.splitlines()[0] for message in fake.applied] == [down, restored, restored]
        assert (reply.thread, reply.loud) == (first.ref, True)
        assert (edit.edited, edit.ref) == (True, first.ref)
    first, reply = street.relay.applied
    assert [mail.raw["Subject"] for mail in street.relay.applied] == [down, restored]
    assert reply.thread == first.ref


async def all_told(street, messages, mails=1):
    await street.slack.until(lambda: len(street.slack.applied) == messages)
    await street.telegram.until(lambda: len(street.telegram.messages) == messages)
    await eventually(lambda: len(street.relay.applied) == mails)
    assert {message.place for message in street.telegram.messages} == {GROUP}
    assert {message.place for message in street.relay.applied} == {DESK}
    assert PASSWORD not in street.relay.applied[0].raw.as_string()

"""A platform that hangs holds up nobody else, and no stop."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from tests.fakes.faults import Fault
from tests.flow.house import eventually, world
from tests.flow.spoken import instant

pytestmark = pytest.mark.long

SOON = 2.0  # seconds from the round that decides


async def test_while_slack_hangs_telegram_and_mail_have_the_notice_at_once(tmp_path):
    async with world(tmp_path) as street:
        street.keep("slack", "telegram", "email")
        async with street.daemon() as daemon:
            await hangs(street, daemon)


async def hangs(street, daemon):
    await daemon.becomes("up")
    street.slack.fault(Fault.HALF_OPEN, 100)
    street.fail()
    await street.telegram.until(lambda: street.telegram.messages)
    by_telegram = datetime.now(UTC)
    await eventually(lambda: street.relay.applied)
    by_mail = datetime.now(UTC)

    decided = instant((await daemon.incident("confirmed_at"))["confirmed_at"])
    took = [(at - decided).total_seconds() for at in (by_telegram, by_mail)]
    assert max(took) < SOON + 1  # 1: the page tells whole seconds
    assert street.slack.applied == []

    street.heal()
    await street.telegram.until(lambda: "restored" in street.telegram.messages[-1].text)
    await eventually(lambda: len(street.relay.applied) == 2)
    assert street.slack.applied == []  # still hangs; and the stop is in time all the same
    stopped = await daemon.stop()
    sys.stdout.write(
        f"from the deciding round (cut to its second) to Telegram and mail: {took}; stopped: {stopped:.2f}\n"
    )

"""When Slack is what is down, its readers have the notice on Telegram, and Slack one line when it is back."""

from __future__ import annotations

import pytest

from tests.fakes.faults import Fault
from tests.flow.house import GROUP, eventually, world

pytestmark = pytest.mark.long


async def test_slack_that_is_dead_is_told_afterwards_what_telegram_was_told_in_time(tmp_path):
    async with world(tmp_path) as street:
        said = street.config
        said["channels"] = {kind: said["channels"][kind] for kind in ("slack", "telegram")}
        said["audiences"] = {"desk": {"ladder": ["slack:#newsroom", f"telegram:{GROUP}"], "within": "1s"}}
        async with street.daemon() as daemon:
            await daemon.becomes("up")
            street.slack.fault(Fault.LIMITED, 1)  # asks for 7 s
            street.fail()
            await street.telegram.until(lambda: street.telegram.messages)
            first = street.telegram.messages[0].text
            assert "X (Twitter): down since" in first.splitlines()[0]
            assert "Sent here because Slack has not responded since" in first
            street.heal()
            await street.telegram.until(lambda: "restored" in street.telegram.messages[-1].text)
            await eventually(lambda: street.slack.posts, within=20)

        [only] = street.slack.posts.values()
        assert "restored" in str(only)
        assert "Delayed: Slack wasn't accepting messages." in str(only)
        assert (
            len({message.ref for message in street.telegram.messages}) == 2
        )  # the first was rewritten to the present truth

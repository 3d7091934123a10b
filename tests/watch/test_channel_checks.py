"""A channel's own health: what its provider says, and what became of our messages."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from bot.contracts import Unclear
from bot.judge.channel_health import FailureCount, after
from bot.model import Later, Outcome, Reading, RefusalScope, Refused
from bot.watch.canaries import API, MESSAGES, ways
from tests.reasons import english, quote

NOON = datetime(2022, 7, 14, 12, tzinfo=UTC)
REVOKED = Refused(quote("the token is not valid any more: copy it again"), RefusalScope.ACCOUNT)


class Provider:
    """Says `fault`; `silent` says nothing."""

    def __init__(self):
        self.fault, self.silent, self.counts = None, False, {}
        self.checks = ways("slack", self.probe, self.counts, lambda: NOON)

    async def probe(self, net):
        if self.silent:
            await asyncio.Event().wait()
        return self.fault

    async def look(self, timeout=10.0):
        found = [
            await check.run(route, None, timedelta(seconds=timeout), fresh=True) for route, check in self.checks.items()
        ]
        return {reading.route: reading for reading in found}


async def test_a_channel_that_is_well_is_good_on_both_ways_and_never_slow():
    assert await Provider().look() == {route: Reading(route, Outcome.OK) for route in (API, MESSAGES)}


async def test_what_its_provider_says_is_the_reason():
    slack = Provider()
    slack.fault = quote("channels.slack.bot_token is not accepted")
    assert (await slack.look())[API] == Reading(API, Outcome.FAILED, slack.fault)


async def test_one_that_only_asks_to_wait_says_neither_and_is_not_back():
    slack = Provider()
    slack.counts["slack"] = after(FailureCount(), REVOKED, NOON)
    slack.fault = quote("Slack doesn't respond")
    await slack.look()
    slack.fault = Unclear(quote("Slack asks to wait (HTTP 429)"))
    found = await slack.look()
    assert found[API] == Reading(API, Outcome.INCONCLUSIVE, quote("Slack asks to wait (HTTP 429)"), wait=timedelta())
    assert not found[MESSAGES].ok  # what failed before is not over
    slack.fault = None
    assert (await slack.look())[MESSAGES].ok


async def test_a_silent_provider_is_given_up_before_the_rounds_own_time_is_up():
    slack = Provider()
    slack.silent = True
    async with asyncio.timeout(0.05):
        found = (await slack.look(timeout=0.05))[API]
        assert (found.outcome, english(found.why)) == (Outcome.FAILED, "timed out after 0.04 s")


async def test_messages_that_are_not_taken_are_a_fault_of_their_own():
    slack = Provider()
    slack.counts["slack"] = after(FailureCount(), REVOKED, NOON)
    slack.counts["telegram"] = after(FailureCount(), Later(quote("cannot be reached")), NOON)
    found = await slack.look()
    assert found[API].ok
    assert found[MESSAGES] == Reading(MESSAGES, Outcome.FAILED, REVOKED.why)
    assert len(slack.counts) == 2  # its API was not bad: the messages alone say how it is


async def test_what_failed_before_the_api_came_back_says_nothing_any_more():
    slack = Provider()
    slack.counts["slack"] = after(FailureCount(), REVOKED, NOON)
    slack.fault = quote("Slack doesn't respond")
    assert not (await slack.look())[MESSAGES].ok
    slack.fault = None
    assert [reading.ok for reading in (await slack.look()).values()] == [True, True]
    assert slack.counts == {}

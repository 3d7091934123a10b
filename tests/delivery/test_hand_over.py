"""Waiting for the time of a hand-over."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.delivery.in_flight import wait_until

NOW = datetime(2022, 7, 14, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def slept(monkeypatch):
    """A clock, and sleeps that end early by so many seconds each."""

    class Slept(list):
        now, early = NOW, 0.0

        async def sleep(self, seconds):
            self.append(seconds)
            self.now += timedelta(seconds=max(seconds - self.early, 0))

    found = Slept()
    monkeypatch.setattr(asyncio, "sleep", found.sleep)
    return found


async def test_a_timer_that_fires_early_is_waited_for_again(slept):
    slept.early = 0.0004
    await wait_until(NOW + SECOND, lambda: slept.now, SECOND)
    assert slept == [1.0, 0.001], "the far side counts to the millisecond, so nothing may go early"
    assert slept.now >= NOW + SECOND


async def test_what_is_due_is_not_waited_for(slept):
    await wait_until(NOW, lambda: slept.now, SECOND)
    assert slept == []


async def test_a_clock_that_is_set_back_holds_a_message_for_two_slots_at_most(slept):
    await wait_until(NOW + 3600 * SECOND, lambda: slept.now, SECOND)
    assert slept == [1.0, 1.0]

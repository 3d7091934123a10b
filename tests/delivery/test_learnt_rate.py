"""The rate of an account, learnt from refusals: on virtual time, against receivers that count in their own ways."""

from __future__ import annotations

import heapq
import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from bot.contracts import Pace
from bot.delivery.learnt_rate import FORGOTTEN, LearntRate
from bot.delivery.rate_limit import RateLimiter
from tests.fakes.limits import Bucket, Limits, Rule

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def the_workspace(_does, _place):
    return "workspace"


class Fanout:
    """`count` messages through a rate limiter of width `width`; each answer takes about `takes` seconds."""

    def __init__(self, rule, takes=0.05, width=4, seed=1):
        self.now, self.rng, self.takes = 0.0, random.Random(seed), takes
        self.far = Limits((rule,), lambda: self.now)
        self.gate = RateLimiter(Pace(most=width))
        self.most_under_way = 0

    @property
    def at(self):
        return NOON + timedelta(seconds=self.now)

    def send(self, count):
        """Seconds until all are taken."""
        began, left, under_way = self.now, count, []
        while left or under_way:
            while left and self.gate.free(self.at):
                left -= 1
                self.gate.begin("place", self.at)
                heapq.heappush(under_way, self.now + self.takes * self.rng.uniform(0.5, 1.5))
                self.most_under_way = max(self.most_under_way, len(under_way))
            opens = self.gate.opens(self.at)
            opens = self.now + max((opens - self.at).total_seconds(), 0.01) if opens else math.inf
            self.now = min(under_way[0] if under_way else math.inf, opens, self.now + 1)
            while under_way and under_way[0] <= self.now:
                heapq.heappop(under_way)
                left += not self.answered()
        return self.now - began

    def answered(self):
        over = self.far.over("post", "place")
        self.gate.end("place", self.at)
        if over is None:
            self.gate.taken(self.at)
            return True
        self.gate.refused(self.at, timedelta(seconds=math.ceil(over[0])))
        return False


@pytest.mark.parametrize("takes", [0.005, 0.05, 0.3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_rate_is_found_with_few_refusals_and_little_time_lost(takes, seed):
    fanout = Fanout(Bucket(20, 4, the_workspace, whole=True), takes, seed=seed)
    took = fanout.send(300)
    assert fanout.far.refusals < 10
    assert took <= 1.1 * (300 - 20) / 5  # with answers that take 0.3 s, the first twenty take two seconds


def test_what_was_learnt_holds_for_the_next_messages():
    fanout = Fanout(Bucket(20, 4, the_workspace, whole=True))
    fanout.send(300)
    before = fanout.far.refusals
    fanout.now += 30
    fanout.send(100)
    assert fanout.far.refusals - before <= 2


@pytest.mark.parametrize(("most", "per"), [(20, 4), (100, 20), (60, 60)])
def test_a_receiver_that_counts_in_windows_is_not_run_into_either(most, per):
    fanout = Fanout(Rule(most, per, the_workspace, whole=True))
    took = fanout.send(300)
    assert fanout.far.refusals < 12
    assert took < 3 * 300 / most * per


def test_without_a_refusal_nothing_is_slowed_down():
    fanout = Fanout(Rule(10_000, 1, the_workspace))
    took = fanout.send(400)
    assert fanout.most_under_way == 4
    assert took == pytest.approx(400 / 4 * 0.05, rel=0.1)


def test_a_refusal_is_forgotten_after_a_while():
    fanout = Fanout(Bucket(20, 4, the_workspace, whole=True))
    fanout.send(40)
    assert fanout.gate.free(fanout.at) < 4
    fanout.now += FORGOTTEN.total_seconds() + 1
    assert fanout.gate.free(fanout.at) == 4


def test_a_long_wait_says_nothing_of_a_rate():
    gate = RateLimiter(Pace(most=4))
    gate.refused(NOON, timedelta(minutes=15))
    assert gate.free(NOON + timedelta(minutes=14)) == 0
    assert gate.free(NOON + timedelta(minutes=15)) == 4


def test_where_the_rate_is_documented_it_is_not_learnt():
    gate = RateLimiter(Pace(most=50, per=SECOND))
    gate.refused(NOON, SECOND)
    assert gate.free(NOON) == 0
    assert gate.free(NOON + SECOND) == 32


def test_a_step_of_the_clock_moves_it_along():
    gate, hour = RateLimiter(Pace(most=4)), timedelta(hours=1)
    gate.refused(NOON, SECOND)
    gate.step(lambda at: at + hour)
    assert gate.free(NOON + hour) == 0
    assert gate.free(NOON + hour + SECOND) == 1


def test_refusals_with_nothing_taken_between_are_no_rate():
    """A provider in trouble refuses all for minutes: what comes after that must not wait as long again."""
    learnt, now = LearntRate(), datetime(2026, 12, 1, 12, tzinfo=UTC)
    for _ in range(20):
        learnt.refused(now, timedelta(seconds=30))
        now += timedelta(seconds=30)
        assert learnt.free(now, 0) == 1
    learnt.taken(now)
    assert learnt.free(now, 0) == 1
    assert learnt.free(now + timedelta(seconds=10), 0) > 3

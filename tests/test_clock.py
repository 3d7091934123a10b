"""The process's clock goes on with the steady one, whatever is done to the machine's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import STEP, SteadyClock
from bot.model import Health, Incident, Mute, ServiceState
from bot.model.clock_shift import later, moved, stepped
from bot.model.incidents import Streak
from bot.model.observations import Confidence

NOON = datetime(2026, 7, 14, 12, 0, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
STEPS = [HOUR, -HOUR, timedelta(days=1), timedelta(days=-1), timedelta(days=20_000)]


class Hands:
    """Both clocks of a machine."""

    def __init__(self):
        self.passed, self.off = 100.0, timedelta()
        self.clock = SteadyClock(lambda: self.passed, lambda: NOON + timedelta(seconds=self.passed) + self.off)

    def go(self, seconds):
        self.passed += seconds


@pytest.mark.hardened("R4", "the machine's clock is set", "noticed; our own goes on until what waits is moved with it")
@pytest.mark.parametrize("by", STEPS)
def test_a_step_is_noticed_and_changes_nothing_until_it_is_followed(by):
    hands = Hands()
    before = hands.clock.utcnow()
    hands.go(10)
    hands.off = by
    assert hands.clock.utcnow() - before == 10 * SECOND
    assert abs(hands.clock.drift() - by) < STEP
    born = hands.clock.born
    hands.clock.step(hands.clock.drift())
    assert hands.clock.drift() == timedelta()
    assert hands.clock.born == born + by


@pytest.mark.parametrize("off", [1.9, -1.9, 0.3, -0.3])
def test_a_little_is_taken_up_smoothly_and_the_time_never_goes_back(off):
    hands = Hands()
    hands.off = timedelta(seconds=off)
    seen = []
    for _ in range(100):
        hands.clock.adopt(hands.clock.drift())
        for _ in range(10):
            seen.append(hands.clock.utcnow())
            hands.go(0.1)
    assert seen == sorted(seen)
    assert abs(hands.clock.drift()) < timedelta(milliseconds=1)


def test_a_suspended_machine_has_not_stepped():
    hands = Hands()
    hands.go(8 * 3600)  # both clocks have gone on
    assert hands.clock.drift() == timedelta()


def test_to_be_put_aside_between_two_looks_is_no_step():
    looks = []

    def wall():
        looks.append(hands.passed)
        if len(looks) == 2:  # the first look for a drift
            hands.passed += 30
            return NOON + timedelta(seconds=hands.passed)
        return NOON + timedelta(seconds=hands.passed)

    hands = Hands()
    clock = SteadyClock(lambda: hands.passed, wall)
    assert abs(clock.drift()) < STEP


@pytest.mark.hardened("R4", "the clock steps within an outage", "lengths stay, nothing ends before it begins")
@pytest.mark.parametrize("by", STEPS)
def test_lengths_stay_and_what_came_first_stays_first(by, saw):
    since, confirmed, born = NOON + HOUR, NOON + HOUR + SECOND, NOON
    incident = Incident("x", 1, since, Health.DOWN, Confidence.CONFIRMED, confirmed_at=confirmed, up_before=NOON - HOUR)
    mute = Mute("Ana", confirmed, confirmed + HOUR)
    state = ServiceState("x", Streak(bad_since=since), incident, mute=mute, ended=((NOON - HOUR, NOON - SECOND),))
    new = moved(state, stepped(by, born))
    assert new.incident.since == later(since, by)
    assert new.incident.confirmed_at - new.incident.since == SECOND
    assert new.mute.until - new.mute.at == HOUR
    assert new.incident.up_before <= new.incident.since
    assert new.ended[0][0] <= new.ended[0][1] <= new.incident.since
    saw(f"since {new.incident.since:%Y-%m-%d %H:%M}, as long as before")


def test_no_instant_lies_beyond_the_calendar():
    assert later(NOON, timedelta.max) > NOON
    assert later(NOON, timedelta.min) < NOON

"""A provider's limits are kept to, whatever the network does to the order and the time of messages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.contracts import Pace
from bot.delivery.rate_limit import AHEAD, WIDTH, RateLimit, RateLimiter

NOW = datetime(2022, 7, 14, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MILLISECOND = timedelta(milliseconds=1)


def test_without_a_pace_only_the_hands_are_limited():
    gate = RateLimiter()
    for number in range(WIDTH):
        gate.begin(f"C{number % 3}", NOW)
    assert (gate.free(NOW), gate.busy(NOW), gate.opens(NOW)) == (0, (), None)
    gate.end("C0", NOW)
    assert gate.free(NOW) == 1


def test_a_place_rests_after_each_message():
    gate = RateLimiter(Pace(place=SECOND))
    gate.begin("C1", NOW)
    assert gate.busy(NOW) == ("C1",)
    gate.end("C1", NOW)
    assert (gate.busy(NOW), gate.opens(NOW)) == (("C1",), NOW + SECOND)
    assert gate.busy(NOW + SECOND) == ()


def test_what_the_provider_asks_for_is_longer_than_the_usual_rest():
    gate = RateLimiter(Pace(place=SECOND))
    gate.begin("C1", NOW)
    gate.end("C1", NOW)
    gate.rest("C1", NOW + 30 * SECOND)
    assert gate.busy(NOW + 29 * SECOND) == ("C1",)


def test_a_limit_of_the_account_holds_all():
    gate = RateLimiter()
    gate.hold(NOW + 30 * SECOND)
    gate.hold(NOW + 10 * SECOND)
    assert (gate.free(NOW), gate.opens(NOW)) == (0, NOW + 30 * SECOND)
    assert gate.free(NOW + 30 * SECOND) == WIDTH


def test_who_rests_need_not_be_asked_for():
    gate = RateLimiter(Pace(place=SECOND))
    gate.begin("C1", NOW)
    gate.end("C1", NOW)
    assert [gate.rests(place, NOW) for place in ("C1", "C2")] == [True, False]
    assert not gate.rests("C1", NOW + SECOND)


def test_a_slot_is_given_away_a_little_before_it_is_free():
    gate = RateLimiter(Pace(most=2, per=SECOND))
    assert [gate.begin("C1", NOW), gate.begin("C2", NOW)] == [NOW, NOW]
    gate.end("C1", NOW)
    assert (gate.free(NOW), gate.opens(NOW)) == (0, NOW + SECOND - AHEAD)
    assert gate.free(NOW + SECOND - AHEAD) == 1
    assert gate.begin("C3", NOW + SECOND - AHEAD) == NOW + SECOND
    assert (gate.free(NOW + SECOND), gate.opens(NOW + SECOND)) == (0, None)


@settings(deadline=None)
@given(delays=st.lists(st.integers(0, 900), min_size=40, max_size=120), arrives=st.randoms(use_true_random=False))
def test_no_second_sees_more_messages_than_are_allowed(delays, arrives):
    """Each message takes its own time; the far side counts it at some moment before its answer."""
    gate, now, waiting, under_way, seen = RateLimiter(Pace(most=5, per=SECOND)), NOW, list(delays), [], []
    while waiting or under_way:
        for _ in range(min(gate.free(now), len(waiting))):
            took = waiting.pop() * MILLISECOND
            at = gate.begin("C", now)
            seen.append(at + took * arrives.random())
            under_way.append(at + took)
        now += MILLISECOND * 10
        for answered in [at for at in under_way if at <= now]:
            under_way.remove(answered)
            gate.end("C", now)
    seen.sort()
    assert all(later - first >= SECOND for first, later in zip(seen, seen[5:], strict=False))


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 30)), max_size=60), st.integers(1, 4))
def test_no_stretch_of_time_sees_more_of_a_key_than_allowed(asked, most):
    limit, taken, at = RateLimit(most), [], 0.0
    for key, wait in asked:
        at += wait
        opens = limit.opens(key, at)
        assert limit.take(key, at, at + 60) is (opens is None)
        if opens is None:
            taken.append((key, at))
        else:
            assert limit.left(key, opens) >= 1
    for key, start in taken:
        assert sum(other == key and start <= when < start + 60 for other, when in taken) <= most

"""Is this many reports unusual? Compared with scipy's distribution, and held to what must always be so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.judge.surge import CHANCE, FEWEST, FLOOR, HOUR, SIZE, SLOTS, profile, rises, surge, tail, usual

MONDAY = datetime(2022, 7, 11, tzinfo=UTC)
NOW = MONDAY + timedelta(days=3, hours=12, minutes=15)  # Thursday, 12:15
means = st.floats(FLOOR, 5000)
days = st.lists(st.tuples(st.integers(0, 60), st.floats(0, 40)), min_size=1, max_size=24)


def at(*, weeks=0, **before):
    return NOW.replace(minute=0) - timedelta(weeks=weeks, **before)


@given(st.integers(1, 20_000), means, st.sampled_from([1.0, SIZE, 7.5]))
def test_the_tail_is_that_of_the_negative_binomial(count, mean, size):
    from scipy.special import betainc  # it takes long to import

    theirs = betainc(count, size, mean / (size + mean))
    assert tail(count, mean, size) == pytest.approx(theirs, rel=1e-8, abs=1e-12)


@given(st.integers(0, 5000), means)
def test_more_reports_are_never_likelier(count, mean):
    assert tail(count + 1, mean) <= tail(count, mean) + 1e-12
    assert 0 <= tail(count, mean) <= 1


@given(days, st.integers(0, 9), st.integers(1, 50))
def test_more_reports_never_end_a_surge_and_more_who_are_well_never_begin_one(hours, works, more):
    *before, (count, often) = hours
    if surge(hours, works):
        assert surge([*before, (count + more, often)], works)
    else:
        assert not surge(hours, works + more)


@given(days, st.integers(0, 9))
def test_fewer_than_three_people_are_never_a_surge(hours, works):
    *before, (_, often) = hours
    for people in range(FEWEST):
        assert not surge([*before, (people, often)])
    assert not surge([*before, (works + FEWEST - 1, often)], works)


@pytest.mark.parametrize(("often", "enough"), [(0, 3), (0.5, 5), (1, 8), (35, 136)])
def test_how_many_are_unusual(often, enough):
    assert surge([(enough, often)])
    assert not surge([(enough - 1, often)])
    assert tail(enough, max(often, FLOOR)) < CHANCE


def test_a_slow_rise_is_found_that_no_hour_alone_would_show():
    hours = [(count, 5.0) for count in (10, 12, 14, 16, 18)]
    assert not any(surge([hour]) for hour in hours)
    assert [surge(hours[: n + 1]) for n in range(5)] == [False] * 4 + [True]
    assert not rises([(5, 5.0)] * 24)
    assert not surge([*hours, (2, 5.0)])  # whoever reports no more is no surge, whatever was before


# ── what is usual ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_known_is_nothing_usual():
    assert profile({}, NOW) == (0.0,) * SLOTS
    assert usual(profile({}, NOW), NOW) == 0


def test_the_usual_is_the_mean_of_the_same_hour_of_the_week_with_the_weeks_without_any():
    of = profile({at(weeks=1): 4, at(weeks=2): 2}, NOW)
    assert usual(of, NOW.replace(minute=59, second=59)) == pytest.approx(3, abs=0.01)
    assert sum(of) == 3
    assert usual(profile({at(weeks=2): 4}, NOW), at() + 0.999 * HOUR) == pytest.approx(2, abs=0.01)


def test_an_hour_that_ends_now_has_a_share_of_two_hours_of_the_clock():
    of = profile({at(weeks=1, hours=1): 8, at(weeks=1): 4}, NOW)
    assert usual(of, NOW) == 0.75 * 8 + 0.25 * 4


def test_past_outages_are_not_usual():
    weeks = {at(weeks=week): 2 for week in range(1, 11)} | {at(weeks=4): 500}
    assert usual(profile(weeks, NOW), at() + 0.999 * HOUR) == pytest.approx(2, abs=0.01)


def test_what_is_older_than_a_year_or_of_today_does_not_count():
    counts = {at(weeks=54): 99, at(hours=23): 99, at(): 99}
    assert profile(counts, NOW) == (0.0,) * SLOTS


@given(st.dictionaries(st.integers(1, 52 * SLOTS - 1), st.integers(1, 99), max_size=30))
def test_the_usual_is_within_what_was(ago):
    counts = {NOW.replace(minute=0) - hours * HOUR: count for hours, count in ago.items()}
    of = profile(counts, NOW)
    assert len(of) == SLOTS
    assert all(0 <= often <= max(ago.values(), default=0) for often in of)

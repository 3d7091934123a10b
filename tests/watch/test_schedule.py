"""Which rounds are due: instants only, no clock."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.watch.schedule import Schedule, share


def slots(beat: Schedule, key: str, until: float, step: float = 0.1) -> list[float]:
    """The ticks at which a key was due."""
    ticks = [n * step for n in range(int(until / step) + 1)]
    return [now for now in ticks if key in dict(beat.due(now, 10_000))]


def test_a_thousand_services_are_first_due_within_one_interval_and_spread():
    beat = Schedule({f"s{n}": 20.0 for n in range(1000)}, 0.0)
    due = [len(beat.due((tick + 1) * 0.1, 10_000)) for tick in range(200)]
    assert sum(due) == 1000
    assert max(due) < 25  # of 5 on average, none at once
    assert all(25 < sum(due[second * 10 : second * 10 + 10]) < 75 for second in range(20))


def test_every_key_comes_back_once_an_interval_on_its_own_phase():
    beat = Schedule({"x": 20.0}, 0.0)
    came = slots(beat, "x", 200.0)
    assert len(came) == 10
    assert all(abs(later - earlier - 20.0) < 0.11 for earlier, later in pairwise(came))
    assert abs(came[0] - share("x") * 20.0) < 0.11


def test_the_phase_is_the_same_in_every_process():
    assert [round(share(key), 4) for key in ("x", "mail", "slack")] == [0.5502, 0.317, 0.8282]


def test_what_was_missed_is_not_piled_up():
    beat = Schedule({"x": 20.0}, 0.0)
    ((key, late),) = beat.due(1000.0, 10)
    assert key == "x"
    assert late > 900
    assert beat.due(1000.0, 10) == []
    ((_, late),) = beat.due(1020.0, 10)
    assert late < 20


def test_what_exceeds_the_room_stays_due_and_the_longest_overdue_is_first():
    beat = Schedule({f"s{n}": 20.0 for n in range(10)}, 0.0)
    first, rest = beat.due(19.999, 4), beat.due(19.999, 100)
    assert (len(first), len(rest)) == (4, 6)
    assert min(late for _, late in first) >= max(late for _, late in rest)
    assert beat.due(19.999, 0) == beat.due(19.999, -3) == []


def test_a_moved_key_is_due_then_and_not_at_its_old_slot():
    beat = Schedule({"x": 20.0}, 0.0)  # its slots: 11.004, 31.004, ...
    beat.move("x", 5.0)
    assert [round(tick, 1) for tick in slots(beat, "x", 40.0)] == [5.0, 11.1, 31.1]
    beat.move("x", 60.0)
    assert beat.due(59.0, 10) == []
    assert beat.due(60.0, 10) == [("x", 0.0)]


def test_a_daily_key_is_due_within_a_minute_of_a_start():
    beat = Schedule({f"s{n}": 86400.0 for n in range(50)}, 0.0)
    assert len(beat.due(60.0, 100)) == 50
    assert beat.due(86400.0, 100) == []
    assert len(beat.due(86460.0, 100)) == 50


def test_a_restart_forgets_what_was_missed_and_spreads_again():
    beat = Schedule({f"s{n}": 20.0 for n in range(100)}, 0.0)
    beat.restart(5000.0)
    assert beat.due(5000.0, 1000) == []
    assert 30 < len(beat.due(5010.0, 1000)) < 70
    assert len(beat.due(5020.0, 1000)) > 30


def test_a_long_doubt_does_not_grow_the_heap():
    beat = Schedule({"x": 86400.0}, 0.0)
    for n in range(5000):
        beat.move("x", n * 10.0)
        assert beat.due(n * 10.0, 10) == [("x", 0.0)]
    assert len(beat._heap) < 100


def test_a_slot_that_rounding_puts_on_the_present_instant_is_not_due_twice():
    beat = Schedule({"x": 0.1}, 0.0)
    beat._first["x"], now = 69583.3, 69583.3 + 272 * 0.1  # (now - first) / 0.1 is a little less than 272
    beat.move("x", now)
    assert len(beat.due(now, 10)) == 1


@given(
    every=st.floats(0.1, 1e5),
    start=st.floats(0, 1e7),
    steps=st.lists(st.floats(0, 1e4), min_size=1, max_size=30),
)
def test_a_key_is_never_due_twice_at_one_instant_nor_forgotten(every, start, steps):
    beat, now = Schedule({"x": every}, start), start
    for step in steps:
        now += step
        beat.due(now, 10)
        assert beat.due(now, 10) == []
        assert now < beat._next["x"] <= max(now + every * 1.0001 + 1e-6, start + every)

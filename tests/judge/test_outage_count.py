"""How often lately: which outage of its year an incident is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.judge.incidents import step, unwatched
from bot.model import ChangeKind, Correct, Outages, Rules, ServiceState
from bot.store.columns import _adapter
from tests.judge.rounds import NOON, at, go, look, walk

STEADY = Rules(remind_every=(), flap_window=timedelta(0))
MINUTE = timedelta(minutes=1)


def outage(state, start, letters="BB..", rules=STEADY):
    """Rounds from `start` on; the state after them, and the incident as it was when it was last told as down."""
    told = None
    for number, letter in enumerate(letters):
        state, changes = go(state, replace(look(letter), at=start + number * timedelta(seconds=30)), rules)
        told = next(
            (c.incident for c in changes if c.kind in {ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.WORSENED}),
            told,
        )
    return state, told


def test_each_says_which_of_its_year_it_is_and_when_the_last_one_was():
    state, first = outage(ServiceState("x"), NOON)
    state, second = outage(state, NOON + timedelta(days=3))
    state, third = outage(state, NOON + timedelta(days=9), "BBBB..")
    assert [(i.number_this_year, i.previous) for i in (first, second, third)] == [
        (1, None),
        (2, (NOON, NOON + MINUTE)),
        (3, (NOON + timedelta(days=3), NOON + timedelta(days=3) + MINUTE)),
    ]
    assert state.outages.count == 3


def test_a_new_year_begins_at_one_and_knows_nothing_of_the_old():
    state, _ = outage(ServiceState("x"), NOON)
    state, first = outage(state, NOON + timedelta(days=365))
    assert (first.number_this_year, first.previous, state.outages.year, state.outages.count) == (1, None, 2023, 1)


def test_what_was_not_down_or_not_confirmed_does_not_count():
    for letters in ("PP..", "SS..", "B..", "?????.."):
        state, told = outage(ServiceState("x"), NOON, letters)
        assert (state.outages, told.number_this_year if told else 0) == (Outages(), 0), letters


def test_one_that_was_partly_down_at_first_counts_once_it_is_down_and_keeps_its_number_when_it_eases():
    state, _ = outage(ServiceState("x"), NOON)
    state, told = outage(state, NOON + timedelta(days=1), "PPBBPPBB..")
    assert (told.number_this_year, state.outages.count) == (2, 2)


def test_a_correction_counts_it_no_more_and_the_one_before_is_the_last_again():
    state, _ = outage(ServiceState("x"), NOON)
    state, _ = outage(state, NOON + timedelta(days=1))
    state = step(state, Correct("Ana", NOON + timedelta(days=1, hours=1)), STEADY).state
    assert (state.outages.count, state.outages.last) == (1, ((NOON, NOON + MINUTE),))
    state, told = outage(state, NOON + timedelta(days=2), "BB")
    assert (told.number_this_year, told.previous) == (2, (NOON, NOON + MINUTE))
    state = step(state, Correct("Ana", NOON + timedelta(days=2, hours=1)), STEADY).state
    assert state.outages.count == 1  # it was open: it did not count yet


def test_one_whose_service_is_watched_no_longer_has_counted():
    state, _ = outage(ServiceState("x"), NOON, "BB")
    assert unwatched(state, at(9)).state.outages == Outages(2022, 1, ((NOON, at(9)),))


def test_a_steady_service_keeps_its_state():
    state, _ = walk("....")
    assert go(state, look(".", 5))[0] == state


def test_a_state_of_an_older_tocsin_loads_and_begins_to_count():
    state, _ = outage(ServiceState("x"), NOON)
    kept = _adapter(ServiceState).dump_python(state, mode="json")
    del kept["outages"], kept["last"]["number_this_year"], kept["last"]["previous"]
    loaded = _adapter(ServiceState).validate_python(kept)
    assert (loaded.outages, loaded.last.number_this_year) == (Outages(), 0)
    state, told = outage(loaded, NOON + timedelta(days=1))
    assert (told.number_this_year, state.outages.count) == (1, 1)

"""What somebody takes back never was: it is told once, counts for nothing, and does not come again by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.judge.incidents import CORRECTABLE, correctable, step
from bot.model import ENDINGS, Ack, ChangeKind, Confidence, Correct, Health, Rules, ServiceState
from tests.judge.rounds import WEB, at, go, look, walk, word


def correct(state, number, why=""):
    taken = step(state, Correct("Ana", at(number), why), Rules())
    return taken.state, taken.changes


def rounds(state, letters, first):
    changes = []
    for number, letter in enumerate(letters, first):
        state, more = go(state, look(letter, number))
        changes += more
    return state, changes


def test_the_open_incident_is_taken_back_with_who_and_why():
    state, _ = walk("..BB")
    state, [change] = correct(state, 5, "the check is wrong")

    assert (change.kind, change.by, change.why) == (ChangeKind.RETRACTED, "Ana", "the check is wrong")
    assert (change.incident.retracted, change.incident.until) == (True, at(5))
    assert (state.incident, state.last) == (None, change.incident)
    assert state.up_since == at(0)


def test_the_incident_that_was_over_last_is_taken_back_and_keeps_its_end():
    state, _ = walk("..BB....")
    assert state.up_since == at(4)
    ended = state.last
    state, [change] = correct(state, 9)

    assert change.incident == replace(ended, retracted=True, steps=ended.steps + 1)
    assert (change.incident.until, change.key) == (at(4), "x#1/4")
    assert (state.ended, state.up_since) == ((), at(0))


def test_only_the_one_taken_back_is_taken_from_the_account_of_flapping():
    state, _ = walk("BB..BB..")
    assert len(state.ended) == 2
    state, _ = correct(state, 9)
    assert state.ended == ((at(0), at(2)),)
    state, changes = rounds(state, "BB", 10)
    assert [c.incident.unstable_since for c in changes] == [None, None]


def test_what_came_after_it_keeps_its_own_up_since():
    state, _ = walk("BB...")
    state, _ = rounds(state, "B..", 5)  # was not confirmed
    assert state.up_since == at(6)
    state, [change] = correct(state, 9)
    assert (change.incident.number, state.up_since) == (1, at(6))


@pytest.mark.parametrize("letters", ["..BB", "..BB....", "....", "..B..."])
def test_a_second_correction_changes_nothing_and_without_an_incident_there_is_nothing_to_correct(letters):
    state, _ = walk(letters)
    state, _ = correct(state, 9)
    assert correctable(state, at(10)) is None
    assert correct(state, 10) == (state, ())


def test_after_a_week_it_stands():
    state, _ = walk("BB...")
    until = state.last.until
    assert step(state, Correct("Ana", until + CORRECTABLE), Rules()).changes
    assert not step(state, Correct("Ana", until + CORRECTABLE + timedelta(seconds=1)), Rules()).changes


def test_what_is_taken_back_does_not_open_again_while_it_is_seen_no_worse():
    state, _ = correct(walk("PPPP")[0], 4)
    state, changes = rounds(state, "PPPPSS", 5)
    assert (changes, state.incident) == ([], None)


def test_what_is_worse_opens_and_began_when_it_became_so():
    state, _ = correct(walk("PPPP")[0], 4)
    state, changes = rounds(state, "PPBB", 5)
    assert [(c.kind, c.incident.health) for c in changes] == [(ChangeKind.OPENED, Health.DOWN)]
    assert state.incident.since == at(7)
    assert state.incident.confidence is Confidence.CONFIRMED


def test_what_is_surer_opens_too_and_began_after_the_correction():
    state, _ = go(ServiceState("x"), look("B", 0))
    state, _ = correct(state, 1)
    state, changes = rounds(state, "BB", 2)
    assert [(c.kind, c.incident.number, c.incident.since) for c in changes] == [(ChangeKind.OPENED, 2, at(1))]


def test_after_a_good_round_it_may_fail_again():
    state, _ = correct(walk("BBB")[0], 3)
    state, changes = rounds(state, "B.BB", 4)
    assert [(c.kind, c.incident.number) for c in changes] == [(ChangeKind.OPENED, 2), (ChangeKind.CONFIRMED, 2)]


def test_their_page_that_still_says_so_does_not_open_it_again_but_our_own_checks_do():
    says = word(Health.DOWN)  # without a headline to know it by
    state, _ = go(ServiceState("x"), look(".", 0, says))
    state, [change] = correct(state, 1)
    assert change.kind is ChangeKind.RETRACTED
    state, none = go(state, look(".", 2, says))
    assert none == ()
    for number in (3, 4):
        state, _ = go(state, look("B", number, says))
    assert state.incident.confidence is Confidence.CONFIRMED


def test_an_acknowledged_one_can_be_taken_back():
    state, _ = walk("BB")
    state = step(state, Ack("Ben", at(2)), Rules()).state
    assert correct(state, 3)[1][0].incident.acked_by == "Ben"


letters = st.lists(st.sampled_from([*WEB, "C"]), max_size=60)


@given(letters)
def test_with_corrections_too_openings_and_endings_alternate_and_steps_have_no_gap(said):
    state, opened, steps = ServiceState("x"), None, {}
    for number, letter in enumerate(said):
        state, changes = correct(state, number) if letter == "C" else go(state, look(letter, number))
        for change in changes:
            incident = change.incident
            again = incident.retracted and incident.until < change.at  # of one that was over
            assert opened == (None if again or change.kind is ChangeKind.OPENED else incident.number)
            assert incident.steps == steps.get(incident.number, 0) + 1
            steps[incident.number] = incident.steps
            opened = None if change.kind in ENDINGS else incident.number
            assert incident.until is None or incident.until >= incident.since
        assert (state.incident and state.incident.number) == opened
        assert not (state.incident and state.incident.retracted)

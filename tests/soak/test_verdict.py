"""Which repeats of a soak are excused: those that nobody could know of."""

from __future__ import annotations

from tests.soak.verdict import heard

HANDS, APPLIED = {"hands": "x#1/2@slack:C1", "life": 1}, {"applied": "x#1/2@slack:C1", "dropped": False}
KILLED = {"killed": ["x#1/2@slack:C1"]}
FROZEN = {"frozen": ["x#1/2@slack:C1"]}


def excused(*lines):
    return heard(lines).ambiguous


def test_what_arrived_before_its_life_was_cut_off_may_be_sent_again():
    assert excused(HANDS, APPLIED, KILLED, HANDS, APPLIED) == {1}


def test_what_arrived_only_after_its_life_was_cut_off_may_be_sent_again():
    assert excused(HANDS, KILLED, APPLIED, HANDS, APPLIED) == {2}


def test_what_the_next_life_sent_is_not_excused_by_the_end_of_the_last():
    assert excused(HANDS, APPLIED, KILLED, HANDS, APPLIED, HANDS, APPLIED) == {1}


def test_what_was_frozen_half_way_may_arrive_once_more():
    assert excused(HANDS, APPLIED, FROZEN, APPLIED) == {1, 3}


def test_what_was_answered_is_not_excused():
    assert excused(HANDS, APPLIED, HANDS, APPLIED) == set()

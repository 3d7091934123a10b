"""Rounds that change nothing: whenever a round is called steady, the step agrees."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.judge.incidents import steady, step
from bot.judge.verdict import judge, saw
from bot.model import Correct, Health, Role, Rules, ServiceState, Streak
from tests.judge.rounds import WEB, at, go, look, walk, word

LETTERS = "".join(WEB)
words = st.lists(
    st.builds(word, st.sampled_from([None, *Health]), st.sampled_from(["", "Trouble"]), st.sampled_from(list(Role))),
    max_size=3,
)
rules = st.builds(Rules, confirm_rounds=st.integers(1, 3), restore_rounds=st.integers(1, 3))


def changes_nothing(state, seen, rule):
    taken = step(state, judge(seen, state.streak, rule), rule)
    return taken.state == state and not taken.changes


@given(st.lists(st.tuples(st.sampled_from(LETTERS + 5 * "."), words), max_size=12), words, rules, rules)
def test_a_steady_round_changes_nothing(before, said, rule, later_rule):
    state = ServiceState("x")
    for number, (letter, reports) in enumerate(before):
        state, _ = go(state, look(letter, number, *reports), rule)
    # The rules may have been changed between two rounds.
    for rule_now in (rule, later_rule):
        for letter in LETTERS:
            seen = look(letter, len(before), *said)
            if steady(state, seen, rule_now):
                assert saw(seen, rule_now)
                assert changes_nothing(state, seen, rule_now)


@given(st.integers(1, 4), st.integers(1, 4))
def test_a_service_that_is_up_gets_steady(confirm, restore):
    rule = Rules(confirm_rounds=confirm, restore_rounds=restore)
    state, _ = walk("BB" + "." * (restore + 1), rule)
    assert steady(state, look(".", 20), rule)
    assert steady(state, look(".", 20, word(Health.UP), word(None, role=Role.TRACKER)), rule)
    assert not any(steady(state, look(letter, 20), rule) for letter in LETTERS if letter != ".")


def test_a_corrected_service_is_not_steady_until_the_step_has_said_so():
    state, _ = walk("BB")
    state = step(state, Correct("Ann", at(3)), Rules()).state
    seen = look(".", 4)
    assert not steady(state, seen, Rules())
    while not steady(state, seen, Rules()):
        state, _ = go(state, seen)
    assert changes_nothing(state, seen, Rules())


STEADY = walk("....")[0]


@pytest.mark.parametrize("field", [one.name for one in fields(Streak)])
def test_any_other_streak_is_left_to_the_step(field):
    odd = None if field == "good_since" else at(-3) if field.endswith("since") else 7
    state = replace(STEADY, streak=replace(STEADY.streak, **{field: odd}))
    assert not steady(state, look("."), Rules())


@pytest.mark.parametrize(
    "odd",
    [
        {"online": False},
        {"readings": ()},
        {"asleep_since": at(-1)},
        {"reports": (word(Health.DEGRADED, "Trouble"),)},
    ],
)
def test_any_other_round_is_left_to_the_step(odd):
    assert steady(STEADY, look("."), Rules())
    assert not steady(STEADY, replace(look("."), **odd), Rules())

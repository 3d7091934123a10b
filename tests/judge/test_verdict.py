"""The table of what may be claimed, cell by cell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.judge.verdict import judge
from bot.model import Confidence, Health, Role, Round, Rules, SourceReport, Streak
from tests.judge.rounds import NOON, WEB, look, word

UP, UNKNOWN, DEGRADED, DOWN = Health.UP, Health.UNKNOWN, Health.DEGRADED, Health.DOWN
POSSIBLE, LIKELY, CONFIRMED = Confidence.POSSIBLE, Confidence.LIKELY, Confidence.CONFIRMED
TROUBLE = word(DOWN, "Investigating")
CLEAR = word(UP)
TRACKER = word(DOWN, "many reports", Role.TRACKER)
CALM, SILENT = word(UP, "", Role.TRACKER), word(None, "", Role.TRACKER)
CROWD = word(DOWN, "surge", Role.CROWD)


@pytest.mark.parametrize(
    ("letters", "words", "health", "confidence"),
    [
        (".", (CLEAR,), UP, CONFIRMED),
        (".", (), UP, CONFIRMED),
        ("BB", (), DOWN, CONFIRMED),
        ("BB", (CLEAR,), DOWN, CONFIRMED),
        ("PP", (), DEGRADED, CONFIRMED),
        ("PB", (), DEGRADED, CONFIRMED),
        ("PBB", (), DOWN, CONFIRMED),
        ("B", (), DOWN, POSSIBLE),
        ("B", (CLEAR,), DOWN, POSSIBLE),
        ("B", (TROUBLE,), DOWN, LIKELY),
        ("P", (TRACKER,), DEGRADED, LIKELY),
        ("B", (CROWD,), DOWN, POSSIBLE),
        ("B", (TRACKER,), DOWN, LIKELY),
        ("B", (CLEAR, TRACKER), DOWN, LIKELY),
        ("B", (CLEAR, TRACKER, CROWD), DOWN, LIKELY),
        ("B", (TROUBLE, CALM), DOWN, LIKELY),
        ("B", (word(None), CALM), DOWN, POSSIBLE),
        ("B", (SILENT, CROWD), DOWN, POSSIBLE),
        ("P", (CLEAR,), DEGRADED, POSSIBLE),
        ("P", (TROUBLE,), DEGRADED, LIKELY),
        ("S", (TROUBLE,), DEGRADED, LIKELY),
        ("S", (TRACKER,), DEGRADED, LIKELY),
        ("BB", (TROUBLE, TRACKER, CROWD), DOWN, CONFIRMED),
        ("PP", (CLEAR, CALM), DEGRADED, CONFIRMED),
        (".", (TROUBLE,), DOWN, LIKELY),
        (".", (TRACKER,), DEGRADED, POSSIBLE),
        (".", (CROWD,), DEGRADED, POSSIBLE),
        (".", (word(DEGRADED, "Slow"),), DEGRADED, LIKELY),
        (".", (TROUBLE, TRACKER, CROWD), DOWN, LIKELY),
        (".", (CLEAR, TRACKER), DEGRADED, POSSIBLE),
        (".", (CLEAR, CALM), UP, CONFIRMED),
        (".", (word(None), SILENT), UP, CONFIRMED),
        ("....", (TRACKER, CROWD), DEGRADED, POSSIBLE),
        ("?", (TROUBLE, TRACKER, CROWD), UNKNOWN, POSSIBLE),
        ("!", (TRACKER,), UNKNOWN, POSSIBLE),
        (".", (TRACKER, CROWD), DEGRADED, POSSIBLE),
        ("S", (), DEGRADED, POSSIBLE),
        ("SS", (), DEGRADED, CONFIRMED),
        ("?", (TROUBLE,), UNKNOWN, POSSIBLE),
        ("!", (), UNKNOWN, POSSIBLE),
        ("B?", (), UNKNOWN, POSSIBLE),
        ("B!B", (), DOWN, CONFIRMED),
        ("B?B", (), DOWN, POSSIBLE),
        ("B?BB", (), DOWN, CONFIRMED),
        ("B.B.B.B.B.B", (), DEGRADED, CONFIRMED),
        ("B..B..B..B..B..B", (), DOWN, POSSIBLE),
    ],
)
def test_each_cell_of_the_table(letters, words, health, confidence):
    streak = Streak()
    for number, letter in enumerate(letters):
        verdict = judge(look(letter, number, *words), streak, Rules())
        streak = verdict.streak

    assert (verdict.health, verdict.confidence) == (health, confidence)


@pytest.mark.parametrize(
    ("letters", "health", "confidence"),
    [("PP", DOWN, CONFIRMED), ("PB", DOWN, CONFIRMED), ("SS", DEGRADED, CONFIRMED), ("..", UP, CONFIRMED)],
)
def test_of_a_chain_one_broken_link_is_all_of_it(letters, health, confidence):
    streak, rules = Streak(), Rules(chained=True)
    for number, letter in enumerate(letters):
        verdict = judge(look(letter, number), streak, rules)
        streak = verdict.streak
    assert (verdict.health, verdict.confidence) == (health, confidence)


def test_when_the_canaries_are_bad_nothing_is_claimed_of_anything():
    blind = replace(look(".", 0, TROUBLE, TRACKER), online=False)
    assert judge(blind, Streak(), Rules()).health is UNKNOWN


def test_a_service_without_routes_is_as_its_official_page_says():
    assert judge(Round("x", NOON, (), (CLEAR,)), Streak(), Rules()).health is UP
    assert judge(Round("x", NOON, (), (TROUBLE,)), Streak(), Rules()).confidence is LIKELY
    assert judge(Round("x", NOON, (), (word(None),)), Streak(), Rules()).health is UNKNOWN


words = st.builds(
    SourceReport,
    st.sampled_from(Role),
    st.just("a source"),
    st.sampled_from([None, UP, DEGRADED, DOWN]),
    st.text(max_size=5),
)


@given(st.lists(st.tuples(st.sampled_from(list(WEB)), st.lists(words, max_size=3)), min_size=1, max_size=30))
def test_nothing_is_claimed_beyond_the_evidence(rounds):
    streak = Streak()
    for number, (letter, heard) in enumerate(rounds):
        verdict = judge(look(letter, number, *heard), streak, Rules())
        streak = verdict.streak
        ours = letter in "BPS"
        official = any(w.role is Role.OFFICIAL and w.says in (DEGRADED, DOWN) for w in heard)

        if letter == "?":
            assert verdict.health is UNKNOWN
        if not ours and not official:
            assert verdict.health is UP or verdict.confidence is POSSIBLE
        if verdict.health in (DEGRADED, DOWN) and verdict.confidence is CONFIRMED:
            assert ours
            assert streak.total >= 2


@given(st.lists(st.tuples(st.sampled_from(list(WEB)), st.lists(words, max_size=3)), min_size=1, max_size=30))
def test_the_crowd_alone_makes_nothing_likelier_than_possible(rounds):
    """Without its words the same is claimed, or nothing at all: promise 7."""
    streak = Streak()
    for number, (letter, heard) in enumerate(rounds):
        others = [w for w in heard if w.role is not Role.CROWD]
        verdict = judge(look(letter, number, *heard), streak, Rules())
        without = judge(look(letter, number, *others), streak, Rules())
        streak = verdict.streak
        assert verdict.streak == without.streak
        if (verdict.health, verdict.confidence) != (without.health, without.confidence):
            assert (verdict.health, verdict.confidence, without.health) == (DEGRADED, POSSIBLE, UP)


def test_the_crowd_knows_nothing_of_a_service_that_nobody_looks_at():
    for says in (UP, DOWN):
        silent = Round("x", NOON, (), (word(None), word(says, role=Role.CROWD)))
        assert judge(silent, Streak(), Rules()).health is UNKNOWN

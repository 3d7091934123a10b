"""A certificate that ends soon is told as such, and has no part in an outage's times."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.judge.incidents import step
from bot.judge.verdict import judge
from bot.model import (
    Ack,
    ChangeKind,
    Confidence,
    Correct,
    Health,
    Outcome,
    Reading,
    Role,
    Round,
    Rules,
    ServiceState,
    Streak,
)
from tests.judge.rounds import at, go, look, walk, word

WORN = ("opened", "DEGRADED", "CONFIRMED")
RENEWED = ("restored", "DEGRADED", "CONFIRMED")


def told(letters, rules=None):
    return [(c.kind.value, c.incident.health.name, c.incident.confidence.name) for c in walk(letters, rules)[1]]


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        (".W.W.W.W", []),
        (".WW", [WORN]),
        ("WWWWWW", [WORN]),
        ("WW.W.W.W", [WORN]),  # one of several servers has the new one
        ("WW..", [WORN, RENEWED]),
        ("WWWW....", [WORN, RENEWED]),
        ("WW!?WW", [WORN]),
        ("WWBW", [WORN]),
        ("WWBB", [WORN, ("confirmed", "DOWN", "CONFIRMED")]),
        ("WWPP", [WORN, ("confirmed", "DEGRADED", "CONFIRMED")]),
        ("WWSS", [WORN, ("confirmed", "DEGRADED", "CONFIRMED")]),
        (
            "BBWW",
            [("opened", "DOWN", "POSSIBLE"), ("confirmed", "DOWN", "CONFIRMED"), ("restored", "DOWN", "CONFIRMED")],
        ),
        ("BWW", [("opened", "DOWN", "POSSIBLE"), ("retracted", "DOWN", "POSSIBLE")]),
    ],
)
def test_what_is_told_of_a_row_of_rounds(letters, expected):
    assert told(letters) == expected


def test_an_outage_meanwhile_has_its_own_times_and_its_thread_goes_on():
    state, changes = walk("WWWWBBBWWW")
    kinds = [c.kind for c in changes]
    outage, over, again = (c.incident for c in changes[1:])

    assert kinds == [ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.RESTORED, ChangeKind.OPENED]
    assert (outage.since, outage.confirmed_at, outage.worst, outage.number) == (at(4), at(5), Health.DOWN, 1)
    assert (over.since, over.until) == (at(4), at(7))
    assert (again.number, again.since, again.only_worn) == (2, at(7), True)
    assert state.ended == ((at(4), at(7)),)
    assert [c.key for c in changes] == ["x#1/1", "x#1/2", "x#1/3", "x#2/1"]


def test_it_is_no_outage_that_would_count_towards_flapping_and_it_was_up_all_along():
    state, _ = walk(".." + "WW..." * 4)
    assert (state.ended, state.up_since, state.incident) == ((), at(0), None)
    assert walk("..WW..B.BB", state=None)[1][-1].incident.unstable_since is None


def test_it_is_told_again_once_a_day_until_somebody_looks_into_it():
    rules = Rules(remind_every=(timedelta(minutes=1),))
    state, _ = walk("WW", rules)
    days = [look("W", 2880 * hours // 24) for hours in (23, 25, 26, 49)]
    kinds = []
    for seen in days:
        state, changes = go(state, seen, rules)
        kinds.append([c.kind for c in changes])
    assert kinds == [[], [ChangeKind.REMINDED], [], [ChangeKind.REMINDED]]

    state = step(state, Ack("ana", at(9000)), rules).state
    assert go(state, look("W", 2880 * 5), rules)[1] == ()
    assert (
        go(walk("WW", replace(rules, remind_every=()))[0], look("W", 2880 * 5), replace(rules, remind_every=()))[1]
        == ()
    )


def test_an_acknowledged_certificate_acknowledges_no_outage():
    rules = Rules(remind_every=(timedelta(minutes=5),))
    state = step(walk("WW")[0], Ack("ana", at(2)), rules).state
    for number in range(3, 5):
        state, _ = go(state, look("B", number), rules)
    assert (state.incident.acked_by, state.incident.reminded) == ("", 0)
    assert [c.kind for c in go(state, look("B", 20), rules)[1]] == [ChangeKind.REMINDED]


def test_what_its_official_page_says_meanwhile_is_told():
    state, _ = walk("WW")
    says = word(Health.DOWN, "Investigating")
    state, first = go(state, look("W", 2, says))
    state, second = go(state, look("W", 3, says))
    assert ([c.kind for c in first], second) == ([ChangeKind.OFFICIAL], ())
    assert state.incident.health is Health.DEGRADED


def test_their_word_of_trouble_is_not_mistaken_for_it():
    state, changes = walk("....")
    for number in range(4, 8):
        state, more = go(state, look("W", number, word(Health.DEGRADED, "Investigating")))
        changes += more
    assert [(c.kind, c.incident.confidence) for c in changes] == [(ChangeKind.OPENED, Confidence.LIKELY)]
    state, ended = go(state, look("W", 8, word(Health.UP)))
    state, worn = go(state, look("W", 9, word(Health.UP)))
    assert [c.kind for c in (*ended, *worn)] == [ChangeKind.RESTORED, ChangeKind.OPENED]


def test_what_was_taken_back_stays_so_until_the_certificate_is_new():
    state = step(walk(".WW")[0], Correct("ana", at(3)), Rules()).state
    for letter, opens in (("W", 0), ("W", 0), (".", 0), (".", 0), ("W", 0), ("W", 1)):
        state, changes = go(state, look(letter, 4))
        assert len(changes) == opens, letter


def test_an_outage_after_a_correction_is_told():
    state = step(walk(".WW")[0], Correct("ana", at(3)), Rules()).state
    state, _ = walk("BB", state=state)
    assert state.incident.health is Health.DOWN


def test_a_worn_route_beside_a_bad_one_keeps_it_from_being_all_down():
    seen = Round("x", at(0), (Reading("web", Outcome.EXPIRING), Reading("app", Outcome.FAILED)))
    verdict = judge(seen, Streak(bad=1), Rules())
    assert (verdict.health, verdict.expiring, len(verdict.readings)) == (Health.DEGRADED, (), 2)


def test_a_steady_one_has_a_steady_state():
    state, _ = walk("WWWW")
    assert go(state, look("W", 9))[0] == state
    assert ServiceState("x").streak.expiring == 0
    assert Role.OFFICIAL not in {w.role for w in state.incident.reports}

"""What several places see of a route together: nothing is down by one place alone."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.judge import quorum
from bot.judge.incidents import step
from bot.judge.quorum import SEVERITY, Vote, combined, fresh, needed
from bot.judge.verdict import judge, saw
from bot.model import Confidence, Health, Outcome, Places, Reading, Round, Rules, ServiceState
from tests.judge.rounds import at

OK, SLOW, FAILED, INCONCLUSIVE = Outcome.OK, Outcome.SLOW, Outcome.FAILED, Outcome.INCONCLUSIVE
NAMES = ("London", "New York", "Sydney", "Tokyo", "Lagos")
BAD = {SLOW, FAILED}
outcomes = st.sampled_from(Outcome)
some_votes = st.lists(st.none() | outcomes, max_size=5)
quorums = st.none() | st.integers(2, 7)


def web(outcome=OK):
    return Reading("web", outcome)


def votes(outcomes):
    return [
        Vote(name, None if outcome is None else web(outcome)) for name, outcome in zip(NAMES, outcomes, strict=False)
    ]


def seen(own, *others, quorum=None):
    return combined(web(own), votes(others), quorum, "Madrid")


@pytest.mark.parametrize(
    ("own", "others", "overall", "places"),
    [
        (OK, [OK, OK], OK, None),
        (FAILED, [FAILED, FAILED], FAILED, Places(("Madrid", "London", "New York"), (), 3)),
        (OK, [FAILED, FAILED], FAILED, Places(("London", "New York"), ("Madrid",), 3)),
        (FAILED, [OK, OK], SLOW, Places(("Madrid",), ("London", "New York"), 3, some=True)),
        (OK, [FAILED, OK], SLOW, Places(("London",), ("Madrid", "New York"), 3, some=True)),
        (FAILED, [OK], SLOW, Places(("Madrid",), ("London",), 2, some=True)),
        (FAILED, [FAILED], FAILED, Places(("Madrid", "London"), (), 2)),
        (SLOW, [SLOW, OK], SLOW, Places(("Madrid", "London"), ("New York",), 3)),
        (OK, [SLOW, OK], SLOW, Places(("London",), ("Madrid", "New York"), 3, some=True)),
        (FAILED, [SLOW, OK], SLOW, Places(("Madrid",), ("New York",), 3, some=True)),
        (FAILED, [FAILED, SLOW], FAILED, Places(("Madrid", "London"), (), 3)),
        # a place that was asked and has not answered counts for neither side
        (FAILED, [None], SLOW, Places(("Madrid",), (), 2, some=True)),
        (FAILED, [FAILED, None], FAILED, Places(("Madrid", "London"), (), 3)),
        (OK, [None, None], OK, None),
        # who could not judge does not vote
        (FAILED, [INCONCLUSIVE, INCONCLUSIVE], FAILED, None),
        (INCONCLUSIVE, [OK], OK, None),
        (INCONCLUSIVE, [FAILED], FAILED, Places(("London",), (), 1)),
        (INCONCLUSIVE, [INCONCLUSIVE], INCONCLUSIVE, None),
        (INCONCLUSIVE, [None], INCONCLUSIVE, None),
        (INCONCLUSIVE, [FAILED, OK, OK], SLOW, Places(("London",), ("New York", "Sydney"), 3, some=True)),
    ],
)
def test_the_places_together(own, others, overall, places):
    reading = seen(own, *others)
    assert (reading.overall, reading.places) == (overall, places)


def test_a_quorum_of_its_own():
    assert [needed(n, None) for n in range(1, 6)] == [1, 2, 2, 3, 3]
    assert [needed(n, 2) for n in range(1, 6)] == [1, 2, 2, 2, 2]
    assert [needed(n, 4) for n in range(1, 6)] == [1, 2, 3, 4, 4]
    assert seen(FAILED, FAILED, OK, OK, OK, quorum=2).overall is FAILED
    assert seen(FAILED, FAILED, OK, OK, OK).overall is SLOW


def test_our_own_reading_gives_the_reason_where_we_see_the_same():
    theirs = Reading("web", FAILED, took=timedelta(seconds=3))
    ours = Reading("web", FAILED, took=timedelta(seconds=1))
    assert combined(ours, [Vote("London", theirs)]).took == ours.took
    assert combined(web(), [Vote("London", theirs), Vote("Sydney", theirs)]).took == theirs.took


def test_two_intervals_are_fresh_and_in_doubt_only_what_began_since():
    vote = Vote("London", web(), at=100.0)
    assert fresh(vote, 160.0, 30.0)
    assert not fresh(vote, 160.1, 30.0)
    assert fresh(vote, 110.0, 30.0, since=100.0)
    assert not fresh(vote, 110.0, 30.0, since=100.1)


@given(outcomes, quorums)
def test_without_other_places_nothing_changes(own, most):
    reading = web(own)
    assert combined(reading, [], most, "Madrid") is reading


@given(outcomes, some_votes, quorums)
def test_one_place_alone_never_speaks_for_several(own, others, most):
    reading = seen(own, *others, quorum=most)
    said = [one for one in (own, *others) if one is not INCONCLUSIVE]
    bad = [one for one in said if one in BAD]
    if reading.overall is FAILED:
        assert len(bad) >= min(2, len([one for one in (own, *others[:5]) if one is not INCONCLUSIVE]))
    if not bad:
        assert reading.overall not in BAD
    if bad and len(said) > 0:
        assert reading.overall in BAD, "what some place sees is never hidden"


@given(outcomes, some_votes, quorums)
def test_each_place_is_named_once_and_where_it_stands(own, others, most):
    places = seen(own, *others, quorum=most).places
    if places is None:
        return
    named = (*places.bad, *places.fine)
    known = {"Madrid": own} | dict(zip(NAMES, others, strict=False))
    assert len(set(named)) == len(named) <= places.total
    assert all(known[name] in BAD for name in places.bad)
    assert all(known[name] not in {*BAD, INCONCLUSIVE, None} for name in places.fine)
    assert places.some is (len(places.bad) < needed(places.total, most))


@given(outcomes, some_votes, quorums, st.integers(0, 4))
def test_worse_news_never_makes_it_better(own, others, most, which):
    if which >= len(others) or others[which] in {None, INCONCLUSIVE}:
        return
    worse = [*others]
    worse[which] = FAILED
    before, after = seen(own, *others, quorum=most).overall, seen(own, *worse, quorum=most).overall
    if before is not INCONCLUSIVE:
        assert SEVERITY[after] >= SEVERITY[before]


@given(outcomes, st.lists(outcomes, max_size=3), quorums)
def test_the_order_of_the_places_does_not_matter(own, others, most):
    found = {combined(web(own), list(order), most).overall for order in permutations(votes(others))}
    assert len(found) == 1


@given(outcomes, some_votes, quorums)
def test_all_are_asked_anew_if_one_sees_trouble(own, others, most):
    bad = seen(own, *others, quorum=most).overall in BAD
    assert quorum.in_doubt(web(own), votes(others)) is bad


# ── what follows ─────────────────────────────────────────────────────────────────────────────────────────────────────


def told(*rounds):
    """The health of each change, for rounds given by the readings of their routes."""
    state, rules, found = ServiceState("x"), Rules(), []
    for number, readings in enumerate(rounds):
        verdict = judge(Round("x", at(number), tuple(readings)), state.streak, rules)
        done = step(state, verdict, rules)
        state = done.state
        found += [(change.kind.value, change.incident.health.name) for change in done.changes]
    return found, state


def test_from_some_places_only_it_is_degraded_for_certain_after_two_rounds():
    some = [seen(OK, FAILED, OK)]
    assert saw(Round("x", at(0), tuple(some)), Rules())
    changes, state = told(some, some, some)
    assert changes == [("opened", "DEGRADED"), ("confirmed", "DEGRADED")]
    assert state.incident.confidence is Confidence.CONFIRMED
    assert state.incident.readings[0].places == Places(("London",), ("Madrid", "New York"), 3, some=True)


def test_from_most_places_it_is_down_and_from_fewer_again_only_degraded():
    some, most, none = [seen(OK, FAILED, OK)], [seen(OK, FAILED, FAILED)], [seen(OK, OK, OK)]
    changes, state = told(some, some, most, most, some, some, none, none)
    assert changes == [
        ("opened", "DEGRADED"),
        ("confirmed", "DEGRADED"),
        ("worsened", "DOWN"),
        ("eased", "DEGRADED"),
        ("restored", "DEGRADED"),
    ]
    assert state.last.worst is Health.DOWN


def test_one_route_from_all_places_and_one_from_some_is_partly_down():
    web_, app = seen(FAILED, FAILED), Reading("app", FAILED, places=Places(("London",), ("Madrid",), 2, some=True))
    verdict = judge(Round("x", at(0), (web_, app)), ServiceState("x").streak, Rules())
    assert verdict.health is Health.DEGRADED

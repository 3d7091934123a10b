"""Roll-ups add up, however results come in; and the figures that they give are those that the incidents give."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot import wording
from bot.judge.incidents import step
from bot.judge.uptime import FIVE_MINUTES, HOLD, HOUR, Coverage, Result, Roll, onward
from bot.judge.verdict import judge, saw
from bot.model import Outcome, Overview, Reading, Round, Rules, Service, ServiceState, Stretch
from tests.judge.rounds import NOON
from tests.wording.outages import EN

SECOND = timedelta(seconds=1)
GOOD, SLOW, BAD, BLIND = Outcome.OK, Outcome.SLOW, Outcome.FAILED, Outcome.INCONCLUSIVE
AT_ONCE = Rules(confirm_rounds=1, restore_rounds=1, remind_every=(), flaps=10**6)
# Rounds as (seconds after the one before, outcome): some late, some after we did not run, some at an odd microsecond.
GAPS = st.one_of(st.integers(10, 30), st.sampled_from([70, 71, 299, 300, 4000]), st.floats(10, 70))


def histories(*outcomes):
    return st.lists(st.tuples(GAPS, st.sampled_from(outcomes)), min_size=1, max_size=60)


ROUNDS = histories(GOOD, GOOD, BAD, BAD, SLOW, BLIND)


def test_what_works_with_a_certificate_that_ends_soon_counts_as_up():
    roll = Roll({}, {}, {})
    for n in range(3):
        roll.add(Result(1, "x", NOON + n * 30 * SECOND, Outcome.EXPIRING, 200_000))
    roll.end_round()
    (sums,) = roll.hours().values()
    assert (sums.up, sums.slow, sums.down, sums.answers, sums.took) == (60_000, 0, 0, 3, 600)


def timed(rounds):
    at, rows = NOON, []
    for after, outcome in rounds:
        at += timedelta(seconds=after)
        rows.append((at, outcome))
    return rows


def rolled(rows, cuts=(), roll=None):
    roll = roll or Roll({}, {}, {})
    for number, (at, outcome) in enumerate(rows):
        if number in cuts:
            roll.end_round()
            roll = Roll(roll.last, roll.stretches, {}, sums=roll.sums, grown=roll.grown)
        roll.add(Result(1, "x", at, outcome, 120_000))
    roll.end_round()
    return roll


def buckets(roll, size):
    return roll.sums if size == FIVE_MINUTES else roll.hours()


def whole(roll, size):
    return {
        name: sum(getattr(sums, name) for sums in buckets(roll, size).values())
        for name in ("up", "slow", "down", "answers", "took")
    }


@given(ROUNDS, st.sets(st.integers(0, 60)))
def test_it_is_the_same_in_one_go_or_in_many(rounds, cuts):
    rows = timed(rounds)
    once, often = rolled(rows), rolled(rows, cuts)
    assert (once.sums, once.grown, once.last) == (often.sums, often.grown, often.last)


@given(ROUNDS)
def test_no_bucket_holds_more_than_its_length_and_hours_are_the_sum_of_their_minutes(rounds):
    roll = rolled(timed(rounds))
    for size in (FIVE_MINUTES, HOUR):
        assert all(s.up + s.slow + s.down <= size // timedelta(milliseconds=1) for s in buckets(roll, size).values())
    assert whole(roll, FIVE_MINUTES) == whole(roll, HOUR)


@given(ROUNDS)
def test_what_is_known_of_a_route_is_when_its_service_was_seen(rounds):
    roll = rolled(timed(rounds))
    known, seen = whole(roll, HOUR), sum((s.until - s.since for s in roll.grown.values()), timedelta())
    assert abs(known["up"] + known["slow"] + known["down"] - seen / timedelta(milliseconds=1)) <= len(rounds)


@given(histories(GOOD, GOOD, BAD, BAD, BLIND))
def test_the_uptime_of_incidents_and_of_roll_ups_is_the_same(rounds):
    """With rules that take each round at its word, so that nothing is waited for that the rounds do not show. None is
    slow: an incident that was down counts whole, with what was only slow of it.
    """
    rows, sight, state, incidents = timed(rounds), Coverage(), ServiceState("x"), {}
    for at, outcome in rows:
        seen = Round("x", at, (Reading("web", outcome),))
        sight.note(seen, {}, saw=saw(seen, AT_ONCE))
        taken = step(state, judge(seen, state.streak, AT_ONCE), AT_ONCE)
        state = taken.state
        incidents |= {change.incident.id: change.incident for change in taken.changes}
    roll = rolled(rows)
    known = whole(roll, HOUR)
    now, since = rows[-1][0], rows[0][0] - HOUR
    period = since, now
    unseen = sight.unseen({"x": list(roll.grown.values())}, ["x"], {}, period)
    seen = Overview(now, ((Service("x", "X"), ServiceState("x")),), tuple(incidents.values()), unseen=unseen)
    [figure] = wording.uptimes(seen, since)

    total = known["up"] + known["slow"] + known["down"]
    if total:
        assert abs(figure.share - (1 - known["down"] / total)) < 1e-3
        gone = (now - (figure.since or since) - figure.unknown) / timedelta(milliseconds=1)
        assert abs(gone - total) <= len(rounds)  # of each round's time a millisecond may be cut
        [worded] = wording.digest_facts(seen, since, EN).uptime
        assert (worded.share, worded.unknown) == (figure.share, figure.unknown)
    else:
        assert figure.share is None


def test_the_time_between_two_rounds_is_as_the_first_saw_it():
    rows = [(NOON, GOOD), (NOON + 30 * SECOND, BAD), (NOON + 40 * SECOND, SLOW), (NOON + 50 * SECOND, GOOD)]
    assert whole(rolled(rows), HOUR) == {"up": 30_000, "down": 10_000, "slow": 10_000, "answers": 3, "took": 360}


def test_what_was_blind_or_too_long_ago_is_neither_up_nor_down():
    hold = HOLD // SECOND
    rows = [(NOON, GOOD), (NOON + (hold + 1) * SECOND, BLIND), (NOON + (hold + 2) * SECOND, GOOD)]
    roll = rolled(rows)
    assert whole(roll, HOUR) | {"answers": 2, "took": 240} == whole(rolled([(NOON, GOOD)]), HOUR) | {
        "answers": 2,
        "took": 240,
    }
    assert [s.until - s.since for s in roll.grown.values()] == [timedelta(), timedelta()]


def test_a_round_is_cut_at_the_edges_of_buckets():
    edge = NOON + FIVE_MINUTES
    roll = rolled([(edge - 10 * SECOND, GOOD), (edge + 20 * SECOND, GOOD)])
    assert {at: sums.up for (_, at), sums in roll.sums.items()} == {NOON: 10_000, edge: 20_000}


def test_a_service_is_seen_when_one_of_its_routes_says_something_ill_of_it():
    roll = Roll({}, {}, {})
    for second, pair in enumerate([(GOOD, GOOD), (BAD, BLIND), (GOOD, BLIND), (GOOD, GOOD)]):
        for number, outcome in enumerate(pair):
            roll.add(Result(number, "x", NOON + second * SECOND, outcome, None))
    roll.end_round()
    assert sorted((s.since - NOON, s.until - NOON) for s in roll.grown.values()) == [
        (timedelta(), 2 * SECOND),
        (3 * SECOND, 3 * SECOND),
    ]


def test_a_clock_that_is_set_back_counts_no_time_twice_and_one_that_was_far_ahead_does_not_stop_the_count():
    rows = [(NOON, GOOD), (NOON + 30 * SECOND, GOOD), (NOON + 10 * SECOND, GOOD), (NOON + 40 * SECOND, GOOD)]
    assert whole(rolled(rows), HOUR)["up"] == 40_000

    ahead = NOON + timedelta(days=900)
    rows = [(ahead, GOOD), (NOON, GOOD), (NOON + 30 * SECOND, GOOD)]
    roll = rolled(rows)
    assert whole(roll, HOUR)["up"] == 30_000
    assert roll.grown["x", NOON] == Stretch(NOON, NOON + 30 * SECOND)


def test_what_is_not_rolled_up_yet_is_known_as_long_as_we_live():
    sight, period = Coverage(), (NOON - HOUR, NOON + 60 * SECOND)
    sight.note(Round("x", NOON, ()), {}, saw=True)
    assert sight.unseen({}, ["x", "y"], {}, period) == {"x": ((NOON - HOUR, NOON),), "y": (period,)}
    sight.note(Round("x", NOON + 20 * SECOND, ()), {}, saw=False)
    assert sight.unseen({}, ["x"], {}, period) == {"x": ((NOON - HOUR, NOON), (NOON + 20 * SECOND, NOON + 60 * SECOND))}
    before = {"x": [Stretch(NOON - HOUR, NOON - 30 * SECOND)]}
    late = period[0], NOON + 4 * HOLD
    sight.note(Round("x", NOON + 50 * SECOND, ()), {}, saw=True)
    assert sight.unseen(before, ["x"], {}, late)["x"] == (
        (NOON - 30 * SECOND, NOON),
        (NOON + 20 * SECOND, NOON + 50 * SECOND),
        (NOON + 50 * SECOND, late[1]),
    )


def test_a_stretch_goes_on_only_from_a_round_that_saw():
    first = onward(None, NOON, HOLD, saw=True)
    assert onward(None, NOON, HOLD, saw=False) is None
    assert onward(first, NOON + HOLD, HOLD, saw=True) == Stretch(NOON, NOON + HOLD)
    ended = onward(first, NOON + HOLD, HOLD, saw=False)
    assert ended == Stretch(NOON, NOON + HOLD, going=False)
    assert onward(ended, NOON + HOLD + SECOND, HOLD, saw=True) == Stretch(NOON + HOLD + SECOND, NOON + HOLD + SECOND)

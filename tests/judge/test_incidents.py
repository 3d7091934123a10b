"""The state machine: what is told of a row of rounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.judge.incidents import step
from bot.model import ENDINGS, Ack, ChangeKind, Confidence, Health, Mute, Rules, ServiceState, Unmute, outage
from tests.judge.rounds import EVERY, NOON, WEB, at, go, look, walk, word


def told(letters, rules=None):
    return [(c.kind.value, c.incident.health.name, c.incident.confidence.name) for c in walk(letters, rules)[1]]


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("....", []),
        ("..B..", [("opened", "DOWN", "POSSIBLE"), ("retracted", "DOWN", "POSSIBLE")]),
        ("..BB", [("opened", "DOWN", "POSSIBLE"), ("confirmed", "DOWN", "CONFIRMED")]),
        ("BB.B", [("opened", "DOWN", "POSSIBLE"), ("confirmed", "DOWN", "CONFIRMED")]),
        (
            "BB..",
            [("opened", "DOWN", "POSSIBLE"), ("confirmed", "DOWN", "CONFIRMED"), ("restored", "DOWN", "CONFIRMED")],
        ),
        (
            "PPBB",
            [
                ("opened", "DEGRADED", "POSSIBLE"),
                ("confirmed", "DEGRADED", "CONFIRMED"),
                ("worsened", "DOWN", "CONFIRMED"),
            ],
        ),
        (
            "BBPBPP",
            [("opened", "DOWN", "POSSIBLE"), ("confirmed", "DOWN", "CONFIRMED"), ("eased", "DEGRADED", "CONFIRMED")],
        ),
        ("BB??????", [("opened", "DOWN", "POSSIBLE"), ("confirmed", "DOWN", "CONFIRMED")]),
        ("????", []),
        ("B?..", [("opened", "DOWN", "POSSIBLE"), ("retracted", "DOWN", "POSSIBLE")]),
        ("BB?BB", [("opened", "DOWN", "POSSIBLE"), ("confirmed", "DOWN", "CONFIRMED")]),
    ],
)
def test_what_is_told_of_a_row_of_rounds(letters, expected):
    assert told(letters) == expected


def test_one_failure_is_enough_where_the_rules_say_so():
    assert told("B.", Rules(confirm_rounds=1, restore_rounds=1)) == [
        ("opened", "DOWN", "CONFIRMED"),
        ("restored", "DOWN", "CONFIRMED"),
    ]


def test_an_outage_starts_at_the_first_failed_round_and_ends_at_the_first_good_one():
    _, changes = walk("..BBBB.B...")
    restored = changes[-1].incident

    assert restored.since == at(2)
    assert restored.confirmed_at == at(3)
    assert restored.until == at(8)


def test_the_official_word_changes_the_incident_once_for_each_headline():
    state, _ = walk("BB")
    says = word(Health.DEGRADED, "Investigating")
    state, first = go(state, look("B", 5, says))
    state, second = go(state, look("B", 6, says))
    state, third = go(state, look("B", 7, word(Health.DEGRADED, "Identified")))

    assert [c.kind for c in (*first, *second, *third)] == [ChangeKind.OFFICIAL, ChangeKind.OFFICIAL]
    assert state.incident.official_at == at(5)


def test_their_page_still_red_after_our_checks_are_good_opens_no_second_incident():
    says = word(Health.DOWN, "Investigating")
    state, changes = ServiceState("x"), []
    for number, letter in enumerate("BB...."):
        state, more = go(state, look(letter, number, says))
        changes += more

    assert [c.kind for c in changes] == [ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.RESTORED]


def test_an_outage_that_only_their_page_reports_lasts_as_long_as_they_say():
    state, _ = walk("....")
    state, opened = go(state, look(".", 4, word(Health.DEGRADED, "Slow uploads")))
    state, none = go(state, look(".", 5, word(Health.DEGRADED, "Slow uploads")))
    state, restored = go(state, look(".", 6, word(Health.UP)))

    assert (opened[0].kind, opened[0].incident.confidence) == (ChangeKind.OPENED, Confidence.LIKELY)
    assert none == ()
    assert (restored[0].kind, restored[0].incident.until) == (ChangeKind.RESTORED, at(6))


def test_what_flaps_stays_one_incident_until_it_has_been_steady():
    changes = walk("BB.." * 12 + "." * 25)[1]
    kinds = [c.kind for c in changes]

    assert kinds.count(ChangeKind.RESTORED) == 3
    assert changes[-1].incident.unstable_since == at(0)
    assert changes[-1].incident.outages == 3
    assert changes[-1].incident.until == at(46)


def test_reminders_come_at_their_times_and_stop_when_somebody_looks_into_it():
    rules = Rules(remind_every=(timedelta(minutes=2), timedelta(minutes=5)))
    state, changes = walk("B" * 32, rules)
    assert [c.at - NOON for c in changes if c.kind is ChangeKind.REMINDED] == [
        timedelta(minutes=2),
        timedelta(minutes=5),
        timedelta(minutes=10),
        timedelta(minutes=15),
    ]

    acked = step(state, Ack("Ana", at(32)), rules)
    assert [c.kind for c in acked.changes] == [ChangeKind.ACKNOWLEDGED]
    assert step(acked.state, Ack("Ben", at(33)), rules).changes == ()
    assert go(acked.state, look("B", 300), rules)[1] == ()


def test_a_mute_is_remembered_and_lifted():
    muted = step(ServiceState("x"), Mute("Ana", NOON, at(9)), Rules()).state
    assert muted.mute.until == at(9)
    assert step(muted, Unmute("Ana", NOON), Rules()).state.mute is None


@pytest.mark.parametrize("until_restored", [True, False])
def test_a_mute_until_restored_ends_with_the_incident_and_no_other_does(until_restored):
    rules = Rules(confirm_rounds=1, restore_rounds=1, settle=timedelta(0))
    down, _ = go(ServiceState("x"), look("B", 0), rules)
    muted = step(down, Mute("Ana", at(1), at(900), until_restored=until_restored), rules).state
    assert muted.muted(at(2))
    up, changes = go(muted, look(".", 300), rules)
    assert [one.kind for one in changes] == [ChangeKind.RESTORED]
    assert up.muted(at(400)) is not until_restored


letters = st.text(alphabet=list(WEB), max_size=80)
rules = st.builds(
    Rules,
    confirm_rounds=st.integers(1, 4),
    restore_rounds=st.integers(1, 4),
    settle=st.sampled_from([timedelta(0), timedelta(minutes=3)]),
)


@given(letters, rules)
def test_openings_and_endings_alternate_and_every_number_is_given_once(letters, rules):
    opened = None
    numbers = []
    for change in walk(letters, rules)[1]:
        if change.kind is ChangeKind.OPENED:
            assert opened is None
            opened = change.incident.number
            numbers.append(opened)
        assert change.incident.number == opened
        if change.kind in ENDINGS:
            opened = None

    assert numbers == list(range(1, len(numbers) + 1))


@given(letters, rules)
def test_the_times_are_those_of_the_first_bad_and_the_first_good_round(letters, rules):
    for change in walk(letters, rules)[1]:
        incident = change.incident
        first = letters[(incident.since - NOON) // EVERY]
        assert first in ("W" if incident.only_worn else "BPS")
        if change.kind in ENDINGS:
            position = (incident.until - NOON) // EVERY
            last = (change.at - NOON) // EVERY
            assert incident.until > incident.since
            if incident.only_worn:
                assert letters[position] == "."
                continue
            assert set(letters[position : last + 1]) <= set(".?!W")
            assert letters[:position].rstrip("?!")[-1] in "BPS"


@given(letters, rules)
def test_a_confirmed_outage_had_its_rounds_and_only_a_confirmed_one_is_restored(letters, rules):
    for change in walk(letters, rules)[1]:
        if change.incident.confidence is Confidence.CONFIRMED:
            bad = "W" if change.incident.only_worn else "BPS"
            assert sum(letter in bad for letter in letters) >= rules.confirm_rounds
        if change.kind in ENDINGS:
            assert (change.kind is ChangeKind.RESTORED) == (change.incident.confidence is Confidence.CONFIRMED)


@given(letters, rules)
def test_steps_are_numbered_without_a_gap(letters, rules):
    steps: dict[int, int] = {}
    for change in walk(letters, rules)[1]:
        number = change.incident.number
        assert change.incident.steps == steps.get(number, 0) + 1
        steps[number] = change.incident.steps


@given(letters, rules, st.sampled_from("B.W"))
def test_a_steady_service_has_a_steady_state_and_so_costs_no_transaction(letters, rules, steady):
    rules = replace(rules, remind_every=())
    state, _ = walk(letters + steady * 60, rules)
    again, changes = go(state, look(steady, len(letters) + 60), rules)

    assert again == state
    assert changes == ()


# ── milestones ───────────────────────────────────────────────────────────────────────────────────────────────────────

AGES = Rules(milestones=(timedelta(minutes=2), timedelta(minutes=5)), remind_every=())


def lasting(letters, rules=AGES):
    return [c.at - NOON for c in walk(letters, rules)[1] if c.kind is ChangeKind.LASTING]


def test_an_incident_that_reaches_an_age_somebody_waits_for_says_so_once():
    assert lasting("B" * 40) == [timedelta(minutes=2), timedelta(minutes=5)]
    assert lasting("B" * 4 + "." * 36) == []


def test_several_ages_at_once_are_one_change():
    assert lasting("BB" + "?" * 20 + "B") == [timedelta(minutes=11)]
    assert walk("BB" + "?" * 20 + "B", AGES)[0].incident.milestones_passed == 2


def test_an_age_is_reached_only_while_trouble_is_seen():
    assert lasting("BBB.....B") == []
    assert lasting("BBBB.B") == [timedelta(seconds=150)]
    assert lasting("BBBB.") == []


def test_what_is_only_likely_lasts_as_well():
    state, says = ServiceState("x"), word(Health.DEGRADED, "Slow uploads")
    kinds = []
    for number in range(6):
        state, changes = go(state, look(".", number, says), AGES)
        kinds += [(c.kind, c.incident.confidence) for c in changes]
    assert kinds == [(ChangeKind.OPENED, Confidence.LIKELY), (ChangeKind.LASTING, Confidence.LIKELY)]


def test_ages_pass_also_when_somebody_looks_into_it_for_others_wait_for_the_age_alone():
    state, _ = walk("BB", AGES)
    state = step(state, Ack("Ana", at(2)), AGES).state
    assert [c.kind for c in go(state, look("B", 4), AGES)[1]] == [ChangeKind.LASTING]


def test_a_reminder_of_the_same_moment_comes_with_the_next_round():
    both = Rules(milestones=(timedelta(minutes=2),), remind_every=(timedelta(minutes=2),))
    kinds = [c.kind for c in walk("B" * 6, both)[1]]
    assert kinds[2:] == [ChangeKind.LASTING, ChangeKind.REMINDED]


@pytest.mark.hardened(
    "A6", "a service flaps and stays one unstable incident", "the minutes in which it responded count as up"
)
def test_an_unstable_incident_knows_when_the_service_responded():
    state, _ = walk("..BB..BB..BB....B..BBBB?..B..")
    one = state.incident
    assert one.unstable_since is not None
    assert [(span[0], span[1]) for span in one.calm] == [
        (at(12), at(16)),
        (at(17), at(19)),
        (at(24), at(26)),
    ]
    assert state.answering_since == at(27)
    assert outage(one).calm == one.calm


def test_an_incident_that_is_not_unstable_goes_through_a_single_good_round():
    state, _ = walk("..BB.BB.B")
    assert state.incident.calm == ()


def test_the_good_times_of_an_unstable_incident_are_bounded(monkeypatch):
    monkeypatch.setattr("bot.judge.damping.CALM", 3)
    state, _ = walk("..BB..BB..BB...B..B....BB.....B..")
    assert state.incident.calm == ((at(12), at(18)), (at(19), at(23)), (at(25), at(30)))


@pytest.mark.parametrize(
    ("letters", "kinds"),
    [
        ("..B!!B", ["opened", "confirmed"]),  # within a minute
        ("..B!!!B", ["opened"]),
        ("..B!!!BB", ["opened", "confirmed"]),
        ("..BB!!!!B..", ["opened", "confirmed", "restored"]),
    ],
)
def test_what_was_bad_before_a_minute_without_knowing_confirms_nothing_but_counts_as_the_start(letters, kinds):
    state, changes = walk(letters)
    assert [change.kind for change in changes] == kinds
    assert {change.incident.since for change in changes} == {at(2)}
    assert state.incident is None or state.incident.since == at(2)

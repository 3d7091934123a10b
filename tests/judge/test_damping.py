"""What others say by turns is damped as outages are: a simulated day of it makes a bounded number of posts."""

from __future__ import annotations

from datetime import timedelta
from itertools import count, cycle

import pytest

from bot.judge.changes import LATELY, SETTLE, SETTLE_AGAIN, track_own_outage
from bot.model import OURSELVES, ChangeKind, Health, Role, Round, Rules, ServiceState
from tests.judge.rounds import EVERY, NOON, at, go, look, word

QUIET = Rules(remind_every=())
CLEAR, RED = word(Health.UP), word(Health.DOWN, "Outage")
MILD, MUTE = word(Health.DEGRADED, "Some trouble"), word(None)
CALM, SURGE = word(Health.UP, "", Role.TRACKER), word(Health.DOWN, "", Role.TRACKER)
CROWD, NOBODY = word(Health.DEGRADED, "", Role.CROWD), word(Health.UP, "", Role.CROWD)
POSTS = frozenset(ChangeKind) - {ChangeKind.ACKNOWLEDGED}
DAY = 24 * 120  # rounds


def day(words, letters="."):
    """All changes of a day of rounds every 30 s that a place with `confidence: possible` hears."""
    state, changes = ServiceState("x"), []
    for number, said, letter in zip(range(DAY), words, letters if len(letters) > 1 else cycle(letters), strict=False):
        state, more = go(state, look(letter, number, *said), QUIET)
        changes += more
    return state, [c for c in changes if c.kind in POSTS]


def turns(*words, rounds=4):
    for said in cycle(words):
        for _ in range(rounds):
            yield said if isinstance(said, tuple) else (said,)


def numbered():
    for number in count():
        for _ in range(4):
            yield (word(Health.DOWN, f"Incident number {number}"),)


def cleared():
    for number in count():
        yield from [(word(Health.DOWN, f"Incident number {number}"),)] * 4 + [(CLEAR,)] * 4


@pytest.mark.hardened(
    "B4", "a vendor's page says outage / all clear by turns, every 120 s for a day", "bounded posts, then unstable"
)
@pytest.mark.parametrize(
    ("words", "most"),
    [
        (turns(RED, CLEAR), 20),
        (cleared(), 20),
        (turns(RED, CLEAR, rounds=1), 20),
        (turns(RED, CLEAR, rounds=20), 20),
        (turns(RED, MUTE, CLEAR), 20),
        (turns((RED, CALM), (CLEAR, SURGE)), 20),
        (turns(SURGE, CALM), 20),
        (turns(CROWD, NOBODY), 20),
        (turns(RED, MILD), 60),
        (numbered(), 60),
        (turns(MILD, RED, CLEAR), 20),
    ],
    ids=["by turns", "new headlines", "every round", "every ten minutes", "unreadable between", "page and tracker",
         "tracker", "crowd", "better and worse", "another headline each time", "three ways"],
)  # fmt: skip
def test_a_day_of_words_that_come_and_go_is_a_bounded_number_of_posts(words, most, saw):
    state, changes = day(words)
    saw(f"{len(changes)} posts a day")
    assert 1 <= len(changes) <= most
    assert state.incident is not None


def test_what_was_said_last_is_told_in_the_end():
    state, changes = ServiceState("x"), []
    words = [RED, CLEAR] * 20 + [CLEAR] * 40
    for number, said in enumerate(words):
        state, more = go(state, look(".", number, said), QUIET)
        changes += more
    assert [(c.kind, c.incident.unstable_since is not None) for c in changes][-1] == (ChangeKind.RESTORED, True)
    assert changes[-1].incident.until == at(39)
    assert changes[-1].at - at(39) >= QUIET.settle
    assert state.incident is None


def test_a_page_that_clears_once_is_believed_at_once():
    state, changes = ServiceState("x"), []
    for number, said in enumerate([CLEAR, RED, RED, CLEAR]):
        state, more = go(state, look(".", number, said), QUIET)
        changes += more
    assert [(c.kind, c.at) for c in changes] == [(ChangeKind.OPENED, at(1)), (ChangeKind.RESTORED, at(3))]


@pytest.mark.parametrize("letters", ["B..", "B...", "B" + "." * 9])
def test_single_bad_rounds_are_damped_for_who_hears_of_what_is_possible(letters):
    _, changes = day(turns(CLEAR), (letters * DAY)[:DAY])
    assert len(changes) <= 20


def test_rumours_that_came_and_went_make_no_outage_unstable():
    state, changes = ServiceState("x"), []
    for number, letter in enumerate("B..B..B.BB"):
        state, more = go(state, look(letter, number, CLEAR), QUIET)
        changes += more
    assert changes[-1].kind is ChangeKind.CONFIRMED
    assert (changes[-1].incident.unstable_since, changes[-1].incident.outages) == (None, 1)


@pytest.mark.parametrize(
    ("state", "before", "words"),
    [
        (ServiceState("x"), [RED] * 4, RED),
        (ServiceState("x"), [SURGE] * 4, SURGE),
        (ServiceState("x", echo=True), [SURGE], SURGE),
    ],
    ids=["page", "tracker", "echo"],
)
def test_rounds_before_the_sources_were_read_neither_end_nor_begin_what_they_alone_say(state, before, words):
    for number, said in enumerate(before):
        state, _ = go(state, look(".", number, said), QUIET)
    for number in range(10, 13):
        early = look(".", number)
        state, changes = go(state, Round(early.service, early.at, early.readings, untried=True), QUIET)
        assert changes == ()
    state, changes = go(state, look(".", 13, words), QUIET)
    assert changes == ()


def test_an_outage_of_our_own_seeing_ends_though_the_sources_were_not_read_yet():
    state = ServiceState("x")
    for number in range(2):
        state, _ = go(state, look("B", number), QUIET)
    for number in range(2, 4):
        good = look(".", number)
        state, changes = go(state, Round(good.service, good.at, good.readings, untried=True), QUIET)
    assert [c.kind for c in changes] == [ChangeKind.RESTORED]


# ── our own blindness by turns ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("R5", "we see nothing for some seconds, again and again", "one note afterwards")
def test_who_goes_blind_by_turns_says_so_once(saw):
    state, changes, now = ServiceState(OURSELVES), [], NOON
    for _ in range(60):
        for online in (True, False):
            now += timedelta(seconds=2)
            step = track_own_outage(state, now, online=online, starved=not online)
            state, changes = step.state, [*changes, *step.changes]
    back = now + timedelta(seconds=1)
    for n in range(100):
        step = track_own_outage(state, back + n * timedelta(seconds=1), online=True)
        state, changes = step.state, [*changes, *step.changes]
    saw(f"{sum(c.kind is ChangeKind.RESTORED for c in changes)} note(s) of 60 blind moments")
    assert [c.kind for c in changes] == [ChangeKind.OPENED, ChangeKind.RESTORED]
    assert changes[-1].incident.until == back
    assert changes[-1].at - back <= SETTLE + timedelta(seconds=1)


def test_who_was_blind_lately_waits_longer_before_saying_that_it_is_over():
    state, now, ends = ServiceState(OURSELVES), NOON, []
    for n in range(int(timedelta(hours=1) / EVERY)):
        step = track_own_outage(state, now + n * EVERY, online=n % 4 != 1)
        state = step.state
        ends += [c.at for c in step.changes if c.kind is ChangeKind.RESTORED]
    assert len(ends) <= 1 + timedelta(hours=1) / min(SETTLE_AGAIN, LATELY)
    assert len(ends) <= 2


def test_a_round_of_the_same_instant_does_not_show_that_our_own_outage_is_over():
    opened = track_own_outage(ServiceState(OURSELVES), NOON, online=False, starved=True).state
    assert track_own_outage(opened, NOON, online=True).state == opened
    seen = track_own_outage(opened, NOON + EVERY, online=True).state
    [end] = track_own_outage(seen, NOON + EVERY + SETTLE, online=True).changes
    assert end.incident.until == NOON + EVERY

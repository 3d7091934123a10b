"""What other people's words may do to an incident, and what they may not: by example, and over random rows of rounds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.judge.incidents import step
from bot.judge.verdict import judge
from bot.model import ENDINGS, ChangeKind, Confidence, Health, Role, Rules, ServiceState
from tests.judge.rounds import at, go, look, walk, word

POSSIBLE, LIKELY, CONFIRMED = Confidence
CLEAR, RED = word(Health.UP), word(Health.DEGRADED, "Investigating")
CALM, SURGE = word(Health.UP, "", Role.TRACKER), word(Health.DOWN, "", Role.TRACKER)
CROWD = word(Health.DEGRADED, "", Role.CROWD)
QUIET = Rules(remind_every=())


def rounds(state, letters, *words, first=0, rules=QUIET):
    changes = []
    for number, letter in enumerate(letters, first):
        state, more = go(state, look(letter, number, *words), rules)
        changes += more
    return state, changes


def kinds(changes):
    return [(c.kind, c.incident.number, c.incident.confidence) for c in changes]


# ── its official page ────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_thing_that_its_page_says_during_an_incident_is_told_once():
    state, _ = rounds(ServiceState("x"), "BB", CLEAR)
    told = []
    for number, said in enumerate(
        [CLEAR, RED, RED, word(None), RED, word(Health.DOWN, "Identified"), CLEAR, CLEAR, RED], 2
    ):
        state, changes = go(state, look("B", number, said), QUIET)
        told += [(number, c.kind, c.incident.reports[0].headline) for c in changes]
    assert told == [
        (3, ChangeKind.OFFICIAL, "Investigating"),
        (7, ChangeKind.OFFICIAL, "Identified"),
        (8, ChangeKind.OFFICIAL, ""),
        (10, ChangeKind.OFFICIAL, "Investigating"),
    ]
    assert state.incident.official_at == at(3)  # the lead is that of the first


def test_a_page_that_shows_trouble_without_a_word_is_told_too():
    state, _ = rounds(ServiceState("x"), "BB", CLEAR)
    state, changes = rounds(state, "BBB", word(Health.DOWN), first=2)
    assert [c.kind for c in changes] == [ChangeKind.OFFICIAL]
    state, changes = rounds(state, "....", word(Health.DOWN), first=5)
    assert [c.kind for c in changes] == [ChangeKind.RESTORED]  # and it opens nothing while it stays there


def test_a_page_that_cannot_be_read_says_nothing_new():
    state, _ = rounds(ServiceState("x"), "BB", RED)
    assert rounds(state, "BB", word(None), first=2)[1] == []


def test_a_page_that_never_spoke_is_known_at_the_end_to_have_been_silent():
    _, changes = rounds(ServiceState("x"), "BB..", CLEAR)
    ended = changes[-1]
    assert (ended.kind, ended.incident.official_at) == (ChangeKind.RESTORED, None)
    assert ended.incident.reports == (CLEAR,)


def test_an_incident_of_its_page_alone_is_over_when_the_page_says_so_whatever_people_report():
    state, opened = rounds(ServiceState("x"), "...", RED, SURGE)
    assert kinds(opened) == [(ChangeKind.OPENED, 1, LIKELY)]
    state, ended = rounds(state, "...", CLEAR, SURGE, first=3)
    assert kinds(ended) == [(ChangeKind.RESTORED, 1, LIKELY)]


# ── since when ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_outage_began_when_we_first_saw_it_though_others_spoke_of_it_before():
    for said, sure in ((SURGE, POSSIBLE), (CROWD, POSSIBLE), (RED, LIKELY)):
        state, opened = rounds(ServiceState("x"), "....", said)
        assert (kinds(opened), opened[0].incident.since) == ([(ChangeKind.OPENED, 1, sure)], at(0))
        state, _ = rounds(state, "BB", said, first=4)
        assert (state.incident.confidence, state.incident.since) == (CONFIRMED, at(4))


def test_what_was_told_of_its_age_before_we_saw_it_counts_for_nothing():
    rules = Rules(remind_every=(), milestones=(timedelta(minutes=1),))
    state, changes = rounds(ServiceState("x"), "...", SURGE, rules=rules)
    assert [c.kind for c in changes] == [ChangeKind.OPENED, ChangeKind.LASTING]
    _, changes = rounds(state, "BBB", SURGE, first=3, rules=rules)
    assert [(c.kind, c.at) for c in changes if c.kind is ChangeKind.LASTING] == [(ChangeKind.LASTING, at(5))]


# ── what trackers still say of what is over ──────────────────────────────────────────────────────────────────────────


def test_trackers_that_still_speak_of_what_is_over_open_nothing_until_they_were_quiet():
    state, _ = rounds(ServiceState("x"), "BB", CLEAR, SURGE)
    state, ended = rounds(state, "..", CLEAR, SURGE, first=2)
    assert kinds(ended) == [(ChangeKind.RESTORED, 1, CONFIRMED)]
    state, echoes = rounds(state, "." * 20, CLEAR, SURGE, first=4)
    assert echoes == []
    assert (state.up_since, state.incident) == (at(2), None)

    state, none = rounds(state, ".", CLEAR, CALM, first=24)
    state, again = rounds(state, "..", CLEAR, SURGE, first=25)
    assert (none, kinds(again)) == ([], [(ChangeKind.OPENED, 2, POSSIBLE)])


def test_while_they_echo_our_own_checks_open_as_ever():
    state, _ = rounds(ServiceState("x"), "BB...", SURGE)
    _, changes = rounds(state, "BB", SURGE, first=5)
    assert kinds(changes) == [(ChangeKind.OPENED, 2, LIKELY), (ChangeKind.CONFIRMED, 2, CONFIRMED)]


def test_its_page_too_opens_as_ever():
    state, _ = rounds(ServiceState("x"), "BB...", CLEAR, SURGE)
    assert kinds(rounds(state, ".", RED, SURGE, first=5)[1]) == [(ChangeKind.OPENED, 2, LIKELY)]


def test_what_was_taken_back_before_they_spoke_is_no_echo():
    state, _ = rounds(ServiceState("x"), "B", CALM)
    state, changes = rounds(state, "...", SURGE, first=1)
    assert kinds(changes) == [(ChangeKind.RETRACTED, 1, POSSIBLE), (ChangeKind.OPENED, 2, POSSIBLE)]


def test_a_state_of_before_knows_nothing_of_echoes():
    state, _ = walk("BB..")
    assert not state.echo


# ── over random rows of rounds ───────────────────────────────────────────────────────────────────────────────────────

OFFICIALS = st.sampled_from(
    [(), (CLEAR,), (RED,), (word(Health.DOWN),), (word(Health.DOWN, "Identified"),), (word(None),)]
)
TRACKERS = st.sampled_from([(), (CALM,), (SURGE,), (word(None, "", Role.TRACKER),)])
CROWDS = st.sampled_from([(), (CROWD,), (word(Health.UP, "", Role.CROWD),)])
RULES = st.builds(
    Rules,
    confirm_rounds=st.integers(1, 3),
    restore_rounds=st.integers(1, 3),
    settle=st.sampled_from([timedelta(0), timedelta(minutes=3)]),
    remind_every=st.sampled_from([(), (timedelta(minutes=1),)]),
    milestones=st.sampled_from([(), (timedelta(minutes=2),)]),
)


def rows(letters="BPS.?!", officials=OFFICIALS, trackers=TRACKERS, crowds=CROWDS):
    one = st.tuples(st.sampled_from(letters), officials, trackers, crowds)
    return st.lists(one.map(lambda row: (row[0], (*row[1], *row[2], *row[3]))), max_size=40)


def seen(rounds, rules):
    """Each round's verdict with the changes that it made."""
    state = ServiceState("x")
    for number, (letter, words) in enumerate(rounds):
        verdict = judge(look(letter, number, *words), state.streak, rules)
        taken = step(state, verdict, rules)
        state = taken.state
        yield letter, words, verdict, taken


NOTHING = st.just(())


@given(rows(".!", officials=NOTHING, trackers=NOTHING), RULES)
def test_the_crowd_alone_is_never_more_than_possible(rounds, rules):
    for *_, verdict, taken in seen(rounds, rules):
        assert verdict.health is not Health.DOWN
        assert all(c.incident.confidence is POSSIBLE for c in taken.changes)


@given(rows(".!", officials=st.sampled_from([(), (CLEAR,)]), crowds=NOTHING), RULES)
def test_a_tracker_alone_is_never_more_than_possible(rounds, rules):
    for *_, taken in seen(rounds, rules):
        assert all(c.incident.confidence is POSSIBLE for c in taken.changes)


@given(rows(".!", officials=st.sampled_from([(), (CLEAR,)])), RULES)
def test_crowd_and_trackers_together_are_never_more_than_possible_while_our_checks_are_good(rounds, rules):
    for *_, taken in seen(rounds, rules):
        assert all(c.incident.confidence is POSSIBLE for c in taken.changes)


@given(rows(), RULES)
def test_nothing_is_confirmed_but_by_our_own_checks(rounds, rules):
    bad = 0
    for letter, _, verdict, taken in seen(rounds, rules):
        bad += letter in "BPS"
        for change in taken.changes:
            if change.incident.confidence is CONFIRMED:
                assert bad >= rules.confirm_rounds
        if verdict.health in {Health.DOWN, Health.DEGRADED} and verdict.confidence is CONFIRMED:
            assert letter in "BPS"


@given(rows("B.PS"), st.lists(st.booleans(), min_size=40, max_size=40), RULES)
def test_while_the_canaries_are_bad_nothing_is_said_to_be_down(rounds, sights, rules):
    state = ServiceState("x")
    for number, ((letter, words), sighted) in enumerate(zip(rounds, sights, strict=False)):
        verdict = judge(replace(look(letter, number, *words), online=sighted), state.streak, rules)
        taken = step(state, verdict, rules)
        if not sighted:
            assert verdict.health is Health.UNKNOWN
            assert taken.changes == ()
        state = taken.state


def evidence(verdict):
    """What a confidence may rest on: our own bad rounds, in a row and in all, its page, a tracker. Not the crowd."""
    says = {
        role: any(w.role is role and w.says in {Health.DOWN, Health.DEGRADED} for w in verdict.reports) for role in Role
    }
    return verdict.streak.bad, verdict.streak.total, says[Role.OFFICIAL], says[Role.TRACKER]


@given(rows(), RULES)
def test_a_confidence_rises_only_with_more_evidence_than_when_it_was_set_and_never_falls(rounds, rules):
    """More in at least one kind of `evidence` than the round had that gave the incident its confidence."""
    rested, sure = None, None
    for *_, verdict, taken in seen(rounds, rules):
        for change in taken.changes:
            now = change.incident.confidence
            if change.kind is ChangeKind.OPENED:
                rested, sure = evidence(verdict), now
            elif change.kind not in ENDINGS and now is not sure:
                assert now > sure
                assert any(new > old for new, old in zip(evidence(verdict), rested, strict=True)), change
                rested, sure = evidence(verdict), now


@given(rows(), RULES)
def test_down_comes_before_restored_and_only_what_was_more_than_possible_is_restored(rounds, rules):
    opened, surest, number = None, None, 0
    for *_, taken in seen(rounds, rules):
        for change in taken.changes:
            incident = change.incident
            if change.kind is ChangeKind.OPENED:
                assert opened is None
                number += 1
                opened, surest = incident.number, incident.confidence
            assert incident.number == opened == number
            surest = max(surest, incident.confidence)
            assert incident.since <= change.at
            if change.kind in ENDINGS:
                assert (change.kind is ChangeKind.RESTORED) == (surest > POSSIBLE)
                assert incident.since <= incident.until <= change.at
                opened = None
        assert (taken.state.incident is None) == (opened is None)


@given(rows(), RULES)
def test_no_round_tells_the_official_word_twice_over(rounds, rules):
    last = None
    for *_, taken in seen(rounds, rules):
        for change in taken.changes:
            page = next((w for w in change.incident.reports if w.role is Role.OFFICIAL), None)
            said = page and (page.says, page.headline)
            if change.kind is ChangeKind.OFFICIAL:
                assert said != last
            if page and page.says is not None:
                last = said
            if change.kind in ENDINGS:
                last = None


def test_the_last_word_of_its_page_outlives_the_all_clear():
    state, _ = rounds(ServiceState("x"), "BB", CLEAR)
    said = [RED, word(Health.DEGRADED, "Identified"), word(None), CLEAR]
    lasts = []
    for number, one in enumerate(said, 2):
        state, _ = go(state, look("B", number, one), QUIET)
        lasts.append(state.incident.official_last.headline)
    assert lasts == ["Investigating", "Identified", "Identified", "Identified"]
    _, changes = rounds(state, "..", CLEAR, first=6)
    assert (changes[-1].kind, changes[-1].incident.official_last.headline) == (ChangeKind.RESTORED, "Identified")


def test_a_last_word_while_our_checks_are_good_again_is_kept_without_a_change():
    state, _ = rounds(ServiceState("x"), "BB", RED)
    state, none = go(state, look(".", 2, word(Health.DEGRADED, "Monitoring")), QUIET)
    assert (none, state.incident.official_last.headline) == ((), "Monitoring")

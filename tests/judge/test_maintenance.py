"""What planned maintenance excuses, what is due to be told of it, and what becomes of what its origins say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from bot.judge import maintenance
from bot.judge.incidents import step
from bot.judge.verdict import judge
from bot.model import ChangeKind, Confidence, Health, Origin, Phase, Planned, Rules, ServiceState, Weekly, Window
from tests.judge.rounds import at, look, word

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEFORE = DAY
WORK = Window("k", ("x",), at(4), at(10), Origin.FILE, at(0), number=3)


def through(letters, *windows, words=(), first=0, state=None):
    """Where rounds lead while `windows` are planned: (kind, since, left) of all changes."""
    state, told = state or ServiceState("x"), []
    for number, letter in enumerate(letters, first):
        verdict = judge(look(letter, number, *words), state.streak, Rules())
        taken = step(state, verdict, Rules(), maintenance.bearing(windows, "x", verdict))
        state = taken.state
        told += [(c.kind, c.incident.since, c.incident.maintenance_ended) for c in taken.changes]
    return state, told


# ── what it excuses ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_opens_inside_and_what_lasts_opens_after_it_since_it_began():
    state, told = through("....BBBBBB", WORK)
    assert (state.incident, told) == (None, [])

    state, told = through("BB", WORK, first=10, state=state)
    assert told == [(ChangeKind.OPENED, at(4), at(10)), (ChangeKind.CONFIRMED, at(4), at(10))]
    assert state.incident.confidence is Confidence.CONFIRMED


def test_one_bad_round_after_it_confirms_nothing():
    state, told = through("....BBBBBB" + "B", WORK)
    assert [kind for kind, *_ in told] == [ChangeKind.OPENED]
    assert state.incident.confidence is Confidence.POSSIBLE


def test_what_recovers_inside_is_never_told_and_trouble_after_it_is_its_own():
    _, told = through("....BB..BB" + "..BB", WORK)
    assert told == [(ChangeKind.OPENED, at(12), None), (ChangeKind.CONFIRMED, at(12), None)]


def test_an_outage_open_before_it_stays_and_its_end_is_told():
    _, told = through(".BBBBBB..", replace(WORK, since=at(3)))
    assert [kind for kind, *_ in told] == [ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.RESTORED]


def test_what_was_only_possible_before_it_is_not_confirmed_inside():
    state, told = through("...BBBB", WORK)
    assert [kind for kind, *_ in told] == [ChangeKind.OPENED]
    _, told = through("BBBBB", WORK, first=7, state=state)
    assert told == [(ChangeKind.CONFIRMED, at(3), at(10))]


def test_a_steady_stretch_inside_has_a_steady_state():
    state, _ = through("....BBB", WORK)
    assert through("BBB", WORK, first=7, state=state)[0] == state


def test_others_are_not_excused_and_all_are_by_a_window_of_all():
    assert through("....BB", replace(WORK, services=("y",)))[1]
    assert not through("....BB", replace(WORK, services=()))[1]


def test_one_that_is_called_off_or_over_early_excuses_no_longer():
    assert through("....BB", replace(WORK, over_at=at(2)))[1]
    _, told = through("....BBB", replace(WORK, over_at=at(5)))
    assert told == [(ChangeKind.OPENED, at(4), at(5)), (ChangeKind.CONFIRMED, at(4), at(5))]


THEIRS = replace(WORK, origin=Origin.OFFICIAL)


@pytest.mark.parametrize(
    ("window", "words", "excused"),
    [
        (THEIRS, (), True),
        (THEIRS, (word(Health.UP),), True),
        (THEIRS, (word(Health.DOWN, "An outage"),), False),
        (replace(THEIRS, until=None), (), False),
        (replace(THEIRS, known_at=at(5)), (), False),
        (replace(WORK, known_at=at(5)), (), True),
        (WORK, (word(Health.DOWN, "An outage"),), True),
    ],
)
def test_a_page_excuses_only_what_it_had_announced_and_while_it_admits_no_trouble(window, words, excused):
    state, _ = through("....", window)
    assert bool(through("BB", window, words=words, first=4, state=state)[1]) is not excused


# ── what is due ──────────────────────────────────────────────────────────────────────────────────────────────────────


def told(window, now):
    """All that is told of it at these moments."""
    found = []
    for moment in now:
        if phase := maintenance.due(window, moment, BEFORE):
            window = maintenance.told(window, phase, moment)
            found.append(phase)
        assert maintenance.due(window, moment, BEFORE) is None
    return window, found


START = datetime(2026, 12, 1, 21, tzinfo=UTC)
TONIGHT = Window("k", ("mail",), START, START + HOUR, Origin.FILE, START - 30 * DAY, number=3)


def test_it_is_told_a_day_before_when_it_begins_and_when_it_is_over():
    hours = [START + hours * HOUR for hours in (-200, -25, -24, -3, 0, 0.5, 1, 2)]
    window, found = told(TONIGHT, hours)
    assert found == [Phase.PLANNED, Phase.BEGUN, Phase.ENDED]
    assert maintenance.settled(window, hours[-1])


@pytest.mark.parametrize(
    ("hours", "phases"),
    [
        ([-3, 0, 1], [Phase.PLANNED, Phase.BEGUN, Phase.ENDED]),
        ([0.2, 1], [Phase.BEGUN, Phase.ENDED]),
        ([1.5], []),
        ([-3, 1.5], [Phase.PLANNED, Phase.ENDED]),
    ],
)
def test_who_comes_late_tells_only_what_is_still_so(hours, phases):
    assert told(TONIGHT, [START + h * HOUR for h in hours])[1] == phases


def test_what_is_moved_called_off_or_over_early_is_corrected_if_it_was_told():
    planned, _ = told(TONIGHT, [START - 3 * HOUR])
    begun, _ = told(planned, [START])
    later = replace(planned, since=START + HOUR, until=START + 2 * HOUR)

    assert told(later, [START - 2 * HOUR, START, START + HOUR])[1] == [Phase.MOVED, Phase.BEGUN]
    assert told(replace(planned, over_at=START - HOUR), [START - HOUR, START])[1] == [Phase.CANCELLED]
    assert told(replace(begun, over_at=START + HOUR / 2), [START + HOUR / 2, START + HOUR])[1] == [Phase.ENDED]
    assert told(replace(begun, until=START + 2 * HOUR), [START + HOUR / 2])[1] == [Phase.MOVED]
    assert told(replace(TONIGHT, over_at=START - 30 * HOUR), [START - HOUR, START])[1] == []


def test_one_that_goes_on_after_it_was_said_to_be_over_begins_again():
    over, _ = told(TONIGHT, [START, START + HOUR])
    longer = replace(over, until=START + 3 * HOUR)
    assert told(longer, [START + 1.1 * HOUR, START + 3 * HOUR])[1] == [Phase.BEGUN, Phase.ENDED]


# ── what its origins say ─────────────────────────────────────────────────────────────────────────────────────────────


def in_file(hours, note=""):
    return maintenance.in_file(("mail",), START + hours * HOUR, START + (hours + 1) * HOUR, note)


def test_a_changed_file_moves_a_window_and_one_that_is_gone_is_called_off():
    now, stored = START - 9 * HOUR, replace(in_file(0), number=7)

    assert list(maintenance.from_file([], [in_file(0)], now)) == [in_file(0)]
    assert not list(maintenance.from_file([stored], [in_file(0)], now))
    [moved] = maintenance.from_file([stored], [in_file(2, "disks")], now)
    assert (moved.number, moved.since, moved.note) == (7, START + 2 * HOUR, "disks")
    [off] = maintenance.from_file([stored], [], now)
    assert off.over_at == now
    assert not list(maintenance.from_file([stored], [], START + DAY))
    assert not list(maintenance.from_file([], [in_file(0)], START + DAY))
    assert not list(maintenance.from_file([replace(stored, over_at=now)], [in_file(0)], now))


def test_a_page_may_move_a_window_and_what_it_shows_no_more_is_over_once_that_is_sure():
    shown, now = Planned("Upgrade", START, START + HOUR, key="a"), START - HOUR
    [new] = maintenance.from_page([], "x", [shown], now)
    new = replace(new, number=1)
    assert (new.services, new.note, new.known_at) == (("x",), "Upgrade", now)
    assert not list(maintenance.from_page([new], "x", [shown], now))
    [moved] = maintenance.from_page([new], "x", [replace(shown, since=START + HOUR, until=None)], now)
    assert (moved.number, moved.since, moved.until) == (1, START + HOUR, None)

    [doubt] = maintenance.from_page([new], "x", [], now)
    assert (doubt.gone_since, doubt.over_at) == (now, None)
    assert not list(maintenance.from_page([doubt], "x", [], now + maintenance.GONE / 2))
    assert list(maintenance.from_page([doubt], "x", [shown], now + maintenance.GONE)) == [new]
    [gone] = maintenance.from_page([doubt], "x", [], now + maintenance.GONE)
    assert gone.over_at == now
    full = [replace(shown, key=str(number)) for number in range(maintenance.FULL)]
    assert all(window.number == 0 for window in maintenance.from_page([new], "x", full, now))


def weekly(at_, days=(6,), zone="Europe/Madrid", lasts=HOUR):
    return Weekly(("mail",), frozenset(days), at_, lasts, zone)


def spans(found):
    return [(w.since.isoformat()[:16], w.until.isoformat()[:16]) for w in found]


def test_each_week_by_the_clocks_of_its_zone():
    friday = datetime(2026, 10, 23, 12, tzinfo=UTC)
    assert spans(maintenance.occurrences(weekly(time(3)), friday)) == [("2026-10-25T02:00", "2026-10-25T03:00")]
    assert spans(maintenance.occurrences(weekly(time(2, 30)), friday)) == [("2026-10-25T00:30", "2026-10-25T01:30")]
    spring = datetime(2026, 3, 27, 12, tzinfo=UTC)
    assert spans(maintenance.occurrences(weekly(time(2, 30)), spring)) == [("2026-03-29T01:00", "2026-03-29T02:00")]


def test_one_under_way_is_known_also_when_it_began_yesterday():
    long = weekly(time(23), days=range(7), zone="UTC", lasts=timedelta(hours=3))
    first, *_ = maintenance.occurrences(long, datetime(2026, 12, 2, 1, tzinfo=UTC))
    assert first.since == datetime(2026, 12, 1, 23, tzinfo=UTC)
    first, *_ = maintenance.occurrences(long, datetime(2026, 12, 2, 2, tzinfo=UTC))
    assert first.since == datetime(2026, 12, 2, 23, tzinfo=UTC)

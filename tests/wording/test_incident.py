"""A notice as a whole: the story, its first message, its colour, its time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bot import wording
from bot.model import Change, ChangeKind, Health, Incident, Role, SourceReport, Tone
from tests.wording.outages import ALL_CLEAR, DOWN, EN, ES, LIKELY, PARTLY, POSSIBLE, X, at, told

OVER = replace(DOWN, until=at(14, 50))


def test_the_story_is_told_as_the_newsroom_should_have_had_it() -> None:
    words = (
        ALL_CLEAR,
        SourceReport(Role.TRACKER, "Downdetector", Health.DOWN, reports=1243, usual=35),
        SourceReport(Role.TRACKER, "IsItDownRightNow", Health.DOWN),
    )
    desk = replace(X, plan="breaking news goes to Telegram @newsroom and to the site banner")
    assert told(ChangeKind.CONFIRMED, replace(DOWN, reports=words), at(14, 1), service=desk).words.text.split("\n") == [
        "🔴 X (Twitter): down since 2:00 p.m.",
        "Web, app and TweetDeck don't respond (HTTP 503). Our checks confirmed it at 2:01 p.m.",
        "Official status page: no incident reported (as of 2:01 p.m.).",
        "Reports: 1,243 in the last hour, usually 35 (Downdetector). IsItDownRightNow: down.",
        "Plan: breaking news goes to Telegram @newsroom and to the site banner.",
    ]
    assert told(ChangeKind.CONFIRMED, replace(DOWN, reports=words), at(14, 1), ES, desk).words.lines[:2] == (
        "Web, app y TweetDeck no responden (HTTP 503). Lo confirmaron nuestras comprobaciones a las 14:01.",
        "Página de estado oficial: sin incidencias (consultada a las 14:01).",
    )


def test_the_first_notice_has_no_message_to_rewrite_and_later_ones_have() -> None:
    assert told(ChangeKind.OPENED, replace(DOWN, steps=1), at(14)).root is None
    acked = replace(DOWN, acked_by="Ana", acked_at=at(14, 5), steps=3)
    root = told(ChangeKind.ACKNOWLEDGED, acked, at(14, 5), by="Ana").root
    assert root is not None
    assert root.title == "🔴 X (Twitter): down since 2:00 p.m."
    assert "Acknowledged by Ana at 2:05 p.m." in root.lines
    spanish = told(ChangeKind.ACKNOWLEDGED, acked, at(14, 5), ES, by="Ana").root
    assert spanish is not None
    assert "Ana se ocupa desde las 14:05." in spanish.lines


def test_the_first_message_ends_true_and_says_nothing_that_will_not_stay_so() -> None:
    root = told(ChangeKind.RESTORED, OVER, at(14, 51)).root
    assert root is not None
    assert root.text == (
        "🟢 X (Twitter): down since 2:00 p.m., restored 2:50 p.m. (50 min)\nThe official status page never reported it."
    )


@pytest.mark.parametrize("kind", ChangeKind)
def test_only_what_belongs_in_the_thread_is_quiet(kind: ChangeKind) -> None:
    quiet = {ChangeKind.OFFICIAL, ChangeKind.ACKNOWLEDGED, ChangeKind.EASED}
    notice = told(kind, replace(DOWN, until=at(14, 50)), at(14, 51))
    assert notice.fresh == (kind not in quiet)
    assert (notice.key, notice.thread) == ("x#17/2", "x#17")


@pytest.mark.parametrize(
    ("kind", "incident", "tone"),
    [
        (ChangeKind.CONFIRMED, DOWN, Tone.DOWN),
        (ChangeKind.CONFIRMED, PARTLY, Tone.DEGRADED),
        (ChangeKind.OPENED, LIKELY, Tone.DEGRADED),
        (ChangeKind.OPENED, POSSIBLE, Tone.POSSIBLE),
        (ChangeKind.OFFICIAL, DOWN, Tone.INFO),
        (ChangeKind.ACKNOWLEDGED, DOWN, Tone.INFO),
        (ChangeKind.REMINDED, DOWN, Tone.DOWN),
        (ChangeKind.RESTORED, DOWN, Tone.UP),
        (ChangeKind.RETRACTED, DOWN, Tone.CORRECTION),
    ],
)
def test_the_colour_follows_the_claim(kind: ChangeKind, incident: Incident, tone: Tone) -> None:
    assert told(kind, incident, at(14, 51)).tone is tone


@pytest.mark.parametrize(
    ("kind", "when"),
    [(ChangeKind.CONFIRMED, at(14)), (ChangeKind.RESTORED, at(14, 50)), (ChangeKind.ACKNOWLEDGED, at(14, 51))],
)
def test_a_notice_knows_when_what_it_tells_of_happened(kind: ChangeKind, when: datetime) -> None:
    assert told(kind, OVER, at(14, 51)).at == when


def test_a_first_word_about_what_has_lasted_says_whether_anybody_looks_into_it() -> None:
    lasting = replace(DOWN, milestones_passed=1, steps=3)
    notice = told(ChangeKind.LASTING, lasting, at(14, 10))
    assert notice.words.title == "🔴 X (Twitter): still down after 10 min (since 2:00 p.m.)"
    assert notice.words.lines[-1] == 'No one has acknowledged it yet. Looking into it? Send "ack x".'
    assert (notice.fresh, notice.whole, notice.ends) == (True, True, None)
    acked = told(ChangeKind.LASTING, replace(lasting, acked_by="Ana", acked_at=at(14, 5)), at(14, 10))
    assert acked.words.lines[-1] == "Acknowledged by Ana at 2:05 p.m."
    assert told(ChangeKind.LASTING, replace(LIKELY, steps=3), at(14, 10)).words.title == (
        "🟡 X (Twitter): may still be in trouble after 10 min (since about 2:00 p.m.)"
    )


def test_what_is_read_later_says_of_which_day_it_speaks() -> None:
    change = Change(ChangeKind.CONFIRMED, at(14, 1), DOWN)
    assert wording.notice(change, X, EN, read_at=at(7, day=15)).words.title == (
        "🔴 X (Twitter): down since 2:00 p.m. Thu"
    )

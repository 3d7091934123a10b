"""A dead channel delays a reader by its time and no more; what comes back late hears once; a slow one delays nobody else."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.slack.receipts import failed as slack_said
from bot.delivery import outbox as module
from bot.delivery.failover import exhausted, next_rung, next_rungs
from bot.model import (
    Ack,
    Audience,
    ChangeKind,
    Confidence,
    Destination,
    Later,
    Notice,
    Sent,
    SubscriptionFilter,
    Text,
    Tone,
    Unsure,
)
from bot.store import open_store
from bot.store.deliveries.failover import Rung
from bot.store.deliveries.repository import Untaken
from tests import sqlite
from tests.delivery.rungs import (
    DEAD,
    DESK,
    HANG,
    MADRID,
    MAIL,
    MINUTE,
    NOON,
    SECOND,
    SLACK,
    TELEGRAM,
    House,
    at_work,
    house,
)
from tests.reasons import quote
from tests.sim.inline import Disk, inline
from tests.store.made import delivery

DOWN = "🔴 X: down since 2:00 p.m."
TROUBLES = {
    "hangs": HANG,
    "refuses connections": DEAD,
    "answers 500": Unsure(quote("Slack answered HTTP 500")),
    "answers 429": Later(quote("Slack asks to wait"), 5 * MINUTE),
    "answers 429 for all": Later(quote("Slack asks to wait"), 5 * MINUTE, whole=True),
}
NOT_IN = slack_said("not_in_channel").receipt


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "GRACE", 0.01)


@pytest.fixture
async def store(tmp_path):
    """The store's own tests are on both databases."""
    with inline(Disk()):
        async with open_store(sqlite.ready(tmp_path / "tocsin.db")) as opened:
            yield opened


@pytest.fixture
def database_url(tmp_path):
    return sqlite.ready(tmp_path / "tocsin.db")


# ── which rung ───────────────────────────────────────────────────────────────────────────────────────────────────────


def untaken(
    at: Destination = SLACK, *ladders: str, ends: ChangeKind | None = None, doubtful: bool = False, **rungs: str
) -> Untaken:
    """`rungs`: by kind of channel, how far the notice has come there: "sent", "running" or "over"."""
    notice = Notice("x#1/2", "x#1", Tone.DOWN, Text("X is down"), kind=ends)
    places = {place.kind: place for place in (SLACK, TELEGRAM, MAIL)}
    known = {places[kind]: Rung(how == "sent", how == "running") for kind, how in rungs.items()}
    row = replace(delivery(2, at), ladders=ladders or ("desk",))
    return Untaken(row, notice, "", NOON, doubtful, known)


@pytest.mark.parametrize(
    ("known", "rung"),
    [
        ({"slack": "over"}, TELEGRAM),
        ({"slack": "over", "telegram": "over"}, MAIL),
        ({"slack": "over", "telegram": "running"}, None),  # it is handed on from there, should it fail
        ({"slack": "over", "telegram": "over", "email": "sent"}, None),
        ({"slack": "over", "telegram": "over", "email": "over"}, None),
    ],
)
def test_the_next_rung_is_the_first_untried_one_unless_another_has_it(known, rung):
    assert next_rung(DESK, untaken(**known)) == rung


def test_a_rung_above_that_has_its_time_does_not_hold_up_those_below():
    assert next_rung(DESK, untaken(TELEGRAM, slack="running", telegram="over")) == MAIL


def test_a_place_that_moved_since_is_followed_by_what_was_not_tried():
    assert next_rung(DESK, untaken(Destination("slack", "C9"), slack="over")) == TELEGRAM


def test_two_ladders_that_share_a_rung_go_on_to_each_ones_next():
    boss = Audience("boss", (SLACK, MAIL), ladder=True, within=30 * SECOND)
    twin = Audience("twin", (SLACK, MAIL), ladder=True)
    readers = {a.name: a for a in (DESK, boss, twin)}
    rows = next_rungs(untaken(SLACK, "desk", "boss", "twin", "gone", slack="over"), readers, NOON)
    assert [(row.key, row.ladders, row.within) for row in rows] == [
        ("x#1/2@telegram:-100", ("desk",), 60 * SECOND),
        ("x#1/2@email:a@example.org", ("boss", "twin"), 30 * SECOND),
    ]


def test_a_correction_of_what_nobody_was_told_is_told_to_nobody():
    for doubtful in (False, True):
        wrong = untaken(ends=ChangeKind.RETRACTED, doubtful=doubtful, slack="over")
        assert bool(next_rungs(wrong, {"desk": DESK}, NOON)) is doubtful


@pytest.mark.parametrize(
    ("at", "known", "is_so"),
    [
        (MAIL, {"email": "over"}, True),
        (MAIL, {"email": "over", "slack": "sent"}, False),
        (TELEGRAM, {"telegram": "over", "email": "over"}, False),
    ],
)
def test_a_ladder_is_at_its_end_when_its_last_rung_fails_and_no_other_has_told(at, known, is_so):
    assert exhausted(DESK, untaken(at, **known)) is is_so


# ── in time ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_whatever_slack_does_telegram_has_it_when_its_time_is_up(store, trouble):
    async with house(store) as at:
        at.slack.receipt = TROUBLES[trouble]
        await at.down()
        await at.until(58)
        assert at.telegram.got == []
        await at.until(62)

        [(when, title, lines)] = at.telegram.got
        assert 60 <= when <= 62
        assert (title, lines[0]) == (DOWN, "Sent here because Slack has not responded since 2:00 p.m.")
        await at.until(300)
        assert len(at.telegram.got) == 1
        assert at.email.got == []


async def test_a_refusal_is_handed_on_at_once_and_says_why(store):
    async with house(store) as at:
        at.slack.receipt = NOT_IN
        await at.down()

        [(when, title, lines)] = at.telegram.got
        assert (when, title) == (0, DOWN)
        assert lines[0] == "Sent here because Slack rejected it: the bot is not in that channel."
        await at.up()
        assert len(at.telegram.got) == 2  # and only there: what was refused was not told
        assert "restored" in at.telegram.titles[1]
        assert at.slack.got == []


async def test_an_account_that_is_not_accepted_is_handed_on_at_once_and_told_when_it_is_mended(store):
    async with house(store) as at:
        at.slack.receipt = slack_said("token_revoked").receipt
        await at.down()
        [(when, title, lines)] = at.telegram.got
        assert (when, title) == (0, DOWN)
        assert lines[0] == "Sent here because Slack has been down since 2:00 p.m."
        assert await at.rows() == {"1@slack": "pending", "1@telegram": "sent"}

        at.slack.receipt = Sent
        await at.until(299)
        assert at.slack.got == []
        await at.until(301)
        [(_, title, lines)] = at.slack.got
        assert (title, lines[0]) == (DOWN, "Delayed: Slack wasn't accepting messages.")


async def test_a_rung_that_is_known_to_be_dead_is_not_waited_for(store):
    async with house(store) as at:
        at.outbox.record.down = at.outbox._failover.down = lambda: {"telegram": NOON - 5 * MINUTE}
        at.slack.receipt = NOT_IN
        at.telegram.receipt = DEAD
        await at.down()

        [(when, _, lines)] = at.email.got
        assert when == 0
        assert lines[0] == "Sent here because Telegram has been down since 1:55 p.m."
        at.telegram.receipt = Sent  # it was tried all the same
        await at.until(10)
        assert at.telegram.titles == [DOWN]


def test_that_a_channel_is_dead_is_not_handed_on_to_that_channel():
    wrong = untaken(SLACK, slack="over")
    notice = replace(wrong.notice, thread="telegram-delivery#3")
    assert next_rung(DESK, replace(wrong, notice=notice)) == MAIL


async def test_two_dead_rungs_take_two_times_and_the_reader_sees_both(store):
    async with house(store, replace(DESK, within=20 * SECOND)) as at:
        at.slack.receipt = at.telegram.receipt = DEAD
        await at.down()
        await at.until(42)

        [(when, _, lines)] = at.email.got
        assert 40 <= when <= 42
        assert lines[:2] == (
            "Sent here because Telegram has not responded since 2:00 p.m.",
            "Sent here because Slack has not responded since 2:00 p.m.",
        )


async def test_a_slow_channel_delays_nobody_else(store):
    everyone = Audience(
        "everyone", (Destination("email", "b@example.org"), Destination("telegram", "-200")), style=MADRID
    )
    async with house(store, DESK, everyone) as at:
        at.slack.receipt = HANG
        await at.down()
        assert [when for when, *_ in at.email.got + at.telegram.got] == [0, 0]
        await at.until(62)
        assert at.telegram.titles == [DOWN] * 2  # the list's, and the ladder's second rung
        assert at.email.titles == [DOWN]


async def test_a_place_on_a_list_and_on_a_ladder_has_the_ladders_time(store):
    async with house(store, Audience("everyone", (SLACK,), style=MADRID), DESK) as at:
        at.slack.receipt = DEAD
        await at.down()
        await at.until(62)
        assert at.telegram.titles == [DOWN]


async def test_what_was_sent_in_time_is_handed_on_by_nobody(store):
    async with house(store) as at:
        await at.down()
        await at.until(200)
        assert (at.slack.titles, at.telegram.got) == ([DOWN], [])
        assert await store.deliveries.next_deadline() is None


# ── the last rung ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_when_the_last_rung_fails_it_is_said_once_and_tried_on(store, caplog):
    caplog.set_level(logging.ERROR, "bot.delivery.failover")
    async with house(store) as at:
        for channel in at.channels.values():
            channel.receipt = DEAD
        await at.down()
        await at.until(900)
        assert caplog.messages == ["nobody of desk has x#1/1: its last rung, email:a@example.org, did not take it"]

        at.email.receipt = Sent
        await at.until(1300)
        assert at.email.titles == [DOWN]
        assert at.email.got[0][2][0] == "Delayed: e-mail wasn't accepting messages."
        assert len(caplog.messages) == 1


# ── coming back ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_slack_hears_once_of_an_outage_that_ended_while_it_was_dead(store):
    async with house(store, replace(DESK, destinations=(SLACK, TELEGRAM))) as at:
        at.slack.receipt = DEAD
        await at.down()
        await at.until(50 * 60)
        await at.up()
        assert at.telegram.titles == [DOWN, restored := "🟢 X: down since 2:00 p.m., restored 2:50 p.m. (50 min)"]
        await at.until(55 * 60)
        at.slack.receipt = Sent
        await at.until(70 * 60)

        [(_, title, lines)] = at.slack.got
        assert (title, lines) == (
            restored,
            ("Delayed: Slack wasn't accepting messages.",),
        )
        assert at.slack.edits == []
        assert len(at.telegram.got) == 2
        assert await at.rows() == {
            "1@slack": "superseded",
            "1@telegram": "sent",
            "2@slack": "sent",
            "2@slack;edit": "superseded",
            "2@telegram": "sent",
        }


async def test_a_list_hears_once_too(store):
    async with house(store, Audience("everyone", (SLACK, MAIL), style=MADRID)) as at:
        at.slack.receipt = DEAD
        await at.down()
        await at.until(600)
        await at.up()
        at.slack.receipt = Sent
        await at.until(1200)
        assert at.slack.titles == ["🟢 X: down since 2:00 p.m., restored 2:10 p.m. (10 min)"]
        assert len(at.email.got) == 2


async def test_slack_that_comes_back_during_the_outage_hears_it_late_and_then_its_end(store):
    async with house(store) as at:
        at.slack.receipt = DEAD
        await at.down()
        await at.until(300)
        at.slack.receipt = Sent
        await at.until(700)
        await at.up()

        assert at.slack.got[0][2][0] == "Delayed: Slack wasn't accepting messages."
        assert [title[:4] for title in at.slack.titles] == [DOWN[:4], "🟢 X:"]
        assert len(at.slack.edits) == 1
        assert at.slack.got[1][2] == ("Everything else you follow is up.",)
        assert len(at.telegram.got) == 2  # whoever saw "down" there is told "restored" there


async def test_an_outage_that_ends_within_the_time_reaches_the_next_rung_as_one_line(store):
    async with house(store) as at:
        at.slack.receipt = DEAD
        await at.down()
        await at.until(20)
        await at.up()
        await at.until(100)

        [(when, title, lines)] = at.telegram.got
        assert 60 <= when <= 62
        assert "restored" in title
        assert lines[0] == "Sent here because Slack has not responded since 2:00 p.m."
        at.slack.receipt = Sent
        await at.until(700)
        assert len(at.slack.got) == 1
        assert (len(at.telegram.got), at.email.got) == (1, [])


async def test_trouble_that_was_not_confirmed_while_slack_was_dead_is_told_to_nobody(store):
    keen = replace(DESK, filter=SubscriptionFilter(confidence=Confidence.POSSIBLE))
    async with house(store, keen, confirm=2) as at:
        at.slack.receipt = DEAD
        await at.down()
        await at.until(10)
        await at.up()
        await at.until(200)
        at.slack.receipt = Sent
        await at.until(700)
        assert [channel.got for channel in at.channels.values()] == [[], [], []]
        assert set((await at.rows()).values()) == {"superseded"}


async def test_what_follows_goes_to_the_rung_that_was_told(store):
    async with house(store, remind=10 * MINUTE) as at:
        at.slack.receipt = DEAD
        await at.down()
        await at.until(120)
        await at.recorder.order("x", Ack("Ana", at.now))
        await at.quiet()
        assert at.telegram.titles[1].startswith("👀 X: Ana")
        assert await at.rows() == {"1@slack": "pending", "1@telegram": "sent", "2@telegram": "sent"}


async def test_what_follows_before_anybody_has_heard_goes_behind_it(store):
    async with house(store) as at:
        at.slack.receipt = DEAD
        await at.down()
        await at.until(20)
        await at.recorder.order("x", Ack("Ana", at.now))
        await at.until(100)
        assert [(when, title[:4]) for when, title, _ in at.telegram.got] == [(60, DOWN[:4]), (80, "👀 X:")]


# ── across lives ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("after", [30, 59, 60, 61])
async def test_a_life_that_ends_meanwhile_changes_nothing(database_url, after):
    async with open_store(database_url, alone=True) as store, house(store) as first:
        first.slack.receipt = DEAD
        await first.down()
        await first.until(after)
    async with open_store(database_url, alone=True) as store:
        second = House(store)
        second.now = NOON + after * SECOND
        second.slack.receipt = DEAD
        await second.recorder.load()
        async with at_work(second):
            await second.until(120)
            got = first.telegram.got + second.telegram.got
    assert [title for _, title, _ in got] == [DOWN]
    assert got[0][0] == 60


async def test_a_cut_between_handing_on_and_sending_loses_and_repeats_nothing(database_url):
    async with open_store(database_url, alone=True) as store, house(store) as first:
        first.slack.receipt, first.telegram.receipt = DEAD, HANG
        await first.down()
        await first.until(61)
        assert (await first.rows())["1@telegram"] == "sending"
    async with open_store(database_url, alone=True) as store:
        second = House(store)
        second.now, second.slack.receipt = first.now, DEAD
        async with at_work(second):
            await second.until(115)
            assert second.telegram.titles == [DOWN]
            assert second.email.got == []


def test_within_is_a_minute_where_nothing_is_said():
    assert Audience("desk", ()).within == timedelta(seconds=60)

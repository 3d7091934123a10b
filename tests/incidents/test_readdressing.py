"""What waits follows the config as it is now."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta

import pytest

from bot.delivery.failover import next_rung
from bot.incidents.readdressing import adopted
from bot.judge.incidents import step
from bot.model import (
    Audience,
    Change,
    ChangeKind,
    Confidence,
    Destination,
    Escalation,
    Health,
    Incident,
    Quiet,
    Rules,
    ServiceState,
    SubscriptionFilter,
)
from bot.model.incidents import Streak, Verdict
from bot.store.deliveries.failover import Rung, Untaken
from bot.store.deliveries.repository import Waiting
from tests.store.made import NOW, SECOND, delivery

SLACK, TELEGRAM, MAIL = (Destination(kind, "a") for kind in ("slack", "telegram", "email"))
KINDS = {"slack", "telegram", "email"}


def ladder(name, *places, seconds=10):
    return Audience(name, places, ladder=True, within=seconds * SECOND)


def waiting(**more):
    said = {"ladders": ("desk",), "deadline": NOW + 10 * SECOND, "deferred": False, "finished": False}
    return Waiting(SLACK, "x#1", queued_at=NOW, due=NOW, **said | more)


@pytest.mark.hardened("R11", "the audience is renamed while a message waits", "the next rung has it in its time")
@pytest.mark.parametrize("deadline", [NOW + 10 * SECOND, None])
def test_an_audience_that_is_renamed_has_what_waits_for_it(deadline):
    new = adopted(waiting(deadline=deadline), [ladder("news", SLACK, TELEGRAM)], KINDS, NOW + 3 * SECOND)
    assert (new.ladders, new.deadline, new.gone) == (("news",), NOW + 10 * SECOND, None)


def test_what_took_the_time_of_a_message_before_it_keeps_that():
    new = adopted(waiting(deadline=NOW + 4 * SECOND), [ladder("desk", SLACK, TELEGRAM)], KINDS, NOW + 3 * SECOND)
    assert new.deadline == NOW + 4 * SECOND


def test_what_is_held_back_has_its_time_after_the_quiet_hours_as_they_are_now():
    held = replace(waiting(deadline=NOW + 20 * SECOND, deferred=True), due=NOW + 10 * SECOND)
    quiet = replace(ladder("desk", SLACK, TELEGRAM), quiet=Quiet(time(0), time(23, 59)))
    new = adopted(held, [quiet], KINDS, NOW)
    assert new.due > held.deadline
    assert new.deadline == new.due + 10 * SECOND


@pytest.mark.hardened("R11", "the audience is split in two", "the next rungs of both have it")
def test_both_parts_of_an_audience_have_it():
    new = adopted(waiting(), [ladder("a", SLACK, TELEGRAM), ladder("b", SLACK, MAIL, seconds=5)], KINDS, NOW)
    assert (new.ladders, new.deadline) == (("a", "b"), NOW + 5 * SECOND)


@pytest.mark.hardened("R11", "the first rung's channel is removed", "settled; whoever follows the service has it")
@pytest.mark.parametrize("name", ["desk", "news"])
def test_what_has_no_channel_left_goes_to_who_follows_the_service(name):
    new = adopted(waiting(), [ladder(name, TELEGRAM, MAIL)], KINDS - {"slack"}, NOW)
    assert new.gone
    assert new.ladders == (name,)


@pytest.mark.hardened("R11", "the ladder is reordered: the place that waits is its last rung now", "the first has it")
def test_a_rung_above_that_was_never_tried_is_a_rung():
    row = delivery(to=SLACK)
    untaken = Untaken(row, row.notice, "", NOW, False, {SLACK: Rung(False, False)})
    assert next_rung(ladder("desk", MAIL, TELEGRAM, SLACK), untaken) == MAIL


@pytest.mark.hardened("R11", "the ladder is reordered, and two of its rungs are told the end", "no third one hears it")
@pytest.mark.parametrize(("telegram", "rung"), [("running", None), ("over", MAIL)])
def test_a_rung_above_is_not_tried_while_another_one_there_has_its_time(telegram, rung):
    row = delivery(to=SLACK)
    rungs = {SLACK: Rung(False, False), TELEGRAM: Rung(False, telegram == "running")}
    untaken = Untaken(row, row.notice, "", NOW, False, rungs)
    assert next_rung(ladder("desk", MAIL, TELEGRAM, SLACK), untaken) == rung


def test_what_the_config_says_as_before_waits_as_before():
    one = waiting(deadline=None)
    assert adopted(one, [ladder("desk", SLACK, TELEGRAM)], KINDS, NOW).deadline is None


def test_what_waits_for_quiet_hours_waits_for_those_there_are_now():
    one = waiting(ladders=(), deadline=None, deferred=True)
    loud = Audience("desk", (SLACK,))
    assert adopted(one, [loud], KINDS, NOW).due <= NOW
    quiet = Audience(
        "desk", (SLACK,), SubscriptionFilter(), quiet=Quiet.parse(f"{NOW:%H}:00-{NOW + timedelta(hours=2):%H}:00")
    )
    assert adopted(one, [quiet], KINDS, NOW).due > NOW


def test_a_place_of_an_escalation_has_the_quiet_hours_of_its_readers():
    one = waiting(ladders=(), deadline=None, deferred=True)
    boss = Audience("boss", (MAIL,), escalations=(Escalation(timedelta(minutes=3), (SLACK,)),))
    assert adopted(replace(one, due=NOW + timedelta(hours=2)), [boss], KINDS, NOW).due == NOW


@pytest.mark.hardened("R9", "stopped for three days in an outage, started", "one message: still down after 3 d")
def test_reminders_that_were_missed_are_one(saw):
    incident = Incident("x", 1, NOW, Health.DOWN, Confidence.CONFIRMED, steps=2)
    state, told = ServiceState("x", incident=incident, opened=1), []
    for seconds in range(0, 300, 10):
        at = NOW + timedelta(days=3, seconds=seconds)
        seen = Verdict(at, Health.DOWN, Confidence.CONFIRMED, Streak(bad=2, down=2), incident.readings)
        made = step(state, seen, Rules())
        state, told = made.state, [*told, *made.changes]
    saw(f"{len(told)} message")
    assert [change.kind for change in told] == [ChangeKind.REMINDED]
    assert isinstance(told[0], Change)

"""Has a job that calls us failed, or been silent for too long?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Heartbeat, HeartbeatEvent
from bot.watch.checks.heartbeat import excused, told, trouble
from bot.wording.catalog import catalog
from bot.wording.reasons import english, reason

NOON = datetime(2022, 7, 14, 12, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NEW = Heartbeat("backup", "job", "", "86400+3600", NOON)
DONE = told(NEW, HeartbeatEvent.DONE, NOON)


def after(job, past):
    return english(trouble(job, DAY, HOUR, NOON + past))


@pytest.mark.parametrize("job", [NEW, DONE])
def test_it_is_in_trouble_only_after_its_time_and_grace(job):
    assert after(job, 25 * HOUR) == ""
    assert after(job, 25 * HOUR + timedelta(seconds=1)) == ("no sign yet" if job is NEW else "no sign for 25 h")


@pytest.mark.parametrize(
    ("job", "past", "why", "spanish"),
    [
        (NEW, 26 * HOUR, "no sign yet", "ninguna señal todavía"),
        (DONE, 26 * HOUR, "no sign for 26 h", "sin señales desde hace 26 h"),
        (DONE, 9 * DAY, "no sign for 9 d", "sin señales desde hace 9 d"),
        (told(DONE, HeartbeatEvent.FAILED, NOON + MINUTE), MINUTE, "reported a failure", "informó de un fallo"),
        (
            told(DONE, HeartbeatEvent.FAILED, NOON, 3),
            30 * HOUR,
            "failed (exit code 3)",
            "falló (código de salida 3)",
        ),
        (
            told(DONE, HeartbeatEvent.BEGUN, NOON),
            90 * MINUTE,
            "its run began 90 min ago and has not ended",
            "empezó hace 90 min y no ha terminado",
        ),
    ],
)
def test_the_reason_is_short_and_in_both_languages(job, past, why, spanish):
    found = trouble(job, DAY, HOUR, NOON + past)
    assert reason(found, catalog("es")) == spanish
    assert reason(found, catalog("en")) == why


def test_a_run_that_has_begun_has_its_grace_though_the_day_is_over():
    late = told(DONE, HeartbeatEvent.BEGUN, NOON + 25 * HOUR)
    assert after(late, 26 * HOUR) == ""
    assert after(late, 26 * HOUR + MINUTE) != ""
    assert after(told(late, HeartbeatEvent.DONE, NOON + 27 * HOUR), 28 * HOUR) == ""


def test_a_failure_is_over_with_the_next_good_run_and_not_before():
    failed = told(DONE, HeartbeatEvent.FAILED, NOON, 3)
    begun = told(failed, HeartbeatEvent.BEGUN, NOON + HOUR)
    assert after(begun, HOUR) == "failed (exit code 3)"
    assert after(told(begun, HeartbeatEvent.DONE, NOON + HOUR), HOUR) == ""


def test_what_we_did_not_hear_is_not_its_fault():
    deaf = (NOON + 20 * HOUR, NOON + 40 * HOUR)
    waited = excused(DONE, DAY, HOUR, deaf)
    assert after(DONE, 41 * HOUR) != ""
    assert after(waited, 65 * HOUR) == ""
    assert after(waited, 66 * HOUR) == "no sign for 26 h"


def test_what_was_in_trouble_before_stays_so():
    for job in (DONE, told(DONE, HeartbeatEvent.FAILED, NOON), told(DONE, HeartbeatEvent.BEGUN, NOON)):
        assert excused(job, DAY, HOUR, (NOON + 26 * HOUR, NOON + 40 * HOUR)) == job


@given(st.lists(st.tuples(st.sampled_from(HeartbeatEvent), st.integers(0, 100)), max_size=8), st.integers(0, 9999))
def test_whatever_it_told_it_is_well_after_a_good_run(calls, later):
    job, now = NEW, NOON
    for call, minutes in calls:
        now += minutes * MINUTE
        job = told(job, call, now)
    now += later * MINUTE
    assert trouble(told(job, HeartbeatEvent.DONE, now), DAY, HOUR, now) is None
    assert trouble(told(job, HeartbeatEvent.FAILED, now), DAY, HOUR, now)

"""When digests are due: each instant once, whatever clocks, stops and sleeps do; what they cover has no gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.config import cron
from bot.scheduler.digests import Told, begins, instants

DAY = timedelta(days=1)


def named(when, zone, start, end):
    """The instants between two days, as their zone's clocks show them."""
    after = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone))
    now = datetime.fromisoformat(end).replace(tzinfo=ZoneInfo(zone))
    return list(instants(cron(when, zone), after.astimezone(UTC), now.astimezone(UTC)))


@pytest.mark.hardened("C9-10", "a digest at midnight, or within the hour that is skipped or doubled", "once each day")
@pytest.mark.parametrize(
    ("zone", "when", "start"),
    [
        ("Europe/Madrid", "02:30", "2026-03-25"),  # skipped
        ("Europe/Madrid", "02:30", "2026-10-21"),  # doubled
        ("Europe/Madrid", "00:00", "2026-03-25"),
        ("Europe/Madrid", "00:00", "2026-10-21"),
        ("Africa/Cairo", "00:00", "2026-04-20"),  # midnight itself is skipped
        ("Africa/Cairo", "00:00", "2026-10-26"),
        ("Africa/Cairo", "23:30", "2026-10-26"),  # doubled
        ("America/Havana", "00:00", "2026-03-04"),  # skipped
        ("America/Havana", "00:30", "2026-10-28"),  # doubled
        ("America/Santiago", "00:00", "2026-09-02"),  # skipped
        ("Asia/Beirut", "00:00", "2026-03-25"),  # skipped
        ("Australia/Lord_Howe", "01:45", "2026-04-01"),  # half an hour, doubled
        ("America/New_York", "01:30", "2026-10-28"),
    ],
)
def test_every_day_has_one_though_clocks_change(zone, when, start, saw):
    days = 8
    end = (datetime.fromisoformat(start) + days * DAY).isoformat()
    found = named(when, zone, start + "T12:00", end[:10] + "T12:00")
    assert len(found) == days
    gaps = [b - a for a, b in pairwise(found)]
    assert all(timedelta(hours=23) <= gap <= timedelta(hours=25) for gap in gaps)
    saw(f"{len(found)} in {days} days")


def test_what_was_told_is_due_no_more_and_what_is_to_come_not_yet():
    assert named("08:00", "UTC", "2026-11-20T08:00", "2026-11-21T07:59") == []
    assert len(named("08:00", "UTC", "2026-11-20T08:00", "2026-11-21T08:00")) == 1
    assert len(named("mon-fri 08:00", "UTC", "2026-11-20T08:00", "2026-11-23T08:00")) == 1


def test_a_digest_begins_where_the_one_before_ended():
    monday = datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert begins(monday, monday - 3 * DAY, DAY, wished=True) == monday - 3 * DAY
    assert begins(monday, None, DAY, wished=False) == monday - DAY
    assert begins(monday, monday - timedelta(hours=23), DAY, wished=True) == monday - timedelta(
        hours=23
    )  # clocks changed
    assert begins(monday, monday - DAY, 7 * DAY, wished=True) == monday - 7 * DAY  # a week's view, each day
    assert begins(monday, monday - DAY, 7 * DAY, wished=False) == monday - DAY
    assert begins(monday, monday + DAY, DAY, wished=True) == monday - DAY  # the clock was ahead then


@pytest.mark.parametrize("value", [None, "", "{", "[]", '{"until": 5}', '{"until": "x"}', '{"other": 1}', "null"])
def test_a_memory_that_nobody_can_read_is_as_none(value):
    assert Told.read(value) == Told()


def test_a_memory_is_read_as_it_was_written():
    told = Told("2026-11-20T08:00:00+00:00", "2026-11-20T08:00:00+00:00", "08:00 UTC")
    assert Told.read(told.written) == told

"""When digests are due: each instant once, whatever clocks, stops and sleeps do; what they cover has no gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.config import cron
from bot.contracts import Telling
from bot.model.local_time import following, previous
from bot.scheduler.digests import begins, instants

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
    assert begins(monday, monday - 3 * DAY, DAY) == monday - 3 * DAY
    assert begins(monday, monday - timedelta(hours=23), DAY) == monday - timedelta(hours=23)  # clocks changed
    assert begins(monday, monday - DAY, 7 * DAY) == monday - 7 * DAY  # a week's view, each day
    assert begins(monday, monday - DAY, None) == monday - DAY
    assert begins(monday, monday - 1000 * DAY, None) == monday - 400 * DAY


@pytest.mark.parametrize(
    ("when", "days"),
    [
        ("monthly 08:00", ["01-01", "02-01", "03-01", "04-01"]),
        ("15th 8:00", ["01-15", "02-15", "03-15", "04-15"]),
        ("last 08:00", ["01-31", "02-28", "03-31", "04-30"]),
        ("first mon 08:00", ["01-04", "02-01", "03-01", "04-05"]),
        ("last fri 08:00", ["01-29", "02-26", "03-26", "04-30"]),
        ("0 8 1 * *", ["01-01", "02-01", "03-01", "04-01"]),
        ("0 8 * * 0", ["01-03", "01-10", "01-17", "01-24"]),  # a crontab's week begins on Sunday ...
        ("0 8 * * 7", ["01-03", "01-10", "01-17", "01-24"]),  # ... or ends on it
        ("0 8 * * mon-fri", ["01-01", "01-04", "01-05", "01-06"]),
        ("0 8 31 * *", ["01-31", "03-31", "05-31", "07-31"]),
    ],
)
def test_months_and_crontabs(when, days):
    found = named(when, "Europe/Madrid", "2027-01-01T00:00", "2027-12-31T00:00")[:4]
    assert [f"{at.astimezone(ZoneInfo('Europe/Madrid')):%m-%d %H:%M}" for at in found] == [f"{d} 08:00" for d in days]


@pytest.mark.parametrize(
    "when",
    [
        "sometimes",
        "30 08:00",  # not in every month: last
        "0 8 30 2 *",
        "* * * * *",
        "0 8 1 * mon",
        "60 8 * * *",
        "0 8 * * 8",
        "0 8 */0 * *",
        "5-1 8 * * *",
        "monthly",
        "fifth mon 08:00",
        "0 8 1 *",
        "0 8 1 * * *",
        "\u0661 8 * * *",
    ],
)
def test_what_is_no_schedule_is_said(when):
    with pytest.raises(Telling):
        cron(when, "UTC")


@pytest.mark.parametrize("zone", ["Europe/Madrid", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe"])
@pytest.mark.parametrize("when", ["0 * * * *", "*/30 2 * * *", "monthly 00:00", "0 0,12 * * sun,thu"])
def test_instants_are_in_order_and_none_comes_twice(zone, when):
    found = named(when, zone, "2026-01-01T00:00", "2027-01-01T00:00")
    assert all(a < b for a, b in pairwise(found))
    trigger = cron(when, zone)
    for at in found[:: max(1, len(found) // 50)]:
        assert following(trigger, at - timedelta(seconds=1)) == at
        assert previous(trigger, at + timedelta(seconds=1)) == at
    days = {at.astimezone(ZoneInfo(zone)).date() for at in found}
    assert len(days) == {"0 * * * *": 366, "*/30 2 * * *": 365, "monthly 00:00": 12, "0 0,12 * * sun,thu": 105}[when]

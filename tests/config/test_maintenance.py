"""Maintenance in the file: once or each week, by the clocks of the config's zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from bot.wiring import setting
from tests.config.test_config import RIGHT, read, refused

PLAN = RIGHT + "timezone: Europe/Madrid\nmaintenance:\n  - {%s}\n"


def planned(folder, entry):
    return setting(read(folder, PLAN % entry))


@pytest.mark.parametrize(
    ("entry", "since", "until"),
    [
        ('service: x, from: "2026-12-01T22:00", until: "2026-12-01T23:30"', (2026, 12, 1, 21), (2026, 12, 1, 22, 30)),
        ("service: x, from: 2026-12-01T22:00, for: 90m", (2026, 12, 1, 21), (2026, 12, 1, 22, 30)),
        ('services: [x], from: "2026-07-01T22:00+00:00", for: 1h', (2026, 7, 1, 22), (2026, 7, 1, 23)),
        ('service: x, from: "2026-10-25T01:30", until: "2026-10-25T03:00"', (2026, 10, 24, 23, 30), (2026, 10, 25, 2)),
        ('service: x, from: "2026-10-25T02:30", for: 1h', (2026, 10, 25, 0, 30), (2026, 10, 25, 1, 30)),
        ('service: x, from: "2026-03-29T02:30", for: 1h', (2026, 3, 29, 1), (2026, 3, 29, 2)),
        ('service: x, from: "2026-03-29T01:30", until: "2026-03-29T03:30"', (2026, 3, 29, 0, 30), (2026, 3, 29, 1, 30)),
    ],
)
def test_once(tmp_path, entry, since, until):
    [window] = planned(tmp_path, entry).windows
    assert (window.since, window.until) == (datetime(*since, tzinfo=UTC), datetime(*until, tzinfo=UTC))
    assert window.services == ("x",)


@pytest.mark.parametrize(
    ("every", "days", "at"),
    [
        ("sun 03:00", {6}, time(3)),
        ("mon-fri 23:30", {0, 1, 2, 3, 4}, time(23, 30)),
        ("fri-mon 03:00", {4, 5, 6, 0}, time(3)),
        ("'sat,sun 3:00'", {5, 6}, time(3)),
        ("'03:00'", set(range(7)), time(3)),
    ],
)
def test_each_week(tmp_path, every, days, at):
    [weekly] = planned(tmp_path, f"services: all, every: {every}, for: 1h, note: disks").weekly
    assert (weekly.services, weekly.days, weekly.at, weekly.lasts) == ((), days, at, timedelta(hours=1))
    assert (weekly.zone, weekly.note) == ("Europe/Madrid", "disks")


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("service: y, every: sun 03:00, for: 1h", 'there is no service "y"; expected one of x'),
        ("services: [x, y], every: sun 03:00, for: 1h", 'there is no service "y"; expected one of x'),
        ("every: sun 03:00, for: 1h", "needs either a service, or services"),
        ("service: x, for: 1h", "needs either from (once), or every (each week)"),
        ("service: x, every: sun 03:00", "needs either until, or for"),
        ("service: x, every: someday 03:00, for: 1h", "is no time of the week"),
        ("service: x, every: sun 25:00, for: 1h", "is no time of the week"),
        ("service: x, from: tomorrow, for: 1h", "is no point in time"),
        ("service: x, every: sun 03:00, for: 8d", "is out of bounds; expected 1s to 7d"),
        ('service: x, from: "2026-12-01T22:00", until: "2026-12-01T21:00"', "is not after from"),
        ('service: x, from: "2026-03-29T02:10", until: "2026-03-29T02:50"', "is not after from"),
        ("service: x, every: sun 03:00, for: 1h, wen: 3", "unknown key"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, entry, why):
    [line] = refused(tmp_path, PLAN % entry)
    assert line.startswith("config.yaml:1")
    assert why in line


def test_so_long_before_it_is_told(tmp_path):
    assert planned(tmp_path, "service: x, every: sun 03:00, for: 1h").maintenance_before == timedelta(hours=24)
    [line] = refused(tmp_path, RIGHT + "maintenance_before: 30d\n")
    assert "is out of bounds; expected 0s to 7d" in line

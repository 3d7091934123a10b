"""Quiet hours by the reader's clock: over midnight, and on the days when the clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Quiet, Style, Topic
from bot.model.local_time import spell, zone

NIGHT = "22:00-07:00"
MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}:00Z")


def until(hours: str, now: str, timezone: str = "Europe/Madrid") -> str | None:
    found = spell(Quiet.parse(hours), Style(timezone=timezone), utc(now))
    return f"{found[1]:%m-%d %H:%M}" if found else None


@pytest.mark.parametrize(
    ("hours", "now", "end"),
    [
        # an ordinary night in Madrid, two hours before UTC
        (NIGHT, "07-14 19:59", None),
        (NIGHT, "07-14 20:00", "07-15 05:00"),
        (NIGHT, "07-14 23:30", "07-15 05:00"),
        (NIGHT, "07-15 04:59", "07-15 05:00"),
        (NIGHT, "07-15 05:00", None),
        ("13:00-15:00", "07-14 11:00", "07-14 13:00"),
        ("13:00-15:00", "07-14 13:00", None),
        ("07:00-22:00", "07-14 04:59", None),
        # 29 March: the clocks go from 2:00 to 3:00, at 1:00 UTC
        (NIGHT, "03-28 21:00", "03-29 05:00"),
        (NIGHT, "03-29 04:59", "03-29 05:00"),
        (NIGHT, "03-29 05:00", None),
        ("22:00-02:30", "03-29 00:59", "03-29 01:00"),  # 2:30 never comes
        ("22:00-02:30", "03-29 01:00", None),
        ("02:30-06:00", "03-29 00:59", None),
        ("02:30-06:00", "03-29 01:00", "03-29 04:00"),
        ("02:10-02:50", "03-29 01:00", None),  # none of it comes
        # 25 October: the clocks go from 3:00 back to 2:00, at 1:00 UTC
        (NIGHT, "10-24 20:00", "10-25 06:00"),
        (NIGHT, "10-25 05:59", "10-25 06:00"),
        (NIGHT, "10-25 06:00", None),
        ("22:00-02:30", "10-25 00:29", "10-25 00:30"),
        ("22:00-02:30", "10-25 00:30", None),
        ("22:00-02:30", "10-25 01:10", None),  # when it is 2:10 again the night is over
        ("02:30-06:00", "10-25 00:30", "10-25 05:00"),
        ("02:30-06:00", "10-25 01:10", "10-25 05:00"),
    ],
)
def test_until_when_it_is_quiet(hours: str, now: str, end: str | None) -> None:
    assert until(hours, now) == end


def test_hours_are_those_of_the_reader_and_an_unknown_zone_is_utc() -> None:
    assert until(NIGHT, "07-14 03:00", "America/New_York") == "07-14 11:00"
    assert until(NIGHT, "07-14 03:00", "Nowhere/Else") == "07-14 07:00"
    assert zone(Style(timezone="../../etc/passwd")).key == "UTC"


ZONES = ["Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
CLOCKS = st.integers(0, 24 * 60 - 1).map(lambda m: time(m // 60, m % 60))
HOURS = st.tuples(CLOCKS, CLOCKS).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Quiet(*pair))
CHANGES = ["03-29 01:00", "10-25 01:00", "03-08 07:00", "11-01 06:00", "04-04 15:00", "10-03 15:30"]
YEAR = st.integers(0, 365 * 24 * 60).map(lambda minutes: utc("01-01 00:00") + minutes * MINUTE)
NEAR = st.builds(
    lambda change, minutes: utc(change) + minutes * MINUTE, st.sampled_from(CHANGES), st.integers(-1500, 1500)
)


@given(HOURS, st.sampled_from(ZONES), YEAR | NEAR)
def test_quiet_hours_are_one_stretch_that_ends_when_the_clock_shows_it(
    quiet: Quiet, timezone: str, now: datetime
) -> None:
    style = Style(timezone=timezone)
    here, found = zone(style), spell(quiet, style, now)
    wall = now.astimezone(here)
    clock = wall.time()
    shown = (quiet.start <= clock < quiet.end) if quiet.start < quiet.end else not quiet.end <= clock < quiet.start
    day = timedelta(days=1)
    steady = len({(wall + n * day).utcoffset() for n in (-2, -1, 0, 1, 2)}) == 1
    if steady:
        assert (found is not None) == shown
    if found is None:
        return
    start, end = found
    assert start <= now < end <= start + day + timedelta(hours=1)
    assert {spell(quiet, style, start), spell(quiet, style, end - MINUTE)} == {found}
    after = spell(quiet, style, end)
    assert after is None or after[0] == end  # only where the waking hour between them is skipped
    assert after is None or not steady
    if steady:
        assert (start.astimezone(here).time(), end.astimezone(here).time()) == (quiet.start, quiet.end)


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ("22:00-07:00", Quiet(time(22), time(7))),
        ("22:00 – 7:00", Quiet(time(22), time(7))),
        ("22:00 07:00", Quiet(time(22), time(7))),
        ("0:30-6:15 except down", Quiet(time(0, 30), time(6, 15), frozenset({Topic.DOWN}))),
        ("22:00-07:00 except down, correction", Quiet(time(22), time(7), frozenset({Topic.DOWN, Topic.CORRECTION}))),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, quiet: Quiet) -> None:
    assert Quiet.parse(text) == quiet


@pytest.mark.parametrize(
    "text", ["", "night", "22:00", "22-07", "24:00-07:00", "22:60-7:00", "22:00-22:00", "22:00-07:00 except doom"]
)
def test_what_is_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Quiet.parse(text)


def test_the_answer_is_in_utc() -> None:
    assert [at.tzinfo for at in spell(Quiet.parse(NIGHT), Style(), utc("07-14 23:00")) or ()] == [UTC, UTC]

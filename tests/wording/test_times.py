"""Times and lengths as readers say them: zones, languages, both clocks, days, and nights when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Style
from bot.wording.times import Reader, reader

TUESDAY = datetime(2026, 11, 10, 13, 0, tzinfo=UTC)  # 2:00 p.m. in Madrid
MADRID = "Europe/Madrid"


def read(language: str = "en", clock: str = "", now: datetime = TUESDAY, zone: str = MADRID) -> Reader:
    return reader(Style(language, zone, clock), now)


def utc(day: int, hour: int, minute: int = 0, *, month: int = 11, year: int = 2026, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("language", "clock", "hour", "minute", "said"),
    [
        ("en", "", 13, 0, "2:00 p.m."),
        ("en", "", 8, 5, "9:05 a.m."),
        ("en", "", 11, 0, "noon"),
        ("en", "", 11, 20, "12:20 p.m."),
        ("en", "24h", 13, 0, "14:00"),
        ("en", "24h", 8, 5, "09:05"),
        ("en", "24h", 11, 0, "12:00"),
        ("en-GB", "", 13, 0, "14:00"),
        ("en-GB", "12h", 13, 0, "2:00 p.m."),
        ("en-US", "", 13, 0, "2:00 p.m."),
        ("es", "", 13, 0, "14:00"),
        ("es", "", 8, 5, "9:05"),
        ("es", "12h", 13, 0, "2:00 p. m."),
        ("es", "12h", 8, 5, "9:05 a. m."),
        ("es-MX", "", 13, 0, "2:00 p.m."),
        ("es-MX", "24h", 13, 0, "14:00"),
        ("es-XX", "", 13, 0, "14:00"),
        ("eu", "", 13, 0, "2:00 p.m."),
        ("", "", 13, 0, "2:00 p.m."),
    ],
)
def test_a_time_is_said_in_the_readers_way(language: str, clock: str, hour: int, minute: int, said: str) -> None:
    assert read(language, clock).clock(utc(10, hour, minute)) == said


def test_midnight_is_called_so_in_english() -> None:
    assert read().clock(utc(9, 23)) == "midnight"
    assert read().clock(utc(9, 23, 20)) == "12:20 a.m."
    assert read("es").clock(utc(9, 23)) == "0:00"
    assert read("en", "24h").clock(utc(9, 23)) == "00:00"


@pytest.mark.parametrize(
    ("at", "english", "spanish", "after_a_preposition"),
    [
        (utc(10, 13), "2:00 p.m.", "14:00", "las 14:00"),
        (utc(10, 0), "1:00 a.m.", "1:00", "la 1:00"),
        (utc(9, 22, 40), "11:40 p.m. Mon", "lun 23:40", "las 23:40 del lunes"),
        (utc(4, 13), "2:00 p.m. Wed", "mié 14:00", "las 14:00 del miércoles"),
        (utc(3, 13), "2:00 p.m. Nov. 3", "3 nov 14:00", "las 14:00 del 3 nov"),
        (utc(3, 13, year=2025), "2:00 p.m. Nov. 3, 2025", "3 nov 2025 14:00", "las 14:00 del 3 nov 2025"),
        (utc(11, 22, 40), "11:40 p.m. Wed", "mié 23:40", "las 23:40 del miércoles"),
        (utc(30, 13, month=6), "3:00 p.m. June 30", "30 jun 15:00", "las 15:00 del 30 jun"),
        (utc(30, 13, month=9), "3:00 p.m. Sept. 30", "30 sept 15:00", "las 15:00 del 30 sept"),
        (utc(1, 13, month=3), "2:00 p.m. March 1", "1 mar 14:00", "las 14:00 del 1 mar"),
    ],
)
def test_a_date_is_added_when_it_is_not_today(
    at: datetime, english: str, spanish: str, after_a_preposition: str
) -> None:
    assert read().clock(at) == english
    assert read().point(at) == english
    assert read("es").clock(at) == spanish
    assert read("es").point(at) == after_a_preposition


def test_today_is_the_readers_own() -> None:
    at = utc(10, 23, 30)
    assert read(now=utc(10, 23, 40)).clock(at) == "12:30 a.m."
    assert read(now=utc(10, 22, 40)).clock(at) == "12:30 a.m. Wed"
    assert read(now=utc(10, 22, 40), zone="America/New_York").clock(at) == "6:30 p.m."


def test_one_o_clock_is_singular_in_spanish_on_both_clocks() -> None:
    assert read("es", "12h").point(utc(10, 12, 5)) == "la 1:05 p. m."
    assert read("es", "12h").point(utc(10, 13)) == "las 2:00 p. m."
    assert read("es").point(utc(10, 12, 5)) == "las 13:05"
    assert read("es").point(utc(10, 9)) == "las 10:00"


@pytest.mark.parametrize(
    ("since", "until", "english", "spanish"),
    [
        (utc(10, 13), utc(10, 13, 50), "2:00–2:50 p.m.", "14:00–14:50"),
        (utc(10, 10, 40), utc(10, 11, 20), "11:40 a.m. – 12:20 p.m.", "11:40–12:20"),
        (utc(10, 10, 40), utc(10, 11), "11:40 a.m. – noon", "11:40–12:00"),
        (utc(10, 11), utc(10, 11, 30), "noon–12:30 p.m.", "12:00–12:30"),
        (utc(10, 13), utc(10, 13, second=40), "2:00 p.m.", "14:00"),
        (utc(9, 13), utc(9, 13, 50), "2:00–2:50 p.m. Mon", "lun 14:00–14:50"),
        (utc(9, 22, 40), utc(9, 23, 20), "11:40 p.m. Mon – 12:20 a.m. Tue", "lun 23:40 – mar 0:20"),
        (utc(1, 13), utc(9, 13), "2:00 p.m. Nov. 1 – 2:00 p.m. Mon", "1 nov 14:00 – lun 14:00"),
    ],
)
def test_a_span_names_half_and_day_once_when_they_are_the_same(
    since: datetime, until: datetime, english: str, spanish: str
) -> None:
    assert read().span(since, until) == english
    assert read("es").span(since, until) == spanish


def test_when_clocks_go_back_the_zone_tells_the_two_hours_apart() -> None:
    before, after = datetime(2026, 10, 25, 0, 50, tzinfo=UTC), datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    night = read(now=datetime(2026, 10, 25, 1, 20, tzinfo=UTC))
    assert night.span(before, after) == "2:50 a.m. CEST – 2:10 a.m. CET"
    assert night.length(before, after) == "20 min"
    spanish = read("es", now=datetime(2026, 10, 25, 1, 20, tzinfo=UTC))
    assert spanish.span(before, after) == "2:50 CEST – 2:10 CET"
    assert spanish.point(after) == "las 2:10 CET"
    assert night.clock(datetime(2026, 10, 25, 2, 10, tzinfo=UTC)) == "3:10 a.m."


def test_new_york_changes_a_week_later() -> None:
    before, after = datetime(2026, 11, 1, 5, 50, tzinfo=UTC), datetime(2026, 11, 1, 6, 10, tzinfo=UTC)
    night = read(now=after, zone="America/New_York")
    assert night.span(before, after) == "1:50 a.m. EDT – 1:10 a.m. EST"
    assert read(now=after).span(before, after) == "6:50–7:10 a.m."


def test_when_clocks_go_forward_the_length_stays_true() -> None:
    before, after = datetime(2026, 3, 29, 0, 50, tzinfo=UTC), datetime(2026, 3, 29, 1, 10, tzinfo=UTC)
    night = read(now=after)
    assert (night.span(before, after), night.length(before, after)) == ("1:50–3:10 a.m.", "20 min")


@pytest.mark.parametrize(
    ("length", "said", "spanish"),
    [
        (timedelta(seconds=0), "less than 1 min", "menos de 1 min"),
        (timedelta(seconds=59), "less than 1 min", "menos de 1 min"),
        (timedelta(seconds=60), "1 min", "1 min"),
        (timedelta(seconds=89), "1 min", "1 min"),
        (timedelta(seconds=90), "2 min", "2 min"),
        (timedelta(minutes=50), "50 min", "50 min"),
        (timedelta(minutes=59, seconds=40), "1 h", "1 h"),
        (timedelta(minutes=90), "1 h 30 min", "1 h 30 min"),
        (timedelta(hours=24), "1 d", "1 d"),
        (timedelta(hours=52, minutes=10), "2 d 4 h", "2 d 4 h"),
        (timedelta(hours=52, minutes=40), "2 d 5 h", "2 d 5 h"),
        (timedelta(hours=47, minutes=50), "2 d", "2 d"),
    ],
)
def test_a_length_is_short_and_rounded(length: timedelta, said: str, spanish: str) -> None:
    assert read().duration(length) == said
    assert read("es").duration(length) == spanish


def test_what_shows_two_minutes_lasted_at_least_one() -> None:
    assert read().length(utc(10, 13, 0, second=50), utc(10, 13, 1, second=10)) == "1 min"
    assert read().length(utc(10, 13, 0, second=10), utc(10, 13, 0, second=50)) == "less than 1 min"
    assert read().length(utc(10, 13, 1), utc(10, 13)) == "1 min"


def test_periods_of_looking_back_are_whole() -> None:
    assert read().period(timedelta(hours=24)) == "24 h"
    assert read().period(timedelta(days=7)) == "7 days"
    assert read("es").period(timedelta(days=7)) == "7 días"


def test_what_was_not_always_up_is_never_all_up() -> None:
    assert read().percent(1.0) == "100%"
    assert read().percent(0.999_999) == "99.99%"
    assert read("es").percent(0.9987) == "99,87 %"
    assert read().percent(0.57) == "57%"


def test_an_unknown_zone_is_utc_rather_than_a_lost_notice() -> None:
    for zone in ("Mars/Olympus", "", "../../etc/passwd", "/etc/passwd", "Europe"):
        assert read(zone=zone).clock(utc(10, 13)) == "1:00 p.m."


@given(
    at=st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1)),  # noqa: DTZ001 - hypothesis sets the zone itself
    lasted=st.timedeltas(timedelta(), timedelta(days=40)),
    language=st.sampled_from(["en", "es", "en-GB", "es-MX"]),
    clock=st.sampled_from(["", "12h", "24h"]),
    zone=st.sampled_from([MADRID, "America/New_York", "UTC", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_a_span_never_seems_to_end_before_it_began(
    at: datetime, lasted: timedelta, language: str, clock: str, zone: str
) -> None:
    since = at.replace(tzinfo=UTC)
    to = read(language, clock, since + lasted, zone)
    for text in (to.span(since, since + lasted), to.length(since, since + lasted), *to.points(since, since + lasted)):
        assert "\u202f" not in text
        assert "\u00a0" not in text
        assert "  " not in text
        assert text == text.strip()

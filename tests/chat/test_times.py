"""Times of day, points in time and lengths, as people type them in each language."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import times
from bot.model import Style

STYLE = Style("en", "Europe/Madrid")
THURSDAY = datetime(2022, 7, 14, 12, 30, tzinfo=UTC)  # 2:30 p.m. in Madrid


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("22:00", time(22)),
        ("7:05", time(7, 5)),
        ("22.30", time(22, 30)),
        ("22h", time(22)),
        ("22h30", time(22, 30)),
        ("10pm", time(22)),
        ("10:30 p.m.".replace(" ", ""), time(22, 30)),
        ("12am", time(0)),
        ("12pm", time(12)),
        ("22Uhr", time(22)),
        ("24:00", None),
        ("13pm", None),
        ("0am", None),
        ("22", None),
        ("7:5", None),
        ("", None),
        ("\u0662\u0662:00", time(22)),
    ],
)
def test_a_time_of_day(text, meant):
    assert times.time_of_day(text) == meant


def test_a_number_alone_is_a_time_only_where_one_is_expected():
    assert times.time_of_day("22", bare=True) == time(22)
    assert times.time_of_day("24", bare=True) is None


@pytest.mark.parametrize(
    "text",
    [
        "22:00-07:00",
        "22-7",
        "22 7",
        "22:00 to 7:00",
        "from 10pm until 7am",
        "10 pm - 7 am",
        "22h-7h",
        "22 h – 7 h",
        "22.00–7.00",
        "de 22:00 a 7:00",
        "de las 22:00 a las 7:00",
        "von 22 Uhr bis 7 Uhr",
        "de 22 h à 7 h",
        "das 22h às 7h",
    ],
)
def test_a_range_of_hours(text):
    words = [*text.split(), "except", "down"]
    assert times.range_of_day(words) == (time(22), time(7))
    assert words == ["except", "down"]


@pytest.mark.parametrize("text", ["", "22:00", "tomorrow", "25-26", "22:00 never"])
def test_what_is_no_range_takes_nothing(text):
    words = text.split()
    assert times.range_of_day(words) is None
    assert words == text.split()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("18:00", "2022-07-14T16:00"),
        ("until 18:00", "2022-07-14T16:00"),
        ("at 6 pm", "2022-07-14T16:00"),
        ("until 18", "2022-07-14T16:00"),
        ("14:00", "2022-07-15T12:00"),
        ("tomorrow 9:00", "2022-07-15T07:00"),
        ("tomorrow at 9", "2022-07-15T07:00"),
        ("today 9:00", "2022-07-14T07:00"),
        ("mañana a las 9", "2022-07-15T07:00"),
        ("demain à 9h", "2022-07-15T07:00"),
        ("morgen um 9 Uhr", "2022-07-15T07:00"),
        ("amanhã às 9h", "2022-07-15T07:00"),
        ("friday 9:00", "2022-07-15T07:00"),
        ("thursday 18:00", "2022-07-14T16:00"),
        ("thursday 9:00", "2022-07-21T07:00"),
        ("2022-08-01 9:00", "2022-08-01T07:00"),
        ("2022-08-01T09:00", "2022-08-01T07:00"),
        ("2022-08-01T09:00:00", "2022-08-01T07:00"),
        ("2022-08-01T09:00Z", "2022-08-01T09:00"),
        ("2022-08-01T09:00+01:00", "2022-08-01T08:00"),
    ],
)
def test_a_point_in_time_by_the_clocks_of_the_place(text, meant):
    words = [*text.split(), "racks"]
    assert times.moment(words, STYLE, THURSDAY) == datetime.fromisoformat(meant).replace(tzinfo=UTC)
    assert words == ["racks"]


@pytest.mark.parametrize(
    "text", ["", "soon", "tomorrow", "22", "until", "2022-13-01 9:00", "2022-08-01", "friday soon"]
)
def test_what_is_no_point_in_time(text):
    with pytest.raises(ValueError, match=r"point in time|isoformat|month"):
        times.moment(text.split(), STYLE, THURSDAY)


@pytest.mark.parametrize(
    ("text", "meant", "left"),
    [
        ("for 2h racks", timedelta(hours=2), ["racks"]),
        ("2h racks", timedelta(hours=2), ["racks"]),
        ("2 hours", timedelta(hours=2), []),
        ("22h 23h30", None, ["22h", "23h30"]),
        ("22h until 23h", None, ["22h", "until", "23h"]),
        ("for ever", None, ["for", "ever"]),
        ("", None, []),
    ],
)
def test_a_length_of_time(text, meant, left):
    words = text.split()
    assert times.length(words) == meant
    assert words == left


@given(st.lists(st.text(max_size=12) | st.sampled_from(["22", "tomorrow", "until", "-", "22-7", "9h"]), max_size=6))
def test_anything_else_is_a_value_error_or_none(words):
    times.range_of_day(list(words))
    times.length(list(words))
    with suppress(ValueError, OverflowError):
        times.moment(list(words), STYLE, THURSDAY)

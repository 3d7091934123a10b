"""Maintenance planned, listed and called off by whoever may."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.chat.context import CallOff, Plan
from bot.model import (
    Ask,
    Audience,
    Confidence,
    Destination,
    Health,
    Incident,
    Origin,
    Overview,
    Service,
    ServiceState,
    Style,
    Trail,
    Window,
)
from tests.chat.answers import respond

NOW = datetime(2026, 12, 1, 19, 30, tzinfo=UTC)  # 8:30 p.m. in Madrid
HERE, STYLE, MINUTE = Destination("telegram", "7"), Style("en", "Europe/Madrid"), timedelta(minutes=1)
MAIL, X = Service("mail", "Our mail"), Service("x", "X (Twitter)")
UP = ServiceState("mail", up_since=NOW - timedelta(days=1))
TONIGHT = Window("file", ("mail",), NOW + 90 * MINUTE, NOW + 180 * MINUTE, Origin.FILE, NOW, number=1)


def said(text, *windows, admin=True, language="en", **more):
    overview = Overview(NOW, ((MAIL, UP), (X, UP)), windows=windows)
    ask = Ask(text, "telegram:7", "Ana", HERE, NOW, "k9")
    return respond(ask, overview, replace(STYLE, language=language), admin=admin, **more)


def window(text):
    [order] = said(text).orders
    assert isinstance(order, Plan)
    made = order.window
    return made.services, (made.since - NOW) // MINUTE, (made.until - NOW) // MINUTE, made.note


@pytest.mark.parametrize(
    ("text", "services", "since", "until", "note"),
    [
        ("maintenance mail for 1h new disks", ("mail",), 0, 60, "new disks"),
        ("maintenance mail 22:00 23:30", ("mail",), 90, 180, ""),
        ("maintenance Our mail from 22:00 until 23:30 new disks", ("mail",), 90, 180, "new disks"),
        ("maintenance mail 22:00 for 90m", ("mail",), 90, 180, ""),
        ("maintenance mail 23:30 00:30", ("mail",), 180, 240, ""),
        ("maintenance mail 7:00 for 1h", ("mail",), 630, 690, ""),
        ("maintenance all 2026-12-01T22:00 2026-12-01 23:30 x", (), 90, 180, "x"),
        ("maintenance x 2026-12-01T22:00+00:00 for 1h", ("x",), 150, 210, ""),
        ("maintenance mail durante 1h discos nuevos", ("mail",), 0, 60, "discos nuevos"),
        ("maintenance todos desde 22:00 hasta 23:30", (), 90, 180, ""),
        ("maintenance mail 22:00-23:30 new disks", ("mail",), 90, 180, "new disks"),
        ("maintenance mail 10pm - 11:30 pm", ("mail",), 90, 180, ""),
        ("maintenance mail 22h 23h30", ("mail",), 90, 180, ""),
        ("maintenance mail now 30m racks 1-2", ("mail",), 0, 30, "racks 1-2"),
        ("maintenance all 2h", (), 0, 120, ""),
        ("maintenance mail tomorrow 22:00 for 2h", ("mail",), 90 + 1440, 210 + 1440, ""),
        ("maintenance mail wednesday 22:00 until 23:30", ("mail",), 90 + 1440, 180 + 1440, ""),
        ("mantenimiento mail mañana a las 22:00 durante 2h", ("mail",), 90 + 1440, 210 + 1440, ""),
    ],
)
def test_it_is_planned_by_the_clocks_of_the_place(text, services, since, until, note):
    assert window(text) == (services, since, until, note)


def test_the_answer_says_when_and_what_that_means_in_the_readers_language():
    assert said("maintenance mail 22:00 23:30 new disks").reply.text == (
        "🛠 Our mail: maintenance 10:00–11:30 p.m.\nNew disks.\nWe won't report outages during this window. If anything still fails at the end, we will."
    )
    assert said("maintenance all for 1h", language="es").reply.title == (
        "🛠 Todos los servicios: en mantenimiento hasta las 21:30"
    )


@pytest.mark.parametrize(
    "text",
    [
        "maintenance mail",
        "maintenance mail soon",
        "maintenance mail for",
        "maintenance mail for ever",
        "maintenance mail 22:00",
        "maintenance mail for 99d",
        "maintenance mail for 999999999d",
        "maintenance mail 25:00 26:00",
        "maintenance mail 2026-13-01T22:00 for 1h",
        "maintenance mail 2026-12-01T22:00 2026-12-01T21:00",
    ],
)
def test_what_is_no_time_is_explained_and_orders_nothing(text):
    answer = said(text)
    assert answer.orders == ()
    assert answer.reply.title == "🛠 When is that?"
    assert "maintenance mail for 1h" in answer.reply.text


def test_what_is_over_is_not_planned():
    answer = said("maintenance mail 2026-12-01T18:00 for 1h")
    assert (answer.orders, answer.reply.title) == ((), "🛠 That time has already passed.")


def test_only_admins_plan_and_everybody_may_know():
    assert said("maintenance mail for 1h", admin=False).orders == ()
    assert "🔒" in said("maintenance mail for 1h", admin=False).reply.title
    listed = said(
        "maintenance", TONIGHT, replace(TONIGHT, services=(), since=NOW - MINUTE, number=2), admin=False
    ).reply
    assert listed.lines == (
        "🛠 Our mail: maintenance 10:00–11:30 p.m.",
        "🛠 All services: under maintenance until 11:30 p.m.",
    )
    assert said("maintenance").reply.title == "🛠 No maintenance is planned."
    assert said("maintenance", replace(TONIGHT, until=NOW)).reply.title == "🛠 No maintenance is planned."


def test_what_is_under_way_is_called_off_before_what_comes_next():
    now = replace(TONIGHT, since=NOW - MINUTE, number=5)
    assert said("maintenance cancel mail", TONIGHT, now).orders == (CallOff(5),)
    assert said("maintenance mail cancel", TONIGHT, now).orders == (CallOff(5),)
    answer = said("maintenance cancel Our mail", TONIGHT)
    assert answer.orders == (CallOff(1),)
    assert answer.reply.title == "🛠 Noted: Our mail, maintenance 10:00–11:30 p.m. is canceled"
    assert said("maintenance cancel x", TONIGHT).orders == ()
    assert said("maintenance cancel nothing", TONIGHT).orders == ()
    assert said("maintenance cancel", TONIGHT).orders == ()


def test_all_that_is_under_way_is_called_off_and_what_stays_planned_is_said():
    now = replace(TONIGHT, since=NOW - MINUTE, until=NOW + 9 * MINUTE, number=5)
    answer = said("maintenance cancel mail", TONIGHT, now, replace(now, number=6))
    assert answer.orders == (CallOff(5), CallOff(6))
    assert answer.reply.lines[-1] == "Still planned: 10:00–11:30 p.m."


@pytest.mark.hardened("N-A11", "the same maintenance is planned twice", "is one window")
def test_planning_again_moves_the_window_and_twice_the_same_is_one():
    first = said("maintenance mail for 1h").orders[0].window
    planned = replace(first, number=3)
    [same] = said("maintenance mail for 1h", planned).orders
    assert same.window == planned
    [longer] = said("maintenance mail for 2 hours", planned).orders
    assert (longer.window.number, longer.window.until - longer.window.since) == (3, timedelta(hours=2))
    [other] = said("maintenance mail 23:50 23:55", planned).orders
    assert other.window.number == 0


# ── why ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

UNDER_WAY = replace(TONIGHT, since=NOW - 30 * MINUTE)


def test_why_nothing_is_told_now():
    reply = said("why mail", UNDER_WAY, admin=False).reply
    assert reply.title == "🛠 Our mail: under maintenance until 11:30 p.m., no outage notices"
    assert "maintenance" not in said("why x", UNDER_WAY, admin=False).reply.title


def test_why_nothing_was_told_of_what_was_held_back():
    held = Incident("mail", 4, NOW - 40 * MINUTE, Health.DOWN, Confidence.POSSIBLE, until=NOW - 5 * MINUTE)
    trail = Trail(held, "Our mail", (), (Audience("desk", (HERE,)),))
    assert "Maintenance was planned for that time." in said("why mail#4", UNDER_WAY, trail=trail).reply.lines
    assert "Maintenance was planned for that time." not in said("why mail#4", trail=trail).reply.lines

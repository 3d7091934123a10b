"""How a place is written to: language, time zone, clock and quiet hours belong to the place, subscribed or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from bot.chat.context import SetPlace
from bot.model import Audience, Overview, PlaceSettings, Quiet, Topic
from tests.chat.answers import UNSET, respond
from tests.chat.test_commands import HERE, LANGUAGES, NOW, STYLE, UP, X, ask

NIGHT = Quiet(time(22), time(7))
HELD = PlaceSettings(quiet=Quiet(time(1), time(2)))


def said(text, settings=UNSET, audiences=()):
    return respond(ask(text), Overview(NOW, ((X, UP),)), STYLE, settings=settings, audiences=audiences)


def settled(text, settings=UNSET):
    (order,) = said(text, settings).orders
    assert isinstance(order, SetPlace)
    assert order.place == HERE
    return order.settings


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ("quiet 22:00-07:00", NIGHT),
        ("quiet 22:00 – 7:00 Except DOWN", replace(NIGHT, but=frozenset({Topic.DOWN}))),
        ("quiet 22:00-7:00 excepto down", replace(NIGHT, but=frozenset({Topic.DOWN}))),
        ("quiet 22-7", NIGHT),
        ("quiet from 10pm until 7 am except down", replace(NIGHT, but=frozenset({Topic.DOWN}))),
        ("quiet de las 22:00 a las 7:00", NIGHT),
        ("quiet off", None),
        ("QUIET OFF", None),
    ],
)
def test_a_place_has_quiet_hours_by_its_own_clock(text, quiet):
    assert settled(text, HELD) == PlaceSettings(quiet=quiet)
    assert said(text, HELD).reply == said("quiet", PlaceSettings(quiet=quiet)).reply


def test_quiet_alone_shows_how_it_is():
    assert said("quiet").reply.title == "🔔 No quiet hours here."
    assert said("quiet", PlaceSettings(quiet=replace(NIGHT, but=frozenset({Topic.DOWN})))).reply.text == (
        "🌙 Quiet hours here: 10:00 p.m. – 7:00 a.m.\n"
        "Sent anyway: outages.\n"
        "Notices held back come in one message at the end.\n"
        "Time zone: Europe/Madrid (it is 2:30 p.m.)."
    )
    assert said("quiet", HELD).orders == ()


@pytest.mark.parametrize("text", ["quiet please", "quiet 22:00", "quiet 22:00-22:00", "quiet 22:00-07:00 except doom"])
def test_hours_that_are_none_are_shown_how_they_are_written(text):
    assert said(text).orders == ()
    assert '"quiet 22:00-07:00 except down"' in said(text).reply.text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("language es", "es"),
        ("language ES-mx", "es-mx"),
        ("language Español", "es"),
        ("language spanish", "es"),
        ("language français", "fr"),
        ("language de", "de"),
    ],
)
def test_a_place_has_its_own_language_and_is_answered_in_it(text, language):
    assert settled(text) == PlaceSettings(language=language)
    starts = {"es": "✅ Los avisos", "fr": "✅ Ici, les alertes", "de": "✅ Meldungen"}[language[:2]]
    assert said(text).reply.title.startswith(starts)


@pytest.mark.parametrize("zone", ["america/New york", "New York", "America/New_York"])
def test_a_place_has_its_own_zone(zone):
    assert settled(f"timezone {zone}") == PlaceSettings(timezone="America/New_York")
    assert said(f"timezone {zone}").reply.title == "✅ Times here are now in America/New_York (it is 8:30 a.m.)."


def test_a_place_has_its_own_clock():
    assert settled("clock 24h") == PlaceSettings(clock="24h")
    assert said("clock 24").reply.title == "✅ Times here now look like this: 14:30."
    assert said("clock").reply.text == 'Times look like this: 2:30 p.m.\nTo change it: "clock 24h".'


@pytest.mark.hardened("N-B3", "language, timezone with nothing behind them", "show what holds and how to change it")
def test_language_and_zone_alone_show_what_holds_and_how_to_change_it():
    assert said("language").reply.text == (
        f'Language: English.\nAvailable languages: {LANGUAGES}.\nTo change it: "language es".'
    )
    assert said("timezone").reply.text == (
        'Time zone: Europe/Madrid (it is 2:30 p.m.).\nTo change it: "timezone Europe/Madrid".'
    )


@pytest.mark.parametrize(
    ("text", "near"),
    [("language tlh", LANGUAGES), ("timezone Europe/Madird", "Europe/Madrid"), ("timezone Madird", "")],
)
def test_a_language_or_zone_that_there_is_not_changes_nothing(text, near):
    answer = said(text)
    assert answer.orders == ()
    assert near in answer.reply.text


@pytest.mark.parametrize("text", ["quiet 22:00-07:00", "language es", "timezone UTC", "clock 24h"])
def test_what_the_config_says_of_the_place_itself_is_not_changed_here(text):
    fixed = PlaceSettings("en", "Europe/Madrid", "12h", NIGHT)
    desk = Audience("desk", (HERE,), style=STYLE, quiet=NIGHT, fixed=fixed)
    answer = said(text, audiences=(desk,))
    assert answer.orders == ()
    assert answer.reply.title == "🔒 The config sets this (audience desk): it can only be changed there."
    assert said(text, audiences=(replace(desk, fixed=PlaceSettings()),)).orders

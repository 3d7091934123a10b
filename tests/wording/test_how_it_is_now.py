"""What is said of how things are now, and of which time: nothing left out, nothing that can be taken for something else."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot import wording
from bot.model import ChangeKind, Health, Origin, Overview, Phase, Service, ServiceState, Streak, Style, Window
from bot.wording.catalog import catalogs, without
from bot.wording.replies import acked
from bot.wording.times import reader, zone_name
from tests.channels.mails import MAILS
from tests.wording.outages import DOWN, EN, ES, PARTLY, SLACK, UNSTABLE, X, at, told

NOW = at(15)
LANGUAGES = ("en", "es", "fr", "de", "pt")
LONG = Service("long", "A service of the newsroom that has a rather long name indeed")


def seen(*entries, **more):
    return Overview(NOW, tuple(entries), **more)


def state(incident, good_since=None):
    return ServiceState(
        incident.service, incident=incident, streak=Streak(good=2, good_since=good_since) if good_since else Streak()
    )


# ── an unstable service ──────────────────────────────────────────────────────────────────────────────────────────────

AGAIN = {
    "en": "down again",
    "es": "ha vuelto a caer",
    "fr": "de nouveau en panne",
    "de": "wieder ausgefallen",
    "pt": "outra vez fora do ar",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("service", [X, LONG])
def test_an_unstable_service_that_is_down_is_said_to_be_down(language, service):
    style, one = Style(language, "Europe/Madrid"), replace(UNSTABLE, service=service.id)
    titles = [
        told(ChangeKind.CONFIRMED, one, at(14, 31), style, service).words.title,
        wording.status(seen((service, state(one))), style, service.id).title,
        wording.status(seen((service, state(one))), style).lines[0],
    ]
    assert all(AGAIN[language] in title for title in titles)
    assert all(len(title) <= 80 for title in titles)


@pytest.mark.parametrize("language", LANGUAGES)
def test_while_it_responds_and_in_what_stays_in_the_thread_it_is_not(language):
    style = Style(language, "Europe/Madrid")
    answering = state(UNSTABLE, good_since=at(14, 50))
    assert AGAIN[language] not in wording.status(seen((X, answering)), style).text
    kept = told(ChangeKind.CONFIRMED, replace(UNSTABLE, steps=3), at(14, 31), style).root
    assert AGAIN[language] not in kept.title
    partly = replace(PARTLY, unstable_since=at(14), outages=3)
    assert AGAIN[language] not in told(ChangeKind.CONFIRMED, partly, at(14, 31), style).words.title


# ── how all are ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "🔴 1 of 3 services is down, 1 in trouble"),
        ("es", "🔴 1 de 3 servicios no funciona, 1 con problemas"),
        ("fr", "🔴 1 service sur 3 est en panne, 1 en difficulté"),
        ("de", "🔴 1 von 3 Diensten ausgefallen, 1 gestört"),
        ("pt", "🔴 1 de 3 serviços está fora do ar, 1 com problemas"),
    ],
)
def test_what_is_partly_down_is_counted_beside_what_is_down(language, said):
    mail = Service("mail", "Our mail")
    partly = state(replace(PARTLY, service="slack"))
    entries = (X, state(DOWN)), (SLACK, partly), (mail, ServiceState("mail", up_since=at(1)))
    assert wording.status(seen(*entries), Style(language, "Europe/Madrid")).title == said
    answering = state(replace(UNSTABLE, service="slack"), good_since=at(14, 50))
    assert (
        wording.status(seen(entries[0], (SLACK, answering), entries[2]), EN).title == said if language == "en" else True
    )


def test_several_of_each_are_counted():
    names = [Service(f"s{n}", f"S{n}") for n in range(9)]
    kinds = [DOWN] * 4 + [PARTLY] * 3
    entries = [(one, state(replace(kind, service=one.id))) for one, kind in zip(names, kinds, strict=False)]
    entries += [(one, ServiceState(one.id, up_since=at(1))) for one in names[7:]]
    assert wording.status(seen(*entries), EN).title == "🔴 4 of 9 services are down, 3 in trouble"
    assert wording.status(seen(*entries), ES).title == "🔴 4 de 9 servicios no funcionan, 3 con problemas"


# ── the time that history speaks of ──────────────────────────────────────────────────────────────────────────────────

MONTH = timedelta(days=30)


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(minutes=20), "1 h"),
        (timedelta(hours=5), "5 h"),
        (timedelta(days=1, hours=6), "30 h"),
        (timedelta(days=12, hours=7), "12 days"),
        (timedelta(days=30), "30 days"),
        (timedelta(days=90), "30 days"),
    ],
)
def test_history_says_the_time_that_it_covers(ago, said):
    unseen = {"x": ((NOW - 2 * MONTH, NOW - ago),)} if ago < MONTH else {}
    view = seen((X, ServiceState("x", up_since=NOW - ago)), unseen=unseen)
    assert wording.history(view, MONTH, EN).title == f"🗓 No incidents in {said}"
    assert wording.history(view, MONTH, EN, X).title == f"🗓 X (Twitter): no incidents in {said}"


def test_history_of_several_covers_what_the_first_of_them_covers():
    unseen = {"x": ((NOW - MONTH, NOW - timedelta(hours=3)),), "slack": ((NOW - MONTH, NOW - timedelta(days=4)),)}
    up = [(one, ServiceState(one.id, up_since=NOW - timedelta(hours=3))) for one in (X, SLACK)]
    assert wording.history(seen(*up, unseen=unseen), MONTH, EN).title == "🗓 No incidents in 4 days"
    past = replace(DOWN, since=NOW - timedelta(hours=2), until=NOW - timedelta(hours=1))
    view = seen(*up, unseen=unseen, recent=(past,))
    assert wording.history(view, MONTH, EN, X).title == "🗓 X (Twitter): 1 incident in 3 h"


# ── zones, clocks, jobs ──────────────────────────────────────────────────────────────────────────────────────────────


def test_no_two_zones_are_named_alike_unless_their_clocks_are():
    for month in (1, 4, 7, 10):
        named = defaultdict(set)
        for name in available_timezones():
            local = datetime(2026, month, 15, 12, tzinfo=ZoneInfo(name))
            named[zone_name(local)].add(local.utcoffset())
        assert {name: offsets for name, offsets in named.items() if len(offsets) > 1} == {}


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Asia/Kolkata", "5:30 p.m. UTC+5:30"),
        ("Asia/Jerusalem", "3:00 p.m. IDT"),
        ("Europe/Dublin", "1:00 p.m. UTC+1"),
        ("America/Chicago", "7:00 a.m. CDT"),
        ("Asia/Shanghai", "8:00 p.m. UTC+8"),
        ("America/Sao_Paulo", "9:00 a.m. UTC-3"),
        ("Australia/Lord_Howe", "10:30 p.m. UTC+10:30"),
        ("Europe/Madrid", "2:00 p.m. CEST"),
    ],
)
def test_a_stamp_names_the_zone_so_that_nobody_takes_it_for_another(zone, said):
    noon = datetime(2026, 7, 14, 12, tzinfo=UTC)
    assert reader(Style("en", zone), noon).stamp(noon) == f"Tuesday, July 14, 2026, {said}"


def test_in_the_hour_that_comes_twice_the_same_names_are_used():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # Dublin goes back from IST to GMT
    to = reader(Style("en", "Europe/Dublin"), first)
    assert to.clock(first) == "1:30 a.m. UTC+1"
    assert to.clock(first + timedelta(hours=1)) == "1:30 a.m. GMT"


@pytest.mark.parametrize("name", MAILS)
def test_german_with_a_clock_of_twelve_hours_says_no_uhr(name):
    notice = MAILS[name](Style("de", "Europe/Berlin", "12h"))
    assert not re.search(r"\bUhr\b", f"{notice.words.text} {notice.document}")


def test_nor_do_answers_and_with_24_hours_it_does():
    twelve, usual = Style("de", "Europe/Berlin", "12h"), Style("de", "Europe/Berlin")
    assert acked(X, "Ana", twelve, NOW).title == "👀 Notiert: Ana kümmert sich um X (Twitter) (3:00 PM)"
    assert acked(X, "Ana", usual, NOW).title == "👀 Notiert: Ana kümmert sich um X (Twitter) (15:00 Uhr)"


def test_a_catalogue_without_a_word_has_all_the_same_keys():
    german = catalogs()["de"]
    bare = without(german, "Uhr")
    assert vars(bare).keys() == vars(german).keys()
    assert bare.preferences.hours_unclear == german.preferences.hours_unclear  # "Uhrzeiten" is another word
    assert bare.lists.more.format(head="x", count=2) == german.lists.more.format(head="x", count=2)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_job_that_was_not_heard_from_is_not_said_not_to_respond(language):
    window = Window("k", ("x",), at(12), at(14), Origin.FILE, at(1), over_at=at(14), number=3, steps=2)
    leaving = wording.MaintenanceEnd(("x",))
    notice = wording.maintenance(window, Phase.ENDED, (X,), Style(language), at(14), leaving=leaving)
    assert not re.search("respond|répond|antwort", notice.words.text)
    assert any("X (Twitter)" in line for line in notice.words.lines)


def test_health_of_unknown_is_left_as_it_is():
    assert "down again" not in told(ChangeKind.OPENED, replace(UNSTABLE, health=Health.UNKNOWN), NOW).words.title

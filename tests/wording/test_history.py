"""How often lately, in a notice; how much of the time, in digests, answers and on the page."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import wording
from bot.model import ChangeKind, Overview, Service, ServiceState, Style
from bot.web.status_page import as_json, page
from tests.wording.outages import BLIND, DOWN, EN, ES, PARTLY, POSSIBLE, SLACK, UNSTABLE, X, at, told

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
FEBRUARY = at(9, 12, day=14, month=2), at(9, 59, day=14, month=2)
THIRD = replace(DOWN, number_this_year=3, previous=FEBRUARY)
MAIL = Service("mail", "Our mail")
NOW = at(15)


def lines(incident, style=EN, kind=ChangeKind.CONFIRMED, when=None):
    return told(kind, incident, when or at(14, 1), style).words.lines


# ── how often lately ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_notice_of_an_outage_says_which_of_the_year_it_is_and_when_the_last_one_was():
    assert lines(THIRD)[-1] == "Third outage seen this year; the last one: Feb. 14, 47 min."
    assert lines(THIRD, ES)[-1] == "Tercera caída vista este año; la última: 14 de febrero, 47 min."


@pytest.mark.parametrize(
    ("nth", "english", "spanish"),
    [
        (2, "Second outage seen this year", "Segunda caída vista este año"),
        (10, "Tenth outage seen this year", "Décima caída vista este año"),
        (11, "Outage number 11 seen this year", "Caída número 11 vista este año"),
        (123, "Outage number 123 seen this year", "Caída número 123 vista este año"),
    ],
)
def test_ordinals_are_words_up_to_ten(nth, english, spanish):
    often = replace(THIRD, number_this_year=nth)
    assert lines(often)[-1].startswith(f"{english}; ")
    assert lines(often, ES)[-1].startswith(f"{spanish}; ")


@pytest.mark.parametrize(
    ("begin", "english", "spanish"),
    [
        (at(9, 12), "9:12 a.m.", "9:12"),
        (at(9, 12, day=12), "Tuesday", "martes"),
        (at(9, 12, day=4), "July 4", "4 de julio"),
    ],
)
def test_the_last_one_is_said_by_the_readers_calendar(begin, english, spanish):
    again = replace(THIRD, previous=(begin, begin + 3 * MINUTE))
    assert lines(again)[-1] == f"Third outage seen this year; the last one: {english}, 3 min."
    assert lines(again, ES)[-1] == f"Tercera caída vista este año; la última: {spanish}, 3 min."


@pytest.mark.parametrize(
    "incident",
    [
        replace(DOWN, number_this_year=1),
        DOWN,
        replace(UNSTABLE, number_this_year=3, previous=FEBRUARY),
        replace(PARTLY, number_this_year=3, previous=FEBRUARY),
        replace(POSSIBLE, number_this_year=0, previous=FEBRUARY),
    ],
    ids=["first", "not counted", "unstable", "partly", "not sure"],
)
def test_it_is_not_said_where_it_is_not_so(incident):
    assert not any("this year" in line for line in lines(incident))


def test_it_stands_before_the_plan_and_a_reminder_does_not_repeat_it():
    planned = replace(X, plan="Telegram.")
    *_, often, plan = told(ChangeKind.CONFIRMED, THIRD, at(14, 1), service=planned).words.lines
    assert (often[:12], plan) == ("Third outage", "Plan: Telegram.")
    assert not any("this year" in line for line in lines(THIRD, kind=ChangeKind.REMINDED, when=at(14, 30)))
    assert any("this year" in line for line in lines(THIRD, kind=ChangeKind.LASTING, when=at(14, 30)))
    assert not any(
        "this year" in line for line in lines(replace(THIRD, until=at(14, 50)), kind=ChangeKind.RESTORED, when=at(15))
    )


def test_about_new_year_the_count_is_not_said_to_whom_it_is_another_year():
    incident = replace(THIRD, since=at(0, 20, day=1, month=1, year=2023))  # 2022 by UTC
    assert not any("this year" in line for line in lines(incident, when=at(0, 21, day=1, month=1, year=2023)))
    new_york = Style("en", "America/New_York")
    assert any("this year" in line for line in lines(incident, new_york, when=at(0, 21, day=1, month=1, year=2023)))


def test_a_channels_own_outage_is_not_counted_out():
    own = Service("slack-delivery", "Slack", channel="slack")
    assert (
        "this year" not in told(ChangeKind.CONFIRMED, replace(THIRD, service=own.id), at(14, 1), service=own).words.text
    )


# ── how much of the time ─────────────────────────────────────────────────────────────────────────────────────────────


def view(*recent, **unseen):
    states = tuple((s, ServiceState(s.id, up_since=at(1))) for s in (X, SLACK, MAIL))
    return Overview(NOW, states, recent, unseen=unseen)


EARLIER = replace(DOWN, number=16, since=at(2, 10), until=at(3))


def test_what_nobody_saw_is_neither_up_nor_down_and_is_said():
    gap = at(2, 40), at(4)
    seen = view(EARLIER, x=(gap,))
    assert wording.digest("Comms", seen, NOW - DAY, EN).text == (
        "📰 Comms, Thursday, July 14: 1 outage, 50 min\n"
        "Incidents:\n"
        "X (Twitter): down 2:10–3:00 a.m. (50 min).\n"
        "Uptime, 24 h:\n"
        "X (Twitter): 97.79% of the time we have data for; no data for 1 h 20 min\n"
        "All others: 100%"
    )
    assert wording.digest("Comms", seen, NOW - DAY, ES).lines[-2] == (
        "X (Twitter): 97,79 % del tiempo observado; 1 h 20 min sin datos"
    )
    [figure, *_] = wording.uptimes(seen, NOW - DAY)
    assert figure.share == 1 - 30 / (24 * 60 - 80)


def test_a_day_of_which_something_is_unknown_is_no_day_without_trouble():
    words = wording.digest("Comms", view(x=((at(4), at(4, 14)),)), NOW - DAY, EN)
    assert words.title == "📰 Comms, Thursday, July 14: no outages seen"
    assert words.lines == (
        "Uptime, 24 h:",
        "X (Twitter): 100% of the time we have data for; no data for 14 min",
        "All others: 100%",
    )


def test_what_all_of_them_lack_is_said_once_for_the_time_that_we_did_not_run():
    gaps = {"x": (at(4), at(4, 31)), "slack": (at(4, 0, 10), at(4, 30)), "mail": (at(3, 59, 30), at(4, 30, 20))}
    words = wording.digest("Comms", view(**{s: (gap,) for s, gap in gaps.items()}), NOW - DAY, EN)
    assert words.lines[:2] == ("Our own connection was down 4:00–4:30 a.m. (30 min).", "Uptime, 24 h:")
    assert words.lines[-1] == "All services: 100%."  # what each lacks beyond that is less than is worth a word


def test_before_the_first_look_there_is_nothing_to_be_up_or_unknown():
    began = (NOW - 7 * DAY, at(9, day=12))
    everywhere = wording.digest("Weekly", view(x=(began,), slack=(began,), mail=(began,)), NOW - 7 * DAY, EN)
    assert everywhere.lines == ("Uptime, 7 days:", "All services: 100% since Tue.")
    new = wording.digest("Weekly", view(mail=(began, (at(10, day=12), at(11, day=12)))), NOW - 7 * DAY, ES)
    assert new.lines[-2] == "Our mail: 100 % del tiempo observado desde el martes; 1 h sin datos"


def test_many_that_are_not_whole_are_not_all_told_one_by_one():
    services = tuple((Service(f"s{n}", f"S{n}"), ServiceState(f"s{n}", up_since=at(1))) for n in range(99))
    seen = Overview(NOW, services, unseen={f"s{n}": ((at(4), at(4, 5 + n % 50)),) for n in range(98)})
    words = wording.digest("Comms", seen, NOW - DAY, EN)
    assert len(words.lines) == 33
    assert words.lines[-2:] == ("… and 68 more", "All others: 100%")


def test_little_is_not_worth_a_word():
    assert wording.digest("Comms", view(x=((at(4), at(4, 0, 50)),)), NOW - DAY, EN).lines == ()


def test_what_was_never_seen_is_not_known():
    words = wording.digest("Comms", view(x=((NOW - DAY, NOW),)), NOW - DAY, EN)
    assert "X (Twitter): no data" in words.lines


def test_history_of_a_service_says_how_much_and_how_fast():
    seen = replace(view(EARLIER, x=((at(4), at(4, 44)),)), answering={"x": timedelta(milliseconds=340)})
    assert wording.history(seen, DAY, EN, X).text == (
        "🗓 X (Twitter): 1 incident in 24 h\n"
        "X (Twitter): down 2:10–3:00 a.m. (50 min).\n"
        "Up 96.41% of the time we have data for; no data for 44 min. Average response: 0.34 s."
    )
    assert wording.history(seen, DAY, ES, X).lines[-1] == (
        "En funcionamiento: 96,41 % del tiempo observado; 44 min sin datos. Respuesta media: 0,34 s."
    )
    assert wording.history(seen, DAY, EN, MAIL).lines == ("Up 100%.",)
    assert wording.history(replace(seen, answering={}), DAY, EN).lines == (
        "X (Twitter): down 2:10–3:00 a.m. (50 min).",
    )


def test_the_page_the_digest_the_answer_and_the_data_say_the_same():
    gap = at(4), at(12)
    seen = view(EARLIER, BLIND, x=(gap,))
    shown, data = page(seen, EN), as_json(seen)
    facts = wording.digest_facts(seen, NOW - 7 * DAY, EN)
    row = next(row for row in shown.rows if "X (Twitter)" in row.title)
    assert row.uptime == facts.uptime[0].text == "99.47%"
    assert row.label == "X (Twitter), last 7 days: 99.47% of the time we have data for; no data for 8 h"
    assert f"Up {facts.uptime[0].whole}." in wording.history(seen, 7 * DAY, EN, X).lines
    assert data["services"][0]["uptime"] == {
        "days": 7,
        "share": facts.uptime[0].share,
        "unknown_seconds": 8 * 3600 + 240,
        "seen_since": None,
    }
    assert json.dumps(data)


def test_the_strip_shows_what_was_not_seen_as_such_and_near_gaps_as_one():
    gaps = tuple((at(1) + n * 2 * MINUTE, at(1, 1) + n * 2 * MINUTE) for n in range(200))
    row = next(row for row in page(view(x=(*gaps, (at(14), NOW))), EN).rows if "X (Twitter)" in row.title)
    assert [part.health for part in row.strip] == ["unknown", "unknown"]
    assert all(0 <= part.x <= 100 and part.x + part.width <= 100.01 for part in row.strip)


@pytest.mark.hardened(
    "A6", "`history` after a service flapped", "the two first outages stand within the unstable one, no minute twice"
)
def test_the_outages_of_an_unstable_one_are_counted_once():
    def down(number, start, end, **more):
        return replace(DOWN, number=number, since=start, until=end, **more)

    calm = ((at(15, 24), at(15, 26)),)
    unstable = down(19, at(15, 22), at(15, 28), unstable_since=at(15, 9), outages=4, calm=calm)
    recent = (unstable, down(18, at(15, 15), at(15, 21)), down(17, at(15, 9), at(15, 14)))
    seen = Overview(at(16), ((X, ServiceState("x", up_since=at(15, 28))),), recent=recent)
    said = wording.history(seen, timedelta(days=7), EN, X).text
    assert said.splitlines()[0] == "🗓 X (Twitter): 1 incident in 7 days"
    assert said.splitlines()[1] == "X (Twitter): unstable 3:09–3:28 p.m. (down 4 times, 15 min)."
    assert "in all" not in said

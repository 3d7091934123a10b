"""The long form of a digest: what stands in it, in which order, and the same numbers as in its subject."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import wording
from bot.model import (
    OURSELVES,
    Confidence,
    DeliverySummary,
    DigestOrder,
    Health,
    Incident,
    Origin,
    Outcome,
    Overview,
    Reading,
    Role,
    Service,
    ServiceState,
    SourceReport,
    Window,
)
from bot.notify import digest
from tests.wording.outages import BLIND, DOWN, EN, ES, INVESTIGATING, PARTLY, SLACK, X, at

SAID = (
    'Down. Confirmed by our checks 2:01 p.m. Official page: "Investigating elevated errors", 21 min after us. '
    "Sent to: Slack (2) and e-mail."
)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = at(20)
MAIL = Service("mail", "Our mail")
CALM = SourceReport(Role.OFFICIAL, "Official status page", Health.UP)
ONE = replace(DOWN, until=at(14, 50), confirmed_at=at(14, 1), official_at=at(14, 21), official_last=INVESTIGATING)
TWO = replace(PARTLY, number=18, since=at(9), until=at(9, 5), confirmed_at=at(9, 1), reports=(CALM,), official_at=None)
OPEN = Incident(
    "mail", 3, at(19, 30), Health.DOWN, Confidence.CONFIRMED, (Reading("smtp", Outcome.FAILED),), worst=Health.DOWN
)
WRONG = replace(DOWN, number=19, since=at(11), until=at(11, 20), retracted=True)
WORK = Window("m1", ("mail",), at(22), at(23), Origin.FILE, NOW, note="Moving, the; server")


def view(*recent, states=None, windows=()):
    states = {"x": ServiceState("x", up_since=at(0)), "slack": ServiceState("slack", up_since=at(0))} | (states or {})
    states.setdefault("mail", ServiceState("mail", up_since=at(0)))
    services = tuple((service, states[service.id]) for service in (X, SLACK, MAIL))
    return Overview(NOW, services, recent=tuple(sorted(recent, key=lambda i: i.since, reverse=True)), windows=windows)


def made(overview, style=EN, *, log=None, **order):
    known = digest.facts(DigestOrder("comms", **order), overview, NOW - DAY, style, log or DeliverySummary())
    return digest.notice(known, style, "digest:comms:day"), wording.document(known, style)


BUSY = view(ONE, TWO, OPEN, WRONG, BLIND, states={"mail": ServiceState("mail", incident=OPEN)}, windows=(WORK,))


def test_a_busy_day_says_all_in_its_order():
    log = DeliverySummary(
        {"x#17": {"slack": 2, "email": 1}},
        sent=41,
        refused={("desk", "slack"): 3, ("", "email"): 1},
        fallbacks={("desk", "telegram"): 3},
        unproven={("board", "email"): 1},
    )
    notice, document = made(BUSY, log=log, title="Morning brief")
    assert notice.words.title == "📰 Morning brief, Thursday, July 14: Our mail is down; 3 incidents, 1 h 25 min"
    assert document.period == (
        "From Wednesday, July 13, 2022, 8:00 p.m. CEST to Thursday, July 14, 2022, 8:00 p.m. CEST"
    )
    assert document.name == "Morning brief"
    now, outages, uptime, blind, corrections, planned, delivery = document.sections
    assert (now.heading, now.lines) == ("Now", ("🔴 Our mail: down since 7:30 p.m.",))
    assert outages.table.head == ("Service", "Start", "End", "Length", "Details")
    assert outages.table.rows == (
        (
            "X (Twitter)",
            "2:00 p.m.",
            "2:50 p.m.",
            "50 min",
            SAID,
        ),
        ("Our mail", "7:30 p.m.", "still going on", "30 min", "Down."),
        (
            "X (Twitter)",
            "9:00 a.m.",
            "9:05 a.m.",
            "5 min",
            "Partly down. Confirmed by our checks 9:01 a.m. The official page never reported it.",
        ),
    )
    assert outages.notes == ("3 in all, 1 h 25 min.",)
    assert [(bar.name, bar.value) for bar in uptime.bars] == [
        ("X (Twitter)", "96.79%"),
        ("Our mail", "97.91%"),
        ("Slack", "100%"),
    ]
    assert uptime.bars[0].cells == "u" * 13 + "gu" + "uuu" + "Duuuuu"
    assert uptime.bars[0].alt.startswith("Down 2:04–2:50 p.m., in trouble 9:00–9:05 a.m.")
    assert blind.lines == ("Our own connection was down 2:00–2:04 p.m. (4 min).",)
    assert corrections.lines == ("X (Twitter): our notices of trouble 11:00–11:20 a.m. were wrong.",)
    assert planned.table.rows == (("Our mail", "10:00–11:00 p.m.", "Moving, the; server"),)
    assert delivery.lines == (
        '3 messages to "desk" were refused by Slack.',
        "1 message to subscribers was refused by e-mail.",
        '3 messages to "desk" went to Telegram instead, as the places before it did not take them.',
        'Nothing reached "board" by e-mail in 30 days, so nobody knows whether it works: try drill "board".',
        "41 messages were delivered.",
    )


def test_a_quiet_day_is_one_line_and_the_bars():
    notice, document = made(view())
    assert notice.words.title == "📰 comms, Thursday, July 14: all quiet, all 3 services were up"
    assert notice.words.lines == ()
    line, uptime = document.sections
    assert line.lines == ("No outage, and nothing was missed: all 3 services were up all the time.",)
    assert {bar.cells for bar in uptime.bars} == {"u" * 24}
    assert {bar.alt for bar in uptime.bars} == {"Up the whole time."}


def test_a_week_has_a_bar_a_day_and_says_which():
    known = digest.facts(DigestOrder("weekly"), view(ONE), NOW - 7 * DAY, ES)
    notice, document = digest.notice(known, ES, "t"), wording.document(known, ES)
    assert notice.words.title == "📰 weekly, 7 jul – 14 jul: 1 caída, 50 min"
    (uptime,) = [section for section in document.sections if section.bars]
    assert [len(bar.cells) for bar in uptime.bars] == [8, 8, 8]  # from evening to evening
    assert uptime.bars[0].cells == "uuuuuuud"
    assert uptime.notes[-1].startswith("Cada barra es un día.")


def test_what_repeats_is_in_the_subject():
    twice = [replace(ONE, number=n, since=at(hour), until=at(hour, 30)) for n, hour in ((17, 14), (18, 16))]
    notice, _ = made(view(*twice))
    assert notice.words.title == "📰 comms, Thursday, July 14: 2 outages, 1 h; X (Twitter) was down 2 times"


@pytest.mark.parametrize("style", [EN, ES])
def test_the_numbers_of_subject_table_and_chat_are_the_same(style):
    notice, document = made(BUSY, style)
    (table,) = [s for s in document.sections if s.table and len(s.table.head) == 5]
    length = wording.reader(style, NOW).duration(timedelta(minutes=85))
    assert length in notice.words.title
    assert length in table.notes[0]
    for bar in next(s for s in document.sections if s.bars).bars[:2]:
        assert any(line.startswith(f"{bar.name}: {bar.value}") for line in notice.words.lines)
    assert set(notice.headings) <= set(notice.words.lines)
    assert len(notice.headings) == 3


def test_more_outages_than_a_table_holds_are_counted():
    many = [
        replace(ONE, number=n, since=at(0) + n * 6 * HOUR / 60, until=at(0) + n * 6 * HOUR / 60 + HOUR / 60)
        for n in range(120)
    ]
    _, document = made(view(*many))
    (table,) = [s for s in document.sections if s.table]
    assert len(table.table.rows) == 100
    assert table.notes == ("… and 20 more", "120 in all, 2 h.")


def test_files_go_with_it_on_wish():
    formula = Service("mail", "=HYPERLINK(1)")
    services = ((X, ServiceState("x")), (formula, ServiceState("mail")))
    overview = replace(BUSY, services=services)
    _, document = made(overview, attach=("csv", "ics"))
    outages, uptime, calendar = document.attachments
    assert (outages.name, calendar.name) == ("outages-2022-07-14.csv", "planned-2022-07-14.ics")
    rows = list(csv.DictReader(io.StringIO(outages.text)))
    assert [row["incident"] for row in rows] == ["x#17", "mail#3", "x#18"]
    assert (rows[0]["start"], rows[0]["end"], rows[0]["seconds"]) == (
        "2022-07-14T12:00:00Z",
        "2022-07-14T12:50:00Z",
        "3000",
    )
    assert rows[1]["name"] == "'=HYPERLINK(1)"
    assert [row["service"] for row in csv.DictReader(io.StringIO(uptime.text))] == ["x", "mail"]
    lines = calendar.text.split("\r\n")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert "DTSTART:20220714T200000Z" in lines
    assert r"DESCRIPTION:Moving\, the\; server" in lines
    assert max(len(line.encode()) for line in lines) <= 75
    assert made(overview)[1].attachments == ()


def test_a_late_one_says_so_and_services_can_be_chosen():
    notice, document = made(BUSY, late=True, services=("slack",))
    assert document.sections[0].lines[-1] == "Sent late: this was due at 8:00 p.m."
    assert [bar.name for s in document.sections for bar in s.bars] == ["Slack"]
    assert "Our mail" not in notice.words.text


def test_our_own_outage_is_no_service_and_no_incident():
    _, document = made(view(BLIND))
    assert OURSELVES not in str(document)
    assert [s.heading for s in document.sections] == ["Uptime", "What we could not see"]

"""German as it is read, word for word: first lines, lines below them, answers, maintenance, times, counts and lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot import wording
from bot.model import (
    OURSELVES,
    Batch,
    BatchItem,
    ChangeKind,
    Destination,
    Health,
    Incident,
    Origin,
    Overview,
    Phase,
    Service,
    ServiceState,
    Style,
    Window,
)
from bot.wording.catalog import catalog, fold, input_words, weekdays
from bot.wording.text import choice, listed
from bot.wording.times import reader
from tests.reasons import TIMED_OUT
from tests.wording.outages import (
    ALL_CLEAR,
    BLIND,
    DOWN,
    INVESTIGATING,
    LIKELY,
    PARTLY,
    POSSIBLE,
    SLACK,
    SLOW,
    THEIRS,
    TRACKED,
    UNSTABLE,
    WORN,
    X,
    at,
    bad,
    told,
)

DE = Style("de", "Europe/Berlin")
SAY = catalog("de")
EASED = replace(PARTLY, worst=Health.DOWN)
REPORTED = replace(DOWN, reports=(replace(INVESTIGATING, headline="Errors"),), official_at=at(14, 21))
FIRST_LINES: list[tuple[ChangeKind, Incident, datetime, str]] = [
    (ChangeKind.CONFIRMED, DOWN, at(14, 1), "🔴 X (Twitter): ausgefallen seit 14:00 Uhr"),
    (ChangeKind.CONFIRMED, DOWN, at(9, day=16), "🔴 X (Twitter): ausgefallen seit Donnerstag, 14:00 Uhr"),
    (ChangeKind.CONFIRMED, PARTLY, at(14, 1), "🟠 X (Twitter): Teilausfall seit 14:00 Uhr (TweetDeck)"),
    (ChangeKind.CONFIRMED, SLOW, at(14, 1), "🟠 X (Twitter): langsam seit 14:00 Uhr (web)"),
    (
        ChangeKind.CONFIRMED,
        UNSTABLE,
        at(14, 31),
        "🔴 X (Twitter): wieder ausgefallen, instabil seit 14:00 Uhr (3 Ausfälle)",
    ),
    (ChangeKind.EASED, EASED, at(14, 30), "🟠 X (Twitter): nur noch Teilausfall (TweetDeck), gestört seit 14:00 Uhr"),
    (
        ChangeKind.EASED,
        replace(SLOW, worst=Health.DOWN),
        at(14, 30),
        "🟠 X (Twitter): wieder da, aber langsam (web), gestört seit 14:00 Uhr",
    ),
    (
        ChangeKind.OPENED,
        POSSIBLE,
        at(14),
        "🟡 X (Twitter): möglicherweise ausgefallen seit etwa 14:00 Uhr (unbestätigt)",
    ),
    (ChangeKind.OPENED, LIKELY, at(14), "🟠 X (Twitter): wahrscheinlich ausgefallen seit etwa 14:00 Uhr"),
    (
        ChangeKind.OPENED,
        replace(THEIRS, reports=(replace(INVESTIGATING, headline="Elevated errors"),)),
        at(14, 21),
        "🟠 X (Twitter): Statusseite meldet „Elevated errors“ (14:21 Uhr)",
    ),
    (ChangeKind.OPENED, WORN, at(14, 1), "🟠 X (Twitter): Zertifikat läuft in 5 Tagen ab (20. Juli)"),
    (
        ChangeKind.OFFICIAL,
        REPORTED,
        at(14, 21),
        "🔵 X (Twitter): Statusseite meldet jetzt „Errors“ (14:21 Uhr, 21 Min. nach uns)",
    ),
    (
        ChangeKind.OFFICIAL,
        replace(REPORTED, reports=(ALL_CLEAR,)),
        at(14, 40),
        "🔵 X (Twitter): Statusseite meldet keine Störung mehr (14:40 Uhr)",
    ),
    (
        ChangeKind.ACKNOWLEDGED,
        replace(DOWN, acked_by="Ana", acked_at=at(14, 5)),
        at(14, 5),
        "👀 X (Twitter): Ana kümmert sich darum (14:05 Uhr)",
    ),
    (
        ChangeKind.REMINDED,
        DOWN,
        at(15, 30),
        "🔴 X (Twitter): nach 1 Std. 30 Min. weiter ausgefallen (seit 14:00 Uhr)",
    ),
    (
        ChangeKind.REMINDED,
        POSSIBLE,
        at(14, 30),
        "🟡 X (Twitter): nach 30 Min. womöglich noch gestört (seit etwa 14:00 Uhr)",
    ),
    (
        ChangeKind.RESTORED,
        replace(DOWN, until=at(14, 50)),
        at(14, 51),
        "🟢 X (Twitter): ausgefallen seit 14:00 Uhr, seit 14:50 Uhr wieder da (50 Min.)",
    ),
    (
        ChangeKind.RESTORED,
        replace(DOWN, since=at(23, 40), until=at(0, 20, day=15)),
        at(0, 21, day=15),
        "🟢 X (Twitter): wieder da, Ausfall Do., 23:40 – Fr., 00:20 Uhr (40 Min.)",
    ),
    (
        ChangeKind.RESTORED,
        replace(PARTLY, until=at(14, 50)),
        at(14, 51),
        "🟢 X (Twitter): Teilausfall seit 14:00 Uhr, seit 14:50 Uhr behoben (50 Min.)",
    ),
    (
        ChangeKind.RESTORED,
        replace(SLOW, until=at(14, 50)),
        at(14, 51),
        "🟢 X (Twitter): langsam seit 14:00 Uhr, seit 14:50 Uhr wieder normal (50 Min.)",
    ),
    (
        ChangeKind.RESTORED,
        replace(POSSIBLE, until=at(14, 50)),
        at(14, 51),
        "🟢 X (Twitter): möglicher Ausfall 14:00–14:50 Uhr, antwortet wieder (50 Min.)",
    ),
    (
        ChangeKind.RESTORED,
        replace(UNSTABLE, until=at(14, 50)),
        at(14, 51),
        "🟢 X (Twitter): instabil seit 14:00 Uhr (3 Ausfälle), stabil seit 14:50 Uhr",
    ),
    (
        ChangeKind.RETRACTED,
        POSSIBLE,
        at(14, 5),
        "⚪ X (Twitter): mögliche Störung (14:00 Uhr) nicht bestätigt, Dienst antwortet.",
    ),
    (
        ChangeKind.RETRACTED,
        replace(DOWN, retracted=True),
        at(15),
        "⚪ Korrektur: X (Twitter) war nicht ausgefallen.",
    ),
    (ChangeKind.UNWATCHED, DOWN, at(15), "⚪ X (Twitter): nicht mehr überwacht (gestört seit 14:00 Uhr)"),
]


@pytest.mark.parametrize(("kind", "incident", "when", "said"), FIRST_LINES)
def test_the_first_line_fits_a_lock_screen(kind: ChangeKind, incident: Incident, when: datetime, said: str) -> None:
    assert told(kind, incident, when, DE).words.title == said
    assert len(said) <= 80


@pytest.mark.parametrize(
    ("incident", "said"),
    [
        (BLIND, "⚫ Unsere eigene Verbindung fiel 14:00–14:04 Uhr aus; wir konnten nichts prüfen."),
        (
            replace(BLIND, unstable_since=at(14)),
            "⚫ Unser eigener Rechner war 14:00–14:04 Uhr gestört; wir konnten nichts prüfen.",
        ),
    ],
)
def test_our_own_end_is_told_whole(incident: Incident, said: str) -> None:
    words = told(ChangeKind.RESTORED, incident, at(14, 4), DE, Service(OURSELVES, "Tocsin")).words
    assert words.text.splitlines() == [said, "Für diese Zeit liegen uns keine Daten vor."]
    assert len(said) <= 80


def test_the_evidence_below() -> None:
    lasting = replace(
        TRACKED,
        readings=bad("web", "app", why=TIMED_OUT),
        number_this_year=3,
        previous=(at(9, day=3), at(9, 50, day=3)),
    )
    assert told(ChangeKind.LASTING, lasting, at(15), DE).words.lines == (
        (
            "Web und app antworten nicht (Zeitüberschreitung nach 10 s beim Verbindungsaufbau). "
            "Durch eigene Prüfungen bestätigt (14:01 Uhr)."
        ),
        "Offizielle Statusseite: keine Störung gemeldet (Stand: 14:01 Uhr).",
        ("Nutzermeldungen: 1.243 in der letzten Stunde, sonst meist 35 (Downdetector). IsItDownRightNow: ausgefallen."),
        "Dritter erfasster Ausfall in diesem Jahr; zuletzt: 3. Juli, 50 Min.",
        "Noch kümmert sich niemand darum. Zum Übernehmen „ack x“ senden.",
    )


def test_the_lines_under_an_end() -> None:
    over = replace(REPORTED, until=at(14, 50))
    lines = told(
        ChangeKind.RESTORED, over, at(14, 51), DE, others=((SLACK, replace(SLOW, service="slack")),)
    ).words.lines
    assert lines == (
        (
            "Erste Meldung der offiziellen Statusseite: 14:21 Uhr, 21 Min. nach uns. "
            "Teilausfall oder langsam: Slack seit 14:00 Uhr."
        ),
    )


def test_answers_and_the_digest() -> None:
    over = (replace(DOWN, until=at(14, 50)),)
    up = ((X, ServiceState("x", up_since=at(14, 50))), (SLACK, ServiceState("slack", up_since=at(1))))
    seen = Overview(at(15), up, over)
    assert wording.status(seen, DE).text.splitlines() == [
        "🟢 Alle 2 Dienste laufen.",
        "Letzter Ausfall: X (Twitter), 14:00–14:50 Uhr (50 Min.).",
        "Am längsten ohne Störung: Slack, seit 01:00 Uhr.",
    ]
    assert wording.digest("Überblick", seen, at(15, day=7), DE).text.splitlines() == [
        "📰 Überblick, 7. Juli – 14. Juli: 1 Ausfall, 50 Min.",
        "Störungen:",
        "X (Twitter): ausgefallen 14:00–14:50 Uhr (50 Min.).",
        "Verfügbarkeit in den letzten 7 Tagen:",
        "X (Twitter): 99,5 %",
        "Alle anderen: 100 %",
    ]
    quiet = wording.digest("Überblick", replace(seen, recent=()), at(15, day=13), DE).text
    assert quiet == "📰 Überblick, Donnerstag, 14. Juli: alles ruhig, alle 2 Dienste liefen"
    down = replace(seen, services=((X, ServiceState("x", incident=DOWN)), up[1]))
    assert wording.status(down, DE).title == "🔴 1 von 2 Diensten ausgefallen"


def test_what_was_missed_is_told_in_one_line() -> None:
    line = told(ChangeKind.RESTORED, replace(DOWN, until=at(14, 35)), at(14, 35), DE).line
    items = (BatchItem("x#17", line, ends=True, since=at(14), at=at(14, 35)),)
    missed = Batch("#many#7/9", "#many#7", Destination("slack", "C1"), items, DE, at(14, 1), late=True)
    title = wording.many(missed, at(14, 41), (at(13, 55), at(14, 40))).words.title
    assert title == "🟢 Bei Slack-Ausfall (13:55–14:40): X (Twitter) war 14:00–14:35 Uhr ausgefallen"
    assert len(title) <= 80


@pytest.mark.parametrize(
    ("phase", "said"),
    [
        (Phase.PLANNED, "🛠 Mail: Wartung Do., 22:00–23:30 Uhr"),
        (Phase.BEGUN, "🛠 Mail: in Wartung bis Donnerstag, 23:30 Uhr"),
        (Phase.MOVED, "🛠 Mail: Wartung verschoben auf Do., 22:00–23:30 Uhr"),
        (Phase.CANCELLED, "🛠 Mail: Wartung Do., 22:00–23:30 Uhr abgesagt"),
        (Phase.ENDED, "🛠 Mail: Wartung beendet (Do., 22:00–23:30 Uhr)"),
    ],
)
def test_maintenance(phase: Phase, said: str) -> None:
    window = Window("k", ("mail",), at(22), at(23, 30), Origin.FILE, at(1), number=3, steps=1)
    assert wording.maintenance(window, phase, (Service("mail", "Mail"),), DE, at(9, day=12)).words.title == said


@pytest.mark.parametrize(
    ("since", "point", "span"),
    [
        (at(9, 5), "09:05 Uhr", "09:05–09:55"),
        (at(1), "01:00 Uhr", "01:00–01:50"),
        (at(14, day=12), "Dienstag, 14:00 Uhr", "Di., 14:00–14:50"),
        (at(14, day=3, month=3), "3. März, 14:00 Uhr", "3. März, 14:00–14:50"),
        (at(14, day=3, month=12, year=2021), "3. Dez. 2021, 14:00 Uhr", "3. Dez. 2021, 14:00–14:50"),
    ],
)
def test_days_today_near_far_and_of_another_year(since: datetime, point: str, span: str) -> None:
    to = reader(DE, at(15))
    assert (to.point(since), to.span(since, since + timedelta(minutes=50))) == (point, span)


@pytest.mark.parametrize(
    ("count", "incidents", "routes", "more"),
    [
        (1, "1 Störung", "1 Bereich", "web und 1 weiterer"),
        (2, "2 Störungen", "2 Bereiche", "web und 2 weitere"),
        (5, "5 Störungen", "5 Bereiche", "web und 5 weitere"),
    ],
)
def test_one_two_and_five(count: int, incidents: str, routes: str, more: str) -> None:
    assert SAY.batches.incidents.format(count=count) == incidents
    assert SAY.titles.routes.format(count=count) == routes
    assert SAY.lists.more.format(head="web", count=count) == more


def test_lists_labels_and_what_is_typed() -> None:
    assert listed(["web", "app", "iOS"], SAY) == "web, app und iOS"
    assert choice(["de", "en"], SAY) == "de oder en"
    assert all(len(SAY.buttons[label]) <= 20 for label in SAY.buttons if "{" not in SAY.buttons[label])
    assert {fold(word) for word in ("für", "fuer")} <= input_words("for")
    assert weekdays()["mi"] == weekdays()["mittwochs"] == 2
    assert weekdays()["sonnabend"] == weekdays()["samstag"] == 5

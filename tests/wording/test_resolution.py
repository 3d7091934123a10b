"""How an incident ends, word for word."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bot.model import ChangeKind, Incident, Service, Style, Tone
from tests.wording.outages import (
    ALL_CLEAR,
    BLIND,
    DOWN,
    EN,
    ES,
    INVESTIGATING,
    LIKELY,
    PARTLY,
    POSSIBLE,
    SLACK,
    SLOW,
    THEIRS,
    UNSTABLE,
    X,
    at,
    told,
)

OVER = replace(DOWN, until=at(14, 50))

TITLES: list[tuple[ChangeKind, Incident, datetime, str, str]] = [
    (
        ChangeKind.RESTORED,
        OVER,
        at(14, 51),
        "🟢 X (Twitter): down since 2:00 p.m., restored 2:50 p.m. (50 min)",
        "🟢 X (Twitter): caído desde las 14:00, restablecido a las 14:50 (50 min)",
    ),
    (
        ChangeKind.RESTORED,
        replace(PARTLY, until=at(14, 50)),
        at(14, 51),
        "🟢 X (Twitter): partly down since 2:00 p.m., restored 2:50 p.m. (50 min)",
        "🟢 X (Twitter): con fallos desde las 14:00, restablecido a las 14:50 (50 min)",
    ),
    (
        ChangeKind.RESTORED,
        replace(SLOW, until=at(14, 50)),
        at(14, 51),
        "🟢 X (Twitter): slow since 2:00 p.m., back to normal 2:50 p.m. (50 min)",
        "🟢 X (Twitter): normal de nuevo, con lentitud 14:00–14:50 (50 min)",
    ),
    (
        ChangeKind.RESTORED,
        replace(LIKELY, until=at(14, 5)),
        at(14, 5),
        "🟢 X (Twitter): may have been down 2:00–2:05 p.m., responding again (5 min)",
        "🟢 X (Twitter): pudo no funcionar 14:00–14:05, responde de nuevo (5 min)",
    ),
    (
        ChangeKind.RESTORED,
        replace(THEIRS, official_at=at(14, 21), reports=(ALL_CLEAR,), until=at(14, 50)),
        at(14, 51),
        "🟢 X (Twitter): status page reported trouble 2:21–2:50 p.m., now all clear",
        "🟢 X (Twitter): su página de estado informó de problemas 14:21–14:50, ya no",
    ),
    (
        ChangeKind.RESTORED,
        replace(UNSTABLE, until=at(14, 50)),
        at(15),
        "🟢 X (Twitter): unstable since 2:00 p.m. (down 3 times), stable since 2:50 p.m.",
        "🟢 X (Twitter): inestable desde las 14:00 (3 caídas), estable desde las 14:50",
    ),
    (
        ChangeKind.RETRACTED,
        POSSIBLE,
        at(14, 1),
        "⚪ X (Twitter): possible trouble at 2:00 p.m. was not confirmed. It's responding.",
        "⚪ X (Twitter): el posible problema de las 14:00 no se confirmó. Responde.",
    ),
    (
        ChangeKind.RETRACTED,
        replace(DOWN, retracted=True),
        at(14, 9),
        "⚪ Correction: X (Twitter) was not down.",
        "⚪ Corrección: X (Twitter) sí funcionaba.",
    ),
    (
        ChangeKind.RETRACTED,
        replace(PARTLY, retracted=True),
        at(14, 9),
        "⚪ Correction: X (Twitter) had no trouble.",
        "⚪ Corrección: X (Twitter) no tenía problemas.",
    ),
    (  # it was never said to be down
        ChangeKind.RETRACTED,
        replace(POSSIBLE, retracted=True, until=at(14, 1)),
        at(14, 1),
        "⚪ Correction: X (Twitter) had no trouble.",
        "⚪ Corrección: X (Twitter) no tenía problemas.",
    ),
]


@pytest.mark.parametrize(("kind", "incident", "when", "english", "spanish"), TITLES)
def test_the_first_line_of_an_end_is_word_for_word(
    kind: ChangeKind, incident: Incident, when: datetime, english: str, spanish: str
) -> None:
    assert told(kind, incident, when).words.title == english
    assert told(kind, incident, when, ES).words.title == spanish


def test_its_end_is_told_with_what_else_is_open() -> None:
    assert told(ChangeKind.RESTORED, OVER, at(14, 51)).words.lines == (
        "The official status page never reported it. Everything else you follow is up.",
    )
    slack = replace(DOWN, service="slack", since=at(13, 55), until=None)
    mail = replace(PARTLY, service="mail", since=at(13))
    late = replace(OVER, official_at=at(14, 21))
    ended = told(ChangeKind.RESTORED, late, at(14, 51), others=((SLACK, slack), (Service("mail", "Our mail"), mail)))
    assert ended.words.lines == (
        (
            "The official status page reported it at 2:21 p.m., 21 min after us. "
            "Still down: Slack since 1:55 p.m. Partly down or slow: Our mail since 1:00 p.m."
        ),
    )
    spanish = told(ChangeKind.RESTORED, late, at(14, 51), ES, others=((SLACK, slack),))
    assert spanish.words.lines == (
        (
            "La página de estado oficial informó de ello a las 14:21, 21 min después que nosotros. "
            "Siguen sin funcionar: Slack desde las 13:55."
        ),
    )


def test_of_eight_others_five_are_named() -> None:
    others = tuple((Service(f"s{n}", f"S{n}"), replace(DOWN, service=f"s{n}", since=at(13))) for n in range(8))
    line = told(ChangeKind.RESTORED, OVER, at(14, 51), others=others).words.lines[0]
    assert line.count("since 1:00 p.m.") == 5
    assert line.endswith("S4 since 1:00 p.m. and 3 more.")


def test_of_thousands_a_few_are_named_and_what_has_ended_is_none_of_them() -> None:
    others = ((X, DOWN), *((Service(f"s{n}", f"S{n}"), replace(DOWN, service=f"s{n}")) for n in range(5000)))
    line = told(ChangeKind.RESTORED, OVER, at(14, 51), others=others).words.lines[0]
    assert "Still down: S0 since" in line
    assert line.endswith(" and 4995 more.")
    assert told(ChangeKind.RESTORED, OVER, at(14, 51), others=((X, DOWN),)).words.lines[0].endswith("you follow is up.")


def test_what_is_not_confirmed_elsewhere_is_not_called_down_nor_up() -> None:
    doubt = replace(POSSIBLE, service="slack", since=at(13, 55))
    line = told(ChangeKind.RESTORED, OVER, at(14, 51), others=((SLACK, doubt),)).words.lines[0]
    assert line == "The official status page never reported it. May be in trouble: Slack since 1:55 p.m."


def test_a_page_that_could_not_be_read_is_not_said_never_to_have_reported() -> None:
    unread = replace(OVER, reports=(replace(ALL_CLEAR, says=None),))
    assert told(ChangeKind.RESTORED, unread, at(14, 51)).words.lines == ("Everything else you follow is up.",)
    assert told(ChangeKind.RESTORED, replace(OVER, reports=()), at(14, 51)).words.lines == (
        "Everything else you follow is up.",
    )


@pytest.mark.parametrize(
    ("minute", "english"),
    [
        (0, "The official status page reported it at 2:00 p.m. Everything else you follow is up."),
        (21, "The official status page reported it at 2:21 p.m., 21 min after us. Everything else you follow is up."),
    ],
)
def test_the_official_word_is_timed_against_ours(minute: int, english: str) -> None:
    late = replace(OVER, official_at=at(14, minute))
    assert told(ChangeKind.RESTORED, late, at(14, 51)).words.lines == (english,)


def test_a_page_that_was_first_is_given_its_due() -> None:
    early = replace(OVER, official_at=at(13, 55))
    assert (
        told(ChangeKind.RESTORED, early, at(14, 51))
        .words.lines[0]
        .startswith("The official status page reported it at 1:55 p.m., 5 min before us.")
    )


def test_our_own_blindness_is_told_once_it_is_over() -> None:
    tocsin = Service("tocsin", "Tocsin")
    notice = told(ChangeKind.RESTORED, BLIND, at(14, 4), service=tocsin)
    assert notice.words.text == (
        "⚫ Our own connection was down 2:00–2:04 p.m.; we couldn't check anything.\nWe have no data for that time."
    )
    assert (notice.tone, notice.fresh) == (Tone.UNSEEN, True)
    assert told(ChangeKind.RESTORED, BLIND, at(14, 4), ES, tocsin).words.text == (
        "⚫ Nuestra propia conexión falló 14:00–14:04; no pudimos comprobar nada.\nNo tenemos datos de ese tiempo."
    )
    slept = replace(BLIND, unstable_since=BLIND.since)
    assert told(ChangeKind.RESTORED, slept, at(14, 4), service=tocsin).words.title == (
        "⚫ Our own machine had trouble 2:00–2:04 p.m.; we couldn't check anything."
    )
    assert told(ChangeKind.RESTORED, slept, at(14, 4), ES, tocsin).words.title == (
        "⚫ Nuestra propia máquina tuvo problemas 14:00–14:04; no pudimos comprobar nada."
    )
    opened = told(ChangeKind.OPENED, replace(BLIND, until=None, steps=1), at(14), service=tocsin)
    assert opened.words.text == "⚫ Our own connection has been down since 2:00 p.m."


def test_a_blindness_over_many_days_still_fits_the_first_line() -> None:
    long = replace(BLIND, since=at(23, 40, day=30, month=9, year=2021), until=at(0, 10, day=10))
    for style in (EN, Style("es", "Europe/Madrid", "12h")):
        assert len(told(ChangeKind.RESTORED, long, at(14), style, Service("tocsin", "Tocsin")).words.title) <= 80
    assert told(ChangeKind.RESTORED, long, at(14), EN, Service("tocsin", "Tocsin")).words.title == (
        "⚫ Our own connection was down for 282 d 1 h, until 12:10 a.m. Sun"
    )


def test_a_correction_says_what_was_wrong_and_who_said_so() -> None:
    wrong = replace(DOWN, retracted=True)
    assert told(ChangeKind.RETRACTED, wrong, at(14, 9), by="Ana").words.lines == (
        "Our notice of trouble at 2:00 p.m. was wrong.",
        "Corrected by Ana.",
    )
    assert told(ChangeKind.RETRACTED, wrong, at(14, 9), ES, by="Ana").words.lines == (
        "Nuestro aviso de problemas desde las 14:00 era erróneo.",
        "Corregido por Ana.",
    )


def test_a_correction_afterwards_names_all_the_time_that_was_not() -> None:
    wrong = replace(OVER, retracted=True, steps=4)
    notice = told(ChangeKind.RETRACTED, wrong, at(15), by="Ana", why="the check asked the wrong host.")
    assert notice.words == notice.root
    assert notice.line == notice.words.title  # among others, too, it is not said to be down
    assert notice.words.lines == (
        "Our notices of trouble 2:00–2:50 p.m. were wrong.",
        "Corrected by Ana.",
        "The check asked the wrong host.",
    )
    assert told(ChangeKind.RETRACTED, wrong, at(15), ES).words.lines == (
        "Nuestros avisos de problemas (14:00–14:50) eran erróneos.",
    )


def test_a_service_without_checks_is_not_said_to_answer() -> None:
    assert told(ChangeKind.RETRACTED, POSSIBLE, at(14, 1), service=replace(X, routes=())).words.title == (
        "⚪ X (Twitter): possible trouble at 2:00 p.m. was not confirmed"
    )


@pytest.mark.parametrize("style", [EN, ES, Style("es", "Europe/Madrid", "12h"), Style("en", "Europe/Madrid", "24h")])
def test_a_long_name_is_cut_at_an_end_and_state_and_time_never(style: Style) -> None:
    long = replace(X, name="The extraordinarily long name of a service that nobody would ever want to have to read")
    for kind, incident, when, *_ in TITLES:
        title = told(kind, incident, when, style, long).words.title
        assert len(title) <= 80
        assert "…" in title


SAID = replace(INVESTIGATING, headline="Elevated errors", link="https://www.githubstatus.com/incidents/f314#u_2")
REPORTED = replace(OVER, official_at=at(14, 21), official_last=SAID)


@pytest.mark.parametrize(
    ("incident", "english", "spanish"),
    [
        (
            replace(REPORTED, reports=(ALL_CLEAR,)),
            'Official status page, last word: "Elevated errors" – https://www.githubstatus.com/incidents/f314#u_2',
            (
                "Página de estado oficial, última comunicación: «Elevated errors» – "
                "https://www.githubstatus.com/incidents/f314#u_2"
            ),
        ),
        (
            replace(REPORTED, reports=(SAID,)),
            'Official status page still says "Elevated errors" – https://www.githubstatus.com/incidents/f314#u_2',
            (
                "Página de estado oficial: sigue indicando «Elevated errors» – "
                "https://www.githubstatus.com/incidents/f314#u_2"
            ),
        ),
        (
            replace(REPORTED, official_last=replace(SAID, link="")),
            'Official status page, last word: "Elevated errors".',
            "Página de estado oficial, última comunicación: «Elevated errors».",
        ),
    ],
)
def test_the_end_quotes_the_last_word_of_the_official_page(incident, english, spanish):
    for style, line in ((EN, english), (ES, spanish)):
        assert told(ChangeKind.RESTORED, incident, at(14, 51), style).words.lines[-1] == line


@pytest.mark.parametrize("last", [None, replace(SAID, headline="")])
def test_a_page_that_gave_no_word_is_not_quoted(last):
    assert len(told(ChangeKind.RESTORED, replace(REPORTED, official_last=last), at(14, 51), EN).words.lines) == 1

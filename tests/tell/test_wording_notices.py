"""Every sentence of a notice, word for word."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bot.model import Confidence, Health, Incident, Kind, Outcome, Reading, Role, Service, Style, Tone, Word
from tests.tell.outages import (
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
    bad,
    slow,
    told,
)

OVER = replace(DOWN, until=at(14, 50))
TITLES: list[tuple[Kind, Incident, datetime, str, str]] = [
    (
        Kind.CONFIRMED,
        DOWN,
        at(14, 1),
        "🔴 X (Twitter) is down since 2:00 p.m.",
        "🔴 X (Twitter) no funciona desde las 14:00",
    ),
    (
        Kind.WORSENED,
        DOWN,
        at(14, 9),
        "🔴 X (Twitter) is down since 2:00 p.m.",
        "🔴 X (Twitter) no funciona desde las 14:00",
    ),
    (
        Kind.CONFIRMED,
        PARTLY,
        at(14, 1),
        "🟠 X (Twitter) is partly down since 2:00 p.m.: TweetDeck",
        "🟠 X (Twitter) falla en parte desde las 14:00: TweetDeck",
    ),
    (
        Kind.CONFIRMED,
        replace(PARTLY, readings=()),
        at(14, 1),
        "🟠 X (Twitter) is partly down since 2:00 p.m.",
        "🟠 X (Twitter) falla en parte desde las 14:00",
    ),
    (
        Kind.CONFIRMED,
        SLOW,
        at(14, 1),
        "🟠 X (Twitter) is slow since 2:00 p.m.: web",
        "🟠 X (Twitter) va con lentitud desde las 14:00: web",
    ),
    (
        Kind.EASED,
        replace(PARTLY, worst=Health.DOWN),
        at(14, 30),
        "🟠 X (Twitter) is now partly down: TweetDeck (trouble since 2:00 p.m.)",
        "🟠 X (Twitter) ahora falla solo en parte: TweetDeck (problemas desde las 14:00)",
    ),
    (
        Kind.EASED,
        replace(SLOW, worst=Health.DOWN),
        at(14, 30),
        "🟠 X (Twitter) is now only slow: web (trouble since 2:00 p.m.)",
        "🟠 X (Twitter) ahora solo va con lentitud: web (problemas desde las 14:00)",
    ),
    (
        Kind.OPENED,
        POSSIBLE,
        at(14),
        "🟡 X (Twitter) may be down since about 2:00 p.m. (not confirmed)",
        "🟡 X (Twitter) podría no funcionar desde las 14:00 aprox. (sin confirmar)",
    ),
    (
        Kind.OPENED,
        replace(POSSIBLE, health=Health.DEGRADED, worst=Health.DEGRADED, readings=bad("app")),
        at(14),
        "🟡 X (Twitter) may be partly down since about 2:00 p.m. (not confirmed)",
        "🟡 X (Twitter) podría fallar en parte desde las 14:00 aprox. (sin confirmar)",
    ),
    (
        Kind.OPENED,
        replace(POSSIBLE, health=Health.DEGRADED, worst=Health.DEGRADED, readings=(slow("app"),)),
        at(14),
        "🟡 X (Twitter) may be slow since about 2:00 p.m. (not confirmed)",
        "🟡 X (Twitter) podría ir con lentitud desde las 14:00 aprox. (sin confirmar)",
    ),
    (
        Kind.OPENED,
        replace(POSSIBLE, health=Health.DEGRADED, worst=Health.DEGRADED, readings=()),
        at(14),
        "🟡 X (Twitter) may have trouble since about 2:00 p.m. (not confirmed)",
        "🟡 X (Twitter) podría tener problemas desde las 14:00 aprox. (sin confirmar)",
    ),
    (
        Kind.OPENED,
        LIKELY,
        at(14),
        "🟠 X (Twitter) is probably down since about 2:00 p.m.",
        "🟠 X (Twitter) probablemente no funciona desde las 14:00 aprox.",
    ),
    (
        Kind.OPENED,
        replace(LIKELY, health=Health.DEGRADED, readings=bad("app")),
        at(14),
        "🟠 X (Twitter) is probably partly down since about 2:00 p.m.",
        "🟠 X (Twitter) probablemente falla en parte desde las 14:00 aprox.",
    ),
    (
        Kind.OPENED,
        replace(LIKELY, health=Health.DEGRADED, readings=(slow("app"),)),
        at(14),
        "🟠 X (Twitter) is probably slow since about 2:00 p.m.",
        "🟠 X (Twitter) probablemente va con lentitud desde las 14:00 aprox.",
    ),
    (
        Kind.OPENED,
        replace(THEIRS, words=(replace(INVESTIGATING, headline="Elevated errors"),)),
        at(14, 21),
        '🟠 X (Twitter): its status page reports "Elevated errors" (2:21 p.m.)',
        "🟠 X (Twitter): su página de estado informa: «Elevated errors» (14:21)",
    ),
    (
        Kind.OPENED,
        replace(THEIRS, health=Health.DOWN, words=(replace(INVESTIGATING, headline="", says=Health.DOWN),)),
        at(14, 21),
        "🟠 X (Twitter): its status page reports an outage (2:21 p.m.)",
        "🟠 X (Twitter): su página de estado informa de una caída (14:21)",
    ),
    (
        Kind.OFFICIAL,
        replace(DOWN, words=(replace(INVESTIGATING, headline="Errors"),), official_at=at(14, 21)),
        at(14, 21),
        '🔵 X (Twitter): its status page now says "Errors" (2:21 p.m., 21 min after us)',
        "🔵 X (Twitter): su página de estado dice «Errors» (14:21)",
    ),
    (
        Kind.OFFICIAL,
        replace(DOWN, words=(INVESTIGATING,), official_at=at(14, 21)),
        at(14, 21),
        '🔵 X (Twitter): its status page says "Investigating elevated errors" (2:21 p.m.)',
        "🔵 X (Twitter): su página de estado dice «Investigating elevated errors» (14:21)",
    ),
    (
        Kind.OFFICIAL,
        replace(DOWN, words=(replace(INVESTIGATING, headline=""),), official_at=at(14, 21)),
        at(14, 21),
        "🔵 X (Twitter): its status page now reports trouble (2:21 p.m.)",
        "🔵 X (Twitter): su página de estado informa ahora de problemas (14:21)",
    ),
    (
        Kind.ACKNOWLEDGED,
        replace(DOWN, acked_by="Ana", acked_at=at(14, 5)),
        at(14, 5),
        "👀 X (Twitter): Ana is looking into it (2:05 p.m.)",
        "👀 X (Twitter): Ana se está ocupando (14:05)",
    ),
    (
        Kind.REMINDED,
        DOWN,
        at(15, 30),
        "🔴 X (Twitter) is still down: 1 h 30 min so far, since 2:00 p.m.",
        "🔴 X (Twitter) sigue sin funcionar: 1 h 30 min hasta ahora, desde las 14:00",
    ),
    (
        Kind.REMINDED,
        PARTLY,
        at(14, 30),
        "🟠 X (Twitter) is still partly down: 30 min so far, since 2:00 p.m.",
        "🟠 X (Twitter) sigue fallando en parte: 30 min hasta ahora, desde las 14:00",
    ),
    (
        Kind.REMINDED,
        SLOW,
        at(14, 30),
        "🟠 X (Twitter) is still slow: 30 min so far, since 2:00 p.m.",
        "🟠 X (Twitter) sigue con lentitud: 30 min hasta ahora, desde las 14:00",
    ),
    (
        Kind.REMINDED,
        UNSTABLE,
        at(15),
        "🔴 X (Twitter) is still unstable: 1 h so far, since 2:00 p.m.",
        "🔴 X (Twitter) sigue inestable: 1 h hasta ahora, desde las 14:00",
    ),
    (
        Kind.REMINDED,
        POSSIBLE,
        at(14, 30),
        "🟡 X (Twitter) may still have trouble: 30 min so far, since about 2:00 p.m.",
        "🟡 X (Twitter) podría no funcionar desde las 14:00 aprox. (sin confirmar)",
    ),
    (
        Kind.RESTORED,
        OVER,
        at(14, 51),
        "🟢 X (Twitter): down since 2:00 p.m., restored 2:50 p.m. (50 min)",
        "🟢 X (Twitter): caído desde las 14:00, restablecido a las 14:50 (50 min)",
    ),
    (
        Kind.RESTORED,
        replace(PARTLY, until=at(14, 50)),
        at(14, 51),
        "🟢 X (Twitter): partly down since 2:00 p.m., restored 2:50 p.m. (50 min)",
        "🟢 X (Twitter): con fallos desde las 14:00, restablecido a las 14:50 (50 min)",
    ),
    (
        Kind.RESTORED,
        replace(SLOW, until=at(14, 50)),
        at(14, 51),
        "🟢 X (Twitter): slow since 2:00 p.m., back to normal 2:50 p.m. (50 min)",
        "🟢 X (Twitter): normal de nuevo, con lentitud 14:00–14:50 (50 min)",
    ),
    (
        Kind.RESTORED,
        replace(LIKELY, until=at(14, 5)),
        at(14, 5),
        "🟢 X (Twitter): may have been down 2:00–2:05 p.m., answers again (5 min)",
        "🟢 X (Twitter): pudo no funcionar 14:00–14:05, responde de nuevo (5 min)",
    ),
    (
        Kind.RESTORED,
        replace(THEIRS, official_at=at(14, 21), words=(ALL_CLEAR,), until=at(14, 50)),
        at(14, 51),
        "🟢 X (Twitter): its status page reported trouble 2:21–2:50 p.m., now no more",
        "🟢 X (Twitter): su página de estado informó de problemas 14:21–14:50, ya no",
    ),
    (
        Kind.CONFIRMED,
        UNSTABLE,
        at(14, 31),
        "🔴 X (Twitter) is unstable since 2:00 p.m.: down 3 times",
        "🔴 X (Twitter) está inestable desde las 14:00: 3 caídas",
    ),
    (
        Kind.CONFIRMED,
        replace(PARTLY, unstable_since=at(14), outages=3),
        at(14, 31),
        "🟠 X (Twitter) is unstable since 2:00 p.m.: in trouble 3 times",
        "🟠 X (Twitter) está inestable desde las 14:00: 3 fallos",
    ),
    (
        Kind.RESTORED,
        replace(UNSTABLE, until=at(14, 50)),
        at(15),
        "🟢 X (Twitter): unstable since 2:00 p.m. (down 3 times), steady since 2:50 p.m.",
        "🟢 X (Twitter): inestable desde las 14:00 (3 caídas), estable desde las 14:50",
    ),
    (
        Kind.RETRACTED,
        POSSIBLE,
        at(14, 1),
        "⚪ X (Twitter): possible trouble at 2:00 p.m. was not confirmed. It answers.",
        "⚪ X (Twitter): el posible problema de las 14:00 no se confirmó. Responde.",
    ),
    (
        Kind.RETRACTED,
        replace(DOWN, retracted=True),
        at(14, 9),
        "⚪ Correction: X (Twitter) was not down.",
        "⚪ Corrección: X (Twitter) sí funcionaba.",
    ),
    (
        Kind.RETRACTED,
        replace(PARTLY, retracted=True),
        at(14, 9),
        "⚪ Correction: X (Twitter) had no trouble.",
        "⚪ Corrección: X (Twitter) no tenía problemas.",
    ),
    (
        Kind.OPENED,
        replace(DOWN, health=Health.UNKNOWN, worst=Health.UNKNOWN),
        at(14),
        "⚫ X (Twitter): nothing is known since 2:00 p.m.",
        "⚫ X (Twitter): no se sabe nada desde las 14:00",
    ),
]


@pytest.mark.parametrize(("kind", "incident", "when", "english", "spanish"), TITLES)
def test_the_first_line_is_word_for_word(
    kind: Kind, incident: Incident, when: datetime, english: str, spanish: str
) -> None:
    assert told(kind, incident, when).words.title == english
    assert told(kind, incident, when, ES).words.title == spanish


def test_the_story_is_told_as_the_newsroom_should_have_had_it() -> None:
    words = (
        ALL_CLEAR,
        Word(Role.CROWD, "Reports", Health.DOWN, "1,243 in the last hour, usually 35 (Downdetector)"),
        Word(Role.TRACKER, "IsItDownRightNow", Health.DOWN),
    )
    desk = replace(X, plan="breaking news goes to Telegram @newsroom and to the site banner")
    assert told(Kind.CONFIRMED, replace(DOWN, words=words), at(14, 1), service=desk).words.text.split("\n") == [
        "🔴 X (Twitter) is down since 2:00 p.m.",
        "Web, app and TweetDeck do not answer (HTTP 503). Confirmed by our own checks at 2:01 p.m.",
        "Official status page: no incident reported (read at 2:01 p.m.).",
        "Reports: 1,243 in the last hour, usually 35 (Downdetector). IsItDownRightNow: down.",
        "Plan: breaking news goes to Telegram @newsroom and to the site banner.",
    ]
    assert told(Kind.CONFIRMED, replace(DOWN, words=words), at(14, 1), ES, desk).words.lines[:2] == (
        "Web, app y TweetDeck no responden (HTTP 503). Confirmado por nuestras propias comprobaciones a las 14:01.",
        "Página de estado oficial: ninguna incidencia comunicada (leído a las 14:01).",
    )


def test_its_end_is_told_with_what_else_is_open() -> None:
    assert told(Kind.RESTORED, OVER, at(14, 51)).words.lines == (
        "Official status page never reported it. All services you follow are up.",
    )
    slack = replace(DOWN, service="slack", since=at(13, 55), until=None)
    mail = replace(PARTLY, service="mail", since=at(13))
    late = replace(OVER, official_at=at(14, 21))
    ended = told(Kind.RESTORED, late, at(14, 51), others=((SLACK, slack), (Service("mail", "Our mail"), mail)))
    assert ended.words.lines == (
        (
            "Official status page reported it at 2:21 p.m., 21 min after us. "
            "Still down: Slack since 1:55 p.m. Partly down or slow: Our mail since 1:00 p.m."
        ),
    )
    spanish = told(Kind.RESTORED, late, at(14, 51), ES, others=((SLACK, slack),))
    assert spanish.words.lines == (
        (
            "La página de estado oficial informó de ello a las 14:21, 21 min después que nosotros. "
            "Siguen sin funcionar: Slack desde las 13:55."
        ),
    )


def test_of_eight_others_five_are_named() -> None:
    others = tuple((Service(f"s{n}", f"S{n}"), replace(DOWN, service=f"s{n}", since=at(13))) for n in range(8))
    line = told(Kind.RESTORED, OVER, at(14, 51), others=others).words.lines[0]
    assert line.count("since 1:00 p.m.") == 5
    assert line.endswith("S4 since 1:00 p.m. and 3 more.")


def test_what_is_not_confirmed_elsewhere_is_not_called_down_nor_up() -> None:
    doubt = replace(POSSIBLE, service="slack", since=at(13, 55))
    line = told(Kind.RESTORED, OVER, at(14, 51), others=((SLACK, doubt),)).words.lines[0]
    assert line == "Official status page never reported it. Perhaps in trouble: Slack since 1:55 p.m."


def test_a_page_that_could_not_be_read_is_not_said_never_to_have_reported() -> None:
    unread = replace(OVER, words=(replace(ALL_CLEAR, says=None),))
    assert told(Kind.RESTORED, unread, at(14, 51)).words.lines == ("All services you follow are up.",)
    assert told(Kind.RESTORED, replace(OVER, words=()), at(14, 51)).words.lines == ("All services you follow are up.",)


@pytest.mark.parametrize(
    ("minute", "english"),
    [
        (0, "Official status page reported it at 2:00 p.m. All services you follow are up."),
        (21, "Official status page reported it at 2:21 p.m., 21 min after us. All services you follow are up."),
    ],
)
def test_the_official_word_is_timed_against_ours(minute: int, english: str) -> None:
    late = replace(OVER, official_at=at(14, minute))
    assert told(Kind.RESTORED, late, at(14, 51)).words.lines == (english,)


def test_a_page_that_was_first_is_given_its_due() -> None:
    early = replace(OVER, official_at=at(13, 55))
    assert (
        told(Kind.RESTORED, early, at(14, 51))
        .words.lines[0]
        .startswith("Official status page reported it at 1:55 p.m., 5 min before us.")
    )


@pytest.mark.parametrize(
    ("readings", "english", "spanish"),
    [
        (bad("web"), "Web does not answer (HTTP 503).", "Web no responde (HTTP 503)."),
        (bad("web", why=""), "Web does not answer.", "Web no responde."),
        (bad("iOS", "app"), "iOS and app do not answer (HTTP 503).", "iOS y app no responden (HTTP 503)."),
        (
            bad("app", "iOS", why="connection refused"),
            "App and iOS do not answer (connection refused).",
            "App e iOS no responden (conexión rechazada).",
        ),
        (
            bad("web") + bad("app", why="timed out after 10 s while connecting"),
            "Web: HTTP 503. App: timed out after 10 s while connecting.",
            "Web: HTTP 503. App: sin respuesta tras 10 s al conectar.",
        ),
        ((slow("web"),), "Web answers slowly (6.2 s).", "Web responde con lentitud (6,2 s)."),
        ((slow("web", None),), "Web answers slowly.", "Web responde con lentitud."),
        (
            (slow("web"), slow("app", 7)),
            "Web and app answer slowly (up to 7 s).",
            "Web y app responden con lentitud (hasta 7 s).",
        ),
        (
            (*bad("app"), slow("web")),
            "App does not answer (HTTP 503). Web answers slowly (6.2 s).",
            "App no responde (HTTP 503). Web responde con lentitud (6,2 s).",
        ),
        (
            (Reading("web", Outcome.BLIND), *bad("app")),
            "App does not answer (HTTP 503).",
            "App no responde (HTTP 503).",
        ),
        (
            bad(*"abcdefgh"),
            "A, b, c, d and 4 more do not answer (HTTP 503).",
            "A, b, c, d y 4 más no responden (HTTP 503).",
        ),
        (bad(*"abcde"), "A, b, c, d and e do not answer (HTTP 503).", "A, b, c, d y e no responden (HTTP 503)."),
        (
            tuple(Reading(f"r{n}", Outcome.BAD, f"HTTP 50{n}") for n in range(6)),
            "R0: HTTP 500. R1: HTTP 501. R2: HTTP 502. R3: HTTP 503. 2 more routes do not answer.",
            "R0: HTTP 500. R1: HTTP 501. R2: HTTP 502. R3: HTTP 503. 2 vías más no responden.",
        ),
    ],
)
def test_what_our_checks_saw_is_told_by_reason(readings: tuple[Reading, ...], english: str, spanish: str) -> None:
    incident = replace(PARTLY, readings=readings, confirmed_at=None)
    assert told(Kind.CONFIRMED, incident, at(14, 1)).words.lines[0] == english
    assert told(Kind.CONFIRMED, incident, at(14, 1), ES).words.lines[0] == spanish


def test_what_is_not_confirmed_says_so_and_fine_checks_are_told() -> None:
    assert told(Kind.OPENED, LIKELY, at(14)).words.lines[0] == (
        "Web, app and TweetDeck do not answer (HTTP 503). Not confirmed yet."
    )
    assert told(Kind.OPENED, THEIRS, at(14, 21)).words.lines[0] == "Our own checks find nothing wrong."
    assert told(Kind.OPENED, THEIRS, at(14, 21), service=replace(X, routes=())).words.lines[0].startswith("Official")


@pytest.mark.parametrize(
    ("word", "english", "spanish"),
    [
        (
            INVESTIGATING,
            'Official status page: "Investigating elevated errors" (read at 2:21 p.m.).',
            "Página de estado oficial: «Investigating elevated errors» (leído a las 14:21).",
        ),
        (
            replace(INVESTIGATING, headline="Wir pruefen es.", at=None),
            'Official status page: "Wir pruefen es".',
            "Página de estado oficial: «Wir pruefen es».",
        ),
        (
            replace(ALL_CLEAR, says=None),
            "Official status page: could not be read.",
            "Página de estado oficial: no se pudo leer.",
        ),
        (
            replace(ALL_CLEAR, says=Health.DOWN),
            "Official status page: reports an outage (read at 2:01 p.m.).",
            "Página de estado oficial: informa de una caída (leído a las 14:01).",
        ),
        (
            replace(ALL_CLEAR, says=Health.DEGRADED),
            "Official status page: reports trouble (read at 2:01 p.m.).",
            "Página de estado oficial: informa de problemas (leído a las 14:01).",
        ),
        (Word(Role.TRACKER, "IsIt", Health.UP), "IsIt: up.", "IsIt: funciona."),
        (Word(Role.TRACKER, "IsIt", Health.DEGRADED), "IsIt: trouble.", "IsIt: con problemas."),
    ],
)
def test_each_source_has_its_word(word: Word, english: str, spanish: str) -> None:
    incident = replace(DOWN, words=(word,))
    assert told(Kind.CONFIRMED, incident, at(14, 1)).words.lines[1:] == (english,)
    assert told(Kind.CONFIRMED, incident, at(14, 1), ES).words.lines[1:] == (spanish,)


def test_a_tracker_that_could_not_be_read_is_no_news() -> None:
    assert len(told(Kind.CONFIRMED, replace(DOWN, words=(Word(Role.TRACKER, "T", None),)), at(14, 1)).words.lines) == 1


def test_a_long_headline_is_whole_below_the_title() -> None:
    headline = "We are investigating reports of elevated errors in several of our European regions"
    notice = told(
        Kind.OFFICIAL,
        replace(DOWN, words=(replace(INVESTIGATING, headline=headline),), official_at=at(14, 21)),
        at(14, 21),
    )
    assert notice.words.title == '🔵 X (Twitter): its status page says "We are investigating reports…" (2:21 p.m.)'
    assert notice.words.lines == (
        f'Official status page: "{headline}" (read at 2:21 p.m.).',
        "Official status page reported it at 2:21 p.m., 21 min after us.",
    )


def test_only_the_first_official_word_is_timed_against_ours() -> None:
    later = replace(DOWN, words=(replace(INVESTIGATING, headline="Monitoring"),), official_at=at(14, 21))
    words = told(Kind.OFFICIAL, later, at(14, 40)).words
    assert words.text == '🔵 X (Twitter): its status page says "Monitoring" (2:40 p.m.)'


def test_our_own_blindness_is_told_once_it_is_over() -> None:
    tocsin = Service("tocsin", "Tocsin")
    notice = told(Kind.RESTORED, BLIND, at(14, 4), service=tocsin)
    assert notice.words.text == (
        "⚫ We could not see anything 2:00–2:04 p.m. (own connection).\nNothing is known about that time."
    )
    assert (notice.tone, notice.fresh) == (Tone.UNSEEN, True)
    assert told(Kind.RESTORED, BLIND, at(14, 4), ES, tocsin).words.text == (
        "⚫ No pudimos ver nada: 14:00–14:04 (conexión propia).\nDe ese tiempo no se sabe nada."
    )
    opened = told(Kind.OPENED, replace(BLIND, until=None, steps=1), at(14), service=tocsin)
    assert opened.words.text == "⚫ We see nothing since 2:00 p.m. (own connection)"


def test_a_blindness_over_many_days_still_fits_the_first_line() -> None:
    long = replace(BLIND, since=at(23, 40, day=30, month=9, year=2021), until=at(0, 10, day=10))
    for style in (EN, Style("es", "Europe/Madrid", "12h")):
        assert len(told(Kind.RESTORED, long, at(14), style, Service("tocsin", "Tocsin")).words.title) <= 80
    assert told(Kind.RESTORED, long, at(14), EN, Service("tocsin", "Tocsin")).words.title == (
        "⚫ We saw nothing for 282 d 1 h, until 12:10 a.m. Sun"
    )


def test_a_correction_says_what_was_wrong_and_who_said_so() -> None:
    wrong = replace(DOWN, retracted=True)
    assert told(Kind.RETRACTED, wrong, at(14, 9), by="Ana").words.lines == (
        "Our notice of trouble since 2:00 p.m. was wrong.",
        "Corrected by Ana.",
    )
    assert told(Kind.RETRACTED, wrong, at(14, 9), ES, by="Ana").words.lines == (
        "Nuestro aviso de problemas desde las 14:00 era erróneo.",
        "Corregido por Ana.",
    )


def test_a_service_without_checks_is_not_said_to_answer() -> None:
    assert told(Kind.RETRACTED, POSSIBLE, at(14, 1), service=replace(X, routes=())).words.title == (
        "⚪ X (Twitter): possible trouble at 2:00 p.m. was not confirmed"
    )


def test_what_worsened_was_not_all_down_at_first() -> None:
    assert told(Kind.WORSENED, DOWN, at(14, 9)).words.lines[0] == "It was not all down at first."


# ── the first message of a thread ────────────────────────────────────────────────────────────────────────────────────


def test_the_first_notice_has_no_message_to_rewrite_and_later_ones_have() -> None:
    assert told(Kind.OPENED, replace(DOWN, steps=1), at(14)).root is None
    acked = replace(DOWN, acked_by="Ana", acked_at=at(14, 5), steps=3)
    root = told(Kind.ACKNOWLEDGED, acked, at(14, 5), by="Ana").root
    assert root is not None
    assert root.title == "🔴 X (Twitter) is down since 2:00 p.m."
    assert "Acknowledged by Ana at 2:05 p.m." in root.lines
    spanish = told(Kind.ACKNOWLEDGED, acked, at(14, 5), ES, by="Ana").root
    assert spanish is not None
    assert "Ana se ocupa desde las 14:05." in spanish.lines


def test_the_first_message_ends_true_and_says_nothing_that_will_not_stay_so() -> None:
    root = told(Kind.RESTORED, OVER, at(14, 51)).root
    assert root is not None
    assert root.text == (
        "🟢 X (Twitter): down since 2:00 p.m., restored 2:50 p.m. (50 min)\nOfficial status page never reported it."
    )


@pytest.mark.parametrize("kind", Kind)
def test_only_what_belongs_in_the_thread_is_quiet(kind: Kind) -> None:
    quiet = {Kind.OFFICIAL, Kind.ACKNOWLEDGED, Kind.EASED}
    notice = told(kind, replace(DOWN, until=at(14, 50)), at(14, 51))
    assert notice.fresh == (kind not in quiet)
    assert (notice.key, notice.thread) == ("x#17/2", "x#17")


@pytest.mark.parametrize(
    ("kind", "incident", "tone"),
    [
        (Kind.CONFIRMED, DOWN, Tone.DOWN),
        (Kind.CONFIRMED, PARTLY, Tone.DEGRADED),
        (Kind.OPENED, LIKELY, Tone.DEGRADED),
        (Kind.OPENED, POSSIBLE, Tone.POSSIBLE),
        (Kind.OFFICIAL, DOWN, Tone.INFO),
        (Kind.ACKNOWLEDGED, DOWN, Tone.INFO),
        (Kind.REMINDED, DOWN, Tone.DOWN),
        (Kind.RESTORED, DOWN, Tone.UP),
        (Kind.RETRACTED, DOWN, Tone.CORRECTION),
    ],
)
def test_the_colour_follows_the_claim(kind: Kind, incident: Incident, tone: Tone) -> None:
    assert told(kind, incident, at(14, 51)).tone is tone


@pytest.mark.parametrize(
    ("kind", "when"),
    [(Kind.CONFIRMED, at(14)), (Kind.RESTORED, at(14, 50)), (Kind.ACKNOWLEDGED, at(14, 51))],
)
def test_a_notice_knows_when_what_it_tells_of_happened(kind: Kind, when: datetime) -> None:
    assert told(kind, OVER, at(14, 51)).at == when


# ── too long, or hostile ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("style", [EN, ES, Style("es", "Europe/Madrid", "12h"), Style("en", "Europe/Madrid", "24h")])
def test_a_long_name_is_cut_and_state_and_time_never(style: Style) -> None:
    long = replace(X, name="The extraordinarily long name of a service that nobody would ever want to have to read")
    for kind, incident, when, *_ in TITLES:
        title = told(kind, incident, when, style, long).words.title
        assert len(title) <= 80
        assert "…" in title


def test_a_name_is_cut_only_as_far_as_needed() -> None:
    long = replace(X, name="The extraordinarily long name of a service that nobody wants to read")
    down = told(Kind.CONFIRMED, DOWN, at(14, 1), service=long).words.title
    assert down == "🔴 The extraordinarily long name of a service that nobod… is down since 2:00 p.m."
    assert len(down) == 80


def test_twenty_routes_are_counted() -> None:
    many = replace(PARTLY, readings=bad(*(f"region {n:02}" for n in range(20))))
    assert told(Kind.CONFIRMED, many, at(14, 1)).words.title == (
        "🟠 X (Twitter) is partly down since 2:00 p.m.: region 00, region 01 and 18 more"
    )
    wide = replace(PARTLY, readings=bad(*(f"the region of number {n:02} of twenty" for n in range(20))))
    assert told(Kind.CONFIRMED, wide, at(14, 1)).words.title == (
        "🟠 X (Twitter) is partly down since 2:00 p.m.: 20 routes"
    )


def test_foreign_text_cannot_hide_reorder_or_end_ours() -> None:
    evil = "Fixed\u202e\u2066 soon\u200b\n\n<!channel> @everyone\x00\x1b[31m   it is...  "
    notice = told(
        Kind.CONFIRMED,
        replace(DOWN, words=(replace(INVESTIGATING, headline=evil),)),
        at(14, 1),
        service=replace(X, name="X\u202e (Twi\nt\u200bter)"),
    )
    assert notice.words.title == "🔴 X (Twi tter) is down since 2:00 p.m."
    assert notice.words.lines[1] == (
        'Official status page: "Fixed soon <!channel> @everyone[31m it is…" (read at 2:21 p.m.).'
    )


def test_braces_and_quotes_of_others_stay_text() -> None:
    notice = told(
        Kind.CONFIRMED,
        replace(DOWN, words=(replace(INVESTIGATING, headline='{name} "down" {0}'),)),
        at(14, 1),
        service=replace(X, name="{x!r}"),
    )
    assert notice.words.title == "🔴 {x!r} is down since 2:00 p.m."
    assert "\"{name} 'down' {0}\"" in notice.words.lines[1]


def test_confidence_below_confirmed_never_shows_the_unstable_claim() -> None:
    assert "may be down" in told(Kind.OPENED, replace(UNSTABLE, confidence=Confidence.POSSIBLE), at(14)).words.title

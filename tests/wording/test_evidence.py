"""The lines under the title, word for word, and what others wrote made harmless in them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import wording
from bot.model import ChangeKind, Health, Outcome, Reading, Reason, ReasonCode, Role, Round, SourceReport, Style
from bot.wording.evidence import seen
from bot.wording.times import reader
from tests.reasons import REFUSED, TIMED_OUT, quote
from tests.wording.outages import (
    ALL_CLEAR,
    DOWN,
    EN,
    ES,
    INVESTIGATING,
    LIKELY,
    PARTLY,
    REPORTS,
    SLOW,
    THEIRS,
    UNREACHED,
    X,
    at,
    bad,
    slow,
    told,
)

EXITED = Reason.of(ReasonCode.JOB_EXIT_CODE, exit_code=1)


@pytest.mark.parametrize(
    ("readings", "english", "spanish"),
    [
        (bad("web"), "Web doesn't respond (HTTP 503).", "Web no responde (HTTP 503)."),
        (bad("web", why=None), "Web doesn't respond.", "Web no responde."),
        (bad("iOS", "app"), "iOS and app don't respond (HTTP 503).", "iOS y app no responden (HTTP 503)."),
        (
            bad("app", "iOS", why=REFUSED),
            "App and iOS don't respond (connection refused).",
            "App e iOS no responden (conexión rechazada).",
        ),
        (
            bad("web") + bad("app", why=TIMED_OUT),
            "Web: HTTP 503. App: timed out after 10 s while connecting.",
            "Web: HTTP 503. App: tiempo agotado tras 10 s al conectar.",
        ),
        ((slow("web"),), "Web responds slowly (6.2 s).", "Web responde lento (6,2 s)."),
        ((slow("web", None),), "Web responds slowly.", "Web responde lento."),
        (
            (slow("web"), slow("app", 7)),
            "Web and app respond slowly (up to 7 s).",
            "Web y app responden lento (hasta 7 s).",
        ),
        (
            (*bad("app"), slow("web")),
            "App doesn't respond (HTTP 503). Web responds slowly (6.2 s).",
            "App no responde (HTTP 503). Web responde lento (6,2 s).",
        ),
        (
            (Reading("web", Outcome.INCONCLUSIVE), *bad("app")),
            "App doesn't respond (HTTP 503).",
            "App no responde (HTTP 503).",
        ),
        (
            bad(*"abcdefgh"),
            "A, b, c, d and 4 more don't respond (HTTP 503).",
            "A, b, c, d y 4 más no responden (HTTP 503).",
        ),
        (bad(*"abcde"), "A, b, c, d and e don't respond (HTTP 503).", "A, b, c, d y e no responden (HTTP 503)."),
        (
            tuple(Reading(f"r{n}", Outcome.FAILED, quote(f"HTTP 50{n}")) for n in range(6)),
            "R0: HTTP 500. R1: HTTP 501. R2: HTTP 502. R3: HTTP 503. 2 more routes don't respond.",
            "R0: HTTP 500. R1: HTTP 501. R2: HTTP 502. R3: HTTP 503. 2 vías más no responden.",
        ),
    ],
)
def test_what_our_checks_saw_is_told_by_reason(readings: tuple[Reading, ...], english: str, spanish: str) -> None:
    incident = replace(PARTLY, readings=readings, confirmed_at=None)
    assert told(ChangeKind.CONFIRMED, incident, at(14, 1)).words.lines[0] == english
    assert told(ChangeKind.CONFIRMED, incident, at(14, 1), ES).words.lines[0] == spanish


def test_what_is_not_confirmed_says_so_and_fine_checks_are_told() -> None:
    assert told(ChangeKind.OPENED, LIKELY, at(14)).words.lines[0] == (
        "Web, app and TweetDeck don't respond (HTTP 503). Not confirmed yet."
    )
    assert told(ChangeKind.OPENED, THEIRS, at(14, 21)).words.lines[0] == "Our own checks find nothing wrong."
    assert (
        told(ChangeKind.OPENED, THEIRS, at(14, 21), service=replace(X, routes=())).words.lines[0].startswith("Official")
    )


@pytest.mark.parametrize(
    ("word", "english", "spanish"),
    [
        (
            INVESTIGATING,
            'Official status page: "Investigating elevated errors" (as of 2:21 p.m.).',
            "Página de estado oficial: «Investigating elevated errors» (consultada a las 14:21).",
        ),
        (
            replace(INVESTIGATING, headline="Wir pruefen es.", at=None),
            'Official status page: "Wir pruefen es".',
            "Página de estado oficial: «Wir pruefen es».",
        ),
        (
            replace(ALL_CLEAR, says=None),
            "Official status page: we couldn't read it.",
            "Página de estado oficial: no pudimos leerla.",
        ),
        (
            replace(ALL_CLEAR, says=None, silent_since=at(14, 1)),
            "Official status page: we couldn't read it.",
            "Página de estado oficial: no pudimos leerla.",
        ),
        (
            replace(ALL_CLEAR, says=None, silent_since=at(13, 40)),
            "Official status page: we haven't been able to read it since 1:40 p.m.",
            "Página de estado oficial: no podemos leerla desde las 13:40.",
        ),
        (
            replace(ALL_CLEAR, says=None, silent_since=at(1, 5)),
            "Official status page: we haven't been able to read it since 1:05 a.m.",
            "Página de estado oficial: no podemos leerla desde la 1:05.",
        ),
        (
            replace(ALL_CLEAR, says=None, silent_since=at(23, 40, day=12)),
            "Official status page: we haven't been able to read it since 11:40 p.m. Tue.",
            "Página de estado oficial: no podemos leerla desde las 23:40 del martes.",
        ),
        (
            replace(ALL_CLEAR, says=Health.DOWN),
            "Official status page: reports an outage (as of 2:01 p.m.).",
            "Página de estado oficial: informa de una caída (consultada a las 14:01).",
        ),
        (
            replace(ALL_CLEAR, says=Health.DEGRADED),
            "Official status page: reports trouble (as of 2:01 p.m.).",
            "Página de estado oficial: informa de problemas (consultada a las 14:01).",
        ),
        (SourceReport(Role.TRACKER, "IsIt", Health.UP), "IsIt: up.", "IsIt: funciona."),
        (SourceReport(Role.TRACKER, "IsIt", Health.DEGRADED), "IsIt: reports trouble.", "IsIt: informa de problemas."),
    ],
)
def test_each_source_has_its_word(word: SourceReport, english: str, spanish: str) -> None:
    incident = replace(DOWN, reports=(word,))
    assert told(ChangeKind.CONFIRMED, incident, at(14, 1)).words.lines[1:] == (english,)
    assert told(ChangeKind.CONFIRMED, incident, at(14, 1), ES).words.lines[1:] == (spanish,)


def test_a_tracker_that_could_not_be_read_is_no_news() -> None:
    assert (
        len(
            told(
                ChangeKind.CONFIRMED, replace(DOWN, reports=(SourceReport(Role.TRACKER, "T", None),)), at(14, 1)
            ).words.lines
        )
        == 1
    )


def test_a_long_headline_is_whole_below_the_title() -> None:
    headline = "We are investigating reports of elevated errors in several of our European regions"
    notice = told(
        ChangeKind.OFFICIAL,
        replace(DOWN, reports=(replace(INVESTIGATING, headline=headline),), official_at=at(14, 21)),
        at(14, 21),
    )
    assert notice.words.title == '🔵 X (Twitter): status page says "We are investigating reports of e…" (2:21 p.m.)'
    assert notice.words.lines == (
        f'Official status page: "{headline}" (as of 2:21 p.m.).',
        "The official status page reported it at 2:21 p.m., 21 min after us.",
    )


def test_a_later_official_word_says_when_the_first_one_came() -> None:
    later = replace(DOWN, reports=(replace(INVESTIGATING, headline="Monitoring"),), official_at=at(14, 21))
    assert told(ChangeKind.OFFICIAL, later, at(14, 40)).words.text.splitlines() == [
        '🔵 X (Twitter): status page says "Monitoring" (2:40 p.m.)',
        "The official status page reported it at 2:21 p.m., 21 min after us.",
    ]


@pytest.mark.parametrize("readings", [bad("web"), ()])
def test_a_page_that_is_all_clear_again_does_not_end_what_we_see(readings: tuple[Reading, ...]) -> None:
    cleared = replace(DOWN, readings=readings, reports=(ALL_CLEAR,), official_at=at(14, 21))
    fails = ["Our own checks still fail."] if readings else []
    assert told(ChangeKind.OFFICIAL, cleared, at(14, 40)).words.text.splitlines() == [
        "🔵 X (Twitter): status page now reports no incident (2:40 p.m.)",
        *fails,
        "The official status page reported it at 2:21 p.m., 21 min after us.",
    ]
    spanish = told(ChangeKind.OFFICIAL, cleared, at(14, 40), ES).words
    assert spanish.title == "🔵 X (Twitter): su página de estado ya no informa de ninguna incidencia (14:40)"
    assert "siguen fallando" in spanish.text if readings else True


def test_a_short_headline_has_its_lead_in_the_first_line() -> None:
    said = replace(DOWN, reports=(replace(INVESTIGATING, headline="Looking"),), official_at=at(14, 21))
    assert told(ChangeKind.OFFICIAL, said, at(14, 21), service=replace(X, name="X")).words.text == (
        '🔵 X: status page now says "Looking" (2:21 p.m., 21 min after us)'
    )


@pytest.mark.parametrize(
    ("words", "english", "spanish"),
    [
        (
            (REPORTS, UNREACHED),
            "Reports: 1,243 in the last hour, usually 35 (Downdetector). IsItDownRightNow: down.",
            ("Avisos de usuarios: 1.243 en la última hora, normalmente 35 (Downdetector). IsItDownRightNow: caído."),
        ),
        (
            (replace(REPORTS, usual=None),),
            "Reports: 1,243 in the last hour (Downdetector).",
            "Avisos de usuarios: 1.243 en la última hora (Downdetector).",
        ),
        (
            (replace(REPORTS, says=Health.UP, reports=0, usual=0),),
            "Reports: 0 in the last hour, usually 0 (Downdetector).",
            "Avisos de usuarios: 0 en la última hora, normalmente 0 (Downdetector).",
        ),
        (
            (replace(REPORTS, reports=None),),
            "Downdetector: users report problems.",
            "Downdetector: los usuarios notan problemas.",
        ),
        (
            (replace(REPORTS, says=Health.DEGRADED, reports=None),),
            "Downdetector: users may be having problems.",
            "Downdetector: los usuarios podrían notar problemas.",
        ),
        (
            (replace(REPORTS, says=None), replace(UNREACHED, says=Health.UP)),
            "IsItDownRightNow: up.",
            "IsItDownRightNow: funciona.",
        ),
    ],
)
def test_trackers_share_a_line(words: tuple[SourceReport, ...], english: str, spanish: str) -> None:
    incident = replace(DOWN, reports=words)
    assert told(ChangeKind.CONFIRMED, incident, at(14, 1)).words.lines[1:] == (english,)
    assert told(ChangeKind.CONFIRMED, incident, at(14, 1), ES).words.lines[1:] == (spanish,)


def test_numbers_are_grouped_as_the_readers_country_does() -> None:
    incident = replace(DOWN, reports=(REPORTS,))
    assert "1,243" in told(ChangeKind.CONFIRMED, incident, at(14, 1), Style("es-MX", "Europe/Madrid")).words.lines[1]


def test_what_worsened_was_not_all_down_at_first() -> None:
    assert told(ChangeKind.WORSENED, DOWN, at(14, 9)).words.lines[0] == "It was only partly down at first."


def test_foreign_text_cannot_hide_reorder_or_end_ours() -> None:
    evil = "Fixed\u202e\u2066 soon\u200b\n\n<!channel> @everyone\x00\x1b[31m   it is...  "
    notice = told(
        ChangeKind.CONFIRMED,
        replace(DOWN, reports=(replace(INVESTIGATING, headline=evil),)),
        at(14, 1),
        service=replace(X, name="X\u202e (Twi\nt\u200bter)"),
    )
    assert notice.words.title == "🔴 X (Twi tter): down since 2:00 p.m."
    assert notice.words.lines[1] == (
        'Official status page: "Fixed soon <!channel> @everyone[31m it is…" (as of 2:21 p.m.).'
    )


def test_braces_and_quotes_of_others_stay_text() -> None:
    notice = told(
        ChangeKind.CONFIRMED,
        replace(DOWN, reports=(replace(INVESTIGATING, headline='{name} "down" {0}'),)),
        at(14, 1),
        service=replace(X, name="{x!r}"),
    )
    assert notice.words.title == "🔴 {x!r}: down since 2:00 p.m."
    assert "\"{name} 'down' {0}\"" in notice.words.lines[1]


@pytest.mark.parametrize(
    ("why", "english", "spanish"),
    [
        (EXITED, "Job: failed (exit code 1).", "Job: falló (código de salida 1)."),
        (Reason.of(ReasonCode.JOB_FAILED), "Job: reported a failure.", "Job: informó de un fallo."),
        (
            Reason.of(ReasonCode.NO_SIGN_FOR, length=25 * 60),
            "Job: no sign for 25 h.",
            "Job: sin señales desde hace 25 h.",
        ),
        (
            Reason.of(ReasonCode.JOB_NOT_ENDED, length=90),
            "Job: its run began 90 min ago and has not ended.",
            "Job: empezó hace 90 min y no ha terminado.",
        ),
    ],
)
def test_a_job_fails_and_does_not_fail_to_respond(why, english, spanish):
    failed = replace(DOWN, readings=bad("job", why=why), reports=(), confirmed_at=None)
    for style, line in ((EN, english), (ES, spanish)):
        assert told(ChangeKind.CONFIRMED, failed, at(14, 1), style).words.lines[0] == line


def test_a_job_that_is_checked_on_request_has_failed_too():
    seen = Round("x", at(14, 2), bad("job", why=EXITED))
    assert wording.looked(seen, X, EN).text == (
        "🔴 X (Twitter): the job failed or is overdue\nJob: failed (exit code 1)."
    )


@pytest.mark.hardened("B12", "routes are called api, smtp, db", "they stand as people wrote them, in whole sentences")
@pytest.mark.parametrize(
    ("style", "routes", "line"),
    [
        (EN, ("api",), "No response from api (HTTP 503)."),
        (EN, ("smtp", "imap"), "No response from smtp and imap (HTTP 503)."),
        (EN, ("db-eu", "web"), "No response from db-eu and web (HTTP 503)."),
        (EN, ("web", "api"), "Web and api don't respond (HTTP 503)."),
        (EN, ("iOS", "api"), "iOS and api don't respond (HTTP 503)."),
        (EN, ("API",), "API doesn't respond (HTTP 503)."),
        (EN, ("login page",), "Login page doesn't respond (HTTP 503)."),
        (EN, ("ñandú",), "No response from ñandú (HTTP 503)."),
        (ES, ("smtp",), "No responde smtp (HTTP 503)."),
        (ES, ("página de pago",), "Página de pago no responde (HTTP 503)."),
        (replace(EN, language="fr"), ("api", "smtp"), "Ne répondent pas\u00a0: api et smtp (HTTP 503)."),
        (replace(EN, language="de"), ("api",), "Keine Antwort von api (HTTP 503)."),
        (replace(EN, language="pt"), ("api",), "Não responde api (HTTP 503)."),
    ],
)
def test_routes_stand_as_people_wrote_them(style, routes, line, saw) -> None:
    incident = replace(DOWN, readings=bad(*routes))
    line_ = seen(incident, X, reader(style, at(14, 1)))
    saw(line_)
    assert line_.startswith(line)


def test_slow_and_mixed_routes_stand_as_people_wrote_them() -> None:
    slowly = replace(SLOW, readings=(slow("api", 6.2), slow("smtp", 8.0)))
    assert seen(slowly, X, reader(EN, at(14, 1))).startswith("Slow responses from api and smtp (up to 8 s).")
    mixed = replace(DOWN, readings=(*bad("api"), *bad("smtp", why=quote("connection refused"))))
    assert seen(mixed, X, reader(EN, at(14, 1))).startswith("api: HTTP 503. smtp: connection refused.")

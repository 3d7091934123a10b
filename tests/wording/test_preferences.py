"""What is answered about how a place is written to and about what is taken back, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from bot import wording
from bot.model import Quiet, Style, Text, Topic
from tests.wording.outages import DOWN, EN, ES, X, at

NIGHT = Quiet(time(22), time(0), frozenset({Topic.DOWN, Topic.RESTORED}))
OVER = replace(DOWN, until=at(14, 50))

ANSWERS = {
    "quiet hours": (
        lambda style: wording.quiet(NIGHT, style, at(14)),
        (
            "🌙 Quiet hours here: 10:00 p.m. – midnight.\n"
            "Sent anyway: outages and restorations.\n"
            "Notices held back come in one message at the end.\n"
            "Time zone: Europe/Madrid (it is 2:00 p.m.)."
        ),
        (
            "🌙 Horas de silencio aquí: 22:00 – 0:00.\n"
            "Se envían igualmente: caídas y restablecimientos.\n"
            "Los avisos retenidos llegan en un solo mensaje al terminar.\n"
            "Zona horaria: Europe/Madrid (14:00)."
        ),
    ),
    "no quiet hours": (
        lambda style: wording.quiet(None, style, at(14)),
        '🔔 No quiet hours here.\nFor example: "quiet 22:00-07:00", "quiet 22:00-07:00 except down", "quiet off"',
        (
            "🔔 Aquí no hay horas de silencio.\n"
            "Por ejemplo: «quiet 22:00-07:00», «quiet 22:00-07:00 except down», «quiet off»"
        ),
    ),
    "no hours": (
        wording.no_hours,
        ('Which hours?\nFor example: "quiet 22:00-07:00", "quiet 22:00-07:00 except down", "quiet off"'),
        ("¿Qué horas?\nPor ejemplo: «quiet 22:00-07:00», «quiet 22:00-07:00 except down», «quiet off»"),
    ),
    "language": (
        wording.language,
        "✅ Notices here are in English from now on.",
        "✅ Los avisos de aquí irán en español a partir de ahora.",
    ),
    "no such language": (
        lambda style: wording.unknown_language("tlh", style),
        '"tlh" isn\'t available.\nAvailable languages: German (de), English (en), Spanish (es), French (fr) and Portuguese (pt).',
        "«tlh» no está disponible.\nIdiomas disponibles: alemán (de), inglés (en), español (es), francés (fr) y portugués (pt).",
    ),
    "zone": (
        lambda style: wording.timezone(style, at(13)),
        "✅ Times here are now in Europe/Madrid (it is 1:00 p.m.).",
        "✅ Las horas de aquí son ahora las de Europe/Madrid (13:00).",
    ),
    "no such zone": (
        lambda style: wording.unknown_timezone("madird", ["Europe/Madrid"], style),
        'There\'s no time zone "madird".\nDid you mean Europe/Madrid?',
        "No existe la zona horaria «madird».\n¿Querías decir Europe/Madrid?",
    ),
    "language alone": (
        wording.language_now,
        (
            "Language: English.\nAvailable languages: German (de), English (en), Spanish (es), French (fr) and Portuguese (pt).\n"
            'To change it: "language es".'
        ),
        (
            "Idioma: español.\nIdiomas disponibles: alemán (de), inglés (en), español (es), francés (fr) y portugués (pt).\n"
            "Para cambiarlo: «language en»."
        ),
    ),
    "zone alone": (
        lambda style: wording.timezone_now(style, at(13)),
        'Time zone: Europe/Madrid (it is 1:00 p.m.).\nTo change it: "timezone Europe/Madrid".',
        "Zona horaria: Europe/Madrid (13:00).\nPara cambiarlo: «timezone Europe/Madrid».",
    ),
    "clock": (
        lambda style: wording.clock(style, at(13), new=True),
        "✅ Times here now look like this: 1:00 p.m.",
        "✅ Las horas se escriben aquí ahora así: 13:00.",
    ),
    "set by the config": (
        lambda style: wording.fixed("desk", style),
        "🔒 The config sets this (audience desk): it can only be changed there.",
        "🔒 Lo fija la configuración (audiencia desk): solo se cambia allí.",
    ),
    "taken back": (
        lambda style: wording.taken_back(X, DOWN, style, at(14, 9)),
        (
            "⚪ Taken back: X (Twitter), in trouble since 2:00 p.m.\n"
            "Everyone who was notified will get a correction.\n"
            "We'll say no more about it until it gets worse, or recovers and fails again."
        ),
        (
            "⚪ Retirado: X (Twitter), con problemas desde las 14:00\n"
            "Quienes recibieron el aviso recibirán una corrección.\n"
            "No diremos nada más hasta que empeore, o hasta que se recupere y vuelva a fallar."
        ),
    ),
    "taken back afterwards": (
        lambda style: wording.taken_back(X, OVER, style, at(15)),
        "⚪ Taken back: X (Twitter), 2:00–2:50 p.m.\nEveryone who was notified will get a correction.",
        ("⚪ Retirado: X (Twitter), 14:00–14:50\nQuienes recibieron el aviso recibirán una corrección."),
    ),
    "taken back twice": (
        lambda style: wording.nothing_to_take_back(X, style, already=True),
        "X (Twitter): already taken back",
        "X (Twitter): ya está retirado",
    ),
    "nothing to take back": (
        lambda style: wording.nothing_to_take_back(X, style, already=False),
        "X (Twitter) has had no incident in the last 7 days to take back",
        "X (Twitter) no ha tenido ninguna incidencia que retirar en los últimos 7 días",
    ),
}


def answer(name: str, style: Style) -> Text:
    return ANSWERS[name][0](style)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_word_for_word(name: str) -> None:
    assert (answer(name, EN).text, answer(name, ES).text) == ANSWERS[name][1:]


@pytest.mark.parametrize("name", ANSWERS)
def test_its_first_line_fits_whatever_the_zone_and_the_service_are_called(name: str) -> None:
    for language in ("en", "es"):
        longest = Style(language, "America/Argentina/ComodRivadavia")
        assert len(answer(name, longest).title) <= 80
    long = replace(X, name="The extraordinarily long name of a service that nobody would ever want to have to read")
    for words in (
        wording.taken_back(long, DOWN, EN, at(14, day=30)),
        wording.taken_back(long, replace(OVER, since=at(3, day=1)), ES, at(15, day=30)),
        wording.nothing_to_take_back(long, ES, already=False),
    ):
        assert len(words.title) <= 80

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
            "Told all the same: outages and restorations.\n"
            "What is held back is told in one message when they are over.\n"
            "Time zone: Europe/Madrid."
        ),
        (
            "🌙 Horas de silencio aquí: 22:00 – 0:00.\n"
            "Se avisa igualmente de: caídas y restablecimientos.\n"
            "Lo que se retiene se cuenta en un solo mensaje al acabar.\n"
            "Zona horaria: Europe/Madrid."
        ),
    ),
    "no quiet hours": (
        lambda style: wording.quiet(None, style, at(14)),
        "🔔 No quiet hours here.",
        "🔔 Aquí no hay horas de silencio.",
    ),
    "no hours": (
        wording.no_hours,
        (
            "It is not clear which hours are meant.\n"
            'They are written like this: "quiet 22:00-07:00", "quiet 22:00-07:00 except down", "quiet off"'
        ),
        (
            "No queda claro qué horas son.\n"
            "Se escriben así: «quiet 22:00-07:00», «quiet 22:00-07:00 except down», «quiet off»"
        ),
    ),
    "language": (
        wording.language,
        "✅ Notices here are in English from now on.",
        "✅ Los avisos de aquí irán en español a partir de ahora.",
    ),
    "no such language": (
        lambda style: wording.unknown_language("fr", style),
        'There is no language "fr" here.\nDid you mean en or es?',
        "Aquí no se habla el idioma «fr».\n¿Querías decir en o es?",
    ),
    "zone": (
        lambda style: wording.timezone(style, at(13)),
        "✅ Times here are those of Europe/Madrid: it is 1:00 p.m.",
        "✅ Las horas de aquí son las de Europe/Madrid: ahora, 13:00.",
    ),
    "no such zone": (
        lambda style: wording.unknown_timezone("madird", ["Europe/Madrid"], style),
        'There is no time zone "madird".\nDid you mean Europe/Madrid?',
        "No existe la zona horaria «madird».\n¿Querías decir Europe/Madrid?",
    ),
    "not subscribed": (
        wording.subscribe_first,
        'This place was not subscribed.\nSend "subscribe" first.',
        "Aquí no había ninguna suscripción.\nEnvía antes «subscribe».",
    ),
    "taken back": (
        lambda style: wording.taken_back(X, DOWN, style, at(14, 9)),
        (
            "⚪ X (Twitter): the trouble since 2:00 p.m. is taken back\n"
            "Everybody who was told of it hears so.\n"
            "Nothing more is said of it until it gets worse, or has answered and fails again."
        ),
        (
            "⚪ X (Twitter): se retiran los avisos de problemas desde las 14:00\n"
            "Lo sabrán todos los que recibieron el aviso.\n"
            "No se dirá nada más hasta que empeore, o hasta que responda y vuelva a fallar."
        ),
    ),
    "taken back afterwards": (
        lambda style: wording.taken_back(X, OVER, style, at(15)),
        "⚪ X (Twitter): the trouble 2:00–2:50 p.m. is taken back\nEverybody who was told of it hears so.",
        (
            "⚪ X (Twitter): se retiran los avisos de problemas (14:00–14:50)\n"
            "Lo sabrán todos los que recibieron el aviso."
        ),
    ),
    "taken back twice": (
        lambda style: wording.nothing_to_take_back(X, style, already=True),
        "X (Twitter): that is taken back already",
        "X (Twitter): eso ya está retirado",
    ),
    "nothing to take back": (
        lambda style: wording.nothing_to_take_back(X, style, already=False),
        "X (Twitter) had no trouble within 7 days that could be taken back",
        "X (Twitter) no ha tenido en 7 días ningún problema del que retractarse",
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

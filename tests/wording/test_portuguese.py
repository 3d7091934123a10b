"""What readers in Brazil and Portugal get, word for word."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot import wording
from bot.config.schedule import week_time
from bot.model import (
    OURSELVES,
    ChangeKind,
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
from bot.wording.catalog import catalog, fold, input_words
from bot.wording.text import choice, listed
from bot.wording.times import Reader, reader
from tests.reasons import TIMED_OUT
from tests.wording.outages import (
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
    slow,
    told,
)

PT, PORTUGAL = Style("pt", "Europe/Madrid"), Style("pt-PT", "Europe/Madrid")
SAY = catalog("pt")
HALF = replace(POSSIBLE, health=Health.DEGRADED, worst=Health.DEGRADED, readings=())
ERRORS = replace(INVESTIGATING, headline="Errors")
ENDED, NIGHT = {"until": at(14, 50)}, {"since": at(23, 40, day=13), "until": at(0, 20)}
OPENED, CONFIRMED, EASED = ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.EASED
OFFICIAL, REMINDED, RESTORED = ChangeKind.OFFICIAL, ChangeKind.REMINDED, ChangeKind.RESTORED

TITLES: list[tuple[ChangeKind, Incident, datetime, str]] = [
    (CONFIRMED, DOWN, at(14, 1), "🔴 X (Twitter): fora do ar desde as 14:00"),
    (CONFIRMED, PARTLY, at(14, 1), "🟠 X (Twitter): falhas parciais desde as 14:00 (TweetDeck)"),
    (CONFIRMED, SLOW, at(14, 1), "🟠 X (Twitter): lentidão desde as 14:00 (web)"),
    (CONFIRMED, UNSTABLE, at(14, 31), "🔴 X (Twitter): outra vez fora do ar, instável desde as 14:00 (3 quedas)"),
    (CONFIRMED, WORN, at(14), "🟠 X (Twitter): certificado expira em 5 dias (20 de jul.)"),
    (
        EASED,
        replace(PARTLY, worst=Health.DOWN),
        at(14, 30),
        "🟠 X (Twitter): agora só falhas parciais (TweetDeck), problemas desde as 14:00",
    ),
    (
        EASED,
        replace(SLOW, worst=Health.DOWN),
        at(14, 30),
        "🟠 X (Twitter): agora só lentidão (web), problemas desde as 14:00",
    ),
    (OPENED, POSSIBLE, at(14), "🟡 X (Twitter): talvez fora do ar desde as 14:00 aprox. (a confirmar)"),
    (
        OPENED,
        replace(HALF, readings=bad("app")),
        at(14),
        "🟡 X (Twitter): possíveis falhas parciais desde as 14:00 aprox. (a confirmar)",
    ),
    (
        OPENED,
        replace(HALF, readings=(slow("app"),)),
        at(14),
        "🟡 X (Twitter): possível lentidão desde as 14:00 aprox. (a confirmar)",
    ),
    (OPENED, HALF, at(14), "🟡 X (Twitter): possíveis problemas desde as 14:00 aprox. (a confirmar)"),
    (OPENED, LIKELY, at(14), "🟠 X (Twitter): provavelmente fora do ar desde as 14:00 aprox."),
    (
        OPENED,
        replace(THEIRS, reports=(ERRORS,)),
        at(14, 21),
        "🟠 X (Twitter): página de status informa “Errors” (14:21)",
    ),
    (
        OFFICIAL,
        replace(DOWN, reports=(ERRORS,), official_at=at(14, 21)),
        at(14, 21),
        "🔵 X (Twitter): página de status diz “Errors” (14:21, 21 min após nós)",
    ),
    (
        ChangeKind.ACKNOWLEDGED,
        replace(DOWN, acked_by="Ana", acked_at=at(14, 5)),
        at(14, 5),
        "👀 X (Twitter): Ana assumiu o caso (14:05)",
    ),
    (REMINDED, DOWN, at(15, 30), "🔴 X (Twitter): ainda fora do ar após 1 h 30 min (desde as 14:00)"),
    (REMINDED, SLOW, at(14, 30), "🟠 X (Twitter): ainda com lentidão após 30 min (desde as 14:00)"),
    (REMINDED, POSSIBLE, at(14, 30), "🟡 X (Twitter): talvez ainda com problemas após 30 min (desde as 14:00 aprox.)"),
    (
        RESTORED,
        replace(DOWN, **ENDED),
        at(14, 51),
        "🟢 X (Twitter): restabelecido após queda entre as 14:00 e as 14:50 (50 min)",
    ),
    (
        RESTORED,
        replace(DOWN, **NIGHT),
        at(0, 21),
        "🟢 X (Twitter): restabelecido após queda (qua. 23:40 – qui. 00:20, 40 min)",
    ),
    (
        RESTORED,
        replace(PARTLY, **ENDED),
        at(14, 51),
        "🟢 X (Twitter): restabelecido após falhas entre as 14:00 e as 14:50 (50 min)",
    ),
    (
        RESTORED,
        replace(SLOW, **ENDED),
        at(14, 51),
        "🟢 X (Twitter): normalizado após lentidão entre as 14:00 e as 14:50 (50 min)",
    ),
    (
        RESTORED,
        replace(LIKELY, **ENDED),
        at(14, 51),
        "🟢 X (Twitter): já responde após possível queda (14:00–14:50, 50 min)",
    ),
    (
        RESTORED,
        replace(UNSTABLE, **ENDED),
        at(14, 51),
        "🟢 X (Twitter): instável desde as 14:00 (3 quedas), estável desde as 14:50",
    ),
    (
        ChangeKind.RETRACTED,
        replace(POSSIBLE, until=at(14, 2), retracted=False),
        at(14, 3),
        "⚪ X (Twitter): possível falha desde as 14:00 não se confirmou. Já responde.",
    ),
    (
        ChangeKind.RETRACTED,
        replace(DOWN, retracted=True, **ENDED),
        at(15),
        "⚪ Correção: X (Twitter) não estava fora do ar.",
    ),
    (ChangeKind.UNWATCHED, DOWN, at(15), "⚪ X (Twitter): monitoramento encerrado (problemas desde as 14:00)"),
]


@pytest.mark.parametrize(("kind", "incident", "when", "title"), TITLES)
def test_the_first_line_is_word_for_word_and_within_a_lock_screen(
    kind: ChangeKind, incident: Incident, when: datetime, title: str
) -> None:
    assert told(kind, incident, when, PT).words.title == title
    assert len(title) <= 80
    named = replace(X, name="Um serviço com um nome tão comprido que ninguém o quer ler até o fim")
    assert len(told(kind, incident, when, PT, named).words.title) <= 80


def test_our_own_blindness_is_word_for_word() -> None:
    assert told(RESTORED, BLIND, at(14, 5), PT, Service(OURSELVES, "")).words.title == (
        "⚫ A nossa própria conexão caiu (14:00–14:04); não pudemos verificar nada."
    )


def test_the_evidence_is_word_for_word() -> None:
    often = replace(TRACKED, number_this_year=3, previous=(at(9, 12, day=14, month=2), at(9, 59, day=14, month=2)))
    assert told(CONFIRMED, often, at(14, 1), PT).words.lines == (
        "Web, app e TweetDeck não respondem (HTTP 503). Confirmado pelas nossas verificações desde as 14:01.",
        "Página de status oficial: nenhum incidente informado (dados até as 14:01).",
        "Relatos: 1.243 na última hora, normalmente 35 (Downdetector). IsItDownRightNow: fora do ar.",
        "Terceira queda vista este ano; a última: 14 de fevereiro, 47 min.",
    )
    timed_out = told(CONFIRMED, replace(DOWN, readings=bad("web", why=TIMED_OUT)), at(14, 1), PT)
    assert timed_out.words.lines[0].startswith("Web não responde (tempo esgotado após 10 s ao conectar). ")


def test_the_answer_to_status_is_word_for_word() -> None:
    seen = Overview(at(15), ((X, ServiceState("x", incident=DOWN)), (SLACK, ServiceState("slack", up_since=at(9)))))
    assert wording.status(seen, PT).text == (
        "🔴 1 de 2 serviços está fora do ar\n🔴 X (Twitter): fora do ar desde as 14:00"
    )
    assert wording.status(seen, PT, "slack").title == "🟢 Slack: no ar desde as 09:00"


def test_a_digest_is_word_for_word() -> None:
    over = replace(DOWN, number=16, since=at(2, 10), until=at(3))
    seen = Overview(at(15), ((X, ServiceState("x", up_since=at(3))),), (over,))
    words = wording.digest("Comunicação", seen, at(15) - timedelta(days=7), PT)
    assert words.title == "📰 Comunicação, 7 jul. – 14 jul.: 1 queda, 50 min"
    assert "X (Twitter): fora do ar 02:10–03:00 (50 min)." in words.lines


@pytest.mark.parametrize(
    ("phase", "until", "title"),
    [
        (Phase.PLANNED, at(23, 30), "🛠 X (Twitter): manutenção 22:00–23:30"),
        (Phase.PLANNED, None, "🛠 X (Twitter): manutenção prevista para as 22:00"),
        (Phase.BEGUN, at(23, 30), "🛠 X (Twitter): em manutenção até as 23:30"),
        (Phase.MOVED, at(23, 30), "🛠 X (Twitter): manutenção remarcada para 22:00–23:30"),
        (Phase.CANCELLED, at(23, 30), "🛠 X (Twitter): manutenção cancelada (22:00–23:30)"),
        (Phase.ENDED, at(23, 30), "🛠 X (Twitter): manutenção concluída (22:00–23:30)"),
    ],
)
def test_maintenance_is_word_for_word(phase: Phase, until: datetime | None, title: str) -> None:
    window = Window("k", ("x",), at(22), until, Origin.FILE, at(1), "discos novos", number=3, steps=1)
    assert wording.maintenance(window, phase, (X,), PT, at(21)).words.title == title


@pytest.mark.parametrize(
    ("when", "clock", "point"),
    [
        (at(14), "14:00", "as 14:00"),
        (at(8, 5), "08:05", "as 08:05"),
        (at(23, 40, day=12), "ter. 23:40", "as 23:40 de terça-feira"),
        (at(14, day=3), "3 jul. 14:00", "as 14:00 de 3 de jul."),
        (at(14, day=3, month=3), "3 mar. 14:00", "as 14:00 de 3 de mar."),
        (at(14, day=3, year=2021), "3 jul. 2021 14:00", "as 14:00 de 3 de jul. de 2021"),
    ],
)
def test_times_of_today_of_this_week_of_this_year_and_of_another(when: datetime, clock: str, point: str) -> None:
    assert (read().clock(when), read().point(when)) == (clock, point)


def test_the_day_alone_stands_after_the_same_words() -> None:
    assert read().since(at(23, 40, day=12))[-1] == "terça-feira"
    assert read().since(at(14, day=3))[-1] == "3 de jul."


def test_one_o_clock_is_singular() -> None:
    assert read(Style("pt", "Europe/Madrid", "12h")).point(at(13, 5)) == "a 1:05 PM"
    assert read(Style("pt", "Europe/Madrid", "12h")).point(at(14)) == "as 2:00 PM"


def test_portugal_has_its_own_short_days() -> None:
    assert read(PORTUGAL).clock(at(23, 40, day=12)) == "terça 23:40"
    assert told(CONFIRMED, DOWN, at(14, 1), PORTUGAL).words.title == TITLES[0][-1]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 incidente"),
        (1, "1 incidente"),
        (2, "2 incidentes"),
        (5, "5 incidentes"),
        (2_000_000, "2000000 incidentes"),
    ],
)
def test_nothing_is_counted_as_one_is(count: int, said: str) -> None:
    assert SAY.batches.incidents.format(count=count) == said


def test_lists_are_joined() -> None:
    assert listed(["web", "app", "TweetDeck"], SAY) == "web, app e TweetDeck"
    assert choice(["web", "iOS"], SAY) == "web ou iOS"
    assert listed(["r1", "r2", "r3", "r4", "r5", "r6", "r7"], SAY) == "r1, r2, r3, r4, r5 e mais 2"


@pytest.mark.parametrize(
    ("channel", "line"),
    [
        ("slack", "Enviado aqui porque o Slack não responde desde as 13:55."),
        ("email", "Enviado aqui porque o e-mail não responde desde as 13:55."),
        ("console", "Enviado aqui porque o terminal não responde desde as 13:55."),
    ],
)
def test_a_channel_is_named_with_its_article(channel: str, line: str) -> None:
    notice = told(CONFIRMED, DOWN, at(14, 1), PT)
    assert wording.unanswered(notice, channel, at(13, 55), at(14, 2)).words.lines[0] == line


def test_what_people_type_is_understood_with_and_without_accents() -> None:
    assert {fold("não"), "exceto"} <= input_words("off") | input_words("except")
    assert week_time("segunda a sexta 08:00")[0] == week_time("dias úteis 08:00")[0] == frozenset(range(5))
    assert week_time("sabado e domingo 10:00")[0] == week_time("fim de semana 10:00")[0] == frozenset({5, 6})


def read(style: Style = PT) -> Reader:
    return reader(style, at(14, 30))

"""What a newsroom in Paris reads, word for word; its hard spaces are written as plain ones here."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import wording
from bot.model import ChangeKind, Health, Origin, Overview, Phase, Service, ServiceState, Style, Window
from bot.wording import catalog as module
from bot.wording.catalog import catalog, fold, input_words, weekdays
from bot.wording.text import listed
from bot.wording.times import reader
from tests.wording.outages import (
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
    told,
)
from tests.wording.test_titles import TITLES

FR = Style("fr", "Europe/Paris")
FILE = Path(module.__file__).parent / "locales/fr.toml"
OVER = replace(DOWN, until=at(14, 50))
MAIL = Service("mail", "Le courrier")
WORK = Window("k", ("mail",), at(22), at(23, 30), Origin.FILE, at(1), "nouveaux disques", number=3, steps=1)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("kind", "incident", "when", "said"),
    [
        (ChangeKind.CONFIRMED, DOWN, at(14, 1), "🔴 X (Twitter) : en panne depuis 14 h"),
        (ChangeKind.CONFIRMED, PARTLY, at(14, 1), "🟠 X (Twitter) : panne partielle depuis 14 h (TweetDeck)"),
        (ChangeKind.CONFIRMED, SLOW, at(14, 1), "🟠 X (Twitter) : lenteurs depuis 14 h (web)"),
        (
            ChangeKind.CONFIRMED,
            UNSTABLE,
            at(14, 31),
            "🔴 X (Twitter) : de nouveau en panne, instable depuis 14 h (3 pannes)",
        ),
        (
            ChangeKind.EASED,
            replace(PARTLY, worst=Health.DOWN),
            at(14, 30),
            "🟠 X (Twitter) : panne désormais partielle (TweetDeck), problèmes depuis 14 h",
        ),
        (
            ChangeKind.OPENED,
            POSSIBLE,
            at(14),
            "🟡 X (Twitter) : peut-être en panne depuis environ 14 h (non confirmé)",
        ),
        (ChangeKind.OPENED, LIKELY, at(14), "🟠 X (Twitter) : sans doute en panne depuis environ 14 h"),
        (
            ChangeKind.OPENED,
            replace(THEIRS, reports=(replace(INVESTIGATING, headline="Elevated errors"),)),
            at(14, 21),
            "🟠 X (Twitter) : sa page d'état annonce « Elevated errors » (14 h 21)",
        ),
        (
            ChangeKind.OFFICIAL,
            replace(DOWN, reports=(replace(INVESTIGATING, headline="Errors"),), official_at=at(14, 21)),
            at(14, 21),
            "🔵 X (Twitter) : sa page d'état annonce « Errors » (14 h 21, 21 min après nous)",
        ),
        (
            ChangeKind.ACKNOWLEDGED,
            replace(DOWN, acked_by="Ana", acked_at=at(14, 5)),
            at(14, 5),
            "👀 X (Twitter) : Ana s'en occupe (14 h 05)",
        ),
        (ChangeKind.REMINDED, DOWN, at(15, 30), "🔴 X (Twitter) : toujours en panne après 1 h 30 min (depuis 14 h)"),
        (
            ChangeKind.RESTORED,
            OVER,
            at(14, 51),
            "🟢 X (Twitter) : en panne depuis 14 h, rétabli à 14 h 50 (50 min)",
        ),
        (
            ChangeKind.RESTORED,
            replace(SLOW, until=at(14, 50)),
            at(14, 51),
            "🟢 X (Twitter) : lenteurs depuis 14 h, retour à la normale à 14 h 50 (50 min)",
        ),
        (
            ChangeKind.RESTORED,
            replace(THEIRS, until=at(15)),
            at(15, 1),
            "🟢 X (Twitter) : fin des problèmes selon sa page d'état (de 14 h 21 à 15 h)",
        ),
        (
            ChangeKind.RESTORED,
            replace(DOWN, until=at(0, 20, day=15)),
            at(0, 21, day=15),
            "🟢 X (Twitter) : rétabli, en panne jeudi 14 h – vendredi 0 h 20 (10 h 20 min)",
        ),
        (
            ChangeKind.RETRACTED,
            POSSIBLE,
            at(14, 5),
            "⚪ X (Twitter) : incident possible (14 h) non confirmé. Le service répond.",
        ),
        (
            ChangeKind.RETRACTED,
            replace(DOWN, retracted=True),
            at(15),
            "⚪ Rectificatif : X (Twitter) n'était pas en panne.",
        ),
        (ChangeKind.CONFIRMED, WORN, at(14), "🟠 X (Twitter) : son certificat expire dans 5 jours (le 20 juillet)"),
        (ChangeKind.UNWATCHED, DOWN, at(15), "⚪ X (Twitter) : n'est plus surveillé (problèmes depuis 14 h)"),
    ],
)
def test_the_first_line_is_word_for_word_and_fits_a_lock_screen(kind, incident, when, said):
    title = told(kind, incident, when, FR).words.title
    assert plain(title) == said
    assert len(title) <= 80


def test_a_name_is_not_cut_where_english_does_not_cut_it():
    for kind, incident, when, *_ in TITLES:
        assert "X (Twitter)" in told(kind, incident, when, FR).words.title


def test_the_lines_below_say_what_we_saw_and_what_others_say():
    twelfth = replace(TRACKED, number_this_year=12, previous=(at(9, 12, day=14, month=2), at(9, 59, day=14, month=2)))
    assert [plain(line) for line in told(ChangeKind.CONFIRMED, twelfth, at(14, 1), FR).words.lines] == [
        "Web, app et TweetDeck ne répondent pas (HTTP 503). Confirmé par nos vérifications à 14 h 01.",
        "Page d'état officielle : aucun incident signalé (relevé à 14 h 01).",
        "Signalements : 1 243 en une heure, contre 35 d'ordinaire (Downdetector). IsItDownRightNow : en panne.",
        "12e panne constatée cette année ; la précédente : le 14 février, 47 min.",
    ]
    others = ((SLACK, replace(DOWN, service="slack", since=at(14, 20))),)
    assert [plain(line) for line in told(ChangeKind.RESTORED, OVER, at(14, 51), FR, others=others).words.lines] == [
        "La page d'état officielle ne l'a jamais signalé. Toujours en panne : Slack depuis 14 h 20.",
    ]


def test_a_digest_and_an_answer_to_status():
    seen = Overview(at(15), ((X, ServiceState("x", up_since=at(14, 50))), (SLACK, ServiceState("slack"))), (OVER,))
    words = wording.digest("La rédaction", seen, at(15) - timedelta(days=1), FR)
    assert plain(words.title) == "📰 La rédaction, jeudi 14 juillet : 1 panne, 50 min"
    assert "X (Twitter) : en panne de 14 h à 14 h 50 (50 min)." in [plain(line) for line in words.lines]
    states = ((X, ServiceState("x", incident=DOWN)), (SLACK, ServiceState("slack", up_since=at(1))))
    assert plain(wording.status(Overview(at(15), states, ()), FR).text) == (
        "🔴 1 service sur 2 est en panne\n🔴 X (Twitter) : en panne depuis 14 h"
    )


@pytest.mark.parametrize(
    ("phase", "now", "said"),
    [
        (Phase.PLANNED, at(21), "🛠 Le courrier : maintenance de 22 h à 23 h 30"),
        (Phase.PLANNED, at(21, day=12), "🛠 Le courrier : maintenance jeudi de 22 h à 23 h 30"),
        (Phase.PLANNED, at(21, day=2), "🛠 Le courrier : maintenance le 14 juil. de 22 h à 23 h 30"),
        (Phase.BEGUN, at(22), "🛠 Le courrier : en maintenance jusqu'à 23 h 30"),
        (Phase.CANCELLED, at(21), "🛠 Le courrier : maintenance annulée (de 22 h à 23 h 30)"),
        (Phase.ENDED, at(23, 31), "🛠 Le courrier : maintenance terminée (de 22 h à 23 h 30)"),
    ],
)
def test_maintenance(phase, now, said):
    assert plain(wording.maintenance(WORK, phase, (MAIL,), FR, now).words.title) == said


@pytest.mark.parametrize(
    ("when", "point", "clock"),
    [
        (at(14, 50), "14 h 50", "14 h 50"),
        (at(9, 5, day=12), "9 h 05 mardi", "mardi 9 h 05"),
        (at(14, month=2), "14 h le 14 février", "le 14 févr. 14 h"),
        (at(14, day=1), "14 h le 1er juillet", "le 1er juil. 14 h"),
        (at(14, year=2021), "14 h le 14 juillet 2021", "le 14 juil. 2021 14 h"),
    ],
)
def test_days_are_named_as_far_as_needed(when, point, clock):
    to = reader(FR, at(15))
    assert (to.point(when), to.clock(when)) == (point, clock)


@pytest.mark.parametrize(
    ("count", "certificate", "storm"),
    [
        (1, "expire dans 1 jour", "🔴 1 service en panne ou perturbé depuis 14 h"),
        (2, "expire dans 2 jours", "🔴 2 services en panne ou perturbés depuis 14 h"),
        (5, "expire dans 5 jours", "🔴 5 services en panne ou perturbés depuis 14 h"),
    ],
)
def test_one_two_and_five(count, certificate, storm):
    say = catalog("fr")
    assert say.certificates.ends.format(count=count) == certificate
    assert say.batches.storm.format(count=count, since="14 h") == storm


def test_names_are_joined():
    assert listed(["web", "app", "iOS"], catalog("fr")) == "web, app et iOS"
    assert listed(["a", "b", "c"], catalog("fr"), 2) == "a, b et 1 autre"
    assert listed(["a", "b", "c", "d"], catalog("fr"), 2) == "a, b et 2 autres"


def test_what_is_typed_in_french_is_understood():
    assert {fold(word) for word in ("marche", "Fonctionne")} <= input_words("works")
    assert (weekdays()["lundi"], weekdays()["dim"]) == (0, 6)
    assert fold("À") in input_words("to")


def test_the_space_before_high_marks_and_inside_quotation_marks_is_a_hard_one():
    loose = re.compile(r" [:;?!»]|« |(?<![\s\u00a0\d/]):(?=\s)|\w[;?!](?=\W)")
    said = [line for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#")]
    values = [re.sub(r'^"[^"]*" = |^\S+ = ', "", line) for line in said]
    assert [value for value in values if loose.search(value)] == []

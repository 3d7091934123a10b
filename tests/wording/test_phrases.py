"""Every language says everything, with the same facts."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from string import Formatter

import pytest

from bot.model import Topic
from bot.wording.phrases import CATALOGUES, Phrases, phrases
from bot.wording.phrases.en import ENGLISH

PATTERNS = {"percent"}
ONE_BY_ONE = {"hear", "commands", "reasons", "channels", "own.parts", "own.names", "own.whys"}
TOPICS = {
    *(
        "many",
        "dying",
        "wishes",
        "plans",
        "proofs",
        "pages",
        "trackers",
        "worn",
        "crowd",
        "past",
        "looks",
        "buttons",
        "rooms",
    ),
    "own",
}
SENTENCES = [f.name for f in fields(Phrases) if f.name not in {"language", *PATTERNS, *ONE_BY_ONE, *TOPICS}]
SENTENCES += [
    f"{topic}.{f.name}"
    for topic in TOPICS
    for f in fields(getattr(ENGLISH, topic))
    if f"{topic}.{f.name}" not in ONE_BY_ONE
]
AP_OR_CLDR = {
    n for n in SENTENCES if n.rpartition(".")[2].startswith(("day_", "point_near", "point_far", "point_other"))
}


def forms(catalogue: Phrases, name: str) -> tuple[str, ...]:
    value = attrgetter(name)(catalogue)
    return value if isinstance(value, tuple) else (value,)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", CATALOGUES)
def test_nothing_is_left_unsaid(language: str) -> None:
    said = CATALOGUES[language]
    empty = [name for name in SENTENCES for form in forms(said, name) if not form.strip(" ") and name != "comma"]
    assert empty == []
    assert set(said.hear) == {str(h) for h in Topic}
    assert set(said.commands) == set(ENGLISH.commands)
    assert all(said.hear.values())
    assert all(said.commands.values())


@pytest.mark.parametrize("name", sorted(set(SENTENCES) - AP_OR_CLDR))
def test_every_language_has_the_same_facts_in_each_sentence(name: str) -> None:
    for said in CATALOGUES.values():
        pairs = zip(forms(said, name), forms(ENGLISH, name), strict=True)
        assert all(placeholders(a) == placeholders(b) for a, b in pairs), said.language


@pytest.mark.parametrize("language", CATALOGUES)
def test_only_titles_of_whole_sentences_bring_their_own_stop(language: str) -> None:
    own = {"unconfirmed", "not_down", "no_trouble", "blind_over", "status_up", "digest_quiet", "plans.up"}
    own |= {"own.unseen_by_machine"}
    said = CATALOGUES[language]
    stopped = {n for n in SENTENCES for f in forms(said, n) if f.endswith(".") and not f.endswith("aprox.")}
    assert stopped == own


def test_spanish_differs_from_english_wherever_there_are_words() -> None:
    spanish = CATALOGUES["es"]
    same = {n for n in SENTENCES if any(c.isalpha() for c in bare(ENGLISH, n)) and bare(spanish, n) == bare(ENGLISH, n)}
    assert same <= {"plan", "minutes", "hours", "days", *AP_OR_CLDR}


def bare(catalogue: Phrases, name: str) -> str:
    return "".join(literal for form in forms(catalogue, name) for literal, *_ in Formatter().parse(form))


@pytest.mark.parametrize(
    ("asked", "got"), [("es", "es"), ("es-MX", "es"), ("ES_mx", "es"), ("en-GB", "en"), ("eu", "en"), ("", "en")]
)
def test_a_region_gets_its_language_and_an_unknown_language_english(asked: str, got: str) -> None:
    assert phrases(asked).language == got

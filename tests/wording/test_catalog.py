"""Every language says everything, with the same facts; and whoever adds one is told what is wrong with it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from bot.chat.commands import COMMANDS
from bot.model import (
    Change,
    ChangeKind,
    Confidence,
    DeliveryStatus,
    Health,
    Incident,
    Service,
    Style,
    Topic,
)
from bot.wording import catalog as module
from bot.wording import times
from bot.wording.catalog import (
    OPEN,
    TYPED,
    Catalog,
    CatalogError,
    Catalogs,
    Plural,
    Section,
    catalog,
    catalogs,
    fold,
    input_words,
    load,
    weekdays,
)
from bot.wording.incident import notice
from bot.wording.text import choice, listed
from tests.wording.key_usage import ROOT, Use, in_code, uses

LOCALES = Path(module.__file__).parent / "locales"
PARSED = module._parsed
NOON = datetime(2022, 7, 14, 12, tzinfo=UTC)
EN = (LOCALES / "en.toml").read_bytes()
ENGLISH = EN.decode()
ENGLISH_TABLES = tomllib.loads(ENGLISH)
TABLES = {
    "topics",
    "commands",
    "channel_names",
    "own_troubles",
    "own_parts",
    "delivery_changes",
    "delivery_states",
    "mail_labels",
    "reasons",
    "advice",
}
PATTERNS = {
    "times.percent",
    "times.clock_24",
    *(f"times.{of}_{far}" for of in ("day", "point", "past_day") for far in ("near", "far", "other_year")),
}

Tables = dict[str, dict[str, Any]]


def sentences(language: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each key with its forms, those of tables and patterns aside."""
    for name, section in tomllib.loads((LOCALES / f"{language}.toml").read_text("utf-8")).items():
        for key, value in section.items() if name not in {*OPEN, *TABLES, *TYPED} else ():
            if f"{name}.{key}" not in PATTERNS:
                yield f"{name}.{key}", tuple(value.values()) if isinstance(value, dict) else (value,)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def toml(tables: Tables) -> bytes:
    def value(of: object) -> str:
        if isinstance(of, dict):
            return f"{{ {', '.join(f'{json.dumps(k)} = {value(v)}' for k, v in of.items())} }}"
        return json.dumps(of, ensure_ascii=False)

    rows = (
        [f"[{name}]", *(f"{json.dumps(k, ensure_ascii=False)} = {value(v)}" for k, v in section.items())]
        for name, section in tables.items()
    )
    return "\n".join(row for section in rows for row in section).encode()


def french(change: Callable[[Tables], object]) -> bytes:
    """A file for French: English with the forms that French has, and one thing changed."""
    tables = deepcopy(ENGLISH_TABLES)
    tables["plurals"]["many"] = "other"
    change(tables)
    return toml(tables)


# ── the languages there are ──────────────────────────────────────────────────────────────────────────────────────────


def test_there_is_a_language_for_each_file():
    assert set(catalogs()) == {path.stem for path in LOCALES.glob("*.toml")} >= {"en", "es"}


@pytest.mark.parametrize(
    ("asked", "got"), [("es", "es"), ("es-MX", "es"), ("ES_mx", "es"), ("en-GB", "en"), ("eu", "en"), ("", "en")]
)
def test_a_region_gets_its_language_and_an_unknown_language_english(asked, got):
    assert catalog(asked).language == got


@pytest.mark.parametrize("language", sorted(catalogs()))
def test_only_titles_of_whole_sentences_bring_their_own_stop(language):
    own = {"changes.unconfirmed", "changes.was_not_down", "changes.had_no_trouble", "changes.online_again"}
    own |= {"changes.machine_well_again", "status.up", "maintenance.others_up"}
    stopped = {n for n, forms in sentences(language) for f in forms if f.endswith(".") and not f.endswith("aprox.")}
    stopped = {name for name in stopped if not name.startswith("times.")}  # "50 Min." in German
    assert stopped == own


@pytest.mark.parametrize("language", sorted(set(catalogs()) - {"en"}))
def test_a_translation_differs_from_english_wherever_there_are_words(language):
    english = dict(sentences("en"))
    same = {name for name, forms in sentences(language) if bare(forms[-1]) == bare(english[name][-1])}
    same = {name for name in same if any(c.isalpha() for c in bare(english[name][-1]))}
    # "2 services", "code 50001" in both
    alike = (
        {"maintenance.several", "reason_parts.code", "report.service", "report.news_incidents"}
        if language == "fr"
        else set()
    )
    assert same <= alike | {"evidence.plan", "times.minutes", "times.hours", "times.days"}


def bare(form: str) -> str:
    return "".join(literal for literal, *_ in Formatter().parse(form))


# ── what the code uses ───────────────────────────────────────────────────────────────────────────────────────────────


def test_every_key_that_is_used_exists_and_is_given_its_facts():
    english, wrong = catalogs()["en"], []
    for use in uses():
        section = vars(english).get(use.chain[0])
        if (not isinstance(section, Section) and use.chain != ("language",)) or (
            len(use.chain) == 2 and use.chain[1] not in section and use.chain[1] not in dir(Section)
        ):
            wrong.append(use)
        elif len(use.chain) == 2 and use.facts is not None:
            sentence = section[use.chain[1]]
            wanted = placeholders(sentence) | ({"count"} if isinstance(sentence, Plural) else set())
            wrong += [use] if wanted - use.facts else []
    assert wrong == []


def test_every_key_is_used():
    used = {use.chain for use in uses()}
    sections = {name: said for name, said in vars(catalogs()["en"]).items() if isinstance(said, Section)}
    keys = {(name, key) for name, section in sections.items() for key in section}
    whole = {*OPEN, *TABLES}
    assert {key for key in keys if key[0] not in whole} - used == set()
    assert {name for name in whole if (name,) not in used} == {"plurals"}


@pytest.mark.parametrize(
    "source",
    [
        "def f(say: Catalog): return say.titles.dwon",
        "def f(to): return to.say.titles.dwon.format(name=1)",
        "def f(style):\n say, n = catalog(style.language).titles, 1\n return [say.dwon for _ in ()]",
        "def f(to):\n form = to.say.titles.up if to else to.say.titles.dwon\n return form",
        "def f(to): return (to.say.titles.up if to else to.say.titles.dwon).format(name=1, since=2)",
    ],
)
def test_a_typo_is_seen(source):
    assert ("titles", "dwon") in {use.chain for use in in_code(Path("x.py"), source)}


def test_every_list_of_typed_words_is_used_and_exists():
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "bot").rglob("*.py"))
    literal = set(re.findall(r'\binput_words\("(\w+)"\)', sources))
    tabled = {"every_day", "working_days", "weekend", "days", "hours", "minutes"}
    assert literal | tabled == set(ENGLISH_TABLES["input"])
    assert all(input_words(key) for key in tabled)


def test_a_fact_that_is_forgotten_is_seen():
    found = list(in_code(Path("x.py"), "def f(to): return to.say.titles.up.format(name=1)"))
    assert Use(("titles", "up"), "x.py:1", frozenset({"name"})) in found


@pytest.mark.parametrize("language", sorted(catalogs()))
def test_tables_over_enums_are_complete(language):
    said = catalogs()[language]
    assert set(said.topics) == {str(topic) for topic in Topic}
    assert set(said.delivery_changes) == {str(kind) for kind in ChangeKind}
    assert set(said.delivery_states) == {str(status) for status in DeliveryStatus}
    assert set(said.commands) >= set(COMMANDS)


# ── what is refused ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda t: t["titles"].pop("down"), "fr.toml: titles.down: is missing; English has it"),
        (lambda t: t.pop("titles"), "fr.toml: titles: is missing; English has it"),
        (lambda t: t["titles"].update(dwon="x"), "fr.toml: titles.dwon: is surplus; English has no such key"),
        (lambda t: t.update(tittles={}), "fr.toml: tittles: is surplus; English has no such key"),
        (lambda t: t["topics"].pop("down"), "fr.toml: topics.down: is missing; English has it"),
        (
            lambda t: t["titles"].update(down="{nom} depuis {since}"),
            "fr.toml: titles.down: expected the placeholders name, since; found nom, since",
        ),
        (
            lambda t: t["titles"].update(up="{name}"),
            "fr.toml: titles.up: expected the placeholders name, since; found name",
        ),
        (
            lambda t: t["titles"].update(up="{name {since}"),
            "has a brace that is not closed, or more than a name in braces",
        ),
        (
            lambda t: t["titles"].update(up="{name} {since.tzinfo}"),
            "fr.toml: titles.up: has a brace that is not closed",
        ),
        (
            lambda t: t["titles"].update(up="{} {since}"),
            "fr.toml: titles.up: has a brace that is not closed, or more than",
        ),
        (lambda t: t["titles"].update(up=3), "fr.toml: titles.up: expected a text that is not empty"),
        (lambda t: t["titles"].update(up=" "), "fr.toml: titles.up: expected a text that is not empty"),
        (lambda t: t["titles"].update(up={"one": "x", "other": "x"}), "fr.toml: titles.up: expected one text"),
        (lambda t: t["titles"].update(times_down="x"), "times_down: expected a table with the forms one, other"),
        (
            lambda t: t["titles"]["times_down"].pop("one"),
            "times_down: lacks the plural form 'one'; expected one, other",
        ),
        (
            lambda t: t["titles"]["times_down"].update(few="x"),
            "times_down: has a plural form too many, 'few'; expected one, other",
        ),
        (lambda t: t["plurals"].pop("many"), "lacks the plural form 'many'; expected many, one, other"),
        (lambda t: t["plurals"].update(few="other"), "fr.toml: plurals.few: expected one of many, one, other"),
        (lambda t: t["months"].pop("3"), "fr.toml: months.3: expected all of 1, 10, 11, 12, 2,"),
        (lambda t: t["clock_words"].pop("am"), "clock_words.am: expected all of am, midnight, noon, pm, or none"),
        (lambda t: t["and_before"].update({"[": "{head}{last}"}), "fr.toml: and_before.[: is no regular expression:"),
        (lambda t: t["and_before"].update(x=3), "fr.toml: and_before.x: expected one text"),
        (lambda t: t["plurals"].update(one=[]), "fr.toml: plurals.one: expected one of many, one, other"),
        (lambda t: t["or_before"].update(x="{head}"), "or_before.x: expected the placeholders head, last; found head"),
        (lambda t: t["ordinals"].update(x={"y": "z"}), "fr.toml: ordinals.x: expected one text"),
        (lambda t: t["input"].pop("off"), "fr.toml: input.off: is missing; English has it"),
        (lambda t: t["input"].update(off=[]), 'fr.toml: input.off: expected a list of words, such as ["on", "yes"]'),
        (lambda t: t["input"].update(off="non"), "fr.toml: input.off: expected a list of words"),
        (lambda t: t["weekdays"].update({"8": ["octidi"]}), "fr.toml: weekdays.8: is surplus; English has no such key"),
        (lambda t: t["ordinals"].update(get="x"), "fr.toml: ordinals.get: is a key that Python keeps for itself"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_one_line(change, problem):
    with pytest.raises(CatalogError) as refused:
        load({"en": EN, "fr": french(change)})
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("language", "content", "problem"),
    [
        ("fr", b"[titles", "fr.toml: is not valid TOML: "),
        ("fr", b"a = \xff", "fr.toml: is not valid TOML: "),
        ("fr", b"a = 1", "fr.toml: a: expected a section such as [titles]"),
        ("xx", EN, 'xx.toml: is no language that CLDR knows; expected a file such as "fr.toml"'),
        ("README", EN, "README.toml: is no language that CLDR knows"),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused(language, content, problem):
    with pytest.raises(CatalogError, match="^" + problem[:20].replace(".", r"\.").replace("[", r"\[")) as refused:
        load({"en": EN, language: content})
    assert str(refused.value).startswith(problem)


def test_english_is_checked_first_as_the_others_are_held_against_it():
    broken = tomllib.loads(ENGLISH)
    broken["titles"]["times_down"].pop("other")
    with pytest.raises(CatalogError, match=r"^en\.toml: titles\.times_down: lacks the plural form 'other'"):
        load({"de": EN, "en": toml(broken)})


def test_a_file_that_fits_is_a_language():
    assert set(load({"en": EN, "fr": french(len)})) == {"en", "fr"}


def test_a_catalogue_does_not_change():
    with pytest.raises(AttributeError, match="does not change"):
        catalog("en").titles.down = "x"
    with pytest.raises(AttributeError, match="does not change"):
        catalog("en").titles = Section({})
    with pytest.raises(AttributeError, match="no sentence has the key 'dwon'"):
        catalog("en").titles.dwon  # noqa: B018
    with pytest.raises(AttributeError, match="no section of sentences is called 'tittles'"):
        catalog("en").tittles  # noqa: B018


# ── counting and joining ─────────────────────────────────────────────────────────────────────────────────────────────

POLISH = {
    "one": "{count} incydent",
    "few": "{count} incydenty",
    "many": "{count} incydentów",
    "other": "{count} incydentu",
}


@cache
def polish() -> Catalog:
    """English in a language of four plural forms: each counted sentence says which form it is."""
    tables = deepcopy(ENGLISH_TABLES)
    for name, section in tables.items():
        for key, value in section.items():
            if isinstance(value, dict):
                section[key] = {form: f"{value['other']} [{form}]" for form in POLISH}
            elif name == "months":
                break
    tables["batches"]["incidents"] = POLISH
    return load({"en": EN, "pl": toml(tables)})["pl"]


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (1, "1 incydent"),
        *((n, f"{n} incydenty") for n in (2, 4, 22, 34, 102)),
        *((n, f"{n} incydentów") for n in (0, 5, 11, 12, 14, 21, 25, 111, 112, 1000)),
    ],
)
def test_four_plural_forms(count, said):
    assert polish().batches.incidents.format(count=count) == said


def test_every_counted_sentence_is_said_in_each_of_four_forms():
    said, english = polish(), ENGLISH_TABLES
    counted = [(n, k) for n, section in english.items() for k, v in section.items() if isinstance(v, dict)]
    assert len(counted) > 40
    for name, key in counted:
        facts = dict.fromkeys(placeholders(english[name][key]["other"]), "x")
        for count, form in ((1, "one"), (3, "few"), (5, "many")):
            text = getattr(getattr(said, name), key).format(**{**facts, "count": count})
            assert text.endswith(f"[{form}]") or (name, key) == ("batches", "incidents")


def test_a_million_in_spanish_has_the_form_of_many():
    assert catalog("es").batches.incidents.format(count=2_000_000) == "2000000 incidencias"


def test_only_whole_numbers_are_counted():
    with pytest.raises(TypeError):
        catalog("en").batches.incidents.format(count="3")


@pytest.mark.parametrize(
    ("language", "names", "all_of", "one_of"),
    [
        ("es", ["web", "iOS"], "web e iOS", "web o iOS"),
        ("es", ["web", "Hierro"], "web y Hierro", "web o Hierro"),
        ("es", ["web", "Outlook"], "web y Outlook", "web u Outlook"),
        ("es", ["a", "b", "hilos"], "a, b e hilos", "a, b o hilos"),
        ("en", ["web", "iOS"], "web and iOS", "web or iOS"),
        ("en", ["web"], "web", "web"),
        ("en", [], "", ""),
    ],
)
def test_names_are_joined_as_the_language_does(language, names, all_of, one_of):
    assert listed(names, catalog(language)) == all_of
    assert choice(names, catalog(language)) == one_of


# ── words that people type ───────────────────────────────────────────────────────────────────────────────────────────


def test_no_word_is_two_days_of_the_week():
    words = [
        (fold(word), int(day))
        for path in LOCALES.glob("*.toml")
        for day, of in tomllib.loads(path.read_text("utf-8"))["weekdays"].items()
        for word in of
    ]
    assert weekdays() == {word: day - 1 for word, day in words}
    assert len({word for word, _ in words}) == len(set(words))


def test_words_are_known_in_every_language_without_their_accents():
    assert input_words("works") >= {"works", "ok", "funciona"}
    assert input_words("every_day") >= {"daily", "todos los dias"}
    assert weekdays()[fold("Miércoles")] == weekdays()["wed"] == 2


@pytest.mark.parametrize("language", sorted(catalogs()))
def test_what_people_type_is_read_without_the_sentences(language, monkeypatch):
    read = []
    monkeypatch.setattr(module, "_parsed", lambda *given: read.append(parsed := PARSED(*given)) or parsed)
    words = Catalogs().typed(language)

    assert [set(table) for table in read] == [TYPED]
    assert words == catalog(language).typed


def test_a_notice_waits_for_no_language_once_they_are_prepared(monkeypatch):
    for kept in (module.catalogs, module.catalog, module.input_words, module._typed, times._settled):
        kept.cache_clear()
    styles = {"en": Style("en"), "es": Style("es")}
    times.prepare(styles.values(), NOON)

    def refuse(language: str, _content: bytes) -> None:
        raise AssertionError(f"{language} is read while a notice waits")

    monkeypatch.setattr(module, "_parsed", refuse)
    incident = Incident("x", 1, NOON, Health.DOWN, Confidence.CONFIRMED, confirmed_at=NOON)
    change = Change(ChangeKind.CONFIRMED, NOON, incident)
    said = [notice(change, Service("x", "X", ("web",)), style).words.title for style in styles.values()]
    assert said == ["🔴 X: down since noon", "🔴 X no funciona desde las 12:00"]

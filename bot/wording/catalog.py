"""Message catalogues: one data file per language in `locales`; English defines the keys."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Formatter
from typing import Any, Final

from babel import Locale, UnknownLocaleError

from bot.wording import babel_data

ENGLISH: Final = "en"
CODE: Final = re.compile(r"[a-z]{2,3}")
# Tables whose keys differ between languages.
OPEN: Final = frozenset(
    {
        "plurals",
        "and_before",
        "or_before",
        "months",
        "month_days",
        "clock_words",
        "clock_patterns",
        "oclock",
        "ordinals",
    }
)
# Sections of words that people type, with a list at each key.
TYPED: Final = frozenset({"input", "command_words", "weekdays"})
WORDS: Final = b"\n[input]\n"  # where these tables begin in a file
# Tables of which a language has all keys or none.
ALL_OR_NONE: Final = {
    "months": frozenset(map(str, range(1, 13))),
    "clock_words": frozenset({"noon", "midnight", "am", "pm"}),
    "clock_patterns": frozenset({"hour", "minute"}),
}
# Tables whose keys are patterns, and the sentence that their values replace.
JOINING: Final = {"and_before": "and_last", "or_before": "or_last"}

Table = dict[str, Any]


class CatalogError(Exception):
    """An invalid language file: language, key, and the problem."""

    def __init__(self, language: str, key: str, problem: str) -> None:
        super().__init__(f"{language}.toml: {f'{key}: ' if key else ''}{problem}")


class Plural(str):
    """A sentence with a form per plural category. As a string it is the form of "other"."""

    __slots__ = ("_category", "_forms")
    _category: Callable[[int], str]
    _forms: Mapping[str, str]

    @classmethod
    def of(cls, forms: Mapping[str, str], category: Callable[[int], str]) -> Plural:
        made = cls(forms["other"])
        made._category, made._forms = category, forms
        return made

    def mapped(self, change: Callable[[str], str]) -> Plural:
        """The same with each form changed."""
        return Plural.of({name: change(form) for name, form in self._forms.items()}, self._category)

    @property
    def forms(self) -> Mapping[str, str]:
        """The forms by plural category."""
        return self._forms

    def format(self, *args: object, **facts: object) -> str:
        """Format the form that fits `count`, which must be among the facts."""
        count = facts["count"]
        if not isinstance(count, int):
            raise TypeError("only whole numbers are counted")
        return self._forms[self._category(count)].format(*args, **facts)


class Section:
    """A section of sentences, read as attributes or like a mapping."""

    def __init__(self, entries: Mapping[str, str]) -> None:
        self.__dict__.update(entries)

    def __getattr__(self, key: str) -> str:
        raise AttributeError(f"no sentence has the key {key!r}")

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"{key}: a catalogue does not change")

    def __getitem__(self, key: str) -> str:
        sentence: str = self.__dict__[key]
        return sentence

    def get(self, key: str, default: str) -> str:
        sentence: str = self.__dict__.get(key, default)
        return sentence

    def __contains__(self, key: object) -> bool:
        return key in self.__dict__

    def __iter__(self) -> Iterator[str]:
        return iter(self.__dict__)

    def __len__(self) -> int:
        return len(self.__dict__)


class Catalog:
    """The catalogue of one language, with its sections as attributes."""

    language: str
    typed: Mapping[str, frozenset[str]]  # words that people type, by "section.key"

    def __init__(self, language: str, sections: Mapping[str, Section], typed: Mapping[str, frozenset[str]]) -> None:
        self.__dict__.update(sections, language=language, typed=typed)

    def __getattr__(self, name: str) -> Section:
        raise AttributeError(f"no section of sentences is called {name!r}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{name}: a catalogue does not change")


def _english_first(file: Traversable) -> tuple[bool, str]:
    return file.name != f"{ENGLISH}.toml", file.name


class Catalogs(Mapping[str, Catalog]):
    """All catalogues by language code, each loaded when it is asked for: together they take ten megabytes and most of a
    second. Raises CatalogError if a file is invalid.
    """

    def __init__(self) -> None:
        found = [entry for entry in (files(__package__) / "locales").iterdir() if entry.name.endswith(".toml")]
        self._files = {entry.name.removesuffix(".toml"): entry for entry in sorted(found, key=_english_first)}
        self._loaded: dict[str, Catalog] = {}

    def __getitem__(self, language: str) -> Catalog:
        if language not in self._loaded:
            needed = dict.fromkeys((ENGLISH, language))
            self._loaded = {**load({one: self._files[one].read_bytes() for one in needed}), **self._loaded}
        return self._loaded[language]

    def __contains__(self, language: object) -> bool:
        return language in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def typed(self, language: str) -> Mapping[str, frozenset[str]]:
        """The words that people type, without the sentences: they stand last in a file."""
        if language not in self._loaded:
            _, head, words = self._files[language].read_bytes().partition(WORDS)
            table = _parsed(language, head + words)
            if table.keys() == TYPED:
                return _typed_words(language, table)
        return self[language].typed


@cache
def catalogs() -> Catalogs:
    found = Catalogs()
    babel_data.keep_only(found)
    return found


@cache
def _typed() -> Mapping[str, Mapping[str, frozenset[str]]]:
    """The words that people type, by language."""
    return {language: catalogs().typed(language) for language in catalogs()}


@lru_cache(maxsize=256)
def catalog(language: str) -> Catalog:
    """The catalogue for "es", "es-MX" or "ES_mx"; English for an unknown language."""
    known = base(language)
    return catalogs()[known if known in catalogs() else ENGLISH]


@lru_cache(maxsize=8)
def without(whole: Catalog, word: str) -> Catalog:
    """The catalogue without a word: after "2:00 PM", German says no "Uhr"."""
    gone = re.compile(rf" ?\b{re.escape(word)}\b")

    def bare(sentence: str) -> str:
        if isinstance(sentence, Plural):
            return sentence.mapped(lambda form: gone.sub("", form))
        return gone.sub("", sentence) if isinstance(sentence, str) else sentence

    held = vars(whole)
    sections = {
        name: Section({key: bare(section[key]) for key in section})
        for name, section in held.items()
        if isinstance(section, Section)
    }
    return Catalog(held["language"], sections, held["typed"])


def base(language: str) -> str:
    """The language code of "es-MX" or "ES_mx" without its region: "es"."""
    return language.replace("_", "-").partition("-")[0].lower()


@cache
def input_words(key: str) -> frozenset[str]:
    """Words that people may type for `key` in any language, folded."""
    return frozenset(word for said in _typed().values() for word in said[f"input.{key}"])


@cache
def command_words() -> Mapping[str, str]:
    """The commands by the words for them in all languages, folded."""
    section = "command_words."
    return {
        word: key.removeprefix(section)
        for said in _typed().values()
        for key, words in said.items()
        if key.startswith(section)
        for word in words
    }


@cache
def weekdays() -> Mapping[str, int]:
    """Names of the days of the week in all languages, folded. Monday is 0."""
    numbers = range(1, 8)
    return {word: n - 1 for said in _typed().values() for n in numbers for word in said[f"weekdays.{n}"]}


def fold(text: str) -> str:
    """Normalise for comparison: lower case without accents."""
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def load(contents: Mapping[str, bytes]) -> Mapping[str, Catalog]:
    """Parse and check the contents of all language files. Raise CatalogError at the first problem."""
    english = _parsed(ENGLISH, contents[ENGLISH])
    shape = _checked(ENGLISH, english, english)
    others = {language: _parsed(language, content) for language, content in contents.items() if language != ENGLISH}
    return {ENGLISH: shape} | {language: _checked(language, table, english) for language, table in others.items()}


def _parsed(language: str, content: bytes) -> Table:
    try:
        table = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CatalogError(language, "", f"is not valid TOML: {error}") from None
    for name, section in table.items():
        if not isinstance(section, dict):
            raise CatalogError(language, name, "expected a section such as [titles]")
    return table


def _checked(language: str, table: Table, english: Table) -> Catalog:
    category, categories = _plural_rule(language, table.get("plurals", {}))
    _same_keys(language, "", table, english)
    sections: dict[str, Section] = {}
    for name, section in table.items():
        if name in TYPED:
            _same_keys(language, f"{name}.", section, english[name])
            continue
        if name in OPEN:
            _open_table(language, name, section, english)
        else:
            _same_keys(language, f"{name}.", section, english[name])
        entries = {}
        for key, value in section.items():
            place, model = f"{name}.{key}", english[name].get(key, "")
            if key in dir(Section):
                raise CatalogError(language, place, "is a key that Python keeps for itself; expected another name")
            forms = _forms(language, place, value, model, categories)
            if name not in OPEN:
                for form in forms.values():
                    _same_facts(language, place, form, model)
            entries[key] = Plural.of(forms, category) if isinstance(value, dict) else value
        sections[name] = Section(entries)
    return Catalog(language, sections, _typed_words(language, table))


def _typed_words(language: str, table: Table) -> dict[str, frozenset[str]]:
    """The words that people type, by "section.key"."""
    return {
        f"{name}.{key}": _words(language, f"{name}.{key}", words)
        for name in sorted(TYPED)
        for key, words in table[name].items()
    }


def _words(language: str, place: str, words: object) -> frozenset[str]:
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word.strip() for word in words):
        raise CatalogError(language, place, 'expected a list of words, such as ["on", "yes"]')
    return frozenset(map(fold, words))


def _plural_rule(language: str, shared: Table) -> tuple[Callable[[int], str], frozenset[str]]:
    """The language's plural rule, and the plural categories that a counted sentence needs."""
    try:
        rule = Locale.parse(language).plural_form if CODE.fullmatch(language) else None
    except (ValueError, UnknownLocaleError):
        rule = None
    if rule is None:
        raise CatalogError(language, "", 'is no language that CLDR knows; expected a file such as "fr.toml"')
    has = rule.tags | {"other"}
    for rare, other in shared.items():
        if rare not in has - {"other"} or not isinstance(other, str) or other not in has - shared.keys():
            raise CatalogError(language, f"plurals.{rare}", f"expected one of {_listed(has)} for another of them")

    @lru_cache(maxsize=1024)
    def category(count: int) -> str:
        found = rule(count)
        return str(shared.get(found, found))

    return category, frozenset(has - shared.keys())


def _same_keys(language: str, prefix: str, table: Table, english: Table) -> None:
    if missing := english.keys() - table.keys():
        raise CatalogError(language, f"{prefix}{min(missing)}", "is missing; English has it")
    if surplus := table.keys() - english.keys():
        raise CatalogError(language, f"{prefix}{min(surplus)}", "is surplus; English has no such key")


def _open_table(language: str, name: str, section: Table, english: Table) -> None:
    if name in ALL_OR_NONE and section and section.keys() != ALL_OR_NONE[name]:
        wrong = min(section.keys() ^ ALL_OR_NONE[name])
        raise CatalogError(language, f"{name}.{wrong}", f"expected all of {_listed(ALL_OR_NONE[name])}, or none")
    for pattern, form in section.items() if name in JOINING else ():
        if not isinstance(form, str):
            raise CatalogError(language, f"{name}.{pattern}", "expected one text")
        try:
            re.compile(pattern)
        except re.error as error:
            raise CatalogError(language, f"{name}.{pattern}", f"is no regular expression: {error}") from None
        _same_facts(language, f"{name}.{pattern}", form, english["lists"][JOINING[name]])


def _forms(language: str, place: str, value: object, model: object, categories: frozenset[str]) -> dict[str, str]:
    """The forms of a sentence by plural category; only "other" if it does not count."""
    forms: dict[str, Any] = value if isinstance(value, dict) else {"other": value}
    if isinstance(model, dict) != isinstance(value, dict):
        counts = isinstance(model, dict)
        expected = f"a table with the forms {_listed(categories)}" if counts else "one text"
        raise CatalogError(language, place, f"expected {expected}")
    if isinstance(value, dict) and forms.keys() != categories:
        wrong = min(forms.keys() ^ categories)
        fault = "lacks the plural form" if wrong in categories else "has a plural form too many,"
        raise CatalogError(language, place, f"{fault} {wrong!r}; expected {_listed(categories)}")
    for form in forms.values():
        if not isinstance(form, str) or (not form.strip(" ") and place != "lists.comma"):
            raise CatalogError(language, place, "expected a text that is not empty")
    return forms


def _same_facts(language: str, place: str, form: str, model: Any) -> None:
    """Check the placeholders of a form. It may omit only the number that selects it."""
    counted = isinstance(model, dict)
    wanted, found = _facts(model["other"] if counted else model), _facts(form)
    if found is None:
        raise CatalogError(language, place, "has a brace that is not closed, or more than a name in braces")
    chosen_by = {"count"} if counted else set()
    if wanted is not None and found - chosen_by != wanted - chosen_by:
        raise CatalogError(language, place, f"expected the placeholders {_listed(wanted)}; found {_listed(found)}")


def _facts(form: str) -> set[str] | None:
    """The placeholders of a sentence; None if it is not a format string or has anything but plain names."""
    try:
        parts = [part for part in Formatter().parse(form) if part[1] is not None]
    except ValueError:
        return None
    plain = all(str(name).isidentifier() and not spec and not conversion for _, name, spec, conversion in parts)
    return {str(name) for _, name, _, _ in parts} if plain else None


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"

"""Parser from text to plain maps, lists and values with their lines. YAML 1.2 without anchors and tags, which includes
JSON.

Uses libyaml's events: a mebibyte takes a quarter of a second, however hostile, and nesting does not use our stack.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import yaml

Location = tuple[str | int, ...]
Place = tuple[int, int]  # line and column, from 1

DEPTH = 30  # a config has eight levels, a JSON body in it some more
NODES = 100_000  # values and keys of all that is no service ...
EACH = 20  # ... and as many more for each service
SERVICES = 100_000
WORDY = 10_000  # characters of a key

INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
OTHER_BASE = re.compile(r"0(?:x[0-9a-fA-F]{1,15}|o[0-7]{1,20})")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,40}|[0-9]{1,40}(?:\.[0-9]{0,40})?)(?:[eE][-+]?[0-9]{1,5})?")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9:.]{4,15}(?:Z|[+-][0-9:]{2,6})?)?")
WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# JSON writes characters beyond U+FFFF as surrogate pairs, which YAML lacks; after an escaped backslash it is plain
# text.
HALVES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Malformed(Exception):
    """Invalid input. The message quotes nothing of the file; `at` is its place."""

    def __init__(self, what: str, at: Place = (1, 1)) -> None:
        super().__init__(what)
        self.what = what
        self.at = at


@dataclass(slots=True)
class Tree:
    """A parsed file. Of what was asked for: `lines`, the places of keys and items; `written`, the original text of
    unquoted values.
    """

    root: Any = None
    lines: dict[Location, Place] = field(default_factory=dict)
    written: dict[Location, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What else is wanted of a file that was parsed already: of all values it would take more memory than they do.

    `places`: of these locations. `keys`: the text of unquoted values that have these keys.
    """

    places: Collection[Location] = ()
    keys: Collection[str] = ()


@dataclass(slots=True)
class _Level:
    """A map or list that is not closed yet."""

    where: Location
    into: dict[str, Any] | list[Any]
    key: str | None = None


def parse(text: str, asked: Asked | None = None) -> Tree:
    """Parse a file. Raise Malformed if it is not YAML, or holds more than any config."""
    try:
        return _Builder(asked or Asked()).built(_events(HALVES.sub(_joined, text)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Malformed(f"is no YAML here: {_harmless(error.problem or '')}", _place(mark)) from None
    except (yaml.YAMLError, UnicodeError):
        raise Malformed(
            "holds a character that YAML does not take; write it as an escape, in quotes", _odd(text)
        ) from None


def _events(text: str) -> Iterator[Any]:
    return iter(yaml.parse(text, Loader=PARSER))


def _joined(halves: re.Match[str]) -> str:
    whole = 0x10000 + ((int(halves[2], 16) - 0xD800) << 10) + int(halves[3], 16) - 0xDC00
    return f"{halves[1]}\\U{whole:08x}"


def _harmless(problem: str) -> str:
    """libyaml's message without its quotations of the file."""
    return re.sub(r"'[^'<]{2,}'", "something", problem)[:200]


def _odd(text: str) -> Place:
    found = UNSEEN.search(text)
    before = text[: found.start()] if found else ""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _place(mark: Any) -> Place:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


class _Builder:
    """Builds the tree from events without recursion."""

    def __init__(self, asked: Asked) -> None:
        self._tree, self._asked = Tree(), asked
        self._most, self._services = NODES, 0
        self._open: list[_Level] = []
        self._count = 0
        self._documents = 0

    def built(self, events: Iterator[Any]) -> Tree:
        for event in events:
            at = _place(event.start_mark)
            match event:
                case yaml.DocumentStartEvent():
                    self._documents += 1
                    if self._documents > 1:
                        raise Malformed("holds a second document (---); expected one", at)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._begin({} if isinstance(event, yaml.MappingStartEvent) else [], event, at)
                case yaml.ScalarEvent() | yaml.AliasEvent():
                    self._scalar(event, at)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._open.pop()
        return self._tree

    def _begin(self, made: dict[str, Any] | list[Any], event: Any, at: Place) -> None:
        self._check(event, at)
        level = self._open[-1] if self._open else None
        if level and isinstance(level.into, dict) and level.key is None:
            raise Malformed("a key is one word here, not a map or a list", at)
        if len(self._open) >= DEPTH:
            raise Malformed(f"is nested more than {DEPTH} deep; expected a config", at)
        where = self._put(made, at)
        self._open.append(_Level(where, made))

    def _scalar(self, event: Any, at: Place) -> None:
        self._check(event, at)
        level = self._open[-1] if self._open else None
        if level and isinstance(level.into, dict) and level.key is None:
            self._key(level, event.value, at)
            return
        plain = event.implicit[0]
        if plain and self._asked.keys and level and level.key in self._asked.keys:
            self._tree.written[(*level.where, level.key or "")] = event.value
        self._put(_value(event.value) if plain else event.value, at)

    def _key(self, level: _Level, key: str, at: Place) -> None:
        if len(key) > WORDY:
            raise Malformed("has a key that is far too long", at)
        if key in level.into:
            named = f'"{key}"' if re.fullmatch(r"[a-z_]{1,30}", key) else "a key"
            raise Malformed(f"{named} stands here twice; keep one", at)
        level.key = key
        self._note((*level.where, key), at)
        if level.where == ("services",):
            self._services += 1
            self._most += EACH
            if self._services > SERVICES:
                raise Malformed(f"holds more than {SERVICES:,} services", at)

    def _put(self, made: Any, at: Place) -> Location:
        """Add a value to the open map or list, and return its location."""
        if not self._open:
            self._tree.root = made
            return ()
        level = self._open[-1]
        if isinstance(level.into, list):
            where: Location = (*level.where, len(level.into))
            level.into.append(made)
            self._note(where, at)
            return where
        key, level.key = level.key or "", None
        level.into[key] = made
        return (*level.where, key)

    def _note(self, where: Location, at: Place) -> None:
        if where in self._asked.places:
            self._tree.lines[where] = at

    def _check(self, event: Any, at: Place) -> None:
        self._count += 1
        if self._count > self._most:
            raise Malformed(f"holds more than {self._most:,} values; expected a config", at)
        if event.anchor is not None:
            raise Malformed("anchors and aliases (& and *) are not taken; write it out, or put it in quotes", at)
        if getattr(event, "tag", None) is not None:
            raise Malformed("tags (!) are not taken; put a value that begins with ! in quotes", at)


def _value(text: str) -> Any:
    """Convert an unquoted value. Text that only resembles a number or a date stays text."""
    if text in WORDS:
        return WORDS[text]
    if len(text) > 40 or text[0] not in "+-.0123456789":
        return text
    if INTEGER.fullmatch(text):
        return int(text)
    if OTHER_BASE.fullmatch(text):
        return int(text, 0)
    if FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else text
    return _date(text) if DATE.fullmatch(text) else text


def _date(text: str) -> Any:
    try:
        return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except ValueError:
        return text

"""Well-known services: names, addresses, status pages.

Read when first asked for.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

FILE = "services.toml"


@dataclass(frozen=True, slots=True)
class Entry:
    """A service, written down on the day `written`. `routes` and `official` are as a config has them."""

    id: str
    name: str
    group: str
    routes: Mapping[str, Any]
    written: date
    official: Mapping[str, Any] | None = None
    aliases: tuple[str, ...] = ()
    checked: date | None = None  # when somebody last compared it with the live service; None: never

    @property
    def keys(self) -> dict[str, Any]:
        """What it gives to a service of a config."""
        keys = {"name": self.name, "routes": self.routes}
        return keys | {"official": self.official} if self.official else keys


@dataclass(frozen=True, slots=True)
class _Read:
    entries: dict[str, Entry]
    ids: dict[str, str] = field(default_factory=dict)  # by id and by alias


@cache
def _read() -> _Read:
    found = tomllib.loads(files(__name__).joinpath(FILE).read_text(encoding="utf-8"))
    entries = {id_: Entry(id_, **said | {"aliases": tuple(said.get("aliases", ()))}) for id_, said in found.items()}
    ids = {name: id_ for id_, entry in entries.items() for name in (id_, *entry.aliases)}
    return _Read(entries, ids)


def entries() -> Mapping[str, Entry]:
    """All of them by id, in the order of the file."""
    return _read().entries


def find(name: str) -> Entry | None:
    """By id or alias, large and small letters alike."""
    read = _read()
    id_ = read.ids.get(name.strip().casefold())
    return read.entries[id_] if id_ else None


def search(words: str) -> list[Entry]:
    """Those that have every word in an id, an alias, a name or a group."""
    wanted = words.casefold().split()
    return [entry for entry in entries().values() if all(word in _text(entry) for word in wanted)]


def near(name: str) -> list[str]:
    """The ids of those that have it in their text, or an id or alias that is much like it; at most three."""
    read = _read()
    close = difflib.get_close_matches(name.strip().casefold(), read.ids, 3)
    return list(dict.fromkeys([entry.id for entry in search(name)] + [read.ids[one] for one in close]))[:3]


def _text(entry: Entry) -> str:
    return " ".join((entry.id, *entry.aliases, entry.name, entry.group)).casefold()

"""Well-known services: names, addresses, status pages.

The file is read on first use.
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
    """A service as of `written`. `routes` and `official` are as in a config."""

    id: str
    name: str
    group: str
    routes: Mapping[str, Any]
    written: date
    official: Mapping[str, Any] | None = None
    aliases: tuple[str, ...] = ()
    checked: date | None = None  # when it was last compared with the live service; None: never

    @property
    def keys(self) -> dict[str, Any]:
        """The keys it adds to a service in a config."""
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
    """All entries by id, in the order of the file."""
    return _read().entries


def find(name: str) -> Entry | None:
    """The entry with an id or alias, ignoring case; None if there is none."""
    read = _read()
    id_ = read.ids.get(name.strip().casefold())
    return read.entries[id_] if id_ else None


def search(words: str) -> list[Entry]:
    """The entries with every word in an id, alias, name or group."""
    wanted = words.casefold().split()
    return [entry for entry in entries().values() if all(word in _text(entry) for word in wanted)]


def near(name: str) -> list[str]:
    """At most three ids whose text contains the name, or whose id or alias resembles it."""
    read = _read()
    close = difflib.get_close_matches(name.strip().casefold(), read.ids, 3)
    return list(dict.fromkeys([entry.id for entry in search(name)] + [read.ids[one] for one in close]))[:3]


def _text(entry: Entry) -> str:
    return " ".join((entry.id, *entry.aliases, entry.name, entry.group)).casefold()

"""The catalogue of services, as a table for a terminal and as data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Column, Table

from bot.catalogue import Entry


def table(entries: Sequence[Entry]) -> Table:
    shown = Table(*(Column(name, overflow="fold") for name in ("id", "name", "status page", "routes")), box=SIMPLE_HEAD)
    for entry in entries:
        shown.add_row(
            entry.id, entry.name, entry.official["kind"] if entry.official else "none", ", ".join(entry.routes)
        )
    return shown


def age(entries: Sequence[Entry]) -> str:
    """How old the entries are, and how many were never checked."""
    days = sorted({entry.written for entry in entries})
    when = str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"
    unchecked = sum(entry.checked is None for entry in entries)
    return f"{len(entries)} services, written down {when}; {unchecked or 'none'} of them not checked live."


def as_json(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """For programs: `routes` and `official` as in a config, days in ISO 8601."""
    return [
        {
            "id": entry.id,
            "name": entry.name,
            "group": entry.group,
            "aliases": list(entry.aliases),
            "routes": entry.routes,
            "official": entry.official,
            "written": entry.written.isoformat(),
            "checked": entry.checked.isoformat() if entry.checked else None,
        }
        for entry in entries
    ]

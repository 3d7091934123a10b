"""Tables for a terminal, and the same as data: deliveries, proven destinations, the catalogue of services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from bot import wording
from bot.catalogue import Entry
from bot.model import Proof, Style, Trail


def drilled(proofs: Sequence[Proof], style: Style, now: datetime) -> Table:
    """A row per rung: whether it took its test notice, how long that took, and when it was last reached before."""
    to = wording.reader(style, now)
    table = _table("audience", "rung", "destination", "outcome", "latency", "proven before")
    for proof in proofs:
        before = to.clock(proof.before) if proof.before else "not yet"
        rung, took = str(proof.rung or "all"), wording.seconds(proof.took, to)
        table.add_row(
            *_plain(proof.audience, rung, proof.destination.shown, "failed" if proof.why else "delivered", took, before)
        )
    return table


def delivered(trail: Trail, style: Style, now: datetime) -> Table:
    """A row per delivery, in the order they were queued."""
    table = _table("destination", "audience", "change", "status", "sent", "after", "tries")
    for row in wording.passages(trail, style, now):
        table.add_row(*_plain(row.place, row.reader, row.change, row.status, row.at, row.took, str(row.attempts)))
    return table


def ways(trail: Trail, style: Style, now: datetime) -> tuple[str, ...]:
    """A line for each failover or failure with its reason, which a table would cut."""
    rows = wording.passages(trail, style, now)
    return tuple(f"{row.place}: {row.change}: {wording.stop(row.way)}" for row in rows if row.way)


def failures(proofs: Sequence[Proof]) -> tuple[str, ...]:
    """A line for each failure with its reason and advice."""
    return tuple(
        dict.fromkeys(f"{proof.destination.shown}: {wording.english(proof.why)}" for proof in proofs if proof.why)
    )


def as_json(trail: Trail, style: Style, now: datetime) -> dict[str, Any]:
    """For programs: stable names, times in ISO 8601, UTC; `way` is text."""
    worded = wording.passages(trail, style, now)
    return {
        "incident": trail.incident.id if trail.incident else None,
        "deliveries": [
            {
                "destination": row.destination.shown,
                "audience": row.audience,
                "notice": row.key.partition("@")[0],
                "change": row.kind.value if row.kind else None,
                "act": row.action.value,
                "status": row.status,
                "by_edit": row.by_edit,
                "unsure": row.unsure,
                "attempts": row.attempts,
                "queued_at": row.queued_at.isoformat(timespec="milliseconds"),
                "sent_at": row.sent_at.isoformat(timespec="milliseconds") if row.sent_at else None,
                "why": wording.english(row.why),
                "way": words.way,
            }
            for row, words in zip(trail.rows, worded, strict=True)
        ],
    }


def _table(*names: str) -> Table:
    """A table without borders that breaks long words rather than leaving them out."""
    return Table(*(Column(name, overflow="fold") for name in names), box=SIMPLE_HEAD)


def _plain(*cells: str) -> tuple[Text, ...]:
    """Cells without markup, as others wrote the text."""
    return tuple(Text(cell) for cell in cells)


def services(entries: Sequence[Entry]) -> Table:
    shown = Table(*(Column(name, overflow="fold") for name in ("id", "name", "status page", "routes")), box=SIMPLE_HEAD)
    for entry in entries:
        shown.add_row(
            entry.id, entry.name, entry.official["kind"] if entry.official else "none", ", ".join(entry.routes)
        )
    return shown


def services_age(entries: Sequence[Entry]) -> str:
    """How old the entries are, and how many were never checked."""
    days = sorted({entry.written for entry in entries})
    when = str(days[0]) if len(days) == 1 else f"{days[0]} to {days[-1]}"
    unchecked = sum(entry.checked is None for entry in entries)
    return f"{len(entries)} services, written down {when}; {unchecked or 'none'} of them not checked live."


def services_as_json(entries: Sequence[Entry]) -> list[dict[str, Any]]:
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

"""Pages that list trouble only: a component they do not name is up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.model import Planned, SourceReport
from bot.watch.sources.dialects.base import Asked, Event, Page, word


def reported(events: Iterable[Event], asked: Asked, home: str = "", planned: Iterable[Planned] = ()) -> SourceReport:
    """The report for these events, which have been filtered already."""
    page = Page(events=tuple(events), planned=tuple(planned), home=home)
    return word(page, replace(asked, components=()))  # no component can be missing


def wanted(asked: Asked) -> frozenset[str]:
    """The wanted names, folded for comparison."""
    return frozenset(name.strip().casefold() for name in asked.components)


def concerning(event: Event, cared: frozenset[str]) -> Event | None:
    """The event with its wanted parts only; None if it names only others."""
    if not cared or not event.parts:
        return event
    parts = tuple(part for part in event.parts if part.strip().casefold() in cared)
    return replace(event, parts=parts) if parts else None

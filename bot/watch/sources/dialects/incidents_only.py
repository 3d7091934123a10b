"""What pages that list nothing but what is wrong have in common: a component that they do not name is well."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bot.model import Planned, SourceReport
from bot.watch.sources.dialects.base import Asked, Event, Page, word


def reported(events: Iterable[Event], asked: Asked, home: str = "", planned: Iterable[Planned] = ()) -> SourceReport:
    """What these events, of which each concerns those who ask, mean for them."""
    page = Page(events=tuple(events), planned=tuple(planned), home=home)
    return word(page, replace(asked, components=()))  # there is no component to be found missing


def wanted(asked: Asked) -> frozenset[str]:
    """The names to care for, as they are compared."""
    return frozenset(name.strip().casefold() for name in asked.components)


def concerning(event: Event, cared: frozenset[str]) -> Event | None:
    """The event with those of its parts that are cared for; None where it names only others."""
    if not cared or not event.parts:
        return event
    parts = tuple(part for part in event.parts if part.strip().casefold() in cared)
    return replace(event, parts=parts) if parts else None

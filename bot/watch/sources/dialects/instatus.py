"""Instatus: open incidents from `summary.json`, and the state of each component if the page has it.

Format: https://instatus.com/help/api/public-data. The page's own state alone is unreliable: it may be "UP" while an
incident is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import Annotated, Any
from urllib.parse import urlsplit

from bot.model import Health, Planned, SourceReport
from bot.watch.sources.dialects.base import (
    EVENTS,
    PARTS,
    TOUCHED,
    Asked,
    Dialect,
    Event,
    Page,
    Part,
    Wire,
    clean,
    key,
    link,
    loads,
    several,
    understood,
    word,
)
from bot.watch.sources.dialects.dates import instant
from bot.watch.sources.dialects.stage_words import Label, stage

_SUMMARY = "/summary.json"
_STATED = {"UP": Health.UP, "UNDERMAINTENANCE": Health.UP, "HASISSUES": Health.DEGRADED}
_LEVELS = {  # of a component; also the impact of an incident
    "OPERATIONAL": (Health.UP, "operational"),
    "UNDERMAINTENANCE": (Health.UP, "under maintenance"),
    "DEGRADEDPERFORMANCE": (Health.DEGRADED, "degraded performance"),
    "MINOROUTAGE": (Health.DEGRADED, "minor outage"),
    "PARTIALOUTAGE": (Health.DEGRADED, "partial outage"),
    "MAJOROUTAGE": (Health.DOWN, "major outage"),
}
_LONGEST = timedelta(days=366)
_DEEPEST = 4  # levels of components; pages have two


class _Home(Wire):
    status: str
    url: Any = None


class _Incident(Wire):
    name: str
    status: str = ""
    impact: str = ""
    started: Any = None
    url: Any = None

    def event(self, troubled: tuple[str, ...]) -> Event:
        """The event. The summary does not name its components, so it concerns those in trouble, else all."""
        health, _ = _LEVELS.get(self.impact.upper(), (Health.DEGRADED, ""))
        if troubled:
            health = min(health, Health.DEGRADED)  # their own state tells whether they are down
        return Event(self.name, health, instant(self.started), link(self.url), troubled)


class _Maintenance(Wire):
    id: Any = None
    name: str
    status: str = ""
    start: Any = None
    duration: Any = None  # minutes, as a number or text
    url: Any = None

    def planned(self) -> Planned | None:
        begins = instant(self.start)
        if begins is None:
            return None
        return Planned(clean(self.name), begins, _end(begins, self.duration), link(self.url), key(self.id))


class _Summary(Wire):
    page: _Home
    activeIncidents: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)] = []  # noqa: N815 - theirs
    activeMaintenances: Annotated[list[_Maintenance], several(lambda: _Maintenance, EVENTS)] = []  # noqa: N815 - theirs


class _Component(Wire):
    name: str
    status: str
    children: list[Any] = []

    def part(self) -> Part:
        health, state = _LEVELS.get(self.status.upper(), (None, ""))
        return Part(self.name, health, state)


class _Components(Wire):
    components: list[Any] = []

    def parts(self) -> Iterator[Part]:
        """Parents before children."""
        listed = self.components
        for _ in range(_DEEPEST):
            found = understood(listed, _Component, PARTS)
            yield from (one.part() for one in found)
            listed = list(islice((child for one in found for child in one.children), PARTS))


def where(*paths: str) -> Callable[[str], tuple[str, ...]]:
    """These paths below the page's address. One ending in .json is fetched alone: components are then unknown."""

    def addresses(url: str) -> tuple[str, ...]:
        address = urlsplit(url)
        if address.path.endswith(".json"):
            return (url,)
        base = address._replace(query="", fragment="")
        return tuple(base._replace(path=address.path.rstrip("/") + path).geturl() for path in paths)

    return addresses


def parse(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`."""
    summary = _Summary.model_validate(loads(bodies[0]))
    stated = summary.page.status.upper()
    if stated not in _STATED:
        raise ValueError("a vocabulary we do not know")
    parts = tuple(islice(_Components.model_validate(loads(bodies[1])).parts(), PARTS)) if len(bodies) > 1 else ()
    troubled = tuple(part.name for part in parts if part.health not in {None, Health.UP})[:TOUCHED]
    ahead = [one for one in summary.activeMaintenances if stage(one.status) is not Label.OVER]
    page = Page(
        parts=parts,
        events=tuple(one.event(troubled) for one in summary.activeIncidents if stage(one.status) is not Label.OVER),
        overall=_STATED[stated],
        planned=tuple(found for one in ahead if (found := one.planned())),
        in_maintenance=stated == "UNDERMAINTENANCE" or any(stage(one.status) is Label.EITHER for one in ahead),
        home=summary.page.url if isinstance(summary.page.url, str) else "",
    )
    return word(page, asked)


def _end(begins: datetime, minutes: object) -> datetime | None:
    with suppress(ValueError, TypeError, OverflowError):
        lasts = timedelta(minutes=float(minutes))  # type: ignore[arg-type] # anything but a number raises TypeError
        return begins + lasts if timedelta(0) < lasts <= _LONGEST else None
    return None


# The best first: the address of the components has changed, and not every page has them.
DIALECTS = (
    Dialect("instatus", where(_SUMMARY, "/v3/components.json"), parse),
    Dialect("instatus", where(_SUMMARY, "/v2/components.json"), parse),
    Dialect("instatus", where(_SUMMARY), parse),
)

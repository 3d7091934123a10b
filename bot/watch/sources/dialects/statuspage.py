"""Atlassian's Statuspage, and pages that offer its `summary.json`, such as incident.io's.

Format: https://www.atlassian.com/software/statuspage (API v2, "summary"). incident.io's look-alike has no `incidents`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from bot.model import Health, Planned, SourceReport
from bot.watch.sources.dialects.base import (
    EVENTS,
    PARTS,
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
    named,
    several,
    word,
)
from bot.watch.sources.dialects.dates import instant
from bot.watch.sources.dialects.stage_words import Label, stage

_SUMMARY = "/api/v2/summary.json"
_LISTS = frozenset({"incidents", "scheduled_maintenances"})
_MAINTENANCE = "under_maintenance"
_SLIGHT = frozenset({"none", "minor"})
_GRAVE = frozenset({"major", "critical"})
_INDICATED = {  # of the page; also the impact of an incident
    "none": Health.UP,
    "maintenance": Health.UP,  # announced work is no outage
    "minor": Health.DEGRADED,
    "major": Health.DEGRADED,
    "critical": Health.DOWN,
}
_COMPONENT = {
    "operational": Health.UP,
    _MAINTENANCE: Health.UP,
    "degraded_performance": Health.DEGRADED,
    "partial_outage": Health.DEGRADED,
    "major_outage": Health.DOWN,
    "full_outage": Health.DOWN,  # incident.io's own word
}


class _Status(Wire):
    indicator: str
    description: str = ""


class _Component(Wire):
    name: str
    status: str


class _Incident(Wire):
    id: Any = None
    name: str
    status: str
    impact: str = "none"
    shortlink: Any = None  # a bad value must not silence the page
    started_at: Any = None
    created_at: Any = None
    scheduled_for: Any = None
    scheduled_until: Any = None
    components: list[Any] = []

    @property
    def since(self) -> datetime | None:
        return instant(self.started_at) or instant(self.created_at)

    def event(self) -> Event:
        return Event(
            self.name,
            _INDICATED.get(self.impact, Health.DEGRADED),
            self.since,
            link(self.shortlink),
            named(self.components),
        )

    def planned(self) -> Planned | None:
        """The maintenance. Entered as an incident it has no hours: it runs from its entry."""
        announced, ends = instant(self.scheduled_for), instant(self.scheduled_until)
        begins = announced or (None if stage(self.status) in {Label.WORK, Label.EITHER} else self.since)
        if begins is None or (ends is not None and ends <= begins):
            return None
        parts = named(self.components)
        return Planned(clean(self.name), begins, ends, link(self.shortlink), key(self.id), parts)


class _Home(Wire):
    url: Any = None


class _Summary(Wire):
    status: _Status | None = None
    page: _Home = _Home()
    components: Annotated[list[_Component], several(lambda: _Component, PARTS)] = []
    incidents: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)] = []
    scheduled_maintenances: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)] = []

    @property
    def indicator(self) -> str | None:
        """The state of the page; None if this is one of its lists alone."""
        return self.status.indicator if self.status else None

    @property
    def unresolved(self) -> list[_Incident]:
        return [one for one in self.incidents if stage(one.status) is not Label.OVER]

    @property
    def open(self) -> list[_Incident]:
        return [one for one in self.unresolved if not self._is_work(one)]

    def _is_work(self, one: _Incident) -> bool:
        """Whether an incident is really work: by its impact, or if the page is in maintenance and not in trouble."""
        return one.impact == "maintenance" or (self.indicator == "maintenance" and one.impact in _SLIGHT)

    @property
    def in_maintenance(self) -> bool:
        announced = any(stage(one.status) is Label.EITHER for one in self.scheduled_maintenances)
        return announced or any(one.status == _MAINTENANCE for one in self.components)

    @property
    def planned(self) -> tuple[Planned, ...]:
        announced = [one for one in self.scheduled_maintenances if stage(one.status) is not Label.OVER]
        entered = [one for one in self.unresolved if self._is_work(one)]
        return tuple(found for one in (*announced, *entered) if (found := one.planned()))


def where(url: str) -> tuple[str, ...]:
    """The summary's address, given the page's or its own."""
    parts = urlsplit(url)
    if parts.path.endswith(".json"):
        return (url,)
    return (parts._replace(path=parts.path.rstrip("/") + _SUMMARY, query="", fragment="").geturl(),)


def shown(body: bytes) -> Page:
    """The contents of a summary. Raise ValueError if it is none."""
    return _page(_summary(body))


def parse(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`. Its list of incidents or of maintenance, at an address of its own, is read as well."""
    lists = urlsplit(asked.url).path.endswith(".json")
    return word(_page(_summary(bodies[0], lists=lists)), asked)


def parse_whole(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`, for pages that list their incidents; look-alikes do not."""
    summary = _summary(bodies[0])
    if "incidents" not in summary.model_fields_set:
        raise ValueError("it hides its incidents")
    return word(_page(summary), asked)


def _summary(body: bytes, *, lists: bool = False) -> _Summary:
    """Parse a summary, or with `lists` also a list alone, which does not tell the state of the page."""
    summary = _Summary.model_validate(loads(body))
    if summary.status is None and not (lists and summary.model_fields_set & _LISTS):
        raise ValueError("no summary")
    return summary


def _page(summary: _Summary) -> Page:
    if summary.indicator is not None and summary.indicator not in _INDICATED:
        raise ValueError("a vocabulary we do not know")
    levels = {summary.indicator, *(one.impact for one in summary.open)}
    return Page(
        parts=tuple(
            Part(one.name, _COMPONENT.get(one.status), one.status.replace("_", " ")) for one in summary.components
        ),
        events=tuple(one.event() for one in summary.open),
        overall=_INDICATED[summary.indicator] if summary.indicator is not None else None,
        line=summary.status.description if summary.status else "",
        grave=bool(levels & _GRAVE),
        planned=summary.planned,
        in_maintenance=summary.in_maintenance,
        home=summary.page.url if isinstance(summary.page.url, str) else "",
    )


DIALECT = Dialect("statuspage", where, parse)
WHOLE = Dialect("statuspage with its incidents", where, parse_whole)  # how `auto` tells it from its look-alikes

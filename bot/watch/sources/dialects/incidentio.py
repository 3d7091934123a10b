"""incident.io: the data behind the page, else the widget's summary, else the Statuspage look-alike.

Formats: `/proxy/<host>` is read by the page's own script, and undocumented; `/api/v1/summary` is the Widget API
(https://docs.incident.io/status-pages/api), off by default; the look-alike hides incidents and groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import model_validator

from bot.model import Health, Planned, SourceReport
from bot.watch.sources.dialects import statuspage
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
    word,
)
from bot.watch.sources.dialects.dates import instant
from bot.watch.sources.dialects.stage_words import Label, stage

_IMPACTS = 20  # of an incident: stretches of trouble of its components
_DRAWN_FROM = "/proxy/"
_WIDGET = "/api/v1/summary"
_LOOK_ALIKE = "/api/v2/summary.json"
_STATUS = {
    "operational": Health.UP,
    "under_maintenance": Health.UP,  # announced work is no outage
    "degraded_performance": Health.DEGRADED,
    "partial_outage": Health.DEGRADED,
    "full_outage": Health.DOWN,
    "major_outage": Health.DOWN,
}


class _Touched(Wire):
    """A component in an incident, by its id on the page, by its name in the widget."""

    component_id: str = ""
    name: str = ""
    status: str = ""
    current_status: str = ""
    start_at: Any = None
    end_at: Any = None


class _Incident(Wire):
    """An incident or maintenance, on a list of its own or among the incidents."""

    id: Any = None
    name: str
    status: str
    type: Any = None
    url: Any = None
    published_at: Any = None
    started_at: Any = None
    starts_at: Any = None
    ends_at: Any = None
    scheduled_end_at: Any = None
    current_worst_impact: str = ""
    affected_components: Annotated[list[_Touched], several(lambda: _Touched, TOUCHED)] = []
    component_impacts: Annotated[list[_Touched], several(lambda: _Touched, _IMPACTS)] = []

    @property
    def announced(self) -> bool:
        return self.type == "maintenance" or self.status.startswith("maintenance") or stage(self.status) is Label.WORK

    @property
    def over(self) -> bool:
        return stage(self.status) is Label.OVER

    def event(self, names: dict[str, str], home: str) -> Event:
        """The event. Which components are down their own states tell: one of them is not the whole page."""
        parts = self._parts(self.affected_components or [o for o in self.component_impacts if o.end_at is None], names)
        worst = _STATUS.get(self.current_worst_impact, Health.DEGRADED)
        health = Health.DOWN if worst is Health.DOWN and not parts else Health.DEGRADED
        return Event(self.name, health, self._began() or instant(self.published_at), self._link(home), parts)

    @staticmethod
    def _parts(touched: Sequence[_Touched], names: dict[str, str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in touched if (name := one.name or names.get(one.component_id, ""))))

    def planned(self, names: dict[str, str], home: str) -> Planned | None:
        begins = self._began()
        ends = max(
            _instants(self.ends_at, self.scheduled_end_at, *(o.end_at for o in self.component_impacts)), default=None
        )
        if begins is None or (ends is not None and ends <= begins):
            return None
        parts = self._parts([*self.affected_components, *self.component_impacts], names)
        return Planned(clean(self.name), begins, ends, self._link(home), key(self.id), parts)

    def _began(self) -> datetime | None:
        return min(
            _instants(self.starts_at, self.started_at, *(o.start_at for o in self.component_impacts)), default=None
        )

    def _link(self, home: str) -> str:
        made = f"{home.rstrip('/')}/incidents/{self.id}" if home and isinstance(self.id, str) else ""
        return link(self.url) or link(made)


class _Component(Wire):
    id: str
    name: str


class _Member(Wire):
    component_id: str = ""
    hidden: bool = False


class _Group(Wire):
    name: str = ""
    hidden: bool = False
    components: Annotated[list[_Member], several(lambda: _Member, PARTS)] = []


class _Item(Wire):
    group: _Group | None = None
    component: _Member | None = None


class _Structure(Wire):
    items: Annotated[list[_Item], several(lambda: _Item, PARTS)] = []


class _Summary(Wire):
    """The data behind the page. Empty lists may be null, as Go writes them."""

    components: Annotated[list[_Component], several(lambda: _Component, PARTS)] = []
    affected_components: Annotated[list[_Touched], several(lambda: _Touched, PARTS)] = []
    ongoing_incidents: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)] = []
    scheduled_maintenances: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)] = []
    structure: _Structure = _Structure()
    public_url: Any = None

    @model_validator(mode="before")
    @classmethod
    def _is_one(cls, data: Any) -> Any:
        if isinstance(data, dict) and not data.keys() >= {"components", "ongoing_incidents"}:
            raise ValueError("no summary of a page of incident.io")
        return data

    def shown(self) -> Iterator[tuple[str, str]]:
        """Group and id of every visible component."""
        for item in self.structure.items:
            group = item.group or _Group(components=[item.component] if item.component else [])
            yield from ((group.name, one.component_id) for one in group.components if not (group.hidden or one.hidden))


class _Drawn(Wire):
    summary: _Summary


class _Widget(Wire):
    ongoing_incidents: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)] = []
    in_progress_maintenances: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)] = []
    scheduled_maintenances: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)] = []
    page_url: Any = None

    @model_validator(mode="before")
    @classmethod
    def _is_one(cls, data: Any) -> Any:
        if isinstance(data, dict) and "ongoing_incidents" not in data:
            raise ValueError("no summary of a widget of incident.io")
        return data


def _instants(*values: object) -> list[datetime]:
    return [found for value in values if (found := instant(value))]


def _events(found: Iterable[_Incident], names: dict[str, str], home: str) -> tuple[Event, ...]:
    return tuple(one.event(names, home) for one in found if not (one.announced or one.over))


def _planned(found: Iterable[_Incident], names: dict[str, str], home: str) -> tuple[Planned, ...]:
    return tuple(one for said in found if not said.over and (one := said.planned(names, home)))


def parse_drawn(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`. A wanted group means all its components."""
    found = _Drawn.model_validate(loads(bodies[0])).summary
    home = link(found.public_url)
    names = {one.id: one.name for one in found.components}
    shown = [(group, id_) for group, id_ in islice(found.shown(), PARTS) if id_ in names] or [
        ("", id_) for id_ in names
    ]
    states = {one.component_id: one.status for one in found.affected_components}
    wanted = {name.strip().casefold() for name in asked.components}
    members = tuple(names[id_] for group, id_ in shown if group.strip().casefold() in wanted)
    parts = tuple(
        Part(names[id_], _STATUS.get(state), state.replace("_", " "))
        for id_ in dict.fromkeys(id_ for _, id_ in shown)
        for state in (states.get(id_, "operational"),)
    )
    maintenances = [*found.scheduled_maintenances, *(one for one in found.ongoing_incidents if one.announced)]
    page = Page(
        parts, _events(found.ongoing_incidents, names, home), planned=_planned(maintenances, names, home), home=home
    )
    return word(page, replace(asked, components=(*asked.components, *members)))


def parse_widget(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`: incidents from the widget, components from the look-alike."""
    widget, alike = _Widget.model_validate(loads(bodies[0])), statuspage.shown(bodies[1])
    home = link(widget.page_url) or link(alike.home)
    page = replace(
        alike,
        events=_events(widget.ongoing_incidents, {}, home),
        planned=_planned([*widget.in_progress_maintenances, *widget.scheduled_maintenances], {}, home),
        in_maintenance=alike.in_maintenance or bool(widget.in_progress_maintenances),
        home=home,
    )
    return word(page, asked)


def where_drawn(url: str) -> tuple[str, ...]:
    """Keyed by the page's host; for a page below another one the address is unknown."""
    parts = urlsplit(url)
    if parts.path.startswith(_DRAWN_FROM):
        return (url,)
    base = urlsplit(_base(url))
    return () if base.path else (base._replace(path=f"{_DRAWN_FROM}{base.hostname}").geturl(),)


def where_widget(url: str) -> tuple[str, ...]:
    if urlsplit(url).path.startswith(_DRAWN_FROM):
        return ()
    return (_base(url) + _WIDGET, _base(url) + _LOOK_ALIKE)


def _base(url: str) -> str:
    """The page's own address, without a slash at its end."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/").removesuffix(_WIDGET).removesuffix(_LOOK_ALIKE)
    return parts._replace(path=path, query="", fragment="").geturl()


# The best first: each is tried if those before it are not available.
DIALECTS = (
    Dialect("incidentio", where_drawn, parse_drawn),
    Dialect("incidentio", where_widget, parse_widget),
    replace(statuspage.DIALECT, kind="incidentio"),
)

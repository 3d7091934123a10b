"""Statuspal: the summary of its API (https://www.statuspal.io/api-docs/v2), by the subdomain of the page.

A page on a domain of its own does not reveal its subdomain: then the summary's address is needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
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
    Node,
    Page,
    Wire,
    clean,
    either_end,
    key,
    link,
    loads,
    parts,
    several,
    tempered,
    understood,
    word,
)
from bot.watch.sources.dialects.dates import instant
from bot.watch.sources.dialects.stage_words import Label, stage

_HOST = re.compile(r"(?P<subdomain>[a-z0-9-]+)\.(?P<domain>statuspal\.(?:eu|io))", re.IGNORECASE)
_DOMAINS = frozenset({"statuspal.eu", "statuspal.io"})
_API = re.compile(r"(?P<page>.*/api/v2/status_pages/(?P<subdomain>[^/]+))(?:/summary)?/?")
_WELL = ""  # no incident
_SCHEDULED = "scheduled"
_LEVELS = {
    _WELL: Health.UP,
    _SCHEDULED: Health.UP,
    "info": Health.UP,
    "performance": Health.DEGRADED,
    "minor": Health.DEGRADED,
    "emergency-maintenance": Health.DEGRADED,
    "major": Health.DOWN,
}
_DEEPEST = 8  # levels of services
_EARLIEST = datetime.min.replace(tzinfo=UTC)


_Below = tuple[Node, tuple[str, ...]]


class _Service(Wire):
    id: Any = None
    name: str = ""
    current_incident_type: str = _WELL
    children: list[Any] = []

    def nodes(self, above: tuple[_Service, ...] = ()) -> Iterator[_Below]:
        """Itself and everything below it, each with its own id and the ids above it."""
        health = _LEVELS.get(self.current_incident_type)
        line = (*above, self)
        parent = above[-1].name if above else ""
        node = Node(self.name, health, self.current_incident_type, parent, shown=not self.children)
        yield node, tuple(key(one.id) for one in line)
        if len(line) < _DEEPEST:
            for child in understood(self.children, _Service, PARTS):
                yield from child.nodes(line)


_Services = dict[str, list[_Below]]  # by their ids


class _Update(Wire):
    type: str = ""
    posted_at: Any = None


class _Incident(Wire):
    id: Any = None
    title: str
    type: str = ""
    url: Any = None
    starts_at: Any = None
    ends_at: Any = None
    service_ids: list[Any] = []
    updates: Annotated[list[_Update], either_end(lambda: _Update)] = []

    def over(self, now: datetime) -> bool:
        last = max(self.updates, key=lambda one: instant(one.posted_at) or _EARLIEST, default=_Update())
        ends = instant(self.ends_at)
        return stage(last.type) is Label.OVER or (ends is not None and ends <= now)

    def event(self, nodes: _Services, asked: Asked) -> Event:
        found = [below for one in self.service_ids[:TOUCHED] for below in nodes.get(key(one), ())]
        lines = [line if asked.components else line[-1:] for _, line in found]
        about = [node for id_ in dict.fromkeys(id_ for line in lines for id_ in line) for node, _ in nodes.get(id_, ())]
        about = about[:TOUCHED]
        if not asked.components:  # a zone is named beside its services
            about = [node for node in about if node.shown] or about
        names = tuple(dict.fromkeys(name for node in about for name in node.names(asked) if name))
        health = _LEVELS.get(self.type, Health.DEGRADED)
        if names:
            health = min(health, Health.DEGRADED)  # their own state tells whether they are down
        return Event(self.title, health, instant(self.starts_at), link(self.url), names)

    def planned(self, nodes: _Services, asked: Asked) -> Planned | None:
        begins, ends = instant(self.starts_at), instant(self.ends_at)
        if begins is None or (ends is not None and ends <= begins):
            return None
        parts = self.event(nodes, asked).parts
        return Planned(clean(self.title), begins, ends, link(self.url), key(self.id), parts)


class _About(Wire):
    current_incident_type: str = _WELL
    subdomain: Any = None


class _Summary(Wire):
    status_page: _About
    services: Annotated[list[_Service], several(lambda: _Service, PARTS)] = []
    incidents: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)] = []
    maintenances: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)] = []
    upcoming_maintenances: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)] = []


def where(url: str) -> tuple[str, ...]:
    """The API's address, by the subdomain of statuspal.eu or statuspal.io, or as given; none for other addresses."""
    address = urlsplit(url)
    api = _API.fullmatch(address.path)
    if api is not None:
        return (address._replace(path=f"{api['page']}/summary", query="", fragment="").geturl(),)
    host = _HOST.fullmatch(address.hostname or "")
    return (f"https://{host['domain']}/api/v2/status_pages/{host['subdomain']}/summary",) if host else ()


def parse(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`."""
    summary = _Summary.model_validate(loads(bodies[0]))
    stated = summary.status_page.current_incident_type
    if stated not in _LEVELS:
        raise ValueError("a vocabulary we do not know")
    found = list(islice((below for service in summary.services for below in service.nodes()), PARTS))
    shown = parts((node for node, _ in found), asked)
    nodes: _Services = {}
    for below in found:
        nodes.setdefault(below[1][-1], []).append(below)
    working = [one for one in summary.maintenances if not one.over(asked.now)]
    ahead = [*working, *(one for one in summary.upcoming_maintenances if not one.over(asked.now))]
    page = Page(
        parts=shown,
        events=tuple(one.event(nodes, asked) for one in summary.incidents if not one.over(asked.now)),
        overall=tempered(_LEVELS[stated], shown),
        planned=tuple(work for one in ahead if (work := one.planned(nodes, asked))),
        in_maintenance=stated == _SCHEDULED or bool(working),
        home=_home(asked.url),
    )
    return word(page, asked)


def _home(url: str) -> str:
    """The address for people, not the machine-readable one."""
    address = urlsplit(url)
    api = _API.fullmatch(address.path)
    return f"https://{api['subdomain']}.{address.hostname}/" if api and address.hostname in _DOMAINS else url


DIALECT = Dialect("statuspal", where, parse)

"""Statuspal: the summary of its API (https://www.statuspal.io/api-docs/v2), by the subdomain of the page.

A page with a domain of its own does not tell its subdomain: then the summary's own address is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from bot.model import Health, Planned, Word
from bot.watch.sources.dialect import Asked, Dialect, Event, Page, Wire, clean, instant, link, tempered, word
from bot.watch.sources.nested import Node, parts

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
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class _Service(Wire):
    id: Any = None
    name: str = ""
    current_incident_type: str = _WELL
    children: list[_Service] = []

    def nodes(self, above: tuple[_Service, ...] = ()) -> Iterator[tuple[Node, tuple[str, ...]]]:
        """Itself and all below it, each with the ids of itself and of those above it."""
        health = _LEVELS.get(self.current_incident_type)
        line = (*above, self)
        parent = above[-1].name if above else ""
        node = Node(self.name, health, self.current_incident_type, parent, shown=not self.children)
        yield node, tuple(str(one.id) for one in line)
        for child in self.children:
            yield from child.nodes(line)


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
    updates: list[_Update] = []

    def over(self, now: datetime) -> bool:
        last = max(self.updates, key=lambda one: instant(one.posted_at) or _EARLIEST, default=_Update())
        ends = instant(self.ends_at)
        return last.type == "resolved" or (ends is not None and ends <= now)

    def event(self, nodes: list[tuple[Node, tuple[str, ...]]], asked: Asked) -> Event:
        ids = {str(one) for one in self.service_ids}
        named = {key for _, line in nodes if line[-1] in ids for key in (line if asked.components else line[-1:])}
        about = [node for node, line in nodes if line[-1] in named]
        if not asked.components:  # a zone is named beside what is under it
            about = [node for node in about if node.shown] or about
        names = tuple(dict.fromkeys(name for node in about for name in node.names(asked) if name))
        health = _LEVELS.get(self.type, Health.DEGRADED)
        if names:
            health = min(health, Health.DEGRADED)  # whether they are down they say themselves
        return Event(self.title, health, instant(self.starts_at), link(self.url), names)

    def planned(self, nodes: list[tuple[Node, tuple[str, ...]]], asked: Asked) -> Planned | None:
        begins, ends = instant(self.starts_at), instant(self.ends_at)
        if begins is None or (ends is not None and ends <= begins):
            return None
        key, parts = str(self.id) if self.id else "", self.event(nodes, asked).parts
        return Planned(clean(self.title), begins, ends, link(self.url), key, parts)


class _About(Wire):
    current_incident_type: str = _WELL
    subdomain: Any = None


class _Summary(Wire):
    status_page: _About
    services: list[_Service] = []
    incidents: list[_Incident] = []
    maintenances: list[_Incident] = []
    upcoming_maintenances: list[_Incident] = []


def where(url: str) -> tuple[str, ...]:
    """By the subdomain of statuspal.eu or statuspal.io, or the API's own address; none: neither."""
    address = urlsplit(url)
    api = _API.fullmatch(address.path)
    if api is not None:
        return (address._replace(path=f"{api['page']}/summary", query="", fragment="").geturl(),)
    host = _HOST.fullmatch(address.hostname or "")
    return (f"https://{host['domain']}/api/v2/status_pages/{host['subdomain']}/summary",) if host else ()


def parse(bodies: tuple[bytes, ...], asked: Asked) -> Word:
    """As in `dialect.Dialect`."""
    summary = _Summary.model_validate(json.loads(bodies[0]))
    stated = summary.status_page.current_incident_type
    if stated not in _LEVELS:
        raise ValueError("a vocabulary we do not know")
    nodes = [found for service in summary.services for found in service.nodes()]
    shown = parts((node for node, _ in nodes), asked)
    ahead = [one for one in (*summary.maintenances, *summary.upcoming_maintenances) if not one.over(asked.now)]
    page = Page(
        parts=shown,
        events=tuple(one.event(nodes, asked) for one in summary.incidents if not one.over(asked.now)),
        overall=tempered(_LEVELS[stated], shown),
        planned=tuple(found for one in ahead if (found := one.planned(nodes, asked))),
        in_maintenance=stated == _SCHEDULED or any(one in summary.maintenances for one in ahead),
        home=_home(asked.url),
    )
    return word(page, asked)


def _home(url: str) -> str:
    """Where people read it: not the answer for machines."""
    address = urlsplit(url)
    api = _API.fullmatch(address.path)
    return f"https://{api['subdomain']}.{address.hostname}/" if api and address.hostname in _DOMAINS else url


DIALECT = Dialect("statuspal", where, parse)

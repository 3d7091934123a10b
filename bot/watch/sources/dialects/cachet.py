"""Cachet: its components, newest incidents and schedules, in version 2 and version 3 (JSON:API).

Formats: https://docs.cachethq.io/api-reference. There is no overall state, and no impact of incidents: the components
show how bad it is. Dates have no zone: UTC is the default setting.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import model_validator

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
    several,
    word,
)
from bot.watch.sources.dialects.dates import instant

_COMPONENTS = "/api/v1/components"
_INCIDENTS = "/api/v1/incidents"
_SCHEDULES = "/api/v1/schedules"
_ALL = "per_page=100"
# Version 2 sorts as requested; version 3, which sorts the other way, leaves out fixed incidents.
_NEWEST = f"{_ALL}&sort=id&order=desc&filter%5Bstatus%5D=1,2,3"
_LEVELS = {
    1: (Health.UP, "operational"),
    2: (Health.DEGRADED, "performance issues"),
    3: (Health.DEGRADED, "partial outage"),
    4: (Health.DOWN, "major outage"),
    6: (Health.UP, "under maintenance"),
}
_DIGITS = 20  # of a number given as text
_SCHEDULED, _FIXED = 0, 4  # of an incident
_UNDER_WAY, _COMPLETE = 1, 2  # of a schedule


class _Item(Wire):
    """A component or an incident. Version 3 nests its fields in `attributes`."""

    id: Any = None
    name: str
    status: Any = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, data: Any) -> Any:
        inner = data.get("attributes") if isinstance(data, dict) else None
        return (
            {"id": data.get("id")} | {k: v for k, v in inner.items() if v is not None}
            if isinstance(inner, dict)
            else data
        )


class _Component(_Item):
    enabled: Any = None

    def part(self) -> Part:
        health, state = _LEVELS.get(_number(self.status), (None, ""))
        return Part(self.name, health, state)


class _Incident(_Item):
    component_id: Any = None
    latest_status: Any = None
    is_resolved: Any = None
    permalink: Any = None
    occurred_at: Any = None
    occurred: Any = None
    created_at: Any = None
    created: Any = None
    scheduled_at: Any = None

    @property
    def state(self) -> int:
        return _number(self.latest_status) if self.latest_status is not None else _number(self.status)

    @property
    def open(self) -> bool:
        return self.is_resolved is not True and self.state not in {_SCHEDULED, _FIXED}

    def event(self, names: dict[int, str], asked: Asked) -> Event:
        since = _first(self.occurred_at, self.occurred, self.created_at, self.created)
        if since is not None and since > asked.now:
            since = None  # the page uses another zone
        about = names.get(_number(self.component_id))
        return Event(self.name, Health.DEGRADED, since, link(self.permalink), (about,) if about else ())

    def planned(self) -> Planned | None:
        begins = instant(self.scheduled_at)
        if self.state != _SCHEDULED or begins is None:
            return None
        return Planned(clean(self.name), begins, None, link(self.permalink), key(self.id))


class _Schedule(_Item):
    scheduled_at: Any = None
    scheduled: Any = None
    completed_at: Any = None
    completed: Any = None

    def planned(self) -> Planned | None:
        begins, ends = _first(self.scheduled_at, self.scheduled), _first(self.completed_at, self.completed)
        if begins is None or (ends is not None and ends <= begins):
            return None
        return Planned(clean(self.name), begins, ends, "", key(self.id))


class _Components(Wire):
    data: Annotated[list[_Component], several(lambda: _Component, PARTS)]


class _Incidents(Wire):
    data: Annotated[list[_Incident], several(lambda: _Incident, EVENTS)]


class _Schedules(Wire):
    data: Annotated[list[_Schedule], several(lambda: _Schedule, EVENTS)] = []


def where(*asked: tuple[str, str]) -> Callable[[str], tuple[str, ...]]:
    """These paths and queries below the page's address, which may also be that of its API (".../api/v1")."""

    def addresses(url: str) -> tuple[str, ...]:
        address = urlsplit(url)
        base = address.path.partition("/api/v1")[0].rstrip("/")
        return tuple(address._replace(path=base + path, query=query, fragment="").geturl() for path, query in asked)

    return addresses


def parse(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`."""
    components = [one for one in _Components.model_validate(loads(bodies[0])).data if one.enabled is not False]
    incidents = _Incidents.model_validate(loads(bodies[1])).data
    listed = _Schedules.model_validate(loads(bodies[2])).data if len(bodies) > 2 else []
    schedules = [one for one in listed if _number(one.status) != _COMPLETE]
    announced: tuple[_Schedule | _Incident, ...] = (*schedules, *incidents)
    names = {_number(one.id): one.name for one in components if _number(one.id) > 0}
    page = Page(
        parts=tuple(one.part() for one in components),
        events=tuple(one.event(names, asked) for one in incidents if one.open),
        planned=tuple(found for one in announced if (found := one.planned())),
        in_maintenance=any(_number(one.status) == _UNDER_WAY for one in schedules),
        home=asked.url.partition("/api/v1")[0],
    )
    if not any(part.health is not None for part in page.parts) and not page.events:
        raise ValueError("it says nothing of any component")
    return word(page, asked)


def _number(value: object) -> int:
    """A number: version 2 has 1 or "1", version 3 also {"human": ..., "value": 1}. -1 for anything else."""
    if isinstance(value, dict):
        value = value.get("value")
    if isinstance(value, str):
        with suppress(ValueError):
            return int(value[:_DIGITS])
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _first(*stamps: object) -> datetime | None:
    """The first valid instant: "2026-11-21 13:02:00", or {"human": "2 hours ago", "string": "2026-11-21 13:02:00"}."""
    said = (stamp.get("string") if isinstance(stamp, dict) else stamp for stamp in stamps)
    return next((found for stamp in said if (found := instant(stamp))), None)


# The best first: versions before 2.4 list schedules among the incidents.
DIALECTS = (
    Dialect("cachet", where((_COMPONENTS, _ALL), (_INCIDENTS, _NEWEST), (_SCHEDULES, _ALL)), parse),
    Dialect("cachet", where((_COMPONENTS, _ALL), (_INCIDENTS, _NEWEST)), parse),
)

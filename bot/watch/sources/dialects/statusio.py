"""Status.io: its public API, by the id of the page.

Format: https://kb.status.io/developers/public-status-api. The id is part of the addresses of a page's incidents and
feeds (".../pages/<id>/rss") and of its source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field

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
    named,
    parts,
    several,
    tempered,
    word,
)
from bot.watch.sources.dialects.dates import instant

_API = "https://api.status.io/1.0/status/"
_OF_API = re.compile(r"/1\.0/status/([0-9a-f]{24})/?$")
_OF_PAGE = re.compile(r"/pages/([0-9a-f]{24})(?:/|$)")
_LEVELS = {
    100: Health.UP,
    200: Health.UP,  # planned maintenance
    300: Health.DEGRADED,
    400: Health.DEGRADED,  # partial disruption
    500: Health.DOWN,
    600: Health.DEGRADED,  # a security event does not mean down
}
_MAINTENANCE = 200
_RESOLVED = 400  # the state of a message, not its status
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class _Level(Wire):
    status: str = ""
    status_code: int


class _Container(_Level):
    name: str = ""


class _Component(_Container):
    containers: Annotated[list[_Container], several(lambda: _Container, TOUCHED)] = []

    def nodes(self) -> Iterator[Node]:
        yield Node(self.name, _LEVELS.get(self.status_code), self.status)
        for one in self.containers:
            yield Node(one.name, _LEVELS.get(one.status_code), one.status, self.name, shown=False)


class _Message(Wire):
    datetime: Any = None
    state: Any = None
    status: Any = None


class _Announced(Wire):
    """An incident or a maintenance."""

    id: Any = Field(None, alias="_id")
    name: str = ""
    datetime_open: Any = None
    datetime_planned_start: Any = None
    datetime_planned_end: Any = None
    components_affected: list[Any] = []
    containers_affected: list[Any] = []
    messages: Annotated[list[_Message], either_end(lambda: _Message)] = []

    @property
    def last(self) -> _Message:
        return max(self.messages, key=lambda one: instant(one.datetime) or _EARLIEST, default=_Message())

    def event(self, asked: Asked) -> Event:
        names = tuple(
            dict.fromkeys(name for node in islice(self._nodes(asked), TOUCHED) for name in node.names(asked) if name)
        )
        last = self.last.status
        health = _LEVELS.get(last, Health.DEGRADED) if isinstance(last, int) else Health.DEGRADED
        if names:
            health = min(health, Health.DEGRADED)  # their own state tells whether they are down
        return Event(self.name, health, instant(self.datetime_open), self._link("incident", asked), names)

    def planned(self, asked: Asked) -> Planned | None:
        begins, ends = instant(self.datetime_planned_start), instant(self.datetime_planned_end)
        if begins is None or (ends is not None and ends <= begins):
            return None
        parts = self.event(asked).parts
        return Planned(clean(self.name), begins, ends, self._link("maintenance", asked), key(self.id), parts)

    def _nodes(self, asked: Asked) -> Iterator[Node]:
        containers = named(self.containers_affected) if asked.components else ()
        for component in named(self.components_affected):
            yield Node(component, None)
            yield from (Node(one, None, above=component) for one in containers)

    def _link(self, kind: str, asked: Asked) -> str:
        """The address on the page; "" if only the API's address is known."""
        host, page = _page(asked.url)
        return link(f"https://{host}/pages/{kind}/{page}/{self.id}") if host and isinstance(self.id, str) else ""


class _Maintenance(Wire):
    active: Annotated[list[_Announced], several(lambda: _Announced, EVENTS)] = []
    upcoming: Annotated[list[_Announced], several(lambda: _Announced, EVENTS)] = []


class _Result(Wire):
    status_overall: _Level
    status: Annotated[list[_Component], several(lambda: _Component, PARTS)] = []
    incidents: Annotated[list[_Announced], several(lambda: _Announced, EVENTS)] = []
    maintenance: _Maintenance = _Maintenance()


class _Answer(Wire):
    result: _Result


def where(url: str) -> tuple[str, ...]:
    """The API's address, or the one for the id in a page's address; none without an id."""
    host, page = _page(url)
    if not page:
        return ()
    return (_API + page,) if host else (url,)


def parse(bodies: tuple[bytes, ...], asked: Asked) -> SourceReport:
    """As in `base.Dialect`."""
    result = _Answer.model_validate(loads(bodies[0])).result
    overall = result.status_overall
    if overall.status_code not in _LEVELS:
        raise ValueError("a vocabulary we do not know")
    shown = parts(islice((node for one in result.status for node in one.nodes()), PARTS), asked)
    announced = (one.planned(asked) for one in (*result.maintenance.active, *result.maintenance.upcoming))
    host, page = _page(asked.url)
    found = Page(
        parts=shown,
        events=tuple(one.event(asked) for one in result.incidents if one.last.state != _RESOLVED),
        overall=tempered(_LEVELS[overall.status_code], shown),
        line=overall.status,
        planned=tuple(one for one in announced if one),
        in_maintenance=overall.status_code == _MAINTENANCE or bool(result.maintenance.active),
        home=asked.url if host else f"https://status.io/pages/{page}",  # not the machine-readable address
    )
    return word(found, asked)


def _page(url: str) -> tuple[str, str]:
    """The page's host, "" if the address is the API's; and its id, "" if there is none."""
    address = urlsplit(url)
    if (api := _OF_API.search(address.path)) is not None:
        return "", api[1]
    found = _OF_PAGE.search(address.path)
    return (address.netloc, found[1]) if found else ("", "")


DIALECT = Dialect("statusio", where, parse)

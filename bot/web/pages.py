"""The pages of one site, rendered every few seconds at most."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.model import Change, ChangeKind, Incident, Overview, Service, ServiceState, Style
from bot.web.drawn_rows import DrawnRows
from bot.web.health import cluster_health, health
from bot.web.incident_page import incident_page
from bot.web.metrics import Metrics, metrics
from bot.web.ready import ReadyPages
from bot.web.render_cache import Recent
from bot.web.rendering import draw, path_of, root_of
from bot.web.service_page import PAST, service_page
from bot.web.status_page import PERIOD, Rows, as_json, page, shown

SEEN = 0.5  # seconds for which one look serves all pages
HTML, JSON = "text/html; charset=utf-8", "application/json"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


class Archive(Protocol):
    """What the store knows of the past."""

    async def incidents(
        self, since: datetime, *, services: Sequence[str] = (), limit: int = 200
    ) -> tuple[Incident, ...]:
        """The incidents open or ended after `since`, the newest first."""

    async def changes(self, incident_id: str) -> tuple[Change, ...]:
        """The steps of an incident, the oldest first; none if it is unknown."""


@dataclass
class Pages:
    """The responses. `overview` gets the time from which incidents are shown; `archive`: None if only that is known.

    `glance`: a value that stays the same while nothing has changed; None if that is not known.
    """

    overview: Callable[[datetime], Awaitable[Overview]]
    vitals: Callable[[], Awaitable[Metrics]]
    title: str
    style: Style
    clock: Callable[[], datetime]
    reporting: bool = False  # whether there is a form for reports
    archive: Archive | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # of every response
    glance: Callable[[], object] | None = None

    def __post_init__(self) -> None:
        self.ready = ReadyPages(self.headers)
        self._lately = Recent(self._seen)
        self._rows, self._markup = Rows(), DrawnRows(self.style)
        self._glanced: tuple[object, datetime, Overview] | None = None
        self._rendered: dict[str, tuple[Overview, str]] = {}  # the overview that a page was rendered from

    async def html(self, request: Request) -> Response:
        return await self._answer(request, self._draw, HTML)

    async def data(self, request: Request) -> Response:
        return await self._answer(request, self._list, JSON)

    async def _answer(self, request: Request, make: Callable[[], Awaitable[str]], media: str) -> Response:
        raw, path = path_of(request), request.url.path
        # However an address is spelled, the page is rendered once.
        key = raw if "%" not in raw else f"{root_of(raw)} {path}"
        return (await self.ready.get(key, make, media)).response(request)

    async def healthz(self, request: Request) -> Response:
        told = cluster_health if "cluster" in request.query_params else health
        body = told(await self.vitals())
        return JSONResponse(body, 200 if body["well"] else 503)

    async def metrics(self, request: Request) -> Response:
        return await self._answer(request, self._measure, PROMETHEUS)

    async def service(self, request: Request) -> Response:
        key, root = request.path_params["service"], root_of(path_of(request))
        await self._known(key)
        return await self._answer(request, partial(self._draw_service, key, root), HTML)

    async def incident(self, request: Request) -> Response:
        key, number, root = request.path_params["service"], request.path_params["number"], root_of(path_of(request))
        _, state = await self._known(key)
        if not NUMBER.fullmatch(number) or 0 < state.opened < int(number):
            raise HTTPException(404)
        return await self._answer(request, partial(self._draw_incident, key, int(number), root), HTML)

    async def _known(self, key: str) -> tuple[Service, ServiceState]:
        """A service and its state, some seconds old at most: whoever guesses addresses costs nothing more."""
        return _entry(await self._lately.get(), key)

    async def _seen(self) -> Overview:
        """The overview: the same one again while nothing has changed, for a minute at most."""
        now = self.clock()
        if self.glance is None:
            return await self.overview(now - PERIOD)
        glance, known = self.glance(), self._glanced
        if known and known[0] == glance and known[1] <= now and _minute(known[1]) == _minute(now):
            return known[2]
        seen = await self.overview(now - PERIOD)
        self._glanced = glance, now, seen
        return seen

    async def _once(self, name: str, make: Callable[[Overview], str]) -> str:
        """The text made of the present overview, in a thread: with 1,000 services it takes longer than checks may wait."""
        seen = await self._lately.get(SEEN)
        if (known := self._rendered.get(name)) and known[0] is seen:
            return known[1]
        text = await asyncio.to_thread(make, seen)
        self._rendered[name] = seen, text
        return text

    async def _draw(self) -> str:
        return await self._once("html", self._page)

    def _page(self, seen: Overview) -> str:
        self._markup.begin()
        shown = page(seen, self.style, self._rows)
        return self._drawn("status.html", "", page=shown, form=self._form(seen), drawn=self._markup)

    async def _draw_service(self, key: str, root: str) -> str:
        seen = await self._lately.get(SEEN)
        service, state = _entry(seen, key)
        since = self.clock() - PAST
        recent = (
            await self.archive.incidents(since, services=(service.id,))
            if self.archive
            else tuple(one for one in seen.recent if one.service == service.id)
        )
        drawn = service_page(service, state, seen, self.style, recent)
        form = self._form(seen, service.id)
        return await asyncio.to_thread(self._drawn, "service.html", root, page=drawn, form=form)

    async def _draw_incident(self, key: str, number: int, root: str) -> str:
        seen = await self._lately.get(SEEN)
        service, state = _entry(seen, key)
        known = (one for one in (state.incident, state.last, *seen.recent) if one and one.service == service.id)
        changes = await self._changes(service, number, known)
        if not changes:
            raise HTTPException(404)
        now_ = shown(service, state, seen)
        drawn = incident_page(service, changes, self.style, seen.at, health=now_, blind_since=seen.offline_since)
        return await asyncio.to_thread(self._drawn, "incident.html", root, page=drawn)

    async def _changes(self, service: Service, number: int, known: Iterable[Incident]) -> tuple[Change, ...]:
        if self.archive:
            return await self.archive.changes(f"{service.id}#{number}")
        found = next((one for one in known if one.number == number), None)
        if found is None:
            return ()
        kind = ChangeKind.RESTORED if found.until else ChangeKind.OPENED
        return (Change(kind, found.until or found.since, found),)

    def _form(self, seen: Overview, service: str = "") -> list[Service]:
        """The services in the form; none if there is no form."""
        every = [one for one, _ in seen.services if not service or one.id == service]
        return every if self.reporting else []

    def _drawn(self, template: str, root: str, **facts: Any) -> str:
        return draw(template, title=self.title, style=self.style, root=root, **facts)

    async def _list(self) -> str:
        return await self._once("json", lambda seen: json.dumps(as_json(seen), ensure_ascii=False))

    async def _measure(self) -> str:
        vitals, seen = await self.vitals(), await self._lately.get(SEEN)
        return (await asyncio.to_thread(metrics, vitals, seen)).decode()


def _entry(seen: Overview, key: str) -> tuple[Service, ServiceState]:
    found = next((entry for entry in seen.services if entry[0].id == key), None)
    if found is None:
        raise HTTPException(404)
    return found


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)

"""The pages of one site, rendered every few seconds at most."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from bot.model import Change, ChangeKind, Incident, Overview, Service, ServiceState, Style
from bot.web.health import cluster_health, health
from bot.web.incident_page import incident_page
from bot.web.metrics import Metrics, metrics
from bot.web.render_cache import Recent, RenderCache, RenderCaches
from bot.web.rendering import draw, path_of, root_of
from bot.web.service_page import PAST, service_page
from bot.web.status_page import PERIOD, as_json, page, shown

MEASURED = 1.0  # seconds for which the metrics are reused
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
    """The responses. `overview` gets the time from which incidents are shown; `archive`: None if only that is known."""

    overview: Callable[[datetime], Awaitable[Overview]]
    vitals: Callable[[], Awaitable[Metrics]]
    title: str
    style: Style
    clock: Callable[[], datetime]
    reporting: bool = False  # whether there is a form for reports
    archive: Archive | None = None
    _others: RenderCaches = field(default_factory=RenderCaches)  # pages of services and incidents

    def __post_init__(self) -> None:
        self._html, self._json, self._metrics = (
            RenderCache(self._draw),
            RenderCache(self._list),
            RenderCache(self._measure, MEASURED),
        )
        self._lately = Recent(self._seen)

    async def html(self, _request: Request) -> Response:
        return HTMLResponse(await self._html.get())

    async def data(self, _request: Request) -> Response:
        return Response(await self._json.get(), media_type="application/json")

    async def healthz(self, request: Request) -> Response:
        told = cluster_health if "cluster" in request.query_params else health
        body = told(await self.vitals())
        return JSONResponse(body, 200 if body["well"] else 503)

    async def metrics(self, _request: Request) -> Response:
        return Response(await self._metrics.get(), media_type=PROMETHEUS)

    async def service(self, request: Request) -> Response:
        key, root = request.path_params["service"], root_of(path_of(request))
        await self._known(key)
        return HTMLResponse(await self._others.get(("service", key, root), partial(self._draw_service, key, root)))

    async def incident(self, request: Request) -> Response:
        key, number, root = request.path_params["service"], request.path_params["number"], root_of(path_of(request))
        _, state = await self._known(key)
        if not NUMBER.fullmatch(number) or 0 < state.opened < int(number):
            raise HTTPException(404)
        make = partial(self._draw_incident, key, int(number), root)
        return HTMLResponse(await self._others.get(("incident", key, number, root), make))

    async def _known(self, key: str) -> tuple[Service, ServiceState]:
        """A service and its state."""
        services = (await self._lately.get()).services
        found = next((entry for entry in services if entry[0].id == key), None)
        if found is None:
            raise HTTPException(404)
        return found

    async def _seen(self) -> Overview:
        return await self.overview(self.clock() - PERIOD)

    async def _draw(self) -> str:
        # Takes 0.1 s with 1,000 services, which would delay checks.
        return await asyncio.to_thread(self._page, await self._seen())

    def _page(self, seen: Overview) -> str:
        return self._drawn("status.html", "", page=page(seen, self.style), form=self._form(seen))

    async def _draw_service(self, key: str, root: str) -> str:
        seen, (service, state) = await self._lately.get(), await self._known(key)
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
        seen, (service, state) = await self._lately.get(), await self._known(key)
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
        seen = await self._seen()
        return await asyncio.to_thread(lambda: json.dumps(as_json(seen), ensure_ascii=False))

    async def _measure(self) -> str:
        vitals, seen = await self.vitals(), await self._seen()
        return (await asyncio.to_thread(metrics, vitals, seen)).decode()

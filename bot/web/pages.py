"""The pages of one site, rendered every few seconds at most.

Values are kept for a moment, so that many reloads do not slow the checks, and the rows of the status page as long as
they say the same.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.model import Change, ChangeKind, Incident, Overview, Service, ServiceState, Style
from bot.web.incident_page import incident_page
from bot.web.metrics import Metrics, cluster_health, health, metrics
from bot.web.ready import ReadyPages
from bot.web.rendering import TEMPLATES, draw, path_of, root_of
from bot.web.service_page import PAST, service_page
from bot.web.status_page import PERIOD, Row, Rows, as_json, page, shown
from bot.wording.catalog import catalog

SEEN = 0.5  # seconds for which one look serves all pages
HTML, JSON = "text/html; charset=utf-8", "application/json"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
FRESH = 2.0  # seconds for which a value is reused


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


Value = TypeVar("Value")


class Recent(Generic[Value]):
    """A value that is reused for `fresh` seconds."""

    def __init__(self, make: Callable[[], Awaitable[Value]], fresh: float = FRESH) -> None:
        self.make = make
        self._fresh = fresh
        self._made_at = float("-inf")
        self._value: Value
        self._making: asyncio.Task[Value] | None = None

    async def get(self, fresh: float | None = None) -> Value:
        """Return the value, at most so many seconds old. Simultaneous callers share one making and its failure."""
        if monotonic() - self._made_at < (self._fresh if fresh is None else fresh):
            return self._value
        if self._making is None:
            self._making = asyncio.create_task(self._made())
            self._making.add_done_callback(self._over)
        return await asyncio.shield(self._making)  # a caller that disconnects does not cancel it for others

    async def _made(self) -> Value:
        self._value, self._made_at = await self.make(), monotonic()
        return self._value

    def _over(self, task: asyncio.Task[Value]) -> None:
        self._making = None
        if not task.cancelled():
            task.exception()  # mark it as retrieved: its waiters raise it, unless all disconnected


class DrawnRows:
    """The markup of the status page's rows, of which most are as they were when the page was drawn last."""

    def __init__(self, style: Style) -> None:
        self._say = catalog(style.language)
        self._before: dict[str, tuple[Row, str]] = {}
        self._now: dict[str, tuple[Row, str]] = {}

    def begin(self) -> None:
        """Begin another page: rows that the last one did not have are forgotten."""
        self._before, self._now = self._now, {}

    def __call__(self, rows: Iterable[Row]) -> Markup:
        """The markup of these rows, one after the other."""
        return Markup("\n".join(self._drawn(rows)))  # noqa: S704 -- drawn by a template

    def _drawn(self, rows: Iterable[Row]) -> Iterator[str]:
        parts: Any = TEMPLATES.get_template("parts.html").module
        mark = cache(parts.mark)
        for row in rows:
            known = self._before.get(row.path)
            if known is None or (known[0] is not row and known[0] != row):
                known = row, parts.row(row, mark(row.health), parts.strip(row.strip, row.label), self._say)
            self._now[row.path] = known
            yield known[1]

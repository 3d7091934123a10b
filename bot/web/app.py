"""Pages: / for people, /status.json for programs, /healthz and /metrics for operators. They only read the store."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from socket import socket
from time import monotonic
from typing import Any, cast

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute

from bot import __version__, wording
from bot.contracts import Unable
from bot.errors import fault
from bot.model import Overview, Style
from bot.own_health import OwnTrouble
from bot.web.connections import BACKLOG, Complaints, Connections, affordable
from bot.web.http_server import BoundedProtocol, Limits
from bot.web.metrics import Metrics, metrics
from bot.web.plain_text import well_formed
from bot.web.report_form import Reporting
from bot.web.status_page import PERIOD, as_json, iso, page
from bot.wording.catalog import catalog

__all__ = ["Metrics", "Server", "site"]

HERE = Path(__file__).parent
FRESH = 2.0  # seconds for which a rendered page is reused, so that many reloads do not slow the checks
MEASURED = 1.0  # likewise for the metrics
STALE = timedelta(minutes=2)  # without a round for this long, nothing is being watched
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with "no-referrer" our own form would be sent without its origin
    "Cache-Control": "no-cache",
}
WITH_FORM = HEADERS | {
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace("form-action 'none'", "form-action 'self'")
}
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


@dataclass
class Kept:
    """A text that is reused for `fresh` seconds."""

    make: Callable[[], Awaitable[str]]
    fresh: float = FRESH
    text: str = ""
    until: float = 0.0
    making: asyncio.Task[str] | None = None

    async def get(self) -> str:
        """Return the text. Simultaneous callers share one rendering and its failure."""
        if monotonic() < self.until:
            return self.text
        if self.making is None:
            self.making = asyncio.create_task(self._made())
            self.making.add_done_callback(self._over)
        return await asyncio.shield(self.making)  # a caller that disconnects does not cancel it for others

    async def _made(self) -> str:
        self.text, self.until = well_formed(await self.make()), monotonic() + self.fresh
        return self.text

    def _over(self, task: asyncio.Task[str]) -> None:
        self.making = None
        if not task.cancelled():
            task.exception()  # mark it as retrieved: its waiters raise it, unless all disconnected


@dataclass
class Pages:
    """The responses. `overview` gets the time from which incidents are shown."""

    overview: Callable[[datetime], Awaitable[Overview]]
    vitals: Callable[[], Awaitable[Metrics]]
    title: str
    style: Style
    clock: Callable[[], datetime]
    reporting: Reporting | None = None  # None: the page has no report form

    def __post_init__(self) -> None:
        self._template = TEMPLATES.get_template("status.html")
        self._html, self._json, self._metrics = Kept(self._draw), Kept(self._list), Kept(self._measure, MEASURED)

    async def html(self) -> Response:
        return HTMLResponse(await self._html.get())

    async def data(self) -> Response:
        return Response(await self._json.get(), media_type="application/json")

    async def healthz(self) -> Response:
        body = health(await self.vitals())
        return JSONResponse(body, 200 if body["well"] else 503)

    async def metrics(self) -> Response:
        return Response(await self._metrics.get(), media_type=PROMETHEUS)

    async def _seen(self) -> Overview:
        return await self.overview(self.clock() - PERIOD)

    async def _draw(self) -> str:
        # Takes 0.1 s with 1,000 services, which would delay checks.
        return await asyncio.to_thread(self._page, await self._seen())

    def _page(self, seen: Overview) -> str:
        shown, form = page(seen, self.style), [service for service, _ in seen.services] if self.reporting else []
        return self._template.render(
            title=self.title, page=shown, version=__version__, language=self.style.language, form=form
        )

    async def _list(self) -> str:
        seen = await self._seen()
        return await asyncio.to_thread(lambda: json.dumps(as_json(seen), ensure_ascii=False))

    async def _measure(self) -> str:
        vitals, seen = await self.vitals(), await self._seen()
        return (await asyncio.to_thread(metrics, vitals, seen)).decode()


def site(
    *,
    overview: Callable[[datetime], Awaitable[Overview]],
    vitals: Callable[[], Awaitable[Metrics]],
    title: str,
    style: Style,
    clock: Callable[[], datetime],
    doors: Sequence[BaseRoute] = (),
    reporting: Reporting | None = None,
) -> FastAPI:
    """The application. Pages for the public are rendered every `FRESH` seconds at most, others for each request.
    `doors`: routes for incoming data.
    """
    pages = Pages(overview, vitals, title, style, clock, reporting)
    app = FastAPI(title=title, version=__version__, openapi_url=None)
    app.router.redirect_slashes = False  # it would redirect to the host that the caller names
    app.middleware("http")(partial(_guarded, WITH_FORM if reporting else HEADERS, Complaints("the page failed")))
    app.add_exception_handler(Unable, _unable)
    for path, answer in {
        "/": pages.html,
        "/status.json": pages.data,
        "/healthz": pages.healthz,
        "/metrics": pages.metrics,
    }.items():
        for spelled in dict.fromkeys((path, f"{path.rstrip('/')}/")):
            app.add_route(spelled, partial(_answered, answer), methods=["GET", "HEAD"])
    app.router.routes.extend(doors)
    if reporting:
        for spelled in ("/report", "/report/"):
            app.add_route(spelled, partial(_reported, reporting, title), methods=["POST"])
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    return app


async def _answered(answer: Callable[[], Awaitable[Response]], _request: Request) -> Response:
    return await answer()


async def _reported(reporting: Reporting, title: str, request: Request) -> Response:
    status, said = await reporting.take(request)
    language, template = reporting.style.language, TEMPLATES.get_template("reported.html")
    drawn = template.render(title=title, said=said, language=language, say=catalog(language))
    return HTMLResponse(well_formed(drawn), status)


async def _guarded(
    headers: dict[str, str],
    complaints: Complaints,
    request: Request,
    call_next: Callable[[Request], Awaitable[Response]],
) -> Response:
    try:
        response = await call_next(request)
    except ClientDisconnect:  # nobody is left to read it
        response = Response(status_code=400)
    except Exception as error:  # noqa: BLE001 - our own error: one line, not a traceback for each request
        complaints.note(fault(error))
        response = PlainTextResponse("Something went wrong here.\n", 500)
    response.headers.update(headers)
    return response


async def _unable(_request: Request, _error: Exception) -> Response:
    """The response while the database is away, without its name, as anybody may read it."""
    return PlainTextResponse("Tocsin cannot read its database just now.\n", 503)


def health(vitals: Metrics) -> dict[str, Any]:
    """Body of /healthz. Unhealthy if rounds have stopped, or a part fails that we need for watching and notifying. The
    backlog and dead channels are listed, but do not count. Anybody may read it, so only the kind of each fault is
    given.
    """
    stale = vitals.looked_at is None or vitals.at - vitals.looked_at > STALE
    young = vitals.at - vitals.started_at < STALE
    channels = {kind: f"down since {iso(since)}" if since else "up" for kind, since in vitals.channels.items()}
    stopped = [] if young or not stale else [{"part": "rounds", "why": "none has ended for two minutes"}]
    wrong = {(trouble.part, trouble.why): trouble for trouble in reversed(vitals.troubles)}
    parts = [*stopped, *map(_in_english, reversed(wrong.values()))]
    return {
        "well": not stopped and not vitals.unwell,
        "version": __version__,
        "waiting": dict(vitals.backlog),
        "channels": channels,
        "troubles": list(map(_line, parts)),
        "parts": parts,
        "restarts": dict(vitals.restarts),
    }


def _in_english(trouble: OwnTrouble) -> dict[str, str]:
    since = trouble.since.isoformat(timespec="seconds")
    return {"part": trouble.part.value, "why": wording.english_brief(trouble.why), "since": since}


def _line(part: Mapping[str, str]) -> str:
    return f"{part['part']}: {part['why']}" + (f" (since {part['since']})" if "since" in part else "")


class Server(uvicorn.Server):
    """uvicorn in our event loop and on our socket, with bounds on everything that callers control. Signals stay with
    us, as uvicorn would stop before sends in progress end. `behind_proxy`: private addresses belong to a proxy of ours.
    """

    def __init__(self, app: FastAPI, door: socket, *, behind_proxy: bool = False, limits: Limits | None = None) -> None:
        gate = Connections(behind_proxy, affordable())
        super().__init__(
            # Without `proxy_headers`, as by default uvicorn trusts the headers of local callers.
            uvicorn.Config(
                app,
                http=cast("type[asyncio.Protocol]", partial(BoundedProtocol, gate=gate, limits=limits or Limits())),
                ws="none",
                backlog=affordable(BACKLOG),
                log_level="warning",
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,
            )
        )
        self._door = door

    async def serve(self, sockets: list[socket] | None = None) -> None:
        await super().serve(sockets or [self._door])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

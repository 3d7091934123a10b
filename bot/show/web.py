"""The pages: / for people, /status.json for programs, /healthz and /metrics for operators. Reads only what is stored."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from socket import socket
from time import monotonic
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot import __version__
from bot.model import Overview, Style
from bot.show.metrics import Vitals, metrics
from bot.show.status import PERIOD, as_json, page

__all__ = ["Server", "Vitals", "site"]

HERE = Path(__file__).parent
FRESH = 2.0  # seconds a rendered page is handed out again: a crowd that reloads must not slow the checks
STALE = timedelta(minutes=2)  # no round for this long: we watch nothing
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@dataclass
class Kept:
    """What was rendered last, for a moment."""

    make: Callable[[], Awaitable[str]]
    text: str = ""
    until: float = 0.0

    async def get(self) -> str:
        if monotonic() >= self.until:
            self.text, self.until = await self.make(), monotonic() + FRESH
        return self.text


def site(
    *,
    overview: Callable[[datetime], Awaitable[Overview]],
    vitals: Callable[[], Awaitable[Vitals]],
    title: str,
    style: Style,
    clock: Callable[[], datetime],
) -> FastAPI:
    """The application. `overview` and `vitals` are asked anew for each answer, but for what is `FRESH`."""
    templates = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    template = templates.get_template("status.html")
    app = FastAPI(title=title, version=__version__, docs_url=None, redoc_url=None)

    async def rendered() -> str:
        seen = await overview(clock() - PERIOD)
        return template.render(title=title, page=page(seen, style), version=__version__, language=style.language)

    kept = Kept(rendered)

    @app.middleware("http")
    async def guarded(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await call_next(request)
        response.headers.update(HEADERS)
        return response

    @app.get("/", response_class=HTMLResponse)
    async def status_page() -> HTMLResponse:
        return HTMLResponse(await kept.get())

    @app.get("/status.json")
    async def status_json() -> dict[str, Any]:
        return as_json(await overview(clock() - PERIOD))

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        body = health(await vitals())
        return JSONResponse(body, 200 if body["well"] else 503)

    @app.get("/metrics")
    async def prometheus() -> Response:
        seen = await overview(clock() - PERIOD)
        return Response(metrics(await vitals(), seen), media_type="text/plain; version=0.0.4")

    app.mount("/static", StaticFiles(directory=HERE / "static"))
    return app


def health(vitals: Vitals) -> dict[str, Any]:
    """Are we well? The rounds must go on; what waits to be sent is said, and is no illness of ours."""
    stale = vitals.looked_at is None or vitals.at - vitals.looked_at > STALE
    young = vitals.at - vitals.started_at < STALE
    return {"well": young or not stale, "version": __version__, "waiting": dict(vitals.backlog)}


class Server(uvicorn.Server):
    """uvicorn in our loop and on our socket; signals stay ours, for it would end before what is being sent."""

    def __init__(self, app: FastAPI, door: socket) -> None:
        super().__init__(
            uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", server_header=False)
        )
        self._door = door

    async def serve(self, sockets: list[socket] | None = None) -> None:
        await super().serve(sockets or [self._door])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

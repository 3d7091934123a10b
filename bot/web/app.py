"""Pages: / for people, /status.json for programs, /healthz and /metrics for operators, which only read the store; and the
doors beside them.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from socket import socket
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send
from uvicorn import Config, server

from bot.contracts import Unable
from bot.errors import fault
from bot.model import Overview, Style
from bot.web.connections import BACKLOG, Complaints, Connections, affordable
from bot.web.http_server import Limits
from bot.web.metrics import STALE, Metrics
from bot.web.pages import Archive, Pages
from bot.web.ready import Ready
from bot.web.ready_protocol import ReadyProtocol, Requests, Turns
from bot.web.rendering import HERE, ErrorPages
from bot.web.report_form import Reporting, ReportPages

__all__ = ["HEADERS", "STALE", "Metrics", "Server", "site"]

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

EACH = 1.0  # seconds for which responses have the same date

# Seconds after which a thread that computes, as one that renders a page, makes room for another one. Python's own 5 ms
# would be lost at each step of a notice, and it has dozens.
SOON = 0.0005


def site(
    *,
    overview: Callable[[datetime], Awaitable[Overview]],
    vitals: Callable[[], Awaitable[Metrics]],
    title: str,
    style: Style,
    clock: Callable[[], datetime],
    doors: Sequence[BaseRoute] = (),
    reporting: Reporting | None = None,
    archive: Archive | None = None,
    glance: Callable[[], object] | None = None,
) -> Starlette:
    """The application. Pages for the public are rendered once a second at most, others for each request. `doors`:
    routes for incoming data. `archive`: the past; None: pages know only what the overview shows. `glance`: see `Pages`.
    """
    headers = WITH_FORM if reporting else HEADERS
    pages = Pages(overview, vitals, title, style, clock, reporting is not None, archive, headers, glance)
    errors = ErrorPages(title, style)
    app = Starlette()
    app.router.redirect_slashes = False  # it would redirect to the host that the caller names
    app.state.errors, app.state.headers, app.state.ready = errors, headers, pages.ready
    app.add_middleware(BaseHTTPMiddleware, dispatch=partial(_guarded, headers, Complaints("the page failed"), errors))
    app.add_exception_handler(Unable, partial(_unable, errors))
    app.add_exception_handler(HTTPException, partial(_refused, errors))
    for path, answer in {
        "/": pages.html,
        "/status.json": pages.data,
        "/healthz": pages.healthz,
        "/metrics": pages.metrics,
        "/service/{service}": pages.service,
        "/incident/{service}/{number}": pages.incident,
    }.items():
        for spelled in dict.fromkeys((path, f"{path.rstrip('/')}/")):
            app.add_route(spelled, answer, methods=["GET", "HEAD"])
    app.router.routes.extend(doors)
    if reporting:
        _add_form(app, ReportPages(reporting, errors))
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    return app


def _add_form(app: Starlette, reports: ReportPages) -> None:
    for spelled in ("/report", "/report/"):
        app.add_route(spelled, reports.take, methods=["POST"])
        app.add_route(spelled, reports.show, methods=["GET", "HEAD"])


class Front:
    """The application behind the server, which may be replaced by another one at any time. `urgent`: whether notices are
    on their way.
    """

    def __init__(self, site: Starlette, urgent: Callable[[], bool] = lambda: False) -> None:
        self.site = site
        self._urgent = urgent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.site(scope, receive, send)

    def at_hand(self, path: str) -> Ready | None:
        """The page of a path, if it is ready."""
        found: Ready | None = self.site.state.ready.at_hand(path)
        return found

    def busy(self) -> bool:
        """Whether readers should wait: notices are on their way, or a page is being made."""
        making: bool = self.site.state.ready.making()
        return making or self._urgent()

    def refusal(self, status: int, accept: str, path: str) -> bytes:
        """The whole answer where the application does not run."""
        answer: bytes = self.site.state.errors.raw(self.site.state.headers, status, accept, path)
        return answer


async def _guarded(
    headers: dict[str, str],
    complaints: Complaints,
    errors: ErrorPages,
    request: Request,
    call_next: Callable[[Request], Awaitable[Response]],
) -> Response:
    try:
        response = await call_next(request)
    except ClientDisconnect:  # nobody is left to read it
        response = Response(status_code=400)
    except Exception as error:  # noqa: BLE001 - our own error: one line, not a traceback for each request
        complaints.note(fault(error))
        response = errors.answer(request, HTTPStatus.INTERNAL_SERVER_ERROR)
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response


async def _unable(errors: ErrorPages, request: Request, _error: Exception) -> Response:
    """The response while the database is away, without its name, as anybody may read it."""
    return errors.answer(request, HTTPStatus.SERVICE_UNAVAILABLE)


async def _refused(errors: ErrorPages, request: Request, error: Exception) -> Response:
    """The response to a wrong address, method or form."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    response = errors.answer(request, status)
    for name, value in (getattr(error, "headers", None) or {}).items():
        response.headers[name] = value  # the methods allowed, for example
    return response


class Server(server.Server):
    """uvicorn in our event loop and on our socket, with bounds on everything that callers control. Signals stay with
    us, as uvicorn would stop before sends in progress end. `behind_proxy`: private addresses belong to a proxy of ours.
    """

    def __init__(
        self, app: Starlette | Front, door: socket, *, behind_proxy: bool = False, limits: Limits | None = None
    ) -> None:
        gate, bounds = Connections(behind_proxy, affordable()), limits or Limits()
        front = app if isinstance(app, Front) else Front(app)
        ready = partial(ReadyProtocol, at_hand=front.at_hand, turns=Turns(busy=front.busy), requests=Requests())
        super().__init__(
            # Without `proxy_headers`, as by default uvicorn trusts the headers of local callers.
            Config(
                front,
                http=cast("type[asyncio.Protocol]", partial(ready, gate=gate, limits=bounds, refusal=front.refusal)),
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

    @property
    def should_exit(self) -> bool:
        return self._ending.is_set()

    @should_exit.setter
    def should_exit(self, ends: bool) -> None:
        if "_ending" not in vars(self):
            self._ending = asyncio.Event()
        if ends:
            self._ending.set()

    async def main_loop(self) -> None:
        """Renew the date of the responses each second, until the end: uvicorn looks ten times a second."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EACH):
                    await self._ending.wait()

    async def serve(self, sockets: list[socket] | None = None) -> None:
        usual = sys.getswitchinterval()
        sys.setswitchinterval(min(SOON, usual))
        try:
            await super().serve(sockets or [self._door])
        finally:
            sys.setswitchinterval(usual)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

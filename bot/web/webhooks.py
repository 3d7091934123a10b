"""Addresses that others call: webhooks of status pages, and heartbeat URLs of jobs.

Webhooks only signal that there is news; their content is not trusted. Heartbeat URLs are compatible with
healthchecks.io: /heartbeat/TOKEN with an optional /start, /fail or exit code; /log changes nothing. They are answered
from memory and stored after the response.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.delivery.rate_limit import RateLimit
from bot.model import HeartbeatEvent
from bot.store import StoreUnavailable
from bot.watch.heartbeats import HeartbeatRegistry
from bot.web.connections import BodyFault, read_body

LARGEST = 1024 * 1024  # bytes accepted and dropped
PAUSE = 10.0  # seconds between two readings of a page due to webhooks
NOTED = "log"  # accepted without effect
CALLS: dict[str, tuple[HeartbeatEvent, int | None]] = {
    "": (HeartbeatEvent.DONE, None),
    "start": (HeartbeatEvent.BEGUN, None),
    "fail": (HeartbeatEvent.FAILED, None),
    **{str(code): (HeartbeatEvent.FAILED if code else HeartbeatEvent.DONE, code or None) for code in range(256)},
}


def later(wait: float, act: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(wait, act)


@dataclass
class Hooks:
    """`tokens` by service; `again` reads a service's pages now. Calls within the pause are served at its end."""

    tokens: Mapping[str, str]
    again: Callable[[str], None]
    steady: Callable[[], float] = monotonic
    later: Callable[[float, Callable[[], None]], object] = later
    # Readings, done or scheduled, by service.
    _readings: RateLimit[str, float] = field(default_factory=lambda: RateLimit(1))

    def route(self) -> Route:
        return Route("/hooks/{service}/{token:path}", self.answer, methods=["POST"])

    async def answer(self, request: Request) -> Response:
        """204, whatever was sent; 404 for an unknown service or a wrong token alike."""
        service = request.path_params["service"]
        if not self._known(service, request.path_params["token"].removesuffix("/")):  # some vendors' forms add a slash
            raise HTTPException(404)
        if isinstance(await read_body(request, LARGEST, keep=False), BodyFault):
            raise HTTPException(413)
        self._news(service)
        return Response(status_code=204)

    def _known(self, service: str, token: str) -> bool:
        right = self.tokens.get(service, "")
        return hmac.compare_digest(token.encode(), right.encode()) and right != ""

    def _news(self, service: str) -> None:
        now = self.steady()
        at = self._readings.opens(service, now)
        if at is None:
            self._readings.count(service, now, now + PAUSE)
            self.again(service)
        elif at - PAUSE <= now:  # else a reading is scheduled, and will include this news
            self._readings.count(service, now, at + PAUSE)
            self.later(at - now, partial(self.again, service))


def add_heartbeats(app: Starlette, board: HeartbeatRegistry, again: Callable[[str], None]) -> None:
    """Add the routes. `again`: called with a service that has news. A request's body and parameters are ignored."""
    app.add_route("/heartbeat/{rest:path}", partial(_called, board, again), methods=["GET", "HEAD", "POST"])


async def _called(board: HeartbeatRegistry, again: Callable[[str], None], request: Request) -> Response:
    """Handle a call. All unknown addresses get the same response, so that tokens cannot be guessed by it."""
    token, *call = request.path_params["rest"].removesuffix("/").split("/")
    key, said = board.whose(token), "/".join(call)
    if key is None or (said != NOTED and said not in CALLS):
        return PlainTextResponse("There is no such heartbeat.\n", 404)
    if said == NOTED:
        return PlainTextResponse("OK")
    if board.heard(key, *CALLS[said]):
        again(key[0])
    return PlainTextResponse("OK", background=BackgroundTask(_written, board))


async def _written(board: HeartbeatRegistry) -> None:
    with suppress(StoreUnavailable):  # they are stored with the next results
        await board.write()

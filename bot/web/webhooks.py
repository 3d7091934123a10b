"""Webhooks of status pages. They only signal that there is news; their content is not trusted."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.delivery.rate_limit import RateLimit
from bot.web.connections import BodyFault, read_body

LARGEST = 1024 * 1024  # bytes accepted and dropped
PAUSE = 10.0  # seconds between two readings of a page due to webhooks


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

"""What comes in over HTTP: a status page's webhook, which says no more than that there is news. Nothing in it is trusted."""

from __future__ import annotations

import asyncio
import hmac
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic

from fastapi import HTTPException, Request, Response
from starlette.requests import ClientDisconnect
from starlette.routing import Route

LARGEST = 1024 * 1024  # bytes that are taken, and thrown away
PATIENCE = 10.0  # seconds for all of them
PAUSE = 10.0  # seconds between two readings that a service's webhooks cause


def later(wait: float, act: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(wait, act)


@dataclass
class Hooks:
    """`tokens` by service; `again` has a service's pages read now. Who comes within the pause is served at its end."""

    tokens: Mapping[str, str]
    again: Callable[[str], None]
    steady: Callable[[], float] = monotonic
    later: Callable[[float, Callable[[], None]], object] = later
    _last: dict[str, float] = field(default_factory=dict)  # when a reading was begun, or is to be

    def route(self) -> Route:
        return Route("/hooks/{service}/{token:path}", self.answer, methods=["POST"])

    async def answer(self, request: Request) -> Response:
        """204, whatever was sent; 404 to who does not know the token of a service, as for all that there is not."""
        service = request.path_params["service"]
        if not self._known(service, request.path_params["token"].removesuffix("/")):  # some vendors' forms add a slash
            raise HTTPException(404)
        if not await _small(request):
            raise HTTPException(413)
        self._news(service)
        return Response(status_code=204)

    def _known(self, service: str, token: str) -> bool:
        right = self.tokens.get(service, "")
        return hmac.compare_digest(token.encode(), right.encode()) and right != ""

    def _news(self, service: str) -> None:
        now, last = self.steady(), self._last.get(service, -math.inf)
        if last > now:
            return  # what is to be read then is newer than this
        at = self._last[service] = max(now, last + PAUSE)
        if at == now:
            self.again(service)
        else:
            self.later(at - now, lambda: self.again(service))


async def _small(request: Request) -> bool:
    """Take what is sent, so that the sender hears our answer; but only so much, and only for so long."""
    taken = 0
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                taken += len(part)
                if taken > LARGEST:
                    return False
    except (TimeoutError, ClientDisconnect):
        return False
    return True

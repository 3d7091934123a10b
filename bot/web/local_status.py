"""`tocsin status`, answered by the running daemon: it has at hand what the command would load for two seconds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from hmac import compare_digest
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.model import Overview, Style
from bot.runtime_record import SECRET_HEADER, STATUS_PATH
from bot.web.metrics import Metrics, health
from bot.web.status_page import PERIOD, for_operators
from bot.web.status_report import Report, report, unwell


class LocalStatus:
    """Answers whoever knows `secret`: a user who can read the record of the daemon. For all others, it is not there."""

    def __init__(
        self,
        overview: Callable[[datetime], Awaitable[Overview]],
        vitals: Callable[[], Awaitable[Metrics]],
        style: Style,
        clock: Callable[[], datetime],
        secret: str,
    ) -> None:
        self._overview, self._vitals, self._style, self._clock = overview, vitals, style, clock
        self._secret = secret.encode()

    def route(self) -> Route:
        return Route(STATUS_PATH, self.answer)

    async def answer(self, request: Request) -> Response:
        said = request.headers.get(SECRET_HEADER, "").encode()
        if not self._secret or not compare_digest(said, self._secret):
            raise HTTPException(404)
        asked = request.query_params
        seen, vitals = await self._overview(self._clock() - PERIOD), await self._vitals()
        own = health(vitals)
        found = await asyncio.to_thread(report, seen, self._style, asked.get("service"), vitals.cluster)
        if "json" in asked and found.known:
            found = Report((await asyncio.to_thread(_as_data, seen, own, vitals),), found.down)
        errors = () if own["well"] else tuple(map(unwell, own["troubles"]))
        body = {"out": found.lines, "err": errors, "known": found.known, "down": found.down}
        return Response(json.dumps(body), media_type="application/json")


def _as_data(seen: Overview, own: dict[str, Any], vitals: Metrics) -> str:
    data = for_operators(seen, () if own["well"] else own["parts"], vitals.cluster)
    return json.dumps(data, indent=2, ensure_ascii=False)

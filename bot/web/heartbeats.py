"""Heartbeat URLs, compatible with healthchecks.io: /heartbeat/TOKEN with an optional /start, /fail or exit code; /log
changes nothing. Answered from memory, stored after the response.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.model import HeartbeatEvent
from bot.store import StoreUnavailable
from bot.watch.heartbeats import HeartbeatRegistry

NOTED = "log"  # accepted without effect
CALLS: dict[str, tuple[HeartbeatEvent, int | None]] = {
    "": (HeartbeatEvent.DONE, None),
    "start": (HeartbeatEvent.BEGUN, None),
    "fail": (HeartbeatEvent.FAILED, None),
    **{str(code): (HeartbeatEvent.FAILED if code else HeartbeatEvent.DONE, code or None) for code in range(256)},
}


def hear(app: Starlette, board: HeartbeatRegistry, again: Callable[[str], None]) -> None:
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

"""The addresses that jobs call to say that they live, as healthchecks.io's are: /heartbeat/TOKEN, and then /start, /fail or
the exit code; /log says nothing of how the job is. Answered from memory; it is written down after the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.background import BackgroundTask

from bot.model import HeartbeatEvent
from bot.store import StoreUnavailable
from bot.watch.heartbeats import HeartbeatRegistry

NOTED = "log"  # taken, and of no consequence
CALLS: dict[str, tuple[HeartbeatEvent, int | None]] = {
    "": (HeartbeatEvent.DONE, None),
    "start": (HeartbeatEvent.BEGUN, None),
    "fail": (HeartbeatEvent.FAILED, None),
    **{str(code): (HeartbeatEvent.FAILED if code else HeartbeatEvent.DONE, code or None) for code in range(256)},
}


def hear(app: FastAPI, board: HeartbeatRegistry, again: Callable[[str], None]) -> None:
    """Open them. `again`: there is news of a service. What a job sends along (a body, a run's id) is not read."""
    app.add_route("/heartbeat/{rest:path}", partial(_called, board, again), methods=["GET", "HEAD", "POST"])


async def _called(board: HeartbeatRegistry, again: Callable[[str], None], request: Request) -> Response:
    """One answer for all that there is not, so that no token can be told from a wrong one."""
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
    with suppress(StoreUnavailable):  # the house writes it with the next results
        await board.write()

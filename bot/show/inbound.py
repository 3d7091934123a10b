"""The addresses that jobs call to say that they live, as healthchecks.io's are: /heartbeat/TOKEN, and then /start, /fail or
the exit code. Answered from memory; it is written down after the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from fastapi import FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.background import BackgroundTask

from bot.model import Call
from bot.store import StoreUnavailable
from bot.watch.board import Board

CALLS: dict[str, tuple[Call, int | None]] = {
    "": (Call.DONE, None),
    "start": (Call.BEGUN, None),
    "fail": (Call.FAILED, None),
    **{str(code): (Call.FAILED if code else Call.DONE, code or None) for code in range(256)},
}


def hear(app: FastAPI, board: Board, again: Callable[[str], None]) -> None:
    """Open them. `again`: there is news of a service. What a job sends along (a body, a run's id) is not read."""
    for path in ("/heartbeat/{token}", "/heartbeat/{token}/{call}"):
        app.add_route(path, partial(_called, board, again), methods=["GET", "HEAD", "POST"])


async def _called(board: Board, again: Callable[[str], None], request: Request) -> Response:
    said = CALLS.get(request.path_params.get("call", ""))
    key = board.whose(request.path_params["token"])
    if key is None or said is None:
        return PlainTextResponse("There is no such heartbeat.\n", 404)
    if board.heard(key, *said):
        again(key[0])
    return PlainTextResponse("OK", background=BackgroundTask(_written, board))


async def _written(board: Board) -> None:
    with suppress(StoreUnavailable):  # the house writes it with the next results
        await board.write()

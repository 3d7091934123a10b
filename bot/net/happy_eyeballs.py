"""Happy eyeballs (RFC 8305): the addresses of a name are tried in turn, a moment apart, and the first to answer is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from bot.contracts import Cause
from bot.net.errors import TroubleError, explain

APART = 0.25  # seconds: the RFC's "connection attempt delay"

Made = TypeVar("Made")


async def first(
    attempts: Sequence[Callable[[], Awaitable[Made]]], *, dispose: Callable[[Made], object], apart: float = APART
) -> Made:
    """What the first attempt that succeeds has made. The next begins when one fails, or `apart` after it began.

    All others are given up; what they made all the same goes to `dispose`. Raise what tells most where all fail.
    """
    waiting = list(reversed(attempts))
    running: set[asyncio.Task[Made]] = set()
    errors: list[OSError | TroubleError] = []
    try:
        while waiting or running:
            if waiting:
                running.add(asyncio.ensure_future(_run(waiting.pop())))
            done, running = await asyncio.wait(
                running, timeout=apart if waiting else None, return_when=asyncio.FIRST_COMPLETED
            )
            won = [task for task in done if task.exception() is None]
            if won:
                running.update(won[1:])
                return won[0].result()
            errors += [error for task in done if isinstance(error := task.exception(), OSError | TroubleError)]
            for task in done:
                if not isinstance(task.exception(), OSError | TroubleError):
                    task.result()
        raise _telling(errors)
    finally:
        for task in running:
            _give_up(task, dispose)


async def _run(attempt: Callable[[], Awaitable[Made]]) -> Made:
    return await attempt()


def _give_up(task: asyncio.Task[Made], dispose: Callable[[Made], object]) -> None:
    """It may succeed in the very moment in which it is cancelled."""

    def over(task: asyncio.Task[Made]) -> None:
        if not task.cancelled() and task.exception() is None:
            dispose(task.result())

    task.cancel()
    task.add_done_callback(over)


def _telling(errors: Sequence[OSError | TroubleError]) -> OSError | TroubleError:
    """Of our own lack only where it may be all that was wrong: without a way to one family, the other one's error counts."""
    causes = [explain(error, "connect")[0] for error in errors]
    lacking = [e for e, cause in zip(errors, causes, strict=True) if cause is Cause.OURS and not _of_a_family(e)]
    theirs = [error for error, cause in zip(errors, causes, strict=True) if cause is not Cause.OURS]
    return (lacking or theirs or list(errors))[-1]


def _of_a_family(error: OSError | TroubleError) -> bool:
    """Is it that this machine lacks a whole family of addresses? That is no hindrance where the other one works."""
    return isinstance(error, TroubleError)

"""Happy eyeballs (RFC 8305): trying the addresses of a name in turn, a moment apart, and taking the first to connect."""

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
    """The result of the first attempt to succeed. The next one begins when one fails, or `apart` seconds after it
    began.

    The others are cancelled; late results go to `dispose`. If all fail, raise the most telling error.
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
    """Cancel an attempt, which may succeed at that very moment."""

    def over(task: asyncio.Task[Made]) -> None:
        if not task.cancelled() and task.exception() is None:
            dispose(task.result())

    task.cancel()
    task.add_done_callback(over)


def _telling(errors: Sequence[OSError | TroubleError]) -> OSError | TroubleError:
    """The most telling error: our own fault first, unless only one address family is missing."""
    causes = [explain(error, "connect")[0] for error in errors]
    lacking = [e for e, cause in zip(errors, causes, strict=True) if cause is Cause.OURS and not _of_a_family(e)]
    theirs = [error for error, cause in zip(errors, causes, strict=True) if cause is not Cause.OURS]
    return (lacking or theirs or list(errors))[-1]


def _of_a_family(error: OSError | TroubleError) -> bool:
    """Whether this machine lacks a whole address family, which does no harm if the other one works."""
    return isinstance(error, TroubleError)

"""Work in a thread that hands the interpreter back to the event loop soon."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

# Seconds after which a thread that computes makes room for one that waits. Python's own 5 ms would be lost at each step
# of a notice, and it has dozens.
SOON = 0.0005

Made = TypeVar("Made")
Facts = ParamSpec("Facts")


class _Running:
    """How many such threads run, and the interval that holds without them."""

    def __init__(self) -> None:
        self.count = 0
        self.usual = 0.0


_running = _Running()


async def aside(work: Callable[Facts, Made], *facts: Facts.args, **named: Facts.kwargs) -> Made:
    """Run `work` in a thread while checks and notices go on."""
    if not _running.count:
        _running.usual = sys.getswitchinterval()
        sys.setswitchinterval(min(SOON, _running.usual))
    _running.count += 1
    try:
        return await asyncio.to_thread(work, *facts, **named)
    finally:
        _running.count -= 1
        if not _running.count:
            sys.setswitchinterval(_running.usual)

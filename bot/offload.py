"""Work on bytes from outside, done away from the event loop and within a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

Made = TypeVar("Made")


class OverranError(Exception):
    """The work took longer than it may, and was given up."""


async def offload(work: Callable[..., Made], *args: Any, seconds: float = 2.0) -> Made:
    """Run a pure function away from the event loop. Raise OverranError after `seconds`, and what `work` raises.

    `work`, its arguments and its result can be pickled: a module's own function, bytes, frozen values.
    """
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.to_thread(work, *args)
    except TimeoutError:
        raise OverranError from None

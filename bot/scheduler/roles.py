"""Running a part only while a role is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.clock import steady
from bot.model.cluster import Share
from bot.store.ownership import AllOurs, Ownership

LOOK = 0.25  # seconds between two looks ...
RARELY = 3600.0  # ... and where nobody could take it: then each is a waking of the process for nothing
AT_ONCE = 1.0  # a part that ends sooner than this many seconds had nothing to do


async def while_ours(ownership: Ownership, role: Share, run: Callable[[], Awaitable[None]]) -> None:
    """Wait until the role is ours, run the part, and cancel it once the role is not ours any more; again and again.

    Return or raise when the part does by itself, unless it had nothing to do.
    """
    while True:
        await _until(ownership, role, ours=True)
        began = steady()
        part, losing = asyncio.ensure_future(run()), asyncio.create_task(_until(ownership, role, ours=False))
        try:
            await asyncio.wait([part, losing], return_when=asyncio.FIRST_COMPLETED)
            if part.done():
                part.result()
                if steady() - began >= AT_ONCE:
                    return
                await losing
        finally:
            losing.cancel()
            part.cancel()
            await asyncio.gather(part, losing, return_exceptions=True)


async def _until(ownership: Ownership, role: Share, *, ours: bool) -> None:
    while ownership.plays(role) is not ours:  # noqa: ASYNC110 - a lease ends by time, without an event
        await asyncio.sleep(RARELY if isinstance(ownership, AllOurs) else LOOK)

"""Notices that a blind node can see again: another node has its services, so no round of its own would tell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.store.ownership import Ownership

EVERY = 2.0  # seconds between two looks


async def look_while_blind(ownership: Ownership, online: Callable[[], Awaitable[bool]], stop: asyncio.Event) -> None:
    """Ask the canaries while the node is blind, until the stop."""
    while not stop.is_set():
        if ownership.blind and await online():
            ownership.see(online=True)
        await asyncio.sleep(EVERY)

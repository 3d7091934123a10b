"""Reads the body of a request within bounds of size and time."""

from __future__ import annotations

import asyncio
from enum import Enum, auto

from starlette.requests import ClientDisconnect, Request

PATIENCE = 10.0  # seconds for the whole body


class BodyFault(Enum):
    """Why a body could not be read."""

    TOO_LONG = auto()
    TOO_SLOW = auto()
    INTERRUPTED = auto()


async def read_body(request: Request, most: int, *, keep: bool = True) -> bytes | BodyFault:
    """The body, of at most `most` bytes; not `keep`: it is read and dropped, so that the sender gets our response."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(PATIENCE):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    return BodyFault.TOO_LONG
                parts += [part] if keep else []
    except TimeoutError:
        return BodyFault.TOO_SLOW
    except ClientDisconnect:
        return BodyFault.INTERRUPTED
    return b"".join(parts)

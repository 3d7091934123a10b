"""The time, handed in as an argument: a test turns its hands."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

# On Linux the usual monotonic clock stands still while a laptop sleeps: only this one shows that it slept.
_STEADY: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def steady() -> float:
    """Seconds that only go forward, those of a suspended machine included."""
    return time.clock_gettime(_STEADY)


def utcnow() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """`steady` for lengths and beats, `utcnow` for instants that are told and stored."""

    steady: Callable[[], float] = steady
    utcnow: Callable[[], datetime] = utcnow


SYSTEM = Clock()

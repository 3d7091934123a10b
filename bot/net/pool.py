"""Idle connections, one an origin, for a while."""

from __future__ import annotations

import resource

from bot.contracts import Family
from bot.net.connection import Connection

AGE = 300.0  # seconds since its handshake: then name, route and certificate are looked at afresh

# Host, port, TLS, guarded, family: what was opened without the guard is not for the guarded.
Origin = tuple[str, int, bool, bool, Family | None]


class Pool:
    """Knows no clock: `now` is the loop's time."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most or _half_of_our_sockets()
        self._idle: dict[Origin, Connection] = {}  # the one idle for longest first

    def take(self, origin: Origin, now: float, idle: float) -> Connection | None:
        """One that may be asked, idle for `idle` seconds at most; it is the caller's now."""
        wire = self._idle.pop(origin, None)
        if wire is None:
            return None
        if wire.alive and now - wire.born < AGE and now - wire.idle_since <= idle:
            return wire
        wire.abort()
        return None

    def put(self, origin: Origin, wire: Connection, now: float) -> None:
        """Keep it; it takes the place of an older one."""
        if now - wire.born >= AGE:
            wire.abort()
            return
        wire.idle_since = now
        if (older := self._idle.pop(origin, None)) is not None:
            older.abort()
        self._idle[origin] = wire
        self._sweep(now)

    def close(self) -> None:
        while self._idle:
            self._idle.popitem()[1].abort()

    def __len__(self) -> int:
        return len(self._idle)

    def _sweep(self, now: float) -> None:
        """Those of origins that nobody asks any more would stay open for ever."""
        while self._idle:
            oldest = next(iter(self._idle))
            if len(self._idle) <= self._most and now - self._idle[oldest].idle_since < AGE:
                return
            self._idle.pop(oldest).abort()


def _half_of_our_sockets() -> int:
    """The other half is for checks under way and for everybody else."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 4096 if soft == resource.RLIM_INFINITY else max(16, min(4096, soft // 2))

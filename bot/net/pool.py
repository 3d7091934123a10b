"""Idle connections, one per origin, kept for a while."""

from __future__ import annotations

import resource

from bot.contracts import Family
from bot.net.connection import Connection

AGE = 300.0  # seconds since the handshake, after which name, route and certificate are checked afresh

# Host, port, TLS, guarded, family: a connection opened without the guard must not serve guarded requests.
Origin = tuple[str, int, bool, bool, Family | None]


class Pool:
    """It reads no clock: `now` is the loop's time."""

    def __init__(self, most: int | None = None) -> None:
        self._most = most or _half_of_our_sockets()
        self._idle: dict[Origin, Connection] = {}  # the longest idle first

    def take(self, origin: Origin, now: float, idle: float) -> Connection | None:
        """A usable connection, idle for `idle` seconds at most, handed to the caller; None if there is none."""
        wire = self._idle.pop(origin, None)
        if wire is None:
            return None
        if wire.alive and now - wire.born < AGE and now - wire.idle_since <= idle:
            return wire
        wire.abort()
        return None

    def put(self, origin: Origin, wire: Connection, now: float) -> None:
        """Keep a connection in place of an older one."""
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
        """Close connections that are old or too many: unused origins would otherwise stay open for ever."""
        while self._idle:
            oldest = next(iter(self._idle))
            if len(self._idle) <= self._most and now - self._idle[oldest].idle_since < AGE:
                return
            self._idle.pop(oldest).abort()


def _half_of_our_sockets() -> int:
    """Half of our file limit; the other half is for running checks and everything else."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 4096 if soft == resource.RLIM_INFINITY else max(16, min(4096, soft // 2))

"""Idle connections, kept for a while: the one used last of each origin, or several where many requests go there at once."""

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
        self._idle: dict[Connection, Origin] = {}  # the longest idle first
        self._of: dict[Origin, list[Connection]] = {}  # these too

    def take(self, origin: Origin, now: float, idle: float) -> Connection | None:
        """The connection used last, if it is usable and was idle for `idle` seconds at most, handed to the caller; None if
        there is none.
        """
        for wire in reversed(self._of.get(origin, [])[:]):
            self._forget(wire)
            if wire.alive and now - wire.born < AGE and now - wire.idle_since <= idle:
                return wire
            wire.abort()
        return None

    def put(self, origin: Origin, wire: Connection, now: float, most: int = 1) -> None:
        """Keep a connection, in place of an older one where there are `most` of that origin."""
        if now - wire.born >= AGE:
            wire.abort()
            return
        wire.idle_since = now
        known = self._of.get(origin, [])
        while len(known) >= most:
            self._close(known[0])
        self._idle[wire] = origin
        self._of.setdefault(origin, []).append(wire)
        self._sweep(now)

    def close(self) -> None:
        while self._idle:
            self._close(next(iter(self._idle)))

    def __len__(self) -> int:
        return len(self._idle)

    def _sweep(self, now: float) -> None:
        """Close connections that are old or too many: unused origins would otherwise stay open for ever."""
        while self._idle:
            oldest = next(iter(self._idle))
            if len(self._idle) <= self._most and now - oldest.idle_since < AGE:
                return
            self._close(oldest)

    def _close(self, wire: Connection) -> None:
        self._forget(wire)
        wire.abort()

    def _forget(self, wire: Connection) -> None:
        origin = self._idle.pop(wire)
        known = self._of[origin]
        known.remove(wire)
        if not known:
            del self._of[origin]


def _half_of_our_sockets() -> int:
    """Half of our file limit; the other half is for running checks and everything else."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 4096 if soft == resource.RLIM_INFINITY else max(16, min(4096, soft // 2))

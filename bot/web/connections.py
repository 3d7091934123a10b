"""Limits on what callers may take: connections, so that checks never run out of sockets, and bodies of requests."""

from __future__ import annotations

import asyncio
import logging
import math
import resource
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from ipaddress import IPv6Address, ip_address, ip_network
from time import monotonic

from starlette.requests import ClientDisconnect, Request

log = logging.getLogger(__name__)

CONNECTIONS = 200  # in all
EACH = 20  # per address
# Connections that the kernel queues until we accept them. A burst is accepted at once, and refused only then, so the
# number of files we may open bounds this too; when the queue is full, callers retry after a second.
BACKLOG = 1024
SHARE = 4  # the web server gets one quarter of the files that the process may open
PAUSE = 60.0  # seconds between log lines about refusals, so that no caller can fill the disk
PATIENCE = 10.0  # seconds for the whole body


@dataclass
class Complaints:
    """Log faults of callers with their number, once a minute at most; the first at once."""

    what: str
    steady: Callable[[], float] = monotonic
    _seen: Counter[str] = field(default_factory=Counter)
    _next: float = -math.inf

    def note(self, why: str) -> None:
        self._seen[why] += 1
        now = self.steady()
        if now < self._next:
            return
        log.warning("%s: %s", self.what, ", ".join(f"{why} ({n})" for why, n in self._seen.most_common(5)))
        self._seen.clear()
        self._next = now + PAUSE


@dataclass
class Connections:
    """Counts open connections. `behind_proxy`: private addresses are proxies of ours, which stand for many people."""

    behind_proxy: bool = False
    most: int = CONNECTIONS
    each: int = EACH
    complaints: Complaints = field(default_factory=lambda: Complaints("the page refused connections or requests"))
    _open: Counter[str] = field(default_factory=Counter)

    def admit(self, address: str) -> bool:
        """Count a new connection, unless the limit is reached. `release` returns it."""
        who = caller_network(address)
        crowded = self._open[who] >= self.each and not (self.behind_proxy and inner(address))
        if crowded or self._open.total() >= self.most:
            self.complaints.note("too many from one address" if crowded else "too many in all")
            if not self._open[who]:
                del self._open[who]
            return False
        self._open[who] += 1
        return True

    def release(self, address: str) -> None:
        who = caller_network(address)
        self._open[who] -= 1
        if self._open[who] <= 0:
            del self._open[who]


def affordable(most: int = CONNECTIONS) -> int:
    """The number of connections that this process can have besides its own work."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if soft == resource.RLIM_INFINITY else max(1, min(most, soft // SHARE))


def caller_network(address: str) -> str:
    """The address or, for IPv6, the /64 network, which usually belongs to one household."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else str(found)


def inner(address: str) -> bool:
    """True for loopback and private addresses, where a proxy of ours may be."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found.is_loopback or found.is_private


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

"""Limits of the web server's connections, so that checks never run out of sockets."""

from __future__ import annotations

import logging
import math
import resource
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from bot.web.client_address import inner, network

log = logging.getLogger(__name__)

CONNECTIONS = 200  # in all
EACH = 20  # per address
# Connections that the kernel queues until we accept them. A burst is accepted at once, and refused only then, so the
# number of files we may open bounds this too; when the queue is full, callers retry after a second.
BACKLOG = 1024
SHARE = 4  # the web server gets one quarter of the files that the process may open
PAUSE = 60.0  # seconds between log lines about refusals, so that no caller can fill the disk


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
        who = network(address)
        crowded = self._open[who] >= self.each and not (self.behind_proxy and inner(address))
        if crowded or self._open.total() >= self.most:
            self.complaints.note("too many from one address" if crowded else "too many in all")
            if not self._open[who]:
                del self._open[who]
            return False
        self._open[who] += 1
        return True

    def release(self, address: str) -> None:
        who = network(address)
        self._open[who] -= 1
        if self._open[who] <= 0:
            del self._open[who]


def affordable(most: int = CONNECTIONS) -> int:
    """The number of connections that this process can have besides its own work."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if soft == resource.RLIM_INFINITY else max(1, min(most, soft // SHARE))

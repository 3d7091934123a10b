"""How many connections the page takes, and from whom: its sockets can never be those that the checks need."""

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
EACH = 20  # an address
# What the system keeps until we come to it. A burst is taken from it at once, and refused only then: so this, too, is
# bounded by the files we may open; and where it is full, callers wait a second for their next try.
BACKLOG = 1024
SHARE = 4  # the page has a quarter of the files that this process may open, at most
PAUSE = 60.0  # seconds between two log lines of what was refused: whoever asks badly must not fill the disk


@dataclass
class Complaints:
    """One log line a minute at most of what strangers do wrong, with how often it happened; the first at once."""

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
    """The open ones, counted. `behind_proxy`: inner addresses are proxies of ours, and stand for many people."""

    behind_proxy: bool = False
    most: int = CONNECTIONS
    each: int = EACH
    complaints: Complaints = field(default_factory=lambda: Complaints("the page refused connections or requests"))
    _open: Counter[str] = field(default_factory=Counter)

    def admit(self, address: str) -> bool:
        """Count a new one, unless there are enough. What is admitted is given back by `release`."""
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
    """How many connections this process can have beside its own work."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if soft == resource.RLIM_INFINITY else max(1, min(most, soft // SHARE))

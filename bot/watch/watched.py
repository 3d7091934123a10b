"""What is watched, and how: a service with its checks, sources and intervals."""

from __future__ import annotations

import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.contracts import Check, Source
from bot.model import Service

AT_ONCE = 500  # rounds at once at most ...
OF_FILES = 4  # ... and one per this many file descriptors: channels, pages and the database need some too
GAP = (5.0, 60.0)  # seconds: ticks this far apart, or two intervals within these bounds, mean a sleep


@dataclass(frozen=True, slots=True)
class Watched:
    """A service and how it is watched: checks by route name.

    `confirm_every`: the interval while it is not up; only then are the sources of `in_doubt` read.
    """

    service: Service
    checks: Mapping[str, Check]
    sources: tuple[Source, ...] = ()
    every: timedelta = timedelta(seconds=30)
    timeout: timedelta = timedelta(seconds=10)
    confirm_every: timedelta = timedelta(seconds=10)
    slow_after: timedelta = timedelta(seconds=5)
    in_doubt: tuple[Source, ...] = ()


def sleep_gap(watched: Sequence[Watched]) -> float:
    """Seconds between two ticks that mean a sleep."""
    return max(GAP[0], min(GAP[1], 2 * min((one.every.total_seconds() for one in watched), default=GAP[1])))


def most_at_once() -> int:
    """How many rounds may run at once with this process's limit of file descriptors."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return AT_ONCE if soft == resource.RLIM_INFINITY else max(1, min(AT_ONCE, soft // OF_FILES))

"""The time, as an argument.

The process's own clock tells UTC, and goes on with the steady clock. What the machine's wall clock does beside that is
noticed by who asks for its `drift`: a little is taken up smoothly, a step all at once, when what waits has been put right.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# On Linux the usual monotonic clock stands still while a laptop sleeps: only this one shows that it slept.
_STEADY: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=2)  # the wall clock's being off by so much is a step; less is what a time server corrects
SLEW = 0.5  # seconds, at most, that are taken up in a second: so the time never goes back
ASIDE = 0.05  # seconds between two looks at the steady clock that make what lies between them worthless
TRIES = 5


def steady() -> float:
    """Seconds that only go forward, those of a suspended machine included."""
    return time.clock_gettime(_STEADY)


def wall() -> datetime:
    """What the machine's clock says, which somebody may set."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """`steady` for lengths and beats, `utcnow` for instants that are told and stored."""

    steady: Callable[[], float] = steady
    utcnow: Callable[[], datetime] = wall


class SteadyClock:
    """UTC that goes on with the steady clock, from what the wall clock said at the beginning."""

    def __init__(self, steady: Callable[[], float] = steady, wall: Callable[[], datetime] = wall) -> None:
        self.steady = steady
        self._wall = wall
        self._then, self._at, self._rate = wall(), steady(), 0.0
        self.began = self._at  # since when instants were counted as they are now

    def utcnow(self) -> datetime:
        passed = self.steady() - self._at
        return self._then + timedelta(seconds=passed + self._rate * min(passed, 1.0))

    @property
    def born(self) -> datetime:
        """When this clock began to run, as it counts now: what lies before was reckoned by another one."""
        return self.utcnow() - timedelta(seconds=self.steady() - self.began)

    @property
    def ahead(self) -> float:
        """How many seconds UTC is ahead of the steady clock: a number that only steps and what is taken up change."""
        return (self.utcnow() - EPOCH).total_seconds() - self.steady()

    def drift(self) -> timedelta:
        """How far the wall clock is ahead of this one; less than nothing where it is behind."""
        found = timedelta()
        for _ in range(TRIES):
            before = self.steady()
            found = self._wall() - self.utcnow()
            if self.steady() - before < ASIDE:  # else we were put aside between the two, and it is no drift
                break
        return found

    def adopt(self, drift: timedelta) -> None:
        """Take up a little of it within the next second, without ever going back."""
        self._then, self._at = self.utcnow(), self.steady()
        self._rate = min(max(drift.total_seconds(), -SLEW), SLEW)

    def step(self, by: timedelta) -> None:
        """Go over to what the wall clock says."""
        self._then, self._at, self._rate = self.utcnow() + by, self.steady(), 0.0


PROCESS = SteadyClock()
SYSTEM = Clock(PROCESS.steady, PROCESS.utcnow)

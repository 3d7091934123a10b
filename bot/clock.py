"""UTC that follows a steady clock.

Callers that ask for `drift` notice deviations of the machine's wall clock: small ones are corrected smoothly, a step at
once, after stored and waiting times were corrected.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# On Linux the usual monotonic clock stops while a laptop sleeps; this one counts the sleep.
_STEADY: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STEP = timedelta(seconds=2)  # a deviation of this size is a step; smaller ones are corrections by a time server
SLEW = 0.5  # seconds corrected per second at most, so that time never goes back
ASIDE = 0.05  # a comparison of the clocks that took longer than this many seconds is void
TRIES = 5


def steady() -> float:
    """Seconds that only increase, including time in which the machine was suspended."""
    return time.clock_gettime(_STEADY)


def wall() -> datetime:
    """The machine's wall clock, which may be set."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Clock:
    """Source of time: `steady` for durations, `utcnow` for instants that are shown and stored."""

    steady: Callable[[], float] = steady
    utcnow: Callable[[], datetime] = wall


class SteadyClock:
    """UTC that starts at the wall clock's time and follows the steady clock."""

    def __init__(self, steady: Callable[[], float] = steady, wall: Callable[[], datetime] = wall) -> None:
        self.steady = steady
        self._wall = self._machine = wall
        self._then, self._at, self._rate = wall(), steady(), 0.0
        self.began = self._at  # since when the present lead over the steady clock holds

    def follow(self, wall: Callable[[], datetime] | None) -> None:
        """Go by another wall clock from now on, None: by the machine's. For before anything is stored by it."""
        if wall is None and self._wall is self._machine:
            return
        self._wall = wall or self._machine
        self._then, self._at, self._rate = self._wall(), self.steady(), 0.0
        self.began = self._at

    def utcnow(self) -> datetime:
        passed = self.steady() - self._at
        return self._then + timedelta(seconds=passed + self._rate * min(passed, 1.0))

    @property
    def born(self) -> datetime:
        """Start of this clock by its present time; earlier instants came from another clock."""
        return self.utcnow() - timedelta(seconds=self.steady() - self.began)

    @property
    def ahead(self) -> float:
        """Seconds by which UTC is ahead of the steady clock; changed only by steps and corrections."""
        return (self.utcnow() - EPOCH).total_seconds() - self.steady()

    def drift(self) -> timedelta:
        """How far the wall clock is ahead of this one; negative if behind."""
        found = timedelta()
        for _ in range(TRIES):
            before = self.steady()
            found = self._wall() - self.utcnow()
            if self.steady() - before < ASIDE:  # otherwise the process was suspended in between, and this is no drift
                break
        return found

    def adopt(self, drift: timedelta) -> None:
        """Correct part of the drift within the next second, without going back."""
        self._then, self._at = self.utcnow(), self.steady()
        self._rate = min(max(drift.total_seconds(), -SLEW), SLEW)

    def step(self, by: timedelta) -> None:
        """Jump to the wall clock's time."""
        self._then, self._at, self._rate = self.utcnow() + by, self.steady(), 0.0


PROCESS = SteadyClock()
SYSTEM = Clock(PROCESS.steady, PROCESS.utcnow)

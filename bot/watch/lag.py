"""The lag of the event loop: a process that gets no time mistakes its own delay for a time-out."""

from __future__ import annotations

import logging

from bot.model import Reason, ReasonCode
from bot.own_health import OwnHealth, Part

logger = logging.getLogger(__name__)

LEAST = 0.1  # s: a tick may be this late on any machine
SHARE = 0.25  # of a time-out: a check held for longer proves nothing
CALM = 30.0  # s without a long hold, after which the machine is well again


class Lag:
    """Measures how long the loop was held, from ticks due every `pace` seconds.

    All times are seconds of one steady clock.
    """

    def __init__(self, pace: float, now: float, own_health: OwnHealth | None = None) -> None:
        self._pace = pace
        self._ticked = now
        self._held = 0.0
        self._own_health = own_health or OwnHealth()
        self._spoiled_at: float | None = None

    def ticked(self, now: float) -> None:
        """Note that the loop runs now."""
        self._held = self.held(now)
        self._ticked = now
        if self._spoiled_at is not None and now - self._spoiled_at >= CALM:
            self._spoiled_at = None
            self._own_health.clear(Part.MACHINE)
            logger.info("this process gets its time again")

    def restart(self, now: float) -> None:
        """Start again after the machine slept, which is no lag."""
        self._ticked = now

    def held(self, now: float) -> float:
        """Total seconds the loop was held since the start, including a hold that has just ended."""
        late = now - self._ticked - self._pace
        return self._held + (late if late >= LEAST else 0.0)

    def spoils(self, held: float, timeout: float) -> bool:
        """Whether a check with this `timeout` proves nothing, having been held for `held` seconds."""
        return held >= LEAST and held > SHARE * timeout

    def spoiled(self, now: float, held: float) -> None:
        """Report a check spoiled by lag; logged once."""
        if self._spoiled_at is None:
            logger.warning("this process got no time for %.1f s: what failed meanwhile is not judged", held)
        self._spoiled_at = now
        self._own_health.report(Part.MACHINE, Reason.of(ReasonCode.MACHINE_TOO_SLOW))

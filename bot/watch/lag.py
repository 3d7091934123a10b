"""How late the event loop runs: a process that gets no time takes what it could not hear for a time-out."""

from __future__ import annotations

import logging

from bot.own_health import OwnHealth, Part

logger = logging.getLogger(__name__)

LEAST = 0.1  # s: a tick may be late by less on any machine
SHARE = 0.25  # of a time-out: held for more of it, a check says nothing
CALM = 30.0  # s without such a hold: the machine is well again


class Lag:
    """`ticked` by the loop every `pace` seconds; whatever comes later than that, the loop was held. All in seconds of one
    steady clock.
    """

    def __init__(self, pace: float, now: float, own_health: OwnHealth | None = None) -> None:
        self._pace = pace
        self._ticked = now
        self._held = 0.0
        self._own_health = own_health or OwnHealth()
        self._spoiled_at: float | None = None

    def ticked(self, now: float) -> None:
        """The loop runs now."""
        self._held = self.held(now)
        self._ticked = now
        if self._spoiled_at is not None and now - self._spoiled_at >= CALM:
            self._spoiled_at = None
            self._own_health.clear(Part.MACHINE)
            logger.info("this process gets its time again")

    def restart(self, now: float) -> None:
        """The machine slept: that is no lateness."""
        self._ticked = now

    def held(self, now: float) -> float:
        """For how long it was held since the start, a hold that has only just ended included."""
        late = now - self._ticked - self._pace
        return self._held + (late if late >= LEAST else 0.0)

    def spoils(self, held: float, timeout: float) -> bool:
        """Is what a check saw worth nothing, which had `timeout` and was held for so long?"""
        return held >= LEAST and held > SHARE * timeout

    def spoiled(self, now: float, held: float) -> None:
        """A check came to nothing by it: say so once."""
        if self._spoiled_at is None:
            logger.warning("this process got no time for %.1f s: what failed meanwhile is not judged", held)
        self._spoiled_at = now
        self._own_health.report(Part.MACHINE, "the machine gives this process too little time: checks are not judged")

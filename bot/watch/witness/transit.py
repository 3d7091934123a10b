"""How long a witness's body was on its way beyond the usual: its readings are older by that much."""

from __future__ import annotations

import math
from dataclasses import dataclass

WINDOW = 150.0  # seconds; clocks drift apart, so only the last one or two windows are compared


@dataclass(slots=True)
class Transit:
    """All instants are seconds: `sent` of the witness's steady clock, `now` of ours. They share no beginning, so only
    what changes between them is known: the quickest body of late is taken for one without delay.
    """

    session: str = ""
    _least: float = math.inf
    _before: float = math.inf
    _since: float = 0.0

    def delay(self, session: str, sent: float, now: float) -> float:
        """Seconds that this body took longer than the quickest of late."""
        apart = now - sent
        if session != self.session:
            self.session, self._least, self._before, self._since = session, math.inf, math.inf, now
        if now - self._since > WINDOW:
            self._before, self._least, self._since = self._least, math.inf, now
        self._least = min(self._least, apart)
        return apart - min(self._least, self._before)

"""Receiving a witness's readings: how many are kept for the history, and how long they were on their way."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Self

from bot.watch.witness.protocol import LONGEST_AGE

OFTEN = 1.5  # how much more often than planned a service may be looked at, as by request
IN_DOUBT = 10.0  # seconds between two looks while there is trouble
WINDOW = 150.0  # seconds; clocks drift apart, so only the last one or two windows are compared


@dataclass(slots=True)
class Allowance:
    """How many readings of a witness are kept for the history, so that none can fill the disk: `rate` a second, and at
    once what gathers in the time for which a witness keeps them.
    """

    rate: float
    left: float = field(init=False)
    _at: float | None = None

    @classmethod
    def of(cls, routes: Mapping[str, Collection[str]], every: Mapping[str, float]) -> Self:
        """The allowance of a witness that checks these routes, by service, each in its own interval."""
        often = ((len(names), every.get(service, 30.0)) for service, names in routes.items())
        return cls(OFTEN * sum(count * (1 / usual + 1 / min(usual, IN_DOUBT)) for count, usual in often))

    def __post_init__(self) -> None:
        self.left = self.most

    @property
    def most(self) -> float:
        return self.rate * LONGEST_AGE + 100

    def spend(self, now: float) -> bool:
        self.left = min(self.left + self.rate * (now - (now if self._at is None else self._at)), self.most)
        self._at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


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

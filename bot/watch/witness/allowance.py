"""How many readings of a witness are kept for the history."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Self

from bot.watch.witness.protocol import LONGEST_AGE

OFTEN = 1.5  # how much more often than planned a service may be looked at, as by request
IN_DOUBT = 10.0  # seconds between two looks while there is trouble


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

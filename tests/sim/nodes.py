"""What happens to the nodes of a cluster in one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    KILLED = "killed"
    STOPPED = "stopped cleanly"
    FROZEN = "frozen"
    CUT_OFF = "cut off from the database"


@dataclass(frozen=True, slots=True)
class Trouble:
    start: float
    end: float  # it goes on, or is started again
    what: Fault

    @property
    def cuts(self) -> bool:
        return self.what is Fault.CUT_OFF


def troubles(chance: random.Random, nodes: int, end: float) -> list[list[Trouble]]:
    """Of each node, one after the other; several nodes may be in trouble at once."""
    found = []
    for _ in range(nodes):
        at, mine = chance.uniform(15, end / 2), []
        for _ in range(chance.choice((0, 1, 2, 3))):
            length = chance.choice((chance.uniform(0.5, 6), chance.uniform(6, 45)))
            if at + length > end - 20:
                break
            mine.append(Trouble(at, at + length, chance.choice(list(Fault))))
            at += length + chance.uniform(10, end / 3)
        found.append(mine)
    return found

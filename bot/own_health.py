"""Health of Tocsin itself, reported by its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from bot.model import Reason


class Part(StrEnum):
    """A part of the daemon that can be unhealthy."""

    DATABASE = "database"
    RESULTS = "results"
    ROUNDS = "rounds"
    OUTBOX = "outbox"
    WEB = "web"
    SCHEDULER = "scheduler"
    LISTENING = "listening"
    CONFIG = "config"
    MACHINE = "machine"
    WITNESSES = "witnesses"


# Noted, but not unhealthy: the daemon still watches and notifies. A restart by a monitor of /healthz would make a
# rejected config worse.
LIGHT = frozenset({Part.LISTENING, Part.CONFIG, Part.WITNESSES})


@dataclass(frozen=True, slots=True)
class OwnTrouble:
    """A fault of a part. `why` has no secrets."""

    part: Part
    why: Reason
    since: datetime


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class OwnHealth:
    """The faults of this process: at most one per part and `of`, with the latest reason and the time of the first. `of`
    tells several of a kind apart (one channel's outbox), so that each clears only its own fault.
    """

    clock: Callable[[], datetime] = _now
    restarts: dict[str, int] = field(default_factory=dict)  # of supervised parts, by name, since the start
    _troubles: dict[tuple[Part, str], OwnTrouble] = field(default_factory=dict)

    def report(self, part: Part, why: Reason, of: str = "") -> None:
        """Note that a part is unhealthy."""
        known = self._troubles.get((part, of))
        self._troubles[part, of] = OwnTrouble(part, why, known.since if known else self.clock())

    def clear(self, part: Part, of: str = "") -> None:
        """Note that a part is healthy again."""
        self._troubles.pop((part, of), None)

    @property
    def troubles(self) -> tuple[OwnTrouble, ...]:
        """All present faults, oldest first."""
        return tuple(sorted(self._troubles.values(), key=lambda trouble: trouble.since))

    @property
    def unwell(self) -> dict[str, datetime]:
        """The parts that make us unhealthy, and since when."""
        found: dict[str, datetime] = {}
        for trouble in self.troubles:
            if trouble.part not in LIGHT:
                found.setdefault(trouble.part.value, trouble.since)
        return found

    @property
    def well(self) -> bool:
        return not self.unwell

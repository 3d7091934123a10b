"""What is wrong with Tocsin itself, reported by its parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum


class Part(StrEnum):
    """A part of the daemon that can be unwell."""

    DATABASE = "database"
    RESULTS = "results"
    ROUNDS = "rounds"
    OUTBOX = "outbox"
    WEB = "web"
    SCHEDULER = "scheduler"
    LISTENING = "listening"
    CONFIG = "config"
    MACHINE = "machine"


# What is noted, but leaves the daemon well: it goes on watching and telling. A restart by whoever watches /healthz would
# make a config that is not taken worse.
LIGHT = frozenset({Part.LISTENING, Part.CONFIG})


@dataclass(frozen=True, slots=True)
class OwnTrouble:
    """What is wrong with a part. `why` is for logs and operators, in plain English, without secrets."""

    part: Part
    why: str
    since: datetime


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class OwnHealth:
    """The troubles of this process: at most one for each part and `of`, the newest reason with the time of the first.

    `of` names one of several of the same part (one channel's outbox), so that each clears only its own trouble.
    """

    clock: Callable[[], datetime] = _now
    restarts: dict[str, int] = field(default_factory=dict)  # of supervised parts, by name, since the start
    _troubles: dict[tuple[Part, str], OwnTrouble] = field(default_factory=dict)

    def report(self, part: Part, why: str, of: str = "") -> None:
        """Note that a part is unwell."""
        known = self._troubles.get((part, of))
        self._troubles[part, of] = OwnTrouble(part, why, known.since if known else self.clock())

    def clear(self, part: Part, of: str = "") -> None:
        """Note that a part is well again."""
        self._troubles.pop((part, of), None)

    @property
    def troubles(self) -> tuple[OwnTrouble, ...]:
        """All that is wrong now, the oldest first."""
        return tuple(sorted(self._troubles.values(), key=lambda trouble: trouble.since))

    @property
    def unwell(self) -> dict[str, datetime]:
        """The parts because of which we are not well, and since when."""
        found: dict[str, datetime] = {}
        for trouble in self.troubles:
            if trouble.part not in LIGHT:
                found.setdefault(trouble.part.value, trouble.since)
        return found

    @property
    def well(self) -> bool:
        return not self.unwell

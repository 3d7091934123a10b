"""Counts of rounds and checks since the start, for metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.model import Outcome


@dataclass(slots=True)
class Counts:
    """Counts since the start."""

    rounds: int = 0
    checks: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    skipped: int = 0  # the last round was still running
    discarded: int = 0  # the machine slept during the round
    unrecorded: int = 0  # the database or a fault of ours prevented recording
    fenced: int = 0  # another node had taken over the service
    dropped: int = 0  # readings that nobody drained in time
    late: float = 0.0  # seconds: the worst lateness of a round
    ended_at: datetime | None = None  # when a round last ended, or none was running: the rounds go on

    def by_name(self) -> dict[str, int]:
        """The counts of rounds, and of checks by outcome."""
        whole = {
            "rounds": self.rounds,
            "skipped": self.skipped,
            "discarded": self.discarded,
            "unrecorded": self.unrecorded,
            "fenced": self.fenced,
        }
        return whole | {"dropped": self.dropped} | {outcome.value: n for outcome, n in self.checks.items()}

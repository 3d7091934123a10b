"""The readings of all rounds, kept until they are written, and counted since the start."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.model import Outcome, Reading, Round
from bot.model.clock_shift import Moved
from bot.watch.source_poller import reading_of_reports

WORLDLY = frozenset({Outcome.FAILED, Outcome.SLOW})  # tells against the service, provided that we are online

Row = tuple[str, datetime, Reading]
"""Service, time of the round, reading."""


class ReadingLog:
    """Counts the rounds and their readings, too. `most`: readings kept until `drain`."""

    def __init__(self, counts: Counts, most: int) -> None:
        self._counts = counts
        self._most = most
        self._rows: deque[Row] = deque(maxlen=most)

    def keep(self, seen: Round) -> None:
        """Keep the readings of a round."""
        counts, rows = self._counts, self._rows
        counts.rounds += 1
        if not seen.readings:
            rows.append((seen.service, seen.at, reading_of_reports(seen.reports)))
        for reading in seen.readings:
            counts.checks[reading.outcome] += 1
            if len(rows) == self._most:
                counts.dropped += 1
            if reading.outcome is Outcome.OK and reading.places is None:
                rows.append((seen.service, seen.at, reading))
                continue
            # What we could not see counts as unknown in the figures, not as the service's failure.
            blind = not seen.online and reading.outcome in WORLDLY
            counts_as = Outcome.INCONCLUSIVE if blind else reading.overall
            row = reading if reading.outcome is counts_as else replace(reading, outcome=counts_as)
            rows.append((seen.service, seen.at, row))

    def step(self, move: Moved) -> None:
        """Shift all times after the clock has stepped."""
        self._rows = deque(((service, move(at), reading) for service, at, reading in self._rows), maxlen=self._most)

    def drain(self) -> list[Row]:
        """The readings of all rounds since the last call, the oldest first."""
        rows = list(self._rows)
        self._rows.clear()
        return rows


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

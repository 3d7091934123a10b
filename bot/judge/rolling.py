"""Results of checks, rolled up: how long each route was up, slow and down in every five minutes and hour, and when its
service was seen. What neither adds to is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.judge.sight import BACK, HOLD, onward
from bot.model import Outcome, Stretch

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
FIVE_MINUTES, HOUR = timedelta(minutes=5), timedelta(hours=1)
BUCKETS = (FIVE_MINUTES, HOUR)
WORLDLY = frozenset({Outcome.BAD, Outcome.SLOW})
COLUMN = {Outcome.GOOD: "up", Outcome.SLOW: "slow", Outcome.BAD: "down"}


@dataclass(slots=True)
class Sums:
    """Of one route in one bucket; times in milliseconds."""

    up: int = 0
    slow: int = 0
    down: int = 0
    answers: int = 0
    took: int = 0
    slowest: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """What one check saw, as it is stored."""

    series: int
    service: str
    at: datetime
    outcome: Outcome
    took: timedelta | None


@dataclass
class Roll:
    """Takes results in the order of their coming. `last` and `stretches` are where the roll-up before this one ended."""

    last: dict[int, tuple[datetime, Outcome]]
    stretches: dict[str, Stretch]
    holds: Mapping[str, timedelta]
    sums: dict[timedelta, dict[tuple[int, datetime], Sums]] = field(default_factory=lambda: {b: {} for b in BUCKETS})
    rolled: dict[int, tuple[datetime, Outcome]] = field(default_factory=dict)  # what is new of `last` ...
    grown: dict[tuple[str, datetime], Stretch] = field(default_factory=dict)  # ... and of `stretches`
    _round: tuple[str, datetime] | None = None
    _outcomes: set[Outcome] = field(default_factory=set)

    def add(self, result: Result) -> None:
        if self._round != (result.service, result.at):
            self.end_round()
            self._round = result.service, result.at
        self._outcomes.add(result.outcome)
        before, at = self.last.get(result.series), result.at
        if before is not None and before[0] - BACK < at <= before[0]:
            return  # the clock was set back: this time is counted already
        if before is not None and before[0] < at <= before[0] + self.holds.get(result.service, HOLD):
            self._time(result.series, before[1], before[0], at)
        self.last[result.series] = self.rolled[result.series] = at, result.outcome
        if result.took is not None and result.outcome in {Outcome.GOOD, Outcome.SLOW}:
            self._answer(result.series, at, result.took // MILLISECOND)

    def end_round(self) -> None:
        """All routes of a round are added: did it see the service?"""
        if self._round is None:
            return
        service, at = self._round
        saw = bool(self._outcomes & WORLDLY) or Outcome.BLIND not in self._outcomes
        stretch = onward(self.stretches.get(service), at, self.holds.get(service, HOLD), saw=saw)
        if stretch is not None:
            self.stretches[service] = self.grown[service, stretch.since] = stretch
        self._round = None
        self._outcomes.clear()

    def _time(self, series: int, outcome: Outcome, since: datetime, until: datetime) -> None:
        if (column := COLUMN.get(outcome)) is None:
            return
        for size in BUCKETS:
            for bucket, length in _parts(since, until, size):
                sums = self.sums[size].setdefault((series, bucket), Sums())
                setattr(sums, column, getattr(sums, column) + length)

    def _answer(self, series: int, at: datetime, took: int) -> None:
        for size in BUCKETS:
            sums = self.sums[size].setdefault((series, at - (at - EPOCH) % size), Sums())
            sums.answers += 1
            sums.took += took
            sums.slowest = max(sums.slowest, took)


def _parts(since: datetime, until: datetime, size: timedelta) -> Iterator[tuple[datetime, int]]:
    """The buckets that a stretch of time touches, each with its milliseconds. Cut where the clock's millisecond changes,
    so that what follows one another adds up to the whole.
    """
    while since < until:
        bucket = since - (since - EPOCH) % size
        end = min(until, bucket + size)
        yield bucket, (end - EPOCH) // MILLISECOND - (since - EPOCH) // MILLISECOND
        since = end

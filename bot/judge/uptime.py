"""How long each route was up, slow and down, and when its service was observed. The rest is unknown.

Results are rolled up to five minutes and hours. The time between two rounds is known if they are close enough to each
other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from bot.model import Outcome, Round, Span, Stretch, holes

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
FIVE_MINUTES, HOUR = timedelta(minutes=5), timedelta(hours=1)
# An expiring certificate does not reduce the time that a route was up.
ANSWERED = frozenset({Outcome.OK, Outcome.EXPIRING, Outcome.SLOW})
COLUMNS = {
    Outcome.OK: "up",
    Outcome.EXPIRING: "up",
    Outcome.SLOW: "slow",
    Outcome.FAILED: "down",
    Outcome.INCONCLUSIVE: "",  # counts as unknown
}
WORLDLY = frozenset({Outcome.FAILED, Outcome.SLOW})
HOLD = timedelta(seconds=70)  # default limit between rounds of a service checked every 30 s: one of them may be missed
BACK = timedelta(hours=1)
NONE = timedelta()
ENDED = 20  # closed stretches kept until they are rolled up


@dataclass(slots=True)
class Sums:
    """Sums of one route in one bucket; times in milliseconds."""

    up: int = 0
    slow: int = 0
    down: int = 0
    answers: int = 0
    took: int = 0
    slowest: int = 0


class Result(NamedTuple):  # created a thousand times a minute: a frozen dataclass is four times as slow
    """The stored result of one check."""

    series: int
    service: str
    at: datetime
    outcome: Outcome
    took: int | None  # microseconds


@dataclass
class Roll:
    """Adds up results in the order they arrive. `last` and `stretches` are the end state of the previous roll-up."""

    last: dict[int, tuple[datetime, Outcome]]
    stretches: dict[str, Stretch]
    holds: Mapping[str, timedelta]
    sums: dict[tuple[int, datetime], Sums] = field(default_factory=dict)  # per five minutes
    rolled: dict[int, tuple[datetime, Outcome]] = field(default_factory=dict)  # changes to `last` ...
    grown: dict[tuple[str, datetime], Stretch] = field(default_factory=dict)  # ... and to `stretches`
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
        if result.took is not None and result.outcome in ANSWERED:
            self._answer(result.series, at, result.took // 1000)

    def end_round(self) -> None:
        """Finish the round: all its routes are added, so update the service's observed time."""
        if self._round is None:
            return
        service, at = self._round
        saw = bool(self._outcomes & WORLDLY) or Outcome.INCONCLUSIVE not in self._outcomes
        stretch = onward(self.stretches.get(service), at, self.holds.get(service, HOLD), saw=saw)
        if stretch is not None:
            self.stretches[service] = self.grown[service, stretch.since] = stretch
        self._round = None
        self._outcomes.clear()

    def hours(self) -> dict[tuple[int, datetime], Sums]:
        """The sums per hour."""
        found: dict[tuple[int, datetime], Sums] = {}
        for (series, bucket), part in self.sums.items():
            whole = found.setdefault((series, begun(bucket, HOUR)), Sums())
            whole.up += part.up
            whole.slow += part.slow
            whole.down += part.down
            whole.answers += part.answers
            whole.took += part.took
            whole.slowest = max(whole.slowest, part.slowest)
        return found

    def _time(self, series: int, outcome: Outcome, since: datetime, until: datetime) -> None:
        """Add the time since the last result, cut at whole milliseconds so that consecutive parts add up to the whole."""
        column = COLUMNS[outcome]
        while since < until and column:
            bucket = begun(since, FIVE_MINUTES)
            end = min(until, bucket + FIVE_MINUTES)
            length = (end - EPOCH) // MILLISECOND - (since - EPOCH) // MILLISECOND
            sums, since = self._sums(series, bucket), end
            setattr(sums, column, getattr(sums, column) + length)

    def _answer(self, series: int, at: datetime, took: int) -> None:
        sums = self._sums(series, begun(at, FIVE_MINUTES))
        sums.answers += 1
        sums.took += took
        sums.slowest = max(sums.slowest, took)

    def _sums(self, series: int, bucket: datetime) -> Sums:
        if (sums := self.sums.get((series, bucket))) is None:
            sums = self.sums[series, bucket] = Sums()
        return sums


def begun(at: datetime, size: timedelta) -> datetime:
    """Start of the bucket that contains `at`."""
    return at - (at - EPOCH) % size


def hold(every: timedelta, timeout: timedelta) -> timedelta:
    """The longest gap between two rounds across which the first one's result still counts."""
    return 2 * every + timeout


def onward(stretch: Stretch | None, at: datetime, most: timedelta, *, saw: bool) -> Stretch | None:
    """The latest stretch after one more round. An inconclusive round closes it; a round after too long a gap opens
    another.
    """
    if stretch is not None and stretch.until - BACK < at <= stretch.until:
        return stretch  # the clock was set back: this time has been accounted for
    if stretch is not None and stretch.going and NONE < at - stretch.until <= most:
        return Stretch(stretch.since, at, saw)
    if saw:
        return Stretch(at, at)
    return Stretch(stretch.since, stretch.until, going=False) if stretch else None


@dataclass(slots=True)
class Latest:
    """The latest stretch of a service, which grows in place with each of its rounds."""

    since: datetime
    until: datetime
    going: bool = True

    def stretch(self) -> Stretch:
        return Stretch(self.since, self.until, self.going)


@dataclass
class Coverage:
    """The latest stretches of each service since the start of the process, as the roll-up lags by some minutes."""

    newest: dict[str, Latest] = field(default_factory=dict)
    ended: dict[str, deque[Stretch]] = field(default_factory=dict)

    def note(self, seen: Round, holds: Mapping[str, timedelta], *, saw: bool) -> None:
        service, at = seen.service, seen.at
        newest, most = self.newest.get(service), holds.get(service, HOLD)
        if newest is not None and newest.going and NONE < at - newest.until <= most:  # nearly always, as in `onward`
            newest.until, newest.going = at, saw
            return
        before = newest.stretch() if newest else None
        after = onward(before, at, most, saw=saw)
        if before and after and before.since != after.since:
            self.ended.setdefault(service, deque(maxlen=ENDED)).append(before)
        if after:
            self.newest[service] = Latest(after.since, after.until, after.going)

    def unseen(
        self,
        known: Mapping[str, Sequence[Stretch]],
        services: Iterable[str],
        holds: Mapping[str, timedelta],
        period: Span,
        elsewhere: Container[str] = (),
    ) -> dict[str, tuple[Span, ...]]:
        """The periods within `period`, which ends now, in which each service was not observed; fully observed services
        are left out. `known`: rolled-up stretches. `elsewhere`: services that another node observes now; it tells the
        roll-up.
        """
        found: dict[str, tuple[Span, ...]] = {}
        for service in services:
            spans = [(one.since, one.until) for one in (*known.get(service, ()), *self.ended.get(service, ()))]
            if service in elsewhere:
                last = max(known.get(service, ()), key=lambda one: one.until, default=None)
                if last and last.going:
                    spans.append((last.since, period[1]))
            elif newest := self.newest.get(service):
                lasts = newest.going and period[1] - newest.until <= holds.get(service, HOLD)
                spans.append((newest.since, period[1] if lasts else newest.until))
            if gaps := holes(spans, period):
                found[service] = tuple(gaps)
        return found

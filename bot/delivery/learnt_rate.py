"""The rate that an account allows where its provider documents none, learnt from refusals."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.model.clock_shift import Moved

FORGOTTEN = timedelta(minutes=10)  # without a refusal: providers raise limits, and busy hours end
LONGEST = timedelta(minutes=1)  # a longer wait says that the account may not write, and nothing of a rate
GROWTH = 0.3  # how fast to look for a higher rate: the estimate is off by about one message in the time it stands on
WIDER = timedelta(seconds=2)  # without a second refusal, one more message at a time each: answers may take long
AT_ONCE = 1.0  # s: of a longer wait nothing is made up for, as the far side then counts in windows as long as that


class LearntRate:
    """Nothing is known until the first refusal. Until the second, one message goes at a time; then as many as were taken
    in between, in the time between. Later refusals make that more exact. One without a message taken since the latest says
    nothing of a rate, as nobody can write: then all begins again. It reads no clock.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._first: datetime | None = None  # refusal, that is: since when messages are counted
        self._latest: datetime | None = None
        self._held: datetime | None = None  # until when the latest one asks us to wait
        self._taken = 0  # messages since the first refusal
        self._lately = 0  # messages since the latest one
        self._rate = 0.0  # messages per second as of the latest refusal; 0: not known yet
        self._credit = 0.0  # messages that could go at `_at`, before any under way
        self._at: datetime | None = None
        self._most = 1.0  # seconds for which messages may be made up for

    def free(self, now: datetime, under_way: int) -> int | None:
        """How many messages may begin now; None: as many as otherwise."""
        self._forget(now)
        if self._first is None:
            return None
        if self._held and now < self._held:
            return 0
        most = int(self._credit_at(now) + 1e-6) if self._rate else 1 + int((now - (self._held or now)) / WIDER)
        return max(most - under_way, 0)

    def opens(self, now: datetime) -> datetime | None:
        """When the next message may begin, if that is later; None if it is not known."""
        if self._first is None or not self._rate or (self._held and now < self._held):
            return None
        missing = 1.0 - self._credit_at(now) % 1.0
        return now + timedelta(seconds=missing / self._rate_at(now))

    def taken(self, now: datetime) -> None:
        """Count a message that was not refused for the rate."""
        if self._first is None:
            return
        self._taken += 1
        self._lately += 1
        if self._rate:
            self._credit, self._at = self._credit_at(now) - 1.0, now

    def refused(self, now: datetime, wait: timedelta) -> None:
        """Take note of a refusal, and of how long it asks us to wait."""
        self._forget(now)
        if wait > LONGEST:
            return
        again = self._held is not None and now < self._held  # it was on its way when another one was refused
        self._held = max(now + wait, self._held or now)
        if again:
            return
        if not self._lately:
            held = self._held
            self._begin()
            self._held = held
        self._lately = 0
        self._most = wait.total_seconds() if wait.total_seconds() <= AT_ONCE else 0.0
        self._latest = self._at = now
        self._credit = 0.0
        if self._first is None:
            self._first = now
        elif now > self._first:
            self._rate = max(self._taken, 1) / (now - self._first).total_seconds()

    def step(self, move: Moved) -> None:
        """Shift all times after the clock has stepped."""
        self._first, self._latest = self._first and move(self._first), self._latest and move(self._latest)
        self._held = self._held and move(self._held)
        self._at = self._at and move(self._at)

    def _rate_at(self, now: datetime) -> float:
        if self._first is None or self._latest is None:
            return self._rate
        known = (self._latest - self._first).total_seconds()
        return self._rate + GROWTH * max((now - self._latest).total_seconds(), 0.0) / known**2

    def _credit_at(self, now: datetime) -> float:
        rate, since = self._rate_at(now), (now - (self._at or now)).total_seconds()
        return min(self._credit + rate * max(since, 0.0), max(1.0, rate * self._most))

    def _forget(self, now: datetime) -> None:
        if self._latest and now - self._latest > FORGOTTEN:
            self._begin()

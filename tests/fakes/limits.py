"""The limits that providers document, kept by a fake: what goes beyond is refused with 429, and counted.

    far.limits = Limits(TELEGRAM)                   # or with a clock of the test's: Limits(TELEGRAM, lambda: seconds)
    ...
    far.limits.refusals                             # how many were refused; `refused` says which, and when
    far.limits.taken                                # (seconds, place) of each write that was let through, in order

The far side counts as strictly as the documents read: in any stretch of a rule's length, at most so many.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rule:
    """At most `most` writes in any `per` seconds of what `of` counts together: given what is done (an HTTP method or the
    method's name) and the place, a name for the count, or None where the rule does not hold.
    """

    most: int
    per: float
    of: Callable[[str, str], str | None]
    whole: bool = False  # it is the whole account's

    def wait(self, times: deque[float], now: float) -> float:
        """Seconds until there is room."""
        while times and times[0] <= now - self.per:
            times.popleft()
        return times[0] + self.per - now if len(times) >= self.most else 0.0

    def count(self, times: deque[float], now: float) -> None:
        times.append(now)


@dataclass(frozen=True)
class Bucket(Rule):
    """`most` at once, and then evenly as many in `per` seconds."""

    def wait(self, times: deque[float], now: float) -> float:
        return max(self._refilled(times, now) - now - self.per, 0.0)

    def count(self, times: deque[float], now: float) -> None:
        full = self._refilled(times, now)
        times.clear()
        times.append(full)

    def _refilled(self, times: deque[float], now: float) -> float:
        """When all would be to be had again, after one more."""
        return max([*times, now]) + self.per / self.most


TELEGRAM = (  # core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
    Rule(30, 1, lambda _does, _place: "all", whole=True),
    Rule(1, 1, lambda _does, place: place),
    Rule(20, 60, lambda _does, place: f"group {place}" if place.startswith("-") else None),
)
SLACK = (  # docs.slack.dev/apis/web-api/rate-limits: chat.update is of tier 3
    Rule(1, 1, lambda does, place: place if does == "chat.postMessage" else None),
    Rule(50, 60, lambda does, _place: "updates" if does == "chat.update" else None, whole=True),
)
DISCORD = (  # discord.com/developers/docs/topics/rate-limits; a channel's bucket as its headers have long said it
    Rule(50, 1, lambda _does, _place: "all", whole=True),
    Rule(5, 5, lambda does, place: f"{does} {place}"),
)


@dataclass
class Limits:
    rules: tuple[Rule, ...]
    clock: Callable[[], float] = time.monotonic  # seconds
    taken: list[tuple[float, str]] = field(default_factory=list)
    refused: list[tuple[float, str]] = field(default_factory=list)
    _counts: defaultdict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    @property
    def refusals(self) -> int:
        return len(self.refused)

    def over(self, does: str, place: str) -> tuple[float, bool] | None:
        """None: let through. Else after how many seconds there is room, and whether the whole account has to wait."""
        now = self.clock()
        held = [(rule, name) for rule in self.rules if (name := rule.of(does, place)) is not None]
        waits = [(wait, rule.whole) for rule, name in held if (wait := rule.wait(self._counts[name], now)) > 0]
        if waits:
            self.refused.append((now, place))
            return max(waits)
        for rule, name in held:
            rule.count(self._counts[name], now)
        self.taken.append((now, place))
        return None

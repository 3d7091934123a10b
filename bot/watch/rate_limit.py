"""Who asks us to ask less is asked less: the routes that answered HTTP 429, and until when they are left alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.model import Outcome, Reading

LONGEST = (
    900.0  # s: whatever an answer says, it is asked again then; or at its service's interval, where that is longer
)

Key = tuple[str, str]  # service and route


@dataclass(frozen=True, slots=True)
class Hold:
    """`reading` is the answer that asked for it."""

    until: float
    wait: float
    reading: Reading


class RateLimits:
    """All instants and lengths are seconds of one steady clock."""

    def __init__(self) -> None:
        self._holds: dict[Key, Hold] = {}

    def holds(self, key: Key, now: float) -> Reading | None:
        """The reading that stands for a route which must not be asked now."""
        hold = self._holds.get(key)
        return hold.reading if hold and now < hold.until else None

    def until(self, key: Key) -> float | None:
        """When a route may be asked again."""
        hold = self._holds.get(key)
        return hold.until if hold else None

    def note(self, key: Key, reading: Reading, now: float, every: float) -> None:
        """Take in what a route has answered. Without a wait of its own each refusal doubles the last one's."""
        if not limited(reading):
            self._holds.pop(key, None)
            return
        known = self._holds.get(key)
        asked = min(seconds(reading.wait), LONGEST) or (min(2 * known.wait, LONGEST) if known else every)
        wait = max(asked, every)
        self._holds[key] = Hold(now + wait, wait, reading)


def limited(reading: Reading) -> bool:
    """Was it refused for asking too often?"""
    return reading.outcome is Outcome.INCONCLUSIVE and (reading.wait is not None or "HTTP 429" in reading.why)


def seconds(wait: timedelta | None) -> float:
    """None, and what is no wait, is 0."""
    return max(wait.total_seconds(), 0.0) if wait else 0.0

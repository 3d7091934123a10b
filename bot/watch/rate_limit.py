"""Routes that rate-limit us (HTTP 429), and until when they are left alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.model import Outcome, Reading, Round

# s: the longest wait before a route is asked again, unless its service's interval is longer
LONGEST = 900.0

Key = tuple[str, str]  # service and route


@dataclass(frozen=True, slots=True)
class Hold:
    """A route to leave alone; `reading` is the response that asked for it."""

    until: float
    wait: float
    reading: Reading


class RateLimits:
    """All instants and lengths are seconds of one steady clock."""

    def __init__(self) -> None:
        self._holds: dict[Key, Hold] = {}

    def __bool__(self) -> bool:
        """Whether any route is or was lately left alone."""
        return bool(self._holds)

    def holds(self, key: Key, now: float) -> Reading | None:
        """The reading that stands for a route while it must not be asked, else None."""
        hold = self._holds.get(key)
        return hold.reading if hold and now < hold.until else None

    def until(self, key: Key) -> float | None:
        """When the route may be asked again; None: now."""
        hold = self._holds.get(key)
        return hold.until if hold else None

    def note(self, key: Key, reading: Reading, now: float, every: float) -> None:
        """Note a route's reading. A refusal without a wait doubles the last one."""
        if not limited(reading):
            self._holds.pop(key, None)
            return
        known = self._holds.get(key)
        asked = min(seconds(reading.wait), LONGEST) or (min(2 * known.wait, LONGEST) if known else every)
        wait = max(asked, every)
        self._holds[key] = Hold(now + wait, wait, reading)


def limited(reading: Reading) -> bool:
    """Whether it was refused for asking too often."""
    return reading.outcome is Outcome.INCONCLUSIVE and reading.wait is not None


def seconds(wait: timedelta | None) -> float:
    """The wait in seconds; None and negative waits are 0."""
    return max(wait.total_seconds(), 0.0) if wait else 0.0


def only_limited(seen: Round) -> bool:
    """Whether some routes of a round were rate-limited, and nothing else is wrong."""
    if not any(limited(reading) for reading in seen.readings):
        return False
    rest = [reading for reading in seen.readings if not limited(reading)]
    return all(reading.outcome in {Outcome.OK, Outcome.EXPIRING} for reading in rest)

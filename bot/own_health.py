"""How the daemon itself is: each part reports its trouble here, and every place that shows it reads it here."""

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
    CHORES = "chores"
    LISTENING = "listening"
    CONFIG = "config"
    MACHINE = "machine"


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
    """The troubles of this process, at most one a part: the newest reason, with the time of the first."""

    clock: Callable[[], datetime] = _now
    _troubles: dict[Part, OwnTrouble] = field(default_factory=dict)

    def report(self, part: Part, why: str) -> None:
        """Note that a part is unwell."""
        known = self._troubles.get(part)
        self._troubles[part] = OwnTrouble(part, why, known.since if known else self.clock())

    def clear(self, part: Part) -> None:
        """Note that a part is well again."""
        self._troubles.pop(part, None)

    @property
    def troubles(self) -> tuple[OwnTrouble, ...]:
        """All that is wrong now, the oldest first."""
        return tuple(sorted(self._troubles.values(), key=lambda trouble: trouble.since))

    @property
    def well(self) -> bool:
        return not self._troubles

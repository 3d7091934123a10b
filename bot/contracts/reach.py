"""Whether a destination can be written to, as far as the provider says so without a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.model import Later, Reason, Refused, Unsure


@dataclass(frozen=True, slots=True)
class Reach:
    """Result of a reachability check. `good`: True if nothing speaks against it, False if something is wrong, None if
    unknown at present. `said` is one line without secrets, in English, as only the operator reads it; or the reason, if
    it is not good. `wait` is the delay the provider asks for before the next attempt.
    """

    good: bool | None
    said: str | Reason
    wait: timedelta | None = None


def reach_of(receipt: Later | Unsure | Refused) -> Reach:
    """Interpret a receipt: a final refusal or an unsure result is wrong; a temporary failure is unknown."""
    match receipt:
        case Refused(why):
            return Reach(False, why)
        case Later(why, wait):
            return Reach(None, why, wait)
        case Unsure(why):
            return Reach(False, why)

"""Whether a place could be written to, as far as its provider says so without a message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.model import Later, Refused, Unsure


@dataclass(frozen=True, slots=True)
class Reach:
    """`good`: True where nothing speaks against it, False where something is wrong, None where it cannot be learnt now.

    `said` is one line without secrets: what was found and, where something is wrong, what to do. `wait` is what the
    provider asks for before it is asked again.
    """

    good: bool | None
    said: str
    wait: timedelta | None = None


def reach_of(receipt: Later | Unsure | Refused) -> Reach:
    """The same meaning as for a message: what is final is wrong; what passes, or asks to wait, is not known."""
    match receipt:
        case Refused(why):
            return Reach(False, why)
        case Later(why, wait):
            return Reach(None, why, wait)
        case Unsure(why):
            return Reach(False, why)

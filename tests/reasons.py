"""Reasons for tests: in somebody's own words, and back in English."""

from __future__ import annotations

from bot import wording
from bot.contracts import Unclear
from bot.model import Reason, ReasonCode

__all__ = ["HTTP_503", "REFUSED", "TIMED_OUT", "english", "quote"]

HTTP_503 = Reason.of(ReasonCode.HTTP_STATUS, status=503)
REFUSED = Reason.of(ReasonCode.CONNECTION_REFUSED)
TIMED_OUT = Reason.of(ReasonCode.WHILE_CONNECTING, what=Reason.of(ReasonCode.TIMED_OUT_AFTER, seconds=10.0))


def english(why: Reason | Unclear | str | None) -> str:
    """The whole reason, as a log or the shell has it; empty for None."""
    return wording.english(why.why if isinstance(why, Unclear) else why)


def quote(text: str) -> Reason:
    """A reason in somebody's own words."""
    return Reason.of(ReasonCode.AS_SAID, text=text)

"""Reasons for tests: in somebody's own words, and back in English."""

from __future__ import annotations

from bot.model import Reason, ReasonCode
from bot.wording import english

__all__ = ["HTTP_503", "REFUSED", "TIMED_OUT", "english", "quote"]

HTTP_503 = Reason.of(ReasonCode.HTTP_STATUS, status=503)
REFUSED = Reason.of(ReasonCode.CONNECTION_REFUSED)
TIMED_OUT = Reason.of(ReasonCode.WHILE_CONNECTING, what=Reason.of(ReasonCode.TIMED_OUT_AFTER, seconds=10.0))


def quote(text: str) -> Reason:
    """A reason in somebody's own words."""
    return Reason.of(ReasonCode.AS_SAID, text=text)

"""Which refusals mean that an address no longer exists (pure)."""

from __future__ import annotations

import re

from bot.model import Reason, ReasonCode

ANSWER = re.compile(r"5\d\d\b(?:[ -](?P<code>5\.\d{1,3}\.\d{1,3})\b)?")
NOT_OF_THE_ADDRESS = ("5.2.2", "5.2.3", "5.3.", "5.4.", "5.6.", "5.7.")  # a full box, a policy, the mail, the way there


def hard(why: Reason) -> bool:
    """True for a 5.x.x answer about the recipient. A policy (5.7.x) may be about us, and end."""
    facts = dict(why.facts)
    cause = facts.get("cause")
    text = dict(cause.facts).get("text") if isinstance(cause, Reason) else None
    if why.code is not ReasonCode.RELAY_SAID or not isinstance(text, str):
        return False
    found = ANSWER.match(text)
    return found is not None and not (found["code"] or "").startswith(NOT_OF_THE_ADDRESS)

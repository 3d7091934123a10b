"""A site that asks us to ask less often: that tells of us, not of the site."""

from __future__ import annotations

from datetime import timedelta

from bot.contracts import Answer
from bot.contracts.waiting import retry_after
from bot.model import Outcome, Reading

USUAL = timedelta(minutes=1)  # where it does not say how long we should wait
LONGEST = timedelta(minutes=15)  # an outage must not go unseen for longer, whatever it says
WHY = "asks us to ask less often (HTTP {status})"


def met(answer: Answer) -> bool:
    """429; or 403 with nothing left of an allowance, as GitHub's API has it. A 503 is an outage whatever it asks for."""
    return answer.status == 429 or (answer.status == 403 and answer.headers.get("x-ratelimit-remaining") == "0")


def reading(route: str, answer: Answer) -> Reading:
    asked = retry_after(answer.headers.get("retry-after", "").strip()[:100])
    wait = min(asked, LONGEST) if asked else USUAL
    return Reading(route, Outcome.BLIND, WHY.format(status=answer.status), answer.took, answer.reused, wait=wait)

"""A site that asks us to ask less often: that tells of us, not of the site."""

from __future__ import annotations

from datetime import timedelta

from bot.contracts import Answer
from bot.contracts.retry_after import retry_after
from bot.model import Outcome, Reading

LONGEST = timedelta(minutes=15)  # an outage must not go unseen for longer, whatever it says
WHY = "asks us to ask less often (HTTP {status})"


def met(answer: Answer) -> bool:
    """429; or 403 with nothing left of an allowance, as GitHub's API has it. A 503 is an outage whatever it asks for."""
    return answer.status == 429 or (answer.status == 403 and answer.headers.get("x-ratelimit-remaining") == "0")


def reading(route: str, answer: Answer) -> Reading:
    """`wait` is 0 where it says nothing that can be read: then each refusal doubles the wait before."""
    asked = retry_after(answer.headers.get("retry-after", ""))
    wait = min(asked, LONGEST) if asked else timedelta()
    return Reading(route, Outcome.INCONCLUSIVE, WHY.format(status=answer.status), answer.took, answer.reused, wait=wait)

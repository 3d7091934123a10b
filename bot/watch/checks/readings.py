"""Readings that several checks share: a certificate about to expire, and a rate limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.contracts import Answer
from bot.contracts.retry_after import retry_after
from bot.model import Outcome, Reading, Reason, ReasonCode

LONGEST = timedelta(minutes=15)  # the longest wait obeyed: an outage must not go unnoticed for longer


def of_certificate(
    route: str, until: datetime | None, within: timedelta | None, took: timedelta, *, reused: bool = False
) -> Reading:
    """EXPIRING if the certificate ends within `within`, else OK. `until`: its end; None without a certificate."""
    if until is None or within is None or until - datetime.now(UTC) > within:
        return Reading(route, Outcome.OK, took=took, reused=reused)
    why = Reason.of(ReasonCode.CERTIFICATE_ENDS, day=f"{until:%Y-%m-%d}")
    return Reading(route, Outcome.EXPIRING, why, took, reused, until=until)


def is_rate_limit(answer: Answer) -> bool:
    """Whether a response is a rate limit: 429, or 403 with an exhausted allowance, as in GitHub's API. A 503 is an
    outage.
    """
    return answer.status == 429 or (answer.status == 403 and answer.headers.get("x-ratelimit-remaining") == "0")


def of_rate_limit(route: str, answer: Answer) -> Reading:
    """The reading of a rate limit; its `wait` is 0 without a usable Retry-After, and then each refusal doubles the
    last wait.
    """
    asked = retry_after(answer.headers.get("retry-after", ""))
    wait = min(asked, LONGEST) if asked else timedelta()
    why = Reason.of(ReasonCode.RATE_LIMITED, status=answer.status)
    return Reading(route, Outcome.INCONCLUSIVE, why, answer.took, answer.reused, wait=wait)

"""Whether a kind of channel is known to be down, and how many of its sends failed in a row (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model import Confidence, Health, Later, Reason, Receipt, RefusalScope, Refused, ServiceState, Unsure

ENOUGH = 3  # failures in a row: one may be chance, or due to the message
LONG = timedelta(minutes=15)  # the longest pause, whatever the provider asks for
STALE = timedelta(minutes=10)  # older failures say nothing about the present


def down_since(own: ServiceState, other: ServiceState) -> datetime | None:
    """Start of the channel's outage, or None. `own`: the channel's health; `other`: the service behind it, which counts
    if confirmed down.
    """
    mine, theirs = own.incident, other.incident
    since = []
    # An unstable incident stays open for a while after the channel takes messages again.
    if mine and mine.confidence is Confidence.CONFIRMED and not (mine.unstable_since and own.streak.good):
        since.append(mine.since)
    if theirs and theirs.confidence is Confidence.CONFIRMED and theirs.health is Health.DOWN:
        since.append(theirs.since)
    return min(since, default=None)


def outage(own: ServiceState, other: ServiceState) -> tuple[datetime, datetime | None] | None:
    """Start and end of its latest outage; the end is None if it is still down."""
    if since := down_since(own, other):
        return since, None
    return max((span for state in (own, other) for span in state.ended), key=lambda span: span[1], default=None)


@dataclass(frozen=True, slots=True)
class FailureCount:
    """Failures of one kind of channel since its last success or regular answer."""

    failures: int = 0  # in a row
    account: bool = False  # the latest one is that the provider rejects our account
    since: datetime | None = None  # the first of them
    at: datetime | None = None  # the latest of them ...
    why: Reason | None = None  # ... and its reason
    waits: datetime | None = None  # end of a rate limit of the whole account


def after(count: FailureCount, receipt: Receipt, now: datetime) -> FailureCount:
    """The count after one more receipt. Any sign that the provider works and knows us resets it."""
    match receipt:
        case Refused(why, RefusalScope.ACCOUNT):
            return _failed(count, why, now, account=True)
        case Later(why, timedelta() as wait, whole=True):
            # One rate limit is normal. Another one, after the wait was kept and nothing was accepted, is a failure. A
            # provider that asks for a longer wait than any reader accepts counts as down at once.
            kept = count.waits is not None and now >= count.waits
            failed = _failed(count, why, now) if kept or wait > LONG else count
            failures = max(failed.failures, ENOUGH) if wait > LONG else failed.failures
            return replace(failed, failures=failures, waits=now + min(max(wait, timedelta()), LONG))
        case Unsure(why) | Later(why, None, local=False, absent=False):
            return _failed(count, why, now)
        case _:
            return FailureCount()


def _failed(count: FailureCount, why: Reason, now: datetime, *, account: bool = False) -> FailureCount:
    return FailureCount(count.failures + 1, account, count.since or now, now, why, count.waits)


def trouble(count: FailureCount | None, now: datetime) -> Reason | None:
    """The reason why nothing can be sent, or None."""
    if count is None or count.at is None or now - max(count.at, count.waits or count.at) > STALE:
        return None
    return count.why if count.account or count.failures >= ENOUGH else None


def refused(counts: Mapping[str, FailureCount]) -> dict[str, datetime]:
    """Kinds of channel that reject our account, and since when. Their own word needs no confirming round."""
    return {kind: count.since for kind, count in counts.items() if count.account and count.since}

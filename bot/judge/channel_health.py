"""Is a kind of channel known to be dead, and since when?"""

from __future__ import annotations

from datetime import datetime

from bot.model import Confidence, Health, ServiceState


def down_since(own: ServiceState, other: ServiceState) -> datetime | None:
    """`own`: the channel's health; `other`: the service that stands for it, which counts when it is down for sure."""
    mine, theirs = own.incident, other.incident
    since = []
    # One that is called unstable stays open for a while after it has taken messages again.
    if mine and mine.confidence is Confidence.CONFIRMED and not (mine.unstable_since and own.streak.good):
        since.append(mine.since)
    if theirs and theirs.confidence is Confidence.CONFIRMED and theirs.health is Health.DOWN:
        since.append(theirs.since)
    return min(since, default=None)


def outage(own: ServiceState, other: ServiceState) -> tuple[datetime, datetime | None] | None:
    """Its latest: since when, and until when if it is over."""
    if since := down_since(own, other):
        return since, None
    return max((span for state in (own, other) for span in state.ended), key=lambda span: span[1], default=None)

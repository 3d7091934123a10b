"""Whether a kind of channel is known to be down, and since when."""

from __future__ import annotations

from datetime import datetime

from bot.model import Confidence, Health, ServiceState


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

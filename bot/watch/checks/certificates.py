"""A certificate that ends soon: nothing fails yet, and somebody has to act before it does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.model import Outcome, Reading


def reading(
    route: str, until: datetime | None, within: timedelta | None, took: timedelta, *, reused: bool = False
) -> Reading:
    """Of what is good but for a certificate that ends `within` so long; `until`: when it does, None where there is none."""
    if until is None or within is None or until - datetime.now(UTC) > within:
        return Reading(route, Outcome.OK, took=took, reused=reused)
    return Reading(route, Outcome.EXPIRING, f"its certificate ends on {until:%Y-%m-%d}", took, reused, until=until)

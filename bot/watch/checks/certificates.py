"""Certificates about to expire: nothing fails yet, but somebody has to act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.model import Outcome, Reading


def reading(
    route: str, until: datetime | None, within: timedelta | None, took: timedelta, *, reused: bool = False
) -> Reading:
    """EXPIRING if the certificate ends within `within`, else OK. `until`: its end; None without a certificate."""
    if until is None or within is None or until - datetime.now(UTC) > within:
        return Reading(route, Outcome.OK, took=took, reused=reused)
    return Reading(route, Outcome.EXPIRING, f"its certificate ends on {until:%Y-%m-%d}", took, reused, until=until)

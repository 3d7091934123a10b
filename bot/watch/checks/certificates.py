"""Certificates about to expire: nothing fails yet, but somebody has to act."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.model import Outcome, Reading, Reason, ReasonCode


def reading(
    route: str, until: datetime | None, within: timedelta | None, took: timedelta, *, reused: bool = False
) -> Reading:
    """EXPIRING if the certificate ends within `within`, else OK. `until`: its end; None without a certificate."""
    if until is None or within is None or until - datetime.now(UTC) > within:
        return Reading(route, Outcome.OK, took=took, reused=reused)
    why = Reason.of(ReasonCode.CERTIFICATE_ENDS, day=f"{until:%Y-%m-%d}")
    return Reading(route, Outcome.EXPIRING, why, took, reused, until=until)

"""The one place that asks for a digest's text: for its recipients, and for somebody who wants to see it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.model import NO_DELIVERIES, Delivery, DeliverySummary, Destination, DigestOrder, Overview, Style
from bot.notify import digest


@dataclass(frozen=True, slots=True)
class Period:
    """What a digest is about: from `since` to `until`, when it is due."""

    since: datetime
    until: datetime
    late: bool = False


def deliveries(
    name: str,
    overview: Overview,
    period: Period,
    to: Sequence[Destination],
    style: Style,
    *,
    services: Sequence[str],
    order: DigestOrder | None = None,
    log: DeliverySummary = NO_DELIVERIES,
) -> tuple[Delivery, ...]:
    """One delivery for each recipient. The keys hold the time when it was due, of which there is one for each digest and
    recipient.
    """
    seen, covers = replace(overview, at=period.until), period.until - period.since
    rows = digest.deliveries(
        name, seen, to, style, covers=covers, services=services, late=period.late, order=order, log=log
    )
    key = f"digest:{name}:{period.until:%Y-%m-%dT%H:%MZ}/1"
    return tuple(
        replace(row, key=f"{key}@{row.destination}", notice=replace(row.notice, key=key, style=style)) for row in rows
    )

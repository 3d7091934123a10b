"""The one place that asks for a digest's text: for its recipients, and for somebody who wants to see it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.model import (
    NO_DELIVERIES,
    Delivery,
    DeliveryAction,
    DeliverySummary,
    Destination,
    DigestOrder,
    Overview,
    Style,
)
from bot.notify import digest
from bot.notify.digest import DigestNotices


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
    """One delivery for each recipient."""
    asked = replace(order or DigestOrder(name), services=tuple(services))
    made = notices(asked, overview, period, style, log, by_mail=any(place.kind == digest.MAIL for place in to))
    return tuple(delivery(made, place, name) for place in to)


def notices(
    order: DigestOrder, overview: Overview, period: Period, style: Style, log: DeliverySummary, *, by_mail: bool
) -> DigestNotices:
    """The texts for all recipients of one style. Their keys hold the time when it was due, of which there is one for each
    digest and recipient. (With plain values alone, so that another process can do it.)
    """
    seen, covers = replace(overview, at=period.until), period.until - period.since
    made = digest.notices(replace(order, late=period.late), seen, style, covers, log, by_mail=by_mail)
    key = f"digest:{order.name}:{period.until:%Y-%m-%dT%H:%MZ}/1"
    return DigestNotices(replace(made.short, key=key, style=style), replace(made.full, key=key, style=style))


def delivery(made: DigestNotices, place: Destination, name: str) -> Delivery:
    notice = made.at(place)
    return Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, name)

"""Deliveries of a digest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot import wording
from bot.model import Delivery, DeliveryAction, Destination, Notice, Overview, Style, Tone


def deliveries(
    name: str,
    overview: Overview,
    to: Sequence[Destination],
    style: Style,
    *,
    covers: timedelta,
    services: Sequence[str],
    late: bool = False,
) -> tuple[Delivery, ...]:
    """One delivery per reader. The key holds the reader's date: one digest a day, even if the clocks are set back over
    its time. `overview.at`: when it was due; `late`: that was a while ago.
    """
    day = overview.at.astimezone(ZoneInfo(style.timezone)).date()
    thread = f"digest:{name}:{day}"
    words = wording.digest(name, overview, overview.at - covers, style, services)
    if late:
        words = wording.sent_late(words, style, overview.at)
    notice = Notice(f"{thread}/1", thread, Tone.INFO, words, at=overview.at)
    return tuple(Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, name) for place in to)

"""Drills: a marked test notice to every place of some audiences (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot import wording
from bot.model import DRILL, Audience, Delivery, DeliveryAction, Destination


def deliveries(audiences: Sequence[Audience], at: datetime) -> tuple[Delivery, ...]:
    """One test notice to each place, every rung and escalation included, in the style of its first audience."""
    thread = f"{DRILL}#{at:%Y%m%dT%H%M%S}"
    found: dict[Destination, Delivery] = {}
    for audience in audiences:
        notice = wording.test_notice(audience.name, audience.style, at)
        notice = replace(notice, thread=thread, key=f"{thread}/1")
        for place in audience.places:
            found.setdefault(
                place, Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, audience.name)
            )
    return tuple(found.values())

"""The notices to the admins that a destination refuses messages (pure)."""

from __future__ import annotations

from datetime import datetime

from bot import wording
from bot.incidents.settings import Settings
from bot.model import Delivery, DeliveryAction, Reason, RefusalScope


def refusal_notices(
    delivery: Delivery, why: Reason, scope: RefusalScope, settings: Settings, now: datetime
) -> list[Delivery]:
    """The messages by other destinations; none if the config names no admin."""
    admins, place = settings.admins, delivery.destination
    if admins is None:
        return []
    readers = tuple(dict.fromkeys((delivery.audience, *delivery.ladders)))
    own = {admins.name, str(place), ""}
    missing, style = [r for r in readers if r not in own], admins.style
    if scope is RefusalScope.MESSAGE:
        ladders = settings.ladders
        lost = [r for r in missing if r not in ladders or ladders[r].destinations[-1] == place]
        notice = wording.not_taken(delivery, why, lost, style, now)
    else:
        notice = wording.takes_nothing(place, why, missing, style, now)
    return [
        Delivery(f"{notice.key}@{d}", d, DeliveryAction.POST, notice, admins.name)
        for d in admins.destinations
        if d != place
    ]

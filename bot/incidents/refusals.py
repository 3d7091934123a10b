"""What becomes of a destination that refuses messages: the admins are told, and a dead address gets no digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import wording
from bot.model import Delivery, DeliveryAction, Destination, Notice, Reason, RefusalScope
from bot.notify import bounces

if TYPE_CHECKING:
    from bot.incidents.recorder import Recorder


async def take_bounce(recorder: Recorder, place: Destination, why: Reason) -> bool:
    """Note that a mail came back from an address, and tell the admins once; False if that was known."""
    now, admins = recorder.clock(), recorder.settings.admins
    if not await recorder.places.digests.mark(place, why, now):
        return False
    if admins is not None:
        await _tell(recorder, wording.takes_nothing(place, why, (), admins.style, now, undeliverable=True), place)
    return True


async def tell_of_refusal(recorder: Recorder, delivery: Delivery, why: Reason, scope: RefusalScope) -> None:
    """Notify the admins, by other channels, that a destination refuses messages, or refused this one. Once a day for a
    destination, once for each reason to refuse a message.
    """
    admins, now, place = recorder.settings.admins, recorder.clock(), delivery.destination
    dead = place.kind == "email" and scope is RefusalScope.DESTINATION and bounces.hard(why)
    bounced = dead and await recorder.places.digests.mark(place, why, now)
    if admins is None:
        return
    readers = tuple(dict.fromkeys((delivery.audience, *delivery.ladders)))
    own = {admins.name, str(place), ""}
    missing, style = [r for r in readers if r not in own], admins.style
    if scope is RefusalScope.MESSAGE:
        ladders = recorder.ladders
        lost = [r for r in missing if r not in ladders or ladders[r].destinations[-1] == place]
        notice = wording.not_taken(delivery, why, lost, style, now)
    else:
        notice = wording.takes_nothing(place, why, missing, style, now, undeliverable=bounced)
    await _tell(recorder, notice, place)


async def _tell(recorder: Recorder, notice: Notice, place: Destination) -> None:
    """Send a notice to the admins, except where it is about."""
    admins = recorder.settings.admins
    rows = [
        Delivery(f"{notice.key}@{d}", d, DeliveryAction.POST, notice, admins.name)
        for d in (admins.destinations if admins else ())
        if d != place and admins
    ]
    if rows and await recorder.store.deliveries.add(rows, recorder.clock()):
        recorder.wake({row.destination for row in rows})

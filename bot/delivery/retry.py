"""The outcome of a delivery, given its receipt. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from zlib import crc32

from bot.model import Delivery, DeliveryResult, DeliveryStatus, Later, Receipt, RefusalScope, Refused, Sent, Unsure

FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=5)  # also the time between two attempts while a provider does not accept our account
DEAD_WAIT = timedelta(seconds=30)  # in a channel known to be down: short, to notice soon that it is back
MOST_WAIT = timedelta(minutes=15)  # the longest wait a provider may ask for


def settle(
    receipt: Receipt, delivery: Delivery, now: datetime, *, finds: bool = True, longest: timedelta = LONGEST_WAIT
) -> DeliveryResult:
    """Decide what to do after a receipt.

    A provider's wish to wait is obeyed up to `MOST_WAIT`; without one, the waits double from 2 s to `longest`, spread
    by a tenth.

    `finds`: the channel can find out whether an unsure hand-over arrived. If it cannot, the first repeat comes soon,
    later ones every 5 minutes or when the channel is known to be back: each repeat may be a duplicate.
    """
    match receipt:
        case Sent(ref, _, anew):
            return DeliveryResult(DeliveryStatus.SENT, ref=ref, anew=anew)
        case Later(why, absent=True):
            return DeliveryResult(DeliveryStatus.PENDING, now, why=why, absent=True)
        case Later(why, wait):
            due = now + (bounded(wait) or min(backoff(delivery), longest))
            return DeliveryResult(DeliveryStatus.PENDING, due, why=why, unsure=delivery.unsure, rest=wait is not None)
        case Unsure(why):
            again = min(backoff(delivery), longest) if finds or not delivery.unsure else LONGEST_WAIT
            return DeliveryResult(DeliveryStatus.PENDING, now + again, why=why, unsure=True)
        case Refused(why, RefusalScope.ACCOUNT):  # the channel is at fault, not the message
            return DeliveryResult(
                DeliveryStatus.PENDING, now + LONGEST_WAIT, why=why, unsure=delivery.unsure, hurry=True
            )
        case Refused(why, _, moved, gone):
            status = DeliveryStatus.PENDING if moved else DeliveryStatus.SUPERSEDED if gone else DeliveryStatus.REFUSED
            return DeliveryResult(status, now, why=why)


def of_channel(receipt: Receipt) -> bool:
    """Whether it is a failure that the next message would meet as well."""
    match receipt:
        case Unsure() | Later(absent=False) | Refused(scope=RefusalScope.ACCOUNT):
            return True
        case _:
            return False


def bounded(wait: timedelta | None) -> timedelta | None:
    """The wait a provider asks for, within 0 and `MOST_WAIT`."""
    return None if wait is None else min(max(wait, timedelta()), MOST_WAIT)


def backoff(delivery: Delivery) -> timedelta:
    wait = min(FIRST_WAIT * (1 << min(delivery.attempts, 10)), LONGEST_WAIT)
    # The spread comes from the key, not from chance, so that a history can be replayed exactly.
    return wait * (0.9 + 0.2 * (crc32(f"{delivery.key}{delivery.attempts}".encode()) / 2**32))

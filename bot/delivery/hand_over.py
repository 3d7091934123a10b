"""One hand-over to a channel, bounded in time: whatever happens in it is a receipt, with a line in the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot import wording
from bot.delivery.rate_limit import OpenChannel
from bot.errors import fault
from bot.model import Delivery, Later, Reason, ReasonCode, Receipt, RefusalScope, Refused, Sent, Unsure

log = logging.getLogger("bot.delivery.outbox")
SOON = timedelta(milliseconds=1)


async def hand_over(way: OpenChannel, delivery: Delivery) -> Receipt:
    longest = way.longest.total_seconds()
    try:
        async with asyncio.timeout(longest) as limit:
            return await way.channel.send(delivery)
    except asyncio.CancelledError:
        # It may have arrived. Saying so now saves waiting until the lease runs out.
        return Unsure(Reason.of(ReasonCode.STOPPED_WHILE_SENDING))
    except Exception as bug:  # noqa: BLE001 - the boundary of a channel
        if isinstance(bug, TimeoutError) and limit.expired():
            return Unsure(Reason.of(ReasonCode.NO_ANSWER_WITHIN, seconds=longest))
        log.error("%s: our own error in the channel: %s", delivery.notice.key, fault(bug))
        return Unsure(Reason.of(ReasonCode.OWN_ERROR, provider_code=type(bug).__name__))


async def wait_until(at: datetime, clock: Callable[[], datetime], longest: timedelta) -> None:
    """Wait until `at`, but never more than twice `longest`, whatever the clock does. A timer of the event loop may fire
    early: then sleep once more, as a strict provider counts to the millisecond.
    """
    for least in (timedelta(), SOON):
        left = min(at - clock(), longest)
        if left > timedelta():
            await asyncio.sleep(max(left, least).total_seconds())


def log_receipt(delivery: Delivery, receipt: Receipt) -> None:
    match receipt:
        case Sent():
            log.info("told %s of %s", delivery.destination.shown, delivery.notice.key)
        case Later(why) | Unsure(why):
            # Only the first failure is news.
            log.log(
                logging.WARNING if delivery.attempts == 0 else logging.DEBUG,
                "%s has not heard of %s yet: %s",
                delivery.destination.shown,
                delivery.notice.key,
                wording.english(why),
            )
        case Refused(why, scope):
            again = scope is RefusalScope.ACCOUNT and delivery.attempts
            log.log(
                logging.DEBUG if again else logging.ERROR,
                "%s refused %s: %s",
                delivery.destination.shown,
                delivery.notice.key,
                wording.english(why),
            )

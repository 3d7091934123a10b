"""The log lines for receipts."""

from __future__ import annotations

import logging

from bot import wording
from bot.model import Delivery, Later, Receipt, RefusalScope, Refused, Sent, Unsure

log = logging.getLogger("bot.delivery.outbox")


def say(delivery: Delivery, receipt: Receipt) -> None:
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

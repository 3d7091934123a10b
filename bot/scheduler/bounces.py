"""Reads the mailbox to which mails come back, and notes the addresses that no longer exist."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.channels.email import EmailSettings
from bot.incidents.recorder import Recorder
from bot.incidents.refusals import take_bounce
from bot.model import Destination, Reason, ReasonCode

if TYPE_CHECKING:
    from bot.channels.email.bounces import Bounce

log = logging.getLogger(__name__)

SINCE = "bounces"  # key under which the last mail read is remembered
PATIENCE = 300.0  # seconds for one look


class MailboxUnavailable(Exception):
    """The mailbox could not be read; why, without the password."""


@dataclass
class Bounces:
    settings: EmailSettings
    recorder: Recorder

    async def look(self) -> None:
        """Take what has come since the last look. Raise MailboxUnavailable if it cannot be read."""
        from bot.channels.email import bounces  # noqa: PLC0415  without such a mailbox it costs nothing

        box, memory = self.settings.bounces, self.recorder.store.subscriptions
        if box is None:
            return
        since = await memory.recall(SINCE) or ""
        try:
            async with asyncio.timeout(PATIENCE):
                found = await asyncio.to_thread(bounces.read_with, box, self.settings.tls, since)
                reports = await asyncio.to_thread(
                    lambda: [one for mail in found.mails for one in bounces.bounces(mail)]
                )
        except (OSError, bounces.Trouble, TimeoutError) as error:
            why = bounces.named(error, box)
            raise MailboxUnavailable(f"the mailbox of bounces at {box.host} cannot be read: {why}") from None
        for bounce in reports:
            await self._take(bounce)
        await memory.remember(SINCE, found.upto)

    async def _take(self, bounce: Bounce) -> None:
        """Take a report about a mail of ours to this address; anybody could have written another."""
        place = Destination("email", bounce.address)
        known = [place, *(one for one in self._recipients() if one.place.casefold() == bounce.address.casefold())]
        for one in dict.fromkeys(known):
            if await self.recorder.store.deliveries.sent_as(one, bounce.original):
                cause = Reason.of(ReasonCode.AS_SAID, text=bounce.said)
                why = Reason.of(ReasonCode.RELAY_SAID, relay=bounce.reporter, cause=cause)
                if await take_bounce(self.recorder, one, why):
                    log.warning("a mail to %s came back: it gets no digest any more", one.shown)
                return

    def _recipients(self) -> list[Destination]:
        listed = [place for digest in self.recorder.settings.digests.values() for place in digest.to]
        return [*listed, *(reader.destination for reader in self.recorder.places.digests.all)]

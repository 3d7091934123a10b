"""An ask comes in: authorised, run, its orders carried out, answered."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from bot.model import Ask, Style, Words
from bot.record import Record
from bot.talk.commands import respond
from bot.talk.room import ForService, Subscribe, Unsubscribe

RECENT = timedelta(days=30)


@dataclass(frozen=True)
class FrontDesk:
    record: Record
    admins: frozenset[str]  # platform ids: a display name is whatever its bearer likes
    style: Style
    _answered: deque[str] = field(default_factory=lambda: deque(maxlen=1000))

    async def answer(self, ask: Ask) -> Words | None:
        """What to reply; None when this very ask was answered before: platforms deliver some twice.

        Remembered only while we live: after a crash an answer twice is better than none, and no order does harm twice.
        """
        if ask.key in self._answered:
            return None
        self._answered.append(ask.key)
        overview = await self.record.overview(ask.at - RECENT)
        said = respond(ask, overview, self._style(ask), admin=ask.who in self.admins)
        for order in said.orders:
            match order:
                case Subscribe(wish):
                    await self.record.subscribe(wish)
                case Unsubscribe(destination):
                    await self.record.unsubscribe(destination)
                case ForService(service, wanted):
                    await self.record.order(service, wanted)
        return said.reply

    def _style(self, ask: Ask) -> Style:
        """As the place is written to anyway."""
        for wish in self.record.subscriptions:
            if wish.destination == ask.where:
                return wish.wish.style
        for audience in self.record.setting.audiences:
            if ask.where in audience.places:
                return audience.wish.style
        return self.style

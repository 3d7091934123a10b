"""An ask comes in: authorised, run, its orders carried out, answered."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.mending import catch_up
from bot.model import DRILL, Ask, Delivery, Report, Style, Trail, Words
from bot.planning import announce, call_off
from bot.record import Record
from bot.talk import proofs
from bot.talk.commands import respond
from bot.talk.eyes import Eyes
from bot.talk.room import CallOff, ForService, Look, Ordered, Plan, Prove, Subscribe, Unsubscribe
from bot.watch.reports import Crowd


@dataclass(frozen=True)
class FrontDesk:
    record: Record
    admins: frozenset[str]  # platform ids: a display name is whatever its bearer likes
    style: Style
    crowd: Crowd
    eyes: Eyes
    _answered: deque[str] = field(default_factory=lambda: deque(maxlen=1000))

    async def answer(self, ask: Ask) -> Words | None:
        """What to reply; None when this very ask was answered before: platforms deliver some twice.

        Remembered only while we live: after a crash an answer twice is better than none, and no order does harm twice.
        """
        if ask.key in self._answered:
            return None
        self._answered.append(ask.key)
        overview = await self.record.overview(ask.at - proofs.back(ask.text))
        overview = replace(overview, crowd=self.crowd.tallies(ask.who))
        if service := proofs.looked_back_at(ask.text, overview):
            figures = await self.record.store.rollups.figures(service, ask.at - proofs.back(ask.text))
            overview = replace(overview, answering={service: figures.average} if figures.average else {})
        about = proofs.incident(ask.text, overview)
        said = respond(
            ask,
            overview,
            self._style(ask),
            admin=ask.who in self.admins,
            audiences=self.record.setting.audiences,
            trail=await trail(self.record, about) if about else None,
        )
        for order in said.orders:
            if isinstance(order, Look):
                known = self.record.setting.watched.get(order.service)
                return await self.eyes.answer(order, known, ask.who, self._style(ask))
            await self._carry_out(order)
        return said.reply

    async def _carry_out(self, order: Ordered) -> None:
        match order:
            case Subscribe(wish):
                await self.record.subscribe(wish)
                await catch_up(self.record, wish.destination)
            case Unsubscribe(destination):
                await self.record.unsubscribe(destination)
            case ForService(service, wanted):
                await self.record.order(service, wanted)
            case Plan(window):
                await announce(self.record, window)
            case CallOff(number):
                await call_off(self.record, number)
            case Prove(deliveries):
                await drill(self.record, deliveries)
            case Report():
                await self.crowd.take(order)

    def _style(self, ask: Ask) -> Style:
        """As the place is written to anyway."""
        for wish in self.record.subscriptions:
            if wish.destination == ask.where:
                return wish.wish.style
        for audience in self.record.setting.audiences:
            if ask.where in audience.places:
                return audience.wish.style
        return self.style


async def trail(record: Record, asked: str) -> Trail | None:
    """How "x#17" was told, or the newest incident of the service "x", or the last drill."""
    incident = await record.store.history.incident(asked)
    thread = incident.id if incident else await record.store.people.recall(DRILL) if asked == DRILL else None
    if thread is None:
        return None
    name = record.service(incident.service).name if incident else ""
    return Trail(incident, name, await record.store.deliveries.of_incident(thread), record.readers)


async def drill(record: Record, deliveries: Sequence[Delivery]) -> None:
    """Queue test notices; whoever asks for `DRILL` gets what became of them."""
    await record.store.deliveries.add(deliveries, record.clock())
    await record.store.people.remember(DRILL, deliveries[0].notice.thread)
    record.wake({delivery.destination.kind for delivery in deliveries})

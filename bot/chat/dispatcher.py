"""An ask comes in: let in or turned away, held to its limits, run, its orders carried out, answered."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot import wording
from bot.chat.access import Access
from bot.chat.commands import Line, parse, respond
from bot.chat.context import (
    Allow,
    CallOff,
    CommandContext,
    Disallow,
    ForService,
    Look,
    Ordered,
    Plan,
    Prove,
    Response,
    Subscribe,
    Unsubscribe,
)
from bot.chat.limits import EACH, Admission, Buckets, Pacer, PersonLimits, Turns
from bot.chat.loading import load
from bot.chat.on_demand_check import OnDemandChecker
from bot.contracts import Pace
from bot.incidents.maintenance import announce, call_off
from bot.incidents.reconciler import catch_up
from bot.incidents.recorder import Recorder
from bot.model import (
    DRILL,
    Ask,
    AuditEntry,
    Delivery,
    DeliveryAction,
    Destination,
    Notice,
    Reply,
    Report,
    Style,
    Text,
    room_of,
)
from bot.store import StoreUnavailable
from bot.watch.user_reports import UserReports

log = logging.getLogger(__name__)

OLD = timedelta(minutes=10)  # an order that was given earlier is answered, not carried out
REMEMBERED = 2_000  # asks that were answered lately
BELATED, ALL_BELATED = 3, 30  # answers to old asks within ten minutes: in one place, and in all of a platform
CHANGES_PLACE = (Subscribe, Unsubscribe, Allow, Disallow)


class Lately:
    """The newest keys."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        self._keys[key] = None
        if len(self._keys) > REMEMBERED:
            self._keys.popitem(last=False)

    def drop(self, key: str) -> None:
        self._keys.pop(key, None)


class Lane:
    """Of one platform: what is worked on, and how fast answers leave."""

    def __init__(self, pace: Pace) -> None:
        self.turns, self.pacer = Turns(), Pacer(pace)


@dataclass
class Dispatcher:
    recorder: Recorder
    admins: frozenset[str]  # platform ids: a display name is whatever its bearer likes
    style: Style
    user_reports: UserReports
    on_demand: OnDemandChecker
    limits: Mapping[str, Pace] = field(default_factory=dict)  # by kind: what each platform takes
    access: Access = field(init=False)
    _people: PersonLimits = field(default_factory=PersonLimits, init=False)
    _answered: Lately = field(default_factory=Lately, init=False)
    _ordered: Lately = field(default_factory=Lately, init=False)
    _belated: Buckets[object] = field(default_factory=lambda: Buckets(BELATED, 600), init=False)
    _all_belated: Buckets[str] = field(default_factory=lambda: Buckets(ALL_BELATED, 600), init=False)
    _lanes: dict[str, Lane] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.access = Access(self.recorder, self.admins)

    async def answer(self, ask: Ask) -> Text | None:
        """What to reply; None where there is nothing to say: this very ask was answered before, for platforms deliver some
        twice, or whoever asks was told already that they may not, or not so fast.
        """
        now, at, admin = self.recorder.clock(), asyncio.get_running_loop().time(), ask.who in self.admins
        try:
            if not await self.access.admits(ask, at):
                return await self._turned_away(ask, at)
            if ask.key in self._answered:
                return None
            verdict = self._people.take(ask.who, at, admin=admin)
            if verdict is not Admission.FINE or not self._in_time(ask, now, at, admin=admin):
                return wording.slow_down(EACH, self._style(ask)) if verdict is Admission.SLOWLY else None
            return await self._worked_on(ask, now, at, admin=admin)
        except StoreUnavailable as error:
            self._answered.drop(ask.key)
            log.warning("a command was not answered: %s", error)
            return wording.no_records(self._style(ask))

    # ── whether ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _turned_away(self, ask: Ask, at: float) -> Text | None:
        """Not counted, not looked up, not stored: a stranger gets one line."""
        if not self.access.answers(ask, at):
            return None
        here = ask.reply is not Reply.PRIVATE
        words = wording.stranger(f"allow {room_of(ask.where)}", self._style(ask), here=here)
        due = self._reserved(ask, at, admin=False)
        return words if due is not None and await self._wait(due) else None

    def _in_time(self, ask: Ask, now: datetime, at: float, *, admin: bool) -> bool:
        """What was asked long ago is answered a few times only: after a day away there may be hundreds."""
        if now - ask.at <= OLD:
            return True
        who = ask.who if admin else room_of(ask.where)
        return self._belated.take(who, at) and (admin or self._all_belated.take(ask.where.kind, at))

    def _lane(self, kind: str) -> Lane:
        return self._lanes.setdefault(kind, Lane(self.limits.get(kind, Pace())))

    def _reserved(self, ask: Ask, at: float, *, admin: bool) -> float | None:
        place = "" if ask.reply is Reply.ALONE else room_of(ask.where).place
        return self._lane(ask.where.kind).pacer.reserve(place, at, first=admin)

    async def _wait(self, due: float) -> bool:
        wait = due - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(wait)
        return True

    # ── what ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _worked_on(self, ask: Ask, now: datetime, at: float, *, admin: bool) -> Text | None:
        due = self._reserved(ask, at, admin=admin)
        if due is None:
            log.debug("too much is asked on %s: somebody is not answered", ask.where.kind)
            return None
        self._answered.add(ask.key)
        async with self._lane(ask.where.kind).turns.turn(admin=admin) as come:
            found = await self._respond(ask, now, admin=admin) if come else None
        if isinstance(found, Look):  # outside of the turn: a site that is silent holds up nobody else
            known = self.recorder.settings.watched.get(found.service)
            found = await self.on_demand.answer(found, known, ask.who, self._style(ask))
        if found:
            await self._wait(due)
        return found

    async def _respond(self, ask: Ask, now: datetime, *, admin: bool) -> Text | Look | None:
        old = now - ask.at > OLD
        said_at, ask = ask.at, replace(ask, at=now) if old or ask.at > now else ask
        line = parse(ask.text)
        if line.command.manages and not ask.may_manage and not admin and ask.prove:
            ask = replace(ask, may_manage=await ask.prove())
        context = self._context(ask, line, admin=admin)
        if line.command.allows(ask, admin=admin):
            context = await load(line.command.loads, self.recorder, self.access, context)
        response = respond(line.command, context)
        if response.orders and isinstance(response.orders[0], Look):
            return response.orders[0]
        if response.orders and old:
            return wording.too_old(said_at, context.style, now)
        return await self._done(ask, response) if response.orders else response.reply

    def _context(self, ask: Ask, line: Line, *, admin: bool) -> CommandContext:
        """What is known without the database."""
        overview = self.recorder.overview_from_memory(ask.at - line.period)
        return CommandContext(
            ask,
            line.words,
            replace(overview, user_reports=self.user_reports.tallies(ask.who)),
            self._style(ask),
            self.recorder.settings.audiences,
            admin,
            line.period,
        )

    # ── orders ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _done(self, ask: Ask, said: Response) -> Text | None:
        """Carry out what was ordered, once, also when a platform tells of it again after a restart."""
        if ask.order_key in self._ordered:
            return None
        self._ordered.add(ask.order_key)
        counted = all(isinstance(order, Report) for order in said.orders)  # which the crowd does by itself
        try:
            if not counted and not await self.recorder.store.subscriptions.once(f"order:{ask.order_key}", ask.at):
                return wording.taken_before(self._style(ask))
        except StoreUnavailable:
            self._ordered.drop(ask.order_key)
            raise
        changes = [order for order in said.orders if isinstance(order, CHANGES_PLACE) and self._changes(order)]
        for order in said.orders:
            await self._carry_out(order)
        if not counted:
            entry = AuditEntry(ask.at, ask.who, ask.name, ask.where, ask.text)
            await self.recorder.store.audit_log.add(entry)
        return await self._told(ask, said.reply, changes[0]) if changes and said.reply else said.reply

    def _changes(self, order: Ordered) -> bool:
        """Is anything another than before?"""
        if isinstance(order, Subscribe):
            held = next(
                (s for s in self.recorder.subscriptions if s.destination == order.subscription.destination), None
            )
            return held is None or held.filter != order.subscription.filter
        return True

    async def _told(self, ask: Ask, reply: Text, order: Ordered) -> Text:
        """Everybody in a place learns who changed what it hears: by the answer where they see it, else by a message."""
        style = self._style(ask)
        if isinstance(order, Allow | Disallow):
            allowed = isinstance(order, Allow)
            place = order.room.place if isinstance(order, Allow) else order.place
            words = wording.let_in(ask.name, style) if allowed else wording.shut_out(ask.name, style)
            if place == room_of(ask.where) and ask.reply in {Reply.PLACE, Reply.PRIVATE}:
                return replace(words, lines=(reply.title, *words.lines))
            await self._tell(place, wording.of_a_place(words, ask.order_key, style, ask.at))
            return reply
        words = wording.changed(ask.name, reply, style)
        if ask.reply is Reply.PLACE:
            return words
        if ask.reply is not Reply.PRIVATE:
            await self._tell(ask.where, wording.of_a_place(words, ask.order_key, style, ask.at))
        return reply

    async def _tell(self, place: Destination, notice: Notice) -> None:
        delivery = Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, str(place))
        await self.recorder.store.deliveries.add([delivery], self.recorder.clock())
        self.recorder.wake({place})

    async def _carry_out(self, order: Ordered) -> None:
        match order:
            case Subscribe(wish):
                await self.recorder.subscribe(wish)
                await catch_up(self.recorder, wish.destination)
            case Unsubscribe(destination):
                await self.recorder.unsubscribe(destination)
            case ForService(service, wanted):
                await self.recorder.order(service, wanted)
            case Plan(window):
                await announce(self.recorder, window)
            case CallOff(number):
                await call_off(self.recorder, number)
            case Prove(deliveries):
                await drill(self.recorder, deliveries)
            case Report():
                await self.user_reports.take(order)
            case Allow(room):
                await self.recorder.store.rooms.allow(room)
                await self.access.read(asyncio.get_running_loop().time())
            case Disallow(place):
                await self._shut_out(place)

    async def _shut_out(self, place: Destination) -> None:
        """What it subscribed to would let it in again."""
        for held in [s for s in self.recorder.subscriptions if room_of(s.destination) == place]:
            await self.recorder.unsubscribe(held.destination)
        await self.recorder.store.rooms.disallow(place)
        await self.access.read(asyncio.get_running_loop().time())

    def _style(self, ask: Ask) -> Style:
        """As the place is written to anyway."""
        for wish in self.recorder.subscriptions:
            if wish.destination == ask.where:
                return wish.filter.style
        for audience in self.recorder.settings.audiences:
            if ask.where in audience.places:
                return audience.filter.style
        return self.style


async def drill(record: Recorder, deliveries: Sequence[Delivery]) -> None:
    """Queue test notices; whoever asks for `DRILL` gets what became of them."""
    await record.store.deliveries.add(deliveries, record.clock())
    await record.store.subscriptions.remember(DRILL, deliveries[0].notice.thread)
    record.wake({delivery.destination.kind for delivery in deliveries})

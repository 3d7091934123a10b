"""Answer an ask: check access and limits, load what the command needs, run it, carry out its orders."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot import wording
from bot.chat.access import EACH, Access, Admission, Pacer, PersonLimits, Turns
from bot.chat.commands import Line, parse, respond
from bot.chat.context import (
    Allow,
    AskForDigest,
    CallOff,
    CheckNow,
    CommandContext,
    Disallow,
    ForService,
    Ordered,
    Plan,
    RemoveFromDigest,
    Response,
    RetryAddress,
    SendDrill,
    SetPlace,
    Subscribe,
    SubscribeDigest,
    Unsubscribe,
    UnsubscribeDigests,
)
from bot.chat.digest_orders import carry_out, known_digests, shut_out
from bot.chat.loading import load
from bot.chat.on_demand_check import OnDemandChecker
from bot.contracts import Pace
from bot.delivery.rate_limit import RateLimit
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
from bot.notify import routing
from bot.store import StoreUnavailable
from bot.watch.user_reports import UserReports

log = logging.getLogger(__name__)

# An order given earlier than this is answered, not carried out.
STALE_AFTER = timedelta(minutes=10)
# Answers to stale asks in ten minutes.
STALE_ANSWERS_OF_PLACE, STALE_ANSWERS_OF_PLATFORM = 3, 30
STALE_WITHIN = 600.0
REMEMBERED_KEYS = 2_000
CHANGES_PLACE = (Subscribe, Unsubscribe, SetPlace, Allow, Disallow, SubscribeDigest, UnsubscribeDigests)


class RecentKeys:
    """The newest keys; the oldest are forgotten."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        self._keys[key] = None
        if len(self._keys) > REMEMBERED_KEYS:
            self._keys.popitem(last=False)

    def forget(self, key: str) -> None:
        self._keys.pop(key, None)


class PlatformQueue:
    """The asks of one platform that are worked on, and the pace of its answers."""

    def __init__(self, pace: Pace) -> None:
        self.turns, self.pacer = Turns(), Pacer(pace)


@dataclass
class Dispatcher:
    recorder: Recorder
    # Platform ids: a display name is whatever its bearer likes.
    admins: frozenset[str]
    style: Style
    user_reports: UserReports
    on_demand: OnDemandChecker
    # By kind of channel.
    limits: Mapping[str, Pace] = field(default_factory=dict)
    access: Access = field(init=False)
    _people: PersonLimits = field(default_factory=PersonLimits, init=False)
    _answered: RecentKeys = field(default_factory=RecentKeys, init=False)
    _ordered: RecentKeys = field(default_factory=RecentKeys, init=False)
    _stale_of_place: RateLimit[object, float] = field(
        default_factory=lambda: RateLimit(STALE_ANSWERS_OF_PLACE), init=False
    )
    _stale_of_platform: RateLimit[str, float] = field(
        default_factory=lambda: RateLimit(STALE_ANSWERS_OF_PLATFORM), init=False
    )
    _queues: dict[str, PlatformQueue] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.access = Access(self.recorder, self.admins)

    async def answer(self, ask: Ask) -> Text | None:
        """Answer, or return None: for an ask that was answered before, since platforms deliver some twice, and for a person
        who already knows that they may not ask, or not so often.
        """
        now, at, admin = self.recorder.clock(), asyncio.get_running_loop().time(), ask.who in self.admins
        try:
            ask = await self._at_home(ask)
            if not await self.access.admits(ask, at):
                return await self._refuse_stranger(ask, at)
            if ask.key in self._answered:
                return None
            verdict = self._people.take(ask.who, at, admin=admin)
            if verdict is not Admission.FINE or not self._answers_stale(ask, now, at, admin=admin):
                return wording.slow_down(EACH, self._style(ask)) if verdict is Admission.SLOWLY else None
            return await self._answer_in_turn(ask, now, at, admin=admin)
        except StoreUnavailable as error:
            self._answered.forget(ask.key)
            log.warning("a command was not answered: %s", error)
            return wording.no_records(self._style(ask))

    async def _at_home(self, ask: Ask) -> Ask:
        """The ask with its place as the config names it: "#newsroom" and C012 are one place. What was subscribed under
        the other name moves.
        """
        named = self.access.named
        own = next((place for place in ask.also if place.kind == ask.where.kind and place in named), None)
        if own is None or ask.where in named:
            return ask
        places = self.recorder.places
        if ask.where in places.settings or places.subscription(ask.where):
            await self.recorder.moved(ask.where, own)
        return replace(ask, where=own)

    # ── access and limits ─────────────────────────────────────────────────────────────────────────────────────────────

    async def _refuse_stranger(self, ask: Ask, at: float) -> Text | None:
        """Answer in one line, without counting, reading or storing anything."""
        if not self.access.answers(ask, at):
            return None
        here = ask.reply is not Reply.PRIVATE
        words = wording.stranger(f"allow {room_of(ask.where)}", self._style(ask), here=here)
        due = self._reserve(ask, at, admin=False)
        return words if due is not None and await self._wait(due) else None

    def _answers_stale(self, ask: Ask, now: datetime, at: float, *, admin: bool) -> bool:
        """True if the ask is answered however old it is. Only a few stale ones are: after a day away there may be hundreds."""
        if now - ask.at <= STALE_AFTER:
            return True
        who = ask.who if admin else room_of(ask.where)
        until = at + STALE_WITHIN
        if not self._stale_of_place.take(who, at, until):
            return False
        return admin or self._stale_of_platform.take(ask.where.kind, at, until)

    def _queue(self, kind: str) -> PlatformQueue:
        return self._queues.setdefault(kind, PlatformQueue(self.limits.get(kind, Pace())))

    def _reserve(self, ask: Ask, at: float, *, admin: bool) -> float | None:
        place = "" if ask.reply is Reply.ALONE else room_of(ask.where).place
        return self._queue(ask.where.kind).pacer.reserve(place, at, first=admin)

    async def _wait(self, due: float) -> bool:
        wait = due - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(wait)
        return True

    # ── commands ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _answer_in_turn(self, ask: Ask, now: datetime, at: float, *, admin: bool) -> Text | None:
        due = self._reserve(ask, at, admin=admin)
        if due is None:
            log.debug("too much is asked on %s: somebody is not answered", ask.where.kind)
            return None
        self._answered.add(ask.key)
        async with self._queue(ask.where.kind).turns.turn(admin=admin) as admitted:
            found = await self._respond(ask, now, admin=admin) if admitted else None
        # Outside of the turn: a site that does not answer holds up nobody else.
        if isinstance(found, CheckNow):
            known = self.recorder.settings.watched.get(found.service)
            found = await self.on_demand.answer(found, known, ask.who, self._style(ask))
        if found:
            await self._wait(due)
        return found

    async def _respond(self, ask: Ask, now: datetime, *, admin: bool) -> Text | CheckNow | None:
        stale = now - ask.at > STALE_AFTER
        asked_at, ask = ask.at, replace(ask, at=now) if stale or ask.at > now else ask
        line = parse(ask.text)
        if line.command.manages and not ask.may_manage and not admin and ask.prove:
            ask = replace(ask, may_manage=await ask.prove())
        ask = replace(ask, name=ask.name or wording.somebody(self._style(ask)))
        context = self._context(ask, line, admin=admin)
        if line.command.allows(ask, admin=admin):
            context = await load(line.command.loads, self.recorder, self.access, context)
        response = respond(line.command, context)
        if response.orders and isinstance(response.orders[0], CheckNow):
            return response.orders[0]
        if response.orders and stale:
            return wording.too_old(asked_at, context.style, now)
        return await self._carry_out_once(ask, response) if response.orders else response.reply

    def _context(self, ask: Ask, line: Line, *, admin: bool) -> CommandContext:
        """The context with all that is known without the database."""
        overview = self.recorder.overview_from_memory(ask.at - line.period)
        return CommandContext(
            ask,
            line.words,
            replace(overview, user_reports=self.user_reports.tallies(ask.who)),
            self._style(ask),
            routing.settled(self.recorder.settings.audiences, self.recorder.places.settings),
            admin,
            line.period,
            settings=self.recorder.places.of(ask.where),
            digests=known_digests(self.recorder),
        )

    # ── orders ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def _carry_out_once(self, ask: Ask, response: Response) -> Text | None:
        """Carry out the orders once, also when a platform delivers the ask again after a restart."""
        if ask.order_key in self._ordered:
            return None
        self._ordered.add(ask.order_key)
        only_reports = all(isinstance(order, Report) for order in response.orders)
        try:
            if not only_reports and not await self.recorder.store.subscriptions.once(f"order:{ask.order_key}", ask.at):
                return wording.taken_before(self._style(ask))
        except StoreUnavailable:
            self._ordered.forget(ask.order_key)
            raise
        changes = [
            order for order in response.orders if isinstance(order, CHANGES_PLACE) and self._changes_anything(order)
        ]
        for order in response.orders:
            await self._carry_out(order)
        if not only_reports:
            entry = AuditEntry(ask.at, ask.who, ask.name, ask.where, ask.text)
            await self.recorder.store.audit_log.add(entry)
        return await self._announce(ask, response.reply, changes[0]) if changes and response.reply else response.reply

    def _changes_anything(self, order: Ordered) -> bool:
        """False for a subscription that is there already."""
        if isinstance(order, Subscribe):
            current = self.recorder.places.subscription(order.subscription.destination)
            return current is None or current.filters != order.subscription.filters
        return True

    async def _announce(self, ask: Ask, reply: Text, order: Ordered) -> Text:
        """Name who changed what a place hears, to everybody in it: in the answer if they see it, else in a message."""
        style = self._style(ask)
        if isinstance(order, Allow | Disallow):
            allowed = isinstance(order, Allow)
            place = order.room.place if isinstance(order, Allow) else order.place
            words = wording.let_in(ask.name, style) if allowed else wording.shut_out(ask.name, style)
            if place == room_of(ask.where) and ask.reply in {Reply.PLACE, Reply.PRIVATE}:
                return replace(words, lines=(reply.title, *words.lines))
            await self._post(place, wording.of_a_place(words, ask.order_key, style, ask.at))
            return reply
        words = wording.changed(ask.name, reply, style)
        if ask.reply is Reply.PLACE:
            return words
        if ask.reply is not Reply.PRIVATE:
            await self._post(ask.where, wording.of_a_place(words, ask.order_key, style, ask.at))
        return reply

    async def _post(self, place: Destination, notice: Notice) -> None:
        delivery = Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, str(place))
        await self.recorder.store.deliveries.add([delivery], self.recorder.clock())
        self.recorder.wake({place})

    async def _carry_out(self, order: Ordered) -> None:
        match order:
            case Subscribe() | Unsubscribe() | SetPlace() | Allow() | Disallow():
                await self._change_place(order)
            case ForService(service, wanted):
                await self.recorder.order(service, wanted)
            case Plan(window):
                await announce(self.recorder, window)
            case CallOff(number):
                await call_off(self.recorder, number)
            case SendDrill(deliveries):
                await drill(self.recorder, deliveries)
            case Report():
                await self.user_reports.take(order)
            case SubscribeDigest() | UnsubscribeDigests() | AskForDigest() | RemoveFromDigest() | RetryAddress():
                await carry_out(order, self.recorder)

    async def _change_place(self, order: Subscribe | Unsubscribe | SetPlace | Allow | Disallow) -> None:
        match order:
            case Subscribe(subscription):
                await self.recorder.places.subscribe(subscription)
                await catch_up(self.recorder, subscription.destination)
            case Unsubscribe(destination):
                await self.recorder.places.unsubscribe(destination)
            case SetPlace(place, settings):
                await self.recorder.places.set(place, settings)
            case Allow(room):
                await self.recorder.store.rooms.allow(room)
                await self.access.read(asyncio.get_running_loop().time())
            case Disallow(place):
                await self._shut_out(place)

    async def _shut_out(self, place: Destination) -> None:
        """Also end its subscriptions: one of them would let it in again."""
        for subscription in [s for s in self.recorder.places.subscriptions if room_of(s.destination) == place]:
            await self.recorder.places.unsubscribe(subscription.destination)
        await shut_out(place, self.recorder)
        await self.recorder.store.rooms.disallow(place)
        await self.access.read(asyncio.get_running_loop().time())

    def _style(self, ask: Ask) -> Style:
        """The style of the place's audience, or what people set for it, else the default; in a private chat for which
        nobody set a language, the person's own.
        """
        known = routing.settled(self.recorder.settings.audiences, self.recorder.places.settings)
        style = routing.style_of(ask.where, known)
        if style is None:
            settings = self.recorder.places.of(ask.where)
            if ask.reply is Reply.PRIVATE and not settings.language:
                settings = replace(settings, language=wording.spoken(ask.language))
            style = settings.style(self.style)
        return replace(style, platform=ask.where.kind)


async def drill(recorder: Recorder, deliveries: Sequence[Delivery]) -> None:
    """Queue test notices, and remember them: `delivery drill` shows what became of them."""
    await recorder.store.deliveries.add(deliveries, recorder.clock())
    await recorder.store.subscriptions.remember(DRILL, deliveries[0].notice.thread)
    recorder.wake({delivery.destination.kind for delivery in deliveries})

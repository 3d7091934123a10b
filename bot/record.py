"""A round or an order comes in; judged, worded and routed it goes into the store in one transaction. The only writer of state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.judge.incidents import Step, step, watch_sight
from bot.judge.verdict import judge
from bot.model import (
    OURSELVES,
    Act,
    Audience,
    Change,
    Confidence,
    Delivery,
    Destination,
    Incident,
    Kind,
    Notice,
    Order,
    Overview,
    Round,
    Rules,
    Service,
    ServiceState,
    Style,
    Subscription,
    Wish,
)
from bot.store import Store
from bot.store.moves import Move, Situation
from bot.tell import routing, wording

Open = tuple[tuple[Service, Incident], ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """What the config says of services and readers."""

    services: Mapping[str, Service]
    rules: Mapping[str, Rules]
    audiences: tuple[Audience, ...]
    editable: frozenset[str]  # the channel kinds whose messages can be rewritten


@dataclass
class Record:
    store: Store
    setting: Setting
    clock: Callable[[], datetime]
    wake: Callable[[set[str]], None]  # tells the outbox for which kinds of channel there is something to send
    states: dict[str, ServiceState] = field(default_factory=dict)
    subscriptions: tuple[Subscription, ...] = ()

    async def load(self) -> None:
        """Take up where the last run stopped."""
        self.states = await self.store.moves.states()
        self.subscriptions = await self.store.people.subscriptions()
        for style in {audience.wish.style for audience in self.setting.audiences}:
            wording.reader(style, self.clock())  # a language's data is read now, not while an outage waits to be told

    async def seen(self, seen: Round) -> bool:
        """Judge a round. True while the service is in doubt or not up, so that it is looked at more often."""
        await self._watch_sight(seen)
        if seen.sighted or self._state(seen.service).streak.bad:
            await self._advance(seen.service, lambda state: self._judged(state, seen))
        state = self._state(seen.service)
        return state.incident is not None or state.streak.bad > 0 or state.unseen_since is not None

    async def order(self, service: str, order: Order) -> tuple[Change, ...]:
        """Carry out what a person commands; a repeated order changes nothing."""
        return await self._advance(service, lambda state: step(state, order, self._rules(service)))

    async def subscribe(self, wish: Subscription) -> None:
        await self.store.people.subscribe(wish)
        self.subscriptions = await self.store.people.subscriptions()

    async def unsubscribe(self, destination: Destination) -> bool:
        gone = await self.store.people.unsubscribe(destination)
        self.subscriptions = await self.store.people.subscriptions()
        return gone

    async def moved(self, old: Destination, new: Destination) -> None:
        """A destination has a new address: nobody loses a subscription over it."""
        await self.store.people.moved(old, new)
        self.subscriptions = await self.store.people.subscriptions()

    async def overview(self, since: datetime) -> Overview:
        """What every screen shows; `recent` goes back to `since`."""
        recent = await self.store.history.incidents(since, services=(*self.setting.services, OURSELVES))
        blind = self._state(OURSELVES).incident
        return Overview(
            at=self.clock(),
            services=tuple((s, self._state(s.id)) for s in self.setting.services.values()),
            recent=recent,
            subscriptions=self.subscriptions,
            blind_since=blind.since if blind else None,
        )

    async def _watch_sight(self, seen: Round) -> None:
        blind = self._state(OURSELVES).incident is not None
        if seen.sighted == blind:
            await self._advance(OURSELVES, lambda state: watch_sight(state, seen.at, sighted=seen.sighted))

    def _judged(self, state: ServiceState, seen: Round) -> Step:
        rules = self._rules(seen.service)
        return step(state, judge(seen, state.streak, rules), rules)

    def _state(self, service: str) -> ServiceState:
        return self.states.get(service) or ServiceState(service)

    def _rules(self, service: str) -> Rules:
        return self.setting.rules.get(service) or Rules()

    async def _advance(self, service: str, take: Callable[[ServiceState], Step]) -> tuple[Change, ...]:
        state = self._state(service)
        if take(state).state == state:
            return ()  # a steady service costs no transaction
        now = self.clock()

        def decide(situation: Situation) -> Move | None:
            taken = take(situation.state)
            if taken.state == situation.state:
                return None
            told = tuple(d for change in taken.changes for d in self._deliveries(change, situation, now))
            return Move(taken.state, taken.changes, told)

        move = await self.store.moves.move(service, decide, now)
        if move is None:  # somebody else was first: take up what they wrote
            self.states |= await self.store.moves.states()
            return ()
        self.states[service] = move.state
        if move.deliveries:
            self.wake({delivery.destination.kind for delivery in move.deliveries})
        return move.changes

    def _deliveries(self, change: Change, situation: Situation, now: datetime) -> tuple[Delivery, ...]:
        mute = situation.state.mute
        known = change.incident.id == situation.thread  # of what opens now nobody has heard
        told, heard = (situation.told, situation.heard) if known else (frozenset[Destination](),) * 2
        audiences = (*self.setting.audiences, *map(_alone, self.subscriptions))
        silent = mute is not None and mute.until > now
        hearers = routing.hearers(change, audiences, told, heard, muted=silent, now=now)
        wishes = {a.name: a.wish for a in audiences}
        service = self.setting.services.get(change.incident.service) or Service(OURSELVES, "Tocsin")
        words: dict[tuple[Style, Open, datetime | None], Notice] = {}
        rows: list[Delivery] = []
        for hearer in hearers:
            others = self._others(change, wishes[hearer.audience])
            manner = hearer.style, others, hearer.due
            notice = words[manner] = words.get(manner) or wording.notice(change, service, *manner)
            rows += _acts(notice, hearer, told=hearer.destination in told, editable=self.setting.editable)
        return tuple(rows)

    def _others(self, change: Change, wish: Wish) -> Open:
        """What else is known to be bad of what this reader follows: only an ending says so."""
        if change.kind is not Kind.RESTORED:
            return ()
        return tuple(
            (service, state.incident)
            for service in self.setting.services.values()
            if service.id != change.incident.service and routing.follows(wish, service.id)
            if (state := self._state(service.id)).incident is not None
            and state.incident.confidence is Confidence.CONFIRMED
        )


def _alone(wish: Subscription) -> Audience:
    return Audience(str(wish.destination), (wish.destination,), wish.wish)


def _acts(
    notice: Notice, hearer: routing.Hearer, *, told: bool, editable: Sequence[str] | frozenset[str]
) -> list[Delivery]:
    """The news first, then the first message brought up to it: an edit tells nobody, so it never goes before the news."""
    key = f"{notice.key}@{hearer.destination}"
    post = Delivery(key, hearer.destination, Act.POST, notice, hearer.audience, due=hearer.due)
    rows = [replace(post, ladders=hearer.ladders, within=hearer.within)]
    if told and notice.root is not None and hearer.destination.kind in editable:
        rows.append(replace(post, key=f"{key};edit", act=Act.EDIT))
    return rows

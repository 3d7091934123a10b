"""A round or an order comes in; judged, worded and routed it goes into the store in one transaction. The only writer of state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.judge.incidents import Step, step, unwatched, watch_sight
from bot.judge.verdict import judge
from bot.model import (
    DRILL,
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
    Trail,
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

    @property
    def readers(self) -> tuple[Audience, ...]:
        """The audiences of the config and, each as an audience of one, those who subscribed in a chat."""
        return (*self.setting.audiences, *map(_alone, self.subscriptions))

    def service(self, name: str) -> Service:
        """Of one that the config has no more only the key is known."""
        ours = "Tocsin" if name == OURSELVES else name
        return self.setting.services.get(name) or Service(name, ours)

    def muted(self, service: str) -> bool:
        return _silent(self._state(service), self.clock())

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

    async def unwatch(self, service: str) -> None:
        """Close what is open of a service that the config has no more, and tell who was told of it."""
        now = self.clock()
        await self._advance(service, lambda state: unwatched(state, now))

    async def tell_again(
        self,
        service: str,
        missed: Callable[[Situation], tuple[Change, Situation] | None],
        to: Callable[[Destination, Situation], bool],
    ) -> int:
        """Word and route a change for those who missed it: only to the places that `to` says, as `missed` makes the
        situation look. Nothing else is changed. How many messages were queued.
        """
        now = self.clock()

        def decide(situation: Situation) -> Move | None:
            if (found := missed(situation)) is None:
                return None
            change, seen = found
            rows = tuple(d for d in self._deliveries(change, seen, now) if to(d.destination, seen))
            return Move(situation.state, (), rows) if rows else None

        move = await self.store.moves.move(service, decide, now)
        if move is None:
            return 0
        self._taken(service, move)
        return sum(delivery.act is Act.POST for delivery in move.deliveries)

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

    async def trail(self, asked: str) -> Trail | None:
        """How "x#17" was told, or the newest incident of the service "x", or the last drill."""
        incident = await self.store.history.incident(asked)
        thread = incident.id if incident else await self.store.people.recall(DRILL) if asked == DRILL else None
        if thread is None:
            return None
        name = self.service(incident.service).name if incident else ""
        return Trail(incident, name, await self.store.deliveries.of_incident(thread), self.readers)

    async def drill(self, deliveries: Sequence[Delivery]) -> None:
        """Queue test notices; whoever asks for `DRILL` gets what became of them."""
        await self.store.deliveries.add(deliveries, self.clock())
        await self.store.people.remember(DRILL, deliveries[0].notice.thread)
        self.wake({delivery.destination.kind for delivery in deliveries})

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
        self._taken(service, move)
        return move.changes

    def _taken(self, service: str, move: Move) -> None:
        self.states[service] = move.state
        if move.deliveries:
            self.wake({delivery.destination.kind for delivery in move.deliveries})

    def _deliveries(self, change: Change, situation: Situation, now: datetime) -> tuple[Delivery, ...]:
        silent = _silent(situation.state, now)
        hearers = routing.hearers(change, self.readers, situation.told, situation.heard, muted=silent)
        wishes = {a.name: a.wish for a in self.readers}
        service = self.service(change.incident.service)
        words: dict[tuple[Style, Open], Notice] = {}
        rows: list[Delivery] = []
        for hearer in hearers:
            others = self._others(change, wishes[hearer.audience])
            notice = words.get((hearer.style, others)) or wording.notice(change, service, hearer.style, others)
            words[hearer.style, others] = notice
            rows += _acts(notice, hearer, told=hearer.destination in situation.told, editable=self.setting.editable)
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


def _silent(state: ServiceState, now: datetime) -> bool:
    return state.mute is not None and state.mute.until > now


def _alone(wish: Subscription) -> Audience:
    return Audience(str(wish.destination), (wish.destination,), wish.wish)


def _acts(
    notice: Notice, hearer: routing.Hearer, *, told: bool, editable: Sequence[str] | frozenset[str]
) -> list[Delivery]:
    """The news first, then the first message brought up to it: an edit tells nobody, so it never goes before the news."""
    key = f"{notice.key}@{hearer.destination}"
    post = Delivery(key, hearer.destination, Act.POST, notice, hearer.audience)
    rows = [replace(post, ladders=hearer.ladders, within=hearer.within)]
    if told and notice.root is not None and hearer.destination.kind in editable:
        rows.append(Delivery(f"{key};edit", hearer.destination, Act.EDIT, notice, hearer.audience))
    return rows

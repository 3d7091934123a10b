"""A round or an order comes in; judged, worded and routed it goes into the store in one transaction. The only writer of state."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot import wording
from bot.incidents.settings import Settings
from bot.judge import channel_health
from bot.judge.changes import Step
from bot.judge.coverage import Coverage
from bot.judge.incidents import only_worn, step, unwatched
from bot.judge.maintenance import occurrences
from bot.judge.maintenance_calendar import MaintenanceCalendar
from bot.judge.own_outage import track_own_outage
from bot.judge.verdict import judge, saw
from bot.model import (
    OURSELVES,
    Audience,
    Change,
    Confidence,
    Delivery,
    DeliveryAction,
    Destination,
    Incident,
    MaintenanceEffect,
    Notice,
    Order,
    Outcome,
    Overview,
    RefusalScope,
    Round,
    Rules,
    Service,
    ServiceState,
    Span,
    Streak,
    Subscription,
    delivering,
)
from bot.model.clock_shift import Moved, moved
from bot.notify import incident_fanout
from bot.store import Store, StoreUnavailable
from bot.store.incidents import Snapshot, Transition

log = logging.getLogger(__name__)

LONG_AGO = timedelta(days=400)  # as far back as any figure looks


@dataclass
class Recorder:
    store: Store
    settings: Settings
    clock: Callable[[], datetime]
    wake: Callable[[set[str] | set[Destination]], None]  # tells the outbox for whom there is something to send
    states: dict[str, ServiceState] = field(default_factory=dict)
    subscriptions: tuple[Subscription, ...] = ()
    ladders: dict[str, Audience] = field(default_factory=dict)  # by name: what is not taken is handed on by these
    maintenance: MaintenanceCalendar = field(default_factory=MaintenanceCalendar)
    coverage: Coverage = field(default_factory=Coverage)
    unwell: Callable[[], Mapping[str, datetime]] = dict  # the parts of our own that are unwell, and since when
    changed: Callable[[Service, ServiceState, ServiceState], None] = lambda *_: None  # hears of each new state
    _unwritten: dict[str, Streak] = field(default_factory=dict)  # by service: what could not be written down
    _open: dict[tuple[str, ...], wording.Others] = field(
        default_factory=dict
    )  # what is known to be bad, by what is followed

    @property
    def readers(self) -> tuple[Audience, ...]:
        """The audiences of the config and, each as an audience of one, those who subscribed in a chat."""
        return (*self.settings.audiences, *map(_alone, self.subscriptions))

    def service(self, name: str) -> Service:
        """Of one that the config has no more only the key is known."""
        ours = "Tocsin" if name == OURSELVES else name
        return self.settings.watched.get(name) or Service(name, ours)

    def muted(self, service: str) -> bool:
        return _silent(self._state(service), self.clock())

    def failing(self, service: str) -> bool:
        """Does it not answer, whether or not that may be told?"""
        state = self._state(service)
        return state.incident is not None or state.streak.bad_since is not None

    async def load(self) -> None:
        """Take up where the last run stopped."""
        now = self.clock()
        self.states = await self.store.incidents.states()
        await self._find_readers()
        again = (window for weekly in self.settings.weekly for window in occurrences(weekly, now))
        self.maintenance.load(await self.store.maintenance.windows(now - LONG_AGO), (*self.settings.windows, *again))
        for style in {audience.filter.style for audience in self.settings.audiences}:
            wording.reader(style, now)  # a language's data is read now, not while an outage waits to be told

    async def seen(self, seen: Round) -> bool:
        """Judge a round. True while the service is in doubt or not up, so that it is looked at more often."""
        self.coverage.note(seen, self.settings.holds, saw=saw(seen, self._rules(seen.service)))
        await self._track_own_outage(seen)
        self.maintenance.note_announced(seen)
        if seen.online or self._state(seen.service).streak.bad:
            await self._write_down(seen)
        state = self._state(seen.service)
        ill = state.incident is not None and not only_worn(state.incident)
        return ill or state.streak.bad > 0 or state.unseen_since is not None

    async def order(self, service: str, order: Order) -> tuple[Change, ...]:
        """Carry out what a person commands; a repeated order changes nothing."""
        return await self._advance(service, lambda state: step(state, order, self._rules(service)))

    async def unwatch(self, service: str, *, quietly: bool = False) -> None:
        """Close what is open of a service that the config has no more, and tell who was told of it."""
        now = self.clock()
        await self._advance(service, lambda state: unwatched(state, now), quietly=quietly)

    async def tell_again(
        self,
        service: str,
        missed: Callable[[Snapshot], tuple[Change, Snapshot] | None],
        to: Callable[[Destination, Snapshot], bool],
    ) -> int:
        """Word and route a change for those who missed it: only to the places that `to` says, as `missed` makes the
        situation look. Nothing else is changed. How many messages were queued.
        """
        now = self.clock()

        def decide(situation: Snapshot) -> Transition | None:
            if (found := missed(situation)) is None:
                return None
            change, seen = found
            rows = tuple(d for d in self._deliveries(change, seen, now) if to(d.destination, seen))
            return Transition(situation.state, (), rows) if rows else None

        move = await self.store.incidents.apply(service, decide, now)
        if move is None:
            return 0
        await self._taken(service, move)
        return sum(delivery.action is DeliveryAction.POST for delivery in move.deliveries)

    async def subscribe(self, wish: Subscription) -> None:
        await self.store.subscriptions.subscribe(wish)
        self.subscriptions = await self.store.subscriptions.subscriptions()

    async def unsubscribe(self, destination: Destination) -> bool:
        gone = await self.store.subscriptions.unsubscribe(destination)
        self.subscriptions = await self.store.subscriptions.subscriptions()
        return gone

    async def moved(self, old: Destination, new: Destination) -> None:
        """A destination has a new address: nobody loses a notice over it."""
        await self.store.subscriptions.moved(old, new)
        await self._find_readers()

    async def _find_readers(self) -> None:
        """Who subscribed, and where the places of the config are now: a file does not learn that a group has moved."""
        self.subscriptions = await self.store.subscriptions.subscriptions()
        self.settings = self.settings.found(await self.store.subscriptions.addresses())
        self.ladders.update({reader.name: reader for reader in self.settings.audiences if reader.ladder})

    async def overview(self, since: datetime) -> Overview:
        """What every screen shows; `recent` goes back to `since`."""
        recent, unseen = await self.recent(since), await self.unseen(since)
        return replace(self.overview_from_memory(since), recent=recent, unseen=unseen)

    async def recent(self, since: datetime) -> tuple[Incident, ...]:
        """Read the incidents of the services and of Tocsin itself, open or ended after `since`, newest first."""
        return await self.store.results.incidents(since, services=(*self.settings.services, OURSELVES))

    async def unseen(self, since: datetime) -> Mapping[str, tuple[Span, ...]]:
        """Read, by service, when it was not observed since then."""
        known = await self.store.rollups.stretches(since)
        return self.coverage.unseen(known, self.settings.services, self.settings.holds, (since, self.clock()))

    def overview_from_memory(self, since: datetime) -> Overview:
        """The overview without the parts that only the store knows; maintenance goes back to `since`."""
        blind = self._state(OURSELVES).incident
        return Overview(
            at=self.clock(),
            services=tuple((s, self._state(s.id)) for s in self.settings.services.values()),
            subscriptions=self.subscriptions,
            offline_since=blind.since if blind else None,
            channels=tuple((s, self._state(s.id)) for s in self.settings.channels.values()),
            down=self.down(),
            windows=tuple(self.maintenance.since(since)),
            unwell=self.unwell(),
        )

    def refreshed(self, overview: Overview) -> Overview:
        """An earlier overview, with all that is known without the store as it is now."""
        blind = self._state(OURSELVES).incident
        return replace(
            overview,
            at=self.clock(),
            services=tuple((s, self._state(s.id)) for s in self.settings.services.values()),
            offline_since=blind.since if blind else None,
            channels=tuple((s, self._state(s.id)) for s in self.settings.channels.values()),
            down=self.down(),
        )

    def step(self, move: Moved) -> None:
        """The clock has stepped; what is stored is moved already."""
        self.states = {name: moved(state, move) for name, state in self.states.items()}
        self._unwritten = {name: moved(streak, move) for name, streak in self._unwritten.items()}
        self._open.clear()

    def reworded(self, before: Change, after: Change, notice: Notice) -> Notice | None:
        """The notice of a change whose times have moved. None where it is worded otherwise than the change alone would be:
        for another rung, with what else is bad, by another config.
        """
        service, style = self.service(after.incident.service), notice.style
        was, now = (wording.notice(change, service, style) for change in (before, after))
        if was.words != notice.words:
            was, now = wording.advised(was, before.incident), wording.advised(now, after.incident)
        if was.words != notice.words:
            return None
        return replace(notice, words=now.words, root=now.root, line=now.line, at=now.at, since=now.since)

    async def settle(self, now: datetime) -> None:
        """Put right what a step of the clock that nobody saw has left: nothing that happened lies ahead."""
        if await self.store.incidents.settle(now):
            log.warning("the clock stepped while nobody saw it: what waited for times far ahead is due now")
            self.states |= await self.store.incidents.states()
            self._open.clear()

    def down(self) -> dict[str, datetime]:
        """The kinds of channel known to be dead, and since when."""
        kinds = dict.fromkeys((*self.settings.channels, *self.settings.stand_ins))
        return {kind: since for kind in kinds if (since := channel_health.down_since(*self._of_channel(kind)))}

    def outage(self, kind: str) -> tuple[datetime, datetime | None] | None:
        """When a kind of channel was last down: since when, and until when if it is over."""
        return channel_health.outage(*self._of_channel(kind))

    def _of_channel(self, kind: str) -> tuple[ServiceState, ServiceState]:
        """Its own health, and that of the service that stands for it."""
        return self._state(delivering(kind)), self._state(self.settings.stand_ins.get(kind, ""))

    async def refused(self, delivery: Delivery, why: str, scope: RefusalScope = RefusalScope.DESTINATION) -> None:
        """A place takes nothing, or did not take this one message: the admins hear of it, by other ways. Once a day of the
        place, once of a reason why it does not take a message.
        """
        admins, now, place = self.settings.admins, self.clock(), delivery.destination
        if admins is None:
            return
        readers = tuple(dict.fromkeys((delivery.audience, *delivery.ladders)))
        own = {admins.name, str(place), ""}
        missing, style = [r for r in readers if r not in own], admins.filter.style
        if scope is RefusalScope.MESSAGE:
            lost = [r for r in missing if r not in self.ladders or self.ladders[r].destinations[-1] == place]
            notice = wording.not_taken(delivery, why, lost, style, now)
        else:
            notice = wording.takes_nothing(place, why, missing, style, now)
        rows = [
            Delivery(f"{notice.key}@{d}", d, DeliveryAction.POST, notice, admins.name)
            for d in admins.destinations
            if d != place
        ]
        if rows and await self.store.deliveries.add(rows, now):
            self.wake({row.destination for row in rows})

    async def _take_up(self, states: Mapping[str, ServiceState]) -> None:
        """Channels that died or came back with it: what waits for them is urged on."""
        before, now = self.down(), self.clock()
        for name, state in states.items():
            self.changed(self.service(name), self._state(name), state)
        self.states |= states
        self._open.clear()
        after = self.down()
        with suppress(StoreUnavailable):  # it is only sooner: their deadlines, and their next tries, come anyway
            for kind in after.keys() - before.keys():
                await self.store.deliveries.expire_deadlines(kind, now)
            for kind in before.keys() - after.keys():
                await self.store.deliveries.retry_now(kind, now)
        if changed := before.keys() ^ after.keys():
            self.wake(set(changed))

    async def _track_own_outage(self, seen: Round) -> None:
        if slept := seen.asleep_since:
            await self._advance(OURSELVES, lambda own: track_own_outage(own, slept, online=False, starved=True))
        online, blind = seen.online and not seen.starved, self._state(OURSELVES).incident is not None
        if not online or (blind and _saw(seen)):
            starved = seen.starved
            await self._advance(OURSELVES, lambda own: track_own_outage(own, seen.at, online=online, starved=starved))

    async def _write_down(self, seen: Round) -> None:
        """What cannot be written is remembered: when the database is back, an outage has begun when it began."""
        try:
            await self._advance(seen.service, lambda state: self._judged(state, seen))
        except StoreUnavailable:
            self._unwritten[seen.service] = self._judged(self._state(seen.service), seen).state.streak
            raise
        self._unwritten.pop(seen.service, None)

    def worded(self, change: Change, to: frozenset[Destination] | None = None) -> tuple[Delivery, ...]:
        """The messages of a change as if nobody had heard of its incident, or only those of `to` had; without the store."""
        spread = incident_fanout.Spread() if to is None else incident_fanout.Spread(to, to)
        service, now = self.service(change.incident.service), self.clock()
        rows = incident_fanout.deliveries(change, service, self.addressed(), spread, self._others, muted=False, now=now)
        return tuple(row for row in rows if row.action is DeliveryAction.POST and row.due is None)

    def _judged(self, state: ServiceState, seen: Round) -> Step:
        if (streak := self._unwritten.get(seen.service)) is not None:
            state = replace(state, streak=streak)
        return self.judged(state, seen)

    def judged(self, state: ServiceState, seen: Round) -> Step:
        """What a round makes of a state, stored or not."""
        rules = self._rules(seen.service)
        verdict = judge(seen, state.streak, rules)
        ours = seen.service in self.settings.services  # the ways to people are in nobody's maintenance
        return step(
            state, verdict, rules, self.maintenance.effect(verdict, seen.service) if ours else MaintenanceEffect()
        )

    def _state(self, service: str) -> ServiceState:
        return self.states.get(service) or ServiceState(service)

    def _rules(self, service: str) -> Rules:
        return self.settings.rules.get(service) or Rules()

    async def _advance(
        self, service: str, take: Callable[[ServiceState], Step], *, quietly: bool = False
    ) -> tuple[Change, ...]:
        state = self._state(service)
        if take(state).state == state:
            return ()  # a steady service costs no transaction
        now = self.clock()

        def decide(situation: Snapshot) -> Transition | None:
            taken = take(situation.state)
            if taken.state == situation.state:
                return None
            news = () if quietly else taken.changes
            told = tuple(d for change in news for d in self._deliveries(change, situation, now))
            return Transition(taken.state, taken.changes, told)

        move = await self.store.incidents.apply(service, decide, now)
        if move is None:  # somebody else was first: take up what they wrote
            await self._take_up(await self.store.incidents.states())
            return ()
        await self._taken(service, move)
        return move.changes

    async def _taken(self, service: str, move: Transition) -> None:
        if move.deliveries:
            self.wake({delivery.destination for delivery in move.deliveries})
        await self._take_up({service: move.state})

    def _deliveries(self, change: Change, situation: Snapshot, now: datetime) -> tuple[Delivery, ...]:
        known = change.incident.id == situation.thread  # of what opens now nobody has heard
        return incident_fanout.deliveries(
            change,
            self.service(change.incident.service),
            self.addressed(),
            incident_fanout.Spread(situation.told, situation.heard) if known else incident_fanout.Spread(),
            self._others,
            muted=_silent(situation.state, now),
            now=now,
        )

    def addressed(self) -> incident_fanout.Readers:
        """Everybody who may be told, and the ways to them as they are now."""
        return incident_fanout.Readers(self.readers, self.settings.admins, self.down(), self.settings.editable)

    def _others(self, followed: tuple[str, ...]) -> wording.Others:
        """What is known to be bad of what a reader follows. Found once for all endings of the same moment."""
        if followed not in self._open:
            self._open[followed] = wording.Others(
                (service, state.incident)
                for service in self.settings.services.values()
                if not followed or service.id in followed
                if (state := self._state(service.id)).incident is not None
                and state.incident.confidence is Confidence.CONFIRMED
            )
        return self._open[followed]


def _silent(state: ServiceState, now: datetime) -> bool:
    return state.mute is not None and state.mute.until > now


def _saw(seen: Round) -> bool:
    """Does it prove that we see? What failed by an error of our own proves nothing."""
    return any(reading.outcome is not Outcome.INCONCLUSIVE for reading in seen.readings)


def _alone(wish: Subscription) -> Audience:
    return Audience(str(wish.destination), (wish.destination,), wish.filter)

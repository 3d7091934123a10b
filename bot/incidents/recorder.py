"""The only writer of state: judges a round or an order, words and routes its changes, and stores all in one
transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from bot import wording
from bot.incidents.overview import OpenIncidents, past, sees_well, track_own_outages
from bot.incidents.readdressing import reworded
from bot.incidents.refusals import tell_of_refusal
from bot.incidents.settings import Places, Settings
from bot.incidents.unwritten import Unwritten
from bot.judge import channel_health
from bot.judge.changes import Step
from bot.judge.incidents import bad_since, steady, step, unwatched
from bot.judge.maintenance import MaintenanceCalendar, occurrences
from bot.judge.uptime import Coverage
from bot.judge.verdict import judge, saw
from bot.model import (
    OURSELVES,
    Audience,
    Change,
    Delivery,
    DeliveryAction,
    Destination,
    MaintenanceEffect,
    Notice,
    Order,
    Overview,
    Reason,
    RefusalScope,
    Round,
    Rules,
    Service,
    ServiceState,
    Span,
    delivering,
)
from bot.model.clock_shift import Moved, moved
from bot.model.cluster import Claim
from bot.notify import fanout
from bot.own_health import OwnHealth
from bot.store import FencedError, Store, StoreUnavailable
from bot.store.incidents import Snapshot, Transition

log = logging.getLogger(__name__)

LONG_AGO = timedelta(days=400)  # no statistic looks further back
USUAL_RULES = Rules()


def no_outbox(_whom: set[str] | set[Destination]) -> None:
    """Nothing sends what is queued: the state is only read."""


@dataclass
class Recorder:
    store: Store
    settings: Settings
    clock: Callable[[], datetime]
    # Wakes the outbox for these destinations or kinds of channel.
    wake: Callable[[set[str] | set[Destination]], None] = no_outbox
    states: dict[str, ServiceState] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)  # of the states that we wrote or were told of
    places: Places = field(init=False)
    maintenance: MaintenanceCalendar = field(default_factory=MaintenanceCalendar)
    coverage: Coverage = field(default_factory=Coverage)
    own_health: OwnHealth = field(default_factory=OwnHealth)
    changed: Callable[[Service, ServiceState, ServiceState], None] | None = None  # called with each new state
    _unwritten: dict[str, Unwritten] = field(default_factory=dict)  # by service: what could not be stored
    _open: OpenIncidents = field(default_factory=OpenIncidents)
    # `readers`, and what they were made from.
    _readers: tuple[tuple[object, ...], tuple[Audience, ...]] | None = None

    def __post_init__(self) -> None:
        self.places = Places(self.store)

    @property
    def readers(self) -> tuple[Audience, ...]:
        """The audiences of the config and, each as an audience of one, the subscriptions made in chats."""
        sources = self.settings, self.places.subscriptions, self.places.settings
        if self._readers is None or any(a is not b for a, b in zip(self._readers[0], sources, strict=True)):
            self._readers = sources, self.settings.readers(self.places.subscriptions, self.places.settings)
        return self._readers[1]

    @property
    def ladders(self) -> Mapping[str, Audience]:
        return self.settings.ladders

    def service(self, name: str) -> Service:
        """The service; one that was removed from the config is known only by its key."""
        ours = "Tocsin" if name == OURSELVES else name
        return self.settings.watched.get(name) or Service(name, ours)

    def muted(self, service: str) -> bool:
        return self._state(service).muted(self.clock())

    def failing(self, service: str) -> bool:
        """True if the service fails, even if that is not announced."""
        state = self._state(service)
        return state.incident is not None or state.streak.bad_since is not None

    def bad_since(self, service: str) -> datetime | None:
        """The first failed round of the service's present trouble; None while our own checks see none."""
        return bad_since(self._state(service))

    async def load(self) -> None:
        """Restore the state of the last run."""
        now = self.clock()
        self.states = await self.store.incidents.states()
        await self.find_readers()
        again = (window for weekly in self.settings.weekly for window in occurrences(weekly, now))
        self.maintenance.load(await self.store.maintenance.windows(now - LONG_AGO), (*self.settings.windows, *again))
        wording.prepare({style for one in self.readers for style in one.styles}, now)

    def change(self, settings: Settings) -> None:
        """Go by other settings from now on."""
        self.settings = settings
        self._open.forget()

    async def seen(self, seen: Round) -> bool:
        """Record a round. Return True while the service is in doubt or not up, so that it is checked more often."""
        service = seen.service
        rules, before = self.settings.rules.get(service) or USUAL_RULES, self.states.get(service)
        is_steady = before is not None and steady(before, seen, rules) and service not in self._unwritten
        self.coverage.note(seen, self.settings.holds, saw=is_steady or saw(seen, rules))
        self.store.ownership.see(online=seen.online)
        claim = self.store.ownership.claim(service)  # raises if it is not ours
        self.maintenance.note_announced(seen)
        try:
            await self._track_own_outage(seen, claim)
            if is_steady and self.states.get(service) is before:
                return False
            if seen.online or self.latest(service).streak.bad:
                await self._advance(service, partial(self._judged, seen=seen, claim=claim), claim=claim)
                self._unwritten.pop(service, None)
        except FencedError:
            self._unwritten.pop(service, None)  # another node watches it by now
            raise
        except StoreUnavailable:
            self._keep(seen, claim)
            raise
        state = self._state(service)
        ill = state.incident is not None and not state.incident.only_worn
        return ill or state.streak.bad > 0 or state.unseen_since is not None

    async def order(self, service: str, order: Order) -> tuple[Change, ...]:
        """Carry out a person's order; a repeated one changes nothing."""
        return await self._advance(service, lambda state: step(state, order, self._rules(service)))

    async def unwatch(self, service: str, *, quietly: bool = False) -> None:
        """Close the open incident of a service removed from the config, and notify its readers."""
        now = self.clock()
        await self._advance(service, lambda state: unwatched(state, now), quietly=quietly)

    async def tell_again(
        self,
        service: str,
        missed: Callable[[Snapshot], tuple[Change, Snapshot] | None],
        to: Callable[[Destination, Snapshot], bool],
    ) -> int:
        """Queue a change again for readers who missed it, without changing any state. `missed` picks the change and the
        snapshot to route it with, `to` the destinations. Return the number of messages.
        """
        now = self.clock()

        def decide(situation: Snapshot) -> Transition | None:
            if (found := missed(situation)) is None:
                return None
            change, seen = found
            rows = tuple(d for d in self._deliveries((change,), seen, now) if to(d.destination, seen))
            return Transition(situation.state, (), rows) if rows else None

        move = await self.store.incidents.apply(service, decide, now)
        if move is None:
            return 0
        await self._taken(service, move)
        return sum(delivery.action is DeliveryAction.POST for delivery in move.deliveries)

    async def moved(self, old: Destination, new: Destination) -> None:
        """Take over a destination's new address, so that its readers lose no notice."""
        await self.store.subscriptions.moved(old, new)
        await self.find_readers()

    async def find_readers(self) -> None:
        """Load the subscriptions and the present addresses of the config's destinations: a file does not learn that a
        group has moved.
        """
        await self.places.load()
        self.settings = self.settings.found(await self.store.subscriptions.addresses())

    async def overview(self, since: datetime) -> Overview:
        """The state for all screens; `recent` goes back to `since`."""
        known, unseen = await past(self.store, self.settings, since), await self.unseen(since)
        overview = self.overview_from_memory(since)
        return replace(overview, recent=known.incidents, outages=known.outages, unseen=unseen)

    async def unseen(self, since: datetime) -> Mapping[str, tuple[Span, ...]]:
        """Read, by service, when it was not observed since then."""
        known = await self.store.rollups.stretches(since)
        services, ours = self.settings.services, self.store.ownership.epoch
        elsewhere = {name for name in services if ours(name) is None}
        return self.coverage.unseen(known, services, self.settings.holds, (since, self.clock()), elsewhere)

    def overview_from_memory(self, since: datetime) -> Overview:
        """The overview without the parts that only the store knows; maintenance goes back to `since`."""
        return self.refreshed(
            Overview(
                at=self.clock(),
                services=(),
                subscriptions=self.places.subscriptions,
                windows=tuple(self.maintenance.since(since)),
                unwell=self.own_health.unwell,
            )
        )

    def refreshed(self, overview: Overview) -> Overview:
        """An earlier overview, updated with everything known without the store."""
        blind = self._state(OURSELVES).incident
        return replace(
            overview,
            at=self.clock(),
            services=tuple((s, self.latest(s.id)) for s in self.settings.services.values()),
            offline_since=blind.since if blind else None,
            channels=tuple((s, self._state(s.id)) for s in self.settings.channels.values()),
            down=self.down(),
            cluster=self.store.ownership.view(),
        )

    def step(self, move: Moved) -> None:
        """Correct the state in memory after a clock step; the store is corrected already."""
        self.states = {name: moved(state, move) for name, state in self.states.items()}
        self._unwritten = {name: moved(kept, move) for name, kept in self._unwritten.items()}
        self._open.forget()

    def reworded(self, before: Change, after: Change, notice: Notice) -> Notice | None:
        """The notice of a change whose times were corrected, see `reworded`."""
        return reworded(self.service(after.incident.service), before, after, notice)

    async def settle(self, now: datetime) -> None:
        """Repair times after an unnoticed clock step: no past event may lie in the future."""
        if await self.store.incidents.settle(now):
            log.warning("the clock stepped while nobody saw it: what waited for times far ahead is due now")
            self.states |= await self.store.incidents.states()
            self._open.forget()

    def down(self) -> dict[str, datetime]:
        """Kinds of channel known to be down, and since when."""
        kinds = dict.fromkeys((*self.settings.channels, *self.settings.stand_ins))
        return {kind: since for kind in kinds if (since := channel_health.down_since(*self._of_channel(kind)))}

    def outage(self, kind: str) -> tuple[datetime, datetime | None] | None:
        """Start and end of a kind of channel's latest outage; the end is None if it is still down."""
        return channel_health.outage(*self._of_channel(kind))

    def _of_channel(self, kind: str) -> tuple[ServiceState, ServiceState]:
        """State of the channel's own health, and of the service that stands for it."""
        return self._state(delivering(kind)), self._state(self.settings.stand_ins.get(kind, ""))

    async def refused(self, delivery: Delivery, why: Reason, scope: RefusalScope = RefusalScope.DESTINATION) -> None:
        """Notify the admins that a destination refuses messages, or refused this one."""
        await tell_of_refusal(self, delivery, why, scope)

    async def take_up(self, states: Mapping[str, ServiceState]) -> None:
        """Take over new states; wake deliveries that wait for a channel that went down or came back."""
        before, now = self.down(), self.clock()
        if self.changed:
            for name, state in states.items():
                self.changed(self.service(name), self._state(name), state)
        self.states |= states
        self._open.note(states)
        after = self.down()
        with suppress(StoreUnavailable):  # only a shortcut: deadlines and retries take effect anyway
            for kind in after.keys() - before.keys():
                await self.store.deliveries.expire_deadlines(kind, now)
            for kind in before.keys() - after.keys():
                await self.store.deliveries.retry_now(kind, now)
        if changed := before.keys() ^ after.keys():
            self.wake(set(changed))

    async def _track_own_outage(self, seen: Round, claim: Claim | None) -> None:
        own = self.states.get(OURSELVES)
        if not sees_well(seen) or (own is not None and own.incident is not None):
            advance = partial(self._advance, OURSELVES, claim=claim)
            await track_own_outages(seen, lambda: self._state(OURSELVES), advance, self.store.ownership)

    def _keep(self, seen: Round, claim: Claim | None) -> None:
        """Keep what a round showed that could not be stored: it is stored with the next one that can be."""
        if seen.online or self.latest(seen.service).streak.bad:
            state, kept = self._state(seen.service), self._kept(seen.service, claim)
            now = self._judged(state, seen, claim)
            self._unwritten[seen.service] = kept.then(now, state) if kept else Unwritten(claim, state, now, now)

    def worded(self, change: Change, to: frozenset[Destination] | None = None) -> tuple[Delivery, ...]:
        """The messages of a change as if nobody had been notified of its incident, or only `to`; without the store."""
        spread = fanout.Spread() if to is None else fanout.Spread(to, to)
        rows = self._spread(change, spread, muted=False, now=self.clock())
        return tuple(row for row in rows if row.action is DeliveryAction.POST and row.due is None)

    def _judged(self, state: ServiceState, seen: Round, claim: Claim | None) -> Step:
        kept, rules = self._kept(seen.service, claim), self._rules(seen.service)
        before = kept.resumed(state) if kept else Step(state)
        verdict = judge(seen, before.state.streak, rules)
        ours = seen.service in self.settings.services  # channels are not subject to maintenance
        planned = self.maintenance.effect(verdict, seen.service) if ours else MaintenanceEffect()
        after = step(before.state, verdict, rules, planned)
        return Step(after.state, (*before.changes, *after.changes))

    def _kept(self, service: str, claim: Claim | None) -> Unwritten | None:
        """What could not be stored, unless another node has watched the service since: that one knows better."""
        kept = self._unwritten.get(service)
        return kept if kept and kept.claim == claim else None

    def latest(self, service: str) -> ServiceState:
        """The state of a service, with what could not be stored."""
        stored, kept = self._state(service), self._unwritten.get(service)
        ours = kept and (kept.claim is None or kept.claim.epoch == self.store.ownership.epoch(service))
        return kept.resumed(stored).state if kept and ours else stored

    def _state(self, service: str) -> ServiceState:
        return self.states.get(service) or ServiceState(service)

    def _rules(self, service: str) -> Rules:
        rules = self.settings.rules.get(service) or USUAL_RULES
        if not (ages := self.places.waits(service)):
            return rules
        return replace(rules, milestones=tuple(sorted({*rules.milestones, *ages})))

    async def _advance(
        self,
        service: str,
        take: Callable[[ServiceState], Step],
        *,
        quietly: bool = False,
        claim: Claim | None = None,
    ) -> tuple[Change, ...]:
        state = self._state(service)
        if (foreseen := take(state)).state == state:
            return ()  # a steady service costs no transaction
        now = self.clock()

        def decide(situation: Snapshot) -> Transition | None:
            taken = foreseen if situation.state == state else take(situation.state)
            if taken.state == situation.state:
                return None
            told = self._deliveries(() if quietly else taken.changes, situation, now)
            return Transition(taken.state, taken.changes, told)

        ends = state.incident is not None and foreseen.state.incident is None
        with self._open.ending(service) if ends else nullcontext():
            move = await self.store.incidents.apply(service, decide, now, claim)
        if move is None:  # another writer was first: take over its state
            await self.take_up(await self.store.incidents.states())
            return ()
        await self._taken(service, move)
        return move.changes

    async def _taken(self, service: str, move: Transition) -> None:
        if move.deliveries:
            self.wake({delivery.destination for delivery in move.deliveries})
        self.versions[service] = max(move.version, self.versions.get(service, 0))
        await self.take_up({service: move.state})

    def _deliveries(self, changes: Sequence[Change], situation: Snapshot, now: datetime) -> tuple[Delivery, ...]:
        make = partial(self._spread, muted=situation.state.muted(now), now=now)
        return fanout.together(changes, situation.thread, fanout.Spread(situation.told, situation.heard), make)

    def _spread(self, change: Change, spread: fanout.Spread, *, muted: bool, now: datetime) -> tuple[Delivery, ...]:
        service = self.service(change.incident.service)
        return fanout.deliveries(change, service, self.addressed(), spread, self._others, muted=muted, now=now)

    def addressed(self) -> fanout.Readers:
        """All readers, and the present state of their channels."""
        return fanout.Readers(self.readers, self.settings.admins, self.down(), self.settings.editable)

    async def unwanted(self, delivery: Delivery) -> str:
        """Why a queued digest is not to be sent any more; empty for what is."""
        return await self.places.digests.unwanted(delivery, self.settings.digests)

    def others(self, audience: str, place: Destination) -> wording.Others:
        """Confirmed open incidents among the services that an audience follows; once it is renamed, whoever reads there."""
        named = [one for one in self.readers if one.name == audience]
        readers = named or [one for one in self.readers if place in one.places]
        return self._others(tuple(one.filter for one in readers))

    def _others(self, followed: fanout.Followed) -> wording.Others:
        """Confirmed open incidents among the services a reader follows."""
        return self._open.among(self.settings.services.values(), self._state, followed)

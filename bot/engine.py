"""The engine: store, recorder, outbox and rounds, joined in one way. It opens no socket, and nothing listens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from bot.clock import SYSTEM, Clock
from bot.contracts import Check, Net
from bot.delivery.outbox import Outbox
from bot.delivery.rate_limit import OpenChannel
from bot.incidents.recorder import Recorder
from bot.incidents.settings import Settings
from bot.model import OURSELVES, Round, Service, ServiceState
from bot.model.cluster import Share
from bot.own_health import OwnHealth
from bot.store import Store
from bot.watch.checks import HeartbeatCheck
from bot.watch.heartbeats import HeartbeatRegistry
from bot.watch.rounds import Rounds, Watched
from bot.watch.user_reports import UserReports
from bot.watch.witness.registry import WitnessRegistry


class Engine:
    """All that works between the checks and the channels.

    `clock`: the time of all that is stored. `heartbeats`: the heartbeat routes, by service and route. `changed` is
    called with each new state.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        channels: Mapping[str, OpenChannel],
        clock: Callable[[], datetime],
        *,
        heartbeats: Mapping[tuple[str, str], HeartbeatCheck] | None = None,
        own_health: OwnHealth | None = None,
        changed: Callable[[Service, ServiceState, ServiceState], None] | None = None,
    ) -> None:
        self.store, self.clock = store, clock
        self.own_health = own_health or OwnHealth(clock)
        self.recorder = Recorder(store, settings, clock, own_health=self.own_health, changed=changed)
        self.outbox = Outbox(store.deliveries, channels, clock, self.recorder, store.ownership, settings.site)
        self.recorder.wake = self.outbox.wake
        store.ownership.finish_first(self.outbox.busy)
        store.ownership.on_change(self._changed_hands)
        self._rounds: Rounds | None = None
        self.watched: Mapping[str, Watched] = {}
        self.heartbeats = HeartbeatRegistry(heartbeats or {}, store, clock, self.offline_since)
        self.user_reports = UserReports(store, clock, bad_since=self.recorder.bad_since)

    def offline_since(self) -> datetime | None:
        """Start of our own present outage, or None."""
        ours = self.recorder.states.get(OURSELVES)
        return ours.incident.since if ours and ours.incident else None

    async def load(self) -> None:
        """Restore the state of the last run. May raise StoreUnavailable."""
        await self.store.ownership.offer(self.recorder.settings.watched)
        await self.recorder.load()
        await self.heartbeats.load()
        await self.user_reports.load()

    def watch(
        self,
        watched: Sequence[Watched],
        canaries: Sequence[Check],
        net: Net,
        *,
        seen: Callable[[Round], Awaitable[bool]] | None = None,
        clock: Clock = SYSTEM,
        places: WitnessRegistry | None = None,
    ) -> Rounds:
        """The rounds of these services; what they see goes to `seen`, or else to the recorder. `places`: the readings
        of the witnesses.
        """
        rounds = Rounds(
            watched,
            canaries,
            net,
            seen=seen or self.recorder.seen,
            crowd=self.user_reports.report,
            clock=clock,
            own_health=self.own_health,
            epoch=self.store.ownership.epoch,
            places=places,
        )
        self.user_reports.again = rounds.again
        if places:
            places.again = rounds.again
        self._rounds, self.watched = rounds, {one.service.id: one for one in watched}
        return rounds

    def change(self, settings: Settings, watched: Sequence[Watched], canaries: Sequence[Check] | None) -> None:
        """Put other settings in force, in one step. What is the same object as before is not touched. `canaries`: None:
        they stay.
        """
        self.recorder.change(settings)
        self.outbox.site = settings.site
        self.watched = {one.service.id: one for one in watched}
        if self._rounds is not None:
            self._rounds.change(watched, canaries)

    def _changed_hands(self, won: frozenset[Share], lost: frozenset[Share]) -> None:
        """Begin with the shares that are ours from now on, and forget what only their owner knows of the others."""
        announced = self.recorder.maintenance.announced
        for name in [name for name in announced if self.store.ownership.share_of(name) in lost]:
            del announced[name]
        if self._rounds is not None:
            share_of = self.store.ownership.share_of
            self._rounds.won([name for name in self.recorder.settings.watched if share_of(name) in won])
        self.outbox.wake()

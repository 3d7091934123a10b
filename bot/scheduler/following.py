"""What a node does among others.

It keeps what is in memory like what they have written, at most a second late; shares what witnesses report, as each
reports to one of them; and runs some parts only while a role is its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from bot.clock import steady
from bot.engine import Engine
from bot.incidents.reconciler import reconcile
from bot.model import Reason, ReasonCode
from bot.model.cluster import SCHEDULER, Share
from bot.own_health import Part
from bot.scheduler.jobs import retrying
from bot.store import StoreUnavailable
from bot.store.feed import BEAT, Subject
from bot.store.ownership import AllOurs, Ownership
from bot.store.witnesses import WitnessStore
from bot.watch.witness.registry import WAIT, WAIT_SHARED, WitnessRegistry

log = logging.getLogger(__name__)

EVERY = 0.8  # seconds between two looks, if nothing notifies us sooner
APART = 0.05  # seconds between two looks at least: a storm notifies often
AGAIN = 60.0  # seconds until listening is tried again, where it did not work
RECENT = timedelta(days=1)  # windows that ended before this do not change
LOOK = 0.25  # seconds between two looks ...
RARELY = 3600.0  # ... and where nobody could take it: then each is a waking of the process for nothing
AT_ONCE = 1.0  # a part that ends sooner than this many seconds had nothing to do
SHARED_EVERY = 0.5  # seconds between two looks
FORGET = 600.0  # seconds between two deletions of old rows


@dataclass
class Following:
    engine: Engine
    read_rooms: Callable[[], Awaitable[object]] | None = None  # who may ask has changed
    listened: bool | None = None  # whether notifications come; None: not tried yet
    _since: int | None = None
    _queued: int = 0  # id of the newest delivery
    _named: frozenset[str] = frozenset()
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.engine.store.ownership.on_change(lambda _won, _lost: self._heard.set())

    async def run(self, stop: asyncio.Event) -> None:
        """Look until the stop."""
        listening = asyncio.create_task(self._listen(stop), name="notifications")
        try:
            while not stop.is_set():
                self._heard.clear()
                with retrying("follow what other nodes write, which the next look does"):
                    await self.look()
                await asyncio.sleep(APART)
                with suppress(TimeoutError):
                    async with asyncio.timeout(EVERY):
                        await self._heard.wait()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def look(self) -> None:
        """Take over what was written since the last look. May raise StoreUnavailable."""
        if self._since is None:
            self._since = 0  # what was written while we loaded
        news = await self.engine.store.feed.news(self._since)
        record = self.engine.recorder
        written = {name: row for name, row in news.states.items() if row[0] > record.versions.get(name, 0)}
        record.versions |= {name: version for name, (version, _) in written.items()}
        states = {name: state for name, (_, state) in written.items() if state != record.states.get(name)}
        if states:
            await record.take_up(states)
        if written or news.queued > self._queued:
            self.engine.outbox.wake()  # the channel may be ours
        self._queued = news.queued
        for subject in map(Subject, news.subjects):
            await self._reload(subject)
        self._since = news.mark
        self._compare()
        named, self._named = self._named, self.engine.store.ownership.named()
        if named is not self._named and named - self._named and self.engine.store.ownership.owns(SCHEDULER):
            await reconcile(record)  # the last node that named a service has let it go

    def _compare(self) -> None:
        """Report a node with another config; one node does it for all."""
        ownership, health = self.engine.store.ownership, self.engine.own_health
        others = ownership.view().differing if ownership.owns(SCHEDULER) else ()
        if others:
            health.report(Part.CONFIG, Reason.of(ReasonCode.CONFIGS_DIFFER, nodes=", ".join(others)), "nodes")
        else:
            health.clear(Part.CONFIG, "nodes")

    async def _reload(self, subject: Subject) -> None:
        record = self.engine.recorder
        match subject:
            case Subject.PLACES:
                await record.find_readers()
            case Subject.MAINTENANCE:
                now = record.clock()
                for window in await self.engine.store.maintenance.windows(now - RECENT):
                    record.maintenance.put(window, now)
            case Subject.REPORTS:
                await self.engine.user_reports.refresh()
            case Subject.HEARTBEATS:
                await self.engine.heartbeats.refresh()
            case Subject.ROOMS:
                if self.read_rooms is not None:
                    await self.read_rooms()

    async def _listen(self, stop: asyncio.Event) -> None:
        """Listen for notifications, anew whenever the session is lost."""
        while not stop.is_set():
            with suppress(StoreUnavailable):
                async with self.engine.store.feed.listening(self._hear) as works:
                    if works is not self.listened:
                        log.info("changes of other nodes are %s", "notified" if works else "looked for each second")
                    self.listened = works
                    while works and await self.engine.store.feed.lives():  # noqa: ASYNC110 - a lost session says nothing
                        await asyncio.sleep(EVERY * 5)
            await asyncio.sleep(1 if self.listened else AGAIN)

    def _hear(self, what: str) -> None:
        if what == BEAT:
            self.engine.store.ownership.wake()
        else:
            self._heard.set()


async def while_ours(ownership: Ownership, role: Share, run: Callable[[], Awaitable[None]]) -> None:
    """Wait until the role is ours, run the part, and cancel it once the role is not ours any more; again and again.

    Return or raise when the part does by itself, unless it had nothing to do.
    """
    while True:
        await _until(ownership, role, ours=True)
        began = steady()
        part, losing = asyncio.ensure_future(run()), asyncio.create_task(_until(ownership, role, ours=False))
        try:
            await asyncio.wait([part, losing], return_when=asyncio.FIRST_COMPLETED)
            if part.done():
                part.result()
                if steady() - began >= AT_ONCE:
                    return
                await losing
        finally:
            losing.cancel()
            part.cancel()
            await asyncio.gather(part, losing, return_exceptions=True)


async def _until(ownership: Ownership, role: Share, *, ours: bool) -> None:
    while ownership.plays(role) is not ours:  # noqa: ASYNC110 - a lease ends by time, without an event
        await asyncio.sleep(RARELY if isinstance(ownership, AllOurs) else LOOK)


@dataclass
class WitnessSharing:
    """`several`: whether other nodes live; alone, nothing is written or read."""

    registry: WitnessRegistry
    store: WitnessStore
    several: Callable[[], bool]
    _mark: float | None = None
    _turns: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with retrying("share what the witnesses tell, which the next look does"):
                await self.turn()
            with suppress(TimeoutError):
                async with asyncio.timeout(SHARED_EVERY):
                    await stop.wait()

    async def turn(self) -> None:
        """Write what was heard here, and take over what others have heard."""
        told = self.registry.outgoing()
        if not self.several():
            self.registry.wait, self._mark = WAIT, None
            return
        self.registry.wait = WAIT_SHARED
        await self.store.share(*told)
        news = await self.store.news(self._mark)
        self._mark = news.mark
        self.registry.adopt(news)
        self._turns += 1
        if self._turns * SHARED_EVERY >= FORGET:
            self._turns = 0
            await self.store.forget()

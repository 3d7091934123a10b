"""Periodic jobs: digests, roll-ups, pruning, reconciliation, maintenance, mails that come back, signs of life; and writing
what checks have found, which is kept in memory while the database is away.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from bot import wording
from bot.channels.email import EmailSettings
from bot.config import Config
from bot.contracts import Answer, Net
from bot.delivery.outbox import Outbox
from bot.errors import fault, is_over, say_once
from bot.incidents.maintenance import keep
from bot.incidents.reconciler import reconcile
from bot.incidents.recorder import Recorder
from bot.model import Reading, Reason, ReasonCode
from bot.model.cluster import SCHEDULER
from bot.model.witnesses import of_witness
from bot.own_health import OwnHealth, Part
from bot.scheduler.bounces import Bounces, MailboxUnavailable
from bot.scheduler.digests import Digests
from bot.store import FencedError, Store, StoreUnavailable
from bot.store.ownership import AllOurs
from bot.watch.heartbeats import HeartbeatRegistry
from bot.watch.user_reports import UserReports

log = logging.getLogger(__name__)

PULSE = timedelta(seconds=5)
PLANS = timedelta(seconds=5)  # how late the start or end of maintenance may be noticed
DIGESTS = timedelta(seconds=5)
BOUNCES = timedelta(minutes=10)
ROLL = timedelta(minutes=5)
HOURLY = timedelta(hours=1)
SOON = timedelta(minutes=5)  # first run after a start, so that a daemon restarted every half hour prunes too
AGAIN = 60.0  # longest wait in seconds after a failed run
BETWEEN = 0.05  # seconds between two steps of a roll-up, for everybody else who writes
MOST = 100_000  # results kept in memory at most: some tens of megabytes
AT_ONCE = 10_000  # results per transaction


@dataclass(frozen=True, slots=True)
class Job:
    name: str
    work: Callable[[], Awaitable[None]]
    every: timedelta
    first: timedelta | None = None  # after a start; None: after `every`
    everywhere: bool = False  # on each node of a cluster, not on one for all


@dataclass
class Scheduler:
    config: Config
    store: Store
    net: Net
    recorder: Recorder
    outbox: Outbox
    user_reports: UserReports
    clock: Callable[[], datetime]
    own_health: OwnHealth = field(default_factory=OwnHealth)
    _withheld: bool = False

    def all(self) -> tuple[Job, ...]:
        digests = Digests(self.store, self.recorder, self.outbox, self.clock)
        jobs = [
            Job("note that we live", self._send_heartbeat, PULSE, everywhere=True),
            # Each node hears of what the pages of its services plan; a window's row lets nobody announce it twice.
            Job("keep to what is planned", self._refresh_maintenance, PLANS, everywhere=True),
            Job("roll up results", self._roll, ROLL),
            Job("forget what is old", self._prune, HOURLY, SOON),
            Job("hold what was told against what is so", self._reconcile, HOURLY),
        ]
        if self.config.digests:
            jobs.append(Job("send the digests that are due", digests.send_due, DIGESTS, timedelta(0)))
        mail = self.config.opened_channels().get("email")
        if isinstance(mail, EmailSettings) and mail.bounces:
            jobs.append(Job("read what came back by mail", Bounces(mail, self.recorder).look, BOUNCES, SOON))
        if beat := self.config.heartbeat:
            jobs.append(Job("tell the outside that we live", partial(self._heartbeat, beat.url), beat.every))
        return tuple(jobs)

    async def begin(self) -> None:
        """Repair at once what a stop may have left behind."""
        await self._do(Job("hold what was told against what is so", self._reconcile, HOURLY))
        await self._do(Job("keep to what is planned", self._refresh_maintenance, PLANS, everywhere=True))

    async def run(self, stop: asyncio.Event) -> None:
        """Run all jobs until the stop. Intervals are measured by the steady clock, whatever happens to the wall clock."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._repeat(chore), name=chore.name) for chore in self.all()]
            await stop.wait()
            for task in tasks:
                task.cancel()

    async def _repeat(self, chore: Job) -> None:
        await asyncio.sleep((chore.every if chore.first is None else chore.first).total_seconds())
        while True:
            every = chore.every.total_seconds()
            await asyncio.sleep(every if await self._do(chore) else min(every, AGAIN))

    async def _do(self, chore: Job) -> bool:
        """Run a job once, if it is ours to do; False if it failed. A failure affects no other job and is retried."""
        try:
            with retrying(chore.name):
                if chore.everywhere or await self._ours():
                    await chore.work()
        except Exception as error:  # noqa: BLE001 - a job's errors end here
            why = Reason.of(ReasonCode.JOB_OF_OURS_FAILED, task=chore.name, detail=fault(error))
            self.own_health.report(Part.SCHEDULER, why, chore.name)
            say_once(log, chore.name, f"could not {chore.name}: our own error: {fault(error)}")
            return False
        self.own_health.clear(Part.SCHEDULER, chore.name)
        return True

    async def _ours(self) -> bool:
        ownership = self.store.ownership
        await ownership.offer(roles=[SCHEDULER])
        return ownership.owns(SCHEDULER)

    async def _send_heartbeat(self) -> None:
        await self.store.results.alive(self.clock())

    async def _roll(self) -> None:
        """Roll up in small steps until all is, however much was written: else a busy node would never catch up."""
        more = True
        while more:
            more = await self.store.rollups.roll(self.recorder.settings.holds) and await self._ours()
            await asyncio.sleep(BETWEEN if more else 0)

    async def _prune(self) -> None:
        await self.store.results.prune(self.clock())
        await self.user_reports.tidy()

    async def _reconcile(self) -> None:
        await reconcile(self.recorder)

    async def _refresh_maintenance(self) -> None:
        await keep(self.recorder)

    async def _heartbeat(self, url: str) -> None:
        """Ping an external monitor, which alerts when the pings stop; so send none while we are unhealthy."""
        if not self.own_health.well:
            if not self._withheld:
                log.error(
                    "the outbound heartbeat is withheld, for we are unwell: %s", ", ".join(self.own_health.unwell)
                )
            self._withheld = True
            return
        self._withheld = False
        answer = await self.net.fetch(self.net.prepare("GET", url), timeout=timedelta(seconds=10))
        if not isinstance(answer, Answer) or answer.status >= 400:
            why = f"HTTP {answer.status}" if isinstance(answer, Answer) else wording.english(answer.why)
            log.warning("the outbound heartbeat was not taken: %s", why)


@contextmanager
def retrying(what: str) -> Iterator[None]:
    """Log StoreUnavailable instead of raising it, so that jobs survive an outage of the database."""
    try:
        yield
    except FencedError:
        pass  # another node does it by now
    except (StoreUnavailable, MailboxUnavailable) as error:
        say_once(log, what, f"could not {what}: {error}")
    else:
        is_over(what)


Result = tuple[str, datetime, Reading]


@dataclass
class Results:
    """`drain` returns the results since its last call."""

    store: Store
    heartbeats: HeartbeatRegistry
    drain: Callable[[], list[Result]]
    own_health: OwnHealth
    dropped: int = 0
    _held: deque[Result] = field(default_factory=deque)

    async def run(self, stop: asyncio.Event, every: float) -> None:
        """Write every `every` seconds until the stop, and once more then."""
        while not stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await stop.wait()
            await self.write()

    async def write(self) -> None:
        """Write all results. Those that cannot be written are kept; beyond the limit the oldest are dropped and
        counted.
        """
        self._held.extend(self.drain())
        while len(self._held) > MOST:
            self._held.popleft()
            self.dropped += 1
        try:
            with retrying("keep results, which wait"):
                await self._write()
        finally:
            with retrying("keep what jobs told"):
                await self.heartbeats.write()

    async def _write(self) -> None:
        try:
            while self._held:
                rows = list(islice(self._held, AT_ONCE))
                await self._record(rows)
                for _ in rows:
                    self._held.popleft()
        except StoreUnavailable:
            lost = Reason.of(ReasonCode.RESULTS_DROPPED, count=self.dropped)
            self.own_health.report(Part.RESULTS, lost if self.dropped else Reason.of(ReasonCode.RESULTS_UNWRITTEN))
            raise
        self.own_health.clear(Part.RESULTS)

    async def _record(self, rows: list[Result]) -> None:
        """Write the results of services that are ours, and what witnesses told us; what another node watches by now, it
        tells.
        """
        ownership = self.store.ownership
        if isinstance(ownership, AllOurs):  # nothing need be claimed
            await self.store.results.record(rows)
            return
        ours = [row for row in rows if of_witness(row[0]) or ownership.epoch(row[0]) is not None]
        watched = {row[0] for row in ours if not of_witness(row[0])}
        claims = {service: claim for service in watched if (claim := ownership.claim(service))}
        await self.store.results.record(ours, claims)

"""What is done again and again while the house runs: digests, roll-ups, forgetting, mending, the sign that we live."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.config import Config, DigestConfig, cron, some
from bot.contracts import Answer, Net
from bot.mending import reconcile
from bot.planning import keep
from bot.record import Record
from bot.show import digest
from bot.store import Store, StoreUnavailable
from bot.tell.outbox import Outbox
from bot.watch.reports import Crowd

log = logging.getLogger(__name__)

PULSE = timedelta(seconds=5)
PLANS = timedelta(seconds=5)  # the latest that the beginning or the end of maintenance is noticed
ROLL = timedelta(minutes=5)
ROLLS = 20  # steps of rolling up, at most, before it pauses until the next time


@dataclass
class Chores:
    config: Config
    store: Store
    net: Net
    record: Record
    outbox: Outbox
    crowd: Crowd
    clock: Callable[[], datetime]
    scheduler: AsyncIOScheduler = field(default_factory=lambda: AsyncIOScheduler(timezone=UTC))

    async def begin(self) -> None:
        """Put right at once what may be amiss after a stop, and go on with all of it in its time."""
        await self._mend()
        await self._keep_plans()
        every = {"trigger": "interval", "coalesce": True, "misfire_grace_time": None}
        self.scheduler.add_job(_job, args=[self._pulse], seconds=PULSE.total_seconds(), **every)
        self.scheduler.add_job(_job, args=[self._keep_plans], seconds=PLANS.total_seconds(), **every)
        self.scheduler.add_job(_job, args=[self._roll], seconds=ROLL.total_seconds(), **every)
        self.scheduler.add_job(_job, args=[self._prune], hours=1, **every)
        self.scheduler.add_job(_job, args=[self._mend], hours=1, **every)
        if beat := self.config.heartbeat:
            self.scheduler.add_job(
                _job, args=[partial(self._heartbeat, beat.url)], seconds=beat.every.total_seconds(), **every
            )
        for name, said in self.config.digests.items():
            trigger = cron(said.when, said.timezone or self.config.timezone)
            self.scheduler.add_job(
                self.send_digest,
                trigger,
                args=[name, said],
                coalesce=True,
                misfire_grace_time=3600,
                id=f"digest {name}",
            )
        self.scheduler.start()

    def end(self) -> None:
        self.scheduler.shutdown(wait=False)

    async def send_digest(self, name: str, said: DigestConfig) -> None:
        """Queue a digest; at most once for its day, though the clocks go back or the daemon restarts at its minute."""
        style, at = self.config.style(said), self.clock()
        overview = await self.record.overview(at - said.covers)
        told = digest.deliveries(name, overview, said.to, style, covers=said.covers, services=some(said.services))
        if await self.store.people.once(f"{told[0].notice.key}", at):
            await self.store.deliveries.add(told, at)
            self.outbox.wake()

    async def _pulse(self) -> None:
        with patient("note that we live"):
            await self.store.history.alive(self.clock())

    async def _roll(self) -> None:
        """A little at a time: after an upgrade there may be two days of results."""
        with patient("roll up results"):
            for _ in range(ROLLS):
                if not await self.store.rollups.roll(self.record.setting.holds):
                    break

    async def _prune(self) -> None:
        with patient("forget what is old"):
            await self.store.history.prune(self.clock())
            await self.crowd.tidy()

    async def _mend(self) -> None:
        with patient("hold what was told against what is so"):
            await reconcile(self.record)

    async def _keep_plans(self) -> None:
        with patient("keep to what is planned"):
            await keep(self.record)

    async def _heartbeat(self, url: str) -> None:
        """Tell somebody outside that we live; the silence of this is their alarm."""
        answer = await self.net.fetch(self.net.prepare("GET", url), timeout=timedelta(seconds=10))
        if not isinstance(answer, Answer) or answer.status >= 400:
            why = f"HTTP {answer.status}" if isinstance(answer, Answer) else answer.why
            log.warning("the outbound heartbeat was not taken: %s", why)


async def _job(work: Callable[[], Awaitable[None]]) -> None:
    """The scheduler cancels what still runs at a stop, and would print a traceback for it."""
    with suppress(asyncio.CancelledError):
        await work()


@contextmanager
def patient(what: str) -> Iterator[None]:
    """A database that is away for a while must not end the house: what watches and tells waits for it as well."""
    try:
        yield
    except StoreUnavailable as error:
        log.error("could not %s: %s", what, error)

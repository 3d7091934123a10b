"""Compares the machine's wall clock with the steady one each second, and moves waiting times along when it is set.

How far the wall clock is ahead is kept from one process to the next, until the machine reboots: the steady clock
continues while no process runs. So a start can tell whether the wall clock was set meanwhile, and by how much, and
correct what the previous process stored.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from bot.clock import EPOCH, STEP, SteadyClock
from bot.delivery.outbox import Outbox
from bot.incidents.reconciler import reconcile
from bot.incidents.recorder import Recorder
from bot.model.clock_shift import later, stepped
from bot.model.cluster import SCHEDULER
from bot.store import Store, StoreUnavailable
from bot.store.clock_shift import CLOCK_OFFSET, Reword
from bot.watch.heartbeats import HeartbeatRegistry
from bot.watch.rounds import Rounds
from bot.watch.user_reports import UserReports

BEYOND = 1e12  # seconds that no clock reaches
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
log = logging.getLogger(__name__)

EVERY = 1.0  # seconds
PROBE = "clock_step"  # a value that is stored to see whether the database takes it
NOTED_BY = 0.5  # seconds of drift that are stored, as drift would add up to a step
# Seconds after a step at which what was written amid it is repaired. A write may have read the clock before the step and
# have waited for a slow database since then, so one look would come too early; after these, the hourly job looks on.
REPAIRS = (5.0, 30.0, 120.0)


@dataclass
class ClockSteps:
    """Handles steps of the wall clock. Until a step is stored, time continues as before, so an absent database loses
    nothing.
    """

    clock: SteadyClock
    recorder: Recorder
    rounds: Rounds
    outbox: Outbox
    heartbeats: HeartbeatRegistry | None = None
    user_reports: UserReports | None = None
    boot_id: str = ""  # kept with the offset
    _said: bool = False
    _repairs: list[float] = field(default_factory=list)  # when to repair, by the steady clock
    _noted: float = field(init=False)  # the clock's lead when last stored

    def __post_init__(self) -> None:
        self._noted = self.clock.ahead

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await stop.wait()

    async def look(self) -> None:
        """Correct a small drift, follow a step, and a little later repair what was written during it."""
        drift = self.clock.drift()
        if abs(drift) >= STEP:
            await self._step(drift)
            return
        self.clock.adopt(drift)
        await self._note()
        if self._repairs and self.clock.steady() >= self._repairs[0]:
            del self._repairs[0]
            with suppress(StoreUnavailable):  # the next start and the hourly job do it too
                await reconcile(self.recorder)
                self.outbox.wake()

    async def _step(self, by: timedelta) -> None:
        if not self._said:
            way = "forward" if by > timedelta() else "back"
            log.warning("the machine's clock was set %s by %s: waiting messages are shifted with it", way, _shown(by))
        store = self.recorder.store
        shifts = store.ownership.owns(SCHEDULER)  # one node shifts what is stored; each corrects its own memory
        try:
            if shifts:  # while nothing can be written, checks go on
                await store.subscriptions.remember(PROBE, str(by))
            await self._hold()
            by, born, now = self.clock.drift(), self.clock.born, self.clock.utcnow()
            if shifts:
                await store.incidents.step(by, born, now, self.recorder.reworded, self._offset_after(by))
        except StoreUnavailable as error:
            if not self._said:
                log.error("the clock's step waits for the database: %s", error)
            self._said = True
            self.rounds.go_on()
            return
        self._said = False
        self.clock.step(by)
        self._noted = self.clock.ahead
        move = stepped(by, born)
        for one in (self.recorder, self.outbox, self.heartbeats, self.user_reports, self.rounds):
            if one is not None:
                one.step(move)
        self.rounds.go_on()
        self.outbox.wake()
        self._repairs = [self.clock.steady() + after for after in REPAIRS]

    async def _hold(self) -> None:
        """Hold the rounds. What is recorded after the step by the clock before it would be wrong by the whole step."""
        if not await self.rounds.hold():
            raise StoreUnavailable("what the last rounds have seen is still being stored")

    def _offset_after(self, by: timedelta) -> str:
        """The offset after the step, as text."""
        if not self.boot_id:
            return ""
        known = offset_of(self.clock, self.boot_id)
        return str(replace(known, ahead=known.ahead + by.total_seconds()))

    async def _note(self) -> None:
        """Store gradual corrections, so that the next process does not take them for a step."""
        now = self.clock.ahead
        if self.boot_id and abs(now - self._noted) >= NOTED_BY:
            with suppress(StoreUnavailable):
                await self.recorder.store.subscriptions.remember(CLOCK_OFFSET, str(offset_of(self.clock, self.boot_id)))
                self._noted = now


def _shown(by: timedelta) -> str:
    seconds = round(abs(by).total_seconds())
    return str(timedelta(seconds=seconds)) if seconds >= 60 else f"{seconds} s"


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """`boot`: id of the machine's boot. `since`: steady seconds from which on it holds. `ahead`: seconds by which
    UTC is ahead of the steady clock.
    """

    boot: str
    since: float
    ahead: float

    def __str__(self) -> str:
        return f"{self.boot} {self.since!r} {self.ahead!r}"


def offset_of(clock: SteadyClock, boot: str) -> ClockOffset:
    """The present offset of a clock."""
    return ClockOffset(boot, clock.began, clock.ahead)


def boot_id() -> str:
    """The machine's boot id; empty where the system has none."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def parse_offset(text: str | None) -> ClockOffset | None:
    """Parse a stored offset; None if invalid."""
    try:
        boot, since, ahead = (text or "").split()
        known = ClockOffset(boot, float(since), float(ahead))
    except ValueError:
        return None
    return known if abs(known.since) < BEYOND and abs(known.ahead) < BEYOND else None


async def _went_on(store: Store, known: ClockOffset, clock: SteadyClock) -> bool:
    """True if the steady clock has continued since the last sign of life; in a sandbox it may restart with each
    process.
    """
    last = await store.results.last_alive()
    lived = known.since if last is None else max(known.since, (last - EPOCH).total_seconds() - known.ahead)
    return lived <= clock.steady()


async def restore(store: Store, clock: SteadyClock, boot: str, reword: Reword) -> None:
    """Continue with the previous process's offset if the machine has not rebooted, and follow a step of the wall
    clock since then. Raise StoreUnavailable.
    """
    if not boot:
        return
    known = parse_offset(await store.subscriptions.recall(CLOCK_OFFSET))
    if known is None or known.boot != boot or not await _went_on(store, known, clock):
        await store.subscriptions.remember(CLOCK_OFFSET, str(offset_of(clock, boot)))
        return
    clock.began = known.since
    by = timedelta(seconds=clock.ahead - known.ahead)
    if abs(by) < STEP:
        return
    log.warning(
        "the machine's clock was set while we were stopped, by %+.0f s: waiting messages are shifted with it",
        by.total_seconds(),
    )
    born = later(EPOCH, timedelta(seconds=known.since + known.ahead))
    await store.incidents.step(by, born, later(clock.utcnow(), -by), reword, str(offset_of(clock, boot)))

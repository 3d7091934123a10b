"""The reckoning of time used for stored instants, kept from one process to the next until the machine reboots.

The steady clock continues while no process runs. So a start can tell whether the wall clock was set meanwhile, and by
how much, and correct what the previous process stored.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.clock import EPOCH, STEP, SteadyClock
from bot.model.clock_shift import later
from bot.store import Store
from bot.store.clock_shift import RECKONING, Reword

log = logging.getLogger(__name__)

BEYOND = 1e12  # seconds that no clock reaches
RUN = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Reckoning:
    """`run`: id of the machine's boot. `since`: steady seconds at which this reckoning began. `ahead`: seconds by which
    UTC is ahead of the steady clock.
    """

    run: str
    since: float
    ahead: float

    def __str__(self) -> str:
        return f"{self.run} {self.since!r} {self.ahead!r}"


def of(clock: SteadyClock, run: str) -> Reckoning:
    """The present reckoning of a clock."""
    return Reckoning(run, clock.began, clock.ahead)


def machine_run() -> str:
    """The machine's boot id; empty where the system has none."""
    try:
        return RUN.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def parse(text: str | None) -> Reckoning | None:
    """Parse a stored reckoning; None if invalid."""
    try:
        run, since, ahead = (text or "").split()
        known = Reckoning(run, float(since), float(ahead))
    except ValueError:
        return None
    return known if abs(known.since) < BEYOND and abs(known.ahead) < BEYOND else None


async def _went_on(store: Store, known: Reckoning, clock: SteadyClock) -> bool:
    """True if the steady clock has continued since the last sign of life; in a sandbox it may restart with each
    process.
    """
    last = await store.results.last_alive()
    lived = known.since if last is None else max(known.since, (last - EPOCH).total_seconds() - known.ahead)
    return lived <= clock.steady()


async def take_up(store: Store, clock: SteadyClock, run: str, reword: Reword) -> None:
    """Continue the previous process's reckoning if the machine has not rebooted, and follow a step of the wall clock
    since then. Raise StoreUnavailable.
    """
    if not run:
        return
    known = parse(await store.subscriptions.recall(RECKONING))
    if known is None or known.run != run or not await _went_on(store, known, clock):
        await store.subscriptions.remember(RECKONING, str(of(clock, run)))
        return
    clock.began = known.since
    by = timedelta(seconds=clock.ahead - known.ahead)
    if abs(by) < STEP:
        return
    log.warning(
        "the machine's clock was set while we were stopped, by %+.0f s: what waits is moved with it", by.total_seconds()
    )
    born = later(EPOCH, timedelta(seconds=known.since + known.ahead))
    await store.incidents.step(by, born, later(clock.utcnow(), -by), reword, str(of(clock, run)))

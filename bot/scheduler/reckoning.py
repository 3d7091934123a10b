"""The clock by which what is stored was reckoned, remembered from one process to the next of the same run of the machine.

The steady clock goes on while a process is stopped. So a start can tell whether the wall clock was set meanwhile, and by
how much; and what the process before has written moves with a step as well.
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

BEYOND = 1e12  # seconds: no clock shows so many
RUN = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Reckoning:
    """`run`: of the machine, from one start of it to the next. `since`: from which of its steady seconds on instants were
    reckoned so. `ahead`: how many seconds UTC is ahead of these.
    """

    run: str
    since: float
    ahead: float

    def __str__(self) -> str:
        return f"{self.run} {self.since!r} {self.ahead!r}"


def of(clock: SteadyClock, run: str) -> Reckoning:
    """The reckoning by which a clock tells the time now."""
    return Reckoning(run, clock.began, clock.ahead)


def machine_run() -> str:
    """The number of this run of the machine; empty where the system tells none."""
    try:
        return RUN.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def parse(text: str | None) -> Reckoning | None:
    """Read what was remembered; None for what cannot have been."""
    try:
        run, since, ahead = (text or "").split()
        known = Reckoning(run, float(since), float(ahead))
    except ValueError:
        return None
    return known if abs(known.since) < BEYOND and abs(known.ahead) < BEYOND else None


async def _went_on(store: Store, known: Reckoning, clock: SteadyClock) -> bool:
    """Has the steady clock gone on since the last sign of life? In a sandbox it may begin anew with each process."""
    last = await store.results.last_alive()
    lived = known.since if last is None else max(known.since, (last - EPOCH).total_seconds() - known.ahead)
    return lived <= clock.steady()


async def take_up(store: Store, clock: SteadyClock, run: str, reword: Reword) -> None:
    """Go on with the reckoning of the process before, if it was in the same run of the machine: a step of the wall clock
    since then is followed. Raise StoreUnavailable.
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

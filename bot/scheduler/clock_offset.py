"""How far the wall clock is ahead of the steady one, kept from one process to the next until the machine reboots.

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
from bot.store.clock_shift import CLOCK_OFFSET, Reword

log = logging.getLogger(__name__)

BEYOND = 1e12  # seconds that no clock reaches
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


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


def of(clock: SteadyClock, boot: str) -> ClockOffset:
    """The present offset of a clock."""
    return ClockOffset(boot, clock.began, clock.ahead)


def boot_id() -> str:
    """The machine's boot id; empty where the system has none."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def parse(text: str | None) -> ClockOffset | None:
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
    known = parse(await store.subscriptions.recall(CLOCK_OFFSET))
    if known is None or known.boot != boot or not await _went_on(store, known, clock):
        await store.subscriptions.remember(CLOCK_OFFSET, str(of(clock, boot)))
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
    await store.incidents.step(by, born, later(clock.utcnow(), -by), reword, str(of(clock, boot)))

"""Restarts a part that fails, with back-off."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from bot.contracts import Unable
from bot.errors import fault
from bot.model import Reason, ReasonCode
from bot.own_health import OwnHealth, Part

log = logging.getLogger(__name__)

Run = Callable[[], Awaitable[None]]


ENDED = "it ended by itself"


class GaveUpError(Unable):
    """A vital part keeps failing: better to end the process than to run half of it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Back-off after failures. All durations are seconds of a steady clock."""

    first_wait: float = 1.0
    longest_wait: float = 60.0
    well_after: float = 300.0  # without a failure for this long, the count restarts
    recovered_after: float = 10.0  # without a failure for this long, the part counts as healthy
    most: int = 10  # failures in a row, after which a vital part is not restarted


@dataclass(slots=True)
class Failures:
    """Consecutive failures of one part (pure: durations are arguments)."""

    policy: Policy
    in_a_row: int = 0

    def failed(self, ran_for: float) -> float | None:
        """Seconds until the next start; None: it has failed too often."""
        if ran_for >= self.policy.well_after:
            self.in_a_row = 0
        self.in_a_row += 1
        if self.in_a_row >= self.policy.most:
            return None
        doubled: float = self.policy.first_wait * 2.0 ** (self.in_a_row - 1)
        return min(doubled, self.policy.longest_wait)


@dataclass
class Supervisor:
    """Runs parts until `stop`, so that none ends unnoticed."""

    own_health: OwnHealth
    stop: asyncio.Event
    policy: Policy = field(default_factory=Policy)
    steady: Callable[[], float] = time.monotonic

    async def keep(self, part: Part, name: str, run: Run, *, vital: bool = True, may_end: bool = False) -> None:
        """Run a part until the stop, and restart it when it fails.

        A part that returns has failed too; with `may_end` only if it had run for a while. Parts that are not `vital`
        are restarted forever. Raise GaveUpError when a vital part fails too often.
        """
        failures = Failures(self.policy)
        while not self.stop.is_set():
            began = self.steady()
            well = asyncio.create_task(self._note_recovery(part, name), name=f"recovery of {name}")
            try:
                await run()
                why = ENDED
            except Exception as error:  # noqa: BLE001 - the one place where all errors of a part are handled
                why = fault(error)
            finally:
                well.cancel()
            if self.stop.is_set():
                return
            ran_for = self.steady() - began
            if may_end and why == ENDED and ran_for < self.policy.first_wait:
                return
            await self._pause(part, name, why, failures.failed(ran_for), vital=vital)

    async def _pause(self, part: Part, name: str, why: str, wait: float | None, *, vital: bool) -> None:
        if wait is None and vital:
            log.error("%s has failed %d times in a row: %s", name, self.policy.most, why)
            raise GaveUpError(f"{name} has failed {self.policy.most} times in a row ({why}): Tocsin ends")
        if wait is None:
            wait = self.policy.longest_wait
        self.own_health.restarts[name] = self.own_health.restarts.get(name, 0) + 1
        self.own_health.report(part, _restarted(name, why), name)
        log.error("%s has failed, and is started again in %.0f s: %s", name, wait, why)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self.stop.wait()

    async def _note_recovery(self, part: Part, name: str) -> None:
        await asyncio.sleep(self.policy.recovered_after)
        self.own_health.clear(part, name)


def _restarted(name: str, why: str) -> Reason:
    if why == ENDED:
        return Reason.of(ReasonCode.PART_ENDED, part=name)
    return Reason.of(ReasonCode.PART_RESTARTED, part=name, detail=why)


def quiet_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Log unhandled exceptions of background tasks as one line each."""
    loop.set_exception_handler(_one_line)


def _one_line(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    error, where = context.get("exception"), context.get("future") or context.get("task") or context.get("handle")
    name = where.get_name() if isinstance(where, asyncio.Task) else type(where).__name__ if where else "the event loop"
    said = fault(error) if isinstance(error, BaseException) else str(context.get("message", "an error"))
    log.error("in the background (%s): %s", name, said)

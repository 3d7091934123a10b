"""Reports when no worker process for parsing foreign pages can be started, and when one can again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from bot import wording
from bot.model import Reason, ReasonCode
from bot.offload import pool
from bot.own_health import OwnHealth, Part

log = logging.getLogger(__name__)

EVERY = 1.0  # seconds between two looks
AGAIN = 30.0  # seconds between attempts while there is no worker, as other work may be rare
OF = "no workers"
WHY = Reason.of(ReasonCode.WORKERS_MISSING)


@dataclass
class WorkerHealth:
    """Watches the worker pool. Without workers, status pages and checks of long pages stop; other checks go on."""

    own_health: OwnHealth
    steady: Callable[[], float] = time.monotonic
    _again_at: float | None = None  # time of the next attempt; None while there is a worker

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.look()
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY):
                    await stop.wait()

    async def look(self) -> None:
        """Report a missing worker, try to start one from time to time, and clear the report."""
        now = self.steady()
        if self._again_at is not None and now >= self._again_at:
            self._again_at = now + AGAIN
            with suppress(pool.OverranError):
                await pool.offload(len, b"")
        if why := pool.missing():
            if self._again_at is None:
                self._again_at = now + AGAIN
                log.error("%s: %s", wording.english(WHY), why)
            self.own_health.report(Part.MACHINE, WHY, OF)
        elif self._again_at is not None:
            self._again_at = None
            self.own_health.clear(Part.MACHINE, OF)
            log.info("pages can be read again")

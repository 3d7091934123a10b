"""Stores check results: collected briefly, written in one transaction, kept in memory while the database is away."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from bot.model import Reading, Reason, ReasonCode
from bot.model.witnesses import of_witness
from bot.own_health import OwnHealth, Part
from bot.scheduler.jobs import retrying
from bot.store import Store, StoreUnavailable
from bot.store.ownership import AllOurs
from bot.watch.heartbeats import HeartbeatRegistry

MOST = 100_000  # results kept in memory at most: some tens of megabytes
AT_ONCE = 10_000  # results per transaction
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

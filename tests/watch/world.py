"""Rounds over made-up sites and pages, on a clock that the test turns."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.model import Health, Outcome, Reading, Role, Round, Service, SourceReport
from bot.watch.rounds import Rounds, Watched
from tests.reasons import HTTP_503
from tests.watch.clock import Hands


class Site:
    """A check whose answers a test sets; it hangs while `free` is not set."""

    kind = "http"

    def __init__(self, outcome: Outcome = Outcome.OK, took: float = 0.1) -> None:
        self.outcome, self.took, self.error = outcome, timedelta(seconds=took), None
        self.at: list[float] = []
        self.doubts: list[bool] = []
        self.free = asyncio.Event()
        self.free.set()
        self.hands: Hands | None = None

    async def run(self, route, net, timeout, *, fresh):
        self.at.append(self.hands.now if self.hands else 0.0)
        self.doubts.append(fresh)
        await self.free.wait()
        if self.error:
            raise self.error
        return Reading(route, self.outcome, None if self.outcome is Outcome.OK else HTTP_503, self.took)


class Page:
    kind = "statuspage"

    def __init__(self) -> None:
        self.says, self.at, self.hands, self.free = Health.UP, [], None, asyncio.Event()
        self.free.set()

    async def read(self, net, now, memory):
        self.at.append(self.hands.now)
        await self.free.wait()
        return SourceReport(Role.OFFICIAL, "Official status page", self.says, at=now)


class Ledger:
    """What `record.seen` would be: in doubt after whatever is not good."""

    def __init__(self) -> None:
        self.rounds: list[Round] = []
        self.error: Exception | None = None
        self.free = asyncio.Event()
        self.free.set()
        self.written = 0

    async def seen(self, seen):
        self.rounds.append(seen)
        await self.free.wait()
        if self.error:
            raise self.error
        self.written += 1
        return not all(reading.ok for reading in seen.readings)


class World:
    """Rounds over sites and pages, one clock for all."""

    def __init__(self, sites, pages=(), canaries=(), **how) -> None:
        self.hands, self.ledger = Hands(), Ledger()
        times = {key: timedelta(seconds=how.pop(key)) for key in ("every", "timeout", "confirm_every") if key in how}
        self.watched = []
        for service, routes in sites.items():
            checks = routes if isinstance(routes, dict) else {"web": routes}
            for part in (*checks.values(), *pages):
                part.hands = self.hands
            self.watched.append(Watched(Service(service, service, tuple(checks)), checks, tuple(pages), **times))
        self.rounds = Rounds(self.watched, canaries, None, seen=self.ledger.seen, clock=self.hands, **how)

    async def rest(self) -> None:
        for _ in range(8):
            await asyncio.sleep(0)

    async def go(self, seconds: float, step: float = 0.1) -> None:
        for _ in range(round(seconds / step)):
            self.hands.now += step
            self.rounds.tick()
            await self.rest()

    async def end(self) -> None:
        await self.rounds._end()

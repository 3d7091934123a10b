"""A witness: fetches what to check, runs it with its own canaries, and sends the readings once a second."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from bot import wording
from bot.clock import SYSTEM, Clock
from bot.contracts import Check, Net
from bot.errors import fault
from bot.model import Outcome, Reading, Round, Service
from bot.watch.rounds import Rounds, Watched
from bot.watch.witness.link import Buffer, Failed, Link, TokenRefusedError
from bot.watch.witness.protocol import EVERY, PULL, Assignment, Instructions, Task, understood

log = logging.getLogger("tocsin.witness")

SOONEST = 0.4  # seconds between two bodies, if the server waits for one
SLOWEST = 15.0  # seconds between two attempts while the server is away
LOOK = 2.0  # seconds between two looks at the canaries while we are blind
LAST = 2.0  # seconds for the last readings at a stop
AT_ONCE = 200  # services looked at by request of the server at once; others wait for their turn ...
WAITS = 10.0  # ... for so many seconds: later nobody waits for the reading
WORLDLY = frozenset({Outcome.FAILED, Outcome.SLOW})


@dataclass
class Witness:
    """`net`: of the checks. All instants are seconds of the steady clock."""

    link: Link
    net: Net
    clock: Clock = SYSTEM
    session: str = field(default_factory=lambda: secrets.token_hex(8))
    etag: str = ""
    blind: bool = False
    _buffer: Buffer = field(default_factory=Buffer)
    _rounds: Rounds | None = None
    _running: asyncio.Task[None] | None = None
    _ending: asyncio.Event = field(default_factory=asyncio.Event)
    _looks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _queue: dict[str, float] = field(default_factory=dict)  # services to look at, and when that was asked
    _asked_for: asyncio.Event = field(default_factory=asyncio.Event)  # the server waits for a reading
    _away: bool = False
    _retry_at: float = 0.0
    _pause: float = 0.0
    _pull_at: float = 0.0
    _look_at: float = 0.0

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set. Raise TokenRefusedError if the server does not know us."""
        try:
            while not stop.is_set():
                began = self.clock.steady()
                try:
                    await self.turn(began)
                except TokenRefusedError:
                    raise
                except Exception as error:  # noqa: BLE001 - our own error: one line, and the next second
                    log.error("an error of our own: %s", fault(error))
                    self._retry_at = began + SLOWEST
                await self._rest(stop, began)
        finally:
            await self._end_rounds()
        if self._rounds and not self._away:
            with suppress(TimeoutError, TokenRefusedError):
                async with asyncio.timeout(LAST):
                    await self._send(self.clock.steady())

    async def _rest(self, stop: asyncio.Event, began: float) -> None:
        """Wait for the next second; less if the server waits for what we were asked to look at."""
        await _first_of(stop, None, began + SOONEST - self.clock.steady())
        await _first_of(stop, self._asked_for, began + EVERY - self.clock.steady())

    async def turn(self, now: float) -> None:
        """What a second brings: the config if it is due, the canaries while we are blind, and the readings."""
        self._begin_anew_if_ended(now)
        if now < self._retry_at:
            return
        if now >= self._pull_at:
            await self._pull(now)
        if self._rounds is None:
            return
        if self.blind and now >= self._look_at:
            self._look_at = now + LOOK
            self._note_sight(online=await self._rounds.online())
        await self._send(now)

    def _begin_anew_if_ended(self, now: float) -> None:
        """Rounds do not end by themselves: that is a fault of ours."""
        if self._running is None or not self._running.done():
            return
        error = None if self._running.cancelled() else self._running.exception()
        log.error("the checks ended by themselves, and begin anew: %s", fault(error) if error else "cancelled")
        self._running, self._rounds, self.etag, self._pull_at = None, None, "", now + SLOWEST

    # ── the config ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _pull(self, now: float) -> None:
        found = await self.link.config(self.etag)
        if isinstance(found, Failed):
            self._failed(found, now)
            return
        if self._rounds is None:
            self._answered()  # else only readings that are taken show that all is well again
        self._pull_at = now + PULL
        if found is not None:
            await self._take_up(*found)

    async def _take_up(self, task: Assignment, etag: str) -> None:
        """Check by a new config from now on."""
        await self._end_rounds()
        self.etag = etag
        watched = [one for one in map(_watched, task.services) if one is not None]
        canaries = [check for values in task.canaries if (check := _check("a canary", values))]
        self._rounds = Rounds(watched, canaries, self.net, seen=self._seen, clock=self.clock)
        self._ending = asyncio.Event()
        self._running = asyncio.create_task(self._rounds.run(self._ending), name="rounds")
        log.info("checks %s from %s, with %s", _many(watched, "service"), task.name, _many(canaries, "canary"))

    async def _end_rounds(self) -> None:
        self._queue.clear()
        for look in self._looks.values():
            look.cancel()
        await asyncio.gather(*self._looks.values(), return_exceptions=True)
        if self._running is not None:
            self._ending.set()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None

    # ── the readings ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def _seen(self, seen: Round) -> bool:
        """Keep a round. Never in doubt ourselves: the server says when it wants another look."""
        self._keep(seen)
        return False

    def _keep(self, seen: Round) -> None:
        self._note_sight(online=seen.online)
        began = self.clock.steady() - (self.clock.utcnow() - seen.at).total_seconds()
        self._buffer.add(began, seen.service, seen.readings if seen.online else tuple(map(_unseen, seen.readings)))
        if self._rounds:
            self._rounds.drain()  # the server keeps the history

    def _note_sight(self, *, online: bool) -> None:
        if online is self.blind:
            self.blind = not online
            log.log(logging.INFO if online else logging.WARNING, "sees again" if online else BLIND)

    async def _send(self, now: float) -> None:
        self._asked_for.clear()
        self._buffer.expire(now)
        waiting = len(self._buffer)
        answer = await self.link.send(
            self._buffer.body(self.clock.steady(), session=self.session, blind=self.blind, etag=self.etag)
        )
        if isinstance(answer, Failed):
            if answer.unreadable:
                self._buffer.sent()
            else:
                self._buffer.failed()
            self._failed(answer, now)
            return
        self._answered(waiting)
        self._buffer.sent()
        self._follow(answer)

    def _follow(self, said: Instructions) -> None:
        if self._running is None:
            return  # we stop: these were the last readings
        if said.etag != self.etag:
            self._pull_at = 0.0
        now = self.clock.steady()
        for service in said.checks:
            if service not in self._looks:
                self._queue.setdefault(service, now)
        self._look_on()

    def _look_on(self) -> None:
        """Begin the looks that there is room for."""
        now = self.clock.steady()
        while self._queue and len(self._looks) < AT_ONCE and self._running is not None:
            service, asked_at = next(iter(self._queue.items()))
            del self._queue[service]
            if now - asked_at <= WAITS:
                task = asyncio.create_task(self._look(service), name=f"look at {service}")
                self._looks[service] = task
                task.add_done_callback(partial(self._looked, service))

    async def _look(self, service: str) -> None:
        try:
            if self._rounds and (seen := await self._rounds.once(service)):
                self._keep(seen)
                self._asked_for.set()
        except Exception as error:  # noqa: BLE001 - our own error: one line, and the rounds go on
            log.error("could not look at %s: %s", service, fault(error))

    def _looked(self, service: str, _task: asyncio.Task[None]) -> None:
        self._looks.pop(service, None)
        self._look_on()

    # ── the server ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _failed(self, failed: Failed, now: float) -> None:
        if not self._away:
            log.warning("the server does not take readings (%s): they are kept", wording.english(failed.why))
        self._away = True
        self._pause = min(max(2 * self._pause, EVERY), SLOWEST)
        self._retry_at = now + max(self._pause, failed.wait)

    def _answered(self, waiting: int = 0) -> None:
        if self._away and self._rounds:
            log.info("the server answers again; %d rounds had waited, %d were dropped", waiting, self._buffer.dropped)
            self._buffer.dropped = 0
        self._away, self._pause = False, 0.0


BLIND = "most canaries do not answer: blind, so no reading counts"


def _watched(task: Task) -> Watched | None:
    """None if nothing of it is understood, as of a newer server."""
    checks = {route: check for route, values in task.routes.items() if (check := _check(f"{task.id}/{route}", values))}
    if not checks:
        return None
    every, timeout, slow = (timedelta(seconds=length) for length in (task.every, task.timeout, task.slow_after))
    return Watched(Service(task.id, task.id, tuple(checks)), checks, (), every, timeout, every, slow)


def _check(name: str, values: Mapping[str, Any]) -> Check | None:
    try:
        return understood(values)
    except ValueError:
        log.warning("%s is not checked here: this version does not know how", name)
        return None


def _unseen(reading: Reading) -> Reading:
    """What we could not see says nothing about the service."""
    return Reading(reading.route, Outcome.INCONCLUSIVE, reading.why) if reading.outcome in WORLDLY else reading


def _many(things: list[Any], noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{len(things)} {noun if len(things) == 1 else plural}"


async def _first_of(one: asyncio.Event, other: asyncio.Event | None, seconds: float) -> None:
    """Wait until one of them is set, for so long at most."""
    if seconds <= 0 or one.is_set():
        return
    tasks = [asyncio.create_task(event.wait()) for event in (one, other) if event is not None]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()

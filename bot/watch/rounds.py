"""Runs every service's rounds on one beat: all its routes at once, each under its time-out, with the newest words."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from bot.contracts import Check, Net, Source
from bot.model import Health, Outcome, Reading, Role, Round, Service, Word
from bot.model.shifts import Moved
from bot.watch.beat import Beat
from bot.watch.canaries import Canaries
from bot.watch.clock import SYSTEM, Clock
from bot.watch.faults import fault
from bot.watch.newest import Newest

logger = logging.getLogger(__name__)

TICK = 0.1  # seconds; waking for every single round would cost twice the CPU
AT_ONCE = 500  # rounds under way; more would use up the file descriptors that a daemon usually has
ROWS = 100_000  # readings kept for who drains them
FIRST_WITHIN = 60.0  # seconds after a start
GAP = (5.0, 60.0)  # seconds: two ticks so far apart, or by two intervals between these, mean that the machine slept
HELD = 5.0  # seconds that are waited for what is being recorded, when the rounds are held
GRACE = timedelta(seconds=2)  # a check that outstays its time-out by this much has forgotten it

_OUR_ERROR = "our own error"
_ANSWERED = frozenset({Outcome.GOOD, Outcome.WORN})
_WORLDLY = frozenset({Outcome.BAD, Outcome.SLOW})  # says something ill of the service, if we see at all


@dataclass(frozen=True, slots=True)
class Watched:
    """A service and how it is looked at: checks by route name. `confirm_every` is its beat while it is not up; only then
    the sources of `in_doubt` are asked.
    """

    service: Service
    checks: Mapping[str, Check]
    sources: tuple[Source, ...] = ()
    every: timedelta = timedelta(seconds=30)
    timeout: timedelta = timedelta(seconds=10)
    confirm_every: timedelta = timedelta(seconds=10)
    slow_after: timedelta = timedelta(seconds=5)
    in_doubt: tuple[Source, ...] = ()


@dataclass(slots=True)
class Counts:
    """Since the start, for metrics."""

    rounds: int = 0
    checks: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    skipped: int = 0  # the round before was still running
    discarded: int = 0  # the machine slept during the round
    failed: int = 0  # the round could not be recorded
    dropped: int = 0  # readings that nobody drained in time
    late: float = 0.0  # seconds: the latest that a round ever began
    ended_at: datetime | None = None  # when a round last ended, or none was under way: the rounds go on

    def by_name(self) -> dict[str, int]:
        """What became of rounds and checks, the latter by their outcome."""
        whole = {"rounds": self.rounds, "skipped": self.skipped, "discarded": self.discarded, "failed": self.failed}
        return whole | {"dropped": self.dropped} | {outcome.value: n for outcome, n in self.checks.items()}


class Rounds:
    """`seen` judges and stores a round; True: the service is in doubt or not up, so it is looked at sooner and afresh.

    `crowd`: what people say of a service. It is at hand, so no round waits for it as for a source's word.
    """

    def __init__(
        self,
        watched: Sequence[Watched],
        canaries: Sequence[Check],
        net: Net,
        *,
        seen: Callable[[Round], Awaitable[bool]],
        crowd: Callable[[str], Word | None] = lambda _: None,
        clock: Clock = SYSTEM,
        at_once: int = AT_ONCE,
        grace: timedelta = GRACE,
    ) -> None:
        self._watched = {one.service.id: one for one in watched}
        self._net = net
        self._seen = seen
        self._crowd = crowd
        self._clock = clock
        self._at_once = at_once
        self._grace = grace
        every = {key: one.every.total_seconds() for key, one in self._watched.items()}
        self._within = {key: min(seconds, FIRST_WITHIN) for key, seconds in every.items()}
        self._gap = max(GAP[0], min(GAP[1], 2 * min(every.values(), default=GAP[1])))
        self._started = self._ticked = self._clock.steady()
        self._beat = Beat(every, self._started, within=FIRST_WITHIN)
        self._canaries = Canaries(canaries, net, self._clock)
        self._newest = Newest(
            {key: one.sources for key, one in self._watched.items()},
            net,
            self._clock,
            in_doubt={key: one.in_doubt for key, one in self._watched.items()},
        )
        self._doubtful = set(self._watched)  # not known to be up: at first, all of them
        self._running: dict[str, asyncio.Task[None]] = {}
        self._recording: set[str] = set()
        self._faulty: set[str] = set()  # whose latest round or check broke by our own error: logged once a stretch
        self._rows: deque[tuple[str, datetime, Reading]] = deque(maxlen=ROWS)
        self._sleeps = 0
        self._settling = False
        self._held = False
        self.counts = Counts()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`: then what still looks is cancelled, and what is being recorded is waited for."""
        self._restart(self._clock.steady())
        self._canaries.begin()
        try:
            while not stop.is_set():
                self.tick()
                await asyncio.sleep(TICK)
        finally:
            await self._end()

    def tick(self) -> None:
        """Start the rounds that are due, and the readings of sources."""
        now = self._clock.steady()
        self._mind_the_gap(now)
        self._ticked = now
        if self._held:
            return
        if self._settling:
            self._settling = False
            self._restart(now)
            return
        if not self._running:
            self.counts.ended_at = self._clock.utcnow()
        self._newest.tick(now)
        for key, late in self._beat.due(now, self._at_once - len(self._running)):
            if key in self._running:
                self.counts.skipped += 1
            elif not self._newest.tried(key) and now < self._started + self._within[key]:
                # A first round without its sources' words would end an outage that only they report.
                self._beat.move(key, min(now + 1.0, self._started + self._within[key]))
            else:
                self.counts.late = max(self.counts.late, late)
                self._start(key)

    async def look(self, watched: Watched, *, doubt: bool = False) -> Round:
        """One round: raises nothing for what a check does. `doubt`: nothing may be reused, though it is known to be up."""
        at, began = self._clock.utcnow(), self._clock.steady()
        readings = await self._readings(watched, doubt=doubt or watched.service.id in self._doubtful)
        sighted = True
        if self._canaries.blind or any(reading.outcome not in _ANSWERED for reading in readings):
            # Also where nothing could be judged: a resolver that is dead for all names is our blindness. And what answers
            # us next door does not show that we see the world again.
            sighted = await self._canaries.sighted(began)
        words, people = self._newest.of(watched.service.id), self._crowd(watched.service.id)
        return Round(watched.service.id, at, readings, (*words, people) if people else words, sighted)

    async def once(self, service: str) -> Round | None:
        """A look for somebody who asks: it is neither judged nor kept. None of what is not watched."""
        watched = self._watched.get(service)
        return await self.look(watched, doubt=True) if watched else None

    async def sighted(self) -> bool:
        """Do we see anything of the world?"""
        return await self._canaries.sighted()

    def again(self, service: str) -> None:
        """Somebody says that there is news of it: look, and read its sources, now."""
        if service in self._watched:
            self._newest.again(service)
            self._beat.move(service, self._clock.steady())

    async def hold(self) -> None:
        """Begin nothing until `go_on`, believe nothing that is under way, and see through what is being recorded."""
        self._held = True
        self._sleeps += 1
        if recording := [task for key, task in self._running.items() if key in self._recording]:
            await asyncio.wait(recording, timeout=HELD)

    def go_on(self) -> None:
        self._held = False

    def step(self, move: Moved) -> None:
        """The clock has stepped."""
        self._rows = deque(((service, move(at), reading) for service, at, reading in self._rows), maxlen=ROWS)
        self.counts.ended_at = self.counts.ended_at and move(self.counts.ended_at)
        self._newest.step(move)

    def drain(self) -> list[tuple[str, datetime, Reading]]:
        """Service, instant of the round and reading, oldest first, of all rounds since the last call."""
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def _start(self, key: str) -> None:
        task = asyncio.create_task(self._round(self._watched[key]))
        self._running[key] = task
        task.add_done_callback(partial(self._ended, key))

    async def _round(self, watched: Watched) -> None:
        key, sleeps, began = watched.service.id, self._sleeps, self._clock.steady()
        result = await self.look(watched)
        self._mind_the_gap(self._clock.steady())
        if sleeps != self._sleeps:
            self.counts.discarded += 1
            self._beat.move(key, self._clock.steady())
            return
        self._keep(result)
        self._recording.add(key)
        self._judged(watched, began, doubtful=await self._seen(result))
        self._faulty.discard(key)

    def _judged(self, watched: Watched, began: float, *, doubtful: bool) -> None:
        key = watched.service.id
        self._newest.doubt(key, doubtful=doubtful)
        if not doubtful:
            self._doubtful.discard(key)
            return
        self._doubtful.add(key)
        faster = min(watched.confirm_every, watched.every).total_seconds()
        self._beat.move(key, max(self._clock.steady(), began + faster))

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        del self._running[key]
        self._recording.discard(key)
        self.counts.ended_at = self._clock.utcnow()
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        self.counts.failed += 1
        self._judged(self._watched[key], self._clock.steady(), doubtful=True)
        self._complain(key, f"the round of {key} could not be recorded", error)

    def _keep(self, result: Round) -> None:
        self.counts.rounds += 1
        if not result.readings:
            self._rows.append((result.service, result.at, _by_words(result.words)))
        for reading in result.readings:
            self.counts.checks[reading.outcome] += 1
            blind = not result.sighted and reading.outcome in _WORLDLY
            if len(self._rows) == ROWS:
                self.counts.dropped += 1
            # In figures, what we could not see counts as unknown, not as the service's failure.
            self._rows.append(
                (result.service, result.at, replace(reading, outcome=Outcome.BLIND) if blind else reading)
            )

    async def _readings(self, watched: Watched, *, doubt: bool) -> tuple[Reading, ...]:
        if len(watched.checks) == 1:  # most services: a task less for each of their rounds
            ((route, check),) = watched.checks.items()
            return (await self._try(watched, route, check, doubt=doubt),)
        tries = (self._try(watched, route, check, doubt=doubt) for route, check in watched.checks.items())
        return tuple(await asyncio.gather(*tries))

    async def _try(self, watched: Watched, route: str, check: Check, *, doubt: bool) -> Reading:
        try:
            async with asyncio.timeout((watched.timeout + self._grace).total_seconds()):
                reading = await check.look(route, self._net, watched.timeout, doubt=doubt)
        except Exception as error:  # noqa: BLE001 - the border of a check
            name = f"{watched.service.id}/{route}"
            self._complain(name, f"the {check.kind} check {name} failed by our own error", error)
            return Reading(route, Outcome.BLIND, _OUR_ERROR)
        if self._faulty:
            self._faulty.discard(f"{watched.service.id}/{route}")
        if reading.took is not None and reading.took > watched.slow_after and reading.outcome in _ANSWERED:
            return replace(reading, outcome=Outcome.SLOW, why=f"answered after {reading.took.total_seconds():.1f} s")
        return reading

    def _complain(self, name: str, what: str, error: BaseException) -> None:
        if name not in self._faulty:
            self._faulty.add(name)
            logger.error("%s: %s", what, fault(error))

    def _mind_the_gap(self, now: float) -> None:
        """After a sleep whoever runs first notices: a round that ends before the next tick must not be believed either."""
        if now - self._ticked > self._gap:
            logger.info("nothing ran for %.0f s: rounds under way are discarded", now - self._ticked)
            self._ticked = now
            self._sleeps += 1
            self._settling = True

    def _restart(self, now: float) -> None:
        self._started = self._ticked = now
        self._beat.restart(now)
        self._newest.restart(now)

    async def _end(self) -> None:
        for key, task in self._running.items():
            if key not in self._recording:
                task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        await self._canaries.close()
        await self._newest.close()


def _by_words(words: Sequence[Word]) -> Reading:
    """Of what has no route its sources' words are all that is seen: where they can be read, it was looked at."""
    if all(word.says is None for word in words):
        return Reading("", Outcome.BLIND, "no source could be read")
    worst = max((word.says for word in words if word.role is Role.OFFICIAL and word.says), default=Health.UP)
    return Reading("", {Health.DOWN: Outcome.BAD, Health.DEGRADED: Outcome.SLOW}.get(worst, Outcome.GOOD))

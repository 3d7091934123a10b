"""The rounds of all services on one beat: all routes at once, each with a time-out, plus the latest reports."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from bot.clock import SYSTEM, Clock
from bot.contracts import Check, FencedError, Net
from bot.errors import fault
from bot.model import Outcome, Reading, Reason, ReasonCode, Round, SourceReport
from bot.model.clock_shift import Moved
from bot.net.timer_wheel import TimerWheel
from bot.own_health import OwnHealth
from bot.watch.canaries import Canaries, Lag
from bot.watch.reading_log import WORLDLY, Counts, ReadingLog
from bot.watch.schedule import RateLimits, Schedule, Watched, most_at_once, only_limited, share, sleep_gap
from bot.watch.source_poller import poller
from bot.watch.witness.registry import WitnessRegistry

__all__ = ["Rounds", "Watched", "most_at_once"]

logger = logging.getLogger(__name__)

TICK = 0.1  # seconds; waking for every single round would cost twice the CPU
ROWS = 100_000  # readings kept until `drain`
FIRST_WITHIN = 60.0  # seconds after a start within which every service has its first round ...
RATE = 20.0  # ... less for few services: this many per second
WON_WITHIN = 10.0  # seconds within which services taken over from another node have their first round
WORDS_WITHIN = 1.0  # seconds after a start that first rounds wait for the reports of their sources
HELD = 5.0  # seconds that `hold` waits for rounds being recorded
GRACE = timedelta(seconds=2)  # a check this long past its time-out has ignored it

_OUR_ERROR = Reason.of(ReasonCode.OWN_ERROR)
_STARVED = Reason.of(ReasonCode.OWN_PROCESS_STARVED)
_ANSWERED = frozenset({Outcome.OK, Outcome.EXPIRING})


class Rounds:
    """`seen` judges and stores a round; it returns True if the service is in doubt or not up, so that it is checked
    sooner and on fresh connections.

    `crowd`: people's reports on a service, which are at hand: no round waits for them as for a source. It is told when
    the round began if that fails, since what people said before an outage says nothing of it. `places`: the witnesses.
    """

    def __init__(
        self,
        watched: Sequence[Watched],
        canaries: Sequence[Check],
        net: Net,
        *,
        seen: Callable[[Round], Awaitable[bool]],
        crowd: Callable[[str, datetime | None], SourceReport | None] = lambda _service, _failed_at: None,
        clock: Clock = SYSTEM,
        at_once: int | None = None,
        grace: timedelta = GRACE,
        own_health: OwnHealth | None = None,
        epoch: Callable[[str], int | None] = lambda _: 0,
        places: WitnessRegistry | None = None,
    ) -> None:
        self._watched = {one.service.id: one for one in watched}
        self._net, self._seen, self._user_reports, self._clock, self._places = net, seen, crowd, clock, places
        self._epoch = epoch
        self._at_once = most_at_once() if at_once is None else at_once
        self._grace = grace
        every = {key: one.every.total_seconds() for key, one in self._watched.items()}
        self._gap = sleep_gap(watched)
        self._started = self._ticked = self._clock.steady()
        self._schedule = Schedule(every, self._started, within=min(FIRST_WITHIN, len(every) / RATE))
        self._lag = Lag(TICK, self._started, own_health)
        self._limits = RateLimits()
        self._wheel = TimerWheel()
        self._extra: dict[str, float] = {}  # when the last requested extra round began, or will begin
        self._canaries = Canaries(canaries, net, self._clock, self._lag)
        self._sources = poller(watched, net, clock, lambda service: epoch(service) is not None)
        self._doubtful = set(self._watched)  # not known to be up
        self._running: dict[str, asyncio.Task[None]] = {}
        self._recording: set[str] = set()
        self._faulty: set[str] = set()  # failed by our own error the last time: logged once
        self._sleeps, self._settling, self._some_ended, self._going_on = 0, False, False, asyncio.Event()
        self.go_on()
        self._asleep_since: dict[str, datetime] = {}  # by service, until a round has reported the sleep
        self.counts = Counts()
        self._log = ReadingLog(self.counts, ROWS)
        self.drain = self._log.drain

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; then cancel running checks and wait for rounds being recorded."""
        self._restart(self._clock.steady())
        self._canaries.begin()
        try:
            while not stop.is_set():
                self.tick()
                await asyncio.sleep(TICK)
        finally:
            await self._end()

    def tick(self) -> None:
        """Start the rounds and source readings that are due."""
        now = self._clock.steady()
        self._note_sleep(now)
        self._lag.ticked(now)
        self._ticked = now
        if not self._going_on.is_set():
            return
        if self._settling:
            self._settling = False
            self._restart(now)
            return
        if self._some_ended or not self._running:
            self._some_ended, self.counts.ended_at = False, self._clock.utcnow()
        self._sources.tick(now)
        for key, late in self._schedule.due(now, self._at_once - len(self._running)):
            if self._epoch(key) is None:
                continue  # another node watches it
            if key in self._running:
                self.counts.skipped += 1
            elif not self._sources.tried(key) and now < self._started + WORDS_WITHIN:
                # Source reports complete the first notice of an outage; but one that hangs must delay nothing.
                self._schedule.move(key, now + TICK)
            else:
                self.counts.late = max(self.counts.late, late)
                self._start(key)

    async def look(self, watched: Watched, *, fresh: bool = False) -> Round:
        """One round. Raises nothing if a check fails. `fresh`: reuse no connection, even if the service is up."""
        at, began, service = self._clock.utcnow(), self._clock.steady(), watched.service.id
        if self._places:
            self._places.begin(service)
        readings, starved, failing, online = await self._tries(watched, began, fresh=fresh or service in self._doubtful)
        if online and (failing or self._canaries.offline):
            # Also if nothing could be judged: a resolver that fails for all names means that we are blind. And services
            # next door that answer do not prove that we are online.
            online = await self._canaries.online(began)
        if self._places and online:
            readings = await self._places.joined(service, readings, began, watched.timeout)
        bad = any(reading.outcome in WORLDLY for reading in readings)
        words, untried = self._sources.of(service), not self._sources.tried(service)
        people = self._user_reports(service, at if bad else None)
        words, asleep = (*words, people) if people else words, self._asleep_since.get(service)
        return Round(service, at, readings, words, online, starved=starved, untried=untried, asleep_since=asleep)

    async def once(self, service: str) -> Round | None:
        """A round on request, neither judged nor stored. None if the service is not watched."""
        watched = self._watched.get(service)
        return await self.look(watched, fresh=True) if watched else None

    async def online(self) -> bool:
        """Whether we are online."""
        return await self._canaries.online()

    def again(self, service: str, *, vouched: bool = False) -> None:
        """Check a service and read its sources, since there is said to be news.

        Neither happens more often than for a service in doubt. `vouched` by a token, the sources are read now.
        """
        if (watched := self._watched.get(service)) is None:
            return
        self._sources.again(service, vouched=vouched)
        now, pause = self._clock.steady(), watched.confirm_every.total_seconds()
        asked = self._extra.get(service)
        if asked is None or asked <= now:
            asked = self._extra[service] = now if asked is None else max(now, asked + pause)
        if self._open_at(watched) <= asked:
            self._schedule.sooner(service, asked)

    def change(self, watched: Sequence[Watched], canaries: Sequence[Check] | None = None) -> None:
        """Watch these services from now on. What is the same object as before is not touched, nor is its round under way.
        `canaries`: None: they stay.
        """
        before, self._watched = self._watched, {one.service.id: one for one in watched}
        fresh = [one for one in watched if (old := before.get(one.service.id)) is None or old.checks != one.checks]
        for key in before.keys() - self._watched.keys():
            self._drop(key)
        for one in watched:
            if before.get(one.service.id) is not one:
                self._put(one, before.get(one.service.id), within=min(WON_WITHIN, len(fresh) / RATE))
        self.won([one.service.id for one in fresh])
        self._gap = sleep_gap(watched)
        if canaries is not None:
            self._canaries.change(canaries)

    def won(self, services: Collection[str]) -> None:
        """Look soon at services that are ours from now on: nothing is known of them yet."""
        now, within = self._clock.steady(), min(WON_WITHIN, len(services) / RATE)
        for key in services:
            self._doubtful.add(key)
            self._asleep_since.pop(key, None)  # another node has watched it
            self._schedule.sooner(key, now + share(key) * within)
            self._sources.won(key)

    def _open_at(self, watched: Watched) -> float:
        """When its first route may be asked; 0 if some route has no rate limit."""
        if not self._limits:
            return 0.0
        until = [self._limits.until((watched.service.id, route)) or 0.0 for route in watched.checks]
        return min(until, default=0.0)

    async def hold(self) -> bool:
        """Start and record nothing until `go_on`, and discard what is running. False if rounds are being recorded for too
        long: then nothing is discarded, only delayed.
        """
        self._going_on.clear()
        recording = [task for key, task in self._running.items() if key in self._recording]
        if recording and (await asyncio.wait(recording, timeout=HELD))[1]:
            return False
        self._sleeps += 1
        return True

    def go_on(self) -> None:
        self._going_on.set()

    def step(self, move: Moved) -> None:
        """Shift all times after the clock has stepped."""
        self._log.step(move)
        self.counts.ended_at = self.counts.ended_at and move(self.counts.ended_at)
        self._asleep_since = {service: move(at) for service, at in self._asleep_since.items()}
        self._sources.step(move)

    def _put(self, one: Watched, old: Watched | None, *, within: float) -> None:
        key, every = one.service.id, one.every.total_seconds()
        if old is None or old.every != one.every:
            spread = within if old is None else min(every, FIRST_WITHIN)
            self._schedule.put(key, every, self._clock.steady() + share(key) * spread)
        if old is None or (old.sources, old.in_doubt) != (one.sources, one.in_doubt):
            self._sources.change(key, one.sources, one.in_doubt)

    def _drop(self, key: str) -> None:
        self._schedule.drop(key)
        self._sources.change(key, ())
        self._doubtful.discard(key)
        self._asleep_since.pop(key, None)
        if key in self._running and key not in self._recording:
            self._running[key].cancel()

    def _start(self, key: str) -> None:
        # The count is taken here: a clock that is set before the task first runs must spoil the round, too.
        task = asyncio.create_task(self._round(self._watched[key], self._sleeps))
        self._running[key] = task
        task.add_done_callback(partial(self._ended, key))

    async def _round(self, watched: Watched, sleeps: int) -> None:
        key, began = watched.service.id, self._clock.steady()
        epoch = self._epoch(key)
        result = await self.look(watched)
        self._note_sleep(self._clock.steady())
        await self._going_on.wait()
        if sleeps != self._sleeps or self._watched.get(key) is not watched:  # or its settings have changed
            self.counts.discarded += 1
            self._schedule.move(key, self._clock.steady())
            return
        if self._epoch(key) != epoch:
            self.counts.fenced += 1  # another node has it, or had it
            return
        self._log.keep(result)
        self._recording.add(key)
        doubtful, limits = await self._seen(result), bool(self._limits)
        if doubtful or limits or key in self._doubtful:
            self._judged(watched, began, doubtful=doubtful, asked_less=limits and only_limited(result))
        else:
            self._sources.doubt(key, doubtful=False)
        self._faulty.discard(key)
        if result.asleep_since and self._asleep_since.get(key) == result.asleep_since:
            del self._asleep_since[key]

    def _judged(self, watched: Watched, began: float, *, doubtful: bool, asked_less: bool = False) -> None:
        """Plan the next round. `asked_less`: only rate limits are wrong, so it is not checked more often."""
        key = watched.service.id
        if self._watched.get(key) is not watched:
            return  # planned when its settings changed
        if (opens := self._open_at(watched)) > self._clock.steady():
            self._schedule.move(key, opens)
        if asked_less:
            self._doubtful.add(key)
            return
        self._sources.doubt(key, doubtful=doubtful)
        if not doubtful:
            self._doubtful.discard(key)
            return
        self._doubtful.add(key)
        faster = min(watched.confirm_every, watched.every).total_seconds()
        self._schedule.move(key, max(self._clock.steady(), began + faster))

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        del self._running[key]
        self._recording.discard(key)
        self._some_ended = True
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        if isinstance(error, FencedError):
            self.counts.fenced += 1  # another node has taken it over
            return
        self.counts.unrecorded += 1
        if watched := self._watched.get(key):
            self._judged(watched, self._clock.steady(), doubtful=True)
        self._complain(key, f"the round of {key} could not be recorded", error)

    async def _tries(
        self, watched: Watched, began: float, *, fresh: bool
    ) -> tuple[tuple[Reading, ...], bool, bool, bool]:
        """The reading of each route; whether some prove nothing because this process got no time; whether others are bad;
        and whether we were online when the first of them was.
        """
        if len(watched.checks) == 1:  # most services: this saves a task per round
            ((route, check),) = watched.checks.items()
            reading, held = await self._try(watched, route, check, began, fresh=fresh)
            return (reading,), held, not held and reading.outcome not in _ANSWERED, True
        looks: list[asyncio.Task[bool]] = []

        async def tried(route: str, check: Check) -> tuple[Reading, bool]:
            reading, held = await self._try(watched, route, check, began, fresh=fresh)
            if reading.outcome not in _ANSWERED and not held and not looks:
                looks.append(self._canaries.begin())  # until another route has timed out, we may be online again
            return reading, held

        found = await asyncio.gather(*(tried(route, check) for route, check in watched.checks.items()))
        online = all([await asyncio.shield(look) for look in looks])
        return tuple(reading for reading, _ in found), any(held for _, held in found), bool(looks), online

    async def _try(
        self, watched: Watched, route: str, check: Check, began: float, *, fresh: bool
    ) -> tuple[Reading, bool]:
        """The reading of a route; True if it proves nothing because this process got no time."""
        key, before, timeout = (watched.service.id, route), self._lag.held(began), watched.timeout
        if self._limits and (refused := self._limits.holds(key, began)) is not None:
            return refused, False
        sleeps = self._sleeps
        try:
            with self._wheel.limit((timeout + self._grace).total_seconds()):
                reading = await check.run(route, self._net, timeout, fresh=fresh)
        except Exception as error:  # noqa: BLE001 - the boundary of a check
            reading = self._own_error(watched, route, error, sleeps, before)
        now = self._clock.steady()
        self._note_sleep(now)
        held = self._lag.held(now) - before
        if held and self._lag.spoils(held, timeout.total_seconds()):
            if reading.outcome in _ANSWERED:
                return replace(reading, took=None), False  # the delay is ours
            self._lag.spoiled(now, held)
            return Reading(route, Outcome.INCONCLUSIVE, _STARVED), True
        if self._limits or reading.wait is not None:
            self._limits.note(key, reading, now, watched.every.total_seconds())
        if self._faulty and reading.why != _OUR_ERROR:
            self._faulty.discard("/".join(key))
        if reading.took is not None and reading.took > watched.slow_after and reading.outcome in _ANSWERED:
            why = Reason.of(ReasonCode.ANSWERED_AFTER, seconds=round(reading.took.total_seconds(), 1))
            return replace(reading, outcome=Outcome.SLOW, why=why), False
        return reading, False

    def _own_error(self, watched: Watched, route: str, error: Exception, sleeps: int, before: float) -> Reading:
        """The reading of a check that raised `error`. `before`: how long the loop had been held; `sleeps`: as then."""
        now = self._clock.steady()
        self._note_sleep(now)
        held = self._lag.held(now) - before
        ours = sleeps != self._sleeps or self._lag.spoils(held, watched.timeout.total_seconds())
        if not (isinstance(error, TimeoutError) and ours):
            name, kind = f"{watched.service.id}/{route}", watched.checks[route].kind
            self._complain(name, f"the {kind} check {name} failed by our own error", error)
        return Reading(route, Outcome.INCONCLUSIVE, _OUR_ERROR)

    def _complain(self, name: str, what: str, error: BaseException) -> None:
        if name not in self._faulty:
            self._faulty.add(name)
            logger.error("%s: %s", what, fault(error))

    def _note_sleep(self, now: float) -> None:
        """Detect a sleep; called by rounds, too, so that one ending before the next tick is discarded."""
        if (slept := now - self._ticked) > self._gap:
            logger.warning(
                "nothing ran for %.0f s, as when the machine sleeps: what was under way is not judged", slept
            )
            since = self._clock.utcnow() - timedelta(seconds=slept)
            # after two sleeps, the first one counts
            self._asleep_since = dict.fromkeys(self._watched, since) | self._asleep_since
            self._ticked = now
            self._lag.restart(now)
            self._sleeps += 1
            self._settling = True

    def _restart(self, now: float) -> None:
        self._started = self._ticked = now
        self._schedule.restart(now)
        self._sources.restart(now)

    async def _end(self) -> None:
        for key, task in self._running.items():
            if key not in self._recording:
                task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        await self._canaries.close()
        await self._sources.close()

"""The latest report of every source, read on a slow beat, so that no round waits for a status page."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.contracts import HttpCache, Net, Source, SourceState
from bot.errors import fault
from bot.model import Health, Outcome, Reading, Reason, ReasonCode, Role, SourceReport
from bot.model.clock_shift import Moved, move_inside
from bot.watch.schedule import Schedule, Watched, share

logger = logging.getLogger(__name__)

EVERY = 120.0  # seconds between two readings of a source
EVERY_IN_DOUBT = 30.0  # while its service is not up
FIRST_WITHIN = 10.0  # seconds after a start within which all are read, for the first rounds ...
RATE = 20.0  # ... less for few sources: this many per second
AT_ONCE = 50
LONGEST = timedelta(seconds=60)  # longer than any source's own time-out
HOLD = timedelta(minutes=5)


class SourcePoller:
    """Reads the `sources` of each service. A report of trouble outlives `HOLD` of silence: a page that hiccups has not
    said "restored".

    `in_doubt`: sources read only while their service is not up, or when there is news of it; otherwise they have no
    report.
    """

    def __init__(
        self,
        sources: Mapping[str, Sequence[Source]],
        net: Net,
        clock: Clock,
        *,
        longest: timedelta = LONGEST,
        in_doubt: Mapping[str, Sequence[Source]] | None = None,
        ours: Callable[[str], bool] = lambda _service: True,
    ) -> None:
        passing = in_doubt or {}
        every = {service: (*of, *passing.get(service, ())) for service, of in sources.items()}
        self._keys = {service: tuple(f"{service}/{n}" for n in range(len(of))) for service, of in every.items() if of}
        self._sources = {f"{service}/{n}": (service, one) for service, of in every.items() for n, one in enumerate(of)}
        self._passing = {service: self._keys[service][-len(of) :] for service, of in passing.items() if of}
        self._unasked = {key for keys in self._passing.values() for key in keys}  # not wanted at the moment
        self._ours = ours
        self._net = net
        self._clock = clock
        self._longest = longest.total_seconds()
        self._beat = Schedule(
            dict.fromkeys(self._sources, EVERY), clock.steady(), within=min(FIRST_WITHIN, len(self._sources) / RATE)
        )
        self._began: dict[str, float] = {}
        self._words: dict[str, SourceReport] = {}
        self._shelf = HttpCache()
        self._memories = {key: SourceState(self._shelf) for key in self._sources}
        self._silent: dict[str, datetime] = {}  # since when
        self._doubtful: set[str] = set()
        self._reading: dict[str, asyncio.Task[None]] = {}

    def of(self, service: str) -> tuple[SourceReport, ...]:
        """The present reports; a source that was not read yet is missing."""
        return tuple(self._words[key] for key in self._keys.get(service, ()) if key in self._words)

    def tried(self, service: str) -> bool:
        """Whether every source of the service was read, or failed, at least once."""
        return all(key in self._words or key in self._unasked for key in self._keys.get(service, ()))

    def doubt(self, service: str, *, doubtful: bool) -> None:
        """Read the service's sources more often, or as usual again."""
        if not doubtful:
            self._doubtful.discard(service)
            for key in self._passing.get(service, ()):
                self._unasked.add(key)
                self._words.pop(key, None)
        elif service not in self._doubtful:
            self._doubtful.add(service)
            now = self._clock.steady()
            for key in self._keys.get(service, ()):
                self._unasked.discard(key)
                self._beat.move(key, max(now, self._began.get(key, now - EVERY) + EVERY_IN_DOUBT))

    def again(self, service: str, *, vouched: bool = False) -> None:
        """Read a service's sources soon, since there is news.

        `vouched` by a token, they are read now, past the cache; else as soon as `EVERY_IN_DOUBT` allows.
        """
        now = self._clock.steady()
        for key in self._keys.get(service, ()):
            self._unasked.discard(key)
            if vouched:
                self._memories[key].news_at = self._clock.utcnow()
                self._beat.move(key, now)
            else:
                self._beat.sooner(key, max(now, self._began.get(key, now - EVERY_IN_DOUBT) + EVERY_IN_DOUBT))

    def won(self, service: str) -> None:
        """Read what is always read of a service soon, since it is ours from now on."""
        now = self._clock.steady()
        for key in self._keys.get(service, ()):
            if key not in self._unasked:
                self._beat.sooner(key, now + share(key) * FIRST_WITHIN)

    def change(self, service: str, sources: Sequence[Source], in_doubt: Sequence[Source] = ()) -> None:
        """Read these of a service from now on, and forget what its former ones said; none: forget the service."""
        for key in self._keys.pop(service, ()):
            self._beat.drop(key)
            self._unasked.discard(key)
            for known in (self._sources, self._memories, self._words, self._silent, self._began):
                known.pop(key, None)
            if task := self._reading.pop(key, None):
                task.cancel()
        self._passing.pop(service, None)
        self._doubtful.discard(service)
        if not (every := (*sources, *in_doubt)):
            return
        now = self._clock.steady()
        self._keys[service] = keys = tuple(f"{service}/{n}" for n in range(len(every)))
        if in_doubt:
            self._passing[service] = keys[-len(in_doubt) :]
            self._unasked.update(self._passing[service])
        for key, source in zip(keys, every, strict=True):
            self._sources[key], self._memories[key] = (service, source), SourceState(self._shelf)
            self._beat.put(key, EVERY, now)

    def tick(self, now: float) -> None:
        """Start the readings that are due."""
        for key, _ in self._beat.due(now, AT_ONCE - len(self._reading)):
            if key not in self._reading and key not in self._unasked and self._ours(self._sources[key][0]):
                self._reading[key] = asyncio.create_task(self._read(key), name=f"source {key}")

    def restart(self, now: float) -> None:
        """Start again after the machine slept: all reports are old."""
        self._beat.restart(now)

    def step(self, move: Moved) -> None:
        """Shift all times after the clock has stepped."""
        shelves = {id(memory.shelf): memory.shelf for memory in self._memories.values()}
        for memory in self._memories.values():
            for name in ("news_at", "found_at", "heard_at", "sought_at"):
                setattr(memory, name, (at := getattr(memory, name)) and move(at))
        for shelf in shelves.values():
            move_inside(shelf, move)
        self._words = {key: replace(word, at=word.at and move(word.at)) for key, word in self._words.items()}
        self._silent = {key: move(at) for key, at in self._silent.items()}

    async def close(self) -> None:
        for task in self._reading.values():
            task.cancel()
        await asyncio.gather(*self._reading.values(), return_exceptions=True)

    async def _read(self, key: str) -> None:
        service, source = self._sources[key]
        began = self._began[key] = self._clock.steady()
        asked = self._clock.utcnow()
        try:
            self._keep(key, await self._ask(key, source))
        finally:
            if self._reading.get(key) is asyncio.current_task():
                del self._reading[key]
        news = self._memories[key].news_at
        if news is not None and news > asked:
            self._beat.move(key, self._clock.steady())  # it came while an older state was being read
        elif service in self._doubtful:
            self._beat.move(key, max(self._clock.steady(), began + EVERY_IN_DOUBT))
        elif key in self._passing.get(service, ()):
            self._unasked.add(key)

    async def _ask(self, key: str, source: Source) -> SourceReport:
        now = self._clock.utcnow()
        try:
            async with asyncio.timeout(self._longest):
                return await source.read(self._net, now, self._memories[key])
        except Exception as error:  # noqa: BLE001 - the boundary of a source
            if key not in self._silent:
                self._silent[key] = now
                logger.error("reading %s (%s) failed by our own error: %s", key, source.kind, fault(error))
            return self._silence(key, source, now)

    def _silence(self, key: str, source: Source, now: datetime) -> SourceReport:
        """The report of a silent source. One that never spoke counts as a tracker, the weaker role."""
        former = self._words.get(key, SourceReport(Role.TRACKER, source.kind, None))
        return SourceReport(former.role, former.source, None, at=now, planned=former.planned)

    def _keep(self, key: str, word: SourceReport) -> None:
        if word.says is not None:
            if self._silent.pop(key, None):
                logger.info("%s: %s can be read again", key, word.source)
            self._words[key] = word
            return
        if key not in self._silent:
            self._silent[key] = word.at or self._clock.utcnow()
            logger.warning("%s: %s cannot be read", key, word.source)
        if not self._holds(key):
            self._words[key] = replace(word, silent_since=self._silent[key])

    def _holds(self, key: str) -> bool:
        word = self._words.get(key)
        if word is None or word.says is None or word.says <= Health.UP or word.at is None:
            return False
        return self._clock.utcnow() - word.at < HOLD


def poller(watched: Sequence[Watched], net: Net, clock: Clock, ours: Callable[[str], bool]) -> SourcePoller:
    """The poller of these services' sources."""
    sources = {one.service.id: one.sources for one in watched}
    return SourcePoller(sources, net, clock, in_doubt={one.service.id: one.in_doubt for one in watched}, ours=ours)


def reading_of_reports(words: Sequence[SourceReport]) -> Reading:
    """The reading of a service without routes, from its sources' reports alone."""
    if all(word.says is None for word in words):
        return Reading("", Outcome.INCONCLUSIVE, Reason.of(ReasonCode.NO_SOURCE_READ))
    worst = max((word.says for word in words if word.role is Role.OFFICIAL and word.says), default=Health.UP)
    return Reading("", {Health.DOWN: Outcome.FAILED, Health.DEGRADED: Outcome.SLOW}.get(worst, Outcome.OK))

"""The latest readings of all witnesses, and the rounds that ask them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.clock import SYSTEM, Clock
from bot.judge.quorum import BAD, FRESH, Vote, combined, fresh, in_doubt
from bot.model import PlaceLook, Reading
from bot.model.witnesses import SharedReading, SharedWord, WitnessNews, series
from bot.watch.witness.allowance import IN_DOUBT, Allowance, Transit
from bot.watch.witness.protocol import LONGEST_AGE, MOST, Report, SeenRound

LOST = 10.0  # seconds without a word after which a witness is not waited for
SILENT = 300.0  # seconds without a word that admins should know of
WAIT = 3.0  # seconds, besides a check's time-out, for a request to reach a witness and its readings to come back
AHEAD = 1.0  # seconds by which a reading may seem to lie in the future, since clocks are read one after the other
WAIT_SHARED = 6.0  # likewise, if the witness reports to another node
WAITING = 100  # rounds that wait for witnesses at once
SAME = 0.1  # seconds by which an instant may differ after it went through the database
ASKED = 10.0  # seconds for which a request stands: later nobody waits for it
ROWS = 50_000  # readings for the history kept until `drain`


@dataclass(frozen=True, slots=True)
class Member:
    """A witness: its name as people read it, and the routes that it may report, by service."""

    key: str
    name: str
    routes: Mapping[str, frozenset[str]]


@dataclass(slots=True)
class Station:
    """What is known of a witness. Instants are seconds of our steady clock."""

    member: Member
    history: Allowance
    heard_at: float | None = None
    blind: bool = False
    votes: dict[tuple[str, str], Vote] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)  # by service: when the newest round that it told began
    requested: dict[str, float] = field(default_factory=dict)  # services to look at, and since when
    here: bool = False  # it reports to this node, and something is new since `outgoing`
    transit: Transit = field(default_factory=Transit)

    def listens(self, now: float) -> bool:
        return self.heard_at is not None and now - self.heard_at <= LOST


@dataclass(slots=True)
class Tally:
    """Counts of a witness's readings since the start."""

    taken: int = 0
    late: int = 0  # kept as history only
    refused: int = 0  # of what the witness was not given
    surplus: int = 0  # far more than its checks can give: not kept for the history


@dataclass(slots=True)
class Doubt:
    """Trouble: since when it is seen, and the last round that saw it."""

    since: float
    at: float


class WitnessRegistry:
    """`every`: the interval of each service, in seconds. `quorum` None: a majority. `place`: the name of our own."""

    def __init__(
        self,
        members: Sequence[Member],
        every: Mapping[str, float],
        *,
        quorum: int | None = None,
        place: str = "",
        clock: Clock = SYSTEM,
        again: Callable[[str], None] = lambda _service: None,
    ) -> None:
        self.quorum, self.place, self.again = quorum, place, again
        self._every, self._clock = every, clock
        self._stations = {member.key: Station(member, Allowance.of(member.routes, every)) for member in members}
        self._of: dict[str, list[Station]] = {}
        self._routes: dict[str, set[str]] = {}  # that some witness checks, by service
        for station in self._stations.values():
            for service, routes in station.member.routes.items():
                self._of.setdefault(service, []).append(station)
                self._routes.setdefault(service, set()).update(routes)
        self._own: dict[str, tuple[Reading, ...]] = {}
        self._doubted: dict[str, Doubt] = {}  # by service whose last round found trouble in some place
        self._news = asyncio.Event()  # set, and replaced, with each report
        self._rows: deque[tuple[str, float, Reading]] = deque(maxlen=ROWS)
        self.wait, self._waiting = WAIT, 0
        self._unshared: set[tuple[str, str, str]] = set()  # of votes: witness, service, route
        self._asked: set[str] = set()  # services whose requests other nodes do not know yet
        self._started = clock.steady()
        self.tallies = {key: Tally() for key in self._stations}

    # ── from the witnesses ───────────────────────────────────────────────────────────────────────────────────────────

    def take(self, key: str, report: Report) -> tuple[str, ...]:
        """Take a witness's report. Return the services that it should check now."""
        station, now = self._stations[key], self._clock.steady()
        delay = station.transit.delay(report.session, report.sent, now)
        station.heard_at, station.blind, station.here = now, report.blind, True
        news: set[str] = set()
        for seen in report.rounds:
            if self._take_round(station, seen, now, delay):
                news.add(seen.service)
        self._wake()
        requested = tuple(service for service, at in station.requested.items() if now - at <= ASKED)[:MOST]
        station.requested.clear()
        for service in news - self._doubted.keys():
            self.again(service)
        return requested

    def _take_round(self, station: Station, seen: SeenRound, now: float, delay: float) -> bool:
        """Take a round's readings. True if it shows new trouble."""
        member, tally = station.member, self.tallies[station.member.key]
        routes = member.routes.get(seen.service, frozenset())
        known = [one.reading() for one in seen.readings if one.route in routes]
        tally.refused += len(seen.readings) - len(known)
        if not known:
            return False
        age = seen.age + delay
        at = now - max(age, 0.0)
        for reading in known:
            if station.history.spend(now):
                self._rows.append((series(seen.service, member.key), at, reading))
            else:
                tally.surplus += 1
        if not -AHEAD <= age <= LONGEST_AGE or at < station.began.get(seen.service, at):
            tally.late += len(known)
            return False
        tally.taken += len(known)
        station.began[seen.service] = at
        worse = False
        for reading in known:
            before = station.votes.get((seen.service, reading.route))
            worse |= _new_trouble(before, reading)
            station.votes[seen.service, reading.route] = Vote(member.name, reading, at)
            self._unshared.add((member.key, seen.service, reading.route))
        return worse

    def drain(self) -> list[tuple[str, datetime, Reading]]:
        """The readings since the last call, for the history: the witness's own name for the service, when, what."""
        now, steady = self._clock.utcnow(), self._clock.steady()
        rows = [(name, now - timedelta(seconds=max(steady - at, 0.0)), reading) for name, at, reading in self._rows]
        self._rows.clear()
        return rows

    # ── for the rounds ───────────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, service: str) -> None:
        """Called at the beginning of a round: while there is trouble, all places look at the same time."""
        if service in self._doubted:
            self._ask(service)

    async def joined(
        self, service: str, own: Sequence[Reading], began: float, timeout: timedelta
    ) -> tuple[Reading, ...]:
        """The readings of a round that began then, with those of the witnesses.

        If any place sees trouble, all of them are asked to look again, and waited for: a reading from before it began
        would speak for a service that has failed since. Whoever does not answer in time votes by what it has seen since
        the trouble began, or counts for neither side.
        """
        if service not in self._of:
            return tuple(own)
        self._own[service] = tuple(own)
        if not self._sees_trouble(service, own):
            self._doubted.pop(service, None)
            return self._combined(service, own, None)
        since = self._doubt(service, began)
        await self._answers(service, began, timeout)
        if not self._sees_trouble(service, own, since):
            self._doubted.pop(service, None)
        return self._combined(service, own, since)

    async def looks(self, service: str, timeout: timedelta) -> tuple[PlaceLook, ...]:
        """Ask all other places that know the service to look now."""
        began = self._clock.steady()
        await self._answers(service, began, timeout)
        return tuple(_look(station, service, began) for station in self._of.get(service, ()))

    def own(self, service: str) -> PlaceLook | None:
        """What our own place saw of it last; None if no other place knows it."""
        seen = self._own.get(service)
        return None if seen is None else PlaceLook(self.place, seen)

    async def _answers(self, service: str, began: float, timeout: timedelta) -> None:
        """Wait until all places that listen have looked since then, or for as long as that takes at most."""
        self._ask(service, began)
        if self._waiting >= WAITING:
            return  # a storm: what all places see by themselves will do, so that other services are still looked at
        self._waiting += 1
        try:
            await self._wait_for(service, began, timeout.total_seconds() + self.wait)
        finally:
            self._waiting -= 1

    async def _wait_for(self, service: str, began: float, seconds: float) -> None:
        limit = asyncio.get_running_loop().time() + seconds
        while self._missing(service, began):
            news, left = self._news, limit - asyncio.get_running_loop().time()
            if left <= 0:
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, LOST)):
                    await news.wait()

    def _missing(self, service: str, began: float) -> bool:
        now = self._clock.steady()
        return any(
            station.listens(now) and not station.blind and station.began.get(service, -1.0) < began
            for station in self._of.get(service, ())
        )

    def _ask(self, service: str, began: float | None = None) -> None:
        now = self._clock.steady()
        if service in self._of:
            self._asked.add(service)
        for station in self._of.get(service, ()):
            if began is None or station.began.get(service, -1.0) < began:
                station.requested[service] = now

    def _doubt(self, service: str, began: float) -> float:
        """When the trouble that a round sees was first seen; one that nobody has looked at for long is a new one."""
        known = self._doubted.get(service)
        if known is None or began - known.at > FRESH * max(self._every.get(service, 30.0), IN_DOUBT):
            known = self._doubted[service] = Doubt(min(began, self._first_seen(service, began)), began)
        known.at = began
        return known.since

    def _first_seen(self, service: str, began: float) -> float:
        """When a witness that sees trouble now began its check."""
        votes = (vote for route in self._routes[service] for vote in self._votes(service, route, None))
        return min((vote.at for vote in votes if vote.reading and vote.reading.outcome in BAD), default=began)

    def _sees_trouble(self, service: str, own: Sequence[Reading], since: float | None = None) -> bool:
        known = self._routes[service]
        return any(
            in_doubt(reading, self._votes(service, reading.route, since)) for reading in own if reading.route in known
        )

    def _combined(self, service: str, own: Sequence[Reading], since: float | None) -> tuple[Reading, ...]:
        return tuple(
            combined(reading, self._votes(service, reading.route, since), self.quorum, self.place) for reading in own
        )

    def _votes(self, service: str, route: str, since: float | None) -> list[Vote]:
        now, every, found = self._clock.steady(), self._every.get(service, 30.0), []
        for station in self._of.get(service, ()):
            vote = station.votes.get((service, route))
            if vote is None or station.blind or not fresh(vote, now, every):
                continue
            if fresh(vote, now, every, since):
                found.append(vote)
            elif station.listens(now):
                found.append(Vote(vote.place, None, vote.at))
        return found

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    # ── among nodes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def outgoing(self) -> tuple[list[SharedReading], list[SharedWord], list[str]]:
        """What other nodes do not know yet: readings and words heard here, and services that we want looked at."""
        now, readings = self._clock.steady(), []
        for key, service, route in self._unshared:
            vote = self._stations[key].votes[service, route]
            if vote.reading is not None:
                readings.append(SharedReading(service, route, key, now - vote.at, vote.reading))
        words = [
            SharedWord(key, now - station.heard_at, station.blind)
            for key, station in self._stations.items()
            if station.here and station.heard_at is not None
        ]
        for station in self._stations.values():
            station.here = False
        asked = list(self._asked)
        self._unshared.clear()
        self._asked.clear()
        return readings, words, asked

    def adopt(self, news: WitnessNews) -> None:
        """Take over what other nodes have heard, as far as it is newer, and what they ask for."""
        now = self._clock.steady()
        for word in news.words:
            station, at = self._stations.get(word.witness), now - word.age
            if station and (station.heard_at is None or at > station.heard_at + SAME):
                station.heard_at, station.blind = at, word.blind
        for one in news.readings:
            self._adopt(one, now - one.age)
        for service in news.requests:
            for station in self._of.get(service, ()):
                station.requested.setdefault(service, now)
        self._wake()

    def _adopt(self, one: SharedReading, at: float) -> None:
        station = self._stations.get(one.witness)
        if station is None or one.route not in station.member.routes.get(one.service, ()):
            return  # another node's config gives it more
        known = station.votes.get((one.service, one.route))
        if known is not None and at <= known.at + SAME:
            return
        station.votes[one.service, one.route] = Vote(station.member.name, one.reading, at)
        station.began[one.service] = max(at, station.began.get(one.service, at))
        if _new_trouble(known, one.reading) and one.service not in self._doubted:
            self.again(one.service)

    # ── for operators ────────────────────────────────────────────────────────────────────────────────────────────────

    def ages(self) -> dict[str, float | None]:
        """Seconds since the last word of each witness; None if it has not been heard since the start."""
        now = self._clock.steady()
        return {
            key: None if station.heard_at is None else now - station.heard_at for key, station in self._stations.items()
        }

    def counts(self) -> dict[tuple[str, str], int]:
        """The numbers of readings, by witness and what became of them."""
        kinds = ("taken", "late", "refused", "surplus")
        return {(key, kind): getattr(tally, kind) for key, tally in self.tallies.items() for kind in kinds}

    def silent(self) -> dict[str, tuple[str, float]]:
        """The witnesses that should be heard of again: their names, and for how many seconds they have been silent."""
        now, found = self._clock.steady(), {}
        for key, station in self._stations.items():
            since = self._started if station.heard_at is None else station.heard_at
            if now - since > SILENT:
                found[key] = station.member.name, now - since
        return found


def _new_trouble(before: Vote | None, reading: Reading) -> bool:
    return reading.outcome in BAD and (before is None or before.reading is None or before.reading.ok)


def _look(station: Station, service: str, began: float) -> PlaceLook:
    if station.blind and station.heard_at is not None and station.heard_at >= began:
        return PlaceLook(station.member.name, ())
    if station.began.get(service, -1.0) < began:
        return PlaceLook(station.member.name)
    votes = [vote for (of, _), vote in station.votes.items() if of == service and vote.at >= began]
    return PlaceLook(station.member.name, tuple(vote.reading for vote in votes if vote.reading))

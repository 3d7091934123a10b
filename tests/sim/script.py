"""What happens in one seed, drawn before it begins: outages, words of sources, faults of channels, kills, people."""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.channels.discord import DiscordSettings
from bot.channels.email import EmailSettings
from bot.channels.slack import SlackSettings
from bot.channels.telegram import TelegramSettings
from bot.channels.webhook import WebhookSettings
from bot.model import Health, Role

# Where local times are tricky: both changes of Madrid's and of New York's clocks, a midnight, a year's end, any day.
STARTS = (
    datetime(2026, 10, 25, 1, 0, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
    datetime(2026, 11, 1, 6, 0, tzinfo=UTC),
    datetime(2026, 7, 14, 22, 0, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 0, tzinfo=UTC),
    datetime(2026, 5, 20, 12, 0, tzinfo=UTC),
)
SETTINGS = {
    "slack": SlackSettings,
    "discord": DiscordSettings,
    "telegram": TelegramSettings,
    "email": EmailSettings,
    "webhook": WebhookSettings,
}
KINDS = tuple(SETTINGS)
EDITS = frozenset(kind for kind, settings in SETTINGS.items() if settings.edits)
FINDS = frozenset(kind for kind, settings in SETTINGS.items() if settings.finds)
STEP, DAY = 9000.0, 86400.0  # seconds
HOLDS = (8.0, 10.0)  # seconds
STARTED = 10.0  # seconds until the first life has loaded what it needs
PLACES = ("one", "two", "all")
LOOKS = frozenset(kind for kind, settings in SETTINGS.items() if settings.looks)
LIVES = tuple(kind for kind, settings in SETTINGS.items() if settings.lives)
MORE = ("night", "everyone", "nervous", "calm", "patient", "boss", "sleeper", "chat", "admins")


class Look(StrEnum):
    """What a route does to who looks at it."""

    GOOD = "good"
    BAD = "bad"
    SLOW = "slow"
    HANGS = "hangs"  # until the check's own time-out
    RAISES = "raises"  # our bug
    NEVER = "never"  # our bug: the check forgets its time-out


BLINDING = frozenset({Look.RAISES, Look.NEVER})  # say nothing of the service


class Fault(StrEnum):
    """What a provider does to who writes to it."""

    DEAF = "connection refused"
    HANGS = "hangs, then applied or not"
    DROPS = "applied, the answer lost"
    LIMITS = "429"
    BREAKS = "500, applied or not"
    SLOW = "slow"
    MIXED = "any of these, or none"
    BARRED = "refuses the place"
    REVOKED = "refuses our account"


@dataclass(frozen=True, slots=True)
class Stretch:
    start: float
    end: float
    what: object = None
    places: frozenset[str] = frozenset()  # none: all

    def covers(self, at: float) -> bool:
        return self.start <= at < self.end

    def meets(self, start: float, end: float) -> bool:
        return self.start < end and start < self.end


@dataclass(frozen=True, slots=True)
class Work:
    """Planned maintenance of some services; `off`: when a person calls it off, None: nobody does."""

    start: float
    end: float
    services: tuple[str, ...]
    off: float | None = None

    @property
    def over(self) -> float:
        return self.end if self.off is None else min(self.off, self.end)


class Stretches(list[Stretch]):
    """Stretches in the order of their starts; where two overlap, the later one counts."""

    def at(self, now: float) -> Stretch | None:
        end = bisect_right(self, now, key=lambda one: one.start)
        return next((one for one in reversed(self[:end]) if now < one.end), None)

    def meet(self, start: float, end: float) -> bool:
        return any(one.meets(start, end) for one in self)

    def without(self, start: float, end: float) -> float:
        """Seconds of that time in none of these, which do not overlap."""
        return end - start - sum(max(min(one.end, end) - max(one.start, start), 0) for one in self)

    def sorted(self) -> Stretches:
        return Stretches(sorted(self, key=lambda one: (one.start, one.end)))


@dataclass
class Script:
    seed: int
    start: datetime
    faults_end: float
    services: dict[str, tuple[str, ...]] = field(default_factory=dict)  # routes by service
    readers: tuple[str, ...] = ()  # the audiences, by name; "chat" is a subscription
    every: dict[str, float] = field(default_factory=dict)
    confirm: int = 2
    truth: dict[tuple[str, str], Stretches] = field(default_factory=dict)  # by service and route: Look
    blind: Stretches = field(default_factory=Stretches)
    words: dict[str, dict[Role, Stretches]] = field(default_factory=dict)  # by service: (Health | None, headline)
    channels: dict[str, Stretches] = field(default_factory=dict)  # by kind: Fault
    away: Stretches = field(default_factory=Stretches)  # the database
    ends: list[tuple[float, bool]] = field(default_factory=list)  # when a life ends; True: killed
    people: list[tuple[float, str, str]] = field(default_factory=list)  # when, which service, what
    deletions: list[tuple[float, str]] = field(default_factory=list)  # when somebody deletes messages, at which place
    stand_in: str = ""  # the kind of channel that is one of the services
    storm: Stretch | None = None
    steps: list[tuple[float, float]] = field(default_factory=list)  # when the wall clock is set, and by how much
    changes: list[tuple[float, str]] = field(default_factory=list)  # when the config changes, and how
    holds: list[tuple[float, float]] = field(default_factory=list)  # when the loop gets no time, and for how long
    starved: Stretches = field(default_factory=Stretches)  # where the holds are
    troubled: Stretches = field(default_factory=Stretches)  # when some node of a cluster is not well
    works: list[Work] = field(default_factory=list)
    before: float = 0.0  # how long before its start maintenance is announced
    nonsense: bool = False  # do answers ask for waits that make no sense?
    drop: float = 0.0  # how often an answer is lost outside of all stretches
    disk: float = 0.0  # seconds that a transaction takes at most

    def utc(self, at: float) -> datetime:
        return self.start + timedelta(seconds=at)

    def seconds(self, at: datetime) -> float:
        return (at - self.start).total_seconds()

    def offset(self, at: float) -> float:
        """How far the wall clock is off by then."""
        return sum(by for when, by in self.steps if when <= at)

    @property
    def offsets(self) -> tuple[float, ...]:
        return (0.0, *(self.offset(when) for when, _ in self.steps))

    def version(self, at: float) -> tuple[str, ...]:
        """What has been changed in the config by then."""
        return tuple(what for when, what in self.changes if when <= at)

    def bad(self, service: str, start: float, end: float) -> bool:
        """Was any route of the service in trouble for a moment between the two?"""
        return any(
            one.meets(start, end) and one.what not in BLINDING
            for route in self.services[service]
            for one in self.truth[service, route]
        )


def write(seed: int, length: tuple[float, float] = (700, 1400)) -> Script:
    """`length`: of the time in which there are faults, in seconds."""
    chance = random.Random(f"script {seed}")
    end = chance.uniform(*length)
    script = Script(seed, chance.choice(STARTS) - timedelta(seconds=chance.uniform(0, 2400)), end)
    script.confirm = chance.choice((2, 2, 3))
    script.drop = chance.choice((0, 0, 0.02, 0.1))
    script.disk = chance.choice((0, 0.003, 0.05, 0.5))
    script.readers = ("desk", *(name for name in MORE if chance.random() < 0.25))
    many = chance.random() < 0.03
    for number in range(chance.randint(10, 14) if many else chance.choice((1, 1, 1, 2, 2, 3))):
        service = f"s{number}"
        script.services[service] = ("web", "app", "feed")[: 1 if many else chance.choice((1, 1, 2, 3))]
        script.every[service] = chance.choice((20, 30, 30, 45))
        _outages(script, service, chance, few=many)
        if chance.random() < 0.6:
            script.words[service] = _words(script, service, chance)
    if many or chance.random() < 0.3:
        _storm(script, chance)
    for _ in range(chance.choice((0, 0, 0, 1, 1, 2))):
        start = chance.uniform(30, end - 400)
        script.blind.append(Stretch(start, start + chance.choice((chance.uniform(5, 40), chance.uniform(40, 300)))))
    script.blind = script.blind.sorted()
    script.channels = {kind: _faults(end, chance) for kind in KINDS}
    if chance.random() < 0.25:
        start = chance.uniform(60, end - 200)
        script.away.append(Stretch(start, start + chance.choice((2.0, 20.0, 90.0))))
    for _ in range(chance.choice((0, 0, 1, 2, 3))):
        script.ends.append((chance.uniform(20, end), chance.random() < 0.75))
    script.ends.sort()
    for _ in range(chance.choice((0, 0, 1, 2, 4))):
        what = chance.choice(("ack", "ack", "mute", "unmute"))
        script.people.append((chance.uniform(60, end), chance.choice(list(script.services)), what))
    script.people.sort()
    for _ in range(chance.choice((0, 0, 0, 1, 3))):
        script.deletions.append((chance.uniform(60, end), f"{chance.choice(sorted(EDITS))}:{chance.choice(PLACES)}"))
    script.deletions.sort()
    script.stand_in = chance.choice(KINDS) if chance.random() < 0.12 else ""
    _more(script, random.Random(f"more {seed}"))
    _planned(script, random.Random(f"planned {seed}"))
    _away(script, random.Random(f"away {seed}"))
    return script


# ── the machine and the operator ─────────────────────────────────────────────────────────────────────────────────────


def _more(script: Script, chance: random.Random) -> None:
    """Drawn by itself, so that the rest of a seed stays what it was."""
    if chance.random() < 0.2:
        _clock(script, chance)
    if chance.random() < 0.25:
        _changes(script, chance)
    if chance.random() < 0.2:
        _starve(script, chance)
    if chance.random() < 0.3:
        script.nonsense = True
        start, kind = chance.uniform(30, script.faults_end - 200), chance.choice(KINDS)
        faults = (*script.channels[kind], Stretch(start, start + chance.uniform(60, 200), Fault.LIMITS))
        script.channels[kind] = Stretches(faults).sorted()


def _clock(script: Script, chance: random.Random) -> None:
    """Before an outage, amid it or after it. No run is as long as a step: so all that is written down tells by itself which
    reckoning it is of.
    """
    outages = [one for stretches in script.truth.values() for one in stretches]
    for _ in range(chance.choice((1, 1, 2))):
        at = chance.uniform(30, script.faults_end)
        if outages and chance.random() < 0.8:
            one = chance.choice(outages)
            at = chance.choice((one.start - chance.uniform(0, 60), chance.uniform(one.start, one.end), one.end + 30))
        script.steps.append((max(at, 5.0), chance.choice((-1, 1)) * chance.choice((STEP, DAY))))
    script.steps.sort()
    # A step of hours may begin a reader's quiet hours anew.
    script.readers = tuple(name for name in script.readers if name != "sleeper")


def _away(script: Script, chance: random.Random) -> None:
    """The database, for so long that a whole outage may be over when it is back; not during a start, which needs it."""
    outages = [one for stretches in script.truth.values() for one in stretches]
    if outages and chance.random() < 0.1:
        one = chance.choice(outages)
        long = Stretch(one.start - chance.uniform(5, 60), one.end + chance.uniform(5, 60))
        starts = any(long.start - 60 < at < long.end for at, _ in script.ends)
        if long.start > STARTED and not starts and not script.away.meet(long.start, long.end):
            script.away.append(long)
            script.away = script.away.sorted()


def _changes(script: Script, chance: random.Random) -> None:
    """Some taken up at once, as by a daemon that looks at its file, and some at the next start."""
    spared = {script.stand_in, "telegram" if "chat" in script.readers else ""}
    for _ in range(chance.choice((1, 1, 2))):
        at = chance.uniform(60, script.faults_end - 20)
        gone = chance.choice([kind for kind in KINDS if kind not in spared])
        script.changes.append((at, chance.choice(("rename", "split", "reorder", gone))))
        if chance.random() < 0.6:
            script.ends.append((at + 0.1, False))
    script.changes.sort()
    script.ends.sort()


def _starve(script: Script, chance: random.Random) -> None:
    """Each hold is so long that what is asked meanwhile runs out of time."""
    at = chance.uniform(30, script.faults_end - 250)
    end = at + chance.uniform(60, 200)
    script.starved.append(Stretch(at, end + HOLDS[1]))
    while at < end:
        script.holds.append((at, chance.uniform(*HOLDS)))
        at += script.holds[-1][1] + chance.uniform(1, 2)


def _planned(script: Script, chance: random.Random) -> None:
    """Maintenance just before an outage: of many services that nobody checks, or of those that fail. Windows are hours of
    the wall clock: where that is set, nobody can say which of them was meant.
    """
    if script.steps or script.stand_in or chance.random() >= 0.25:
        return
    outages = [(service, one.start) for (service, _), found in script.truth.items() for one in found]
    service, start = chance.choice(outages) if outages else ("s0", chance.uniform(60, script.faults_end - 300))
    start, script.before = max(start - chance.uniform(-20, 60), 5.0), chance.choice((0.0, 120.0))
    if chance.random() < 0.5:
        for number in range(chance.randint(4, 7)):
            begins = start + chance.uniform(0, 20)
            script.works.append(Work(begins, begins + chance.uniform(60, 400), (f"p{number}",)))
        return
    for name in {service, chance.choice(list(script.services))}:
        end = start + chance.choice((chance.uniform(30, 120), chance.uniform(120, 600)))
        off = chance.uniform(start, end) if chance.random() < 0.3 else None
        script.works.append(Work(start, end, (name,), off))


# ── the services ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _outages(script: Script, service: str, chance: random.Random, *, few: bool) -> None:
    for route in script.services[service]:
        script.truth[service, route] = Stretches()
    if few and chance.random() < 0.8:
        return
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        start = chance.uniform(40, script.faults_end - 60)
        length = chance.choice((chance.uniform(3, 40), chance.uniform(40, 300), chance.uniform(300, 700)))
        _outage(script, service, start, start + length, chance)
    if chance.random() < 0.15:  # it flaps
        at = chance.uniform(60, script.faults_end - 500)
        for _ in range(chance.randint(3, 7)):
            length = chance.uniform(10, 60)
            _outage(script, service, at, at + length, chance)
            at += length + chance.uniform(10, 60)
    for key in list(script.truth):
        script.truth[key] = script.truth[key].sorted()


def _outage(script: Script, service: str, start: float, end: float, chance: random.Random) -> None:
    routes = script.services[service]
    if chance.random() < 0.3:
        routes = chance.sample(routes, chance.randint(1, len(routes)))
    how = chance.choice((Look.BAD, Look.BAD, Look.BAD, Look.HANGS, Look.SLOW, *BLINDING_SORTED))
    for route in routes:
        script.truth[service, route].append(Stretch(start, min(end, script.faults_end), how))


BLINDING_SORTED = tuple(sorted(BLINDING))


def _storm(script: Script, chance: random.Random) -> None:
    start = chance.uniform(100, script.faults_end - 300)
    end = min(start + chance.uniform(60, 500), script.faults_end)
    script.storm = Stretch(start, end)
    for key in script.truth:
        script.truth[key] = Stretches([*script.truth[key], Stretch(start, end, Look.BAD)]).sorted()


def _words(script: Script, service: str, chance: random.Random) -> dict[Role, Stretches]:
    """Pages that follow the truth late, that know nothing, that cry wolf, that cannot be read."""
    found: dict[Role, Stretches] = {}
    for role in chance.sample(list(Role), chance.choice((1, 1, 2, 3))):
        rows = Stretches()
        for route in script.services[service][:1]:
            for number, one in enumerate(script.truth[service, route]):
                if chance.random() < 0.6:
                    lag, more = chance.uniform(0, 300), chance.uniform(-60, 300)
                    says = chance.choice((Health.DOWN, Health.DEGRADED))
                    rows.append(Stretch(one.start + lag, one.end + more, (says, f"Investigating errors {number}")))
        if chance.random() < 0.4:
            start = chance.uniform(30, script.faults_end - 100)
            says = chance.choice((Health.DOWN, Health.DEGRADED, None))
            rows.append(Stretch(start, start + chance.uniform(30, 600), (says, "We are looking into it")))
        found[role] = Stretches(one for one in rows.sorted() if one.end > one.start)
    return found


# ── the channels ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _faults(end: float, chance: random.Random) -> Stretches:
    rows = Stretches()
    for _ in range(chance.choice((0, 0, 0, 1, 1, 2))):
        start = chance.uniform(0, end - 100)
        length = chance.choice((chance.uniform(3, 60), chance.uniform(60, 200), chance.uniform(200, 700)))
        what = chance.choice((*Fault, Fault.DEAF, Fault.HANGS))
        places = frozenset(chance.sample(PLACES, 1)) if chance.random() < 0.2 else frozenset()
        rows.append(Stretch(start, min(start + length, end), what, places))
    return rows.sorted()

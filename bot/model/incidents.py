"""Incidents, changes, verdicts and the state they are judged from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model.intervals import Span
from bot.model.observations import Confidence, Health, Outcome, Reading, SourceReport


@dataclass(frozen=True, slots=True)
class Streak:
    """Consecutive rounds of one kind, the latest included. Counts are capped, so that a steady service has a steady
    state.
    """

    bad: int = 0  # rounds not up
    total: int = 0  # rounds not up since the service was last steadily up, consecutive or not: catches alternation
    down: int = 0  # rounds with every route bad
    partial: int = 0  # rounds with some routes bad
    good: int = 0  # rounds up
    bad_since: datetime | None = None  # first round of the current bad stretch
    down_since: datetime | None = None  # first round of the current stretch with every route bad
    good_since: datetime | None = None  # first round of the current good stretch
    expiring: int = 0  # rounds with an expiring certificate, minus later rounds without one
    expiring_since: datetime | None = None  # first round of the current stretch with an expiring certificate


@dataclass(frozen=True, slots=True)
class Verdict:
    """The meaning of a round, given the rounds before it."""

    at: datetime
    health: Health
    confidence: Confidence
    streak: Streak
    readings: tuple[Reading, ...] = ()  # routes that are not good
    reports: tuple[SourceReport, ...] = ()
    expiring: tuple[Reading, ...] = ()  # while up: routes whose certificate certainly expires soon
    untried: bool = False  # some sources were not read since the start: their silence is not an "all clear"


@dataclass(frozen=True, slots=True)
class Rules:
    """Thresholds at which rounds open an incident and end it."""

    confirm_rounds: int = 2
    restore_rounds: int = 2
    remind_every: tuple[timedelta, ...] = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
    flaps: int = 2  # after this many outages within `flap_window` the next one is "unstable" ...
    flap_window: timedelta = timedelta(minutes=30)
    settle: timedelta = timedelta(minutes=10)  # ... and ends only after this long without a bad round
    milestones: tuple[timedelta, ...] = ()  # ages of an incident that some reader waits for, ascending
    chained: bool = False  # routes depend on each other: if one fails, the service is down


@dataclass(frozen=True, slots=True)
class MaintenanceEffect:
    """Effect of planned maintenance on a round. `suppress`: open no incident. `after`: end of a window that the trouble
    has outlasted.
    """

    suppress: bool = False
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outages:
    """Past outages of one year (UTC): confirmed, down, and not retracted."""

    year: int = 0
    count: int = 0
    last: tuple[Span, ...] = ()  # the last two at most: the latest can still be retracted

    def of(self, year: int) -> Outages:
        """The count for `year`: zero in a new year."""
        return self if year == self.year else Outages(year)


@dataclass(frozen=True, slots=True)
class Incident:
    """A numbered stretch of trouble, from the first bad round to the first good one."""

    service: str
    number: int
    since: datetime
    health: Health
    confidence: Confidence
    readings: tuple[Reading, ...] = ()  # evidence at the latest change: routes that were not good
    reports: tuple[SourceReport, ...] = ()  # evidence at the latest change: reports of the sources
    confirmed_at: datetime | None = None
    until: datetime | None = None
    worst: Health = Health.UP
    acked_by: str = ""
    acked_at: datetime | None = None
    official_at: datetime | None = None  # when the official page first reported trouble
    unstable_since: datetime | None = None  # flapping: start of the first outage of the unstable stretch
    outages: int = 1  # outages in the unstable stretch
    reminded: int = 0
    milestones_passed: int = 0  # number of milestones passed
    up_before: datetime | None = None  # since when the service had been up before
    retracted: bool = False  # a person declared it a false alarm
    maintenance_ended: datetime | None = None  # end of the maintenance in which it began without notice
    number_this_year: int = 0  # ordinal among the outages of its year, once it counts as one
    previous: Span | None = None  # the previous outage of that year
    steps: int = 0  # changes so far: the number of the latest notice
    reports_told: int = 0  # changes so far that only reported what sources say ...
    reports_at: datetime | None = None  # ... and the time of the latest
    quiet_since: datetime | None = None  # of an unstable one known from sources alone: since when they are quiet
    official_last: SourceReport | None = None  # the official page's last report of trouble, as it was first read
    calm: tuple[Span, ...] = ()  # of an unstable one: when the service responded, as far as that is over

    @property
    def only_worn(self) -> bool:
        """Whether all routes work, and only a certificate that expires soon is reported."""
        return bool(self.readings) and all(reading.outcome is Outcome.EXPIRING for reading in self.readings)

    @property
    def id(self) -> str:
        return f"{self.service}#{self.number}"


@dataclass(frozen=True, slots=True)
class Outage:
    """What counts of an incident: from when to when it was how bad. `calm`: when the service responded meanwhile."""

    service: str
    number: int
    since: datetime
    until: datetime | None
    health: Health
    calm: tuple[Span, ...] = ()
    unstable_since: datetime | None = None  # start of the first outage that belongs to it


@dataclass(frozen=True, slots=True)
class Mute:
    by: str
    at: datetime
    until: datetime
    reason: str = ""
    until_restored: bool = False  # ends with the incident, at `until` at the latest


@dataclass(frozen=True, slots=True)
class ServiceState:
    """State of a service that `judge.incidents.step` keeps between rounds."""

    service: str
    streak: Streak = field(default_factory=Streak)
    incident: Incident | None = None  # the open incident
    last: Incident | None = None  # the latest closed incident, which can still be retracted
    opened: int = 0  # number of incidents opened so far
    ended: tuple[tuple[datetime, datetime], ...] = ()  # start and end of confirmed incidents within the flap window
    unconfirmed: tuple[tuple[datetime, datetime], ...] = ()  # likewise of incidents that never got beyond possible
    up_since: datetime | None = None
    unseen_since: datetime | None = None  # since when rounds have been inconclusive
    official_headline: str = ""  # trouble on the official page, as last handled; empty: none
    mute: Mute | None = None
    outages: Outages = Outages()  # of this year, as counted so far
    excused: bool = False  # the present trouble was retracted in `last`: nothing opens until it worsens or ends
    echo: bool = False  # trackers or the crowd still report what is over: opens nothing until they are quiet

    @property
    def answering_since(self) -> datetime | None:
        """Since when a service whose incident is unstable responds again; None if it doesn't, or has no such incident."""
        one = self.incident
        unstable = one is not None and one.unstable_since is not None and bool(one.readings)
        return self.streak.good_since if unstable and self.streak.good else None

    def muted(self, now: datetime) -> bool:
        return self.mute is not None and self.mute.until > now


class ChangeKind(StrEnum):
    """Kind of a change of an incident."""

    OPENED = "opened"
    CONFIRMED = "confirmed"  # more certain than before
    WORSENED = "worsened"
    EASED = "eased"
    OFFICIAL = "official"  # the official page reports something new
    ACKNOWLEDGED = "acknowledged"
    REMINDED = "reminded"
    LASTING = "lasting"  # it has reached the least age that some reader asked for
    RESTORED = "restored"
    RETRACTED = "retracted"
    UNWATCHED = "unwatched"  # its service was removed from the config, so its end is unknown


ENDINGS = frozenset({ChangeKind.RESTORED, ChangeKind.RETRACTED, ChangeKind.UNWATCHED})


@dataclass(frozen=True, slots=True)
class Change:
    """One step of an incident. `incident` is its state after the step."""

    kind: ChangeKind
    at: datetime
    incident: Incident
    by: str = ""  # the person who ordered it, if any ...
    why: str = ""  # ... and the reason given

    @property
    def key(self) -> str:
        """A key derived from the history, so that a redo writes the same row: "x#17/3"."""
        return f"{self.incident.id}/{self.incident.steps}"


@dataclass(frozen=True, slots=True)
class Ack:
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Unmute:
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Correct:
    """Retract the open incident, or else the latest closed one, as a false alarm."""

    by: str
    at: datetime
    why: str = ""


Order = Ack | Mute | Unmute | Correct  # a person's order about a service

"""What it means: the nouns of `judge`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model.intervals import Span
from bot.model.observations import Confidence, Health, Reading, SourceReport


@dataclass(frozen=True, slots=True)
class Streak:
    """Rounds of one kind in a row, this one included. Counts are capped, so that a steady service has a steady state."""

    bad: int = 0  # not up
    total: int = 0  # not up, in a row or not, since it was last steadily up: what alternates is seen here
    down: int = 0  # every route bad
    partial: int = 0  # not every route bad
    good: int = 0  # up
    bad_since: datetime | None = None  # first round of the present bad stretch
    down_since: datetime | None = None  # first round of the present stretch with every route bad
    good_since: datetime | None = None  # first round of the present good stretch
    expiring: int = 0  # with a certificate that ends soon, less those since without
    expiring_since: datetime | None = None  # first round of the present worn stretch


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one round, after those before it, means."""

    at: datetime
    health: Health
    confidence: Confidence
    streak: Streak
    readings: tuple[Reading, ...] = ()  # the routes that are not good
    reports: tuple[SourceReport, ...] = ()
    expiring: tuple[Reading, ...] = ()  # while it is up: what works with a certificate that ends soon, for sure
    untried: bool = False  # not all of its sources have been read since the start: what is missing is no "all clear"


@dataclass(frozen=True, slots=True)
class Rules:
    """When a service's rounds become an incident and when they end it."""

    confirm_rounds: int = 2
    restore_rounds: int = 2
    remind_every: tuple[timedelta, ...] = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
    flaps: int = 2  # this many outages ended within `flap_window`: the next one is "unstable" ...
    flap_window: timedelta = timedelta(minutes=30)
    settle: timedelta = timedelta(minutes=10)  # ... and ends only after this long without a bad round
    milestones: tuple[timedelta, ...] = ()  # the ages of an incident that some reader waits for, the youngest first
    chained: bool = False  # the routes are links of one chain: with one of them it is all down


@dataclass(frozen=True, slots=True)
class MaintenanceEffect:
    """How planned maintenance bears on a round: `inside` it nothing opens; what opens after it has `left` it behind."""

    suppress: bool = False
    after: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outages:
    """The outages of a year (by UTC) that are over: confirmed, down, and not taken back."""

    year: int = 0
    count: int = 0
    last: tuple[Span, ...] = ()  # the last two at most: the last one may still be taken back

    def of(self, year: int) -> Outages:
        """As that year sees it: in a new one nothing has happened yet."""
        return self if year == self.year else Outages(year)


@dataclass(frozen=True, slots=True)
class Incident:
    """A stretch of not-up with one number, from first bad round to first good one."""

    service: str
    number: int
    since: datetime
    health: Health
    confidence: Confidence
    readings: tuple[Reading, ...] = ()  # evidence at the latest change: the routes that were not good
    reports: tuple[SourceReport, ...] = ()  # evidence at the latest change: what the sources said
    confirmed_at: datetime | None = None
    until: datetime | None = None
    worst: Health = Health.UP
    acked_by: str = ""
    acked_at: datetime | None = None
    official_at: datetime | None = None  # when its official page first reported trouble
    unstable_since: datetime | None = None  # flapping: the first outage of the unstable stretch
    outages: int = 1  # how many outages this unstable stretch has had
    reminded: int = 0
    milestones_passed: int = 0  # milestones that it has passed
    up_before: datetime | None = None  # since when it had been up until then
    retracted: bool = False  # somebody took it back: it never was
    maintenance_ended: datetime | None = None  # when the maintenance ended in which it had begun, unsaid
    number_this_year: int = 0  # which outage of its year it is, once it is known to be one
    previous: Span | None = None  # the outage before it in that year
    steps: int = 0  # changes so far: the number of the latest notice
    reports_told: int = 0  # changes so far that told only what others say of it ...
    reports_at: datetime | None = None  # ... and the latest of them
    quiet_since: datetime | None = None  # of an unstable one that others alone speak of: since when they do not

    @property
    def id(self) -> str:
        return f"{self.service}#{self.number}"


@dataclass(frozen=True, slots=True)
class Mute:
    by: str
    at: datetime
    until: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """All that `judge.incidents.step` remembers of a service between rounds."""

    service: str
    streak: Streak = field(default_factory=Streak)
    incident: Incident | None = None  # the open one
    last: Incident | None = None  # the one that was over last: it can still be taken back
    opened: int = 0  # incident numbers given out so far
    ended: tuple[tuple[datetime, datetime], ...] = ()  # start and end of confirmed incidents within the flap window
    unconfirmed: tuple[tuple[datetime, datetime], ...] = ()  # the same of incidents that were never more than possible
    up_since: datetime | None = None
    unseen_since: datetime | None = None  # since when no round could judge
    official_headline: str = ""  # the trouble that its official page spoke of when it was dealt with last; empty: none
    mute: Mute | None = None
    outages: Outages = Outages()  # of this year, as far as they were counted
    excused: bool = False  # what is seen is what `last` was taken back for: nothing opens until it is worse, or over
    echo: bool = False  # trackers or the crowd still speak of what is over: until they are quiet, that opens nothing


class ChangeKind(StrEnum):
    """What kind of change of an incident."""

    OPENED = "opened"
    CONFIRMED = "confirmed"  # surer than before
    WORSENED = "worsened"
    EASED = "eased"
    OFFICIAL = "official"  # its official page says something new
    ACKNOWLEDGED = "acknowledged"
    REMINDED = "reminded"
    LASTING = "lasting"  # it is now as old as somebody wished it to be before they hear of it
    RESTORED = "restored"
    RETRACTED = "retracted"
    UNWATCHED = "unwatched"  # the config has its service no more: how it ends is not known


ENDINGS = frozenset({ChangeKind.RESTORED, ChangeKind.RETRACTED, ChangeKind.UNWATCHED})


@dataclass(frozen=True, slots=True)
class Change:
    """One step of an incident; `incident` is as it stands after it."""

    kind: ChangeKind
    at: datetime
    incident: Incident
    by: str = ""  # the person, where a person did it ...
    why: str = ""  # ... and gave a reason

    @property
    def key(self) -> str:
        """The same history gives the same key, so a redo makes the same row: "x#17/3"."""
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
    """It was no outage: take back the open incident, or else the one that was over last."""

    by: str
    at: datetime
    why: str = ""


Order = Ack | Mute | Unmute | Correct  # what a person commands about a service

"""Observations: services, rounds, readings, the reports of sources and people, and the calls of jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from bot.model.reasons import Reason


class Health(IntEnum):
    """Health of a service, ordered from good to bad."""

    UP = 0
    UNKNOWN = 1
    DEGRADED = 2
    DOWN = 3


class Confidence(IntEnum):
    """Certainty of a verdict, in ascending order."""

    POSSIBLE = 1
    LIKELY = 2
    CONFIRMED = 3


class Outcome(StrEnum):
    """Result of a check."""

    OK = "ok"
    EXPIRING = "expiring"  # ok, but the certificate expires soon
    SLOW = "slow"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"  # our resolver, our bug, a challenge page: says nothing about the service


class Role(StrEnum):
    """Kind of source."""

    OFFICIAL = "official"
    TRACKER = "tracker"
    CROWD = "crowd"


@dataclass(frozen=True, slots=True)
class Places:
    """Names of the places where a route is bad, and where it is fine; an empty name is our own place without one.

    `total`: the places that vote. `some`: too few are bad for the whole to be called so.
    """

    bad: tuple[str, ...]
    fine: tuple[str, ...] = ()
    total: int = 0
    some: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """Result of one check of one route. `why` is None when good."""

    route: str
    outcome: Outcome
    why: Reason | None = None
    took: timedelta | None = None
    reused: bool = False  # on a connection kept from an earlier check
    answered_by: str = ""  # if not good: the network that answered instead ("Cloudflare")
    until: datetime | None = None  # if expiring: the end of the certificate
    wait: timedelta | None = None  # if rate limited: how long to wait
    places: Places | None = None  # if not good, and other places vote too

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.OK

    @property
    def overall(self) -> Outcome:
        """The outcome for people everywhere: what fails from some places only is not failing, but not well either."""
        return Outcome.SLOW if self.places is not None and self.places.some else self.outcome


@dataclass(frozen=True, slots=True)
class Planned:
    """Announced maintenance. `until` is None if the end is unknown."""

    name: str
    since: datetime
    until: datetime | None = None
    link: str = ""
    key: str = ""  # stable id while it is announced: the times may change
    parts: tuple[str, ...] = ()  # components affected; empty: not stated


@dataclass(frozen=True, slots=True)
class SourceReport:
    """A source's latest report on a service. `says` is None if it could not be read: unknown, never an outage."""

    role: Role
    source: str  # "Official status page", "Downdetector"
    says: Health | None
    headline: str = ""  # their text, cleaned and capped; empty when nothing is reported
    link: str = ""
    at: datetime | None = None  # when we read it
    since: datetime | None = None  # when the reported trouble began, according to the source
    components: tuple[str, ...] = ()  # affected parts of the service, as the source names them
    reports: int | None = None  # of a tracker or the crowd: people who reported it within the last hour ...
    usual: int | None = None  # ... and the usual number at this time of a quiet week
    works: int = 0  # of the crowd: people for whom it works
    planned: tuple[Planned, ...] = ()  # announced maintenance, including any in progress
    silent_since: datetime | None = None  # if unreadable: time of the first failed attempt


@dataclass(frozen=True, slots=True)
class Round:
    """One look at a service: all its routes at once, plus the latest reports of its sources."""

    service: str
    at: datetime  # start of the round
    readings: tuple[Reading, ...]
    reports: tuple[SourceReport, ...] = ()
    online: bool = True  # False: the canaries failed too, so we are offline
    starved: bool = False  # our own process got no CPU time, so failures cannot be judged
    untried: bool = False  # some sources have not been read since the start
    asleep_since: datetime | None = None  # of the first round after a sleep of the machine: when the sleep began


@dataclass(frozen=True, slots=True)
class Stretch:
    """A period of unbroken observation of a service, from one round to another."""

    since: datetime
    until: datetime
    going: bool = True  # still open: the round at `until` saw the service


@dataclass(frozen=True, slots=True)
class PlaceLook:
    """What one of several places saw of a service when it was asked. `place`: its name; empty: our own, without one.

    `readings` None: it did not answer in time; empty: it cannot see anything, as its own connection is down.
    """

    place: str
    readings: tuple[Reading, ...] | None = None


OURSELVES = "tocsin"  # the service whose incidents are our own outages; a reserved name


@dataclass(frozen=True, slots=True)
class Service:
    """Something people depend on, as the config names it."""

    id: str
    name: str
    routes: tuple[str, ...] = ()
    plan: str = ""  # the organisation's plan for an outage
    shares: tuple[str, ...] = ()  # possible shared causes: "on:Cloudflare", "at:cdn.example.net"
    channel: str = ""  # kind of channel whose health this is; empty: an ordinary service
    status_page: str = ""  # address of its official status page for people; empty: none or unknown
    site: str = ""  # public address of our own pages, without a final slash; empty: none


def delivering(kind: str) -> str:
    """Id of the built-in service for the health of a kind of channel; a reserved name."""
    return f"{kind}-delivery"


class HeartbeatEvent(StrEnum):
    """Kind of call that a job makes."""

    DONE = "done"
    BEGUN = "begun"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """State of a heartbeat route, which is not checked but called by a job."""

    service: str
    route: str
    token: str = field(repr=False)  # token in the address that it calls; empty: it is in the config
    rhythm: str  # the expected interval; the wait starts anew when this changes
    since: datetime  # start of the wait: before it we were not listening
    done_at: datetime | None = None
    begun_at: datetime | None = None  # start of the run in progress
    failed_at: datetime | None = None  # failure of the last run, if it failed
    code: int | None = None  # exit code of that failure

    @property
    def key(self) -> tuple[str, str]:
        return self.service, self.route


@dataclass(frozen=True, slots=True)
class Report:
    """One person's report on how a service works for them."""

    service: str
    at: datetime
    who: str  # id of the person: "slack:T01/U01"; stored only as a hash
    way: str  # kind of channel it came through, or "web"
    what: str = ""  # their text, cleaned and capped
    works: bool = False  # True: it works for them


@dataclass(frozen=True, slots=True)
class Tally:
    """Reports on a service within the last hour; only each person's latest counts."""

    reports: int = 0  # people for whom it does not work
    works: int = 0  # people who said that it works
    usual: int = 0  # usual reports at this time of a quiet week
    surge: bool = False
    mine: bool | None = None  # the asking person's report: True if it works for them; None without a report
    said_enough: bool = False  # the asking person has used up this hour's reports: further ones do not count


def hour(at: datetime) -> datetime:
    """Start of the clock hour."""
    return at.replace(minute=0, second=0, microsecond=0)

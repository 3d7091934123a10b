"""What we see: the nouns of `watch`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum


class Health(IntEnum):
    """How a service is. Ordered: the larger, the worse."""

    UP = 0
    UNKNOWN = 1
    DEGRADED = 2
    DOWN = 3


class Confidence(IntEnum):
    """How sure we are. Ordered: the larger, the surer."""

    POSSIBLE = 1
    LIKELY = 2
    CONFIRMED = 3


class Outcome(StrEnum):
    """What one check saw."""

    OK = "ok"
    EXPIRING = "expiring"  # ok, but its certificate ends soon
    SLOW = "slow"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"  # our resolver, our bug, a challenge page: says nothing of the service


class Role(StrEnum):
    """Whose word a source passes on."""

    OFFICIAL = "official"
    TRACKER = "tracker"
    CROWD = "crowd"


@dataclass(frozen=True, slots=True)
class Reading:
    """What one check saw of one route: `why` in plain words ("HTTP 503"), empty when good."""

    route: str
    outcome: Outcome
    why: str = ""
    took: timedelta | None = None
    reused: bool = False  # over a connection kept from an earlier check
    answered_by: str = ""  # of what is not good: the network that answered in its stead ("Cloudflare")
    until: datetime | None = None  # of what is worn: when its certificate ends
    wait: timedelta | None = None  # of one that was refused for asking too often: how long we are to stay away

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.OK


@dataclass(frozen=True, slots=True)
class Planned:
    """Maintenance that was announced. `until` is None where its end is not known."""

    name: str
    since: datetime
    until: datetime | None = None
    link: str = ""
    key: str = ""  # names it for as long as it is announced: its times may change
    parts: tuple[str, ...] = ()  # the components that it touches; none: the page does not say


@dataclass(frozen=True, slots=True)
class SourceReport:
    """A source's newest word about a service. `says` is None when it could not be read: silence, never an outage."""

    role: Role
    source: str  # "Official status page", "Downdetector"
    says: Health | None
    headline: str = ""  # theirs, cleaned and capped; empty when nothing is reported
    link: str = ""
    at: datetime | None = None  # when we read it
    since: datetime | None = None  # when what it reports began, by its own account
    components: tuple[str, ...] = ()  # what of the service it says is affected, in its own words
    reports: int | None = None  # of a tracker or the crowd: how many people reported it within the last hour ...
    usual: int | None = None  # ... and how many do so at this time of a quiet week
    works: int = 0  # of the crowd: for how many it works
    planned: tuple[Planned, ...] = ()  # maintenance that it announces, what is under way included
    silent_since: datetime | None = None  # of one that cannot be read: when that was first tried in vain


@dataclass(frozen=True, slots=True)
class Round:
    """One look at a service: all its routes at once, plus the newest word of its sources."""

    service: str
    at: datetime  # when the round began
    readings: tuple[Reading, ...]
    reports: tuple[SourceReport, ...] = ()
    online: bool = True  # False: the canaries failed too, we see nothing of the world
    starved: bool = False  # our own process got no time: what failed meanwhile could not be judged
    untried: bool = False  # not all of its sources have been read since the start
    asleep_since: datetime | None = None  # of the first round after the machine slept: when it fell asleep


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time in which a service was seen without a break: from one round to another."""

    since: datetime
    until: datetime
    going: bool = True  # it is not over: the round at `until` did see the service


OURSELVES = "tocsin"  # the service whose incidents are our own blindness; no config may use the name


@dataclass(frozen=True, slots=True)
class Service:
    """Something people depend on, as the config names it."""

    id: str
    name: str
    routes: tuple[str, ...] = ()
    plan: str = ""  # what the organisation does when it is down
    shares: tuple[str, ...] = ()  # what may bring it down with others: "on:Cloudflare", "at:cdn.example.net"
    channel: str = ""  # of a channel's own health: its kind. Empty for all that people depend on


def delivering(kind: str) -> str:
    """The built-in service that is a kind of channel's own health; no config may use the name."""
    return f"{kind}-delivery"

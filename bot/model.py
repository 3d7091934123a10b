"""The nouns: frozen dataclasses and enums that every room speaks in. Imports nothing of ours and does nothing.

All instants are aware and in UTC; all lengths are `timedelta`. Zones and languages appear only in `Style`, for display.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

# ── what we see ──────────────────────────────────────────────────────────────────────────────────────────────────────


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

    GOOD = "good"
    SLOW = "slow"
    BAD = "bad"
    BLIND = "blind"  # our resolver, our bug, a challenge page: says nothing of the service


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

    @property
    def good(self) -> bool:
        return self.outcome is Outcome.GOOD


@dataclass(frozen=True, slots=True)
class Word:
    """A source's newest word about a service. `says` is None when it could not be read: silence, never an outage."""

    role: Role
    source: str  # "Official status page", "Downdetector"
    says: Health | None
    headline: str = ""  # theirs, cleaned and capped; empty when nothing is reported
    link: str = ""
    at: datetime | None = None  # when we read it


@dataclass(frozen=True, slots=True)
class Round:
    """One look at a service: all its routes at once, plus the newest word of its sources."""

    service: str
    at: datetime  # when the round began
    readings: tuple[Reading, ...]
    words: tuple[Word, ...] = ()
    sighted: bool = True  # False: the canaries failed too, we see nothing of the world


@dataclass(frozen=True, slots=True)
class Service:
    """Something people depend on, as the config names it."""

    id: str
    name: str
    routes: tuple[str, ...] = ()
    plan: str = ""  # what the organisation does when it is down


# ── what it means ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Streak:
    """Rounds of one kind in a row, this one included. Counts are capped, so that a steady service has a steady state."""

    bad: int = 0  # not up
    down: int = 0  # every route bad
    mild: int = 0  # not every route bad
    good: int = 0  # up
    bad_since: datetime | None = None  # first round of the present bad stretch
    down_since: datetime | None = None  # first round of the present stretch with every route bad
    good_since: datetime | None = None  # first round of the present good stretch


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one round, after those before it, means."""

    at: datetime
    health: Health
    confidence: Confidence
    streak: Streak
    readings: tuple[Reading, ...] = ()  # the routes that are not good
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """When a service's rounds become an incident and when they end it."""

    confirm_rounds: int = 2
    restore_rounds: int = 2
    remind_every: tuple[timedelta, ...] = (timedelta(minutes=30), timedelta(hours=2), timedelta(hours=6))
    flaps: int = 2  # this many outages ended within `flap_window`: the next one is "unstable" ...
    flap_window: timedelta = timedelta(minutes=30)
    settle: timedelta = timedelta(minutes=10)  # ... and ends only after this long without a bad round


@dataclass(frozen=True, slots=True)
class Incident:
    """A stretch of not-up with one number, from first bad round to first good one."""

    service: str
    number: int
    since: datetime
    health: Health
    confidence: Confidence
    readings: tuple[Reading, ...] = ()  # evidence at the latest change: the routes that were not good
    words: tuple[Word, ...] = ()  # evidence at the latest change: what the sources said
    confirmed_at: datetime | None = None
    until: datetime | None = None
    worst: Health = Health.UP
    acked_by: str = ""
    acked_at: datetime | None = None
    official_at: datetime | None = None  # when its official page first reported trouble
    unstable_since: datetime | None = None  # flapping: the first outage of the unstable stretch
    outages: int = 1  # how many outages this unstable stretch has had
    reminded: int = 0
    retracted: bool = False
    steps: int = 0  # changes so far: the number of the latest notice

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
    opened: int = 0  # incident numbers given out so far
    endings: tuple[datetime, ...] = ()  # ends of confirmed incidents within the flap window
    first_flap: datetime | None = None  # start of the first incident in `endings`
    up_since: datetime | None = None
    unseen_since: datetime | None = None  # since when no round could judge
    heard: str = ""  # the official headline dealt with last
    mute: Mute | None = None


class Kind(StrEnum):
    """What kind of change of an incident."""

    OPENED = "opened"
    CONFIRMED = "confirmed"  # surer than before
    WORSENED = "worsened"
    EASED = "eased"
    OFFICIAL = "official"  # its official page says something new
    ACKNOWLEDGED = "acknowledged"
    REMINDED = "reminded"
    RESTORED = "restored"
    RETRACTED = "retracted"


ENDINGS = frozenset({Kind.RESTORED, Kind.RETRACTED})


@dataclass(frozen=True, slots=True)
class Change:
    """One step of an incident; `incident` is as it stands after it."""

    kind: Kind
    at: datetime
    incident: Incident
    by: str = ""  # the person, where a person did it

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


Order = Ack | Mute | Unmute  # what a person commands about a service

# ── who hears it ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, order=True)
class Destination:
    """One place that can be written to: "slack:C012", "telegram:-100123/45", "email:desk@example.org"."""

    kind: str
    place: str

    @classmethod
    def parse(cls, text: str) -> Destination:
        """Raise ValueError, in words for the one who wrote it, unless `text` is "kind:place"."""
        kind, colon, place = text.strip().partition(":")
        if not (kind and colon and place):
            raise ValueError(
                f'"{text}" is no destination; expected kind:place, such as slack:C012 or email:desk@example.org'
            )
        return cls(kind, place)

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}"


class Hears(StrEnum):
    """What a reader may wish to hear of."""

    DOWN = "down"
    DEGRADED = "degraded"
    OFFICIAL = "official"
    REMINDER = "reminder"
    RESTORED = "restored"
    CORRECTION = "correction"
    MAINTENANCE = "maintenance"
    ANNOUNCEMENT = "announcement"


@dataclass(frozen=True, slots=True)
class Style:
    """How one destination is written to. `clock` is "12h", "24h" or "" for the language's own."""

    language: str = "en"
    timezone: str = "UTC"
    clock: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a reader hears: which services (empty: all), which changes, from which confidence, written how."""

    services: tuple[str, ...] = ()
    hears: frozenset[Hears] = frozenset(Hears)
    confidence: Confidence = Confidence.CONFIRMED
    style: Style = Style()


@dataclass(frozen=True, slots=True)
class Audience:
    """A named group of people: a ladder (one of these) or a broadcast list (all of these)."""

    name: str
    destinations: tuple[Destination, ...]
    wish: Wish = Wish()
    ladder: bool = False
    within: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A chat's standing wish, told like an audience of one."""

    destination: Destination
    wish: Wish
    by: str  # who set it up
    at: datetime


# ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Tone(StrEnum):
    """What colour a channel may give a notice; never the only sign of anything."""

    DOWN = "down"
    DEGRADED = "degraded"
    POSSIBLE = "possible"
    INFO = "info"
    UP = "up"
    CORRECTION = "correction"
    UNSEEN = "unseen"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Words:
    """What is said, without markup. `title` is complete on a lock screen: 80 characters or less."""

    title: str
    lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join((self.title, *self.lines))


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said about a change, for one style."""

    key: str  # "x#17/3"
    thread: str  # "x#17": all notices of one incident
    tone: Tone
    words: Words
    root: Words | None = None  # the present truth, for the thread's first message; None: leave it as it is
    fresh: bool = True  # False: belongs quietly in the thread; True: everybody in the place should see it
    at: datetime | None = None  # when what it tells of happened


class Act(StrEnum):
    POST = "post"  # write a message: the thread's first, or a reply to it
    EDIT = "edit"  # rewrite the thread's first message


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way to one destination."""

    key: str  # "x#17/3@slack:C012", with ";edit" for an edit: unique, and the same after a redo
    destination: Destination
    act: Act
    notice: Notice
    audience: str = ""
    root: str | None = None  # what the channel answered for the thread's first message there; None: this is the first
    subject: str = ""  # the title of the thread's first message there: a mail thread keeps one subject
    attempts: int = 0  # hand-overs before this one
    unsure: bool = False  # an earlier hand-over may have arrived
    id: int = 0  # the store's
    lease: int = 0  # the store's: settles only for the claim that holds it


class Scope(StrEnum):
    """For what a refusal is final."""

    MESSAGE = "message"
    DESTINATION = "destination"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel has it. `ref` names the message there, for edits and replies ("1503435956.000247")."""

    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """Provably not sent. `wait` is what the provider asked for."""

    why: str
    wait: timedelta | None = None
    whole: bool = False  # the limit holds for the whole account, not for this destination alone


@dataclass(frozen=True, slots=True)
class Unsure:
    """It left, and there is no trustworthy answer."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Final. `moved` is where the destination is now, when the provider says so (Telegram's supergroups)."""

    why: str
    scope: Scope = Scope.MESSAGE
    moved: Destination | None = None


Receipt = Sent | Later | Unsure | Refused

# ── what people ask ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person said to us: `text` without the slash ("status x")."""

    text: str
    who: str  # the platform's id of the person, never the display name: "slack:T01/U01"
    name: str  # how others know them
    where: Destination
    at: datetime
    key: str  # the platform's id of the message: the same one is answered once
    may_manage: bool = True  # may this person change what the place hears? (a group's members may not)


@dataclass(frozen=True, slots=True)
class Overview:
    """What every screen shows: read once, shown on pages, in chats and in digests."""

    at: datetime
    services: tuple[tuple[Service, ServiceState], ...]
    recent: tuple[Incident, ...] = ()  # newest first, the open ones included
    subscriptions: tuple[Subscription, ...] = ()
    blind_since: datetime | None = None

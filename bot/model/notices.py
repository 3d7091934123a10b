"""What is said, and what a channel answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model.audiences import Destination, Style
from bot.model.incidents import ENDINGS, ChangeKind
from bot.model.maintenance import OVER, Phase, planned

PLAIN = Style()
ASIDE = frozenset({ChangeKind.OFFICIAL, ChangeKind.ACKNOWLEDGED})  # changes whose notice does not tell how it stands


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
class Text:
    """What is said, without markup. `title` is complete on a lock screen: 80 characters or less."""

    title: str
    lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join((self.title, *self.lines))


@dataclass(frozen=True, slots=True)
class Button:
    """What somebody may press instead of typing `command` ("mute x 1h")."""

    label: str
    command: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What is said about a change, for one style."""

    key: str  # "x#17/3"
    thread: str  # "x#17": all notices of one incident
    tone: Tone
    words: Text
    root: Text | None = None  # the present truth, for the thread's first message; None: leave it as it is
    fresh: bool = True  # False: belongs quietly in the thread; True: everybody in the place should see it
    at: datetime | None = None  # when what it tells of happened
    since: datetime | None = None  # when the incident began
    kind: ChangeKind | Phase | None = (
        None  # of the change, or of the maintenance, it tells of; None: of neither (a digest, a test)
    )
    style: Style = PLAIN  # how it is worded: for what can only be added on its way
    line: str = ""  # the same in one line, for a message that tells of many; empty: it goes alone
    causes: tuple[str, ...] = ()  # what it may share with others: services it depends on, hosts of its routes
    buttons: tuple[Button, ...] = ()  # what can be done about the incident as it stands; none where there is none

    @property
    def ends(self) -> ChangeKind | Phase | None:
        """Of an ending, its kind."""
        return self.kind if self.kind in ENDINGS or self.kind in OVER else None

    @property
    def whole(self) -> bool:
        """Does it tell how its thread stands? Then what is unsent before it is overtaken."""
        return self.kind is not None and self.kind not in ASIDE


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One incident, as it stands, in a message that tells of many."""

    thread: str
    text: str
    ends: bool
    causes: tuple[str, ...] = ()
    since: datetime | None = None  # when the incident began
    at: datetime | None = None  # when what is told of it happened
    well: bool = True  # of one that ends: False where nobody knows whether it is well again

    @property
    def planned(self) -> bool:
        """Is it about maintenance? Then it is no incident."""
        return planned(self.thread)


@dataclass(frozen=True, slots=True)
class Batch:
    """A message that tells of many: what it is worded from."""

    key: str
    thread: str
    destination: Destination
    items: tuple[BatchItem, ...]  # the oldest first
    style: Style
    since: datetime  # since when the first of them has waited
    late: bool = False  # the place did not take what it was given; else it is a storm
    deferred: bool = False  # they were kept back for the place's quiet hours
    first: bool = True  # False: it rewrites the message


class DeliveryAction(StrEnum):
    POST = "post"  # write a message: the thread's first, or a reply to it
    EDIT = "edit"  # rewrite the thread's first message


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice on its way to one destination."""

    key: str  # "x#17/3@slack:C012", with ";edit" for an edit: unique, and the same after a redo
    destination: Destination
    action: DeliveryAction
    notice: Notice
    audience: str = ""
    root: str | None = None  # what the channel answered for the thread's first message there; None: this is the first
    subject: str = ""  # the title of the thread's first message there: a mail thread keeps one subject
    attempts: int = 0  # hand-overs before this one
    unsure: bool = False  # an earlier hand-over may have arrived
    id: int = 0  # the store's
    lease: int = 0  # the store's: settles only for the claim that holds it
    ladders: tuple[str, ...] = ()  # the audiences whose next rung gets it when this place does not take it ...
    within: timedelta | None = None  # ... so long after it was due
    due: datetime | None = None  # not before then: the place has quiet hours
    late: bool = False  # the store's: its time ran out, or it stands for earlier ones that were not taken
    deferred: bool = False  # the store's: it was kept back for the place's quiet hours

    @property
    def buttons(self) -> tuple[Button, ...]:
        """Those that its message bears. What is said aside leaves them to the messages that tell how it stands."""
        return () if self.action is DeliveryAction.POST and self.notice.kind in ASIDE else self.notice.buttons


class RefusalScope(StrEnum):
    """For what a refusal is final."""

    MESSAGE = "message"
    DESTINATION = "destination"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel has it. `ref` names the message there, for edits and replies ("1503435956.000247")."""

    ref: str | None = None
    found: bool = False  # an earlier hand-over had arrived: nothing was repeated
    anew: bool = False  # its thread's first message is gone: from now on this one is it


@dataclass(frozen=True, slots=True)
class Later:
    """Provably not sent. `wait` is what the provider asked for."""

    why: str
    wait: timedelta | None = None
    whole: bool = False  # the limit holds for the whole account, not for this destination alone
    local: bool = False  # the provider is well: it speaks of this destination alone (a full mailbox)
    absent: bool = False  # it was looked for: no earlier hand-over has arrived, so it may be worded anew
    asked: timedelta | None = None  # what the provider asked for, where it is more than `wait`, which we keep to


@dataclass(frozen=True, slots=True)
class Unsure:
    """It left, and there is no trustworthy answer."""

    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Final. `moved` is where the destination is now, when the provider says so (Telegram's supergroups)."""

    why: str
    scope: RefusalScope = RefusalScope.MESSAGE
    moved: Destination | None = None
    gone: bool = False  # of an edit: the message is deleted, too old or locked, and will never be rewritten again


Receipt = Sent | Later | Unsure | Refused

"""Notices, batches, deliveries and their states, and the receipts of channels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model.audiences import Destination, Style
from bot.model.document import Document
from bot.model.incidents import ENDINGS, ChangeKind
from bot.model.links import Link
from bot.model.maintenance import OVER, Phase, planned
from bot.model.reasons import Reason

PLAIN = Style()
# Changes whose notice does not give the present state.
ASIDE = frozenset({ChangeKind.OFFICIAL, ChangeKind.ACKNOWLEDGED})


class Tone(StrEnum):
    """Colour that a channel may give a notice; never the only sign of anything."""

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
    """The text of a message, without markup. `title` is complete on a lock screen: 80 characters or less."""

    title: str
    lines: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join((self.title, *self.lines))


@dataclass(frozen=True, slots=True)
class Button:
    """A button that runs `command` ("mute x 1h")."""

    label: str
    command: str


@dataclass(frozen=True, slots=True)
class Notice:
    """The message about a change, in one style."""

    key: str  # "x#17/3"
    thread: str  # "x#17": shared by all notices of an incident
    tone: Tone
    words: Text
    later: Text | None = None  # for whoever reads it later: without what else was wrong then; None: the same text
    root: Text | None = None  # new text of the thread's first message; None: leave it unchanged
    fresh: bool = True  # True: visible to everybody in the place; False: only in the thread
    at: datetime | None = None  # when the reported change happened
    since: datetime | None = None  # when the incident began
    kind: ChangeKind | Phase | None = None  # of the change or maintenance reported; None: neither (a digest, a test)
    style: Style = PLAIN  # style of the text, for additions made at delivery
    line: str = ""  # one-line form for a batch; empty: never batched
    detail: str = ""  # what stands below that line: evidence and plan
    causes: tuple[str, ...] = ()  # possible shared causes: services it depends on, hosts of its routes
    buttons: tuple[Button, ...] = ()  # actions available at this state of the incident
    headings: tuple[str, ...] = ()  # those lines of `words` which are headings
    document: Document | None = None  # the long form, for channels that have room for it
    unsubscribe: str = ""  # address of the page where its only reader can unsubscribe
    plan: str = ""  # that line of `words` which is the organisation's plan ...
    quotes: tuple[str, ...] = ()  # ... and those that quote an official page
    links: tuple[Link, ...] = ()  # the vendor's page first, then ours
    plans: tuple[str, ...] = ()  # the operators' own plans within the text, whose addresses and names stay links

    @property
    def ends(self) -> ChangeKind | Phase | None:
        """The kind, if the notice ends its thread; else None."""
        return self.kind if self.kind in ENDINGS or self.kind in OVER else None

    @property
    def whole(self) -> bool:
        """True if it gives the present state of its thread, so that unsent notices before it are superseded."""
        return self.kind is not None and self.kind not in ASIDE

    def delayed(self) -> Notice:
        """The notice for whoever gets it later than it was worded."""
        return replace(self, words=self.later, later=None) if self.later else self


@dataclass(frozen=True, slots=True)
class BatchItem:
    """The state of one incident within a batch."""

    thread: str
    text: str
    ends: bool
    causes: tuple[str, ...] = ()
    since: datetime | None = None  # when the incident began
    at: datetime | None = None  # when the reported change happened
    well: bool = True  # of an ended one: False if it is unknown whether the service is up
    detail: str = ""  # evidence and plan

    @property
    def planned(self) -> bool:
        """True for maintenance, which is not an incident."""
        return planned(self.thread)


@dataclass(frozen=True, slots=True)
class Batch:
    """Content of a message about several incidents."""

    key: str
    thread: str
    destination: Destination
    items: tuple[BatchItem, ...]  # oldest first
    style: Style
    since: datetime  # since when the oldest item has waited
    late: bool = False  # True: a catch-up after failed deliveries; False: a storm
    deferred: bool = False  # held back for the place's quiet hours
    first: bool = True  # False: an edit of the message
    audience: str = ""  # of whoever reads it


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
    root: str | None = None  # the channel's ref of the thread's first message there; None: this is the first
    subject: str = ""  # title of the thread's first message there: a mail thread keeps one subject
    attempts: int = 0  # earlier attempts
    unsure: bool = False  # an earlier attempt may have arrived
    id: int = 0  # assigned by the store
    lease: int = 0  # set by the store: only the claim that holds it can settle the delivery
    ladders: tuple[str, ...] = ()  # audiences whose next rung gets it if this place fails ...
    within: timedelta | None = None  # ... within this time after it was due
    due: datetime | None = None  # not before then, because of quiet hours
    late: bool = False  # set by the store: its time ran out, or it replaces earlier ones that waited
    in_vain: bool = False  # set by the store: it, or what it replaces, was handed over before and not taken
    waited_since: datetime | None = None  # set by the store: when it, or the first that it replaces, was queued
    deferred: bool = False  # set by the store: held back for quiet hours

    @property
    def buttons(self) -> tuple[Button, ...]:
        """Buttons of its message. Notices that do not give the state leave them to those that do."""
        return () if self.action is DeliveryAction.POST and self.notice.kind in ASIDE else self.notice.buttons


class RefusalScope(StrEnum):
    """How far a final refusal extends."""

    MESSAGE = "message"
    DESTINATION = "destination"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Sent:
    """Accepted by the channel. `ref` names the message there, for edits and replies ("1503435956.000247")."""

    ref: str | None = None
    found: bool = False  # an earlier attempt had arrived, so nothing was repeated
    anew: bool = False  # the thread's first message is gone, and this one takes its place


@dataclass(frozen=True, slots=True)
class Later:
    """Certainly not sent. `wait` is the delay the provider asked for."""

    why: Reason
    wait: timedelta | None = None
    whole: bool = False  # the limit applies to the whole account, not only to this destination
    local: bool = False  # the provider works: only this destination fails (a full mailbox)
    absent: bool = False  # a look-up showed that no earlier attempt arrived, so the text may change
    asked: timedelta | None = None  # the delay the provider asked for, if longer than `wait`, which we keep


@dataclass(frozen=True, slots=True)
class Unsure:
    """Sent, but without a trustworthy answer."""

    why: Reason


@dataclass(frozen=True, slots=True)
class Refused:
    """Final. `moved` is the destination's new address, if the provider gives it (Telegram's supergroups)."""

    why: Reason
    scope: RefusalScope = RefusalScope.MESSAGE
    moved: Destination | None = None
    gone: bool = False  # of an edit: the message is deleted, too old or locked, and cannot be edited again


Receipt = Sent | Later | Unsure | Refused


class DeliveryStatus(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    MERGED = "merged"  # another message, which was sent, carries it
    SUPERSEDED = "superseded"  # a later one says it too, or there is no message to edit
    UNWANTED = "unwanted"  # a digest whose reader unsubscribed, or was removed, before it was sent


FINISHED = frozenset(DeliveryStatus) - {DeliveryStatus.PENDING, DeliveryStatus.SENDING}
ARRIVED = frozenset({DeliveryStatus.SENT, DeliveryStatus.MERGED})
MANY = "#many#"  # prefix of a batch message's thread; no service's name begins like this


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """The new state of a claimed delivery: made once from its receipt, written once by the store.

    `due`: when a PENDING one may be claimed again (None: at once), or until when one still SENDING keeps its lease.
    `unsure` sticks until the delivery is `absent`. `hurry`: it is retried here, but the next rung gets it now.
    """

    status: DeliveryStatus
    due: datetime | None = None
    ref: str | None = None
    why: Reason | None = None
    unsure: bool = False
    anew: bool = False  # the thread goes on from this message
    absent: bool = False  # it was looked for and has not arrived, so it is not unsure any more
    # the provider asked for rest until `due`, which holds for all deliveries to that destination
    rest: bool = False
    hurry: bool = False

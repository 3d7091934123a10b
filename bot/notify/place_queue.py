"""The deliveries that wait for one destination, as plain values (pure)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from bot.model import MANY, ChangeKind, Delivery, DeliveryAction, DeliveryStatus, Destination, planned

ANEW = ";anew"  # suffix of the key of a message that replaces a deleted one
MOST = 3  # replacements for the same news: somebody may delete them all


class Queued(NamedTuple):
    """A queued delivery without its text; the fields are columns of the queue."""

    id: int
    key: str
    thread: str
    action: str  # a DeliveryAction
    status: str  # a DeliveryStatus
    due: datetime
    lease: int
    attempts: int
    unsure: bool
    queued_at: datetime
    ends: str | None  # the kind of change that ends its incident, if it does
    deadline: datetime | None
    deferred: bool
    told_in: int | None  # id of the batch message that carries it
    reminder: bool
    line: str  # its line in a batch message; empty if it does not tell the state of its incident
    detail: str  # its evidence and plan there
    causes: tuple[str, ...] | None
    began: datetime | None
    happened: datetime | None
    settled_at: datetime | None

    @property
    def posts(self) -> bool:
        return self.action == DeliveryAction.POST

    @property
    def planned(self) -> bool:
        """True for maintenance, which is no incident."""
        return planned(self.thread)

    def on_its_way(self, now: datetime) -> bool:
        """Whether it is being sent, under a lease that still runs."""
        return self.status == DeliveryStatus.SENDING and self.due > now


class Head(NamedTuple):
    """A delivery that may be claimed: the first unfinished one of its lane."""

    id: int
    place: str
    thread: str
    action: str
    attempts: int
    deferred: bool
    reminder: bool
    ends: str | None


class Standing(NamedTuple):
    """Facts about one destination: unfinished posts, and those that arrived of late."""

    place: str
    untaken: bool  # some post was tried in vain, or held back, and waits
    reminder: bool  # some reminder waits
    late: bool  # some post arrived after more than one attempt
    incidents: int


class Recent(NamedTuple):
    """A post that arrived of late; `alone`: by itself, not in a batch message."""

    thread: str
    line: str
    ends: str | None
    attempts: int
    settled_at: datetime | None
    alone: bool

    @property
    def planned(self) -> bool:
        return planned(self.thread)


class StormMessage(NamedTuple):
    """A batch message about a storm that waits, or was sent of late."""

    thread: str
    ends: str | None
    status: str
    settled_at: datetime | None
    stuck: bool  # an edit of it was refused, or it was in doubt: nobody knows since when it has been there
    causes: tuple[str, ...] | None


@dataclass(frozen=True)
class Lane:
    """The deliveries of one incident to one destination, in the order they were queued."""

    thread: str
    rows: Sequence[Queued]
    begun: bool = False  # an earlier message of this thread was sent there
    heard: bool = False  # an earlier message was sent there, or may have been

    @cached_property
    def posts(self) -> list[Queued]:
        return [row for row in self.rows if row.posts]

    @cached_property  # in a storm hundreds of lanes are asked for it again and again
    def newest(self) -> Queued | None:
        """The latest unsent one that tells the state of the incident; None if there is none."""
        return next((row for row in reversed(self.posts) if row.line and row.settled_at is None), None)

    @property
    def tried(self) -> bool:
        return any(row.attempts or row.deferred for row in self.posts)

    def handed_over(self, now: datetime) -> bool:
        """Whether one of them is on its way now."""
        return any(row.on_its_way(now) for row in self.rows)

    def waits_again(self, now: datetime) -> bool:
        """Whether it is a batch message that was not taken.

        One that replaces a deleted message carries nothing that waits: it is sent again as it is.
        """
        again = self.thread.startswith(MANY) and self.tried and not self.handed_over(now)
        return again and not self.rows[0].key.endswith(ANEW)

    @property
    def doubtful(self) -> bool:
        """Whether the incident was, or may have been, reported there."""
        return self.heard or any(row.unsure or row.status == DeliveryStatus.SENDING for row in self.rows)

    @property
    def unsaid(self) -> bool:
        """Whether it retracts an incident that was never reported there: then nothing needs to be sent."""
        newest = self.newest
        return newest is not None and newest.ends == ChangeKind.RETRACTED and not self.doubtful

    @property
    def overtaken(self) -> list[int]:
        """The ids that the newest one makes superfluous. If nothing was sent before, they include edits: there is no
        message to edit.
        """
        newest = self.newest
        if newest is None:
            return []
        return [r.id for r in self.rows if r.id < newest.id or (not r.posts and not self.begun)]

    @property
    def deadline(self) -> datetime | None:
        """The soonest deadline still running, since a batch takes over that of its first message; None if none runs."""
        return min((row.deadline for row in self.posts if row.deadline), default=None)

    def waits(self, now: datetime, messages: Collection[int]) -> bool:
        """Whether there is something to send now: not held back, not on its way, and not in a batch message other than
        `messages`, which were not taken.
        """
        head, newest = self.rows[0], self.newest
        if newest is None or (head.deferred and head.due > now):
            return False
        if newest.told_in is not None and newest.told_in not in messages:
            return False
        return not self.handed_over(now)


@dataclass(frozen=True, slots=True)
class PlaceQueue:
    """What the store has on one destination.

    `led`: the edits due next whose incident was first reported in a batch message, with its thread. `messages`: the
    deliveries, finished or not, of the batch threads that may get an edit.
    """

    destination: Destination
    lanes: Sequence[Lane] = ()
    recent: Sequence[Recent] = ()
    storms: Sequence[StormMessage] = ()  # the oldest first
    led: Mapping[int, str] = field(default_factory=dict)
    messages: Mapping[str, Sequence[Queued]] = field(default_factory=dict)

    @property
    def rows(self) -> dict[int, Queued]:
        """All that is known, by id."""
        return {row.id: row for lane in self.lanes for row in lane.rows} | {
            row.id: row for rows in self.messages.values() for row in rows
        }


def replacement(edit: Delivery, leader: str | None) -> Delivery | None:
    """The delivery to queue instead of `edit`; None if nothing needs to be sent.

    `leader`: key of the thread's newest other message there. It is edited, unless it carries this very news itself;
    where there is none, a new message says the present state.
    """
    if not edit.notice.root:
        return None
    key = f"{edit.key}{ANEW}"
    if leader is None:
        notice = replace(edit.notice, words=edit.notice.root, root=None, fresh=False)
        return replace(edit, key=key, action=DeliveryAction.POST, notice=notice)
    told = f"{edit.notice.key}@{edit.destination}"
    return replace(edit, key=key) if leader != told and edit.key.count(ANEW) < MOST else None

"""The plan for the deliveries that wait for one destination, and for forming batches. Pure decisions on rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from bot.model import Batch, ChangeKind, DeliveryAction, Notice
from bot.store.deliveries.statements import MANY, Status

FEW = 3  # up to this many incidents that begin, or end, within `WINDOW` are sent one by one; more are a storm
WINDOW = timedelta(minutes=2)
# in a storm that trickles in, how long to wait for more before the first message
GATHER = timedelta(seconds=5)
EDIT_GAP = timedelta(seconds=5)  # between two edits of a growing message
NEXT_GAP = timedelta(seconds=30)  # between two messages where none can grow


Wording = Callable[[Batch], Notice]


@dataclass(frozen=True, slots=True)
class Claim:
    """A request for up to `most` deliveries of one kind of channel, leased until `until`, skipping the `busy` places."""

    kind: str
    now: datetime
    most: int
    until: datetime
    busy: Sequence[str] = ()
    one_each: bool = False  # at most one per destination
    edits: bool = True  # the channel can edit a message
    gathers: bool = True  # a message can carry several notices
    looks: bool = False  # the channel looks for an unsure message before it sends it again


@dataclass(frozen=True, slots=True)
class Lane:
    """The unfinished deliveries of one incident to one destination, in the order they were queued."""

    thread: str
    rows: Sequence[Row[Any]]
    begun: bool = False  # an earlier message of this thread was sent there
    heard: bool = False  # an earlier message was sent there, or may have been

    @property
    def posts(self) -> list[Row[Any]]:
        return [row for row in self.rows if row.act == DeliveryAction.POST]

    @property
    def newest(self) -> Row[Any] | None:
        """The latest that tells the state of the incident."""
        return next((row for row in reversed(self.posts) if row.line), None)

    @property
    def tried(self) -> bool:
        return any(row.attempts or row.deferred for row in self.posts)

    def handed_over(self, now: datetime) -> bool:
        """Whether one of them is on its way now."""
        return any(row.status == Status.SENDING and row.due > now for row in self.rows)

    def waits_again(self, now: datetime) -> bool:
        """Whether it is a batch message that was not taken."""
        return self.thread.startswith(MANY) and self.tried and not self.handed_over(now)

    @property
    def unsaid(self) -> bool:
        """Whether it retracts an incident that was never reported there: then nothing needs to be sent."""
        newest = self.newest
        doubt = self.heard or any(row.unsure or row.status == Status.SENDING for row in self.rows)
        return newest is not None and newest.ends == ChangeKind.RETRACTED and not doubt

    @property
    def overtaken(self) -> list[int]:
        """The ids that the newest one makes superfluous. If nothing was sent before, they include edits: there is no
        message to edit.
        """
        newest = self.newest
        if newest is None:
            return []
        return [r.id for r in self.rows if r.id < newest.id or (r.act == DeliveryAction.EDIT and not self.begun)]

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


@dataclass(slots=True)
class Plan:
    """The changes to write before the claim, and the ids to claim as they are."""

    take: list[int]
    supersede: list[int] = field(default_factory=list)
    together: list[list[Lane]] = field(default_factory=list)  # each becomes one message
    late: bool = False
    wait: list[int] = field(default_factory=list)  # ids that wait for more of a storm ...
    until: datetime | None = None  # ... until then


@dataclass(frozen=True, slots=True)
class Storm:
    """The latest message of a storm at a destination."""

    thread: str
    grows: bool  # it was sent, and can be edited
    until: datetime  # if it cannot grow: no next message before this time


Storms = Mapping[bool, Storm]  # by kind: news (False), endings (True)


def storms(rows: Iterable[Row[Any]], wanted: Claim) -> Storms:
    found: dict[bool, Storm] = {}
    for row in rows:
        sent = row.status == Status.SENT
        until = row.settled_at + NEXT_GAP if sent else wanted.now + EDIT_GAP
        found[bool(row.ends)] = Storm(row.thread, sent and wanted.edits and not row.stuck, until)
    return found


def doubtful(lanes: Sequence[Lane], wanted: Claim) -> Row[Any] | None:
    """The delivery that may have arrived already and is settled before anything else; None if there is none.

    Reworded, it could not be found again, and news added to it would reach nobody. If the channel looks for messages, a
    single doubtful one is settled first too, so that it is not repeated in a batch.
    """
    sought = (lane for lane in lanes if lane.posts and (wanted.looks or lane.thread.startswith(MANY)))
    found = (lane.rows[0] for lane in sought if not lane.handed_over(wanted.now))
    doubt = (row for row in found if row.unsure or row.status == Status.SENDING)
    return next((row for row in doubt if row.act == DeliveryAction.POST and row.told_in is None), None)


def decide(
    lanes: Sequence[Lane], heads: Sequence[int], recent: Collection[Row[Any]], before: Storms, wanted: Claim
) -> Plan:
    """Decide on the lanes of one destination.

    `heads`: the deliveries to be claimed otherwise. `recent`: what was sent there within `WINDOW`, or is on its way
    now.
    """
    messages = {lane.rows[0].id for lane in lanes if lane.waits_again(wanted.now)}
    waiting = [lane for lane in lanes if not lane.thread.startswith(MANY) and lane.waits(wanted.now, messages)]
    plan = Plan(list(heads), _passing(waiting))
    # What waited behind a delivery that took several attempts missed the same stretch.
    back = max((row.settled_at for row in recent if row.attempts > 1 and row.settled_at), default=None)
    missed = back is not None and any(lane.posts[0].queued_at < back for lane in waiting)
    plan.late = bool(messages) or missed or any(lane.tried for lane in waiting)
    if not (plan.late or (wanted.gathers and _many(waiting, recent, before))):
        return _without(plan, [])
    plan.supersede += [row.id for lane in waiting if lane.unsaid for row in lane.rows]
    waiting = [lane for lane in waiting if not lane.unsaid]
    if plan.late:
        plan.together = ([waiting] if waiting else []) if wanted.gathers else [[lane] for lane in waiting]
    else:
        _gather(plan, waiting, before, wanted.now)
    return _without(plan, waiting)


def _many(waiting: Sequence[Lane], recent: Collection[Row[Any]], before: Storms) -> bool:
    """Whether a storm begins or goes on.

    News and endings are counted apart, so that short outages one after the other are sent as they come.
    """
    news, endings = (
        {lane.thread for lane in waiting if bool(lane.newest and lane.newest.ends) is ending}
        | {row.thread for row in recent if row.line and bool(row.ends) is ending}
        for ending in (False, True)
    )
    return max(len(news), len(endings)) > FEW or (bool(before) and len(news | endings) > FEW)


def _gather(plan: Plan, waiting: Sequence[Lane], before: Storms, now: datetime) -> None:
    """Put news and endings into one message each: a restored service must not be reported by editing its outage away."""
    for ending in (False, True):
        group = [lane for lane in waiting if bool(lane.newest and lane.newest.ends) is ending]
        if not group:
            continue
        storm = before.get(ending)
        since = min(lane.posts[0].queued_at for lane in group)
        until = storm.until if storm else since if len(group) > FEW else since + GATHER
        if (storm and storm.grows) or until <= now:
            plan.together.append(group)
        else:
            plan.wait += [lane.rows[0].id for lane in group]
            plan.until = min(plan.until or until, until)


def _without(plan: Plan, lanes: Sequence[Lane]) -> Plan:
    gone = set(plan.supersede) | {row.id for lane in lanes for row in lane.rows}
    plan.take = [number for number in plan.take if number not in gone]
    return plan


def _passing(lanes: Sequence[Lane]) -> list[int]:
    """The ids of reminders that newer posts have overtaken."""
    return [
        r.id for lane in lanes for r in lane.posts if r.reminder and lane.newest is not None and r.id < lane.newest.id
    ]

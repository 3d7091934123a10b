"""What waits for one place, and what becomes of it when it is many: pure decisions on rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from bot.model import Batch, ChangeKind, DeliveryAction, Notice
from bot.store.deliveries.statements import MANY, Status

FEW = 3  # incidents that begin, or end, within `WINDOW` are told one by one; more are a storm
WINDOW = timedelta(minutes=2)
GATHER = timedelta(
    seconds=5
)  # of a storm that trickles in, so long is waited for more: who is told of it may wait no longer
EDIT_GAP = timedelta(seconds=5)  # a message that grows is rewritten no more often than that
NEXT_GAP = timedelta(seconds=30)  # and where it cannot grow, the next one comes so long after it


Wording = Callable[[Batch], Notice]


@dataclass(frozen=True, slots=True)
class Claim:
    """What is wanted: up to `most` deliveries of one kind of channel, until `until`, for none of the `busy` places."""

    kind: str
    now: datetime
    most: int
    until: datetime
    busy: Sequence[str] = ()
    one_each: bool = False  # at most one for each place
    edits: bool = True  # can this kind rewrite a message?
    gathers: bool = True  # may many notices be told in one message?
    looks: bool = False  # does this kind find out whether an unsure one arrived, before it sends it again?


@dataclass(frozen=True, slots=True)
class Lane:
    """What is unfinished of one incident at one place, the first queued first."""

    thread: str
    rows: Sequence[Row[Any]]
    begun: bool = False  # the place has heard of the incident before
    heard: bool = False  # it has, or may have

    @property
    def posts(self) -> list[Row[Any]]:
        return [row for row in self.rows if row.act == DeliveryAction.POST]

    @property
    def newest(self) -> Row[Any] | None:
        """The latest that tells how the incident stands."""
        return next((row for row in reversed(self.posts) if row.line), None)

    @property
    def tried(self) -> bool:
        return any(row.attempts or row.deferred for row in self.posts)

    def handed_over(self, now: datetime) -> bool:
        """Is one of it on its way at this moment?"""
        return any(row.status == Status.SENDING and row.due > now for row in self.rows)

    def waits_again(self, now: datetime) -> bool:
        """Is it a message of many that was not taken?"""
        return self.thread.startswith(MANY) and self.tried and not self.handed_over(now)

    @property
    def unsaid(self) -> bool:
        """Trouble that nobody there was told of is taken back: there is nothing to tell."""
        newest = self.newest
        doubt = self.heard or any(row.unsure or row.status == Status.SENDING for row in self.rows)
        return newest is not None and newest.ends == ChangeKind.RETRACTED and not doubt

    @property
    def overtaken(self) -> list[int]:
        """What the newest tells as well. Where nothing was said before, it is the first message: there is none that
        its edit could rewrite.
        """
        newest = self.newest
        if newest is None:
            return []
        return [r.id for r in self.rows if r.id < newest.id or (r.act == DeliveryAction.EDIT and not self.begun)]

    @property
    def deadline(self) -> datetime | None:
        """The soonest that still runs: what stands for several messages has the time of the first."""
        return min((row.deadline for row in self.posts if row.deadline), default=None)

    def waits(self, now: datetime, messages: Collection[int]) -> bool:
        """Is it to be told now: is there something to tell, not kept back, not being handed over, and not told by a
        message already, unless by one of `messages`, which were not taken?
        """
        head, newest = self.rows[0], self.newest
        if newest is None or (head.deferred and head.due > now):
            return False
        if newest.told_in is not None and newest.told_in not in messages:
            return False
        return not self.handed_over(now)


@dataclass(slots=True)
class Plan:
    """What is to be written before the claim, and what is taken as it is."""

    take: list[int]
    supersede: list[int] = field(default_factory=list)
    together: list[list[Lane]] = field(default_factory=list)  # each told in one message
    late: bool = False
    wait: list[int] = field(default_factory=list)  # these wait for more of a storm ...
    until: datetime | None = None  # ... until then


@dataclass(frozen=True, slots=True)
class Storm:
    """The latest message of a storm at a place."""

    thread: str
    grows: bool  # it has been sent, and can be rewritten
    until: datetime  # else there is no other one before


Storms = Mapping[bool, Storm]  # of news (False), of endings (True)


def storms(rows: Iterable[Row[Any]], wanted: Claim) -> Storms:
    found: dict[bool, Storm] = {}
    for row in rows:
        sent = row.status == Status.SENT
        until = row.settled_at + NEXT_GAP if sent else wanted.now + EDIT_GAP
        found[bool(row.ends)] = Storm(row.thread, sent and wanted.edits and not row.stuck, until)
    return found


def doubtful(lanes: Sequence[Lane], wanted: Claim) -> Row[Any] | None:
    """What may be there already, to be settled before anything else: in other words it could not be found, and what is
    new in it would be told to nobody. Where it is looked for, one by itself is settled first as well, lest it be told
    again among others.
    """
    sought = (lane for lane in lanes if lane.posts and (wanted.looks or lane.thread.startswith(MANY)))
    found = (lane.rows[0] for lane in sought if not lane.handed_over(wanted.now))
    doubt = (row for row in found if row.unsure or row.status == Status.SENDING)
    return next((row for row in doubt if row.act == DeliveryAction.POST and row.told_in is None), None)


def decide(
    lanes: Sequence[Lane], heads: Sequence[int], recent: Collection[Row[Any]], before: Storms, wanted: Claim
) -> Plan:
    """What becomes of one place's lanes. `heads`: what would be claimed; `recent`: what the place was told of within
    `WINDOW`, or is being told of at this moment.
    """
    messages = {lane.rows[0].id for lane in lanes if lane.waits_again(wanted.now)}
    waiting = [lane for lane in lanes if not lane.thread.startswith(MANY) and lane.waits(wanted.now, messages)]
    plan = Plan(list(heads), _passing(waiting))
    # What had waited behind one that was taken after several tries missed the same stretch.
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
    """Is it a storm, or does one go on? What is restored makes none of what goes down after it, or the other way round:
    one outage after the other, each over before the next, are told as they come.
    """
    news, endings = (
        {lane.thread for lane in waiting if bool(lane.newest and lane.newest.ends) is ending}
        | {row.thread for row in recent if row.line and bool(row.ends) is ending}
        for ending in (False, True)
    )
    return max(len(news), len(endings)) > FEW or (bool(before) and len(news | endings) > FEW)


def _gather(plan: Plan, waiting: Sequence[Lane], before: Storms, now: datetime) -> None:
    """News and endings in a message each: what is restored must not be told by rewriting what was down."""
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
    """Reminders that newer word has overtaken."""
    return [
        r.id for lane in lanes for r in lane.posts if r.reminder and lane.newest is not None and r.id < lane.newest.id
    ]

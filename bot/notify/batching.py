"""Batching: which of the deliveries that wait for a destination become one message, and which are superseded (pure).

After a channel's return, after quiet hours and in a storm, one message carries several incidents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.model import MANY, Batch, BatchItem, ChangeKind, DeliveryAction, DeliveryStatus, Destination, Style
from bot.notify import storms as storm_rules
from bot.notify.place_queue import Head, Lane, PlaceQueue, Queued, Recent, Standing
from bot.notify.storms import EDIT_GAP, FEW, GATHER, Storms, Subject, subject


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


@dataclass(slots=True, eq=False)
class Message:
    """A batch message to write, and the deliveries that it carries from now on."""

    thread: str
    key: str  # of its notice
    like: int  # id of the delivery whose style and audience it takes
    joins: list[int]
    due: datetime
    id: int = 0  # of its row; 0: it needs one
    action: DeliveryAction = DeliveryAction.POST
    rows: Sequence[Queued] = ()  # its contents; empty: the present state of all its incidents
    late: bool = False  # a catch-up: nothing joins it
    subject: Subject = Subject.NEWS
    causes: tuple[str, ...] = ()  # shared by what it tells
    worded: bool = True  # False: its text is made when it is due

    def row_key(self, destination: Destination) -> str:
        """The key of its row."""
        posts = self.action is DeliveryAction.POST
        return f"{self.thread}@{destination}" if posts else f"{self.key}@{destination};edit"


@dataclass(slots=True)
class Plan:
    """What to write about the deliveries of one destination, and which of them to claim then."""

    destination: Destination
    known: Mapping[int, Queued] = field(default_factory=dict)  # what the decision rests on, by id
    take: list[int | Message] = field(default_factory=list)
    supersede: list[int] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    deadlines: dict[int, datetime | None] = field(default_factory=dict)
    together: list[list[Lane]] = field(default_factory=list)  # each becomes one message
    late: bool = False
    wait: list[int] = field(default_factory=list)  # ids that wait for more of a storm ...
    until: datetime | None = None  # ... until then

    @property
    def changed(self) -> dict[int, Queued]:
        """The deliveries that it changes or claims, as they must still be when it is written."""
        ids = {*self.supersede, *self.deadlines, *self.wait, *(one for one in self.take if isinstance(one, int))}
        for message in self.messages:
            ids.update(message.joins, [message.id] if message.id else ())
        return {number: self.known[number] for number in ids if number in self.known}

    @property
    def decided(self) -> set[int | Message]:
        """What it takes by what it knows; the rest is taken only if it is still due."""
        return {one for one in self.take if isinstance(one, Message) or one in self.known}

    def message(self, thread: str) -> Message | None:
        return next((message for message in self.messages if message.thread == thread), None)


def crowded(heads: Iterable[Head], standing: Mapping[str, Standing], wanted: Claim) -> set[str]:
    """The places that are behind, get many incidents, or may not need what is to be sent: what waits for them is read as a
    whole.
    """
    found = {head.place for head in heads if not _plain(head)}
    if wanted.gathers:
        found |= {place for place, one in standing.items() if _much(one)}
    return found


def plain(heads: Sequence[Head]) -> list[int] | None:
    """What to claim for a kind of channel that sends each notice by itself; None if there is more to decide."""
    return [head.id for head in heads] if all(map(_plain, heads)) else None


def _plain(head: Head) -> bool:
    """Whether it can be sent as it is: neither behind nor a batch message, nor one that may retract what was never told."""
    behind = head.attempts or head.deferred or head.reminder
    return not (behind or head.thread.startswith(MANY) or head.ends == ChangeKind.RETRACTED)


def _much(one: Standing) -> bool:
    return one.untaken or one.reminder or one.late or one.incidents > FEW


def decide(queue: PlaceQueue, heads: Sequence[int], wanted: Claim, *, whole: bool) -> Plan:
    """Decide on the deliveries of one destination.

    `heads`: those to be claimed otherwise. `whole`: the place is crowded, so all that waits is decided on, not only the
    edits of batch messages.
    """
    plan = Plan(queue.destination, queue.rows)
    edits = _refresh(plan, queue, wanted.now)
    rest = [head for head in heads if head not in queue.led]
    if whole:
        # Another process may have taken or settled one since the heads were read.
        rest = [head for head in rest if head in plan.known and not plan.known[head].on_its_way(wanted.now)]
        _crowd(plan, queue, rest, wanted)
    else:
        plan.take += rest
    plan.take += edits  # news first, then the edits of older messages
    plan.take = list(dict.fromkeys(plan.take))
    return plan


def _refresh(plan: Plan, queue: PlaceQueue, now: datetime) -> list[Message]:
    """The edits of incidents that were first reported in a batch: the batch message is edited once for all of them."""
    threads: dict[str, list[int]] = {}
    for number, thread in queue.led.items():
        threads.setdefault(thread, []).append(number)
    edits = (_edit(plan, queue, thread, ids, now) for thread, ids in threads.items())
    return [edit for edit in edits if edit]


def _edit(plan: Plan, queue: PlaceQueue, thread: str, ids: list[int], now: datetime) -> Message | None:
    """Bring `ids` into the batch message of `thread` by an edit, now or when the next edit is allowed: None."""
    message = plan.message(thread)
    if message is None:
        rows = queue.messages[thread]
        unfinished = [row for row in rows if row.settled_at is None]
        waiting = next((r for r in unfinished if r.status == DeliveryStatus.PENDING or r.due <= now), None)
        if waiting:
            message = Message(thread, _notice_key(waiting), rows[0].id, [], waiting.due, waiting.id)
            message.action = DeliveryAction(waiting.action)
        else:
            due = max((row.settled_at for row in rows if row.settled_at), default=now) + EDIT_GAP
            message = Message(thread, f"{thread}/{len(rows)}", rows[0].id, [], max(due, now))
            message.action = DeliveryAction.EDIT
        message.worded = message.due <= now and all(row.id == message.id for row in unfinished)
        plan.messages.append(message)
    message.joins += ids
    return message if message.worded else None


def _notice_key(row: Queued) -> str:
    """The key of a batch message's notice: an edit's own, or that of the message, which is its thread's first."""
    return f"{row.thread}/0" if row.posts else row.key.partition("@")[0]


def _crowd(plan: Plan, queue: PlaceQueue, heads: list[int], wanted: Claim) -> None:
    now, lanes = wanted.now, list(queue.lanes)
    if first := doubtful(lanes, wanted):
        if first.due > now:
            plan.wait, plan.until = heads, first.due
            return
        # Whichever was claimed: if this one were skipped, all would be, for ever. If the channel cannot look for it, it
        # is sent once more, together with all that waits; otherwise the destination would get two messages.
        if wanted.looks:
            plan.take.append(first.id)
            return
    # Messages on their way stay out of a batch, or they would be sent twice. They count all the same: a storm must not
    # go out one by one because its first messages are still on their way, alone or in a batch.
    sending = {row.id for lane in lanes if lane.handed_over(now) for row in lane.posts if row.told_in is None}
    under_way = [row for lane in lanes for row in lane.posts if row.id in sending or row.told_in in sending]
    lanes = [lane for lane in lanes if not lane.handed_over(now)]
    storms = storm_rules.latest(queue.storms, now, edits=wanted.edits)
    plan.take += heads
    _bundle(plan, lanes, [*queue.recent, *under_way], storms, wanted)
    many = [lane for lane in lanes if lane.thread.startswith(MANY)]
    formed = _form(plan, queue, many, storms, now)
    plan.take = [*formed, *(_worded_again(plan, many, one) for one in plan.take)]


def _worded_again(plan: Plan, many: Sequence[Lane], number: int | Message) -> int | Message:
    """A delivery to be claimed; if it is an edit of a batch message, it gets the present contents."""
    lane = next((lane for lane in many if lane.rows[0].id == number and not lane.posts), None)
    if lane is None or isinstance(number, Message):
        return number
    message = plan.message(lane.thread)
    if message is None or message.id != number:
        row = lane.rows[0]
        message = Message(lane.thread, _notice_key(row), number, [], row.due, number, DeliveryAction.EDIT)
        plan.messages.append(message)
    message.worded = True
    return message


def _form(plan: Plan, queue: PlaceQueue, many: Sequence[Lane], storms: Storms, now: datetime) -> list[int | Message]:
    """Form the batches; batch messages that were not taken before are sent as one, with all that waits."""
    before = [lane.rows[0] for lane in many if lane.waits_again(now)]
    plan.take = [number for number in plan.take if number not in {row.id for row in before}]
    take: list[int | Message] = []
    for group in plan.together:
        kept = _kept(plan, group)
        storm = None if plan.late else storms.get(subject(kept[0]))
        if storm and storm.grows:
            edit = _edit(plan, queue, storm.thread, [row.id for row in kept], now)
            take += [edit] if edit else []
        else:
            take.append(_together(plan, kept, before[0] if before else None, now))
    used = {message.id for message in take if isinstance(message, Message)} | set(take)
    plan.supersede += [row.id for row in before if row.id not in used]
    return take


def _kept(plan: Plan, lanes: Sequence[Lane]) -> list[Queued]:
    """The newest post of each lane; older ones are superseded and hand their deadline to it."""
    plan.supersede += [number for lane in lanes for number in lane.overtaken]
    plan.deadlines |= {lane.newest.id: lane.deadline for lane in lanes if lane.newest}
    return [lane.newest for lane in lanes if lane.newest]


def _together(plan: Plan, kept: list[Queued], before: Queued | None, now: datetime) -> int | Message:
    """Put all of them in one message, or leave a single one alone; return what to claim."""
    ids = [row.id for row in kept]
    if len(kept) == 1 and before is None:
        return ids[0]
    thread = before.thread if before else f"{MANY}{kept[0].id}"
    message = Message(thread, f"{thread}/0", kept[0].id, ids, now, rows=kept, late=plan.late)
    message.id = before.id if before else 0
    message.subject = subject(kept[0]) if not plan.late else Subject.NEWS
    message.causes = tuple(sorted(storm_rules.common([Lane(row.thread, [row]) for row in kept])))
    plan.messages.append(message)
    return message


# ── the rules ────────────────────────────────────────────────────────────────────────────────────────────────────────


def doubtful(lanes: Sequence[Lane], wanted: Claim) -> Queued | None:
    """The delivery that may have arrived already and is settled before anything else; None if there is none.

    Reworded, it could not be found again, and news added to it would reach nobody. If the channel looks for messages, a
    single doubtful one is settled first too, so that it is not repeated in a batch.
    """
    sought = (lane for lane in lanes if lane.posts and (wanted.looks or lane.thread.startswith(MANY)))
    found = (lane.rows[0] for lane in sought if not lane.handed_over(wanted.now))
    doubt = (row for row in found if row.unsure or row.status == DeliveryStatus.SENDING)
    return next((row for row in doubt if row.posts and row.told_in is None), None)


def _bundle(
    plan: Plan, lanes: Sequence[Lane], recent: Sequence[Recent | Queued], storms: Storms, wanted: Claim
) -> None:
    """Decide what is sent together, what is superseded and what waits for more.

    `recent`: what was sent there within `WINDOW`, or is on its way now.
    """
    messages = {lane.rows[0].id for lane in lanes if lane.waits_again(wanted.now)}
    waiting = [lane for lane in lanes if not lane.thread.startswith(MANY) and lane.waits(wanted.now, messages)]
    plan.supersede = _passing(waiting)
    # What waited behind a delivery that took several attempts missed the same stretch.
    back = max((row.settled_at for row in recent if row.attempts > 1 and row.settled_at), default=None)
    missed = back is not None and any(lane.posts[0].queued_at < back for lane in waiting)
    plan.late = bool(messages) or missed or any(lane.tried for lane in waiting)
    alone = [row for row in recent if not isinstance(row, Recent) or row.alone]
    plan.supersede += [row.id for lane in waiting if lane.unsaid for row in lane.rows]
    waiting = [lane for lane in waiting if not lane.unsaid]
    crowd = storm_rules.crowded(waiting, alone, storms) if wanted.gathers and not plan.late else []
    if not (plan.late or crowd):
        _drop(plan, [])
        return
    if not plan.late:
        waiting = crowd
    if plan.late:
        plan.together = ([waiting] if waiting else []) if wanted.gathers else [[lane] for lane in waiting]
    else:
        waiting = _gather(plan, waiting, storms, wanted.now)
    _drop(plan, waiting)


def _gather(plan: Plan, waiting: Sequence[Lane], storms: Storms, now: datetime) -> list[Lane]:
    """Put what waits of each subject into one message, or have it wait for more; return what is not sent by itself."""
    taken: list[Lane] = []
    for one in Subject:
        group = [lane for lane in waiting if lane.newest and subject(lane.newest) is one]
        if not group:
            continue
        storm = storms.get(one)
        joined = storm is not None and storm.open
        group = group if joined else storm_rules.of_one_cause(group)
        since = min(lane.posts[0].queued_at for lane in group)
        until = storm.until if storm else since if len(group) > FEW else since + GATHER
        if (storm and storm.grows) or until <= now:
            plan.together.append(group)
        else:
            plan.wait += [lane.rows[0].id for lane in group]
            plan.until = min(plan.until or until, until)
        taken += group
    return taken


def _drop(plan: Plan, lanes: Sequence[Lane]) -> None:
    """Claim nothing that is superseded, nor the deliveries of `lanes`, which are decided on as a whole."""
    gone = set(plan.supersede) | {row.id for lane in lanes for row in lane.rows}
    plan.take = [number for number in plan.take if number not in gone]


def _passing(lanes: Sequence[Lane]) -> list[int]:
    """The ids of reminders that newer posts have overtaken."""
    return [
        r.id for lane in lanes for r in lane.posts if r.reminder and lane.newest is not None and r.id < lane.newest.id
    ]


# ── the contents ─────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Contents:
    """What a batch message has to say: the newest delivery of each incident, and the reader's style."""

    rows: Sequence[Queued]
    style: Style
    audience: str  # of whoever reads it


def batch(message: Message, contents: Contents, plan: Plan) -> Batch:
    """The message as the wording takes it: `contents` as they are stored, and what joins them."""
    newest = {row.thread: row for row in contents.rows}
    for row in (plan.known[number] for number in message.joins):
        if row.posts and row.line and (row.thread not in newest or newest[row.thread].id < row.id):
            newest[row.thread] = row
    rows = sorted(newest.values(), key=lambda row: (row.began or row.queued_at, row.id))
    items = tuple(
        BatchItem(
            row.thread,
            row.line,
            bool(row.ends),
            row.causes or (),
            row.began,
            row.happened,
            well=row.ends != ChangeKind.UNWATCHED,
            detail=row.detail,
        )
        for row in rows
    )
    return Batch(
        message.key,
        message.thread,
        plan.destination,
        items,
        contents.style,
        since=min(row.queued_at for row in rows),
        late=message.late,
        deferred=any(row.deferred for row in rows),
        first=bool(message.rows),
        audience=contents.audience,
    )

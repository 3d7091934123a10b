"""Storms: which of the notices that wait for a destination are too many to be sent one by one (pure).

News, endings and planned work are counted apart, and each has messages of its own: an outage is never told by rewriting a
message about maintenance, nor an end by rewriting the outage away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model import DeliveryStatus
from bot.notify.place_queue import Lane, Queued, Recent, StormMessage

FEW = 3  # up to this many notices of one subject within `WINDOW` are sent one by one; more are a storm
WINDOW = timedelta(minutes=2)
# in a storm that trickles in, how long to wait for more before the first message
GATHER = timedelta(seconds=5)
JOINS = timedelta(
    seconds=10
)  # what comes later than this after a storm's message gets one of its own: an edit rings nowhere
EDIT_GAP = timedelta(seconds=5)  # between two edits of a growing message
NEXT_GAP = timedelta(seconds=30)  # between two messages about storms
MOST = 0.75  # share of the incidents that a common cause must cover


class Subject(StrEnum):
    """What a message of many is about. The value is how the queue stores it."""

    NEWS = ""
    ENDINGS = "restored"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Storm:
    """The latest message of a storm at a destination."""

    thread: str
    open: bool  # news may join it: it has not been sent, or was just sent and can be edited
    grows: bool  # by an edit
    until: datetime  # no next message before this time
    causes: frozenset[str]  # shared by what it tells; empty: none


Storms = Mapping[Subject, Storm]


def subject(row: Queued | Recent) -> Subject:
    if row.planned:
        return Subject.PLANNED
    return Subject.ENDINGS if row.ends else Subject.NEWS


def latest(rows: Iterable[StormMessage], now: datetime, *, edits: bool) -> Storms:
    """The latest message about each subject. `edits`: the channel can edit a message."""
    found: dict[Subject, Storm] = {}
    for row in rows:
        at = row.settled_at if row.status == DeliveryStatus.SENT else None
        grows = at is not None and edits and not row.stuck and now - at <= JOINS
        until = at + NEXT_GAP if at else now + EDIT_GAP
        found[Subject(row.ends or "")] = Storm(
            row.thread, at is None or grows, grows, until, frozenset(row.causes or ())
        )
    return found


def crowded(lanes: Sequence[Lane], recent: Sequence[Recent | Queued], storms: Storms) -> list[Lane]:
    """The lanes that are part of a storm: of a subject with many notices of late, or with a message that is still open.

    `recent`: what was sent of late, each by itself, or is on its way now.
    """
    found: list[Lane] = []
    for one in Subject:
        waiting = [lane for lane in lanes if lane.newest and subject(lane.newest) is one]
        threads = {lane.thread for lane in waiting} | {r.thread for r in recent if r.line and subject(r) is one}
        # The ends of a storm come one after the other, too.
        if len(threads) > FEW or (one is Subject.ENDINGS and Subject.NEWS in storms):
            found += waiting
        elif (storm := storms.get(one)) and storm.open:
            found += [lane for lane in waiting if joins(lane, storm)]
    return found


def joins(lane: Lane, storm: Storm) -> bool:
    """Whether it may belong to the storm: not if the storm has a cause that it does not share."""
    causes = frozenset(lane.newest.causes or ()) if lane.newest else frozenset()
    return not storm.causes or bool(causes & storm.causes)


def common(lanes: Sequence[Lane]) -> frozenset[str]:
    """The causes that most of them share; empty if there is none."""
    shared = Counter(cause for lane in lanes if lane.newest for cause in set(lane.newest.causes or ()))
    return frozenset(cause for cause, number in shared.items() if number >= max(MOST * len(lanes), 2))


def of_one_cause(lanes: Sequence[Lane]) -> list[Lane]:
    """Those that share the cause of most; all, if there is no such cause, or if more than a few do not share it."""
    causes = common(lanes)
    share = [lane for lane in lanes if lane.newest and causes & frozenset(lane.newest.causes or ())]
    return share if causes and len(lanes) - len(share) <= FEW and len(share) > FEW else list(lanes)

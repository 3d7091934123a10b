"""What a run left behind: the database's rows beside what the world noted down."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from pydantic import TypeAdapter

from bot.delivery.retry import MOST_WAIT
from bot.model import Audience, Change, ChangeKind, Destination, Incident, Notice, Refused, Sent, delivering
from bot.store.columns import EPOCH, MICROSECOND
from tests.sim.engine import Run
from tests.sim.readers import readers
from tests.sim.script import SETTINGS
from tests.sim.world import Answer, Looked, Told

NOTICE, CHANGE, INCIDENT, LADDERS = (TypeAdapter(noun) for noun in (Notice, Change, Incident, tuple[str, ...]))
Complaints = Iterator[str]  # what a run did not keep, in words
CALM = 330.0  # seconds: longer than the longest wait between two tries


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """A delivery; times in seconds of the run."""

    id: int
    key: str
    kind: str
    place: str  # "slack:one"
    thread: str
    act: str
    notice: Notice
    status: str
    queued: float
    settled: float | None
    ladders: tuple[str, ...]
    told_in: int | None
    deferred: bool
    leads: bool
    unsure: bool
    ref: str | None

    @property
    def step(self) -> int:
        """Which change of its incident it tells."""
        return int(self.notice.key.rpartition("/")[2])

    @property
    def service(self) -> str:
        return self.thread.partition("#")[0]


class Lanes(dict[tuple[str, str], list[Row]]):
    """Rows by thread and place. To ask for one that is not there changes nothing: whoever goes through them may ask."""

    def __missing__(self, lane: tuple[str, str]) -> list[Row]:
        return []


class Ledger:
    def __init__(self, run: Run) -> None:
        self.run, self.script, self.world = run, run.script, run.world
        versions = [readers(run.script, began) for began, _, _ in run.world.lives]
        self.all_readers = [one for version in versions for one in version]
        # Who was the same all the time; only they can be held to have been told all.
        self.readers = {one.name: one for one in versions[0] if all(one in version for version in versions)}
        last = [str(place) for one in versions[-1] for place in _places(one)]
        # Who was reached by the config once, and no more.
        self.dismissed = {str(place) for one in self.all_readers for place in _places(one)} - {*last, "telegram:chat"}
        self.gone = {kind for kind in run.script.version(run.world.began) if kind in SETTINGS}
        back = any(by < 0 for _, by in run.script.steps)
        # A clock that was set back while nobody saw it leaves times that nobody can put right.
        self.exact = not back or len(run.world.lives) == 1
        with sqlite3.connect(run.path) as file:
            file.row_factory = sqlite3.Row
            self.rows = [self._row(row) for row in file.execute("SELECT * FROM deliveries ORDER BY id")]
            self.changes = [
                CHANGE.validate_json(row[0]) for row in file.execute("SELECT json FROM changes ORDER BY at")
            ]
            self.incidents = [INCIDENT.validate_json(row[0]) for row in file.execute("SELECT json FROM incidents")]
        file.close()
        self.by_id = {row.id: row for row in self.rows}
        self.lanes, self.edits = Lanes(), Lanes()  # messages, and what rewrites them
        for row in self.rows:
            (self.lanes if row.act == "post" else self.edits).setdefault((row.thread, row.place), []).append(row)
        self.applied: dict[str, list[Told]] = defaultdict(list)
        for told in self.world.told:
            self.applied[told.delivery.key].append(told)
        self.answers: dict[str, list[Answer]] = defaultdict(list)
        for answer in self.world.answers:
            self.answers[answer.delivery.key].append(answer)

    def _row(self, row: sqlite3.Row) -> Row:
        return Row(
            row["id"],
            row["key"],
            row["kind"],
            f"{row['kind']}:{row['place']}",
            row["thread"],
            row["act"],
            NOTICE.validate_json(row["notice"]),
            row["status"],
            self._seconds(row["queued_at"]),
            None if row["settled_at"] is None else self._seconds(row["settled_at"]),
            LADDERS.validate_json(row["ladders"]) if row["ladders"] else (),
            row["told_in"],
            bool(row["deferred"]),
            bool(row["leads"]),
            bool(row["unsure"]),
            row["ref"],
        )

    def _seconds(self, micro: int) -> float:
        return self.seconds(EPOCH + micro * MICROSECOND)

    def seconds(self, at: datetime) -> float:
        return self.world.seconds(at)

    def direct(self, row: Row) -> float | None:
        """When its own message was there, or was rewritten."""
        if row.act == "edit":
            return self.world.edits.get(row.key)
        told = self.applied.get(row.key)
        return told[0].at if told else None

    def heard(self, row: Row) -> float | None:
        """When the place had it, in its own message or in one that tells of many."""
        if (at := self.direct(row)) is not None:
            return at
        if row.status != "merged":
            return None
        message = self.by_id[row.told_in]
        # One whose hand-over was in doubt is told again, and then with what has come meanwhile.
        anew = next((one.at for one in self.answers[message.key] if one.applied and one.began >= row.queued), None)
        return self.heard(message) if anew is None else anew

    def covered(self, row: Row) -> bool:
        """Had the place it, or something later that tells it too?"""
        if self.heard(row) is not None:
            return True
        lane = self.lanes[row.thread, row.place]
        return any(one.id > row.id and one.notice.whole and self.heard(one) is not None for one in lane)

    def belated(self, key: str) -> int:
        """How many hand-overs arrived when another node had looked for them already: their own was frozen or cut off amid
        them, and nobody could have found them.
        """
        return sum(
            one.applied
            and any(other.receipt and other.at < one.at for other in self._again(key, one))
            and self._apart(one, one.at)
            for one in self.answers[key]
        )

    def unheeded(self, key: str) -> int:
        """How many hand-overs arrived whose node could not write it down, as it was frozen or cut off until another node
        had begun them again.
        """
        return sum(
            one.applied
            and isinstance(one.receipt, Sent)
            and any(self._apart(one, other.began) for other in self._again(key, one))
            for one in self.answers[key]
        )

    def _again(self, key: str, one: Answer) -> Iterator[Answer]:
        """The hand-overs of the same that other nodes began after it."""
        return (other for other in self.answers[key] if other.node != one.node and other.began > one.began)

    def _apart(self, one: Answer, until: float) -> bool:
        """Was the node of a hand-over frozen or cut off between its beginning and then?"""
        nodes = {node.name: node for node in getattr(self.run, "nodes", ())}
        return one.node in nodes and nodes[one.node].apart(one.began, until)

    def unsaid(self, thread: str, place: str) -> bool:
        """Was it a false alarm taken back before anybody there had heard of it?"""
        lane = self.lanes[thread, place]
        return any(r.notice.kind is ChangeKind.RETRACTED for r in lane) and not any(self.direct(row) for row in lane)

    def doubtful(self, key: str) -> int:
        """How many hand-overs arrived of which nobody knew it."""
        return sum(one.applied and not isinstance(one.receipt, Sent) for one in self.answers[key])

    def refused(self, thread: str, place: str) -> bool:
        """Was one of them refused, by itself or in the message of many that carried it?"""
        own = (*self.lanes[thread, place], *self.edits[thread, place])
        rows = (*own, *(self.by_id[row.told_in] for row in own if row.told_in in self.by_id))
        answers = (a.receipt for row in rows for a in self.answers[row.key] if isinstance(a.receipt, Refused))
        return any(not receipt.gone for receipt in answers) or any(row.status == "refused" for row in rows)

    @cached_property
    def incident(self) -> dict[str, Incident]:
        return {one.id: one for one in self.incidents}

    @cached_property
    def steps(self) -> dict[str, list[Change]]:
        found: dict[str, list[Change]] = defaultdict(list)
        for change in sorted(self.changes, key=lambda one: one.incident.steps):
            found[change.incident.id].append(change)
        return found

    @cached_property
    def looks(self) -> dict[str, list[Looked]]:
        """A service's rounds in the order of their beginnings."""
        found: dict[str, list[Looked]] = defaultdict(list)
        for looked in sorted(self.world.rounds, key=lambda one: one.began):
            found[looked.round.service].append(looked)
        return found

    def steady(self, start: float, end: float) -> bool:
        """One life, with its database, for the whole time?"""
        return self.watched(start, end) and not self.script.away.meet(start - 40, end)

    def watched(self, start: float, end: float) -> bool:
        """One life that got its time for the whole of it?"""
        return self.lived(start, end) and not (
            self.script.starved.meet(start - 60, end) or self.script.troubled.meet(start - 60, end)
        )

    def lived(self, start: float, end: float) -> bool:
        """Was it one life all the time?"""
        return any(began <= start and end <= ended for began, ended, _ in self.world.lives)

    def versions(self, names: tuple[str, ...]) -> list[Audience]:
        """What the audiences of these names have been."""
        return [one for one in self.all_readers if one.name in names]

    def healthy(self, kind: str, start: float, end: float) -> bool:
        """Did the channel take all, promptly, for so long that no earlier trouble is left in it?"""
        calm = MOST_WAIT.total_seconds() + 30 if self.script.nonsense else CALM
        ill = any(
            not isinstance(one.receipt, Sent) or one.at - one.began > 1
            for one in self.world.answers
            if one.delivery.destination.kind == kind and one.began <= end and one.at >= start - calm
        )
        doubted = {delivering(kind), "s0" if self.script.stand_in == kind else ""}
        known = any(
            one.service in doubted and self.seconds(one.since) <= end and self.until(one) >= start - CALM
            for one in self.incidents
        )
        return not ill and not known

    def until(self, one: Incident) -> float:
        return self.seconds(one.until) if one.until else float("inf")

    def patience(self, place: str, at: float) -> float:
        """Seconds that a place may wait beyond what its channel needs: one message a second, and more of a storm."""
        near = [
            row
            for row in self.rows
            if row.place == place and any(at - 150 < then <= at + 10 for then in (row.queued, row.settled or 0))
        ]
        return (45.0 if len({row.thread for row in near}) > 3 else 0.0) + 1.8 * len(near)

    def muted(self, service: str, until: float) -> bool:
        return any(what == "mute" and one == service and at <= until for at, one, what in self.world.orders)


def _places(one: Audience) -> tuple[Destination, ...]:
    return (*one.destinations, *(place for step in one.escalations for place in step.to))


def seconds(length: timedelta) -> float:
    return length.total_seconds()

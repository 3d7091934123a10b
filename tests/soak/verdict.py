"""What a soak's log and its database prove. Nothing is believed of the database that the far side does not bear out."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from bot.store.deliveries.repository import MANY
from tests.soak.life import TAKEN

QUERY = "SELECT id, key, kind, place, thread, act, status, told_in, notice FROM deliveries ORDER BY id"
FINDING = ("@slack:", "@discord:")  # in keys: these channels look up what may have arrived


@dataclass(frozen=True)
class Row:
    id: int
    key: str
    kind: str
    place: str
    thread: str
    act: str
    status: str
    told_in: int | None
    notice: str

    @property
    def lane(self) -> tuple[str, str, str]:
        return self.thread, self.kind, self.place

    @property
    def root_title(self) -> str:
        """Of the first message, when this one has rewritten it."""
        said = json.loads(self.notice)
        return (said["root"] or said["words"])["title"]


@dataclass
class Far:
    """What was applied, each at the number of its line: messages by key, those whose answer did not get on record, and
    what was rewritten, by its place and its new title, where the provider is not told a key; and when by key it was begun.
    """

    told: defaultdict[str, list[int]]
    ambiguous: set[int]
    rewritten: defaultdict[tuple[str, str], list[int]]
    rewriting: dict[str, int]
    too_late: int = 0  # answers that were given, but came when their time-out struck: a starved machine's


def heard(lines: Sequence[dict[str, Any]]) -> Far:
    far = Far(defaultdict(list), set(), defaultdict(list), {})
    begun: dict[str, int] = {}  # by key: the last hand-over
    late: set[str] = set()  # what was handed over when its life was cut off or frozen: it may arrive after that
    for number, line in enumerate(lines):
        match line:
            case {"hands": key}:
                begun[key] = number
            case {"applied": key, "dropped": dropped}:
                far.told[key].append(number)
                if dropped or key in late:
                    far.ambiguous.add(number)
                late.discard(key)
            case {"rewrote": place, "title": title}:
                far.rewritten[place, title].append(number)
            case {"rewriting": key}:
                far.rewriting.setdefault(key, number)
            case {"unsure": key}:
                far.too_late += bool(set(far.told.get(key, [])[-1:]) - far.ambiguous)
            case {"unheard": key}:
                far.ambiguous.add(far.told[key][-1])
            case {"killed": keys} | {"frozen": keys}:
                far.ambiguous.update(number for key in keys for number in far.told[key][-1:])
                arrived = {key for key in keys if far.told[key] and far.told[key][-1] > begun.get(key, -1)}
                late = set(keys) if "frozen" in line else set(keys) - arrived
    return far


def told_by_two(lines: Sequence[dict[str, Any]]) -> int:
    """How many messages were handed over by a life after another one held the database, but for those that were under way
    when it was frozen: nobody can call those back.
    """
    holder, frozen, found = 0, set[str](), 0
    for line in lines:
        match line:
            case {"holds": life}:
                holder = life
            case {"frozen": keys}:
                frozen = set(keys)
            case {"hands": key, "life": life}:
                found += life != holder and key not in frozen
    return found


class Told:
    """When each row's notice was told first: by its own message, by the one that tells it too, or by the later one of its
    lane that overtook it.
    """

    def __init__(self, rows: Sequence[Row], far: Far) -> None:
        self._rows = {row.id: row for row in rows}
        self._lanes: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for row in rows:
            if row.act == "post" and not row.thread.startswith(MANY):
                self._lanes[row.lane].append(row)
        self._far = far

    def lanes(self) -> list[list[Row]]:
        return list(self._lanes.values())

    def at(self, row: Row) -> int | None:
        moments = [self._alone(row)]
        if row.told_in is not None and row.told_in in self._rows:
            moments.append(self.at(self._rows[row.told_in]))
        if row.status == "superseded":
            later = (self.at(other) for other in self._lanes[row.lane] if other.id > row.id)
            moments.append(next((at for at in later if at is not None), None))
        return min((at for at in moments if at is not None), default=None)

    def _alone(self, row: Row) -> int | None:
        moments = self._far.told.get(row.key, [])
        if row.key in self._far.rewriting and not moments:
            begun = self._far.rewriting[row.key]
            moments = [at for at in self._far.rewritten[row.place, row.root_title] if at > begun]
        return moments[0] if moments else None


def judge(log: Path, found: Sequence[tuple[Any, ...]], places: Sequence[str]) -> dict[str, int]:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    rows = [Row(*values) for values in found]
    far = heard(lines)
    told = Told(rows, far)
    when = {row.key: told.at(row) for lane in told.lanes() for row in lane}
    wanted = {f"{line['happened']}@{place}" for line in lines if "happened" in line for place in places}
    edits = [row for row in rows if row.act == "edit" and row.status == "sent"]
    repeats = {key: moments[:-1] for key, moments in far.told.items() if not key.endswith(";edit")}
    return {
        "incidents": len({row.thread for lane in told.lanes() for row in lane}),
        "notices": len(when),
        **{name: sum(name in line for line in lines) for name in ("killed", "frozen", "restarted", "stalled")},
        "fell": sum(line.get("fell", TAKEN) != TAKEN for line in lines),
        "rivals turned away": sum(line.get("rival") == "turned away" for line in lines),
        "rivals let in": sum(line.get("rival") == "in" for line in lines),
        "let in too early": sum(line.get("early", False) for line in lines),
        "fenced": sum("fenced" in line for line in lines),
        "told by two": told_by_two(lines),
        "ambiguous": len(far.ambiguous),
        "repeats": sum(map(len, repeats.values())),
        "repeats unexcused": sum(number not in far.ambiguous for again in repeats.values() for number in again),
        "answered too late": far.too_late,
        "repeats where looked up": sum(len(again) for key, again in repeats.items() if any(f in key for f in FINDING)),
        "looked in vain": sum("looked" in line for line in lines),
        "told by another": sum(at is not None and key not in far.told for key, at in when.items()),
        "lost": len(wanted - when.keys()) + sum(at is None for at in when.values()),
        "edits": len(edits),
        "edits lost": sum(told.at(row) is None for row in edits),
        "unsettled": sum(row.status in {"pending", "sending", "refused"} for row in rows),
        "disordered": sum(_disordered([when[row.key] for row in lane]) for lane in told.lanes()),
        "ended": next((line["ended"] for line in lines if "ended" in line), -1),
    }


def _disordered(moments: Sequence[int | None]) -> int:
    return sum(a > b for a, b in pairwise([at for at in moments if at is not None]))

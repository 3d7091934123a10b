"""What a soak's log and its database prove. Nothing is believed of the database that the far side does not bear out."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

QUERY = "SELECT id, key, kind, place, thread, act, status, told_in FROM deliveries ORDER BY id"
FINDING = ("@slack:", "@discord:")


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

    @property
    def lane(self) -> tuple[str, str, str]:
        return self.thread, self.kind, self.place


@dataclass
class Far:
    """What was applied: per key its moments, as numbers of lines; and those whose answer did not get on record."""

    told: defaultdict[str, list[int]]
    ambiguous: set[int]


def heard(lines: Sequence[dict[str, Any]]) -> Far:
    told, ambiguous = defaultdict[str, list[int]](list), set[int]()
    frozen: set[str] = set()  # hand-overs that were frozen half-way: they may go on, and arrive, after it
    for number, line in enumerate(lines):
        match line:
            case {"applied": key, "dropped": dropped}:
                told[key].append(number)
                if dropped or key in frozen:
                    ambiguous.add(number)
                frozen.discard(key)
            case {"unheard": key}:
                ambiguous.add(told[key][-1])
            case {"killed": keys}:
                ambiguous.update(number for key in keys for number in told[key][-1:])
                frozen.clear()
            case {"frozen": keys}:
                ambiguous.update(number for key in keys for number in told[key][-1:])
                frozen.update(keys)
    return Far(told, ambiguous)


class Told:
    """When each row's notice was told first: by its own message, by the one that it was merged into, or by the later one
    of its lane that overtook it.
    """

    def __init__(self, rows: Sequence[Row], far: Far) -> None:
        self._rows = {row.id: row for row in rows}
        self._lanes: defaultdict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for row in rows:
            if row.act == "post":
                self._lanes[row.lane].append(row)
        self._far = far

    def lanes(self) -> list[list[Row]]:
        return list(self._lanes.values())

    def at(self, row: Row) -> int | None:
        moments = self._far.told.get(row.key, [])[:1]
        if row.told_in is not None and row.told_in in self._rows:
            moments += [at for at in [self.at(self._rows[row.told_in])] if at is not None]
        if row.status == "superseded":
            later = (self.at(other) for other in self._lanes[row.lane] if other.id > row.id)
            moments += [at for at in later if at is not None][:1]
        return min(moments, default=None)


def judge(log: Path, found: Sequence[tuple[Any, ...]], places: Sequence[str]) -> dict[str, int]:
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    rows = [Row(*values) for values in found]
    far = heard(lines)
    told = Told(rows, far)
    when = {row.key: told.at(row) for lane in told.lanes() for row in lane}
    wanted = {f"{line['happened']}@{place}" for line in lines if "happened" in line for place in places}
    repeats = {key: moments[:-1] for key, moments in far.told.items() if len(moments) > 1}
    counted = ("killed", "frozen", "restarted", "stalled", "fell")
    return {
        "incidents": len({row.thread for row in rows}),
        "notices": len(when),
        **{name: sum(name in line for line in lines) for name in counted},
        "rivals let in": sum(line.get("rival") == "in" for line in lines),
        "ambiguous": len(far.ambiguous),
        "repeats": sum(map(len, repeats.values())),
        "repeats unexcused": sum(number not in far.ambiguous for again in repeats.values() for number in again),
        "repeats where looked up": sum(len(again) for key, again in repeats.items() if any(f in key for f in FINDING)),
        "looked in vain": sum("looked" in line for line in lines),
        "told by another": sum(at is not None and key not in far.told for key, at in when.items()),
        "lost": len(wanted - when.keys()) + sum(at is None for at in when.values()),
        "unsettled": sum(row.status in {"pending", "sending", "refused"} for row in rows),
        "disordered": sum(_disordered([when[row.key] for row in lane]) for lane in told.lanes()),
        "ended": next((line["ended"] for line in lines if "ended" in line), -1),
    }


def _disordered(moments: Sequence[int | None]) -> int:
    return sum(a > b for a, b in pairwise([at for at in moments if at is not None]))

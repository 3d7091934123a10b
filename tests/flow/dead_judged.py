"""What readers of a dead Slack were told, held against what they are promised. From what the far sides wrote and when;
the database says only which notices there were and since when.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.notify.batching import GATHER
from tests.flow.spoken import between, instant_of

BUDGET = 62.0  # seconds: the ladder's minute, and two to get there
DOWN, UP = ("🔴", "🟠"), ("🟢",)


@dataclass(frozen=True)
class Heard:
    """A message as it was written: `at` in seconds since 1970; `key` where the far side keeps it."""

    at: float
    place: str
    text: str
    key: str = ""

    @property
    def title(self) -> str:
        return self.lines[0]

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@dataclass(frozen=True)
class Ran:
    """`phases`: name and beginning of each. `names`: the services that failed, as people call them. What was rewritten
    is not in what was heard.
    """

    phases: Sequence[tuple[str, float]]
    returned: float
    zone: str
    database: Path
    names: Sequence[str]
    ladder: str  # the audience that has one ...
    rungs: Sequence[str]  # ... and its places on Slack and Telegram
    slack: Sequence[Heard]
    telegram: Sequence[Heard]
    discord: Sequence[Heard]
    known: float = 70.0  # seconds after its death at which that is known, at most
    # Seconds within which Discord has what it is told: a storm is gathered, or the clock goes on to the next look (10 s).
    prompt: float = max(GATHER.total_seconds(), 10) + 2

    @property
    def died(self) -> float:
        return self.phases[0][1]


@dataclass
class Phase:
    notices: int = 0
    slowest: float = 0.0  # seconds until Telegram had it
    in_time: int = 0  # those that Slack took


@dataclass
class Report:
    phases: dict[str, Phase]
    places: dict[str, list[Heard]]  # what each place on Slack was told late, once it was back
    twice: int = 0
    discord: float = 0.0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    key: str
    kind: str
    place: str
    thread: str
    audience: str
    status: str
    title: str
    line: str
    queued: float
    settled: float | None
    began: int | None  # the incident; in microseconds

    @property
    def notice(self) -> str:
        return self.key.partition("@")[0]


def judged(ran: Ran) -> Report:
    rows = _rows(ran.database)
    report = Report({name: Phase() for name in ("before", *(name for name, _ in ran.phases), "after")}, {})
    _ladder(ran, rows, report)
    _catch_ups(ran, rows, report)
    _in_order(rows, report)
    _twice(ran, report)
    _ends(ran, report)
    _own(ran, report)
    _discord(ran, rows, report)
    return report


def _rows(path: Path) -> list[Row]:
    asked = (
        "SELECT key, kind, place, thread, audience, status, title, line, queued_at, settled_at, began FROM deliveries "
        "WHERE act = 'post' ORDER BY id"
    )
    with sqlite3.connect(path) as database:
        return [
            Row(*said, queued / 1e6, settled and settled / 1e6, began)
            for *said, queued, settled, began in database.execute(asked)
        ]


def _ladder(ran: Ran, rows: Sequence[Row], report: Report) -> None:
    """Each notice, or a newer one of the same incident, on Telegram in time; or taken by Slack in time."""
    slack, telegram = ran.rungs
    own = [row for row in rows if row.audience == ran.ladder]
    first = {row.notice: row for row in reversed(own)}
    for notice, row in first.items():
        if row.thread.startswith(("#many#", "drill")):
            continue
        newer = [r for r in own if r.thread == row.thread and r.queued >= row.queued]
        forms = {form for r in newer for form in (r.title, r.line) if form}
        due, phase = row.queued, report.phases[_phase(ran, row.queued)]
        phase.notices += 1
        if any(
            r.kind == "slack" and r.notice == notice and r.status == "sent" and r.settled - due < BUDGET for r in own
        ):
            phase.in_time += 1
            continue
        told = [h.at - due for h in ran.telegram if h.place == telegram and forms & set(h.lines) and h.at >= due - 1]
        if not told or min(told) > BUDGET:
            when = f"after {min(told):.1f} s" if told else "never"
            report.problems.append(f"{notice} ({row.title}) was on Telegram {when}; due {due - ran.died:.0f} s")
        phase.slowest = max(phase.slowest, min(told, default=float("inf")))
    if not any(row.place == slack for row in own):
        report.problems.append("nothing was meant for the ladder's first rung")


def _phase(ran: Ran, at: float) -> str:
    begun = [name for name, since in ran.phases if since <= at]
    return "before" if not begun else begun[-1] if at < ran.returned else "after"


def _catch_ups(ran: Ran, rows: Sequence[Row], report: Report) -> None:
    queued = {row.key: row.queued for row in rows}
    late = [
        heard
        for heard in ran.slack
        if heard.at >= ran.returned and (heard.key.startswith("#many#") or queued[heard.key] < ran.returned)
    ]
    for place in sorted({heard.place for heard in ran.slack}):
        own = report.places[place] = [heard for heard in late if heard.place == place]
        if len(own) != 1:
            report.problems.append(f"{place} was told late {len(own)} times: {[h.title for h in own]}")
        for heard in own:
            report.problems += [f"{place}: {wrong}" for wrong in _amiss(heard, ran)]


def _in_order(rows: Sequence[Row], report: Report) -> None:
    """Each line is of one outage; that which began first stands first."""
    began = {row.line: row.began for row in rows if row.line}
    for place, told in report.places.items():
        for heard in told:
            times = [began[line] for line in heard.lines[1:] if line in began]
            if times != sorted(times):
                report.problems.append(f"{place}: not in order: {heard.lines}")


def _amiss(heard: Heard, ran: Ran) -> Iterator[str]:
    found = re.match(r"(🟢|🟠) While Slack was down \((.+?)–(.+?)\): ", heard.title)
    if not found:
        yield f"title {heard.title!r}"
        return
    half = f" {found[3].rpartition(' ')[2]}"
    since = found[2] if found[2].endswith("m.") else found[2] + half
    began, ended = (instant_of(at) for at in (ran.died, ran.returned))
    if since not in between(began, instant_of(ran.died + ran.known), ran.zone):
        yield f"since {since}, died {began:%H:%M:%S}"
    if found[3] not in between(ended, instant_of(ran.returned + BUDGET), ran.zone):
        yield f"until {found[3]}, returned {ended:%H:%M:%S}"
    told = [line for line in heard.lines[1:] if line.startswith((*DOWN, *UP))]
    once = Counter(name for line in told for name in ran.names if name in line and name != "Flapping")
    if again := [name for name, count in once.items() if count > 1]:
        yield f"{again} more than once in {told}"
    if not heard.at - ran.returned <= BUDGET:
        yield f"told {heard.at - ran.returned:.0f} s after its return"


def _twice(ran: Ran, report: Report) -> None:
    """Neither the same delivery, nor the same words, nor the same step of one service."""
    for far, all_heard in _fars(ran).items():
        keys = Counter(heard.key for heard in all_heard if heard.key)
        texts = Counter((heard.place, heard.text) for heard in all_heard)
        again = [what for count in (keys, texts) for what, number in count.items() if number > 1]
        for (place, name), told in _told(all_heard, ran.names).items():
            lines = [line for _, line in told]
            again += [f"{place}: {lines}" for marks in (DOWN, UP) if _repeated(name, lines, marks)]
        report.twice += len(again)
        report.problems += [f"told twice on {far}: {what}" for what in again]


def _repeated(name: str, lines: Sequence[str], marks: tuple[str, ...]) -> bool:
    own = [line for line in lines if line.startswith(marks)]
    return len(own) > (len(set(own)) if name == "Flapping" else 1)


def _ends(ran: Ran, report: Report) -> None:
    for far, all_heard in _fars(ran).items():
        for (place, name), told in _told(all_heard, ran.names).items():
            marks = [line[0] for _, line in told]
            if marks[-1] not in UP and "unstable" not in told[-1][1]:  # that one has yet to settle
                report.problems.append(f"{far} {place} heard no end of {name}: {[line for _, line in told]}")
            heard, line = told[0]
            merged = any(said in line for said in ("down since", "was down", "was partly", "was unstable"))
            if line[0] in UP and not merged:
                report.problems.append(f"{far} {place} heard an end of {name} without its beginning: {heard.text}")


def _told(all_heard: Sequence[Heard], names: Sequence[str]) -> Mapping[tuple[str, str], list[tuple[Heard, str]]]:
    """By place and service, all lines that tell how it stands."""
    found = defaultdict(list)
    for heard in all_heard:
        for line in heard.lines:
            for name in names:
                if line.startswith((*DOWN, *UP)) and re.search(rf"\b{name}\b", line):
                    found[heard.place, name].append((heard, line))
    return found


def _own(ran: Ran, report: Report) -> None:
    """Its death is told by the others, once, and never by itself."""
    for far, all_heard in _fars(ran).items():
        steps = _told(all_heard, ["Slack delivery"])
        if far == "slack":
            report.problems += [f"Slack told of itself: {told}" for told in steps.values()]
            continue
        for place, told in ((place, told) for (place, _), told in steps.items()):
            if [line[0] for _, line in told] != ["🔴", "🟢"]:
                report.problems.append(f"{far} {place} heard of Slack's death {[line for _, line in told]}")
        if not steps:
            report.problems.append(f"nobody on {far} heard of Slack's death")


def _discord(ran: Ran, rows: Sequence[Row], report: Report) -> None:
    for row in rows:
        if row.kind != "discord" or row.thread.startswith("#many#"):
            continue
        told = [
            h.at - row.queued for h in ran.discord if {row.title, row.line} & set(h.lines) and h.at >= row.queued - 1
        ]
        took = min(told, default=float("inf"))
        report.discord = max(report.discord, took)
        if took > ran.prompt:
            report.problems.append(f"{row.notice} was on Discord after {took:.1f} s")


def _fars(ran: Ran) -> dict[str, Sequence[Heard]]:
    return {"slack": ran.slack, "telegram": ran.telegram, "discord": ran.discord}

"""The ways to the readers: what each of them costs the others, and how much goes through it."""

from __future__ import annotations

from collections import defaultdict

from bot.model import (
    Audience,
)
from bot.notify.routing import NEWS
from tests.sim.ledger import Complaints, Ledger, Row, seconds
from tests.sim.readers import readers
from tests.sim.script import SETTINGS

WORKS = 5.0  # seconds in which a channel that works has what is queued for it
MOST = 8  # messages to one place, within two minutes, about any number of services that went down at once ...
ALONE = 4  # ... or as many of one kind: few services may go through three kinds of change meanwhile
TAKEN_UP = 40.0  # seconds in which what waits follows a new config
BUSY = 1000  # transactions a minute: a pump that asks again and again asks 6,000 times


# ── 5: a dead channel costs its budget, a slow one nobody ────────────────────────────────────────────────────────────


def ladders_are_climbed(of: Ledger) -> Complaints:
    """While a rung's channel is dead, the next rung had the news within its time."""
    if of.script.disk > 0.1:
        return  # a disk so slow is what holds all up
    for row in of.rows:
        if row.act != "post" or row.deferred or row.notice.kind not in NEWS or of.unsaid(row.thread, row.place):
            continue
        for name in row.ladders:
            if name in of.readers:
                yield from _climbed(of, row, of.readers[name])


def _climbed(of: Ledger, row: Row, reader: Audience) -> Complaints:
    rungs = [str(place) for place in reader.destinations]
    here = rungs.index(row.place) if row.place in rungs else len(rungs)
    if here + 1 >= len(rungs):
        return
    next_rung = reader.destinations[here + 1]
    handed = row.queued + seconds(reader.within)
    latest = handed + 2 + WORKS + max(of.patience(str(next_rung), at) for at in (row.queued, handed))
    if not of.steady(row.queued, latest) or not of.healthy(next_rung.kind, row.queued, latest):
        return
    known = [one for place in rungs for one in of.lanes[row.thread, place] if one.step >= row.step]
    if any(one.place != row.place and one.step == row.step and one.queued < row.queued + 1 for one in known):
        return  # another rung was told at once as well, and has its own time
    if not any((at := of.heard(one)) is not None and at <= latest for one in known):
        yield f"{reader.name} had nothing of {row.key} at {latest:.0f} s, though {next_rung} works"


def nobody_waits_for_others(of: Ledger) -> Complaints:
    """A channel that works has its messages at once, whatever the others do."""
    if of.script.disk > 0.1:
        return
    for row in of.rows:
        latest = row.queued + WORKS + of.patience(row.place, row.queued)
        if (
            row.act != "post"
            or row.deferred
            or not of.steady(row.queued, latest)
            or not of.healthy(row.kind, row.queued, latest)
        ):
            continue
        at = of.heard(row)
        if (at is None or at > latest) and not (row.settled is not None and row.settled <= latest):
            yield f"{row.key} was queued at {row.queued:.1f} s and told at {at}, though {row.kind} works"


# ── 8: a storm is one message ────────────────────────────────────────────────────────────────────────────────────────


def storms_are_few_messages(of: Ledger) -> Complaints:
    """However many services go down, or come back, at once. A service in maintenance is not among them: that its window
    ends, and what is wrong with it then, is news of its own time; so is what one with other trouble does. Nor is a channel's
    own outage; what was in doubt is told
    again with all that waits; and a reader may hear of one service twice, as likely and as confirmed.
    """
    storm = of.script.storm
    for at in (storm.start, storm.end) if storm else ():
        apart = {name for work in of.script.works if work.start < at + 120 and work.over > at for name in work.services}
        for (name, _), stretches in of.script.truth.items():
            if any(one.start != storm.start and one.meets(at, at + 120) for one in stretches):
                apart.add(name)
        threads = defaultdict[tuple[str, str], set[str]](set)
        for told in of.world.told:
            kind, notice = told.delivery.destination.kind, told.delivery.notice
            counts = SETTINGS[kind].gathers and not told.again and not of.doubtful(told.delivery.key)
            service = notice.thread.partition("#")[0]
            if at <= told.at < at + 120 and counts and (service in of.script.services.keys() - apart or not service):
                threads[str(told.delivery.destination), notice.kind or "many"].add(notice.thread)
        for place in {place for place, _ in threads}:
            numbers = {kind: len(one) for (where, kind), one in threads.items() if where == place}
            if sum(numbers.values()) > MOST and max(numbers.values()) > ALONE:
                yield f"{place} had {numbers} messages within two minutes of {at:.0f} s, in one storm"


# ── whatever the config does ─────────────────────────────────────────────────────────────────────────────────────────


def waits_follow_the_config(of: Ledger) -> Complaints:
    """What waited when a life began with another config goes by that one: its ladders, and the channels that there are."""
    for (began, _, _), former in zip(of.world.lives[1:], of.world.lives, strict=False):
        version = of.script.version(began)
        if version == of.script.version(former[0]) or not of.steady(began, began + TAKEN_UP):
            continue
        gone = set(version) & SETTINGS.keys()
        for row in of.rows:
            if row.queued > began or (row.settled is not None and row.settled < began + TAKEN_UP):
                continue
            if row.kind in gone:
                yield f"{row.key} waited on after {began:.0f} s for a channel that there was not"
            elif row.ladders and not _names(of, began, row.settled) & set(row.ladders) and row.act == "post":
                yield f"{row.key} waited on after {began:.0f} s for {', '.join(row.ladders)}, of the old config"


def _names(of: Ledger, since: float, until: float | None) -> set[str]:
    """Who was told by the configs from `since` on: what waits for long follows one after the other."""
    lives = [began for began, _, _ in of.world.lives if began >= since and (until is None or began <= until)]
    return {one.name for began in lives for one in readers(of.script, began)}


# ── and nothing runs hot ─────────────────────────────────────────────────────────────────────────────────────────────


def nothing_runs_hot(of: Ledger) -> Complaints:
    for minute, number in of.world.busy.items():
        if number > BUSY:
            yield f"{number} transactions in minute {minute}"

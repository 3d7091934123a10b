"""The promises of the design, held to a run: what was told, what was true, what the database says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise

from bot.model import (
    OURSELVES,
    Audience,
    Change,
    Confidence,
    Health,
    Hears,
    Incident,
    Kind,
    Outcome,
    Role,
    Sent,
    delivering,
)
from bot.notify.routing import NEWS, follows
from bot.store.deliveries.repository import MANY
from tests.sim.engine import Run
from tests.sim.ledger import Ledger, Row, seconds
from tests.sim.readers import readers
from tests.sim.script import EDITS, FINDS, LOOKS, SETTINGS, Look, Stretch
from tests.sim.world import Looked

Complaints = Iterator[str]
TROUBLE = frozenset({Health.DOWN, Health.DEGRADED})
BAD = frozenset({Outcome.BAD, Outcome.SLOW})
WORKS = 5.0  # seconds in which a channel that works has what is queued for it
LONGEST_LOOK = 20.0  # seconds: a check that forgets its time-out, then canaries that hang
MOST = 8  # messages to one place, within two minutes, about any number of services that went down at once ...
ALONE = 4  # ... or as many of one kind: few services may go through three kinds of change meanwhile
TAKEN_UP = 40.0  # seconds in which what waits follows a new config
BUSY = 1000  # transactions a minute: a pump that asks again and again asks 6,000 times


def broken(run: Run) -> list[str]:
    """What the run did not keep, in words."""
    ledger = Ledger(run)
    checks = [check for check in PROMISES if ledger.exact or check not in TIMED]
    return [*run.world.wrong, *(f"{check.__name__}: {what}" for check in checks for what in check(ledger))]


# ── 1: nothing is lost ───────────────────────────────────────────────────────────────────────────────────────────────


def nothing_is_lost(of: Ledger) -> Complaints:
    """Every delivery is finished, and what counts as told was told."""
    for row in of.rows:
        if row.settled is None:
            yield f"{row.key} is {row.status} for ever"
        elif row.act == "edit":
            continue
        elif row.status in {"sent", "merged"} and of.heard(row) is None:
            yield f"{row.key} counts as {row.status} and was not told"
        elif row.status == "superseded" and row.kind not in of.gone and not (of.covered(row) or _overtaken(of, row)):
            yield f"{row.key} is superseded by nothing"
    known = {row.key for row in of.rows}
    yield from (f"{key} was told and is not written down" for key in of.applied if key not in known)


def _overtaken(of: Ledger, row: Row) -> bool:
    return of.unsaid(row.thread, row.place) or of.refused(row.thread, row.place)


def merged_messages_name_all(of: Ledger) -> Complaints:
    """What tells of many tells of each."""
    for row in of.rows:
        if row.status == "merged" and row.act == "post" and row.service in of.script.services:
            shown = [words.text for words in of.world.shown.get(of.by_id[row.told_in].key, ())]
            if not any(f"Service {row.service}" in text for text in shown):
                yield f"{row.key} counts as told in {of.by_id[row.told_in].key}, which says {shown}"


def everybody_is_told(of: Ledger) -> Complaints:
    """Every outage that we were sure of reached every reader who wished to hear of it."""
    for one in of.incidents:
        if one.service == OURSELVES or of.muted(one.service, of.seconds(of.steps[one.id][-1].at)):
            continue
        for reader in of.readers.values():
            if reader.wish.for_at_least and not of.exact:
                continue
            if follows(reader, one.service) and any(_wants(reader, change) for change in of.steps[one.id]):
                yield from _missed(of, reader, one)
            for step in reader.escalations:
                if follows(reader, one.service) and any(_calls(change, step.after) for change in of.steps[one.id]):
                    yield from _missed(of, Audience(reader.name, step.to), one)


def _wants(reader: Audience, change: Change) -> bool:
    hears = {Health.DOWN: Hears.DOWN, Health.DEGRADED: Hears.DEGRADED}.get(change.incident.health)
    sure, age = change.incident.confidence is Confidence.CONFIRMED, change.at - change.incident.since
    news = change.kind in NEWS or (change.kind is Kind.LASTING and bool(reader.wish.for_at_least))
    return sure and hears in reader.wish.hears and news and age >= reader.wish.for_at_least


def _calls(change: Change, after: timedelta) -> bool:
    one = change.incident
    lasts = change.kind is Kind.LASTING and one.confidence is Confidence.CONFIRMED and not one.acked_by
    return lasts and change.at - one.since >= after


def _missed(of: Ledger, reader: Audience, one: Incident) -> Complaints:
    own = [str(place) for place in reader.destinations if delivering(place.kind) != one.service]
    reached = [place for place in own if any(of.heard(row) is not None for row in of.lanes[one.id, place])]
    wanted = own[-1:] * (not reached) if reader.ladder else own
    for place in wanted:
        if place not in reached and not of.refused(one.id, place):
            yield f"{reader.name} never heard of {one.id} at {place}"


# ── 2: nobody is told twice ──────────────────────────────────────────────────────────────────────────────────────────


def repeats_follow_doubt(of: Ledger) -> Complaints:
    """A message comes again only where nobody can know whether it had come, and never where one can find out."""
    for key, told in of.applied.items():
        doubtful = sum(one.applied and not isinstance(one.receipt, Sent) for one in of.answers[key])
        # The answer was there, but the life ended before it was written down.
        unwritten = sum(
            isinstance(one.receipt, Sent) and any(killed and end - one.at < 60 for _, end, killed in _ended(of, one.at))
            for one in of.answers[key]
        )
        kind = told[0].delivery.destination.kind
        if len(told) > 1 and kind in FINDS:
            yield f"{key} was told {len(told)} times, though {kind} lets us find out"
        elif len(told) - 1 > doubtful + unwritten:
            yield f"{key} was told {len(told)} times after {doubtful} doubtful hand-overs"


def nothing_found_is_told_again(of: Ledger) -> Complaints:
    """Where it is looked for first, what had arrived is not told again among others."""
    for row in of.rows:
        if row.kind in LOOKS and row.status == "merged" and of.direct(row) is not None:
            yield f"{row.key} was told by itself and again in {of.by_id[row.told_in].key}"


def _ended(of: Ledger, after: float) -> list[tuple[float, float, bool]]:
    return [life for life in of.world.lives if life[0] <= after <= life[1]]


# ── 3: down before restored ──────────────────────────────────────────────────────────────────────────────────────────


def order_is_kept(of: Ledger) -> Complaints:
    """To one place, of one incident, in the order in which it happened."""
    for (thread, place), lane in of.lanes.items():
        times = [(at, row) for row in lane if (at := of.heard(row)) is not None]
        for (at, row), (later, after) in pairwise(times):
            if later < at:
                yield f"{place} heard {after.key} before {row.key} ({thread})"


def nobody_hears_only_the_end(of: Ledger) -> Complaints:
    for (thread, place), lane in of.lanes.items():
        first = next((row for row in lane if of.heard(row) is not None), None)
        if first is None or first.notice.ends is None or thread.startswith((OURSELVES, MANY)):
            continue
        merged = any(row.id < first.id for row in lane)
        handed = any(place in map(str, one.destinations[1:]) for one in of.versions(first.ladders))
        if not merged and not handed:
            yield f"{place} heard only the end: {first.key}"
        if first.notice.kind is Kind.RETRACTED and not _doubtful(of, thread, first):
            yield f"{place} heard {first.key} take back what nobody had heard"


def _doubtful(of: Ledger, thread: str, row: Row) -> bool:
    """May any place of its ladders, itself included, have heard something before?"""
    places = {row.place} | {str(place) for one in of.versions(row.ladders) for place in one.destinations}
    return any(
        one.unsure or of.heard(one) is not None
        for place in places
        for one in of.lanes[thread, place]
        if one.id != row.id
    )


def nobody_stays_alarmed(of: Ledger) -> Complaints:
    """Who heard the beginning heard the end."""
    for (thread, place), lane in of.lanes.items():
        if thread.partition("#")[0] in map(delivering, of.gone):
            continue  # the trouble of a channel that there is no more is closed in silence
        begun = any(of.heard(row) is not None and row.notice.ends is None for row in lane)
        one = of.incident.get(thread)
        if not begun or one is None or one.until is None or of.refused(thread, place) or place in of.dismissed:
            continue
        if not any(of.heard(row) is not None for row in lane if row.notice.ends):
            yield f"{place} never heard how {thread} ended"


def first_messages_tell_the_truth(of: Ledger) -> Complaints:
    """Where messages can be rewritten, the first of an incident that is over says so."""
    for (thread, place), lane in of.lanes.items():
        first = next((row for row in reversed(lane) if row.leads and row.ref), None)
        end = next((row for row in reversed(lane) if row.notice.ends), None)
        if first is None or end is None or first is end or first.kind not in EDITS or of.refused(thread, place):
            continue
        if (place, first.ref) in of.world.deleted or first.kind in of.gone or end.notice.root is None:
            continue
        reads = of.world.messages.get((place, first.ref))
        true = reads == end.notice.root
        if first.status == "merged":
            true = reads is not None and end.notice.line in reads.text
        if not true:
            yield f"{place} still reads of {thread}: {reads and reads.text!r}"


# ── 4: the times are true ────────────────────────────────────────────────────────────────────────────────────────────


def times_are_of_rounds(of: Ledger) -> Complaints:
    """An outage begins with the first round that was not good after a good one, and ends with the first good one."""
    for one in of.incidents:
        if one.service not in of.script.services:
            continue
        yield from _at(of, one, "began", of.seconds(one.since), bad=True)
        if one.until is not None and any(change.incident.readings for change in of.steps[one.id]):
            yield from _at(of, one, "ended", of.seconds(one.until), bad=False)


def _at(of: Ledger, one: Incident, what: str, at: float, *, bad: bool) -> Complaints:
    looks = of.looks[one.service]
    turn = next((n for n, looked in enumerate(looks) if abs(looked.began - at) < 1e-5), None)
    if turn is None:
        yield f"{one.id} {what} at {at:.1f} s, where there was no round"
        return
    here, before = looks[turn], [looked for looked in looks[:turn] if looked.became == "taken"]
    if _bad(here) is not bad and not (bad and _worded(here)):
        yield f"{one.id} {what} at {at:.1f} s with a round that says otherwise"
    last = next((looked for looked in reversed(before) if _judged(looked)), None)
    doubted = any(not looked.round.sighted for looked in before[-3:]) or _cut(looks[:turn])
    if last is not None and _bad(last) is bad and not doubted and (not bad or _bad(here)):
        yield f"{one.id} {what} at {at:.1f} s, but the round before, {last.began:.1f} s, was the same"


def _bad(looked: Looked) -> bool:
    return any(reading.outcome in BAD for reading in looked.round.readings)


def _worded(looked: Looked) -> bool:
    return any(word.says in TROUBLE for word in looked.round.words)


def _judged(looked: Looked) -> bool:
    blind = any(reading.outcome is Outcome.BLIND for reading in looked.round.readings)
    return looked.round.sighted and (_bad(looked) or not blind)


def _cut(before: list[Looked]) -> bool:
    """Was the round just before one of which nobody knows whether it was written down?"""
    return bool(before) and before[-1].became != "taken"


def outages_are_seen(of: Ledger) -> Complaints:
    """What lasts is told, and its times are those of the world, but for one beat."""
    script = of.script
    for service in script.services:
        every = script.every[service]
        for start, end in _outages(of, service):
            found = [
                (of.seconds(one.since), one)
                for one in of.incidents
                if one.service == service and of.seconds(one.since) < end and of.until(one) > start
            ]
            if not found:
                yield f"{service} was down {start:.0f}-{end:.0f} s and nobody noticed"
                continue
            since, one = found[0]
            if len(found) > 1:
                yield f"one outage of {service}, {len(found)} incidents from {since:.0f} s on"
            if not one.words and not start - 1 <= since <= start + every + LONGEST_LOOK:
                yield f"{one.id} began at {since:.0f} s, the truth at {start:.0f} s"
            if not one.words and not end - 1 <= of.until(one) <= end + every + LONGEST_LOOK:
                yield f"{one.id} ended at {of.until(one):.0f} s, the truth at {end:.0f} s"


def _outages(of: Ledger, service: str) -> Iterator[tuple[float, float]]:
    """Those of every route together, so long and so far from all other trouble that nothing excuses missing them."""
    script = of.script
    keys = [(service, route) for route in script.services[service]]
    for one in script.truth[keys[0]]:
        start, end = one.start, one.end
        whole = all(any(o.start == start and o.end == end for o in script.truth[key]) for key in keys)
        alone = not any(
            other.meets(start - 200, end + 200) for key in keys for other in script.truth[key] if other.start != start
        )
        usual = one.what in {Look.BAD, Look.HANGS} and end - start > script.confirm * 25 + 60
        seen = not script.blind.meet(start - 60, end + 60) and of.steady(start - 60, end + 90)
        if whole and alone and usual and seen and not _unstable(of, service, start):
            yield start, end


def _unstable(of: Ledger, service: str, at: float) -> bool:
    return any(
        one.unstable_since for one in of.incidents if one.service == service and of.seconds(one.since) < at + 300
    )


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
    latest = row.queued + seconds(reader.within) + 2 + WORKS + of.patience(str(next_rung), row.queued)
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


# ── 6 and 7: our own trouble, and the crowd ──────────────────────────────────────────────────────────────────────────


def nothing_is_made_up(of: Ledger) -> Complaints:
    """Nothing is confirmed that was not so, whatever we could not see, and nothing likely but by a page's own word."""
    for one in of.incidents:
        if one.service not in of.script.services:
            continue
        since = of.seconds(one.since) - LONGEST_LOOK
        for change in of.steps[one.id]:
            at = of.seconds(change.at) + LONGEST_LOOK
            said = change.incident.confidence
            if change.kind not in NEWS or said is Confidence.POSSIBLE or of.script.bad(one.service, since, at):
                continue
            official = any(word.role is Role.OFFICIAL and word.says in TROUBLE for word in change.incident.words)
            edge = of.script.blind.meet(since, at) and change.incident.words
            if said is Confidence.CONFIRMED or not (official or edge):
                yield f"{change.key} says {said.name} {change.incident.health.name} of a service that was well"
                break


def blindness_is_told_once(of: Ledger) -> Complaints:
    for one in of.incidents:
        if one.service != OURSELVES:
            continue
        since, until = of.seconds(one.since), of.until(one)
        if not any(known.meet(since - LONGEST_LOOK, until) for known in (of.script.blind, of.script.starved)):
            yield f"{one.id} says that we were blind at {since:.0f} s"
        for reader in of.readers.values():
            for place in reader.destinations[:1] if reader.ladder else reader.destinations:
                lane = of.lanes[one.id, str(place)]
                if len(lane) != 1:
                    yield f"{place} has {len(lane)} notes of {one.id}"
                elif of.heard(lane[0]) is None and not of.refused(one.id, str(place)):
                    yield f"{place} never heard of {one.id}"
    stretches = [s for s in of.script.blind if s.end - s.start > 100 and of.steady(s.start - 5, s.end + 60)]
    for stretch in stretches:
        if not any(o.service == OURSELVES and _overlaps(of, o, stretch) for o in of.incidents):
            yield f"blind {stretch.start:.0f}-{stretch.end:.0f} s, and nobody said so"


def _overlaps(of: Ledger, one: Incident, stretch: Stretch) -> bool:
    return stretch.meets(of.seconds(one.since), of.until(one))


def what_we_cannot_see_is_unknown(of: Ledger) -> Complaints:
    """In every figure: while blind nothing counts as a service's failure."""
    for service, at, reading in of.world.readings:
        stretch = of.script.blind.at(at)
        inside = stretch and stretch.start + 5 < at and at + LONGEST_LOOK < stretch.end
        if inside and reading.outcome in BAD:
            yield f"{service}/{reading.route} counts as {reading.outcome} at {at:.0f} s, when we were blind"


# ── 8: a storm is one message ────────────────────────────────────────────────────────────────────────────────────────


def storms_are_few_messages(of: Ledger) -> Complaints:
    """However many services go down, or come back, at once."""
    storm = of.script.storm
    for at in (storm.start, storm.end) if storm else ():
        count: Counter[tuple[str, str]] = Counter()
        for told in of.world.told:
            if at <= told.at < at + 120 and not told.again and SETTINGS[told.delivery.destination.kind].gathers:
                count[str(told.delivery.destination), told.delivery.notice.kind or "many"] += 1
        for place in {place for place, _ in count}:
            numbers = {kind: number for (where, kind), number in count.items() if where == place}
            if sum(numbers.values()) > MOST and max(numbers.values()) > ALONE:
                yield f"{place} had {numbers} messages within two minutes of {at:.0f} s, in one storm"


# ── whatever the clock and the config do ─────────────────────────────────────────────────────────────────────────────


def nothing_ends_before_it_begins(of: Ledger) -> Complaints:
    """As it is written down, whatever the clock did."""
    for one in of.incidents:
        if one.until is not None and one.until < one.since:
            yield f"{one.id} began at {one.since} and ended at {one.until}"


def lengths_are_true(of: Ledger) -> Complaints:
    """An outage of one life is as long as it was, though the clock was set meanwhile."""
    for one in of.incidents:
        if one.until is None:
            continue
        since, until = of.seconds(one.since), of.until(one)
        written = (one.until - one.since).total_seconds()
        if of.lived(since, until) and abs(written - (until - since)) > 3:
            yield f"{one.id} lasted {until - since:.0f} s, and is written down as {written:.0f} s"


def waits_follow_the_config(of: Ledger) -> Complaints:
    """What waited when a life began with another config goes by that one: its ladders, and the channels that there are."""
    for (began, _, _), former in zip(of.world.lives[1:], of.world.lives, strict=False):
        version = of.script.version(began)
        if version == of.script.version(former[0]) or not of.steady(began, began + TAKEN_UP):
            continue
        gone, names = set(version) & SETTINGS.keys(), {one.name for one in readers(of.script, began)}
        for row in of.rows:
            if row.queued > began or (row.settled is not None and row.settled < began + TAKEN_UP):
                continue
            if row.kind in gone:
                yield f"{row.key} waited on after {began:.0f} s for a channel that there was not"
            elif row.ladders and not names & set(row.ladders) and row.act == "post":
                yield f"{row.key} waited on after {began:.0f} s for {', '.join(row.ladders)}, of the old config"


# ── and nothing runs hot ─────────────────────────────────────────────────────────────────────────────────────────────


def nothing_runs_hot(of: Ledger) -> Complaints:
    for minute, number in of.world.busy.items():
        if number > BUSY:
            yield f"{number} transactions in minute {minute}"


PROMISES: tuple[Callable[[Ledger], Complaints], ...] = (
    nothing_is_lost,
    merged_messages_name_all,
    everybody_is_told,
    repeats_follow_doubt,
    nothing_found_is_told_again,
    order_is_kept,
    nobody_hears_only_the_end,
    nobody_stays_alarmed,
    first_messages_tell_the_truth,
    times_are_of_rounds,
    outages_are_seen,
    ladders_are_climbed,
    nobody_waits_for_others,
    nothing_is_made_up,
    blindness_is_told_once,
    what_we_cannot_see_is_unknown,
    storms_are_few_messages,
    nothing_ends_before_it_begins,
    lengths_are_true,
    waits_follow_the_config,
    nothing_runs_hot,
)
# These hold what is written down against the very moments at which it happened.
TIMED = (
    times_are_of_rounds,
    outages_are_seen,
    ladders_are_climbed,
    nobody_waits_for_others,
    nothing_is_made_up,
    blindness_is_told_once,
    what_we_cannot_see_is_unknown,
    lengths_are_true,
    waits_follow_the_config,
)

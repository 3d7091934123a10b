"""What the readers were told: all of it, once, in order."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

from bot.delivery.in_flight import AGAIN
from bot.model import (
    OURSELVES,
    Audience,
    Change,
    ChangeKind,
    Confidence,
    Health,
    Incident,
    Sent,
    Text,
    Topic,
    delivering,
    planned,
)
from bot.notify.routing import NEWS
from bot.notify.storms import JOINS
from bot.store.deliveries.repository import MANY
from tests.sim.ledger import Complaints, Ledger, Row
from tests.sim.promises.incidents import LONGEST_LOOK
from tests.sim.script import EDITS, FINDS, LOOKS

TO_WRITE = 5.0  # seconds within which an answer is written down where the database is there
NAMED = 5  # of what is still down, so many are named
STILL = "Still down: "
LEFT_OUT = re.compile(r"(And|Y) \d+ (more|más)\.$")  # of more than a message lists

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
        elif row.status == "superseded" and row.kind not in of.gone and not _made_up_for(of, row):
            yield f"{row.key} is superseded by nothing"
    known = {row.key for row in of.rows}
    yield from (f"{key} was told and is not written down" for key in of.applied if key not in known)


def _made_up_for(of: Ledger, row: Row) -> bool:
    """Whether the place had it, or something later that tells it too, or there was nothing left to tell; of a message of
    many, if that is so of each that is left in it: those that another took over are judged with that one.
    """
    if of.covered(row):
        return True
    if row.thread.startswith(MANY):
        return all(_made_up_for(of, one) for one in of.rows if one.told_in == row.id and one.act == "post")
    return of.unsaid(row.thread, row.place) or of.refused(row.thread, row.place)


def merged_messages_name_all(of: Ledger) -> Complaints:
    """What tells of many tells of each."""
    for row in of.rows:
        if row.status == "merged" and row.act == "post" and row.service in of.script.services:
            shown = of.world.shown.get(of.by_id[row.told_in].key, ())
            if not any(_names(words, f"Service {row.service}") for words in shown):
                yield f"{row.key} counts as told in {of.by_id[row.told_in].key}, which says {[w.text for w in shown]}"


def _names(words: Text, what: str) -> bool:
    """Whether a message of many says it. One of more than it lists says how many are left."""
    return what in words.text or bool(words.lines and LEFT_OUT.match(words.lines[-1]))


def everybody_is_told(of: Ledger) -> Complaints:
    """Every outage that we were sure of reached every reader who wished to hear of it."""
    for one in of.incidents:
        if one.service == OURSELVES or of.muted(one.service, _stored(of, of.seconds(of.steps[one.id][-1].at))):
            continue
        for reader in of.readers.values():
            if reader.filter.for_at_least and not of.exact:
                continue
            if reader.filter.follows(one.service) and any(_wants(of, reader, change) for change in of.steps[one.id]):
                yield from _missed(of, reader, one)
            for step in reader.escalations:
                if reader.filter.follows(one.service) and any(
                    _calls(of, change, step.after) for change in of.steps[one.id]
                ):
                    yield from _missed(of, Audience(reader.name, step.to), one)


def _stored(of: Ledger, at: float) -> float:
    """By when it was stored what was judged then: without the database, with the first round after it is back."""
    away = of.script.away.at(at)
    return away.end + LONGEST_LOOK if away else at


def _wants(of: Ledger, reader: Audience, change: Change) -> bool:
    hears = {Health.DOWN: Topic.DOWN, Health.DEGRADED: Topic.DEGRADED}.get(change.incident.health)
    sure = change.incident.confidence is Confidence.CONFIRMED
    news = change.kind in NEWS or (change.kind is ChangeKind.LASTING and bool(reader.filter.for_at_least))
    return sure and hears in reader.filter.topics and news and _age(of, change) >= reader.filter.for_at_least


def _calls(of: Ledger, change: Change, after: timedelta) -> bool:
    one = change.incident
    lasts = change.kind is ChangeKind.LASTING and one.confidence is Confidence.CONFIRMED and not one.acked_by
    return lasts and _age(of, change) >= after


def _age(of: Ledger, change: Change) -> timedelta:
    """Of what began in an earlier life only what came after it has moved with the clock."""
    lasted = timedelta(seconds=of.seconds(change.at) - of.seconds(change.incident.since))
    return min(change.at - change.incident.since, lasted)


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
        doubtful = of.doubtful(key) + of.unheeded(key)
        unwritten = sum(isinstance(one.receipt, Sent) and _too_late(of, one.at) for one in of.answers[key])
        kind = told[0].delivery.destination.kind
        if kind in FINDS and len(told) - of.belated(key) > 1:
            yield f"{key} was told {len(told)} times, though {kind} lets us find out"
        elif kind not in FINDS and len(told) - 1 > doubtful + unwritten:
            yield f"{key} was told {len(told)} times after {doubtful} doubtful hand-overs"


def _too_late(of: Ledger, at: float) -> bool:
    """Did the life end before an answer of then could be written down: killed, without a moment of its own, or stopped
    while the database was away?
    """
    away, starved = of.script.away, of.script.starved
    for _, end, killed in _ended(of, at):
        in_reach = away.without(at, end)  # seconds with the database
        if in_reach < 60 and (killed or starved.meet(at, end)):
            return True
        if in_reach < TO_WRITE and away.meet(end - AGAIN, end):
            return True
    return False


def nothing_found_is_told_again(of: Ledger) -> Complaints:
    """Where it is looked for first, what had arrived is not told again among others."""
    for row in of.rows:
        if row.kind not in LOOKS or row.status != "merged" or of.direct(row) is None:
            continue
        if row.act == "edit" or len(of.applied[row.key]) > of.belated(row.key):
            yield f"{row.key} was told by itself and again in {of.by_id[row.told_in].key}"


def _ended(of: Ledger, after: float) -> list[tuple[float, float, bool]]:
    return [life for life in of.world.lives if life[0] <= after <= life[1]]


# ── 3: posted, and down before restored ──────────────────────────────────────────────────────────────────────────────────────────


def every_outage_is_posted(of: Ledger) -> Complaints:
    """What a place hears of an outage is posted there, alone or in a message of many; an edit of what had been posted seconds
    before will do, any other edit is not telling. What an earlier life wrote does not move with the clock.
    """
    if of.script.steps and len(of.world.lives) > 1:
        return
    for (thread, place), lane in of.lanes.items():
        told = [row for row in lane if not row.notice.ends and of.heard(row) is not None]
        if told and not thread.startswith(MANY) and not any(_posted(of, row) for row in told):
            yield f"{thread} was told at {place} by edits of another message alone"


def _posted(of: Ledger, row: Row) -> bool:
    if of.direct(row) is not None or row.told_in is None:
        return True
    message = of.by_id[row.told_in]
    posts = [told.at for one in of.lanes[message.thread, row.place] for told in of.applied.get(one.key, ())]
    slow = 1 + 4 * of.script.disk  # what is queued while a claim is written may be in it
    return message.act == "post" or any(row.queued - at <= JOINS.total_seconds() + slow for at in posts)


def planned_work_stands_alone(of: Ledger) -> Complaints:
    """A message of many is about planned work or about trouble; only what comes late tells of both."""
    for message in of.rows:
        late = message.deferred or len(of.answers[message.key]) > 1
        if message.thread.startswith(MANY) and message.act == "post" and not late:
            carried = {planned(row.thread) for row in of.rows if row.told_in == message.id and row.act == "post"}
            if len(carried) > 1:
                yield f"{message.key} tells of maintenance and of trouble"


def ends_name_what_is_still_down(of: Ledger) -> Complaints:
    """A message of many that tells of ends alone names the outages that its reader was told of and that last. What joined it
    after its first hand-over is not of that one.
    """
    for message in of.rows:
        if message.act != "post" or message.key not in of.applied:
            continue
        at, text = of.answers[message.key][0].began, of.world.shown[message.key][0].text
        parts = [row for row in of.rows if row.told_in == message.id and row.act == "post"]
        followed = [row for row in parts if row.service in of.script.services and row.queued <= at]
        if not followed or any(planned(row.thread) for row in followed) or not all(row.notice.ends for row in parts):
            continue
        open_ = {thread.partition("#")[0] for thread in _open_at(of, message.place, at)} - {r.service for r in parts}
        going_on = [one for one in of.incidents if of.seconds(one.since) < at and of.until(one) > at - 60]
        for service in open_ if len(going_on) <= NAMED else ():
            if f"Service {service}" not in text:
                yield f"{message.key} says that all is well at {at:.0f} s, and nothing of {service}: {text!r}"


def _open_at(of: Ledger, place: str, at: float) -> list[str]:
    """The incidents that the place was told of before then, and that went on for some time after it."""
    found = []
    for (thread, where), lane in of.lanes.items():
        one = of.incident.get(thread)
        if where != place or one is None or one.service not in of.script.services or of.until(one) < at + 60:
            continue
        heard = [when for row in lane if not row.notice.ends and (when := of.heard(row)) is not None]
        sure = any(
            change.incident.confidence is Confidence.CONFIRMED and of.seconds(change.at) < at - 60
            for change in of.steps[thread]
        )
        if heard and min(heard) < at - 60 and sure and not one.retracted:
            found.append(thread)
    return found


def ends_name_nothing_that_is_over(of: Ledger) -> Complaints:
    """A restoration calls nothing still down whose end was written before, or in the same transaction; what another node
    wrote is known within two of its looks. Where the disk takes no time, several transactions share a moment.
    """
    known = 2.0 if hasattr(of.run, "nodes") else 0.0 if of.script.disk else 1e-6
    posts = [row for row in of.rows if row.act == "post" and row.notice.ends and row.thread in of.incident]
    written = {row.thread: row.queued for row in reversed(posts)}
    for row in posts:
        line = next((line for line in row.notice.words.lines if STILL in line), "")
        named = {service for service in of.script.services if f"Service {service} " in f"{line.replace(',', ' ')} "}
        for thread, at in written.items():
            service = thread.partition("#")[0]
            again = any(one.service == service and one.number > of.incident[thread].number for one in of.incidents)
            if service in named and at <= row.queued - known and not again:
                yield f"{row.key} calls {thread} still down at {row.queued:.3f} s; its end was written at {at:.3f} s"


def order_is_kept(of: Ledger) -> Complaints:
    """To one place, of one incident, in the order in which it happened."""
    for (thread, place), lane in of.lanes.items():
        times = [(at, row) for row in lane if (at := of.heard(row)) is not None]
        for (at, row), (later, after) in pairwise(times):
            if later < at:
                yield f"{place} heard {after.key} before {row.key} ({thread})"


def nobody_hears_only_the_end(of: Ledger) -> Complaints:
    """Unless its one line tells the beginning too: where it waited there or for the database, or another rung did not
    take it.
    """
    for (thread, place), lane in of.lanes.items():
        first = next((row for row in lane if of.heard(row) is not None), None)
        if first is None or first.notice.ends is None or thread.startswith((OURSELVES, MANY)):
            continue
        merged = any(row.id < first.id for row in lane)
        handed = any(place in map(str, one.destinations[1:]) for one in of.versions(first.ladders)) or _up(of, first)
        if not merged and not handed and not _unwritten(of, first):
            yield f"{place} heard only the end: {first.key}"
        if first.notice.kind is ChangeKind.RETRACTED and not _doubtful(of, thread, first):
            yield f"{place} heard {first.key} take back what nobody had heard"


def _unwritten(of: Ledger, row: Row) -> bool:
    """Was the database away when the outage began? A clock that was set may have left other times than the world's."""
    begun = [of.seconds(one.at) for one in of.steps[row.thread] if one.kind in {*NEWS, ChangeKind.LASTING}]
    rounds = [one.began for one in of.looks[row.service] if one.became == "failed"] if of.script.steps else []
    return any(of.script.away.meet(at, at + LONGEST_LOOK) for at in (*begun, *rounds))


def _up(of: Ledger, row: Row) -> bool:
    """Was the same news at another rung before, of any ladder that has or had the place? One that the operator puts first is
    the next one of a last one that fails, and a ladder may be divided while its news waits.
    """
    ladders = (one for one in of.all_readers if one.ladder and row.place in map(str, one.destinations))
    rungs = {str(place) for one in ladders for place in one.destinations} - {row.place}
    return any(one.id < row.id and one.step == row.step for place in rungs for one in of.lanes[row.thread, place])


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
        if place.partition(":")[0] in of.gone:
            continue  # by which nothing can be told either
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
        # An edit that waited while the clock was set is worded anew; the post that had gone out before is not, nor is an
        # edit that was on its way.
        edits = [row for row in of.edits.get((thread, place), ()) if row.notice.key == end.notice.key]
        answers = [answer for row in edits if row.status == "sent" for answer in of.answers[row.key]]
        sent = [answer.delivery.notice.root for answer in answers if isinstance(answer.receipt, Sent)]
        true = reads == (sent[-1] if sent else end.notice.root)
        if first.status == "merged":
            true = reads is not None and _names(reads, end.notice.line)
        if not true:
            yield f"{place} still reads of {thread}: {reads and reads.text!r}"

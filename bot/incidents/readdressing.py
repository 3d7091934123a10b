"""What becomes of waiting deliveries after a change of the config, or a correction of times (pure)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from bot import wording
from bot.model import Audience, Change, Notice, Reason, ReasonCode, Service, local_time
from bot.model.clock_shift import later
from bot.store.deliveries.repository import Adopted, Waiting

GONE = Reason.of(ReasonCode.CHANNEL_REMOVED)


def adopted(one: Waiting, audiences: Sequence[Audience], opened: Collection[str] | None, now: datetime) -> Adopted:
    """The delivery as the present config would address it. `opened`: open kinds of channel, or None if unknown."""
    ladders = _ladders(
        one, [a for a in audiences if a.ladder], gone=opened is not None and one.destination.kind not in opened
    )
    names = tuple(a.name for a in ladders)
    due = _due(one, audiences, now)
    if opened is not None and one.destination.kind not in opened:
        return Adopted(names, one.deadline, due, GONE)
    if one.finished:
        return Adopted(names or one.ladders, one.deadline, due)
    if not ladders:
        return Adopted(one.ladders, one.deadline, due)
    if one.deadline is None and names == one.ladders:
        return Adopted(names, None, due)  # its time ran out, and the next rung has it
    start = due if one.deferred else min(one.queued_at, now)
    mine = later(start, min(a.within for a in ladders))
    if one.deadline is not None and (one.deadline <= now or not one.deferred):
        # It may have less time than a ladder gives: its channel is down, or it took that of one that waited before it.
        mine = min(mine, one.deadline)
    return Adopted(names, mine, due)


def _ladders(one: Waiting, ladders: Sequence[Audience], *, gone: bool) -> list[Audience]:
    """The ladders that have the place as a rung; else those it was meant for; if its channel is gone, all that follow
    the service.
    """
    service = one.thread.rpartition("#")[0]
    if not one.ladders and not gone:
        return []
    following = [a for a in ladders if a.filter.follows(service)]
    here = [a for a in following if one.destination in a.destinations]
    named = [a for a in following if a.name in one.ladders]
    return here or named or (following if one.ladders else [])


def _due(one: Waiting, audiences: Sequence[Audience], now: datetime) -> datetime:
    """When it is due: at the end of the place's present quiet hours, if it was held back for quiet hours."""
    if not one.deferred:
        return one.due
    ends = []
    for audience in audiences:
        if one.destination in audience.places and audience.filter.follows(one.thread.rpartition("#")[0]):
            quiet = audience.quiet_at(one.destination)
            spell = local_time.spell(quiet, audience.style_at(one.destination), now) if quiet else None
            ends.append(spell[1] if spell else now)
    return min([*ends, one.due]) if ends and min(ends) <= now else min(ends, default=one.due)


def reworded(service: Service, before: Change, after: Change, notice: Notice) -> Notice | None:
    """The notice of a change whose times were corrected. None if its text differs from the plain wording of the change:
    written for another rung, with other outages, or under another config.
    """
    style = notice.style
    was, now = (wording.notice(change, service, style) for change in (before, after))
    if was.words != notice.words:
        was, now = wording.advised(was, before.incident), wording.advised(now, after.incident)
    if was.words != notice.words:
        return None
    texts = replace(notice, words=now.words, later=now.later, root=now.root, line=now.line)
    return replace(texts, at=now.at, since=now.since)

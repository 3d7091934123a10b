"""Compares what each place was sent with the actual state and queues what is missing: at the start, every hour, and
when somebody subscribes during an outage.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from bot.incidents.readdressing import adopted
from bot.incidents.recorder import Recorder
from bot.model import OURSELVES, Change, ChangeKind, Confidence, Destination, Incident, delivering
from bot.notify import routing
from bot.store import Dangling
from bot.store.incidents import Snapshot

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=1)
OF_CHANNELS = delivering("")  # suffix of the services that stand for channels


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Number of messages queued about open (`late`) and closed (`ended`) incidents."""

    late: int = 0
    ended: int = 0
    unwatched: int = 0  # incidents closed because their service is no longer in the config


async def reconcile(record: Recorder) -> Reconciled:
    """Repair everything. Row keys keep a message from being queued twice."""
    await record.settle(record.clock())
    await _adopt(record)
    named = record.store.ownership.named()  # while a config is rolled out, some nodes still have the former one
    gone = [name for name, _ in _opened(record) if name not in record.settings.watched and name not in named]
    for service in gone:
        # Readers are not concerned with the health of a channel that was removed from the config.
        await record.unwatch(service, quietly=service.endswith(OF_CHANNELS))
    mended = Reconciled(await catch_up(record), await _end(record), len(gone))
    if mended != Reconciled():
        log.warning(
            "mended: %d told late of what is open, %d of what is over; %d incidents of services no longer in the config",
            mended.late,
            mended.ended,
            mended.unwatched,
        )
    return mended


async def _adopt(record: Recorder) -> None:
    """Readdress waiting deliveries to the present config, and settle those without a channel."""
    now = record.clock()
    waiting = await record.store.deliveries.waiting()
    decided = [(one, adopted(one, record.readers, record.settings.opened, now)) for one in waiting]
    changed, settled = await record.store.deliveries.readdress(decided, now) if decided else (0, 0)
    if changed or settled:
        log.warning("the config has changed: %d messages wait otherwise, %d have no channel left", changed, settled)
        record.wake(set())


async def catch_up(record: Recorder, place: Destination | None = None) -> int:
    """Send the present state of open incidents to every place, or one, that missed them. Return the number of messages."""
    opened = [(service, incident) for service, incident in _opened(record) if service in record.settings.watched]
    addressed = await record.store.audit.addressed([incident.id for _, incident in opened])
    told = 0
    for service, incident in opened:
        missing = _missing(record, incident, addressed[incident.id])
        if missing if place is None else place in missing:
            told += await _tell_late(record, service, incident, addressed[incident.id], place)
    return told


async def audit(record: Recorder) -> Mapping[str, int]:
    """Count what the reconciler should have repaired: messages that wait for a channel that does not exist ("stuck"),
    confirmed open incidents of which no subscriber was notified ("untold"), and places notified of an outage but not of
    its end ("dangling").
    """
    now = record.clock()
    opened = {incident.id: incident for _, incident in _opened(record)}
    silent = await record.store.audit.untold(now, GRACE)
    backlog, opened_kinds = await record.store.deliveries.backlog(), record.settings.opened
    return {
        "stuck": sum(n for kind, n in backlog.items() if opened_kinds is not None and kind not in opened_kinds),
        "untold": sum(bool(_missing(record, opened[name], ())) for name in silent if name in opened),
        "dangling": sum(_wished(record, one) for one in await record.store.audit.dangling(now, GRACE)),
    }


def _opened(record: Recorder) -> list[tuple[str, Incident]]:
    states = record.states.items()
    return [(name, state.incident) for name, state in states if state.incident and name != OURSELVES]


def _now(incident: Incident, now: datetime) -> Change:
    """The present state of an incident as a change."""
    sure = incident.confidence is Confidence.CONFIRMED
    return Change(ChangeKind.CONFIRMED if sure else ChangeKind.OPENED, now, incident)


def _missing(record: Recorder, incident: Incident, addressed: Collection[Destination]) -> set[Destination]:
    """Places that would be notified if the incident were new, and for which no message about it was queued."""
    change = _now(incident, record.clock())
    silent, dead = record.muted(incident.service), record.service(incident.service).channel
    found = routing.hearers(change, record.readers, told=addressed, muted=silent, dead=dead)
    return {hearer.destination for hearer in found} - set(addressed)


async def _tell_late(
    record: Recorder, service: str, incident: Incident, addressed: Collection[Destination], place: Destination | None
) -> int:
    def missed(situation: Snapshot) -> tuple[Change, Snapshot] | None:
        now = situation.state.incident
        return (_now(now, record.clock()), situation) if now and now.id == incident.id else None

    def to(there: Destination, situation: Snapshot) -> bool:
        return place in {None, there} and there not in situation.told and there not in addressed

    return await record.tell_again(service, missed, to)


def _wished(record: Recorder, one: Dangling) -> bool:
    service = one.ending.incident.service
    if service.endswith(OF_CHANNELS) and service not in record.settings.watched:
        return False
    there, dead = {one.destination}, record.service(service).channel
    found = routing.hearers(one.ending, record.readers, told=there, heard=there, dead=dead)
    return any(hearer.destination in there for hearer in found)


async def _end(record: Recorder) -> int:
    """Send missing restorations with the present time, so that times of other days are shown with their date."""
    now, ended = record.clock(), 0
    for one in await record.store.audit.dangling(now, timedelta(0)):
        if _wished(record, one):
            over = partial(_over, change=replace(one.ending, at=now), there=frozenset({one.destination}))
            ended += await record.tell_again(one.ending.incident.service, over, _told)
    return ended


def _over(situation: Snapshot, change: Change, there: frozenset[Destination]) -> tuple[Change, Snapshot]:
    return change, replace(situation, told=there, heard=there)


def _told(place: Destination, situation: Snapshot) -> bool:
    return place in situation.told

"""What each place was told, held against what is so: who missed it is told. At the start, every hour, and when somebody
subscribes while something is down.
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
OF_CHANNELS = delivering("")  # how the services end that stand for channels


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many messages were queued: on what is open, and on what is over."""

    late: int = 0
    ended: int = 0
    unwatched: int = 0  # incidents closed, for the config has their service no more


async def reconcile(record: Recorder) -> Reconciled:
    """Mend all there is. What was queued once is not queued again: the keys of the rows see to that."""
    await record.settle(record.clock())
    await _adopt(record)
    gone = [name for name, incident in _opened(record) if name not in record.settings.watched]
    for service in gone:
        # What we made of a channel that the config has no more concerns no reader.
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
    """What waits follows the config as it is now; what has no channel left is settled."""
    now = record.clock()
    decide = partial(adopted, audiences=record.readers, opened=record.settings.opened, now=now)
    changed, settled = await record.store.deliveries.adopt(now, decide)
    if changed or settled:
        log.warning("the config has changed: %d messages wait otherwise, %d have no channel left", changed, settled)
        record.wake(set())


async def catch_up(record: Recorder, place: Destination | None = None) -> int:
    """Tell every place, or one, what is open and it should have heard: once, as it stands now. How many were told."""
    opened = [(service, incident) for service, incident in _opened(record) if service in record.settings.watched]
    addressed = await record.store.audit.addressed([incident.id for _, incident in opened])
    told = 0
    for service, incident in opened:
        missing = _missing(record, incident, addressed[incident.id])
        if missing if place is None else place in missing:
            told += await _tell_late(record, service, incident, addressed[incident.id], place)
    return told


async def audit(record: Recorder) -> Mapping[str, int]:
    """What the reconciler should have left none of: incidents that are open, sure and told to nobody who wishes it,
    places that were told of trouble and not of its end, and messages that wait for a channel that there is not.
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
    """How it stands, as the news of it."""
    sure = incident.confidence is Confidence.CONFIRMED
    return Change(ChangeKind.CONFIRMED if sure else ChangeKind.OPENED, now, incident)


def _missing(record: Recorder, incident: Incident, addressed: Collection[Destination]) -> set[Destination]:
    """The places that would hear of it, were it news, and that no message of it was meant for."""
    change = _now(incident, record.clock())
    silent = record.muted(incident.service)
    found = routing.hearers(change, record.readers, told=addressed, muted=silent)
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
    there = {one.destination}
    return any(h.destination in there for h in routing.hearers(one.ending, record.readers, told=there, heard=there))


async def _end(record: Recorder) -> int:
    """Tell the ends that were not told, as of now: a time that is not of today gets its date."""
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

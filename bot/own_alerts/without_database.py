"""Notifies from memory while the database is away, on a best-effort basis: a repeat is acceptable, silence is not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot import wording
from bot.contracts import Channel
from bot.incidents.recorder import Recorder
from bot.model import Change, ChangeKind, Confidence, Delivery, Destination, Incident, Round, ServiceState
from bot.own_alerts.admins import hand_over
from bot.own_health import OwnHealth, Part
from bot.store import FencedError, StoreUnavailable

log = logging.getLogger(__name__)

AFTER = timedelta(seconds=30)  # the database may be back by then, and send everything in order


@dataclass
class WithoutDatabase:
    """Wraps the recorder: what it cannot store yet is told from here, and by the recorder once it is stored."""

    recorder: Recorder
    channels: Mapping[str, Channel]
    own_health: OwnHealth
    clock: Callable[[], datetime]
    # By service and incident: who was told of it; nobody is left once its end was told.
    _told: dict[str, dict[str, frozenset[Destination]]] = field(default_factory=dict)
    _sending: set[asyncio.Task[None]] = field(default_factory=set)

    async def seen(self, seen: Round) -> bool:
        """Record a round, like `Recorder.seen`."""
        try:
            doubtful = await self.recorder.seen(seen)
        except FencedError:  # another node watches it by now
            self._told.pop(seen.service, None)
            raise
        except StoreUnavailable:
            self._aside(seen)
            raise
        self._told.pop(seen.service, None)
        return doubtful

    def _aside(self, seen: Round) -> None:
        """Tell what a round showed that could not be stored."""
        service = seen.service
        if service not in self.recorder.settings.services or not seen.online:
            return
        if self._away_for() >= AFTER and not self.recorder.muted(service):
            self._tell(service, self.recorder.latest(service))

    def _away_for(self) -> timedelta:
        since = [trouble.since for trouble in self.own_health.troubles if trouble.part is Part.DATABASE]
        return self.clock() - min(since) if since else timedelta(0)

    def _tell(self, service: str, state: ServiceState) -> None:
        """Report each outage once, and its end to the same destinations."""
        told = self._told.setdefault(service, {})
        known = self.recorder.states.get(service)
        if known and known.incident and _sure(known.incident) and known.incident.id not in told:
            # It was reported before the database went away, to those who would hear of it now.
            told[known.incident.id] = _places(self._worded(ChangeKind.CONFIRMED, known.incident))
        incident, last = state.incident, state.last
        if incident and _sure(incident) and incident.id not in told:
            told[incident.id] = _places(self._send(self._worded(ChangeKind.CONFIRMED, incident)))
        elif incident is None and last and (places := told.get(last.id)):
            self._send(self._worded(ChangeKind.RESTORED, last, places))
            told[last.id] = frozenset()

    def _worded(
        self, kind: ChangeKind, incident: Incident, to: frozenset[Destination] | None = None
    ) -> tuple[Delivery, ...]:
        return self.recorder.worded(Change(kind, self.clock(), incident), to)

    def _send(self, rows: tuple[Delivery, ...]) -> tuple[Delivery, ...]:
        for row in rows:
            if (channel := self.channels.get(row.destination.kind)) is not None:
                task = asyncio.create_task(self._hand_over(channel, row), name=row.notice.key)
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
        return rows

    async def _hand_over(self, channel: Channel, row: Delivery) -> None:
        words = wording.may_repeat(row.notice.words, row.notice.style, self.clock())
        notice = replace(row.notice, key=f"{row.notice.key};memory", words=words, root=None, buttons=())
        sent = await hand_over(channel, replace(row, key=f"{row.key};memory", notice=notice, root=None))
        log.warning(
            "%s: %s without the database: %s",
            row.destination.shown,
            "told" if sent else "could not be told",
            words.title,
        )


def _sure(incident: Incident) -> bool:
    return incident.confidence is Confidence.CONFIRMED


def _places(rows: tuple[Delivery, ...]) -> frozenset[Destination]:
    return frozenset(row.destination for row in rows)

"""Storage of maintenance windows from the config, chats and official pages, and their notices."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from bot import wording
from bot.incidents.recorder import Recorder
from bot.judge import maintenance
from bot.model import Origin, Phase, Window
from bot.notify import fanout
from bot.store import MaintenanceChange
from bot.store.maintenance import Told

log = logging.getLogger(__name__)


async def keep(record: Recorder) -> None:
    """Store new announcements and send the notices due. Safe to repeat: nothing is announced twice."""
    now = record.clock()
    for window in (*_from_file(record, now), *_from_pages(record, now)):
        await _write(record, window, now)
    for window in record.maintenance.open(now):
        if maintenance.due(window, now, record.settings.maintenance_before):
            await _tell(record, window, now)


async def announce(record: Recorder, window: Window) -> None:
    """Store a window that a person announced, and notify if it is time."""
    await _write(record, window, record.clock())
    await keep(record)


async def call_off(record: Recorder, number: int) -> None:
    """Cancel a window, or end it now."""
    now = record.clock()
    window = record.maintenance.by_number.get(number)
    if window and not window.over(now):
        await _write(record, replace(window, over_at=now), now)
        await keep(record)


def _from_file(record: Recorder, now: datetime) -> Iterator[Window]:
    again = (window for weekly in record.settings.weekly for window in maintenance.occurrences(weekly, now))
    return maintenance.from_file(record.maintenance.of(Origin.FILE), (*record.settings.windows, *again), now)


def _from_pages(record: Recorder, now: datetime) -> Iterator[Window]:
    for service, announced in record.maintenance.announced.items():
        yield from maintenance.from_page(record.maintenance.of(Origin.OFFICIAL), service, announced, now)


async def _write(record: Recorder, window: Window, now: datetime) -> None:
    if not window.number:
        stored = await record.store.maintenance.add(window)
    else:
        decide = partial(_changed, window=window)
        planning = await record.store.maintenance.move(window.number, decide, now)
        stored = planning.window if planning else window
    record.maintenance.put(stored, now)


def _changed(stored: Window, _told: Told, window: Window) -> MaintenanceChange:
    """The window with its notification state taken from the store."""
    kept = replace(
        window,
        told=stored.told,
        told_span=stored.told_span,
        begun=stored.begun,
        steps=stored.steps,
        over_at=stored.over_at or window.over_at,
    )
    return MaintenanceChange(kept)


async def _tell(record: Recorder, window: Window, now: datetime) -> None:
    planning = await record.store.maintenance.move(window.number, partial(_decide, record=record, now=now), now)
    if planning is None:
        return
    record.maintenance.put(planning.window, now)
    if planning.deliveries:
        record.wake({delivery.destination for delivery in planning.deliveries})
    log.info("maintenance %s: %s", planning.window.id, planning.window.told)


def _decide(stored: Window, told: Told, record: Recorder, now: datetime) -> MaintenanceChange | None:
    phase = maintenance.due(stored, now, record.settings.maintenance_before)
    if phase is None:
        return None
    window = maintenance.told(stored, phase, now)
    services = record.settings.services
    muted = [service for service in services if record.muted(service)]
    news = fanout.MaintenanceNews(window, phase, told, _leaving(record, window, phase))
    return MaintenanceChange(window, fanout.maintenance_deliveries(news, services, muted, record.addressed(), now))


def _leaving(record: Recorder, window: Window, phase: Phase) -> wording.MaintenanceEnd:
    if phase is not Phase.ENDED:
        return wording.MaintenanceEnd()
    failing = [s for s in record.settings.services if window.concerns(s) and record.failing(s)]
    return wording.MaintenanceEnd(failing, shown=record.maintenance.shown(window))

"""Sends digests: each due time once for each recipient, late if the daemon was stopped or asleep."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from bot.config import cron
from bot.delivery.outbox import Outbox
from bot.incidents.overview import deliveries
from bot.incidents.recorder import Recorder
from bot.model import Delivery, DeliverySummary, Destination, Digest, DigestOrder, DigestRun, Overview, Style
from bot.model.local_time import instants
from bot.notify import digest
from bot.offload.pool import OverranError, offload
from bot.scheduler.digest_plan import Due, Key, Plan, Recipient, begins, due, plan, spelled
from bot.store import Store, StoreUnavailable
from bot.wording import english

SMALL: Final = 100  # services and outages that are worded in a few milliseconds
SECONDS: Final = 30.0  # for one look

__all__ = ["Digests", "begins", "instants"]

log = logging.getLogger(__name__)

LATE = timedelta(minutes=10)  # a digest later than this says so
LIE = timedelta(hours=25)  # what was sent for a time further in the future than this was sent while the clock was wrong
READ = timedelta(minutes=1)  # between two looks at who gets digests ...
LOOK = timedelta(minutes=10)  # ... and at what is planned, if we know of no reason for one
CHUNK = 50  # recipients in one transaction: more would hold up the checks
SHOWN = 3  # recipients that a line of the log names


@dataclass
class Digests:
    store: Store
    recorder: Recorder
    outbox: Outbox
    clock: Callable[[], datetime]
    _planned: Mapping[Key, Recipient] | None = None  # for whom we have planned ...
    _planned_at: datetime | None = None  # ... and when
    _read_at: datetime | None = None  # when we read who gets digests
    _wanted: Mapping[Key, Recipient] = field(default_factory=dict)  # all recipients ...
    _made_of: tuple[object, ...] = ()  # ... and what they were found in
    _reasons: dict[Key, str] = field(default_factory=dict)  # why somebody gets none at present

    async def send_due(self) -> None:
        """Queue all digests that are due."""
        now = self.clock()
        if _is_past(self._read_at, READ, now):
            await self.recorder.places.digests.load()  # another process may have changed them
            self._read_at = now
        wanted = self._recipients()
        if wanted is not self._planned or _is_past(self._planned_at, LOOK, now):
            await self._plan(wanted, now)
        seen: dict[datetime, Overview] = {}
        faults: list[Exception] = []
        for group in due(await self.store.digests.coming(now), wanted, now):
            try:
                earlier = group.since - (group.nominal - group.since)  # figures are compared with those before
                if earlier not in seen:
                    seen[earlier] = await self.recorder.overview(earlier)
                await self._send(group, seen[earlier], now)
            except StoreUnavailable:
                raise
            except Exception as error:  # noqa: BLE001 - one that cannot be made keeps back no other
                faults.append(error)
        if faults:
            raise faults[0]

    # ── who gets which, and when ──────────────────────────────────────────────────────────────────────────────────────

    def _recipients(self) -> Mapping[Key, Recipient]:
        """All recipients of all digests, each with its own zone and language; the same object while they are the same."""
        settings, places = self.recorder.settings, self.recorder.places
        made_of = settings.digests, settings.style, places.settings, places.digests.all, places.digests.undeliverable
        if not self._made_of or any(one is not old for one, old in zip(made_of, self._made_of, strict=True)):
            found = self._found()
            self._wanted = self._wanted if found == self._wanted else found
            self._made_of = made_of
        return self._wanted

    def _found(self) -> dict[Key, Recipient]:
        readers, made = self.recorder.places.digests, dict[tuple[str, Style], Recipient]()
        found: dict[Key, Recipient] = {}
        for name, said in self.recorder.settings.digests.items():
            for place in dict.fromkeys((*said.to, *(one.destination for one in readers.of(name)))):
                if not self._left_out(name, place):
                    found[name, place] = self._recipient(said, place, made)
        return found

    def _left_out(self, name: str, place: Destination) -> bool:
        """True for a recipient that can get none at present; the log says so once."""
        dead, opened = self.recorder.places.digests.undeliverable.get(place), self.recorder.settings.opened
        why = f"it takes no mail since {dead.at:%Y-%m-%d}: {english(dead.why)}" if dead else ""
        if opened is not None and place.kind not in opened:
            why = f"the config has no channel {place.kind}"
        if why and self._reasons.get((name, place)) != why:
            log.warning("digest %s is not sent to %s: %s", name, place.shown, why)
        if why or (name, place) in self._reasons:
            self._reasons[name, place] = why
        return why != ""

    def _recipient(self, said: Digest, place: Destination, made: dict[tuple[str, Style], Recipient]) -> Recipient:
        style = said.style(place, self.recorder.places.of(place), self.recorder.settings.style)
        key = said.name, style
        if key not in made:
            trigger = cron(said.when, style.timezone)
            made[key] = Recipient(style, f"{said.when} {style.timezone}", trigger, said.covers)
        return made[key]

    async def _plan(self, wanted: Mapping[Key, Recipient], now: datetime) -> None:
        if forgotten := await self.store.digests.forget_after(now + LIE):
            log.warning("%d digests were sent while the clock was ahead: their times will come again", forgotten)
        coming = await self.store.digests.coming()
        found = plan(wanted, coming, await self.store.digests.latest(), now)
        if found.add or found.drop:
            await self.store.digests.plan(found.add, found.drop)
            self._log_plan(found, wanted, now)
        self._planned, self._planned_at = wanted, now

    def _log_plan(self, found: Plan, wanted: Mapping[Key, Recipient], now: datetime) -> None:
        for run in (run for run in found.unwanted if run.nominal <= now):
            there_is = run.digest in self.recorder.settings.digests
            why = "it is no longer on its list" if there_is else "there is no such digest any more"
            why = self._reasons.get(run.key) or why
            at = spelled(run.nominal, "UTC")
            log.warning(
                "digest %s: what was due to %s at %s is not sent: %s", run.digest, run.destination.shown, at, why
            )
        for name in dict.fromkeys(run.digest for run in found.unwanted):
            gone = [run for run in found.unwanted if run.digest == name]
            log.info("digest %s: no longer sent to %s", name, _named(gone, len(gone)))
        for name, schedule in dict.fromkeys((run.digest, run.schedule) for run in found.add):
            new = [run for run in found.add if (run.digest, run.schedule) == (name, schedule)]
            at, to = spelled(new[0].nominal, wanted[new[0].key].style.timezone), _named(new, len(new))
            log.info("digest %s (%s): next at %s to %s", name, schedule, at, to)

    # ── what is due ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _send(self, group: Due, overview: Overview, now: datetime) -> None:
        said, late = self.recorder.settings.digests[group.digest], now - group.nominal > LATE
        told = await deliveries(self.store, self.recorder.settings.audiences, overview, (group.since, group.nominal))
        period = digest.Period(group.since, group.nominal, late)
        by_mail = any(run.destination.kind == digest.MAIL for run in group.runs)
        made = await _worded(said.order, overview, period, group.style, told, by_mail=by_mail)
        queued = 0
        for first in range(0, len(group.runs), CHUNK):
            some = group.runs[first : first + CHUNK]
            nexts = {
                run.id: replace(run, nominal=group.then, since=group.nominal, schedule=group.schedule, id=0)
                for run in some
            }
            rows = {run.id: digest.delivery(made, run.destination, said.name) for run in some}
            linked = {number: await self._with_link(said, row, now) for number, row in rows.items()}
            queued += len(await self.store.digests.queue(linked, group.nominal, nexts, now))
        if queued:
            _log_sent(group, queued, late=late)
            self.outbox.wake()

    async def _with_link(self, said: Digest, row: Delivery, now: datetime) -> Delivery:
        """The delivery with the link by which its reader can unsubscribe, if they are not on the config's list."""
        readers, page, place = self.recorder.places.digests, self.recorder.settings.page, row.destination
        by_mail = place.kind == "email" and place not in said.to  # in a chat, `unsubscribe digest` ends it
        reader = readers.find(said.name, place) if by_mail else None
        if reader is None or page is None:
            return row
        link = await readers.unsubscribe_link(reader, page.url, now)
        return replace(row, notice=replace(row.notice, unsubscribe=link))


def _is_past(at: datetime | None, every: timedelta, now: datetime) -> bool:
    """True if something is to be done again; also after the clock went back."""
    return at is None or not at <= now < at + every


def _log_sent(group: Due, queued: int, *, late: bool) -> None:
    zone = group.style.timezone
    at = spelled(group.nominal, zone)
    if group.missed:
        first = spelled(group.missed[0], zone)
        log.warning(
            "digest %s: %d times that it was due at were missed, from %s on; the one of %s is about all of them",
            group.digest,
            len(group.missed),
            first,
            at,
        )
    how = "late" if late else "in time"
    log.info("digest %s of %s: queued %s for %s", group.digest, at, how, _named(group.runs, queued))


def _named(runs: Sequence[DigestRun], count: int) -> str:
    """The recipients of a line of the log."""
    if count != len(runs) or count > SHOWN:
        return f"{count} recipients"
    return ", ".join(run.destination.shown for run in runs)


async def _worded(
    order: DigestOrder,
    overview: Overview,
    period: digest.Period,
    style: Style,
    log: DeliverySummary,
    *,
    by_mail: bool,
) -> digest.DigestNotices:
    """Word it, in another process where that takes long: it would hold up the checks."""
    work, asked = partial(digest.notices, by_mail=by_mail), (order, overview, period, style, log)
    count = len(overview.outages if overview.outages is not None else overview.recent)
    if len(overview.services) * (1 + count) <= SMALL:
        return work(*asked)
    with suppress(OverranError):
        return await offload(work, *asked, seconds=SECONDS, key="digest")
    return await asyncio.to_thread(work, *asked)

"""Sends digests: each due time once for each recipient, late if the daemon was stopped or asleep."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.config import Config, DigestConfig, cron, some
from bot.delivery.outbox import Outbox
from bot.incidents.recorder import Recorder
from bot.model import Destination, DigestRun, Overview, PlaceSettings
from bot.model.instants import instants
from bot.notify import digest_words
from bot.scheduler.digest_plan import Due, Key, Plan, Recipient, begins, due, plan, spelled
from bot.store import Store

__all__ = ["Digests", "begins", "instants"]

log = logging.getLogger(__name__)

LATE = timedelta(minutes=10)  # a digest later than this says so
LIE = timedelta(hours=25)  # what was sent for a time further in the future than this was sent while the clock was wrong
LOOK = timedelta(minutes=1)  # between two looks at what is planned, if we know of no reason for one
CHUNK = 50  # recipients in one transaction: more would hold up the checks
SHOWN = 3  # recipients that a line of the log names


@dataclass
class Digests:
    config: Config
    store: Store
    recorder: Recorder
    outbox: Outbox
    clock: Callable[[], datetime]
    _planned: Mapping[Key, Recipient] = field(default_factory=dict)  # for whom we have planned ...
    _looked_at: datetime | None = None  # ... and when
    _left_out: dict[Key, str] = field(default_factory=dict)  # who gets none at present, and why

    async def send_due(self) -> None:
        """Queue all digests that are due."""
        now = self.clock()
        wanted = await self._wanted()
        looked_at = self._looked_at
        if wanted != self._planned or looked_at is None or not looked_at <= now < looked_at + LOOK:
            await self._plan(wanted, now)
        seen: dict[datetime, Overview] = {}
        for group in due(await self.store.digests.coming(now), wanted, now):
            if group.since not in seen:
                seen[group.since] = await self.recorder.overview(group.since)
            await self._send(group, seen[group.since], now)

    # ── who gets which, and when ──────────────────────────────────────────────────────────────────────────────────────

    async def _wanted(self) -> dict[Key, Recipient]:
        """All recipients of all digests, each with its own zone and language."""
        moved = await self.store.subscriptions.addresses()
        made: dict[tuple[str, str], Recipient] = {}
        return {
            (name, place): self._recipient(name, said, place, made)
            for name, said in self.config.digests.items()
            for place in dict.fromkeys(moved.get(place, place) for place in said.to)
        }

    def _recipient(
        self, name: str, said: DigestConfig, place: Destination, made: dict[tuple[str, str], Recipient]
    ) -> Recipient:
        fixed = PlaceSettings(said.language or "", said.timezone or "", said.clock or "")
        style = fixed.over(self.recorder.places.of(place)).style(self.config.style())
        key = name, str(style)
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
            _log_plan(found, wanted, self.config, now)
        self._planned, self._looked_at = wanted, now

    # ── what is due ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _send(self, group: Due, overview: Overview, now: datetime) -> None:
        said, late = self.config.digests[group.digest], now - group.nominal > LATE
        period = digest_words.Period(group.since, group.nominal, late)
        places = [run.destination for run in group.runs]
        rows = digest_words.deliveries(
            group.digest, overview, period, places, group.style, services=some(said.services)
        )
        queued = 0
        for first in range(0, len(rows), CHUNK):
            some_runs = group.runs[first : first + CHUNK]
            nexts = {
                run.id: replace(run, nominal=group.then, since=group.nominal, schedule=group.schedule, id=0)
                for run in some_runs
            }
            some_rows = {run.id: row for run, row in zip(some_runs, rows[first : first + CHUNK], strict=True)}
            queued += len(await self.store.digests.queue(some_rows, group.nominal, nexts, now))
        if queued:
            _log_sent(group, queued, late=late)
            self.outbox.wake()


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


def _log_plan(found: Plan, wanted: Mapping[Key, Recipient], config: Config, now: datetime) -> None:
    for run in found.unwanted:
        why = "it is no longer on its list" if run.digest in config.digests else "there is no such digest any more"
        if run.nominal <= now:
            log.warning(
                "digest %s: what was due to %s at %s is not sent: %s",
                run.digest,
                run.destination.shown,
                run.nominal,
                why,
            )
    for name in dict.fromkeys(run.digest for run in found.unwanted):
        gone = [run for run in found.unwanted if run.digest == name]
        log.info("digest %s: no longer sent to %s", name, _named(gone, len(gone)))
    for name, schedule in dict.fromkeys((run.digest, run.schedule) for run in found.add):
        new = [run for run in found.add if (run.digest, run.schedule) == (name, schedule)]
        zone = wanted[new[0].key].style.timezone
        log.info(
            "digest %s (%s): next at %s to %s", name, schedule, spelled(new[0].nominal, zone), _named(new, len(new))
        )


def _named(runs: Sequence[DigestRun], count: int) -> str:
    """The recipients of a line of the log."""
    if count != len(runs) or count > SHOWN:
        return f"{count} recipients"
    return ", ".join(run.destination.shown for run in runs)

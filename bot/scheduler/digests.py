"""Sends digests: each due time once, late if the daemon was stopped or asleep."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from bot.config import Config, DigestConfig, cron, some
from bot.delivery.outbox import Outbox
from bot.incidents.recorder import Recorder
from bot.notify import digest
from bot.store import Store

LATE = timedelta(minutes=10)  # a digest later than this says so
LIE = timedelta(hours=25)  # a last digest further in the future than this was sent while the clock was wrong
LONGEST = timedelta(days=400)  # due times older than this are ignored
ROUNDED = timedelta(hours=2)  # clock changes make a day or a week up to this much shorter or longer


@dataclass(frozen=True, slots=True)
class Told:
    """Stored state of a digest: the end of the period reported, the time after which it is due, and its schedule."""

    until: str = ""
    after: str = ""
    when: str = ""

    @classmethod
    def read(cls, value: str | None) -> Told:
        try:
            told = cls(**json.loads(value or "{}"))
            [datetime.fromisoformat(at) for at in (told.until, told.after) if at]
        except (ValueError, TypeError):
            return cls()
        return told

    @property
    def written(self) -> str:
        return json.dumps(asdict(self))


def instants(trigger: Any, after: datetime, now: datetime) -> Iterator[datetime]:
    """The instants of a weekly schedule after `after` and up to `now`, one per scheduled day. In a skipped hour an
    instant is later by the gap, in a repeated one it is the first. (The trigger itself misses midnight after a day of
    23 hours.)
    """
    zone, fields = trigger.timezone, {field.name: field for field in trigger.fields}
    midnight = datetime(2000, 1, 1, tzinfo=zone)
    at = time(*(fields[name].get_next_value(midnight) for name in ("hour", "minute")))
    day, last = max(after, now - LONGEST).astimezone(zone).date(), now.astimezone(zone).date()
    while day <= last:
        named = datetime.combine(day, at, zone)
        if fields["day_of_week"].get_next_value(named) == day.weekday():
            instant = named.astimezone(UTC)
            if after < instant <= now:
                yield instant
        day += timedelta(days=1)


def begins(nominal: datetime, until: datetime | None, covers: timedelta, *, wished: bool) -> datetime:
    """Start of a digest's period: the end of the previous one, so that nothing is repeated or left out, unless a longer
    period is `wished`.
    """
    if until is None or until >= nominal:
        return nominal - covers
    return nominal - covers if wished and covers - (nominal - until) > ROUNDED else until


@dataclass
class Digests:
    config: Config
    store: Store
    recorder: Recorder
    outbox: Outbox
    clock: Callable[[], datetime]

    async def send_due(self) -> None:
        """Queue all digests that are due."""
        for name, said in self.config.digests.items():
            await self._see_to(name, said)

    async def _see_to(self, name: str, said: DigestConfig) -> None:
        now, zone = self.clock(), said.timezone or self.config.timezone
        key, when = f"digest:{name}", f"{said.when} {zone}"
        told = Told.read(await self.store.subscriptions.recall(key))
        after = datetime.fromisoformat(told.after) if told.after else now
        if told.when != when or after > now + LIE:  # a new schedule has no due times in the past
            until = told.until if after <= now + LIE else ""
            await self.store.subscriptions.remember(key, Told(until, now.isoformat(), when).written)
            return
        due = list(instants(cron(said.when, zone), after, now))
        if not due:
            return
        nominal = due[-1]
        await self._send(name, said, nominal, datetime.fromisoformat(told.until) if told.until else None)
        # If the process was killed after queueing, the row keys keep the digest from being queued twice.
        at = nominal.isoformat()
        await self.store.subscriptions.remember(key, Told(at, at, when).written)

    async def _send(self, name: str, said: DigestConfig, nominal: datetime, until: datetime | None) -> None:
        now = self.clock()
        since = begins(nominal, until, said.covers, wished="covers" in said.model_fields_set)
        overview = await self.recorder.overview(since)
        seen = replace(overview, at=nominal)
        style, services, late = self.config.style(said), some(said.services), now - nominal > LATE
        rows = digest.deliveries(name, seen, said.to, style, covers=nominal - since, services=services, late=late)
        await self.store.deliveries.add(rows, now)
        self.outbox.wake()

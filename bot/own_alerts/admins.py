"""Tells the admins when Tocsin itself is unhealthy, directly through the channels, without the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from bot import wording
from bot.contracts import Channel
from bot.errors import fault
from bot.model import Audience, Delivery, DeliveryAction, Notice, Sent, Text, Tone
from bot.own_health import LIGHT, OwnHealth, OwnTrouble, Part

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between two looks
AFTER = timedelta(seconds=10)  # shorter trouble is not reported
LIGHT_AFTER = timedelta(minutes=1)  # likewise for minor trouble, as somebody may be editing the config
AGAIN = timedelta(hours=1)  # interval of repeats while it lasts
APART = timedelta(minutes=10)  # least time between the end of reported trouble and the next report
ONCE = frozenset({Part.WITNESSES})  # parts whose lasting trouble is not repeated
WITHIN = 30.0  # seconds a channel has to answer


@dataclass(slots=True)
class Policy:
    """Decides what is reported, and when (pure: times are arguments)."""

    parts: frozenset[Part] = frozenset()  # parts that were reported and are still unhealthy
    since: datetime | None = None
    told_at: datetime | None = None
    over_at: datetime | None = None

    def due(self, troubles: tuple[OwnTrouble, ...], now: datetime) -> str:
        """Return "new", "still" or "over"; empty if nothing is due."""
        lasting = [one for one in troubles if now - one.since >= (LIGHT_AFTER if one.part in LIGHT else AFTER)]
        if not troubles and self.parts:
            self.parts, self.over_at = frozenset(), now
            return "over"
        if not lasting:
            return ""
        news = frozenset(one.part for one in lasting) - self.parts
        if news and (self.parts or self.over_at is None or now - self.over_at >= APART):
            how = "new"
        elif self.parts - ONCE and self.told_at and now - self.told_at >= AGAIN:
            how = "still"
        else:
            return ""
        self.since = min(one.since for one in lasting) if not self.parts or self.since is None else self.since
        self.parts |= news
        self.told_at = now
        return how


@dataclass
class AdminAlerts:
    """Sends our own alerts. `admins`: None if the config names no reachable admin."""

    own_health: OwnHealth
    channels: Mapping[str, Channel]
    admins: Audience | None
    clock: Callable[[], datetime]
    policy: Policy = field(default_factory=Policy)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.look()
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Send what is due now."""
        troubles, now = self.own_health.troubles, self.clock()
        since = self.policy.since
        how = self.policy.due(troubles, now)
        if not how or self.admins is None:
            return
        style = self.admins.style
        if how == "over":
            words, tone = wording.well_again(since or now, style, now), Tone.UP
        else:
            wrong = [(one.part.value, one.why, one.since) for one in troubles]
            words, tone = wording.unwell(wrong, style, now, still=how == "still"), Tone.DEGRADED
        await self._tell(words, tone, self.admins, now)

    async def _tell(self, words: Text, tone: Tone, admins: Audience, now: datetime) -> None:
        thread = f"tocsin:own:{now:%Y%m%dT%H%M%S}:{next(self._numbers)}"
        notice = Notice(f"{thread}/1", thread, tone, words, at=now, style=admins.style)
        rows = [
            Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, admins.name)
            for place in admins.destinations
            if place.kind in self.channels
        ]
        sent = await asyncio.gather(*(hand_over(self.channels[row.destination.kind], row) for row in rows))
        if rows and not any(sent):
            log.error("no admin could be told how we are ourselves: %s", words.title)


async def hand_over(channel: Channel, row: Delivery) -> bool:
    """Send once, bypassing queue and database. Return whether it was accepted; raise nothing."""
    try:
        async with asyncio.timeout(WITHIN):
            receipt = await channel.send(row)
    except TimeoutError:
        why = f"no answer within {WITHIN:.0f} s"
    except Exception as bug:  # noqa: BLE001 - a channel's errors end here
        why = f"our own error in the channel: {fault(bug)}"
    else:
        if isinstance(receipt, Sent):
            return True
        why = wording.english(receipt.why)
    log.warning("%s was not told of %s: %s", row.destination.shown, row.notice.key, why)
    return False

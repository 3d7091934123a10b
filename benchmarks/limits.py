"""A thousand chats, and a provider that refuses whatever goes beyond its documented limits: how soon all are told."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.checks import Size
from benchmarks.figures import Row
from benchmarks.webhook import NOTICE
from bot.channels.telegram import TelegramSettings
from bot.contracts import ChannelContext
from bot.delivery.rate_limit import OpenChannel
from bot.engine import Engine
from bot.incidents.settings import Settings
from bot.model import Delivery, DeliveryAction, Destination
from bot.net import Network
from bot.store import open_store
from tests.fakes.limits import TELEGRAM, Limits
from tests.fakes.telegram import TOKEN, FakeTelegram

SECOND_TAKES = 30  # messages to different chats, in any second
OVER = 1.05  # times the least time
WITHIN = 300  # seconds until we give up


async def rows(size: Size) -> list[Row]:
    count = 300 if size.quick else 1000
    least = math.ceil(count / SECOND_TAKES) - 1  # the first of them go at once
    async with FakeTelegram() as far:
        far.limits = Limits(TELEGRAM)
        took = await told(far, count)
    refusals = Counter(place for _, place in far.limits.refused)
    what = f"{count:,} Telegram chats told, at 30 a second"
    return [
        Row(
            f"{what}: times the least that the limits allow",
            f"{took / least:.3f} ({took:.2f} s; the least is {least} s)",
            f"{OVER} or less",
        ),
        Row(f"{what}: refused by the limits", f"{far.limits.refusals} (one chat {max(refusals.values(), default=0)})"),
    ]


async def told(far: FakeTelegram, count: int) -> float:
    """Seconds from when it is queued until the last chat has it, by an outbox that has been at work before."""
    settings = TelegramSettings(token=TOKEN, api_url=far.url)
    limits = far.limits
    assert limits
    with TemporaryDirectory() as folder:
        async with (
            open_store(f"sqlite:///{Path(folder) / 'limits.db'}", alone=True) as store,
            Network() as net,
            settings.open(ChannelContext(net, (), store.subscriptions.recall, store.subscriptions.remember)) as channel,
        ):
            way = OpenChannel(channel, settings.pace, settings.edits, settings.gathers, settings.finds)
            outbox, stop = (
                Engine(store, Settings({}, {}, (), frozenset()), {"telegram": way}, now).outbox,
                asyncio.Event(),
            )
            async with asyncio.timeout(WITHIN), asyncio.TaskGroup() as tasks:
                tasks.create_task(outbox.run(stop))
                for queued in (range(1), range(1, count + 1)):
                    await asyncio.sleep(1.1)  # so that nothing counts that was sent before
                    began = time.monotonic()
                    await store.deliveries.add([delivery(number) for number in queued], now())
                    outbox.wake()
                    while len(limits.taken) < queued.stop:
                        await asyncio.sleep(0.05)
                stop.set()
    return limits.taken[-1][0] - began


def delivery(number: int) -> Delivery:
    place = Destination("telegram", str(1000 + number))
    return Delivery(f"{NOTICE.key}@{place}", place, DeliveryAction.POST, NOTICE, audience="everyone")


def now() -> datetime:
    return datetime.now(UTC)

"""Many places told at once by the outbox and a channel, and a receiver elsewhere that refuses whatever goes beyond the
limits: how soon all are told, and what that costs.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.checks import Size
from benchmarks.figures import Row
from benchmarks.receivers import RELAY_CONNECTIONS, RELAY_TAKES, WORKSPACE, Receiver, place, receiver
from benchmarks.webhook import NOTICE
from bot.channels.discord import DiscordSettings
from bot.channels.email import EmailSettings
from bot.channels.slack import SlackSettings
from bot.channels.telegram import TelegramSettings
from bot.contracts import ChannelContext, ChannelSettings
from bot.delivery.rate_limit import OpenChannel
from bot.engine import Engine
from bot.incidents.settings import Settings
from bot.model import Delivery, DeliveryAction, Destination
from bot.net import Network
from bot.store import open_store
from tests.fakes.discord import TOKEN as DISCORD_TOKEN
from tests.fakes.mail import SENDER
from tests.fakes.slack import BOT_TOKEN
from tests.fakes.telegram import TOKEN as TELEGRAM_TOKEN

WITHIN = 400  # seconds until we give up


@dataclass(frozen=True)
class Case:
    """`count` places of a kind of channel. `least`: seconds that its limits allow at the least for so many."""

    what: str
    kind: str
    count: int
    settings: Callable[[str], ChannelSettings]
    least: Callable[[int], float]
    over: float  # times the least, at most
    refusals: int = 0  # at most


def windows(most: int, per: float) -> Callable[[int], float]:
    """The least time for messages of which `most` may go in any `per` seconds: the first of them go at once."""
    return lambda count: (math.ceil(count / most) - 1) * per


CASES = {
    "telegram": Case(
        "Telegram chats, 30 a second",
        "telegram",
        1000,
        lambda url: TelegramSettings(token=TELEGRAM_TOKEN, api_url=url),
        windows(30, 1),
        1.05,
    ),
    "discord": Case(
        "Discord channels, 50 a second",
        "discord",
        1000,
        lambda url: DiscordSettings(token=DISCORD_TOKEN, api_url=url),
        windows(50, 1),
        1.05,
    ),
    "slack": Case(
        "Slack channels, 5 a second in the workspace",
        "slack",
        300,
        lambda url: SlackSettings(bot_token=BOT_TOKEN, api_url=url),
        lambda count: (count - WORKSPACE.most) * WORKSPACE.per / WORKSPACE.most,
        1.05,
        10,
    ),
    "mail": Case(
        f"mails, {RELAY_CONNECTIONS} connections, {RELAY_TAKES * 1000:.0f} ms a mail",
        "email",
        2000,
        lambda url: EmailSettings.model_validate({"server": url, "security": "none", "from": SENDER}),
        lambda count: count * RELAY_TAKES / RELAY_CONNECTIONS,
        1.1,
        10,
    ),
}


async def rows(size: Size) -> list[Row]:
    found: list[Row] = []
    for name in CASES:
        found += await of(name, size)
    return found


async def of(name: str, size: Size) -> list[Row]:
    case = CASES[name]
    count = case.count // 5 if size.quick else case.count
    async with receiver(case.kind) as far:
        took, cpu = await told(case, far, count)
        refused = (await far.seen()).refused
    what, least = f"{count:,} {case.what}", case.least(count)
    return [
        Row(
            f"{what}: times the least that the limits allow",
            f"{took / least:.3f} ({took:.2f} s; the least is {least:g} s)",
            f"{case.over} or less",
        ),
        Row(f"{what}: refused", f"{refused}", f"{case.refusals} or less"),
        Row(f"{what}: CPU for each", f"{cpu * 1000 / count:.1f} ms"),
    ]


async def told(case: Case, far: Receiver, count: int) -> tuple[float, float]:
    """Seconds from when it is queued until the last place has it, by an outbox that has been at work before; and its CPU."""
    settings = case.settings(far.url)
    with TemporaryDirectory() as folder:
        async with (
            open_store(f"sqlite:///{Path(folder) / 'fanout.db'}", alone=True) as store,
            Network() as net,
            settings.open(ChannelContext(net, (), store.subscriptions.recall, store.subscriptions.remember)) as channel,
        ):
            engine = Engine(
                store, Settings({}, {}, (), frozenset()), {case.kind: OpenChannel.of(channel, settings)}, now
            )
            outbox, stop = engine.outbox, asyncio.Event()
            async with asyncio.timeout(WITHIN), asyncio.TaskGroup() as tasks:
                tasks.create_task(outbox.run(stop))
                for queued in (range(1), range(1, count + 1)):
                    await asyncio.sleep(WORKSPACE.per + 0.1)  # so that nothing counts that was sent before
                    await store.deliveries.add([delivery(case, number) for number in queued], now())
                    began, used = time.monotonic(), time.process_time()
                    outbox.wake()
                    while len((await far.seen()).taken) < queued.stop:
                        await asyncio.sleep(0.25)
                used = time.process_time() - used
                stop.set()
    return (await far.seen()).taken[-1] - began, used


def delivery(case: Case, number: int) -> Delivery:
    to = Destination(case.kind, place(case.kind, number))
    return Delivery(f"{NOTICE.key}@{to}", to, DeliveryAction.POST, NOTICE, audience="everyone")


def now() -> datetime:
    return datetime.now(UTC)

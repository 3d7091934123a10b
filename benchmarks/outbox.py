"""Deliveries through the whole outbox: claimed and settled on SQLite, posted by the webhook channel, as the daemon does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.checks import Size
from benchmarks.daemon import places
from benchmarks.figures import Row
from benchmarks.webhook import NOTICE
from bot.channels.webhook import WebhookSettings
from bot.contracts import Channel, ChannelContext
from bot.delivery.outbox import Outbox
from bot.delivery.rate_limit import OpenChannel
from bot.engine import Engine
from bot.incidents.settings import Settings
from bot.model import Delivery, DeliveryAction, Destination
from bot.net import Network
from bot.store import Store, open_store

TARGET = 1500
PLACES = 20
WITHIN = 120  # seconds


async def rows(size: Size) -> list[Row]:
    count = 1000 if size.quick else 3000
    async with places() as (side, folder):
        cpu, wall = await drained(folder, f"http://127.0.0.1:{side.hook}/hook", count)
        told = (await side.world()).notices
        assert told == count, f"{told} of {count} arrived"
    return [
        Row(
            "webhook deliveries per second of one core, whole outbox",
            f"{count / cpu:,.0f} ({count / wall:,.0f} a second of wall time)",
            f"{TARGET} or more",
            "Healthchecks 16, 31 of one core",
        )
    ]


async def drained(folder: Path, url: str, count: int) -> tuple[float, float]:
    """CPU and wall seconds until `count` queued deliveries are settled."""
    async with (
        open_store(f"sqlite:///{folder / 'outbox.db'}", alone=True) as store,
        Network() as net,
        WebhookSettings().open(
            ChannelContext(net, (), store.subscriptions.recall, store.subscriptions.remember)
        ) as channel,
    ):
        await store.deliveries.add([delivery(number, url) for number in range(count)], now())
        stop, cpu, wall = asyncio.Event(), time.process_time(), time.perf_counter()
        async with asyncio.timeout(WITHIN), asyncio.TaskGroup() as tasks:
            tasks.create_task(outbox(store, {"webhook": channel}).run(stop))
            while await store.deliveries.backlog():
                await asyncio.sleep(0.05)
            stop.set()
        return time.process_time() - cpu, time.perf_counter() - wall


def outbox(store: Store, channels: Mapping[str, Channel]) -> Outbox:
    """An outbox of an engine that watches nothing."""
    opened = {kind: OpenChannel(channel) for kind, channel in channels.items()}
    return Engine(store, Settings({}, {}, (), frozenset()), opened, now).outbox


def delivery(number: int, url: str) -> Delivery:
    """Each of an incident of its own, so that no lane makes one wait for another."""
    place = Destination("webhook", f"{url}/{number % PLACES}")
    notice = replace(NOTICE, key=f"s{number}#1/1", thread=f"s{number}#1")
    return Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, audience="desk")


def now() -> datetime:
    return datetime.now(UTC)

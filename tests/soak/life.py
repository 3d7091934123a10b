"""One life of the daemon: it judges, records and delivers outages on three channels until it is killed, or till all is told."""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

import bot.channels.discord.channel
import bot.channels.slack.channel  # the SDKs are loaded once, not by each life
import bot.engine
from bot.channels.discord import DiscordSettings
from bot.channels.slack import SlackSettings
from bot.channels.webhook import WebhookSettings
from bot.contracts import Answering, Channel, ChannelContext, Unable
from bot.delivery import in_flight
from bot.delivery import outbox as telling
from bot.delivery.outbox import Outbox
from bot.delivery.rate_limit import OpenChannel
from bot.engine import Engine
from bot.incidents.recorder import Recorder, Settings
from bot.model import (
    Audience,
    Delivery,
    DeliveryAction,
    DeliveryResult,
    DeliveryStatus,
    Destination,
    Outcome,
    Reading,
    Receipt,
    Round,
    Rules,
    Service,
    Unsure,
)
from bot.net import Network
from bot.store import Store, StoreUnavailable, open_store
from tests.fakes import discord as far_discord
from tests.fakes import slack as far_slack
from tests.reasons import HTTP_503
from tests.soak.processes import note

SERVICES = [f"s{number}" for number in range(6)]
GAP = 0.6  # seconds between two rounds of a service, at most
TAKEN = 3  # exit code: the database could not be opened
FENCED = 4  # exit code: another one has taken the database over
SPEED = 20  # of the clock: the waits between two tries are not what is tested
BEGAN = datetime.now(UTC)


@dataclass(frozen=True)
class World:
    """What a life finds. `lease` is in seconds; every channel's own time-out ends before it, as it must."""

    database: str
    log: Path
    slack: str
    discord: str
    places: tuple[str, ...]
    lease: float
    kind: type[Outbox] = Outbox

    @property
    def timeout(self) -> float:
        return 0.7 * self.lease


class Fenced(Exception):
    """Another one has taken the database over: this one must end."""


@dataclass(frozen=True)
class Noting:
    """A channel that notes who hands over what, which rewritings, as a provider is not told their keys, and what it is not
    sure of.
    """

    channel: Channel
    log: Path

    async def send(self, delivery: Delivery) -> Receipt:
        note(self.log, hands=delivery.key, life=os.getpid())
        if delivery.action is DeliveryAction.EDIT:
            note(self.log, rewriting=delivery.key)
        receipt = await self.channel.send(delivery)
        if isinstance(receipt, Unsure):
            note(self.log, unsure=delivery.key)
        return receipt

    async def listen(self, answer: Answering) -> None:
        """Nobody talks back in a soak."""


class Careless(Outbox):
    """What healthy outboxes must not do: mark a delivery sent, then send it."""

    async def _deliver(self, delivery, at):
        await self.deliveries.settle(delivery, DeliveryResult(DeliveryStatus.SENT), self.clock())
        return await super()._deliver(delivery, at)


def now() -> datetime:
    return BEGAN + (datetime.now(UTC) - BEGAN) * SPEED


def live(world: World, seed: int, *, last: bool = False) -> int:
    """The exit code: TAKEN where the database cannot be opened, FENCED where it was taken over. The `last` life only ends
    what others began.
    """
    logging.disable(logging.WARNING)  # that somebody has not heard yet is no news here
    telling.MARGIN = timedelta()  # the lease is `longest` below
    in_flight.LONGEST_WAIT = timedelta(seconds=SPEED)
    try:
        asyncio.run(_live(world, random.Random(seed), last=last))
    except Unable:
        return TAKEN
    except BaseExceptionGroup as errors:
        if errors.subgroup(Fenced):
            return FENCED
        raise
    return 0


async def _live(world: World, chance: random.Random, *, last: bool) -> None:
    async with (
        open_store(world.database, alone=True) as store,
        _ways(world, store) as ways,
        _telling(world, store, ways) as (record, outbox),
        asyncio.TaskGroup() as tasks,
    ):
        note(world.log, holds=os.getpid())
        ringing = tasks.create_task(_ring(outbox))
        losing = tasks.create_task(_lose(store))
        chances = {service: random.Random(chance.random()) for service in SERVICES}
        await asyncio.gather(*(_happen(record, world.log, s, c, last=last) for s, c in chances.items()))
        while sum((await store.deliveries.backlog()).values()):
            await asyncio.sleep(0.01)
        ringing.cancel()
        losing.cancel()


async def _lose(store: Store) -> None:
    await store.ownership.lost.wait()
    raise Fenced


@asynccontextmanager
async def _ways(world: World, store: Store) -> AsyncIterator[Mapping[str, OpenChannel]]:
    slack = SlackSettings(bot_token=SecretStr(far_slack.BOT_TOKEN), api_url=world.slack, timeout=world.timeout)
    discord = DiscordSettings(token=SecretStr(far_discord.TOKEN), api_url=world.discord, timeout=world.timeout)
    async with AsyncExitStack() as stack:
        net = await stack.enter_async_context(Network())
        desk = ChannelContext(net, (), store.subscriptions.recall, store.subscriptions.remember)
        ways: dict[str, OpenChannel] = {}
        for said in (slack, discord, WebhookSettings(timeout=world.timeout)):
            channel = Noting(await stack.enter_async_context(said.open(desk)), world.log)
            lease = timedelta(seconds=world.lease * SPEED)
            ways[said.kind] = replace(OpenChannel.of(channel, said), looks=False, longest=lease)
        yield ways


@asynccontextmanager
async def _telling(
    world: World, store: Store, ways: Mapping[str, OpenChannel]
) -> AsyncIterator[tuple[Recorder, Outbox]]:
    """A record, and an outbox at work for it; every place hears of everything, and one round is enough for a change."""
    readers = tuple(Audience(place, (Destination(*place.split(":", 1)),)) for place in world.places)
    rules = dict.fromkeys(SERVICES, Rules(confirm_rounds=1, restore_rounds=1, remind_every=(), flaps=10**9))
    setting = Settings({s: Service(s, s) for s in SERVICES}, rules, readers, frozenset(ways))
    stop = asyncio.Event()
    bot.engine.Outbox = world.kind
    engine = Engine(store, setting, ways, now)
    record, outbox = engine.recorder, engine.outbox
    await record.load()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(outbox.run(stop))
        yield record, outbox
        stop.set()


async def _happen(record: Recorder, log: Path, service: str, chance: random.Random, *, last: bool) -> None:
    """The service's outages, from wherever the last life left them; each step noted once it is on record."""
    while True:
        state = record.states.get(service)
        bad = state is not None and state.incident is not None
        if last and not bad:
            return
        reading = Reading("web", Outcome.OK if bad else Outcome.FAILED, None if bad else HTTP_503)
        try:
            await record.seen(Round(service, now(), (reading,)))
        except StoreUnavailable:
            await asyncio.sleep(0.2)
            continue
        state = record.states[service]
        note(log, happened=f"{service}#{state.opened}/{1 if state.incident else 2}")
        await asyncio.sleep(chance.uniform(0, GAP))


async def _ring(outbox: Outbox) -> None:
    """The clock runs faster than the loop's own, by which an idle outbox rests."""
    while True:
        outbox.wake()
        await asyncio.sleep(0.1)

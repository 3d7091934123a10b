"""One life of the daemon: judges, records and delivers outages on three channels until it is killed, or till all is told."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

import bot.tell.channels.discord.channel
import bot.tell.channels.slack.channel  # noqa: F401 # the SDKs are loaded once, not by each life
from bot.contracts import ChannelSettings, Desk, Unable
from bot.model import Destination, Outcome, Reading, Round
from bot.net import Network
from bot.record import Record
from bot.store import StoreUnavailable, open_store
from bot.tell import outbox as telling_by
from bot.tell.channels.discord import DiscordSettings
from bot.tell.channels.slack import SlackSettings
from bot.tell.channels.webhook import WebhookSettings
from bot.tell.outbox import Outbox
from tests.cut.life import SERVICES, SPEED, emptied, note, now, telling
from tests.fakes import discord as far_discord
from tests.fakes import slack as far_slack

TAKEN = 3  # exit code: the database could not be opened
GAP = 0.6  # seconds between two rounds of a service, at most


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


def live(world: World, seed: int, *, last: bool = False) -> int:
    """The exit code: TAKEN where the database cannot be opened."""
    telling_by.LEASE = timedelta(seconds=world.lease * SPEED)
    try:
        asyncio.run(_live(world, random.Random(seed), last=last))
    except Unable:
        return TAKEN
    return 0


async def _live(world: World, chance: random.Random, *, last: bool) -> None:
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(world.database, alone=True))
        net = await stack.enter_async_context(Network())
        desk = Desk(net, (), store.people.recall, store.people.remember)
        channels = {s.kind: await stack.enter_async_context(s.open(desk)) for s in _settings(world)}
        places = [Destination(*place.split(":", 1)) for place in world.places]
        record, outbox = await stack.enter_async_context(
            telling(store, channels, places, world.kind, frozenset(channels))
        )
        async with asyncio.TaskGroup() as tasks:
            ringing = tasks.create_task(_ring(outbox))
            chances = {service: random.Random(chance.random()) for service in SERVICES}
            await asyncio.gather(*(_happen(record, world.log, s, c, last=last) for s, c in chances.items()))
            await emptied(store, outbox)
            ringing.cancel()


def _settings(world: World) -> Sequence[ChannelSettings]:
    slack = SlackSettings(bot_token=SecretStr(far_slack.BOT_TOKEN), api_url=world.slack, timeout=world.timeout)
    discord = DiscordSettings(token=SecretStr(far_discord.TOKEN), api_url=world.discord, timeout=world.timeout)
    return slack, discord, WebhookSettings(timeout=world.timeout)


async def _happen(record: Record, log: Path, service: str, chance: random.Random, *, last: bool) -> None:
    """The service's outages, from wherever the last life left them; each step noted once it is on record."""
    while True:
        state = record.states.get(service)
        bad = state is not None and state.incident is not None
        if last and not bad:
            return
        reading = Reading("web", Outcome.GOOD if bad else Outcome.BAD, "" if bad else "HTTP 503")
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

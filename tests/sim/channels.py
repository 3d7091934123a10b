"""The real record and outbox over the real store on virtual time, with channels that take what their provider allows."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.contracts import ChannelSettings
from bot.delivery.outbox import Outbox
from bot.delivery.rate_limit import OpenChannel
from bot.engine import Engine
from bot.incidents.recorder import Recorder
from bot.incidents.settings import Settings
from bot.model import Delivery, DeliveryAction, Later, Receipt, Sent
from bot.store import Store, open_store
from tests.engine import NOTHING
from tests.fakes.limits import Limits, Rule
from tests.reasons import quote
from tests.sim.inline import Disk, fresh, inline, template
from tests.sim.loop import VirtualLoop
from tests.store.made import NOW

COMMIT = 0.03  # seconds, for the disk to have it
TRAVELS = (0.001, 0.01)  # seconds, each way


class Taker:
    """A channel whose provider keeps `rules`; a hand-over takes some time on its way there, and some on its way back."""

    def __init__(self, chance: random.Random, rules: tuple[Rule, ...]) -> None:
        self._chance = chance
        self.limits = Limits(rules, lambda: asyncio.get_running_loop().time())
        self.taken: list[Delivery] = []
        self.times: list[float] = []  # of what was taken

    async def send(self, delivery: Delivery) -> Receipt:
        await asyncio.sleep(self._chance.uniform(*TRAVELS))
        does = "chat.postMessage" if delivery.action is DeliveryAction.POST else "chat.update"
        if over := self.limits.over(does, delivery.destination.place):
            return Later(quote("too many requests"), timedelta(seconds=math.ceil(over[0])), whole=over[1])
        self.taken.append(delivery)
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self._chance.uniform(*TRAVELS))
        return Sent(delivery.root or f"r{len(self.taken)}")

    async def listen(self, answer) -> None:
        pass

    @property
    def posts(self) -> list[Delivery]:
        return [one for one in self.taken if one.action is DeliveryAction.POST]


@dataclass
class Hall:
    store: Store
    recorder: Recorder
    outbox: Outbox
    takers: dict[str, Taker]
    clock: Callable[[], datetime]

    async def drained(self, within: float) -> float:
        """Wait until nothing is left to be told; how many seconds that took."""
        began = asyncio.get_running_loop().time()
        async with asyncio.timeout(within):
            while await self.store.deliveries.backlog():
                await asyncio.sleep(0.5)
        return asyncio.get_running_loop().time() - began


def held(
    folder: Path,
    kinds: dict[str, tuple[type[ChannelSettings], tuple[Rule, ...]]],
    work: Callable[[Hall], Awaitable[None]],
    settings: Settings = NOTHING,
    began: datetime = NOW,
) -> None:
    """Run `work` beside an outbox with these kinds of channel, from `began` on."""
    chance, disk = random.Random("hall"), Disk(lambda what: COMMIT if what == "COMMIT" else 0.0)
    fresh(template(folder), folder / "hall.db")

    def now() -> datetime:
        return began + timedelta(seconds=loop.time())

    async def life() -> None:
        async with open_store(f"sqlite:///{folder / 'hall.db'}", alone=True) as store:
            takers = {kind: Taker(chance, rules) for kind, (_, rules) in kinds.items()}
            ways = {
                kind: OpenChannel(takers[kind], s.pace, s.edits, s.gathers, s.finds) for kind, (s, _) in kinds.items()
            }
            made, stop = Engine(store, settings, ways, now), asyncio.Event()
            outbox = made.outbox
            running = asyncio.create_task(outbox.run(stop))
            await asyncio.sleep(0)
            try:
                await work(Hall(store, made.recorder, outbox, takers, now))
            finally:
                stop.set()
                outbox.wake()
                await running

    with inline(disk):
        loop = VirtualLoop(chance)
        asyncio.set_event_loop(loop)
        try:
            assert loop.live(life())
        finally:
            with suppress(Exception):
                loop.bury()
            asyncio.set_event_loop(None)

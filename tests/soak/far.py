"""The far side: three providers in one process, on a bad day. What they applied is in LOG, a line for each message.

Of the requests that write, one in ten is applied and its answer dropped; some are limited (429), some turned away (503).
The webhook's receiver remembers no keys, so that each repeat shows; on Slack and Discord can be looked up what arrived.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from bot.store.deliveries.repository import MANY
from tests.fakes.discord import FakeDiscord
from tests.fakes.faults import Fault, FaultyServer, Message
from tests.fakes.hook import FakeHook
from tests.fakes.slack import FakeSlack
from tests.soak.processes import note

FINDING = frozenset({"slack", "discord"})  # kinds of channel that look up what may have arrived
ROOMS = {"slack": ("C012", "C034"), "discord": ("112233445566778899", "112233445566778800")}
BUSY, WELL = "503", "well"
DAY = {Fault.CUT: 9, Fault.SILENT: 1, Fault.LIMITED: 3, BUSY: 3, WELL: 84}  # what befalls a hundred requests that write
UNHEARD = frozenset({Fault.CUT, Fault.SILENT})  # applied; that the answer is lost shows at once, or by a time-out


@dataclass
class Call:
    """A request that writes. `told`: the keys of the deliveries that it applied."""

    dropped: bool
    told: list[str] = field(default_factory=list)


call: ContextVar[Call] = ContextVar("call")  # the one being served


def serve(log: Path, seed: int) -> None:
    """Until killed. The first line of the log has the addresses and, as `places`, the destinations."""
    asyncio.run(_serve(log, random.Random(seed)))


async def _serve(log: Path, chance: random.Random) -> None:
    slack, discord, hook = FakeSlack(), FakeDiscord(), FakeHook()
    async with AsyncExitStack() as stack:
        for far, key in ((slack, _of_slack), (discord, _of_discord), (hook, _of_hook)):
            far.app.middlewares.insert(0, _fate(far, log, chance))
            far.apply = _noting(far.apply, key, log)
            await stack.enter_async_context(far)
        hook.headers = Nothing()
        places = [f"{kind}:{room}" for kind, rooms in ROOMS.items() for room in rooms]
        places += [f"webhook:{hook.place}?{name}" for name in ("one", "two")]
        note(log, slack=slack.url, discord=discord.url, places=places)
        await asyncio.Event().wait()


class Nothing(list):
    """What a receiver knows of earlier requests that keeps none."""

    def append(self, _: object) -> None:
        pass


def _noting(apply: Callable[[Message], None], key: Callable[[Message], str | None], log: Path):
    def noting(message: Message) -> None:
        apply(message)
        if told := key(message):
            call.get().told.append(told)
            note(log, applied=told, dropped=call.get().dropped)
        else:
            note(log, rewrote=message.place, title=message.text.partition("\n")[0])

    return noting


def _of_slack(message: Message) -> str | None:
    return None if message.edited else message.raw["metadata"]["event_payload"]["key"]


def _of_discord(message: Message) -> str | None:
    """A post bears its notice's key, an edit its thread; of a message that tells of many each wording has a key."""
    said = message.raw["embeds"][0]["footer"]["text"]
    told = said.partition("/")[0] if said.startswith(MANY) else said
    return None if message.edited else f"{told}@discord:{message.place}"


def _of_hook(message: Message) -> str | None:
    key = message.raw["key"].removesuffix(";edit")
    return f"{key}@webhook:{message.place}{';edit' if message.edited else ''}"


def _fate(far: FaultyServer, log: Path, chance: random.Random):
    """Choose what befalls each request that writes, and note whose answer came too late."""

    @web.middleware
    async def fate(request: web.Request, handler) -> web.StreamResponse:
        if not far.writes(request):
            answer = await handler(request)
            if _gone(request):
                note(log, looked="in vain")
            return answer
        befalls = chance.choices(list(DAY), list(DAY.values()))[0]
        if befalls == BUSY:
            return web.Response(status=503, headers={"Retry-After": "2"})
        if befalls != WELL:
            far.fault(befalls)  # this very request takes it: nothing is awaited in between
        here = Call(befalls in UNHEARD)
        call.set(here)
        answer = await handler(request)
        if not here.dropped and _gone(request):
            for key in here.told:
                note(log, unheard=key)
        return answer

    return fate


def _gone(request: web.Request) -> bool:
    """Is nobody there any more to hear the answer?"""
    return request.transport is None or request.transport.is_closing()

"""Four channel emulators that apply one in ten of what is sent and drop the answer, and all that readers heard of them."""

from __future__ import annotations

import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from tests.fakes import discord, slack, telegram
from tests.fakes.discord import FakeDiscord
from tests.fakes.faults import Fault, FaultyServer, Message
from tests.fakes.hook import FakeHook
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram

DROPPED = 0.1  # share of the answers
AUDIENCES = 12  # so that hardly any reader has more than three notices within two minutes, which would be a storm
SERVICE = re.compile(r"svc\d{4}")
OTHERS = "Still down:"  # a line of the end of an outage, about services that were told of before
TONES = {"🔴": "down", "🟠": "down", "🟡": "down", "⚫": "down", "🟢": "restored"}
_dropped: ContextVar[bool] = ContextVar("dropped", default=False)


@dataclass(frozen=True)
class Heard:
    """A service in a message that arrived. `dropped`: its answer was."""

    at: float
    place: str
    service: str
    what: str
    posted: bool
    dropped: bool


def mentioned(text: str) -> Iterable[tuple[str, str]]:
    """Each service of a message, with what is told of it anew."""
    tone = ""
    for line in text.splitlines():
        if OTHERS in line:
            continue
        tone = next((what for mark, what in TONES.items() if mark in line), tone)
        for service in SERVICE.findall(line):
            if tone:
                yield service, tone


@dataclass
class Far:
    chance: random.Random
    drops: float = DROPPED
    heard: list[Heard] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    slack: FakeSlack = field(default_factory=FakeSlack)
    discord: FakeDiscord = field(default_factory=FakeDiscord)
    telegram: FakeTelegram = field(default_factory=FakeTelegram)
    hook: FakeHook = field(default_factory=FakeHook)
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        for kind, fake in self._fakes().items():
            fake.app.middlewares.insert(0, self._fate(kind, fake))
            fake.apply = self._hearing(kind, fake.apply)
            await self.stack.enter_async_context(fake)
        self.slack.channels |= {f"C9{n:02}": f"readers-{n}" for n in range(AUDIENCES)}
        self.discord.channels |= {f"1122334455667788{n:02}": {} for n in range(AUDIENCES)}
        self.telegram.chats = {5000 + n: {"type": "private"} for n in range(AUDIENCES)}
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stack.aclose()

    def _fakes(self) -> dict[str, FaultyServer]:
        return {"slack": self.slack, "discord": self.discord, "telegram": self.telegram, "webhook": self.hook}

    @property
    def config(self) -> dict[str, Any]:
        return {
            "slack": {"bot_token": slack.BOT_TOKEN, "api_url": self.slack.url},
            "discord": {
                "token": discord.TOKEN,
                "api_url": self.discord.url,
                "gateway_url": self.discord.gateway_url,
            },
            "telegram": {"token": telegram.TOKEN, "api_url": self.telegram.url},
            "webhook": {},
        }

    def places(self, audience: int) -> list[str]:
        return [
            f"slack:C9{audience:02}",
            f"discord:1122334455667788{audience:02}",
            f"telegram:{5000 + audience}",
            f"webhook:{self.hook.place}?{audience}",
        ]

    def _hearing(self, kind: str, apply: Any) -> Any:
        def hearing(message: Message) -> None:
            apply(message)
            for service, what in set(mentioned(message.text)):
                place = f"{kind}:{message.place}"
                self.heard.append(Heard(time.time(), place, service, what, not message.edited, _dropped.get()))

        return hearing

    def _fate(self, kind: str, fake: FaultyServer) -> Any:
        """Drop some of the answers. What is remembered by receivers of webhooks is forgotten, so that each repeat shows."""

        @web.middleware
        async def fate(request: web.Request, handler: Any) -> web.StreamResponse:
            if not fake.writes(request):
                return await handler(request)
            self.hook.headers.clear()
            drop = self.chance.random() < self.drops
            self.sent[kind] += 1
            self.dropped[kind] += drop
            _dropped.set(drop)
            if drop:
                fake.fault(Fault.CUT)
            return await handler(request)

        return fate


# ── what it comes to ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Outage:
    """A service that answered badly; by the machine's clock, in seconds. `places`: of those who have to be told."""

    service: str
    began: float
    ended: float
    places: int


@dataclass(frozen=True)
class Told:
    """What readers got of outages."""

    wanted: int = 0  # twice for each outage and reader
    lost: tuple[str, ...] = ()
    merged: int = 0  # told at its end only, in one line
    early: tuple[str, ...] = ()  # restored before down
    invented: tuple[str, ...] = ()  # told without an outage
    repeats: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    unexcused: tuple[str, ...] = ()  # repeats after a send that was not ambiguous


def judge(heard: Iterable[Heard], outages: Iterable[Outage], woes: Iterable[tuple[float, float]]) -> Told:
    """Compare what was heard with the truth. A send is ambiguous if its answer was dropped, or if its sender may have been
    stopped before it noted the answer: within one of `woes`, given by begin and end.
    """
    lines: defaultdict[tuple[str, str], list[Heard]] = defaultdict(list)
    for one in heard:
        lines[one.service, one.place].append(one)
    readers = Counter(service for service, _place in lines)
    known = {outage.service: outage for outage in outages}
    absent = {name: outage.places - readers[name] for name, outage in known.items()}
    lost = [f"{name}: {number} readers heard nothing" for name, number in absent.items() if number > 0]
    early, invented, again = list[str](), list[str](), list[Heard]()
    merged, times = 0, list(woes)
    for (service, place), line in lines.items():
        outage = known.get(service)
        if outage is None or min(one.at for one in line) < outage.began:
            invented.append(f"{service} {line[0].what} at {place}, {len(line)} messages")
            continue
        down, over = _first(line, "down"), _first(line, "restored")
        lost += [] if over else [f"{service}: not restored at {place}"]
        merged += bool(over and not down)
        early += [f"{service} at {place}"] if over and down and over.at < down.at else []
        again += _repeated(line)
    excused = [one for one in again if one.dropped or any(begin <= one.at <= end for begin, end in times)]
    return Told(
        2 * sum(outage.places for outage in known.values()),
        tuple(lost),
        merged,
        tuple(early),
        tuple(invented),
        len(again),
        Counter(one.place.partition(":")[0] for one in again),
        tuple(f"repeated: {one}" for one in again if one not in excused),
    )


def _first(line: Iterable[Heard], what: str) -> Heard | None:
    """The first message that tells it: a post, or else an edit of a message about several."""
    return min((one for one in line if one.what == what), key=lambda one: (not one.posted, one.at), default=None)


def _repeated(line: Iterable[Heard]) -> list[Heard]:
    """The posts that were sent once more later on."""
    posts = [one for one in line if one.posted]
    return [one for what in ("down", "restored") for one in [o for o in posts if o.what == what][:-1]]

"""A town whose Slack dies: the real record, outbox, ladders and channel health over a real store; far sides that fail as
Slack does, and a clock that goes from one thing due to the next.

    async with town(folder) as at:
        at.plan(death(Hang()), *outages)
        ran = await at.live(1500)           # seconds
        judged(ran)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from bot import wording
from bot.channels.discord import DiscordSettings
from bot.channels.email import EmailSettings
from bot.channels.slack import SlackSettings
from bot.channels.telegram import TelegramSettings
from bot.contracts import Unclear
from bot.delivery.rate_limit import OpenChannel
from bot.engine import Engine
from bot.incidents.recorder import Settings
from bot.model import (
    Audience,
    Delivery,
    DeliveryAction,
    Destination,
    Later,
    Outcome,
    PlaceSettings,
    Reading,
    Reason,
    ReasonCode,
    Receipt,
    Round,
    Rules,
    Sent,
    Service,
    Subscription,
    SubscriptionFilter,
    Unsure,
    delivering,
)
from bot.store import open_store
from bot.watch.canaries import ROUTES, ways
from tests import sqlite
from tests.delivery.look import Look, looking
from tests.delivery.rungs import MADRID, MAIL, NOON, SECOND, TELEGRAM, at_work
from tests.flow.dead_judged import Heard, Ran
from tests.reasons import HTTP_503, quote
from tests.sim.inline import Disk, inline

NEWSROOM, RANDOM, OPS = (Destination("slack", f"C{number}") for number in (1, 2, 3))
DISCORD = Destination("discord", "112233")
DESK = Audience("desk", (NEWSROOM, TELEGRAM, MAIL), ladder=True, style=MADRID)
EVERYONE = Audience("everyone", (RANDOM, DISCORD), style=MADRID)
SETTINGS = {"slack": SlackSettings, "discord": DiscordSettings, "telegram": TelegramSettings, "email": EmailSettings}
TIMEOUT = 30 * SECOND  # of a hand-over
PROBED = 8 * SECOND  # of a look at Slack's API
EVERY, DOUBTFUL, HEALTH = 30, 10, 60  # seconds between two looks: at a service, at one in doubt, at Slack


SILENT = quote("Slack doesn't respond")


@dataclass
class Trouble:
    """How a far side answers: `takes` seconds, `says` a receipt; `writes` what it is given all the same."""

    says: Callable[[], Receipt]
    takes: timedelta = timedelta(0)
    writes: bool = False
    probe: Reason | Unclear | None = SILENT


def answers(*receipts: Receipt) -> Callable[[], Receipt]:
    """One after the other, and again."""
    left: list[Receipt] = []

    def following() -> Receipt:
        left.extend(receipts if not left else ())
        return left.pop(0)

    return following


UNHEARD = Unsure(quote("Slack did not answer within the time-out"))
WAIT, BARE = Later(quote("Slack asks to wait"), 7 * SECOND, whole=True), Later(quote("Slack asks to wait"), whole=True)
REFUSED = Trouble(lambda: Later(quote("Slack cannot be reached: it does not accept connections")))
HANGS = Trouble(lambda: UNHEARD, TIMEOUT)
WRITES = Trouble(lambda: UNHEARD, TIMEOUT, writes=True)  # and hangs
BROKEN = Trouble(lambda: Unsure(quote("Slack's answer could not be read (HTTP 500)")))
CUT = Trouble(lambda: Unsure(quote("the connection was lost")), probe=quote("it cannot be reached"))
LIMITED = Trouble(answers(WAIT), probe=Unclear(quote("Slack asks to wait")))
LIMITED_BARE = Trouble(answers(BARE), probe=Unclear(quote("Slack asks to wait")))
LIMITED_BOTH = Trouble(answers(WAIT, BARE), probe=Unclear(quote("Slack asks to wait")))


class Far:
    """A far side. It knows a message by its key, as Slack does by its metadata, where `looks` says so."""

    def __init__(self, town: Town, kind: str) -> None:
        self.town, self.kind = town, kind
        self.trouble: Trouble | None = None
        self.heard: list[Heard] = []
        self.edited: list[Heard] = []
        self.looks = SETTINGS[kind].looks
        self.hanging = 0

    async def send(self, one: Delivery) -> Receipt:
        if one.unsure and self.looks and one.action is DeliveryAction.POST:
            if isinstance(met := await self._meet(lambda: None), Later | Unsure):
                return met
            if any(heard.key == one.key for heard in self.heard):
                return Sent(f"ref of {one.key}", found=True)
            return Later(Reason.of(ReasonCode.NOT_ARRIVED), absent=True)
        return await self._meet(lambda: self._write(one)) or Sent(
            one.root if one.action is DeliveryAction.EDIT else f"ref of {one.key}"
        )

    async def listen(self, answer: object) -> None:
        pass

    async def probe(self, _net: object) -> Reason | Unclear | None:
        if self.trouble is None:
            return None
        said = self.trouble.probe
        await self.town.sleep(min(self.trouble.takes, PROBED))
        return said

    async def _meet(self, write: Callable[[], None]) -> Receipt | None:
        trouble = self.trouble
        if trouble is None:
            write()
            return None
        if trouble.writes:
            write()
        self.hanging += 1
        await self.town.sleep(trouble.takes)
        self.hanging -= 1
        return trouble.says()

    def _write(self, one: Delivery) -> None:
        words = one.notice.root if one.action is DeliveryAction.EDIT else one.notice.words
        known = self.edited if one.action is DeliveryAction.EDIT else self.heard
        known.append(Heard(self.town.now.timestamp(), one.destination.place, words.text, one.key))


@dataclass
class Town:
    """`failing`: the services that don't respond now. `watched`: the channels whose own health is looked at."""

    store: object
    look: Look
    services: Sequence[str]
    watched: Sequence[str] = ("slack",)
    now: datetime = NOON
    failing: set[str] = field(default_factory=set)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.fars = {kind: Far(self, kind) for kind in SETTINGS}
        rules = Rules(remind_every=(timedelta(hours=9),))
        settings = Settings(
            {name: Service(name, name.capitalize(), ("web",)) for name in self.services},
            {delivering(kind): Rules(chained=True, remind_every=rules.remind_every) for kind in self.watched}
            | dict.fromkeys(self.services, rules),
            (DESK, EVERYONE),
            frozenset(kind for kind, settings in SETTINGS.items() if settings.edits),
            channels={kind: wording.channel_service(kind, ROUTES, "en") for kind in self.watched},
        )
        ways_out = {kind: _way(self.fars[kind], settings) for kind, settings in SETTINGS.items()}
        made = Engine(self.store, settings, ways_out, lambda: self.now)
        self.recorder, self.outbox = made.recorder, made.outbox
        self._checks = {
            kind: ways(kind, self.fars[kind].probe, self.outbox.failures, lambda: self.now) for kind in self.watched
        }
        self._asleep: list[tuple[datetime, asyncio.Event]] = []
        self._looks = dict.fromkeys((*self.services, *map(delivering, self.watched)), self.now)
        self._health: dict[str, asyncio.Task[None]] = {}
        self._plan: list[tuple[datetime, Callable[[], None]]] = []
        self._coming: dict[str, datetime] = {}  # what is due next, by kind of channel
        self._seen = -1

    async def sleep(self, length: timedelta) -> None:
        if length:
            awake = asyncio.Event()
            self._asleep.append((self.now + length, awake))
            await awake.wait()

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────────────────────

    def fail(self, service: str, *spans: tuple[float, float]) -> None:
        """It doesn't respond within these seconds since noon."""
        for since, until in spans:
            self._plan.append((NOON + since * SECOND, lambda: self.failing.add(service)))
            self._plan.append((NOON + until * SECOND, lambda: self.failing.discard(service)))

    def trouble(self, kind: str, at: float, what: Trouble | None) -> None:
        def begins() -> None:
            self.fars[kind].trouble = what

        self._plan.append((NOON + at * SECOND, begins))

    async def live(self, seconds: float) -> None:
        """From now on, to so many seconds after noon."""
        end = NOON + seconds * SECOND
        while self.now < end:
            await self._due()
            await self.quiet()
            coming = [*self._coming.values(), *self._looks.values(), *(at for at, _ in (*self._asleep, *self._plan))]
            self.now = min([end, *(at for at in coming if at > self.now)])
            for until, awake in self._asleep:
                if until <= self.now:
                    awake.set()
            self._asleep = [one for one in self._asleep if one[0] > self.now]
            if due := {kind for kind, at in self._coming.items() if at <= self.now}:
                self.outbox.wake(due)
        await self.quiet()

    async def _due(self) -> None:
        for at, happens in sorted(self._plan, key=lambda one: one[0]):
            if at <= self.now:
                happens()
        self._plan = [one for one in self._plan if one[0] > self.now]
        for name, at in self._looks.items():
            if at <= self.now and name in self.services:
                bad = name in self.failing
                reading = Reading("web", Outcome.FAILED if bad else Outcome.OK, HTTP_503 if bad else None)
                doubtful = await self.recorder.seen(Round(name, self.now, (reading,)))
                self._looks[name] = self.now + (DOUBTFUL if doubtful else EVERY) * SECOND
        for kind in self.watched:
            looking = self._health.get(kind)
            if self._looks[delivering(kind)] <= self.now and (looking is None or looking.done()):
                self._health[kind] = asyncio.create_task(self._look_at_channel(kind))

    async def _look_at_channel(self, kind: str) -> None:
        began, name = self.now, delivering(kind)
        self._looks[name] = began + timedelta(days=1)
        looks = (check.run(route, None, 10 * SECOND, fresh=True) for route, check in self._checks[kind].items())
        readings = tuple(await asyncio.gather(*looks))
        doubtful = await self.recorder.seen(Round(name, began, readings))
        self._looks[name] = max(self.now, began + (DOUBTFUL if doubtful else HEALTH) * SECOND)

    # ── until nothing moves ──────────────────────────────────────────────────────────────────────────────────────────

    async def quiet(self) -> None:
        async with asyncio.timeout(30):
            calm = 0
            while calm < 2:
                await asyncio.sleep(0.001)
                calm = 0 if self._written() or (calm == 0 and self._busy()) else calm + 1

    def _written(self) -> bool:
        """Whether anything was, since the last time: all that moves on is written down."""
        version, self._seen = self._seen, self.look.version()
        return version != self._seen

    def _busy(self) -> bool:
        if self.look.sending() > sum(far.hanging for far in self.fars.values()):
            return True
        coming = {kind: self._next(kind) for kind in SETTINGS} | {"ladders": self.look.next_deadline()}
        self._coming = {what: at for what, at in coming.items() if at is not None}
        return any(at <= self.now for at in self._coming.values())

    def _next(self, kind: str) -> datetime | None:
        gate = self.outbox._rate_limiters[kind]
        due = self.look.next_due(kind, gate.busy(self.now))
        opens = gate.opens(self.now)
        if due is None or due > self.now:
            return min((at for at in (due, opens) if at), default=None)
        return due if self.outbox._free(kind) else opens


def _way(far: Far, settings: type) -> OpenChannel:
    return OpenChannel(far, settings.pace, settings.edits, settings.gathers, settings.finds, settings.looks)


@asynccontextmanager
async def town(folder: Path, *services: str, watched: Sequence[str] = ("slack",)) -> AsyncIterator[Town]:
    path = folder / "tocsin.db"
    with inline(Disk()), looking(path) as look:
        async with open_store(sqlite.ready(path)) as store:
            made = Town(store, look, services, watched)
            await made.recorder.load()
            await made.recorder.places.set(OPS, PlaceSettings(timezone=MADRID.timezone))
            await made.recorder.places.subscribe(Subscription(OPS, (SubscriptionFilter(),), "slack:T1/U1", NOON))
            async with at_work(made):
                yield made


def ran(made: Town, phases: Sequence[tuple[str, float]], returned: float, known: float) -> Ran:
    """`phases` and `returned` in seconds since noon; `known` as in `Ran`."""
    start = NOON.timestamp()
    return Ran(
        phases=[(name, start + at) for name, at in phases],
        returned=start + returned,
        known=known,
        zone="Europe/Madrid",
        database=Path(made.look.execute("PRAGMA database_list").fetchone()[2]),
        names=[name.capitalize() for name in made.services],
        ladder="desk",
        rungs=(NEWSROOM.place, TELEGRAM.place),
        **{kind: made.fars[kind].heard for kind in ("slack", "telegram", "discord")},
    )

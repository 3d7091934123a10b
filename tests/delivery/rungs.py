"""A record and an outbox over a real store, channels that answer as they are told, and a clock that stands still."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

from bot.incidents.recorder import Settings
from bot.model import (
    Audience,
    Delivery,
    Destination,
    Later,
    Outcome,
    Reading,
    Round,
    Rules,
    Sent,
    Service,
    Style,
)
from tests.engine import engine

NOON = datetime(2022, 7, 14, 12, tzinfo=UTC)  # 2:00 p.m. in Madrid
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SLACK, TELEGRAM, MAIL = (Destination(*p) for p in (("slack", "C1"), ("telegram", "-100"), ("email", "a@example.org")))
MADRID = Style("en", "Europe/Madrid")
DESK = Audience("desk", (SLACK, TELEGRAM, MAIL), ladder=True, style=MADRID)
HANG = "hang"
DEAD = Later("Slack cannot be reached: connection refused")


class Channel:
    """Answers every hand-over with `receipt`; HANG never answers. `got` is what it has taken, and when."""

    def __init__(self, house):
        self.house = house
        self.receipt = Sent
        self.got: list[tuple[int, str, tuple[str, ...]]] = []
        self.edits: list[str] = []
        self.hanging = 0

    async def send(self, one: Delivery):
        if self.receipt is HANG:
            self.hanging += 1
            await asyncio.Event().wait()
        if self.receipt is not Sent:
            return self.receipt
        if one.action == "edit":
            self.edits.append(one.notice.root.title)
        else:
            words = one.notice.words
            self.got.append((int((self.house.now - NOON).total_seconds()), words.title, words.lines))
        return Sent(f"ref of {one.key}")

    async def listen(self, answer):
        pass

    @property
    def titles(self):
        return [title for _, title, _ in self.got]


class House:
    def __init__(self, store, *audiences, confirm=1, remind=timedelta(hours=9)):
        self.store, self.now, self.stop = store, NOON, asyncio.Event()
        self.channels = {kind: Channel(self) for kind in ("slack", "telegram", "email")}
        rules = Rules(confirm_rounds=confirm, restore_rounds=1, remind_every=(remind,))
        services = {name: Service(name, name.upper(), ("web",)) for name in ("x", "y")}
        setting = Settings(services, dict.fromkeys(services, rules), audiences or (DESK,), frozenset({"slack"}))
        made = engine(store, self.channels, lambda: self.now, setting)
        self.recorder, self.outbox = made.recorder, made.outbox

    def __getattr__(self, kind):
        try:
            return self.__dict__["channels"][kind]
        except KeyError:
            raise AttributeError(kind) from None

    async def look(self, *, good, service="x"):
        reading = Reading("web", Outcome.OK if good else Outcome.FAILED, "" if good else "HTTP 503")
        await self.recorder.seen(Round(service, self.now, (reading,)))
        await self.quiet()

    async def down(self, service="x"):
        await self.look(good=False, service=service)

    async def up(self, service="x"):
        await self.look(good=True, service=service)

    async def until(self, seconds):
        """Let the clock go on, from one thing due to the next, to so many seconds after noon."""
        end = NOON + seconds * SECOND
        while self.now < end:
            coming = [due for due in await self._dues() if due is not None and due > self.now]
            self.now = min([*coming, end])
            self.outbox.wake()
            await self.quiet()

    async def quiet(self):
        """Until nobody is sending, but for those that hang, and nothing is due."""
        async with asyncio.timeout(10):
            calm = 0
            while calm < 2:  # what moves on while it is looked at is seen by the second look
                await asyncio.sleep(0.001)
                calm = 0 if await self._busy() else calm + 1

    async def _busy(self):
        if any(due is not None and due <= self.now for due in await self._dues()):
            return True
        counts = await self.store.deliveries.counts()
        sending = sum(number for (_, status), number in counts.items() if status == "sending")
        return sending > sum(channel.hanging for channel in self.channels.values())

    async def _dues(self):
        deliveries = self.store.deliveries
        return [await deliveries.next_deadline(), *[await self._next_due(kind) for kind in self.channels]]

    async def _next_due(self, kind):
        """When its gate opens, where that is later: a dead channel gets one at a time."""
        gate, due = self.outbox._rate_limiters[kind], await self.store.deliveries.next_due(kind)
        return due if due is None or gate.free(self.now) else max(due, gate.opens(self.now) or due)

    async def rows(self, thread="x#1"):
        """What became of each delivery: {"3@slack": "superseded"}."""
        found = await self.store.deliveries.of_incident(thread)
        return {
            row.key.partition("/")[2].partition(":")[0] + (";edit" if row.action == "edit" else ""): str(row.status)
            for row in found
        }


@asynccontextmanager
async def house(store, *audiences, **more):
    made = House(store, *audiences, **more)
    await made.recorder.load()
    async with at_work(made):
        yield made


@asynccontextmanager
async def at_work(made):
    running = asyncio.create_task(made.outbox.run(made.stop))
    await asyncio.sleep(0)
    try:
        yield made
    finally:
        made.stop.set()
        with suppress(asyncio.CancelledError):
            await running

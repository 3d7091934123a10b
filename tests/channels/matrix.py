"""The fault matrix: one fault of one channel, while the first, a middle or the last message of an incident is on its way.

The channel is the real one, over real sockets against its fake; the store, the record, the outbox and the ladder are the
real ones too; only the clock is the test's. A hand-over that would wait for a time-out of 30 seconds waits for one of
`PATIENCE`, and the clock goes on by the 30.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.channels.email.smtp import READY
from bot.contracts import Channel, ChannelContext, ChannelSettings
from bot.delivery import rate_limit
from bot.model import (
    Audience,
    Delivery,
    Destination,
    Later,
    Outcome,
    Reading,
    Receipt,
    Refused,
    Round,
    Service,
    Unsure,
)
from bot.net import Network
from bot.store import open_store
from tests.channels.kit import ChannelKit, NoNet, closed_port
from tests.delivery import rungs
from tests.delivery.look import Look, looking
from tests.delivery.rungs import MADRID, NOON, SECOND, House, at_work
from tests.fakes.faults import ELSEWHERE, Far, Fault
from tests.reasons import quote

MESSAGES = {  # which message: the routes that are bad before it, and those that it tells of
    "first": ((), ("web",)),
    "middle": (("web",), ("web", "app")),
    "last": (("web",), ()),
}
LASTS = 70 * SECOND  # the fault, from the moment at which the message is due
LATER = 30 * 60 * SECOND  # when all has come to rest
BEFORE = 120 * SECOND  # between the incident's beginning and the message
PATIENCE = 1.0  # seconds: the real time-out, where the far side says nothing
NEXT = Destination("console", "-")


@dataclass(frozen=True)
class Cell:
    """What one message met. Times are in seconds since it was due."""

    receipt: Receipt  # of the first hand-over
    edit: Receipt | None  # likewise, of the first message's rewriting that goes with a middle message
    applied: int  # messages that the far side wrote at the first hand-over ...
    after_all: int  # ... and when all had come to rest
    next_rung: int | None  # when the next rung had it; None: it was not needed

    def __str__(self) -> str:
        said = named(self.receipt)
        if self.edit is not None and named(self.edit) != said:
            said += f" (edit: {named(self.edit)})"
        return f"{said} · {self.applied}, {self.after_all} · {'–' if self.next_rung is None else f'{self.next_rung} s'}"


def named(receipt: Receipt) -> str:
    match receipt:
        case Later(wait=timedelta() as wait):
            return f"later, in {wait.total_seconds():g} s"
        case Refused(moved=Destination()):
            return "moved"
        case Refused(scope=scope):
            return f"refused: {scope}"
        case _:
            return type(receipt).__name__.lower()


@dataclass
class Ground:
    """Where the faults of one channel are shown. `places`: one for each of `MESSAGES`."""

    kit: ChannelKit
    far: Far
    places: tuple[str, ...]
    fault: Fault | None = None  # that is shown now
    memory: dict[str, str] = field(default_factory=dict)
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def kind(self) -> str:
        return self.kit.destination.kind

    @property
    def settings(self) -> ChannelSettings:
        url, timeout = self.far.url, 5.0
        if self.fault in ELSEWHERE:
            url = self.kit.elsewhere(self.far, self.fault, closed_port())
        elif self.fault in {Fault.SILENT, Fault.HALF_OPEN}:
            timeout = PATIENCE
        return self.kit.settings(url, timeout)

    def takes(self, receipt: Receipt) -> timedelta:
        """How long a hand-over with this receipt would take by the settings' own time-outs."""
        if self.fault is Fault.SLOW:
            return 5 * SECOND
        if self.fault not in {Fault.SILENT, Fault.HALF_OPEN} or not isinstance(receipt, Later | Unsure):
            return timedelta(0)
        if self.kind == "email" and self.fault is Fault.HALF_OPEN:
            return READY * SECOND
        return type(self.settings).model_fields["timeout"].default * SECOND

    def show(self, fault: Fault) -> None:
        self.fault = fault
        if fault is Fault.MOVED and self.kind == "telegram":
            self.far.moved |= {int(place): int(place) - 1_000 for place in (*self.places, self.kit.destination.place)}
        elif fault not in ELSEWHERE:
            self.far.fault(fault, 10_000)
        if self.kind == "email":
            self.far.hang_up()  # who has logged in is not asked again

    def heal(self) -> None:
        self.fault = None
        self.far.heal()
        if self.kind == "telegram":
            self.far.moved.clear()

    def desk(self, net: Any) -> ChannelContext:
        async def recall(name: str) -> str | None:
            return self.memory.get(name)

        async def remember(name: str, value: str) -> None:
            self.memory[name] = value

        return ChannelContext(net, (), recall, remember)


class Way:
    """The channel under test, opened anew where its fault is in what it is opened with."""

    def __init__(self, ground: Ground, name: str) -> None:
        self.ground, self.name = ground, name
        self.hanging = self.busy = 0
        self.first: tuple[Receipt, int] | None = None  # the first hand-over under the fault, and what it wrote
        self.street: Street | None = None
        self._channel: Channel | None = None
        self._settings: ChannelSettings | None = None
        self._open = AsyncExitStack()

    async def reopen(self) -> None:
        if self._settings == self.ground.settings:
            return
        await self.close()
        self._settings = self.ground.settings
        net = await self._open.enter_async_context(Network()) if self.ground.kind == "telegram" else NoNet()
        self._channel = await self._open.enter_async_context(self._settings.open(self.ground.desk(net)))

    async def close(self) -> None:
        await self._open.aclose()

    @property
    def written(self) -> int:
        return sum(self.name in message.text and not message.edited for message in self.ground.far.applied)

    async def send(self, one: Delivery) -> Receipt:
        before = self.written
        receipt = await self.hand_over(one)
        if self.ground.fault and self.first is None:
            self.first = (receipt, self.written - before)
        if wait := self.ground.takes(receipt):
            self.hanging += 1
            await self.street.sleep(wait)
            self.hanging -= 1
        return receipt

    async def hand_over(self, one: Delivery) -> Receipt:
        self.busy += 1
        receipt = await self._channel.send(one)
        self.busy -= 1
        return receipt

    async def listen(self, answer: Any) -> None:
        pass


class Street(House):
    """A house with one ladder: the channel under test, then one that always works. Its service is named for the message,
    by which the far side's messages are told apart.
    """

    def __init__(self, store: Any, way: Way, place: str, look: Look) -> None:
        self._asleep: list[tuple[datetime, asyncio.Event]] = []
        self._coming: dict[str, datetime | None] = {}  # what is due next, by kind of channel
        self._look = look
        kind = way.ground.kind
        super().__init__(store, Audience("desk", (Destination(kind, place), NEXT), ladder=True, style=MADRID))
        self.way, way.street = way, self
        self.channels = {kind: way, NEXT.kind: rungs.Channel(self)}
        settings = way.ground.settings
        # Without their paces: here the clock stands still while messages are on their way.
        first = rate_limit.OpenChannel(way, edits=settings.edits, gathers=settings.gathers, finds=settings.finds)
        self.outbox = replace(
            self.outbox, channels={kind: first, NEXT.kind: rate_limit.OpenChannel(self.channels[NEXT.kind])}
        )
        self.recorder.wake = self.outbox.wake
        editable = frozenset({kind} if settings.edits else ())
        services = {"x": Service("x", way.name, ("web", "app"))}
        self.recorder.settings = replace(self.recorder.settings, services=services, editable=editable)

    @property
    def now(self) -> datetime:
        return self._now

    @now.setter
    def now(self, now: datetime) -> None:
        self._now = now
        for until, awake in self._asleep:
            if until <= now:
                awake.set()
        self._asleep = [(until, awake) for until, awake in self._asleep if until > now]

    async def sleep(self, length: timedelta) -> None:
        awake = asyncio.Event()
        self._asleep.append((self.now + length, awake))
        await awake.wait()

    async def sees(self, *bad: str) -> None:
        readings = [
            Reading(route, Outcome.FAILED, quote("HTTP 503")) if route in bad else Reading(route, Outcome.OK)
            for route in ("web", "app")
        ]
        await self.recorder.seen(Round("x", self.now, tuple(readings)))
        await self.quiet()

    async def later(self, wait: timedelta) -> None:
        """Let the clock go on, from one thing due to the next."""
        end = self.now + wait
        while self.now < end:
            coming = {due: kind for kind, due in self._coming.items() if due is not None and due > self.now}
            self.now = min([*coming, *(until for until, _ in self._asleep), end])
            if self.now in coming:
                self.outbox.wake({coming[self.now]})
            await self.quiet()

    async def quiet(self) -> None:
        """Until nobody is sending, but for those whose answer is yet to come, and nothing is due."""
        seen = -1
        async with asyncio.timeout(30):
            while True:
                await asyncio.sleep(0.01 if self.way.busy else 0.001)
                before, seen = seen, self._look.version()
                if before != seen or self.way.busy or self._moving():
                    continue
                due = {kind: self._look.next_due(kind) for kind in self.channels if kind != NEXT.kind}
                self._coming = due | {"ladders": self._look.next_deadline()}
                if not any(due and due <= self.now for due in self._coming.values()):
                    return

    def _moving(self) -> bool:
        """Is anything being sent, but for what waits for its answer, or about to be told by the next rung?"""
        return self._look.sending(or_of=NEXT.kind) > self.way.hanging


async def meet(ground: Ground, fault: Fault, folder: Path) -> dict[str, Cell]:
    """Show one fault to the three messages at once, each in a place and a house of its own."""
    edit = await _edit(ground, fault)
    phase, cells = asyncio.Barrier(len(MESSAGES)), {}

    async def one(message: str, place: str) -> None:
        async with _street(ground, message, place, folder / f"{fault.name}-{message}.db") as (street, way):
            before, then = MESSAGES[message]
            if before:
                await street.sees(*before)
                await street.later(BEFORE)
            if await phase.wait() == 0:
                ground.show(fault)
            await phase.wait()
            await way.reopen()
            written, due = way.written, street.now
            await street.sees(*then)
            await street.later(LASTS)
            if await phase.wait() == 0:
                ground.heal()
            await phase.wait()
            await way.reopen()
            await street.later(LATER)
            told = [when - int((due - NOON).total_seconds()) for when, *_ in street.channels[NEXT.kind].got]
            receipt, applied = way.first
            rewriting = edit if message == "middle" and ground.settings.edits else None
            cells[message] = Cell(receipt, rewriting, applied, way.written - written, told[0] if told else None)

    async with asyncio.TaskGroup() as together:
        for message, place in zip(MESSAGES, ground.places, strict=True):
            together.create_task(one(message, place))
    return {message: cells[message] for message in MESSAGES}


async def _edit(ground: Ground, fault: Fault) -> Receipt:
    """What rewriting the first message is answered with under the fault."""
    way = Way(ground, "")
    await way.reopen()
    root = await ground.kit.rooted(way)
    ground.show(fault)
    await way.reopen()
    receipt = await way.hand_over(ground.kit.edit(root))
    ground.heal()
    await way.close()
    return receipt


@asynccontextmanager
async def _street(ground: Ground, message: str, place: str, path: Path) -> AsyncIterator[tuple[Street, Way]]:
    way = Way(ground, message.capitalize())
    async with AsyncExitStack() as stack:
        async with ground.opening:  # the migrations' library keeps what it works on in globals
            store = await stack.enter_async_context(open_store(_copied(path)))
        look = stack.enter_context(looking(path))
        street = Street(store, way, place, look)
        await street.recorder.load()
        await way.reopen()
        try:
            async with at_work(street):
                yield street, way
        finally:
            await way.close()


def _copied(path: Path) -> str:
    """A new database, out of one that the first made: migrating takes longer than all else here."""
    ready = path.with_name("ready.db")
    if ready.exists():
        shutil.copy(ready, path)
    return f"sqlite:///{path}"

"""The world that a script describes, as the engine meets it: checks, canaries, sources, channels; and what it notes down."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.contracts.retry_after import later
from bot.model import (
    Delivery,
    DeliveryAction,
    Health,
    Later,
    Outcome,
    Reading,
    Reason,
    Receipt,
    RefusalScope,
    Refused,
    Role,
    Round,
    Sent,
    SourceReport,
    Text,
    Unsure,
)
from tests.reasons import HTTP_503, quote
from tests.sim.loop import VirtualLoop
from tests.sim.script import EDITS, FINDS, LOOKS, Fault, Look, Script, Stretches

OUTCOMES = {Look.BAD: Outcome.FAILED, Look.HANGS: Outcome.FAILED, Look.SLOW: Outcome.OK, Look.GOOD: Outcome.OK}
NONSENSE = ("9" * 12, "-5", "-1e9", "nan", "inf", str(7 * 86400), "soon", "")  # as a Retry-After
TIMEOUT = 30.0  # a channel's own: seconds that it waits for an answer


@dataclass(frozen=True, slots=True)
class Told:
    """A message that a provider applied."""

    at: float
    delivery: Delivery
    ref: str
    life: int
    again: bool  # the place has had it before


@dataclass(slots=True)
class Answer:
    """What a channel answered; None: it was killed before it could."""

    began: float
    at: float
    delivery: Delivery
    applied: bool
    life: int
    receipt: Receipt | None = None
    node: str = ""  # that handed it over, where there are several


@dataclass(slots=True)
class Looked:
    """A round as `record` was given it."""

    round: Round
    began: float
    became: str = "cut"  # "taken", or "failed": the database was away


@dataclass
class World:
    """`dead`: a killed life reaches nothing any more. What is noted here is what the promises are held to."""

    script: Script
    chance: random.Random
    loop: VirtualLoop | None = None
    life: int = 0
    began: float = 0.0  # when it did
    dead: bool = False
    told: list[Told] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    rounds: list[Looked] = field(default_factory=list)
    orders: list[tuple[float, str, str]] = field(default_factory=list)
    lives: list[tuple[float, float, bool]] = field(default_factory=list)  # start, end, killed
    readings: list[tuple[str, float, Reading]] = field(default_factory=list)
    busy: Counter[int] = field(default_factory=Counter)  # transactions in each minute
    wrong: list[str] = field(default_factory=list)  # what no engine may do to a provider
    edits: dict[str, float] = field(default_factory=dict)  # when a message was rewritten, by the delivery's key
    shown: dict[str, list[Text]] = field(default_factory=lambda: defaultdict(list))  # what each delivery wrote
    deleted: set[tuple[str, str]] = field(default_factory=set)
    deletions: int = 0
    messages: dict[tuple[str, str], Text] = field(default_factory=dict)  # by place and ref: as it now reads
    occurred: Counter[str] = field(default_factory=Counter)  # of the faults that seeds seldom have: how often
    kill_in: int = 0  # steps until the kill, once its time has come; 0: not yet
    able_since: dict[str, float] = field(default_factory=dict)  # by name: the nodes that can watch and write
    unwatched: Stretches = field(default_factory=Stretches)  # when none of them could

    @property
    def now(self) -> float:
        return self.loop.time()

    @property
    def here(self) -> str:
        """The node that asks, where there are several."""
        return ""

    @property
    def faulty(self) -> bool:
        return self.now < self.script.faults_end

    def begun(self, at: float) -> None:
        """A life begins, by the config as it is then."""
        if self.script.version(self.began) != self.script.version(at):
            self.occurred["config changed"] += 1
        self.began = at

    def wall(self) -> datetime:
        """What the machine's clock says."""
        return self.script.utc(self.now + self.script.offset(self.now))

    def seconds(self, at: datetime) -> float:
        """Of an instant by whichever reckoning there was."""
        found = [self.script.seconds(at) - offset for offset in self.script.offsets]
        return min(found, key=lambda one: max(-one, one - self.now, 0))

    @property
    def starved(self) -> float:
        """For how long this life got no time, up to now."""
        return self.loop.held

    async def step(self) -> None:
        """A point at which a life may be cut off."""
        if self._cut():
            await self.loop.create_future()
        if self.dead:
            raise asyncio.CancelledError

    def turn(self, what: str) -> float | None:
        """The disk's side: raises while the database is away, answers how long a step takes. None: no time at all."""
        if self.dead:
            raise sqlite3.OperationalError("the life is over")
        if self._cut():
            return 1e9
        if self.script.away.at(self.now):
            raise sqlite3.OperationalError("disk I/O error")
        if what == "BEGIN IMMEDIATE":
            self.busy[int(self.now / 60)] += 1
        if what in {"COMMIT", "BEGIN IMMEDIATE"}:
            return self.chance.uniform(0, self.script.disk)
        return None

    def _cut(self) -> bool:
        if self.kill_in and not self.dead:
            self.kill_in -= 1
            if not self.kill_in:
                self.loop.kill()
                return True
        return self.loop.killed

    def delete(self) -> None:
        """What people have deleted by now."""
        while self.deletions < len(self.script.deletions) and self.script.deletions[self.deletions][0] <= self.now:
            place = self.script.deletions[self.deletions][1]
            self.deleted |= {message for message in self.messages if message[0] == place}
            self.deletions += 1

    async def wait(self, shortest: float, longest: float) -> None:
        await asyncio.sleep(self.chance.uniform(shortest, longest))

    # ── what is looked at ────────────────────────────────────────────────────────────────────────────────────────────

    def look(self, service: str, route: str) -> Look:
        if self.script.blind.at(self.now):
            return Look.HANGS if route == "app" else Look.BAD
        found = self.script.truth[service, route].at(self.now)
        return found.what if found else Look.GOOD


@dataclass(frozen=True, slots=True)
class Route:
    """A check that answers from the truth."""

    world: World
    service: str
    kind: str = "http"

    async def run(self, route, net, timeout, *, fresh):
        world, before = self.world, self.world.starved
        look = world.look(self.service, route)
        match look:
            case Look.RAISES:
                raise ValueError("a bug in a check")
            case Look.NEVER:
                await asyncio.sleep(10_000)
            case Look.HANGS:
                await asyncio.sleep(timeout.total_seconds())
            case _:
                # Whoever gets no time is slow in all that he does.
                await world.wait(*((1.0, 1.6) if world.script.starved.at(world.now) else (0.02, 0.8)))
        if world.starved - before > 0.7 * timeout.total_seconds():
            world.occurred["check starved"] += 1
            return Reading(route, Outcome.FAILED, quote("no answer in time"))
        took = timedelta(seconds=6 if look is Look.SLOW else 0.2)
        return Reading(route, OUTCOMES[look], HTTP_503 if OUTCOMES[look] is Outcome.FAILED else None, took)


@dataclass(frozen=True, slots=True)
class Canary:
    world: World
    kind: str = "tcp"

    async def run(self, route, net, timeout, *, fresh):
        blind = self.world.script.blind.at(self.world.now)
        await self.world.wait(0.02, 2.0 if blind else 0.3)
        return Reading(route, Outcome.FAILED if blind else Outcome.OK)


@dataclass(frozen=True, slots=True)
class Page:
    world: World
    service: str
    role: Role
    kind: str = "statuspage"

    async def read(self, net, now, memory):
        world = self.world
        await world.wait(0.1, 3)
        found = world.script.words[self.service][self.role].at(world.now) if world.faulty else None
        says, headline = found.what if found else (Health.UP, "")
        if world.script.blind.at(world.now):
            says, headline = None, ""
        return SourceReport(self.role, f"its {self.role} page", says, headline if says else "", at=now)


# ── who is told ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Provider:
    """A channel and the provider behind it. Slack and Discord find what an unsure hand-over left there."""

    world: World
    kind: str

    async def listen(self, answer):
        return

    async def probe(self, net) -> Reason | None:
        """As `ChannelSettings.probe`: does the provider answer, and know us?"""
        world = self.world
        found = world.script.channels[self.kind].at(world.now) if world.faulty else None
        fault = found.what if found and not found.places else None
        if world.script.blind.at(world.now) or fault is Fault.HANGS:
            await asyncio.sleep(TIMEOUT)
        await world.wait(0.05, 0.3)
        return quote(str(fault)) if fault in {Fault.DEAF, Fault.REVOKED} else None

    async def send(self, delivery: Delivery) -> Receipt:
        world = self.world
        await world.step()
        answer = Answer(world.now, world.now, delivery, False, world.life, node=world.here)
        world.answers.append(answer)
        receipt = await self._answer(delivery, answer)
        await world.step()  # applied, and nobody will ever know
        answer.at, answer.receipt = world.now, receipt
        return receipt

    def _fault(self, delivery: Delivery) -> Fault | None:
        world = self.world
        found = world.script.channels[self.kind].at(world.now) if world.faulty else None
        if found is None or (found.places and delivery.destination.place not in found.places):
            return Fault.DROPS if world.faulty and world.chance.random() < world.script.drop else None
        if found.what is Fault.MIXED:
            return world.chance.choice((*(one for one in Fault if one not in {Fault.MIXED, Fault.BARRED}), None))
        return found.what

    async def _answer(self, delivery: Delivery, answer: Answer) -> Receipt:
        world = self.world
        fault = self._fault(delivery)
        match fault:
            case Fault.DEAF:
                await world.wait(0.01, 2)
                return Later(quote("connection refused"))
            case Fault.LIMITS:
                await world.wait(0.05, 0.3)
                wait = world.chance.choice((1, 5, 30))
                if world.script.nonsense and world.chance.random() < 0.5:
                    wait = world.chance.choice(NONSENSE)
                    world.occurred["nonsense Retry-After"] += 1
                return later(quote("429"), wait, whole=world.chance.random() < 0.5)
            case Fault.BARRED | Fault.REVOKED:
                await world.wait(0.05, 0.3)
                barred = fault is Fault.BARRED
                return Refused(quote(str(fault)), RefusalScope.DESTINATION if barred else RefusalScope.ACCOUNT)
            case Fault.HANGS | Fault.BREAKS:
                if world.chance.random() < 0.3:
                    await world.wait(0.05, 0.3)
                    self._apply(delivery, answer)
                await asyncio.sleep(TIMEOUT if fault is Fault.HANGS else 0.2)
                return Unsure(quote(str(fault)))
            case Fault.SLOW:
                await world.wait(5, TIMEOUT - 1)
            case _:
                await world.wait(0.05, 0.8)
        receipt = self._apply(delivery, answer)
        return Unsure(quote(str(fault))) if fault is Fault.DROPS else receipt

    def _apply(self, delivery: Delivery, answer: Answer) -> Receipt:
        world, place, notice = self.world, str(delivery.destination), delivery.notice
        if world.dead:
            raise asyncio.CancelledError
        world.delete()
        gone = (place, delivery.root) in world.deleted
        if delivery.root is not None and not gone and (place, delivery.root) not in world.messages:
            world.wrong.append(f"{delivery.key} names a message that {place} has not: {delivery.root}")
        if delivery.action is DeliveryAction.EDIT:
            return self._rewrite(delivery, place, gone=gone)
        former = next((one for one in world.told if one.delivery.key == delivery.key), None)
        if former and delivery.unsure and self.kind in FINDS:
            return Sent(former.ref, found=True)
        if delivery.unsure and self.kind in LOOKS:
            return Later(quote("it did not arrive"), absent=True)
        ref = f"m{len(world.told)}"
        world.told.append(Told(world.now, delivery, ref, world.life, former is not None))
        world.messages[place, ref] = notice.words
        world.shown[delivery.key].append(notice.words)
        answer.applied = True
        return Sent(ref, anew=gone)

    def _rewrite(self, delivery: Delivery, place: str, *, gone: bool) -> Receipt:
        world, notice = self.world, delivery.notice
        if self.kind not in EDITS or delivery.root is None:
            world.wrong.append(f"{delivery.key} rewrites what cannot be rewritten")
        if gone:
            return Refused(quote("message_not_found"), gone=True)
        world.messages[place, delivery.root] = notice.root or notice.words
        world.shown[delivery.key].append(notice.root or notice.words)
        world.edits.setdefault(delivery.key, world.now)
        return Sent()

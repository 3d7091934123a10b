"""The nodes of a cluster in one seed, what happens to each, and the world as they meet it."""

from __future__ import annotations

import asyncio
import contextvars
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from bot.engine import Engine
from bot.store.cluster import Membership
from tests.sim.disk import NODE, Shared
from tests.sim.loop import VirtualLoop
from tests.sim.script import Look
from tests.sim.world import World

SETTLED = 12.0  # seconds after its trouble in which a node is as all others


class Fault(StrEnum):
    KILLED = "killed"
    STOPPED = "stopped cleanly"
    FROZEN = "frozen"
    CUT_OFF = "cut off from the database"


@dataclass(frozen=True, slots=True)
class Trouble:
    start: float
    end: float  # it goes on, or is started again
    what: Fault


def troubles(chance: random.Random, nodes: int, end: float, outages: list[float]) -> list[list[Trouble]]:
    """Of each node, one after the other; several nodes may be in trouble at once. Most begin with an outage, of which there
    is something to tell.
    """
    found = []
    for _ in range(nodes):
        at, mine = chance.uniform(15, end / 2), []
        for _ in range(chance.choice((0, 1, 2, 3))):
            if (ahead := [one for one in outages if one > at]) and chance.random() < 0.7:
                at = chance.choice(ahead[:3])
            length = chance.choice((chance.uniform(0.5, 6), chance.uniform(8, 40), chance.uniform(8, 40)))
            if at + length > end - 20:
                break
            mine.append(Trouble(at, at + length, chance.choice(list(Fault))))
            at += length + chance.uniform(10, end / 3)
        found.append(mine)
    return found


@dataclass(eq=False)
class Node:
    """A machine and the daemon on it. `aside`: what it will do when it goes on."""

    name: str
    skew: float  # seconds by which its wall clock is wrong
    booted: float  # seconds that its steady clock is ahead
    troubles: list[Trouble]
    dead: bool = True
    frozen: bool = False
    run: int = 0
    kill_in: int = 0
    kill_at_send: bool = False  # before anything of the next message leaves it
    world: Town | None = None
    member: Membership | None = None
    engine: Engine | None = None
    heard: Callable[..., None] | None = None  # is called with what the database notifies
    aside: list[asyncio.Handle] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    alarmed: asyncio.Event = field(default_factory=asyncio.Event)  # it looks at something that fails
    killed: asyncio.Event = field(default_factory=asyncio.Event)
    sends: asyncio.Event = field(default_factory=asyncio.Event)  # it hands something over

    def cut_off(self, now: float) -> bool:
        """Whether it does not reach the database."""
        return any(one.what is Fault.CUT_OFF and one.start <= now < one.end for one in self.troubles)

    def apart(self, start: float, end: float) -> bool:
        """Whether it was frozen or cut off at some time between these, so that others took it for gone while it lived."""
        apart = {Fault.FROZEN, Fault.CUT_OFF}
        return any(one.what in apart and one.start <= end and start <= one.end for one in self.troubles)

    def able(self, now: float) -> bool:
        """Whether it can hold what it has. Who is stopped gives it to the others at once."""
        return self.member is not None and not (self.dead or self.frozen or self.cut_off(now) or self.stop.is_set())

    def fit(self, now: float) -> bool:
        """Whether it has been well for so long that it has taken what is free, and knows all."""
        unwell = any(one.start - 0.5 <= now <= one.end + SETTLED for one in self.troubles)
        return self.engine is not None and not self.dead and not unwell and now > SETTLED

    @property
    def context(self) -> contextvars.Context:
        """What runs in it is this node's."""
        mine = contextvars.copy_context()
        mine.run(NODE.set, self)
        return mine


class Loop(VirtualLoop):
    """What a frozen node would do waits until it goes on, unless it writes: then it freezes after that."""

    def __init__(self, chance: random.Random, disk: Shared) -> None:
        super().__init__(chance)
        self._disk = disk

    def lets(self, handle: asyncio.Handle) -> bool:
        node = handle._context.get(NODE)
        if node is None or not node.frozen or node.dead:
            return True
        if self._disk.holder is not None and self._disk.holder.node is node:
            return True
        node.aside.append(handle)
        return False

    def go_on(self, node: Node) -> None:
        node.frozen = False
        self._ready.extend(node.aside)
        node.aside.clear()

    def _number(self, _loop, work, **more):
        task = super()._number(_loop, work, **more)
        task.node = more["context"].get(NODE) if "context" in more else NODE.get()
        return task

    def of(self, node: Node) -> list[asyncio.Task]:
        return [task for task in asyncio.all_tasks(self) if task.node is node]


class Town(World):
    """The world as the nodes meet it: who is dead reaches nothing, who is cut off no database."""

    loses = 0.0  # how many notifications are lost
    untended = 0.0  # seconds for which a share has had no owner, at most

    @property
    def dead(self) -> bool:
        node = NODE.get()
        return node is not None and node.dead

    @dead.setter
    def dead(self, _value: bool) -> None:
        pass

    @property
    def here(self) -> str:
        return node.name if (node := NODE.get()) else ""

    def _cut(self) -> bool:
        node = NODE.get()
        if node is None or node.dead or not node.kill_in:
            return False
        node.kill_in -= 1
        if not node.kill_in:
            self.kill(node)
        return node.dead

    def turn(self, what: str) -> float | None:
        node = NODE.get()
        if node is None:
            return None
        cut = not node.dead and node.cut_off(self.now)
        if what == "COMMITTED":
            if cut:
                self.occurred["commit in doubt"] += 1
                raise sqlite3.OperationalError("the connection is lost")
            return None
        if cut and not (what == "COMMIT" and self.chance.random() < 0.5):
            raise sqlite3.OperationalError("no route to the server")
        return super().turn(what)

    def look(self, service: str, route: str) -> Look:
        found, node = super().look(service, route), NODE.get()
        if found is not Look.GOOD and node is not None:
            node.alarmed.set()
        return found

    async def step(self) -> None:
        if (node := NODE.get()) is not None:
            node.sends.set()
            if node.kill_at_send:
                self.kill(node)
        await super().step()

    def kill(self, node: Node) -> None:
        """Nothing that it does reaches anything from now on; what it was at unwinds."""
        node.dead, node.kill_in, node.kill_at_send = True, 0, False
        node.killed.set()  # what it held of the database is free at once
        self.loop.go_on(node)
        self.occurred["killed"] += 1
        node.member._entry.forget()

    def notify(self, nodes: list[Node], what: str) -> None:
        for node in nodes:
            if node.heard is None or node.dead or node.cut_off(self.now) or self.chance.random() < self.loses:
                continue
            self.loop.call_later(self.chance.uniform(0, 0.05), _hear, node, what, context=node.context)


def _hear(node: Node, what: str) -> None:
    if node.heard is not None and not node.dead:
        node.heard(None, 0, "", what)

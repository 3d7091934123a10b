"""Looks at a cluster from outside, while it runs: is all done by somebody, and known to everybody?"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from bot.model import ServiceState
from tests.sim.disk import Shared
from tests.sim.nodes import SETTLED, Node, Town
from tests.sim.script import Stretch

STATE = TypeAdapter(ServiceState)
EVERY = 0.5  # seconds
TAKEN = 7.0 + EVERY  # seconds: a lease and one more
KNOWN = 1.0 + EVERY  # seconds


@dataclass
class Lookout:
    """`free`: since when nobody has had a share, or since the last node fell. `lives`: of each node, by its name, which of
    its runs it is, and whether it is able. `behind`: since when a node has not known of a service.
    """

    path: Path
    disk: Shared
    world: Town
    nodes: list[Node]
    free: dict[int | str, float] = field(default_factory=dict)
    lives: dict[str, tuple[int, bool]] = field(default_factory=dict)
    behind: dict[tuple[str, str], float] = field(default_factory=dict)
    states: dict[str, tuple[int, ServiceState]] = field(default_factory=dict)

    async def watch(self) -> None:
        with closing(sqlite3.connect(self.path)) as file:
            while True:
                await asyncio.sleep(EVERY)
                now = self.world.now
                if self._fallen(now):
                    self.free = {share: max(since, now) for share, since in self.free.items()}
                self._able(now)
                fit = [node for node in self.nodes if node.fit(now)]
                if not fit or self.world.script.away.meet(now - SETTLED, now):
                    self.free.clear()
                    self.behind.clear()
                    continue
                self._tended(file)
                self._known(file, fit)

    def _fallen(self, now: float) -> bool:
        """Whether a node has fallen since the last look: for as long as it counts as living, others leave its share to it."""
        before, self.lives = self.lives, {node.name: (node.run, node.able(now)) for node in self.nodes}
        return any(not able and before.get(name) not in {None, (run, able)} for name, (run, able) in self.lives.items())

    def _able(self, now: float) -> None:
        """Note since when each node can watch and write, and when none could."""
        world, able = self.world, {node.name for node in self.nodes if node.able(now)}
        world.able_since = {name: world.able_since.get(name, now) for name in able}
        if not able:
            last = world.unwatched.pop() if world.unwatched and world.unwatched[-1].end > now - 1.5 * EVERY else None
            world.unwatched.append(Stretch(last.start if last else now - EVERY, now))

    def _tended(self, file: sqlite3.Connection) -> None:
        """Whoever is well has all that is to be done within the lease and a second."""
        at, now, world = self.disk.clock(), self.world.now, self.world
        able = {node.member.owner for node in self.nodes if node.able(now)}
        rows = file.execute("SELECT number, owner, until FROM shards UNION ALL SELECT name, owner, until FROM roles")
        for share, owner, until in rows.fetchall():
            if owner in able and until > at:
                world.untended = max(world.untended, now - self.free.pop(share, now))
            elif now - self.free.setdefault(share, now) > TAKEN:
                world.wrong.append(f"nobody has had {share} for {TAKEN} s at {now:.1f} s")
                self.free[share] = float("inf")

    def _known(self, file: sqlite3.Connection, fit: list[Node]) -> None:
        """A node knows within a second what another one has written."""
        now = self.world.now
        for name, version, state in file.execute("SELECT id, version, state FROM services").fetchall():
            if self.states.get(name, (0, None))[0] != version:
                self.states[name] = version, STATE.validate_json(state)
            for node in self.nodes:
                known = node.engine.recorder.states.get(name) if node in fit else None
                if node not in fit or known is self.states[name][1] or known == self.states[name][1]:
                    self.behind.pop((node.name, name), None)
                elif now - self.behind.setdefault((node.name, name), now) > KNOWN:
                    self.world.wrong.append(f"{node.name} has not known of {name} for {KNOWN} s at {now:.1f} s")
                    self.behind[node.name, name] = float("inf")

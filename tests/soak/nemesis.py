"""What befalls a daemon and its database; what befalls its messages is done by `far`. All that was done is in LOG.

A frozen daemon keeps the database to itself: the lock on SQLite's file is the process's, PostgreSQL's advisory lock its
session's, and neither ends for being slow. So nobody takes over from it, and a rival, started meanwhile, is turned away.
When PostgreSQL restarts the session ends, and the lock with it, which nobody takes again: then a rival would be let in.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass

from bot.contracts import Unable
from bot.store import open_store
from tests.soak.databases import Database
from tests.soak.life import TAKEN, World, live
from tests.soak.processes import ending, forked, note

SLOW = 20.0  # seconds without a message after which a daemon counts as stalled
ENOUGH = 120.0  # seconds in which the last life must have told all
DRAIN = 0.1  # seconds until what a dead process had written to its sockets is applied, or committed
UNDER_WAY = "SELECT key FROM deliveries WHERE act = 'post' AND status = 'sending'"


@dataclass
class Nemesis:
    world: World
    database: Database
    chance: random.Random
    life: int = 0
    alone: bool = False  # does the life have the lock that it took?

    def torment(self, woes: list[str]) -> None:
        """Do all of `woes` (cut, kill, freeze, restart, lose), in any order; then let one life tell the rest."""
        self.begin()
        try:
            self.await_telling(0)  # a database of its own to look into
            for woe in self.chance.sample(woes, len(woes)):
                getattr(self, woe)()
            self.kill(last=True)
            self.outlive()
        finally:
            self.end()

    # ── the woes ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def cut(self) -> None:
        """Anywhere in its start; or, however busy the machine is, when it has begun to send."""
        if self.chance.random() < 0.5:
            time.sleep(self.chance.uniform(0, 0.15))
        else:
            self.await_telling(0.03)
        self.behead()
        self.begin()

    def kill(self, *, last: bool = False) -> None:
        """Amid its work."""
        self.await_telling(1)
        self.behead()
        self.begin(last=last)

    def behead(self) -> None:
        self.end()
        time.sleep(DRAIN)
        note(self.world.log, killed=self.under_way())

    def freeze(self) -> None:
        """For longer than a lease: when it wakes up, what it was sending is its own no more."""
        self.await_telling(1)
        os.kill(self.life, signal.SIGSTOP)
        time.sleep(DRAIN)
        under_way = self.under_way()  # now: a rival that is let in would tell the database that nobody sends
        rival = self.rival() if self.alone else 0
        time.sleep(1.5 * self.world.lease)
        if rival:
            note(self.world.log, rival={0: "in", TAKEN: "turned away"}[ending(rival)])
        note(self.world.log, frozen=under_way)
        os.kill(self.life, signal.SIGCONT)

    def restart(self, away: float = 0) -> None:
        self.await_telling(1)
        with self.database.away():
            time.sleep(away)
        self.alone = self.alone and not self.database.forgets
        note(self.world.log, restarted=away)

    def lose(self) -> None:
        """The database, for longer than a lease."""
        self.restart(1.5 * self.world.lease)

    # ── lives ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, *, last: bool = False) -> None:
        seed = self.chance.getrandbits(32)
        self.life = forked(lambda: live(self.world, seed, last=last))
        self.alone = True

    def end(self) -> None:
        if self.life:
            os.kill(self.life, signal.SIGKILL)
            os.waitpid(self.life, 0)
            self.life = 0

    def rival(self) -> int:
        """Start a second daemon on the same database, which leaves at once if it is let in."""
        return forked(lambda: asyncio.run(enter(self.world.database)))

    def await_telling(self, more: float) -> None:
        """Until it tells something, and up to so many seconds more."""
        told, limit = self.told(), time.monotonic() + SLOW
        while self.told() == told:
            if time.monotonic() > limit:
                note(self.world.log, stalled=True)
                return
            self.revive()
            time.sleep(0.005)
        time.sleep(self.chance.uniform(0, more))

    def revive(self) -> None:
        """As an operator's supervisor would."""
        ended, how = os.waitpid(self.life, os.WNOHANG)
        if ended:
            note(self.world.log, fell=os.waitstatus_to_exitcode(how))
            self.begin()

    def outlive(self) -> None:
        limit = time.monotonic() + ENOUGH
        while time.monotonic() < limit:
            ended, how = os.waitpid(self.life, os.WNOHANG)
            if ended:
                self.life = 0
                note(self.world.log, ended=os.waitstatus_to_exitcode(how))
                return
            time.sleep(0.02)

    # ── what there is to see ─────────────────────────────────────────────────────────────────────────────────────────

    def told(self) -> int:
        """How much was."""
        text = self.world.log.read_bytes()
        return text.count(b'{"applied"') + text.count(b'{"rewrote"')

    def under_way(self) -> list[str]:
        """Keys of the messages whose answer, if there was one, is not on record."""
        return [key for (key,) in self.database.rows(UNDER_WAY)]


async def enter(url: str) -> int:
    try:
        async with open_store(url, alone=True):
            return 0
    except Unable:
        return TAKEN

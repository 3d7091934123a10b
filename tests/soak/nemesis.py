"""What befalls a daemon and its database; what befalls its messages is done by `far`. All that was done is in LOG.

Now and then a rival is started: a second daemon on the same database. SQLite's file is held by a lock of the process, which
does not end for being slow: the rival of a frozen daemon is turned away. PostgreSQL is held by a row that has to be renewed:
the rival of a frozen daemon is let in once that has run out, and never before. Then the frozen one, when it wakes up, is
fenced: it tells nothing more and ends at once, and is started anew, as a supervisor would. A server that restarts still has
the row, so a restart lets nobody in.
"""

from __future__ import annotations

import asyncio
import math
import os
import random
import signal
import time
from dataclasses import dataclass

from bot.contracts import Unable
from bot.store import open_store
from tests.soak.databases import Database
from tests.soak.life import FENCED, TAKEN, World, live
from tests.soak.processes import ending, forked, note

SLOW = 20.0  # seconds without a message after which a daemon counts as stalled
ENOUGH = 120.0  # seconds in which the last life must have told all
DRAIN = 0.1  # seconds until what a dead process had written to its sockets is applied, or committed
STANDS_BY = 90.0  # seconds in which a rival must be let in where the hold runs out, if it is started again and again
AMPLE = 2.0  # seconds that a hold must still last, for a rival to be turned away for sure
UNDER_WAY = "SELECT key FROM deliveries WHERE act = 'post' AND status = 'sending'"


@dataclass
class Nemesis:
    world: World
    database: Database
    chance: random.Random
    life: int = 0
    freezes: int = 0

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
        """For longer than a message's lease: when it wakes up, what it was sending is its own no more. Every other time
        a rival comes meanwhile.
        """
        self.await_telling(1)
        os.kill(self.life, signal.SIGSTOP)
        time.sleep(DRAIN)
        under_way = self.under_way()  # now: a rival that is let in tells the database that nobody sends
        self.freezes += 1
        let_in = self.freezes % 2 and self.rival(STANDS_BY if self.database.held_until() < math.inf else 0)
        time.sleep(1.5 * self.world.lease)
        note(self.world.log, frozen=under_way)
        os.kill(self.life, signal.SIGCONT)
        if let_in:
            self.await_fencing()

    def restart(self) -> None:
        """Also, a rival uses the opportunity."""
        self.lose(0)
        limit = time.monotonic() + SLOW
        while self.database.held_until() < time.time() + AMPLE and time.monotonic() < limit:
            time.sleep(0.05)  # the machine is slow: wait until the hold is renewed
        if self.rival():
            self.await_fencing()

    def lose(self, away: float | None = None) -> None:
        """The database, for longer than a message's lease."""
        away = 1.5 * self.world.lease if away is None else away
        self.await_telling(1)
        with self.database.away():
            time.sleep(away)
        note(self.world.log, restarted=away)

    # ── lives ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def begin(self, *, last: bool = False) -> None:
        seed = self.chance.getrandbits(32)
        self.life = forked(lambda: live(self.world, seed, last=last))

    def end(self) -> None:
        if self.life:
            os.kill(self.life, signal.SIGKILL)
            os.waitpid(self.life, 0)
            self.life = 0

    def rival(self, persists: float = 0) -> bool:
        """Start a second daemon on the same database, again and again for so many seconds; let in, it leaves at once.

        Was it let in?
        """
        held_until, began = self.database.held_until(), time.monotonic()
        while True:
            code = ending(forked(lambda: asyncio.run(enter(self.world, held_until))))
            if code != TAKEN or time.monotonic() - began > persists:
                break
        note(self.world.log, rival={0: "in", TAKEN: "turned away"}[code])
        return code == 0

    def await_fencing(self) -> None:
        """Until the life that was replaced has expired, of itself; then start it anew."""
        limit = time.monotonic() + SLOW
        while not self.revive():
            if time.monotonic() > limit:
                note(self.world.log, stalled=True)
                return
            time.sleep(0.005)

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

    def revive(self) -> bool:
        """As an operator's supervisor would. Had it ended?"""
        ended, how = os.waitpid(self.life, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(how)
            note(self.world.log, **({"fenced": ended} if code == FENCED else {"fell": code}))
            self.begin()
        return bool(ended)

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


async def enter(world: World, held_until: float) -> int:
    """Note if the hold, which was another's until then, is ours before it."""
    try:
        async with open_store(world.database, alone=True):
            note(world.log, holds=os.getpid(), early=time.time() < held_until)
            return 0
    except Unable:
        return TAKEN

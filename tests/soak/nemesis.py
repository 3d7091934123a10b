"""What befalls a daemon and its database; what befalls its messages is done by `far`. All that was done is in LOG.

Now and then a rival is started: a second daemon on the same database. SQLite's file is held by a lock of the process, which
does not end for being slow: the rival of a frozen daemon is turned away. On PostgreSQL it is another node: it takes over what
a frozen one has once its leases have run out, and never before; from one that lives it gets its share. When it leaves, the
first one goes on with all.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from dataclasses import dataclass

from bot.contracts import Unable
from bot.model.cluster import SHARDS
from bot.store import open_store
from tests.soak.databases import Database
from tests.soak.life import FENCED, TAKEN, World, live
from tests.soak.processes import ending, forked, note

SLOW = 20.0  # seconds without a message after which a daemon counts as stalled
ENOUGH = 120.0  # seconds in which the last life must have told all
DRAIN = 0.1  # seconds until what a dead process had written to its sockets is applied, or committed
STANDS_BY = 90.0  # seconds in which another node must have its share
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
        if self.freezes % 2:
            self.rival(self.database.held_until())
        time.sleep(1.5 * self.world.lease)
        note(self.world.log, frozen=under_way)
        os.kill(self.life, signal.SIGCONT)

    def restart(self) -> None:
        """Also, a rival uses the opportunity."""
        self.lose(0)
        limit = time.monotonic() + SLOW
        while self.database.held_until() < time.time() + AMPLE and time.monotonic() < limit:
            time.sleep(0.05)  # the machine is slow: wait until the hold is renewed
        self.rival()

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

    def rival(self, not_before: float = 0) -> None:
        """Start a second daemon on the same database; once it has its share, it leaves. `not_before`: too early for that."""
        code = ending(forked(lambda: asyncio.run(enter(self.world, not_before))))
        note(self.world.log, rival={0: "in", TAKEN: "turned away"}[code])

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


async def enter(world: World, not_before: float) -> int:
    """Note if something that was another's until then is ours before it."""
    try:
        async with open_store(world.database, alone=True) as store, asyncio.timeout(STANDS_BY):
            while not any(map(store.ownership.owns, range(SHARDS))):
                await asyncio.sleep(0.02)
            note(world.log, early=time.time() < not_before)
            return 0
    except Unable:
        return TAKEN

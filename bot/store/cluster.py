"""A node of a cluster: beats by the database's clock, takes and releases shares, and keeps others' writes out."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.clock import EPOCH, steady
from bot.contracts import StoreUnavailable
from bot.judge import rendezvous
from bot.model import delivering
from bot.model.cluster import (
    CHANNEL,
    SHARDS,
    Claim,
    ClusterView,
    Lease,
    Node,
    Share,
    channel_role,
    shard_of,
)
from bot.store import cluster_statements as sql
from bot.store.deliveries.statements import requeue_in_flight
from bot.store.engine import Database, fenced
from bot.store.ownership import Changed
from bot.store.registration import NodeFacts, Registration, session

log = logging.getLogger(__name__)

LASTS = 6.0  # seconds until a lease expires without renewal, and a silent node counts as gone
BEAT_EVERY = 2.0  # seconds between two beats
MARGIN = 0.5  # seconds before a lease ends in which nothing is sent on it any more
AWAITED = 3.0  # seconds to wait for the next beat, after a freeze
PATIENCE = 15.0  # seconds to watch another daemon of our name: it beats, or it is gone
PROMPT = 0.5  # seconds: an answer that took longer does not tell the time well enough
JUST_AFTER = 0.05  # seconds after the end of another's lease, and least time between two beats
LOOK_EVERY = 0.2  # seconds between two looks at it, or at shards without an owner
LOOKS = 10  # such looks, before the usual pace is kept
LATE = 0.5  # seconds after which a beat that was due is missed: nothing that is free is left to that node any more
GIVING_BACK = 0.5  # seconds to leave at a stop


@dataclass(frozen=True, slots=True)
class Seen:
    """What a beat found, and what is ours after it."""

    owner: str
    nodes: tuple[Node, ...] = ()
    leases: tuple[Lease, ...] = ()
    owned: Mapping[Share, int] = field(default_factory=dict)


@dataclass
class Membership:
    """Our part in a cluster. Seconds: `lasts` a lease, `gone` is a node that was silent for so long, `every` we beat."""

    database: Database
    facts: NodeFacts = field(default_factory=NodeFacts)
    lasts: float = LASTS
    gone: float = LASTS
    every: float = BEAT_EVERY
    steady: Callable[[], float] = steady
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    fenced: Counter[str] = field(default_factory=Counter)
    requeued: int = 0  # deliveries that previous owners of our roles had in hand
    unfenced: bool = False  # for a test only: shows that the fence is needed

    def __post_init__(self) -> None:
        self._entry = Registration(self.database.name, self.facts, self.gone)
        self._owned: dict[Share, int] = {}
        self._yielding: set[Share] = set()
        self._deadline = self._beat_at = self.steady()
        self._seen = Seen("")
        self._named: dict[str, frozenset[str]] = {}  # services, by the checksum of their names
        self._changed: list[Changed] = []
        self._ahead: float | None = None  # seconds by which the database's clock is ahead of the steady one
        self._wake, self._beaten = asyncio.Event(), asyncio.Event()
        self._looks = 0  # in a row, at shards without an owner
        self._busy: Callable[[Share], bool] = lambda _share: False

    @property
    def name(self) -> str:
        return self._entry.name

    @property
    def owner(self) -> str:
        return self._entry.owner

    # ── the contract ─────────────────────────────────────────────────────────────────────────────────────────────────

    def share_of(self, service: str) -> Share:
        kind = service.removesuffix(delivering(""))
        role = channel_role(kind)
        return role if kind != service and role in self._entry.roles else shard_of(service)

    def owns(self, share: Share) -> bool:
        return share in self._owned and share not in self._yielding

    def plays(self, share: Share) -> bool:
        return self.owns(share) and (self.steady() <= self._deadline or self.alone)

    def epoch(self, service: str) -> int | None:
        share = self.share_of(service)
        return self._owned.get(share) if self.owns(share) else None

    def claim(self, service: str) -> Claim | None:
        return self.claim_on(self.share_of(service))

    def claim_on(self, share: Share) -> Claim:
        if (epoch := self._owned.get(share)) is None:
            raise self._refused("memory")
        return Claim(share, epoch)

    def claims(self, roles: Collection[str]) -> frozenset[Claim]:
        """Our claims on roles, for a write that belongs to them."""
        return frozenset(map(self.claim_on, roles))

    async def ours(self, share: Share) -> None:
        await self.catch_up()
        if self.lost.is_set() or self.steady() > self._deadline or share not in self._owned:
            raise self._refused("send")

    async def catch_up(self) -> None:
        if self.steady() <= self._deadline:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(AWAITED):
                # The first beat to end after a freeze may have begun before it.
                while self.steady() > self._deadline and not self.lost.is_set():
                    await self._beaten.wait()

    async def offer(self, services: Collection[str] = (), roles: Collection[str] = ()) -> None:
        if self._entry.offer(services, roles):
            await self.beat()

    def restate(self, config_hash: str, services: Collection[str]) -> None:
        self._entry.restate(config_hash, services)
        self.wake()

    def finish_first(self, busy: Callable[[Share], bool]) -> None:
        self._busy = busy

    def on_change(self, changed: Changed) -> None:
        self._changed.append(changed)

    def see(self, *, online: bool) -> None:
        if self._entry.blind == online:
            self._entry.blind = not online
            self.wake()

    @property
    def blind(self) -> bool:
        return self._entry.blind

    @property
    def others_see(self) -> bool:
        alive = (node for node in self._seen.nodes if node.age < self.gone and node.name != self.name)
        return any(not node.blind for node in alive)

    @property
    def wall(self) -> Callable[[], datetime]:
        return lambda: EPOCH + timedelta(seconds=self.steady() + (self._ahead or 0.0))

    @property
    def alone(self) -> bool:
        """Whether no other node lived at the last beat."""
        return not any(node.age < self.gone and node.name != self.name for node in self._seen.nodes)

    def view(self) -> ClusterView:
        since = self.steady() - self._beat_at
        found = rendezvous.cluster_view(self.name, self._seen.nodes, self._seen.leases, since, self.gone + self.every)
        return replace(found, fenced=self.fenced.total(), requeued=self.requeued)

    def named(self) -> frozenset[str]:
        """The services that the config of any live node names."""
        different = {node.services for node in self._seen.nodes if node.age < self.gone}
        return different.pop() if len(different) == 1 else frozenset().union(*different)  # asked for at each look

    # ── joining and leaving ──────────────────────────────────────────────────────────────────────────────────────────

    async def join(self) -> bool:
        """Register under our name, or the first free one of the host's; False if a living daemon has the name."""
        seen, ends = None, self.steady() + PATIENCE
        while True:
            other = await self.database.write_aside(self._entry.enter)
            if other is None:
                await self.beat()
                return True
            if (seen is not None and other < seen) or self.steady() > ends:
                return False
            seen = other
            await asyncio.sleep(LOOK_EVERY)

    async def leave(self) -> None:
        """Release everything, so that nobody needs to wait."""
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(GIVING_BACK):
                await self.database.write_aside(self._entry.leave)
        self._entry.forget()

    # ── beats ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def wake(self) -> None:
        """Beat now: something changes hands."""
        self._wake.set()

    async def keep(self) -> None:
        """Beat again and again, until cancelled or until another daemon has our name."""
        while not self.lost.is_set():
            self._wake.clear()
            wait = self.every
            with suppress(StoreUnavailable):  # the database is away: readers and writers report it
                await self.beat()
                wait = min(wait, self._next_end(), self._left_over())
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    def _next_end(self) -> float:
        """Seconds until the next lease of another node ends, as of the last beat: what a dead one had is taken then."""
        since = self.steady() - self._beat_at
        others = [one.left for one in self._seen.leases if one.owner != self.owner and not one.free]
        return max(min(others, default=self.every) - since, 0.0) + JUST_AFTER

    def _left_over(self) -> float:
        """Seconds until the next look at shards that nobody had taken: what was planned for another node a moment ago, or
        was still held by a transaction of the last owner, may be ours to take.
        """
        orphans = any(
            one.free and (isinstance(one.share, int) or one.share in self._entry.roles) and one.share not in self._owned
            for one in self._seen.leases
        )
        self._looks = self._looks + 1 if orphans else 0
        return LOOK_EVERY if 0 < self._looks <= LOOKS else self.every

    async def beat(self) -> None:
        """Give a sign of life, renew what is ours, release what another node should own, take what we should."""
        began = self.steady()
        for _ in range(2):
            if not self._entry.told:  # in a transaction of its own: a beat holds rows for which this may wait
                await self.database.write_aside(self._entry.register)
            seen = await self.database.write_aside(self._beat)
            if self._entry.told:
                break
        if seen.owner != self.owner:
            self.lost.set()
            return
        self._deadline, self._beat_at = began + self.lasts - MARGIN, began
        self._seen = seen
        self._beaten.set()
        self._beaten = asyncio.Event()
        before, self._owned = self._owned, dict(seen.owned)
        self._yielding &= self._owned.keys()
        won = frozenset(share for share, epoch in seen.owned.items() if before.get(share) != epoch)
        gone = frozenset(before.keys() - seen.owned.keys())
        if won or gone:
            log.info(
                "node %s: %d shares taken, %d released, %d owned", self.name, len(won), len(gone), len(self._owned)
            )
            for changed in self._changed:
                changed(won, gone)

    async def _beat(self, connection: AsyncConnection) -> Seen:
        facts = {"name": self.name, "owner": self.owner, "blind": self._entry.blind, "lasts": self.lasts}
        before = self.steady()
        owner, now = (await connection.execute(sql.BEAT, facts | {"session": session(self.owner)})).one()[:2]
        if (took := self.steady() - before) < PROMPT or self._ahead is None:
            self._ahead = now - before - took / 2
        if owner not in {None, self.owner}:
            return Seen(owner)
        if owner is None:
            self._entry.renew()  # an older state of the database was put back
            return Seen(self.owner, self._seen.nodes, self._seen.leases)
        nodes = await self._nodes(connection)
        leases = await self._leases(connection)
        owned = {lease.share: lease.epoch for lease in leases if lease.owner == self.owner}
        plan = rendezvous.plan(nodes, leases, min(self.gone, self.every + LATE))
        await self._release(connection, [share for share in owned if plan.get(share) != self.name], owned)
        # Whoever could not beat himself knows nothing of others: the database was away for all, and they come back next.
        judges = before - self._beat_at <= self.lasts or not self._seen.nodes
        mine = [
            one.share
            for one in leases
            if one.free and one.owner != self.owner and plan.get(one.share) == self.name and (judges or not one.owner)
        ]
        await self._take(connection, mine, leases, owned)
        return Seen(self.owner, nodes, leases, owned)

    async def _nodes(self, connection: AsyncConnection) -> tuple[Node, ...]:
        rows = (await connection.execute(sql.NODES)).all()
        known = self._named
        self._named = {row.named: known[row.named] for row in rows if row.named in known}
        for row in rows:
            if row.named not in self._named:  # thousands of names, which hardly ever change
                written = await connection.scalar(sql.SERVICES, {"owner": row.owner})
                self._named[row.named] = frozenset(json.loads(written or "[]"))
        return tuple(
            Node(
                row.name,
                row.owner,
                row.age,
                row.version,
                row.config_hash,
                self._named[row.named],
                frozenset(json.loads(row.roles)),
                row.blind,
            )
            for row in rows
        )

    async def _leases(self, connection: AsyncConnection) -> tuple[Lease, ...]:
        rows = (await connection.execute(sql.LEASES)).all()
        if sum(row.name is None for row in rows) < SHARDS:
            self._entry.renew()  # an older state of the database was put back
        return tuple(
            Lease(row.number if row.name is None else row.name, row.owner, row.epoch, row.lasts) for row in rows
        )

    async def _release(self, connection: AsyncConnection, shares: Iterable[Share], owned: dict[Share, int]) -> None:
        leaving = self._yielding = {share for share in shares if share in owned}  # first of all: nothing new begins
        gone = {share for share in leaving if not self._busy(share)}
        for statement, part in zip(sql.GIVE, sql.parts(gone), strict=True):
            if part:
                await connection.execute(statement, {"owner": self.owner, "shares": part})
        for share in gone:
            del owned[share]
        if gone:
            await connection.execute(sql.TELL, {"what": "beat"})

    async def _take(
        self, connection: AsyncConnection, mine: Sequence[Share], leases: Sequence[Lease], owned: dict[Share, int]
    ) -> None:
        taken: dict[Share, int] = {}
        for statement, part in zip(sql.TAKE, sql.parts(mine), strict=True):
            if part:
                facts = {"owner": self.owner, "shares": part, "lasts": self.lasts}
                taken.update((share, epoch) for share, epoch in await connection.execute(statement, facts))
        owned |= taken
        kinds = [share.removeprefix(CHANNEL) for share in taken if isinstance(share, str) and share.startswith(CHANNEL)]
        if kinds:  # whoever had them sends no more: it has released them, or its lease is over
            self.requeued += await requeue_in_flight(connection, kinds)
        left = set(mine) - taken.keys()
        if held := {one.owner or self._entry.predecessor for one in leases if one.share in left} - {""}:
            await connection.execute(sql.CUT_OFF, {"sessions": [session(owner) for owner in held]})

    # ── the fence ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def guard(
        self, connection: AsyncConnection, claims: Collection[Claim], *, hold: bool = True
    ) -> frozenset[Claim]:
        """Limit the time of a transaction, and return which of its claims are not good any more; `hold`: the others stay
        good until its end.
        """
        if not claims:
            await connection.execute(sql.GUARD, {"session": session(self.owner)})
            return frozenset()
        shards = [claim for claim in claims if isinstance(claim.share, int)]
        roles = [claim for claim in claims if isinstance(claim.share, str)]
        facts = {
            "session": session(self.owner),
            "owner": self.owner,
            "numbers": [claim.share for claim in shards],
            "number_epochs": [claim.epoch for claim in shards],
            "names": [claim.share for claim in roles],
            "name_epochs": [claim.epoch for claim in roles],
        }
        row = (await connection.execute(sql.FENCE if hold else sql.GLANCE, facts)).one()
        good = {*row.numbers, *row.names}
        refused = frozenset(claim for claim in claims if claim.share not in good and not self.unfenced)
        if refused:
            self.fenced["write"] += len(refused)
            log.info("node %s: %d writes refused, as another node owns them by now", self.name, len(refused))
            self.wake()
        return refused

    def _refused(self, what: str) -> StoreUnavailable:
        self.fenced[what] += 1
        return fenced(self.database.name)

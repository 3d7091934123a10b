"""A node's row among the nodes: its name, which nobody else has, what it can do, and whether its process has ended."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.contracts import StoreUnavailable
from bot.store import cluster_statements as sql
from bot.store.engine import MIGRATING

NAMESAKES = 100  # nodes of one host that are told apart by a number

_here: set[str] = set()  # the owners that live in this process


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node tells of itself. `name`: "" for the host's, made unique by a number."""

    name: str = ""
    version: str = ""
    config_hash: str = ""


def session(owner: str) -> str:
    """The name that the sessions of an owner bear while they write."""
    return f"tocsin {owner}"[:63]


def host() -> str:
    return (socket.gethostname().partition(".")[0] or "node").replace("/", "-")[:40]


@dataclass
class Registration:
    """`database`: its name. `gone`: seconds after which a silent node counts as gone.

    `owner`: the name with a number of this run. `predecessor`: a dead daemon that had the name.
    """

    database: str
    facts: NodeFacts
    gone: float
    name: str = field(init=False)
    owner: str = ""
    predecessor: str = ""
    blind: bool = False
    services: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    _told: tuple[frozenset[str], frozenset[str]] | None = (frozenset(), frozenset())
    _run: str = field(default_factory=lambda: uuid4().hex[:12])

    def __post_init__(self) -> None:
        self.name = self.facts.name

    def offer(self, services: Collection[str], roles: Collection[str]) -> bool:
        """Do these as well from now on. True if they have to be told."""
        if not (self.services.issuperset(services) and self.roles.issuperset(roles)):
            self.services, self.roles = self.services.union(services), self.roles.union(roles)
        return not self.told

    @property
    def told(self) -> bool:
        """Whether our row says all that we can do."""
        return self._told == (self.services, self.roles)

    def restate(self, config_hash: str, services: Collection[str]) -> None:
        """Write our row anew, with another config's hash and services."""
        self.facts, self.services = replace(self.facts, config_hash=config_hash), frozenset(services)
        self.renew()

    def renew(self) -> None:
        """Write our row anew with the next beat."""
        self._told = None

    async def enter(self, connection: AsyncConnection) -> float | None:
        """Register under our name, or the first free one of the host's. The age of the other daemon's last sign of life if
        that is in our way. Raise StoreUnavailable if a daemon of an older version runs.
        """
        await self._refuse_older(connection)
        await connection.execute(sql.ONE_AT_A_TIME)
        names = [self.facts.name] if self.facts.name else [host(), *(f"{host()}-{n}" for n in range(2, NAMESAKES))]
        age = 0.0
        for name in names:
            row = (await connection.execute(sql.NODE, {"name": name})).one_or_none()
            if row is None or row.age >= self.gone or (row.owner not in _here and has_ended(row.process)):
                self.name, self.owner = name, f"{name}/{self._run}"
                if row is not None:
                    await self._bury(connection, row.owner)
                await self.register(connection)
                _here.add(self.owner)
                return None
            age = row.age
        return age

    async def register(self, connection: AsyncConnection) -> None:
        """Write our row, and those of the shares that are missing."""
        await connection.execute(sql.ONE_AT_A_TIME)
        await connection.execute(sql.REGISTER, self._row())
        self._told = self.services, self.roles
        await connection.execute(sql.NEW_SHARDS)
        await connection.execute(sql.NEW_ROLES, {"names": sorted(self.roles)})
        await connection.execute(sql.LONG_GONE)

    async def leave(self, connection: AsyncConnection) -> None:
        """Release everything, and tell the others."""
        for statement in sql.GIVE_ALL:
            await connection.execute(statement, {"owner": self.owner})
        await connection.execute(sql.LEAVE, {"name": self.name, "owner": self.owner})
        await connection.execute(sql.TELL, {"what": "beat"})

    def forget(self) -> None:
        """From now on this owner is dead, though its process lives."""
        _here.discard(self.owner)

    async def _bury(self, connection: AsyncConnection, owner: str) -> None:
        """Release what a dead daemon of our name owned."""
        self.predecessor = owner
        for statement in sql.GIVE_ALL:
            await connection.execute(statement, {"owner": owner})

    async def _refuse_older(self, connection: AsyncConnection) -> None:
        older = (await connection.execute(sql.OLDER, {"number": MIGRATING + 1})).one()
        until = 0.0
        with suppress(ValueError, TypeError, AttributeError):
            until = float(json.loads(older.value or "{}").get("until", 0.0))
        if until > older.now or older.locked:
            raise StoreUnavailable(
                f"cannot use the database {self.database}: a Tocsin of an older version is running on it"
            )

    def _row(self) -> dict[str, object]:
        return {
            "name": self.name,
            "owner": self.owner,
            "process": this_process(),
            "version": self.facts.version,
            "config_hash": self.facts.config_hash,
            "services": json.dumps(sorted(self.services)),
            "roles": json.dumps(sorted(self.roles)),
            "blind": self.blind,
        }


@cache
def this_process() -> str:
    """Our machine's boot, pid namespace and process; "" without /proc."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()
        return f"{socket.gethostname()}/{boot}/{Path('/proc/self/ns/pid').readlink()}/{_started(str(os.getpid()))}"
    return ""


def has_ended(process: str) -> bool:
    """Whether a process of this machine has ended, or is this one; False where that cannot be known."""
    here, _, number = this_process().rpartition("/")
    there, _, other = process.rpartition("/")
    return bool(here) and here == there and (other == number or not _runs(other))


def _started(pid: str) -> str:
    """The process and its start time, as process ids are reused."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return f"{pid}:{stat.rpartition(')')[2].split()[19]}"


def _runs(process: str) -> bool:
    pid = process.partition(":")[0]
    return pid.isdigit() and _started(pid) == process

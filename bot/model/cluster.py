"""The nodes of a cluster, and the shares that each of them owns."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from zlib import crc32

SHARDS = 256
SCHEDULER = "scheduler"  # the role of periodic jobs
CHANNEL = "channel:"  # before a kind of channel: the role that sends and listens there

Share = int | str
"""The number of a shard, or the name of a role."""


@lru_cache(maxsize=1 << 17)
def shard_of(service: str) -> int:
    """The shard of a service; the same in every process and release."""
    return crc32(service.encode(errors="replace")) % SHARDS


def channel_role(kind: str) -> str:
    """The role of a kind of channel."""
    return f"{CHANNEL}{kind}"


@dataclass(frozen=True, slots=True)
class Claim:
    """A share that was ours, with its epoch: it counts up whenever the share changes its owner."""

    share: Share
    epoch: int


@dataclass(frozen=True, slots=True)
class Lease:
    """Who owns a share, and for how many seconds from now on; negative if that time is over."""

    share: Share
    owner: str
    epoch: int
    left: float

    @property
    def free(self) -> bool:
        return not self.owner or self.left <= 0


@dataclass(frozen=True, slots=True)
class Node:
    """A daemon that shares the database.

    `owner`: its name with the number of its run. `age`: seconds since its last beat. `services`: what its config names.
    `roles`: those that it can play. `blind`: its own connection fails.
    """

    name: str
    owner: str
    age: float = 0.0
    version: str = ""
    config_hash: str = ""
    services: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    blind: bool = False


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node as people see it."""

    name: str
    alive: bool
    blind: bool
    version: str
    config_hash: str
    age: float  # seconds since its last beat
    shards: int
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterView:
    """All nodes, as one of them saw them; without nodes where there is no cluster."""

    ours: str = ""
    nodes: tuple[NodeView, ...] = ()
    free: int = 0  # shards that nobody owns
    fenced: int = 0  # writes that this node was refused
    requeued: int = 0  # deliveries that a dead node had begun and it took over
    lease_age: float = 0.0  # seconds since this node's leases were renewed
    differing: tuple[str, ...] = field(default=())  # names of live nodes with another config

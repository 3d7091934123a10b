"""The cluster as people see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.model.cluster import SHARDS, ClusterView, Lease, Node, NodeView


def view(ours: str, nodes: Sequence[Node], leases: Sequence[Lease], since: float, gone: float) -> ClusterView:
    """What the node `ours` found at its last beat, `since` seconds ago. `gone`: seconds of silence after which a node
    counts as gone.
    """
    shards = Counter(lease.owner for lease in leases if isinstance(lease.share, int) and not lease.free)
    seen = tuple(_shown(node, since, gone, shards[node.owner], leases) for node in nodes)
    own = next((node.config_hash for node in seen if node.name == ours), "")
    differing = tuple(node.name for node in seen if node.alive and node.config_hash != own)
    return ClusterView(ours, seen, SHARDS - shards.total(), lease_age=since, differing=differing)


def _shown(node: Node, since: float, gone: float, shards: int, leases: Sequence[Lease]) -> NodeView:
    roles = [one.share for one in leases if isinstance(one.share, str) and one.owner == node.owner and not one.free]
    age = node.age + since
    return NodeView(
        node.name, age < gone, node.blind, node.version, node.config_hash, age, shards, tuple(sorted(roles))
    )

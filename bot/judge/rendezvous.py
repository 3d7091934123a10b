"""The nodes of a cluster: which should own which share, by rendezvous hashing; and how people see them (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from zlib import crc32

from bot.model.cluster import SHARDS, ClusterView, Lease, Node, NodeView, Share, shard_of


@lru_cache(maxsize=1 << 14)
def weight(share: Share, node: str) -> tuple[int, str]:
    """How much a node is suited for a share: among all nodes the one with the highest weight is."""
    # Twice, as neighbouring numbers give neighbouring checksums.
    return crc32(f"{crc32(f'{node}@{share}'.encode(errors='replace')):08x}{share}".encode()), node


def seeing(nodes: Iterable[Node], lasts: float) -> tuple[Node, ...]:
    """The nodes that may own something: those that live and see the world, or if all are blind, those that live."""
    alive = tuple(node for node in nodes if node.age < lasts)
    return tuple(node for node in alive if not node.blind) or alive


def plan(nodes: Sequence[Node], leases: Sequence[Lease], silent: float) -> dict[Share, str]:
    """The name of the node that should own each share. One that was silent for so many seconds gets none, as it may be
    dead: if it lives, it keeps what it has until its lease ends.
    """
    fit = seeing(nodes, silent)
    names = {node.owner: node.name for node in fit}
    shares = [lease.share for lease in leases]
    owners = {lease.share: names[lease.owner] for lease in leases if lease.owner in names and not lease.free}
    shards = sorted(share for share in shares if isinstance(share, int))
    roles = sorted(share for share in shares if isinstance(share, str))
    only: dict[Share, frozenset[str]] = {
        role: can for role in roles if len(can := frozenset(n.name for n in fit if role in n.roles)) < len(fit)
    }
    here = set(names.values())
    return wanted(shards, owners, here, able(shards, fit)) | wanted(roles, owners, here, only)


def able(shards: Iterable[int], nodes: Sequence[Node]) -> dict[Share, frozenset[str]]:
    """For each shard, the nodes whose configs name all of its services that any of these configs names.

    Missing where that is every node, as it is whenever the configs are the same, or no node: then any may have it.
    """
    if len({node.services for node in nodes}) <= 1:
        return {}
    named: dict[int, dict[str, set[str]]] = {}
    for node in nodes:
        for service in node.services:
            named.setdefault(shard_of(service), {}).setdefault(service, set()).add(node.name)
    found: dict[Share, frozenset[str]] = {}
    for shard in shards:
        fit = frozenset.intersection(*map(frozenset, named[shard].values())) if shard in named else frozenset()
        if fit and len(fit) < len(nodes):
            found[shard] = fit
    return found


def wanted(
    shares: Sequence[Share],
    owners: Mapping[Share, str],
    nodes: Collection[str],
    only: Mapping[Share, Collection[str]] | None = None,
) -> dict[Share, str]:
    """The node that should own each share; `owners`: the present ones, by name, as far as they live.

    Every node gets as many as the next, but for one. A share stays where it is unless its node has too many: so a node
    that comes or goes moves its fair share and no more. `only`: the shares that not every node can have, outside these
    quotas; without a node that can, a share is left out.
    """
    found: dict[Share, str] = {}
    if not nodes:
        return found
    for share, fit in (only or {}).items():
        candidates = [node for node in fit if node in nodes]
        if owners.get(share) in candidates:
            found[share] = owners[share]
        elif candidates:
            found[share] = max(candidates, key=lambda node, share=share: weight(share, node))  # type: ignore[misc]
    rest = [share for share in shares if share not in (only or {})]
    return found | _even(rest, owners, nodes)


def _even(shares: Sequence[Share], owners: Mapping[Share, str], nodes: Collection[str]) -> dict[Share, str]:
    kept: dict[str, list[Share]] = {node: [] for node in nodes}
    for share in shares:
        if (owner := owners.get(share)) in kept:
            kept[owner].append(share)
    least, more = divmod(len(shares), len(nodes))
    quotas: dict[str, int] = {}
    for place, node in enumerate(sorted(nodes, key=lambda node: (-len(kept[node]), node))):
        quotas[node] = least + (place < more)
        kept[node].sort(key=lambda share, node=node: weight(share, node), reverse=True)  # type: ignore[misc]
        del kept[node][quotas[node] :]
    found = {share: node for node, own in kept.items() for share in own}
    for share in shares:
        if share not in found:
            open_to = [node for node in nodes if len(kept[node]) < quotas[node]]
            node = max(open_to, key=lambda node, share=share: weight(share, node))  # type: ignore[misc]
            kept[node].append(share)
            found[share] = node
    return found


def cluster_view(ours: str, nodes: Sequence[Node], leases: Sequence[Lease], since: float, gone: float) -> ClusterView:
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

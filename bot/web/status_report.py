"""What `tocsin status` prints, whether the running daemon says it or the command itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot import wording
from bot.model import Confidence, Overview, Style
from bot.model.cluster import SHARDS, ClusterView


@dataclass(frozen=True, slots=True)
class Report:
    """Lines, and whether something is down. `known`: whether there is such a service; the line then says what there is."""

    lines: tuple[str, ...]
    down: bool = False
    known: bool = True


def report(overview: Overview, style: Style, service: str | None, cluster: ClusterView) -> Report:
    """The state of all services, or of one."""
    names = [one.id for one, _ in overview.services]
    if service is not None and service not in names:
        return Report((unknown(service, names),), known=False)
    nodes = _nodes(cluster) if len(cluster.nodes) > 1 else ()
    return Report((wording.status(overview, style, service).text, *nodes), down(overview, service))


def unknown(service: str, names: list[str]) -> str:
    return f'there is no service "{service}"; expected one of {", ".join(names)}'


def unwell(trouble: str) -> str:
    return f"Tocsin itself is unwell: {trouble}"


def down(overview: Overview, service: str | None) -> bool:
    """Whether it, or anything, is known to be down, partly down or slow."""
    found = (state.incident for known, state in overview.services if service in (None, known.id))
    return any(one is not None and one.confidence is Confidence.CONFIRMED and not one.only_worn for one in found)


def _nodes(cluster: ClusterView) -> Iterator[str]:
    """A line for each node, and one for what nobody does."""
    for node in cluster.nodes:
        if not node.alive:
            yield f"node {node.name}: gone since {node.age:.0f} s"
            continue
        notes = [f"{node.shards} of {SHARDS} shards", *node.roles]
        notes += ["blind: its own connection fails"] if node.blind else []
        notes += ["with another config"] if node.name in cluster.differing else []
        yield f"node {node.name}: {', '.join(notes)}"
    if cluster.free:
        yield f"{cluster.free} of {SHARDS} shards have no node"

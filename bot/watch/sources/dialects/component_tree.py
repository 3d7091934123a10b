"""Nested components: a container of a component, a product of a zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.model import Health
from bot.watch.sources.dialects.base import Asked, Part


@dataclass(frozen=True, slots=True)
class Node:
    """One component; `above` is the name of its parent. `shown`: it counts even if nobody asked for it."""

    name: str
    health: Health | None
    state: str = ""
    above: str = ""
    shown: bool = True

    def names(self, asked: Asked) -> tuple[str, ...]:
        """Its names: "Zone: Product"; if components are picked, also "Product" alone."""
        full = f"{self.above}: {self.name}" if self.above else self.name
        return tuple(dict.fromkeys((self.name, full))) if asked.components else (full,)


def parts(nodes: Iterable[Node], asked: Asked) -> tuple[Part, ...]:
    return tuple(
        Part(name, node.health, node.state)
        for node in nodes
        if node.name and (node.shown or asked.components)
        for name in node.names(asked)
    )

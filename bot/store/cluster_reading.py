"""The cluster as the database shows it to whoever is no node of it."""

from __future__ import annotations

import json

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.judge import rendezvous
from bot.model.cluster import ClusterView, Lease, Node
from bot.store import cluster_statements as sql
from bot.store.cluster import BEAT_EVERY, LASTS
from bot.store.engine import Database


async def read_cluster(database: Database) -> ClusterView:
    """All nodes; none where there is no cluster."""

    async def work(connection: AsyncConnection) -> ClusterView:
        if connection.dialect.name != "postgresql":
            return ClusterView()
        nodes = [
            Node(row.name, row.owner, row.age, row.version, row.config_hash, frozenset(), _names(row.roles), row.blind)
            for row in await connection.execute(sql.NODES)
        ]
        rows = await connection.execute(sql.LEASES)
        leases = [Lease(row.number if row.name is None else row.name, row.owner, row.epoch, row.lasts) for row in rows]
        first = min(nodes, key=lambda node: (node.age >= LASTS, node.name), default=None)
        return rendezvous.cluster_view(first.name if first else "", nodes, leases, 0.0, LASTS + BEAT_EVERY)

    return await database.read(work)


def _names(written: str) -> frozenset[str]:
    return frozenset(json.loads(written))

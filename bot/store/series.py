"""The numbers of services' routes, by which results are stored."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Outcome
from bot.store.engine import insert
from bot.store.schema import series

# Stored as the index in this tuple: append new outcomes, so that older results keep their meaning.
OUTCOMES = (Outcome.OK, Outcome.SLOW, Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.EXPIRING)
CODES = {outcome: number for number, outcome in enumerate(OUTCOMES)}


class Series:
    """A cache of all numbers: they are few and needed for each result."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], int] = {}

    async def find(self, connection: AsyncConnection, routes: Iterable[tuple[str, str]]) -> None:
        """Load the numbers of these (service, route) pairs into `numbers`; new ones are written."""
        unknown = set(routes) - self.numbers.keys()
        if not unknown:
            return
        new = insert(connection.dialect.name, series).on_conflict_do_nothing()
        await connection.execute(new, [{"service": service, "route": route} for service, route in sorted(unknown)])
        for row in await connection.execute(select(series.c.id, series.c.service, series.c.route)):
            self.numbers[row.service, row.route] = row.id

    def forget(self) -> None:
        """Clear the cache: some were deleted, or a transaction with new ones may have been rolled back."""
        self.numbers.clear()

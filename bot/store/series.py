"""The routes of services as the numbers by which results are stored."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Outcome
from bot.store.engine import insert
from bot.store.schema import series

# What is stored is the place in this row: a new outcome comes last, so that older results keep their meaning.
OUTCOMES = (Outcome.OK, Outcome.SLOW, Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.EXPIRING)
CODES = {outcome: number for number, outcome in enumerate(OUTCOMES)}


class Series:
    """Remembered while we live: they are few, and asked for with each result."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], int] = {}

    async def find(self, connection: AsyncConnection, routes: Iterable[tuple[str, str]]) -> None:
        """From now on `numbers` has these routes (service, name). Those that are new are written."""
        unknown = set(routes) - self.numbers.keys()
        if not unknown:
            return
        new = insert(connection.dialect.name, series).on_conflict_do_nothing()
        await connection.execute(new, [{"service": service, "route": route} for service, route in sorted(unknown)])
        for row in await connection.execute(select(series.c.id, series.c.service, series.c.route)):
            self.numbers[row.service, row.route] = row.id

    def forget(self) -> None:
        """Some were deleted, or a transaction that wrote new ones may not have come to its end."""
        self.numbers.clear()

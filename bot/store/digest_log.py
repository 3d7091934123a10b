"""How notices were delivered in a period, for digests. Read-only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import ARRIVED, DeliveryAction, DeliveryStatus, DeliverySummary
from bot.store.engine import Database
from bot.store.schema import deliveries as table

MOST = 200  # threads whose readers are counted
ASIDE = ("digest:%", "test:%", "drill%", "tocsin%")  # threads that are not about services
Rung = tuple[str, str, str]  # audience, kind and place


class DigestLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def summary(
        self, threads: Sequence[str], since: datetime, until: datetime, later_rungs: Mapping[Rung, object]
    ) -> DeliverySummary:
        """`later_rungs`: the destinations of ladders that get something only if the first one fails."""

        async def work(connection: AsyncConnection) -> DeliverySummary:
            told: dict[str, dict[str, int]] = {}
            if threads:
                for thread, kind, count in await connection.execute(_told(threads[:MOST])):
                    told.setdefault(thread, {})[kind] = count
            sent, refused, fallbacks = 0, Counter[tuple[str, str]](), Counter[tuple[str, str]]()
            for name, kind, place, status, count in await connection.execute(_outcomes(since, until)):
                audience = "" if name == f"{kind}:{place}" else name  # the name of a subscription is its place
                if status in ARRIVED:
                    sent += count
                    fallbacks[audience, kind] += count if (audience, kind, place) in later_rungs else 0
                else:
                    refused[audience, kind] += count
            return DeliverySummary(told, sent, dict(refused), {k: n for k, n in fallbacks.items() if n})

        return await self._database.read(work)


def _told(threads: Sequence[str]) -> Select[Any]:
    """In how many places of each kind a thread was read."""
    return (
        select(table.c.thread, table.c.kind, func.count(table.c.place.distinct()))
        .where(table.c.thread.in_(threads), table.c.status.in_(sorted(ARRIVED)))
        .group_by(table.c.thread, table.c.kind)
    )


def _outcomes(since: datetime, until: datetime) -> Select[Any]:
    """Messages that arrived or were refused, by audience and place. Edits tell nobody anything."""
    columns = table.c.audience, table.c.kind, table.c.place, table.c.status
    ended = {*ARRIVED, DeliveryStatus.REFUSED}
    return (
        select(*columns, func.count())
        .where(
            and_(table.c.queued_at >= since, table.c.queued_at < until, table.c.status.in_(sorted(ended))),
            table.c.act == DeliveryAction.POST.value,
            not_(or_(*(table.c.thread.like(form) for form in ASIDE))),
        )
        .group_by(*columns)
        .order_by(*columns)
    )

"""Queries for missed messages, and for when each destination was last proven to work. Read-only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import ENDINGS, OURSELVES, Change, Confidence, DeliveryAction, DeliveryStatus, Destination
from bot.store.engine import Database
from bot.store.rollups import DELIVERIES_FOR
from bot.store.schema import OPEN, changes, incidents, key_value
from bot.store.schema import deliveries as table

WITHIN = timedelta(days=1)  # older endings are not sent any more when a config changes
PROVEN = "proven:"  # prefix of a destination in key_value: when a drill last reached it


@dataclass(frozen=True, slots=True)
class Dangling:
    """An ending that was not sent to a destination which got the incident."""

    ending: Change
    destination: Destination


class Audit:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def untold(self, now: datetime, grace: timedelta) -> tuple[str, ...]:
        """The open, confirmed incidents that nobody was notified of within `grace`, whether or not anybody wants them."""

        async def work(connection: AsyncConnection) -> tuple[str, ...]:
            return tuple(row.id for row in await connection.execute(UNTOLD) if row.since <= now - grace)

        return await self._database.read(work)

    async def dangling(self, now: datetime, grace: timedelta) -> tuple[Dangling, ...]:
        """The destinations that got, or may have got, an incident, but not its end, which is between `grace` and a day
        old.

        A refused ending counts as not sent. Whether the destination wants the ending is not looked at.
        """
        period = {"oldest": now - DELIVERIES_FOR, "since": now - WITHIN, "before": now - grace}

        async def work(connection: AsyncConnection) -> tuple[Dangling, ...]:
            rows = await connection.execute(DANGLING, period)
            # a destination may have got it several times
            found = {(row.json.key, row.kind, row.place): row.json for row in rows}
            return tuple(Dangling(found[one], Destination(*one[1:])) for one in sorted(found))

        return await self._database.read(work)

    async def addressed(self, threads: Sequence[str]) -> dict[str, frozenset[Destination]]:
        """The destinations that any message of each thread was ever queued for, whatever its outcome."""

        async def work(connection: AsyncConnection) -> dict[str, frozenset[Destination]]:
            found: dict[str, set[Destination]] = {thread: set() for thread in threads}
            for thread, kind, place in await connection.execute(ADDRESSED, {"threads": threads}) if threads else ():
                found[thread].add(Destination(kind, place))
            return {thread: frozenset(places) for thread, places in found.items()}

        return await self._database.read(work)

    async def proven(self, places: Collection[Destination]) -> dict[Destination, datetime]:
        """When each destination last got a message, a drill or any other; those that never did are left out."""
        names = {f"{PROVEN}{place}": place for place in places}

        async def work(connection: AsyncConnection) -> dict[Destination, datetime]:
            drilled = await connection.execute(DRILLED, {"names": list(names)})
            found = {names[name]: datetime.fromisoformat(at) for name, at in drilled}
            for kind in {place.kind for place in places}:
                wanted = {"of_kind": kind, "places": [place.place for place in places if place.kind == kind]}
                for place, at in await connection.execute(LAST_SENT, wanted):
                    known = Destination(kind, place)
                    found[known] = max(at, found.get(known, at))
            return found

        return await self._database.read(work) if places else {}


# ── the statements ───────────────────────────────────────────────────────────────────────────────────────────────────


HAS_HEARD = or_(
    table.c.status.in_([DeliveryStatus.SENT.value, DeliveryStatus.MERGED.value]),
    and_(table.c.unsure, table.c.settled_at.is_(None)),
)


def _ending_is_told() -> ColumnElement[bool]:
    ending = table.alias("ending")
    return exists().where(
        ending.c.thread == table.c.thread,
        ending.c.kind == table.c.kind,
        ending.c.place == table.c.place,
        ending.c.act == DeliveryAction.POST.value,
        ending.c.ends.is_not(None),
        ending.c.status != DeliveryStatus.SUPERSEDED.value,
    )


def _untold() -> Select[Any]:
    # Written as in the partial index, so that SQLite uses it: few incidents are open, many are stored.
    return select(incidents.c.id, incidents.c.since).where(
        text(str(OPEN)),
        incidents.c.confidence == Confidence.CONFIRMED.value,
        incidents.c.service != OURSELVES,
        ~exists().where(table.c.thread == incidents.c.id, table.c.act == DeliveryAction.POST.value),
    )


def _dangling() -> Select[Any]:
    # `since` has an index; incidents older than the oldest delivery have none to check.
    ended = select(incidents.c.id).where(
        incidents.c.since > bindparam("oldest"), incidents.c.until.between(bindparam("since"), bindparam("before"))
    )
    told = table.join(changes, changes.c.incident == table.c.thread)
    return (
        select(changes.c.json, table.c.kind, table.c.place)
        .select_from(told)
        .where(
            table.c.thread.in_(ended),
            changes.c.kind.in_([kind.value for kind in sorted(ENDINGS)]),
            table.c.act == DeliveryAction.POST.value,
            table.c.ends.is_(None),
            HAS_HEARD,
            ~_ending_is_told(),
        )
    )


UNTOLD = _untold()
DANGLING = _dangling()
ADDRESSED = (
    select(table.c.thread, table.c.kind, table.c.place)
    .where(table.c.thread.in_(bindparam("threads", expanding=True)), table.c.act == DeliveryAction.POST.value)
    .distinct()
)
DRILLED = select(key_value.c.name, key_value.c.value).where(key_value.c.name.in_(bindparam("names", expanding=True)))
LAST_SENT = (
    select(table.c.place, func.max(table.c.settled_at))
    .where(
        table.c.kind == bindparam("of_kind"),
        table.c.status == DeliveryStatus.SENT.value,
        table.c.place.in_(bindparam("places", expanding=True)),
    )
    .group_by(table.c.place)
)

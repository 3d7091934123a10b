"""Who should have heard and has not; and when each place was last proven. Only reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import ENDINGS, OURSELVES, Change, Confidence, DeliveryAction, Destination
from bot.store.deliveries.statements import Status
from bot.store.engine import Database
from bot.store.retention import DELIVERIES_FOR
from bot.store.schema import OPEN, changes, incidents, key_value
from bot.store.schema import deliveries as table

WITHIN = timedelta(days=1)  # older endings are no news: nobody wants them when a config changes
PROVEN = "proven:"  # in the key_value, before a destination: when a drill last reached it


@dataclass(frozen=True, slots=True)
class Dangling:
    """Of this ending a place that has heard of the trouble has not been told."""

    ending: Change
    destination: Destination


class Audit:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def untold(self, now: datetime, grace: timedelta) -> tuple[str, ...]:
        """The open, confirmed incidents of which nobody is told, `grace` after they began. Whether anybody should be is
        for the readers' wishes to say.
        """

        async def work(connection: AsyncConnection) -> tuple[str, ...]:
            return tuple(row.id for row in await connection.execute(UNTOLD) if row.since <= now - grace)

        return await self._database.read(work)

    async def dangling(self, now: datetime, grace: timedelta) -> tuple[Dangling, ...]:
        """The places that have, or may have, heard of trouble that is over for `grace`, and have no message on its end:
        of the last day. One that was refused counts: that place is dead. Whether they wish it is for others to say.
        """
        period = {"oldest": now - DELIVERIES_FOR, "since": now - WITHIN, "before": now - grace}

        async def work(connection: AsyncConnection) -> tuple[Dangling, ...]:
            rows = await connection.execute(DANGLING, period)
            found = {(row.json.key, row.kind, row.place): row.json for row in rows}  # it may have heard several times
            return tuple(Dangling(found[one], Destination(*one[1:])) for one in sorted(found))

        return await self._database.read(work)

    async def addressed(self, threads: Sequence[str]) -> dict[str, frozenset[Destination]]:
        """The places that any message of each thread was ever meant for, whatever became of it."""

        async def work(connection: AsyncConnection) -> dict[str, frozenset[Destination]]:
            found: dict[str, set[Destination]] = {thread: set() for thread in threads}
            for thread, kind, place in await connection.execute(ADDRESSED, {"threads": threads}) if threads else ():
                found[thread].add(Destination(kind, place))
            return {thread: frozenset(places) for thread, places in found.items()}

        return await self._database.read(work)

    async def proven(self, places: Collection[Destination]) -> dict[Destination, datetime]:
        """When each last had a message of ours, a drill's or any; without those that never had one."""
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
    table.c.status.in_([Status.SENT.value, Status.MERGED.value]), and_(table.c.unsure, table.c.settled_at.is_(None))
)


def _ending_is_told() -> ColumnElement[bool]:
    ending = table.alias("ending")
    return exists().where(
        ending.c.thread == table.c.thread,
        ending.c.kind == table.c.kind,
        ending.c.place == table.c.place,
        ending.c.act == DeliveryAction.POST.value,
        ending.c.ends.is_not(None),
        ending.c.status != Status.SUPERSEDED.value,
    )


def _untold() -> Select[Any]:
    # As the index has it, so that SQLite uses it: all that is open is far less than all that ever was.
    return select(incidents.c.id, incidents.c.since).where(
        text(str(OPEN)),
        incidents.c.confidence == Confidence.CONFIRMED.value,
        incidents.c.service != OURSELVES,
        ~exists().where(table.c.thread == incidents.c.id, table.c.act == DeliveryAction.POST.value),
    )


def _dangling() -> Select[Any]:
    # There is an index on the beginnings; what began before the oldest delivery has none to look at.
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
        table.c.status == Status.SENT.value,
        table.c.place.in_(bindparam("places", expanding=True)),
    )
    .group_by(table.c.place)
)

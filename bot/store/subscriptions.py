"""What people have set: subscriptions, settings of places, allowed rooms, and the audit log of their orders.

And keys of handled inputs, and small remembered values.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import AllowedRoom, AuditEntry, Destination, PlaceSettings, Subscription, room_of
from bot.store.engine import Database, insert_new, upsert
from bot.store.feed import Subject, mark
from bot.store.schema import (
    audit,
    deliveries,
    digest_readers,
    digest_runs,
    done_once,
    key_value,
    place_settings,
    rooms,
    subscriptions,
)

MOVED = "moved:"


class Subscriptions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def subscriptions(self) -> tuple[Subscription, ...]:
        query = select(subscriptions).order_by(subscriptions.c.at, subscriptions.c.kind, subscriptions.c.place)

        async def work(connection: AsyncConnection) -> tuple[Subscription, ...]:
            rows = await connection.execute(query)
            return tuple(Subscription(Destination(row.kind, row.place), row.filters, row.by, row.at) for row in rows)

        return await self._database.read(work)

    async def subscribe(self, subscription: Subscription) -> None:
        """Store a subscription; it replaces the destination's earlier one."""
        row = {
            "kind": subscription.destination.kind,
            "place": subscription.destination.place,
            "filters": subscription.filters,
            "by": subscription.by,
            "at": subscription.at,
        }

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(upsert(connection.dialect.name, subscriptions, "kind", "place"), row)
            await mark(connection, Subject.PLACES)

        await self._database.write(work)

    async def unsubscribe(self, destination: Destination) -> bool:
        """Delete a subscription; False if there was none."""

        async def work(connection: AsyncConnection) -> bool:
            gone = delete(subscriptions).where(_at(subscriptions, destination)).returning(subscriptions.c.place)
            await mark(connection, Subject.PLACES)
            return (await connection.execute(gone)).first() is not None

        return await self._database.write(work)

    async def places(self) -> dict[Destination, PlaceSettings]:
        """How people want their places written to."""

        async def work(connection: AsyncConnection) -> dict[Destination, PlaceSettings]:
            rows = await connection.execute(select(place_settings))
            return {Destination(row.kind, row.place): row.settings for row in rows}

        return await self._database.read(work)

    async def set_place(self, place: Destination, settings: PlaceSettings) -> None:
        row = {"kind": place.kind, "place": place.place, "settings": settings}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(upsert(connection.dialect.name, place_settings, "kind", "place"), row)
            await mark(connection, Subject.PLACES)

        await self._database.write(work)

    async def moved(self, old: Destination, new: Destination) -> None:
        """Move the subscription, settings, permission and deliveries of `old` to its new address.

        Messages under the old address cannot be answered or edited under the new one, so their refs are dropped.
        """
        name = {"kind": new.kind, "place": new.place}

        async def work(connection: AsyncConnection) -> None:
            for table in (subscriptions, place_settings, digest_readers, digest_runs):
                await self._move(connection, table, old, new)
            await self._move(connection, rooms, room_of(old), room_of(new))
            await connection.execute(update(deliveries).where(_at(deliveries, old)).values(**name, ref=None))
            address = {"name": f"{MOVED}{old}", "value": str(new)}
            await connection.execute(upsert(connection.dialect.name, key_value, "name"), address)
            await mark(connection, Subject.PLACES)

        if old != new:
            await self._database.write(work)

    @staticmethod
    async def _move(connection: AsyncConnection, table: Table, old: Destination, new: Destination) -> None:
        """Move a row to a new address; one that is there already stays."""
        if old == new:
            return
        taken = await connection.scalar(select(table.c.kind).where(_at(table, new)))
        change = delete(table) if taken else update(table).values({"kind": new.kind, "place": new.place})
        await connection.execute(change.where(_at(table, old)))

    async def addresses(self) -> dict[Destination, Destination]:
        """The present address of each destination that has moved."""
        query = select(key_value).where(key_value.c.name.startswith(MOVED))

        async def work(connection: AsyncConnection) -> dict[str, str]:
            return {row.name.removeprefix(MOVED): row.value for row in await connection.execute(query)}

        moved = await self._database.read(work)
        found: dict[Destination, Destination] = {}
        for old in moved:
            new, steps = moved[old], len(moved)
            while new in moved and steps:  # it may have moved again; the count guards against a ring
                new, steps = moved[new], steps - 1
            found[Destination.parse(old)] = Destination.parse(new)
        return found

    async def once(self, key: str, now: datetime) -> bool:
        """Whether `key` is asked for the first time in 30 days."""

        async def work(connection: AsyncConnection) -> bool:
            mark = insert_new(connection.dialect.name, done_once, "key")
            return (await connection.execute(mark, {"key": key, "at": now})).first() is not None

        return await self._database.write(work)

    async def recall(self, key: str) -> str | None:
        async def work(connection: AsyncConnection) -> str | None:
            return await connection.scalar(select(key_value.c.value).where(key_value.c.name == key))

        return await self._database.read(work)

    async def exchange(self, key: str, before: str | None, value: str) -> bool:
        """Keep a value if the one before it is still there; None: if there is none. False if another node was first."""

        async def work(connection: AsyncConnection) -> bool:
            if before is None:
                added = insert_new(connection.dialect.name, key_value, "name")
                return (await connection.execute(added, {"name": key, "value": value})).first() is not None
            there = (key_value.c.name == key) & (key_value.c.value == before)
            return (await connection.execute(update(key_value).where(there).values(value=value))).rowcount == 1

        return await self._database.write(work)

    async def remember(self, key: str, value: str) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.execute(upsert(connection.dialect.name, key_value, "name"), {"name": key, "value": value})

        await self._database.write(work)


def _at(table: Table, destination: Destination) -> ColumnElement[bool]:
    return (table.c.kind == destination.kind) & (table.c.place == destination.place)


class Rooms:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> tuple[AllowedRoom, ...]:
        """The allowed rooms, the oldest first."""
        query = select(rooms).order_by(rooms.c.at, rooms.c.kind, rooms.c.place)

        async def work(connection: AsyncConnection) -> tuple[AllowedRoom, ...]:
            rows = await connection.execute(query)
            return tuple(AllowedRoom(Destination(r.kind, r.place), r.by, r.name, r.at) for r in rows)

        return await self._database.read(work)

    async def allow(self, room: AllowedRoom) -> None:
        place = {"kind": room.place.kind, "place": room.place.place}
        row = place | {"by": room.by, "name": room.name, "at": room.at}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(upsert(connection.dialect.name, rooms, "kind", "place"), row)
            await mark(connection, Subject.ROOMS)

        await self._database.write(work)

    async def disallow(self, place: Destination) -> None:
        gone = delete(rooms).where(rooms.c.kind == place.kind, rooms.c.place == place.place)

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(gone)
            await mark(connection, Subject.ROOMS)

        await self._database.write(work)


class AuditLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, entry: AuditEntry) -> None:
        place = {"kind": entry.place.kind, "place": entry.place.place}
        row = place | {"at": entry.at, "who": entry.who, "name": entry.name, "what": entry.what}

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(insert(audit), row)

        await self._database.write(work)

    async def newest(self, most: int) -> tuple[AuditEntry, ...]:
        """The latest entries, the newest first."""
        query = select(audit).order_by(audit.c.id.desc()).limit(most)

        async def work(connection: AsyncConnection) -> tuple[AuditEntry, ...]:
            rows = await connection.execute(query)
            return tuple(AuditEntry(r.at, r.who, r.name, Destination(r.kind, r.place), r.what) for r in rows)

        return await self._database.read(work)

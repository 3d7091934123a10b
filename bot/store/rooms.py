"""The rooms that admins allowed, and the audit log of orders."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import AllowedRoom, AuditEntry, Destination
from bot.store.engine import Database, upsert
from bot.store.feed import Subject, mark
from bot.store.schema import audit, rooms


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

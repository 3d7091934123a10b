"""Maintenance windows, each written in one transaction with its notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Delivery, Destination, Window
from bot.store.deliveries import place_statements, statements
from bot.store.engine import Database, insert_new
from bot.store.feed import Subject, mark
from bot.store.schema import maintenance_windows


@dataclass(frozen=True, slots=True)
class MaintenanceChange:
    """A decision on a window, written whole or not at all."""

    window: Window
    deliveries: tuple[Delivery, ...] = ()


Told = dict[Destination, bool]  # destinations it was, or will be, announced to; True for those that got it
DecidePlan = Callable[[Window, Told], MaintenanceChange | None]


class MaintenanceStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def windows(self, since: datetime) -> tuple[Window, ...]:
        """The windows not over at `since`, the earliest first."""
        facts = {"after": since}

        async def work(connection: AsyncConnection) -> tuple[Window, ...]:
            return tuple(map(_window, await connection.execute(NOT_OVER, facts)))

        return await self._database.read(work)

    async def add(self, window: Window) -> Window:
        """Store a window and return it with its number; one whose key exists is left as it is."""

        async def work(connection: AsyncConnection) -> Window:
            new = await connection.execute(
                insert_new(connection.dialect.name, maintenance_windows, "key"), _row(window)
            )
            if new.first() is not None:
                await mark(connection, Subject.MAINTENANCE)
            return _window((await connection.execute(BY_KEY, {"name": window.key})).one())

        return await self._database.write(work)

    async def move(self, number: int, decide: DecidePlan, now: datetime) -> MaintenanceChange | None:
        """Let `decide` turn the stored window into the new one, and write it with its notices; None writes nothing.

        `decide` may be called more than once, so it must be pure.
        """

        async def work(connection: AsyncConnection) -> MaintenanceChange | None:
            stored = _window((await connection.execute(BY_NUMBER, {"number": number})).one())
            told = (await statements.told(connection, [stored.id])).get(stored.id, {})
            planning = decide(stored, told)
            if planning is not None:
                await connection.execute(CHANGE, {"number": number, **_changed(planning.window)})
                if planning.window != stored:
                    await mark(connection, Subject.MAINTENANCE)
                await place_statements.overtake(connection, [(one, now) for one in planning.deliveries])
                await statements.queue(connection, planning.deliveries, now)
            return planning

        return await self._database.write(work)


def _row(window: Window) -> dict[str, Any]:
    return {"key": window.key, "over_at": window.end, "json": window}


def _changed(window: Window) -> dict[str, Any]:
    return {f"new_{name}": value for name, value in _row(window).items()}


def _window(row: Row[Any]) -> Window:
    found: Window = row.json
    return replace(found, number=row.id)


NOT_OVER = (
    select(maintenance_windows)
    .where(func.coalesce(maintenance_windows.c.over_at, bindparam("after")) >= bindparam("after"))
    .order_by(maintenance_windows.c.id)
)
BY_KEY = select(maintenance_windows).where(maintenance_windows.c.key == bindparam("name"))
BY_NUMBER = select(maintenance_windows).where(maintenance_windows.c.id == bindparam("number")).with_for_update()
CHANGE = (
    update(maintenance_windows)
    .where(maintenance_windows.c.id == bindparam("number"))
    .values(key=bindparam("new_key"), over_at=bindparam("new_over_at"), json=bindparam("new_json"))
)

"""The rows of batches: reading what waits for a destination, and writing what was decided about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import DeliveryStatus, Destination, Notice
from bot.notify.batching import Contents, Message, Plan
from bot.notify.place_queue import Lane, PlaceQueue, Queued, Recent, StormMessage
from bot.store.deliveries import place_statements

T = TypeVar("T")
PART = 10_000


async def read(
    connection: AsyncConnection, place: Destination, since: datetime, *, edits: bool, whole: bool
) -> PlaceQueue | None:
    """What waits for one destination: all of it, and what was sent since then, or only edits of batch messages (None
    if there are none).
    """
    names = {"of_kind": place.kind, "of_place": place.place}
    rows = await connection.execute(place_statements.LED_BY_MANY, names) if edits else ()
    led = {row.id: row.many for row in rows}
    if not whole:
        lanes = await _lanes(connection, names, list(led))
        return (
            PlaceQueue(place, lanes, led=led, messages=await _messages(connection, names, led.values()))
            if led
            else None
        )
    lanes = await _lanes(connection, names)
    past = names | {"since": since}
    recent = tuple(map(Recent._make, await connection.execute(place_statements.RECENT, past)))
    storms = tuple(map(StormMessage._make, await connection.execute(place_statements.STORMS, past)))
    messages = await _messages(connection, names, [*led.values(), *(storm.thread for storm in storms)])
    return PlaceQueue(place, lanes, recent, storms, led, messages)


async def contents(connection: AsyncConnection, plan: Plan) -> dict[Message, Contents]:
    """The stored contents of the batch messages that are worded now."""
    names = {"of_kind": plan.destination.kind, "of_place": plan.destination.place}
    found: dict[Message, Contents] = {}
    for message in plan.messages:
        if not message.worded:
            continue
        rows: Sequence[Queued] = message.rows
        if not rows:
            told = await connection.execute(place_statements.TOLD_THERE, names | {"of_thread": message.thread})
            rows = tuple(map(Queued._make, told))
        example = (await connection.execute(place_statements.EXAMPLE, {"number": message.like})).one()
        found[message] = Contents(rows, example.notice.style)
    return found


async def write(connection: AsyncConnection, plan: Plan, notices: Mapping[Message, Notice], now: datetime) -> bool:
    """Write what was decided. False, and nothing is written, if a delivery that it changes is no longer as it was.

    New messages get their ids.
    """
    if not await _unchanged(connection, plan.changed):
        return False
    await _for_each(connection, place_statements.SUPERSEDE, plan.supersede, now=now)
    await _for_each(connection, place_statements.WAIT, plan.wait, until=plan.until)
    if plan.deadlines:
        times = [{"number": number, "soonest": soonest} for number, soonest in plan.deadlines.items()]
        await connection.execute(place_statements.TAKES_TIME_OF, times)
    for message in plan.messages:
        notice = notices.get(message)
        if not message.id:
            row = await _row(connection, plan.destination, message, notice, now)
            message.id = int((await connection.execute(place_statements.NEW, row)).scalar_one())
        elif notice:
            news = {"number": message.id, "notice": notice, "title": notice.words.title}
            await connection.execute(place_statements.REWORD, news)
        await _for_each(connection, place_statements.TELL_IN, message.joins, number=message.id)
    return True


async def _unchanged(connection: AsyncConnection, known: Mapping[int, Queued]) -> bool:
    for ids in _parts(sorted(known)):
        rows = (await connection.execute(place_statements.NOW, {"ids": ids})).all()
        if len(rows) != len(ids) or any(tuple(row) != _state(known[row.id]) for row in rows):
            return False
    return True


def _state(row: Queued) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in place_statements.STATE)


async def _for_each(connection: AsyncConnection, statement: Any, ids: Sequence[int], **facts: object) -> None:
    for some in _parts(ids):
        await connection.execute(statement, facts | {"ids": some})


def _parts(all_: Sequence[T]) -> Iterator[list[T]]:
    """Split into parts, since no database takes any number of values in one statement."""
    return (list(all_[first : first + PART]) for first in range(0, len(all_), PART))


async def _lanes(
    connection: AsyncConnection, names: Mapping[str, str], only: Sequence[int] | None = None
) -> list[Lane]:
    """The unfinished deliveries by lane: all, or `only` these."""
    found: dict[str, list[Queued]] = {}
    if only is None:
        for row in map(Queued._make, await connection.execute(place_statements.UNFINISHED, names)):
            found.setdefault(row.thread, []).append(row)
    else:
        for ids in _parts(only):
            for row in map(Queued._make, await connection.execute(place_statements.THESE, {"ids": ids})):
                found.setdefault(row.thread, []).append(row)
        return [Lane(thread, rows) for thread, rows in found.items()]
    heard: dict[str, bool] = {}
    for threads in _parts(list(found)):
        known = await connection.execute(place_statements.HEARD, {**names, "threads": threads})
        heard |= {row.thread: bool(row.sent) for row in known}
    return [Lane(thread, rows, heard.get(thread, False), thread in heard) for thread, rows in found.items()]


async def _messages(connection: AsyncConnection, names: Mapping[str, str], threads: Any) -> dict[str, list[Queued]]:
    """The deliveries of these batch threads, finished or not."""
    found: dict[str, list[Queued]] = {}
    for some in _parts(list(dict.fromkeys(threads))):
        for row in map(Queued._make, await connection.execute(place_statements.OF_MANY, {**names, "threads": some})):
            found.setdefault(row.thread, []).append(row)
    return found


async def _row(
    connection: AsyncConnection, place: Destination, message: Message, notice: Notice | None, now: datetime
) -> dict[str, Any]:
    """The row of a new batch message; one without a text gets it when it is due."""
    example = (await connection.execute(place_statements.EXAMPLE, {"number": message.like})).one()
    row = {
        "key": message.row_key(place),
        "kind": place.kind,
        "place": place.place,
        "thread": message.thread,
        "act": message.action.value,
        "audience": example.audience,
        "title": notice.words.title if notice else "",
        "notice": notice or example.notice,
        "status": DeliveryStatus.PENDING.value,
        "due": message.due,
        "lease": 0,
        "attempts": 0,
        "unsure": False,
        "why": "",
        "queued_at": now,
    }
    if message.rows:
        # For a batch, `deferred` means that it is late, so nothing joins it.
        row |= {"deferred": message.late, "ends": message.ends}
    return row

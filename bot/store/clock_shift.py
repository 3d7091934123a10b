"""Shifting the stored times after the clock has stepped, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Row, Table, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import MANY, Change, DeliveryStatus, Notice, ServiceState
from bot.model.clock_shift import Moved, later, moved, stepped
from bot.model.maintenance import planned
from bot.store.engine import upsert
from bot.store.feed import transaction
from bot.store.schema import changes, heartbeats, incidents, reports, services
from bot.store.schema import deliveries as table

CLOSED = timedelta(days=1)  # what ended within this time is shifted too: its end may still have to be sent
TOLD = timedelta(minutes=10)  # likewise recent messages: they decide whether a storm goes on
LONGEST = timedelta(minutes=15)  # the longest wait for a retry
A_DAY = timedelta(days=1)  # the longest that quiet hours or a rung's time can be
AT_ONCE = 50  # rows read and shifted in one turn of the event loop

T = TypeVar("T")
Wanted = tuple[Change, Change, Notice]
"""What a notice is worded anew from: the change before and after the shift, and the notice before it."""
Reword = Callable[[Change, Change, Notice], Notice | None]
"""Words a shifted change anew: the new notice, or None to keep it."""


class UnwordedError(Exception):
    """Raised before anything is written: these notices, by delivery, must be worded first."""

    def __init__(self, wanted: Mapping[int, Wanted]) -> None:
        super().__init__(f"{len(wanted)} notices are not worded yet")
        self.wanted = wanted


CLOCK_OFFSET = "clock"  # key under which the offset of the clock of all stored times is remembered
SOON = timedelta(seconds=2)  # two clocks of one machine may differ by this much


@dataclass(frozen=True, slots=True)
class Shift:
    """How to shift each sort of time.

    `past`: what has happened. `due`, `deadline`: what is waited for. `quiet`: the end of quiet hours. `closed`, `told`:
    what ended or was sent after this is shifted too. `texts`: the new texts of waiting notices, by delivery, each with the
    notice that it stands for; None: all keep their texts.
    """

    past: Moved
    due: Moved
    deadline: Moved
    quiet: Moved
    closed: datetime
    told: datetime
    state: Callable[[ServiceState], ServiceState]
    seen: bool  # the size of the step is known, so waiting notices are shifted too
    texts: Mapping[int, tuple[Notice, Notice | None]] | None = None


def step(
    by: timedelta,
    born: datetime,
    now: datetime,
    texts: Mapping[int, tuple[Notice, Notice | None]] | None = None,
) -> Shift:
    """The shift for a process started at `born` whose clock steps by `by`; `born` and `now` are times of before the step."""
    move = stepped(by, born)
    closed, told = max(born, later(now, -CLOSED)), max(born, later(now, -TOLD))

    def state(known: ServiceState) -> ServiceState:
        new: ServiceState = moved(known, move)
        return new

    return Shift(move, move, move, lambda at: at, closed, told, state, seen=True, texts=texts)


def settle(now: datetime) -> Shift:
    """The shift after a step that nobody saw: nothing past lies in the future, and nothing waits longer than it may."""

    def past(at: datetime) -> datetime:
        return at if at <= now + SOON else now

    def state(known: ServiceState) -> ServiceState:
        mute = known.mute
        rest: ServiceState = moved(replace(known, mute=None) if mute else known, past)
        if mute and mute.at > now + SOON:  # its length stays
            mute = replace(mute, at=now, until=mute.until - (mute.at - now))
        return replace(rest, mute=mute) if mute else rest

    def within(longest: timedelta) -> Moved:
        return lambda at: at if at <= later(now, longest) else now

    due, day = within(LONGEST), within(A_DAY)
    return Shift(past, due, day, day, now + SOON, now + SOON, state, seen=False)


async def shift(connection: AsyncConnection, how: Shift) -> int:
    """Shift everything. Return the number of rows changed. Raise UnwordedError if texts are missing."""
    count = await _states(connection, how)
    threads, moves, more = await _incidents(connection, how)
    return (
        count
        + more
        + await _deliveries(connection, how, threads, moves)
        + await _instants(
            connection, how, heartbeats, ("service", "route"), ("since", "done_at", "begun_at", "failed_at")
        )
        + await _instants(connection, how, reports, ("service", "who", "hour"), ("at",))
    )


async def _in_turns(rows: Iterable[T]) -> AsyncIterator[T]:
    """Go through rows, some in each turn of the event loop: there may be thousands, and nothing else could happen."""
    for number, row in enumerate(rows, 1):
        yield row
        if not number % AT_ONCE:
            await asyncio.sleep(0)


async def _states(connection: AsyncConnection, how: Shift) -> int:
    """Shift the services; the version goes up, so that concurrent decisions are made again."""
    found = await connection.execute(select(services).order_by(services.c.id).with_for_update())
    rows = [
        {"name": row.id, "new": state} async for row in _in_turns(found) if (state := how.state(row.state)) != row.state
    ]
    if rows:
        await connection.execute(STATE.values(written=transaction(connection.dialect.name)), rows)
    return len(rows)


Moves = Mapping[str, tuple[Change, Change]]
"""By a notice's key: its change before and after the shift."""


async def _incidents(connection: AsyncConnection, how: Shift) -> tuple[Sequence[str], Moves, int]:
    found = [row async for row in _in_turns(await connection.execute(RECENT, {"since": how.closed}))]
    rows = [
        _whole(row, incidents) | {"json": new, "since": new.since, "until": new.until}
        async for row in _in_turns(found)
        if (new := moved(row.json, how.past)) != row.json
    ]
    if rows:
        await connection.execute(upsert(connection.dialect.name, incidents, "id"), rows)
    ids = [row.id for row in found]
    steps, moves = [], {}
    async for row in _in_turns(await connection.execute(STEPS, {"ids": ids})):
        if (new := moved(row.json, how.past)) != row.json:
            steps.append(_whole(row, changes) | {"json": new, "at": new.at})
            moves[f"{row.incident}/{row.step}"] = row.json, new
    if steps:
        await connection.execute(upsert(connection.dialect.name, changes, "incident", "step"), steps)
    return ids, moves, len(rows) + len(steps)


async def _deliveries(connection: AsyncConnection, how: Shift, threads: Sequence[str], moves: Moves) -> int:
    wanted = {"since": how.told, "threads": threads}
    found = [row async for row in _in_turns(await connection.execute(WAITING, wanted))]
    if missing := _missing(found, how, moves):
        raise UnwordedError(missing)
    rows = []
    async for row in _in_turns(found):
        new = _delivery(row, how) | _said(row, how)
        if any(new[name] != getattr(row, name) for name in MOVES):
            rows.append({"number": row.id} | {f"new_{name}": value for name, value in new.items()})
    if rows:
        await connection.execute(MOVE, rows)
    return len(rows)


def _delivery(row: Any, how: Shift) -> dict[str, Any]:
    """Shift one delivery.

    Deliveries that wait for the end of quiet hours follow the wall clock and stay. In a batch, `deferred` only means
    that it is late: batches do not keep quiet hours.
    """
    kept = row.deferred and row.status == DeliveryStatus.PENDING.value and not row.thread.startswith(MANY)
    ours = how.seen and not planned(row.thread)  # maintenance is planned in wall-clock time
    # If nobody saw the step, a delivery keeps the wait it had when it was queued or refused. A lease stays as it is.
    guessed = not how.seen and row.status in {DeliveryStatus.PENDING.value, DeliveryStatus.REFUSED.value}
    written = row.settled_at or row.queued_at
    lag = how.past(written) - written if guessed else timedelta()
    due = how.quiet(row.due) if kept else how.due(later(row.due, lag))
    return {
        "due": row.due if row.settled_at else due,
        "deadline": row.deadline if kept or row.deadline is None else how.deadline(later(row.deadline, lag)),
        "queued_at": how.past(row.queued_at),
        "settled_at": row.settled_at and how.past(row.settled_at),
        "began": how.past(row.began) if row.began and ours else row.began,
        "happened": how.past(row.happened) if row.happened and ours else row.happened,
        "notice": moved(row.notice, how.past) if ours and row.settled_at is None else row.notice,
    }


def _missing(rows: Sequence[Row[Any]], how: Shift, moves: Moves) -> dict[int, Wanted]:
    """The notices that get the shifted times and are not worded yet; one that may have arrived already keeps its text."""
    if how.texts is None:
        return {}
    wanted = {row.id: (*moves[row.notice.key], row.notice) for row in rows if _waits(row) and row.notice.key in moves}
    return {number: one for number, one in wanted.items() if how.texts.get(number, (None,))[0] != one[2]}


def _waits(row: Row[Any]) -> bool:
    return not (row.settled_at or row.unsure)


def _said(row: Row[Any], how: Shift) -> dict[str, Any]:
    _, notice = (how.texts or {}).get(row.id, (None, None)) if _waits(row) else (None, None)
    if notice is None:
        return {"title": row.title, "line": row.line}
    line = (notice.line or notice.words.title) if row.line else ""
    return {"notice": notice, "title": notice.words.title, "line": line}


async def _instants(
    connection: AsyncConnection, how: Shift, of: Table, keys: Sequence[str], names: Sequence[str]
) -> int:
    rows = []
    found = await connection.execute(select(*(of.c[name] for name in (*keys, *names))))
    async for row in _in_turns(found):
        new = {name: how.past(at) if (at := getattr(row, name)) else at for name in names}
        if any(new[name] != getattr(row, name) for name in names):
            rows.append({f"old_{key}": getattr(row, key) for key in keys} | {f"new_{n}": at for n, at in new.items()})
    if rows:
        statement = update(of).values({name: bindparam(f"new_{name}", type_=of.c[name].type) for name in names})
        for key in keys:
            statement = statement.where(of.c[key] == bindparam(f"old_{key}", type_=of.c[key].type))
        await connection.execute(statement, rows)
    return len(rows)


def _whole(row: Any, of: Table) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in of.c}


MOVES = ("due", "deadline", "queued_at", "settled_at", "began", "happened", "notice", "title", "line")
STATE = (
    update(services)
    .where(services.c.id == bindparam("name"))
    .values(version=services.c.version + 1, state=bindparam("new", type_=services.c.state.type))
)
RECENT = select(incidents).where(or_(incidents.c.until.is_(None), incidents.c.until >= bindparam("since")))
STEPS = select(changes).where(changes.c.incident.in_(bindparam("ids", expanding=True)))
WAITING = select(
    table.c.id, table.c.thread, table.c.status, table.c.deferred, table.c.unsure, *(table.c[n] for n in MOVES)
).where(
    or_(
        table.c.settled_at.is_(None),
        table.c.deadline.is_not(None),
        table.c.settled_at >= bindparam("since"),
        table.c.thread.in_(bindparam("threads", expanding=True)),
    )
)
MOVE = (
    update(table)
    .where(table.c.id == bindparam("number"))
    .values({name: bindparam(f"new_{name}", type_=table.c[name].type) for name in MOVES})
)

"""Transitions of a service: a decision and all its consequences, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from bot.model import Change, Delivery, Destination, Incident, Notice, ServiceState
from bot.model.cluster import Claim
from bot.store import clock_shift
from bot.store.deliveries import place_statements, statements
from bot.store.engine import Database, fenced, insert, upsert
from bot.store.feed import notify, transaction
from bot.store.group_commit import Again, Group
from bot.store.schema import changes, incidents, key_value, services


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a decision is based on."""

    state: ServiceState
    told: frozenset[Destination]  # destinations that got, or will get, a message about the incident `thread`
    heard: frozenset[Destination] = frozenset()  # those of them that got one, or may have
    thread: str = ""  # the open incident, else the last one


@dataclass(frozen=True, slots=True)
class Transition:
    """A decision, written whole or not at all."""

    state: ServiceState
    changes: tuple[Change, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    version: int = 0  # of the state, once written


Decide = Callable[[Snapshot], Transition | None]


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    service: str
    decide: Decide
    now: datetime
    claim: Claim | None


class IncidentStore:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._moving: Group[_Job, Transition | None] = Group(database, self._commit)

    async def states(self) -> dict[str, ServiceState]:
        """The stored state of each service."""

        async def work(connection: AsyncConnection) -> dict[str, ServiceState]:
            return {row.id: row.state for row in await connection.execute(select(services))}

        return await self._database.read(work)

    async def apply(self, service: str, decide: Decide, now: datetime, claim: Claim | None = None) -> Transition | None:
        """Let `decide` turn the stored state into the new one, and write it; None writes nothing.

        `claim`: what was seen of the service counts only while it is ours, else FencedError is raised; None for what
        holds whoever says it, as a person's order.

        `decide` may be called more than once, each time with the state stored then, so it must be pure. Its errors are
        raised here. Transitions that wait at the same moment share one transaction.
        """
        return await self._moving.join(_Job(service, decide, now, claim))

    async def step(
        self,
        by: timedelta,
        born: datetime,
        now: datetime,
        reword: clock_shift.Reword | None = None,
        offset: str = "",
    ) -> int:
        """Shift all times after the clock stepped, see `clock_shift.step`. Return the number of rows changed.

        `reword` words waiting notices anew, between two attempts to write them; None: all keep their texts. `offset` is
        stored as `clock_shift.CLOCK_OFFSET`.
        """
        texts: dict[int, tuple[Notice, Notice | None]] = {}
        how = clock_shift.step(by, born, now, texts if reword else None)

        async def work(connection: AsyncConnection) -> int:
            if offset:
                news = {"name": clock_shift.CLOCK_OFFSET, "value": offset}
                await connection.execute(upsert(connection.dialect.name, key_value, "name"), news)
            return await clock_shift.shift(connection, how)

        while True:
            try:
                return await self._database.write(work)
            except clock_shift.UnwordedError as missing:
                if reword is not None:
                    texts |= {number: (one[2], reword(*one)) for number, one in missing.wanted.items()}

    async def settle(self, now: datetime) -> int:
        """Repair times after a clock step that nobody saw, see `clock_shift.settle`. Return the number of rows
        changed.
        """
        return await self._database.write(partial(clock_shift.shift, how=clock_shift.settle(now)))

    async def _commit(self, jobs: Sequence[_Job]) -> Sequence[Transition | Exception | Again | None]:
        claims = {job.claim for job in jobs if job.claim}
        return await self._database.write_claimed(partial(_unless_refused, jobs=jobs, name=self._database.name), claims)


async def _unless_refused(
    connection: AsyncConnection, refused: frozenset[Claim], jobs: Sequence[_Job], name: str
) -> list[Transition | Exception | Again | None]:
    """Write the transitions whose claims are good."""
    good = [job for job in jobs if job.claim not in refused]
    written = iter(await _together(connection, good) if good else ())
    return [fenced(name) if job.claim in refused else next(written) for job in jobs]


async def _together(connection: AsyncConnection, jobs: Sequence[_Job]) -> list[Transition | Exception | Again | None]:
    """Write one transition of each service; the others wait for the next transaction, to see these."""
    first = {job.service: job for job in reversed(jobs)}
    found = await _read(connection, list(first))
    decided = {job: _decide(job, found[job.service][1]) for job in first.values()}
    moves = {job: move for job, move in decided.items() if isinstance(move, Transition)}
    written = await _write_states(connection, {job.service: (found[job.service][0], moves[job]) for job in moves})
    moves = {job: move for job, move in moves.items() if job.service in written}
    await _write_rest(connection, moves)
    if moves:
        await notify(connection, "states")
    decided |= {job: replace(move, version=found[job.service][0] + 1) for job, move in moves.items()}
    return [
        Again.AGAIN
        if job not in decided or (isinstance(decided[job], Transition) and job not in moves)
        else decided[job]
        for job in jobs
    ]


def _decide(job: _Job, situation: Snapshot) -> Transition | Exception | None:
    try:
        return job.decide(situation)
    except Exception as error:  # noqa: BLE001 - goes to its caller, and must not undo the others' transitions
        return error


async def _read(connection: AsyncConnection, names: Sequence[str]) -> dict[str, tuple[int, Snapshot]]:
    """The version and snapshot of each service; version 0 if it was never written."""
    rows = await connection.execute(select(services).where(services.c.id.in_(names)))
    found: dict[str, tuple[int, ServiceState]] = {name: (0, ServiceState(name)) for name in names}
    found.update({row.id: (row.version, row.state) for row in rows})
    latest = {name: state.incident or state.last for name, (_, state) in found.items()}
    threads = {name: incident.id for name, incident in latest.items() if incident}
    told = await statements.told(connection, list(threads.values()))
    return {
        name: (version, _situation(state, thread := threads.get(name, ""), told.get(thread, {})))
        for name, (version, state) in found.items()
    }


def _situation(state: ServiceState, thread: str, told: dict[Destination, bool]) -> Snapshot:
    return Snapshot(state, frozenset(told), frozenset(place for place, heard in told.items() if heard), thread)


async def _write_states(connection: AsyncConnection, moves: dict[str, tuple[int, Transition]]) -> set[str]:
    """Write states; return the services whose version was still the one read."""
    # sorted: everybody locks in the same order, so that no deadlock arises
    rows = [
        {"id": service, "version": version + 1, "state": move.state}
        for service, (version, move) in sorted(moves.items())
    ]
    return set(await connection.scalars(_write_state(connection.dialect.name), rows)) if rows else set()


@cache
def _write_state(dialect: str) -> ReturningInsert[Any]:
    statement = insert(dialect, services).values(written=transaction(dialect))
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[services.c.id],
        set_={"version": new.version, "state": new.state, "written": transaction(dialect)},
        where=services.c.version == new.version - 1,
    ).returning(services.c.id)


async def _write_rest(connection: AsyncConnection, moves: dict[_Job, Transition]) -> None:
    steps = [change for move in moves.values() for change in move.changes]
    if steps:
        dialect = connection.dialect.name
        latest = {change.incident.id: change.incident for change in steps}
        await connection.execute(upsert(dialect, incidents, "id"), [_incident(i) for i in latest.values()])
        await connection.execute(upsert(dialect, changes, "incident", "step"), [_change(change) for change in steps])
    waiting = [(delivery, job.now) for job, move in moves.items() for delivery in move.deliveries]
    begun = {change.incident.id for change in steps if change.incident.steps == 1}  # of these nothing is held back yet
    await place_statements.overtake(connection, [one for one in waiting if one[0].notice.thread not in begun])
    await statements.queue_many(connection, waiting)


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "service": incident.service,
        "number": incident.number,
        "since": incident.since,
        "until": incident.until,
        "health": incident.health.value,
        "worst": incident.worst.value,
        "confidence": incident.confidence.value,
        "retracted": incident.retracted,
        "json": incident,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "incident": change.incident.id,
        "step": change.incident.steps,
        "kind": change.kind.value,
        "at": change.at,
        "by": change.by,
        "json": change,
    }

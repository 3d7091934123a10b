"""Digests: who gets one, when they are due to whom, which were queued; and how notices were delivered in a period."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, delete, exists, func, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import (
    ARRIVED,
    Delivery,
    DeliveryAction,
    DeliveryStatus,
    DeliverySummary,
    Destination,
    DigestReader,
    DigestReaderState,
    DigestRun,
    Reason,
    Undeliverable,
)
from bot.store.deliveries import statements
from bot.store.engine import Database, insert, insert_new
from bot.store.feed import Subject, mark
from bot.store.schema import deliveries as table
from bot.store.schema import digest_readers as readers
from bot.store.schema import digest_runs as runs
from bot.store.schema import key_value, undeliverable

MOST = 200  # threads whose readers are counted
ASIDE = ("digest:%", "test:%", "drill%", "tocsin%")  # threads that are not about services
SECRET = "secret of links"  # noqa: S105 - the name under which it is kept

Key = tuple[str, Destination]  # of a digest's name and its recipient
COMING = runs.c.settled_at.is_(None)


class DigestStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def coming(self, until: datetime | None = None) -> tuple[DigestRun, ...]:
        """The next digest of each recipient, of those that are due until then; the first due first."""
        query = select(runs).where(COMING).order_by(runs.c.nominal, runs.c.id)
        if until is not None:
            query = query.where(runs.c.nominal <= until)

        async def work(connection: AsyncConnection) -> tuple[DigestRun, ...]:
            return tuple(map(_run, await connection.execute(query)))

        return await self._database.read(work)

    async def latest(self) -> dict[Key, datetime]:
        """Up to when each recipient has been told."""
        query = (
            select(runs.c.digest, runs.c.kind, runs.c.place, func.max(runs.c.nominal).label("nominal"))
            .where(~COMING)
            .group_by(runs.c.digest, runs.c.kind, runs.c.place)
        )

        async def work(connection: AsyncConnection) -> dict[Key, datetime]:
            rows = await connection.execute(query)
            return {(row.digest, Destination(row.kind, row.place)): row.nominal for row in rows}

        return await self._database.read(work)

    async def forget_after(self, at: datetime) -> int:
        """Forget what was queued for later times than this: the clock was ahead then. Return how many."""
        gone = delete(runs).where(~COMING, runs.c.nominal > at)

        async def work(connection: AsyncConnection) -> int:
            return (await connection.execute(gone)).rowcount

        return await self._database.write(work)

    async def plan(self, add: Sequence[DigestRun], drop: Sequence[DigestRun]) -> None:
        """Plan digests in the place of others. What another process has planned or queued meanwhile stays."""
        gone = delete(runs).where(COMING, runs.c.id.in_([run.id for run in drop]))

        async def work(connection: AsyncConnection) -> None:
            if drop:
                await connection.execute(gone)
            await _add(connection, add)

        await self._database.write(work)

    async def queue(
        self, due: Mapping[int, Delivery], nominal: datetime, then: Mapping[int, DigestRun], now: datetime
    ) -> tuple[int, ...]:
        """Queue what is due, and plan what comes then, in one transaction: by the number of the planned digest. `nominal`:
        the latest time that they were due. Return the numbers of those that were not queued before, by any process.
        """
        numbers = list(due)

        async def work(connection: AsyncConnection) -> tuple[int, ...]:
            taken = tuple(await connection.scalars(_taken(numbers, nominal, now)))
            await _add(connection, [then[number] for number in taken])
            await statements.queue(connection, [due[number] for number in taken], now)
            return taken

        return await self._database.write(work)


def _taken(numbers: Sequence[int], nominal: datetime, now: datetime) -> Any:
    """Settle planned digests. A recipient who already has one of this time gets no other."""
    other = runs.alias()
    had = (
        select(other.c.id)
        .where(
            other.c.digest == runs.c.digest,
            other.c.kind == runs.c.kind,
            other.c.place == runs.c.place,
            other.c.nominal >= nominal,
            other.c.settled_at.is_not(None),
        )
        .exists()
    )
    settled = update(runs).where(runs.c.id.in_(numbers), COMING, ~had)
    return settled.values(nominal=nominal, settled_at=now).returning(runs.c.id)


async def _add(connection: AsyncConnection, plans: Sequence[DigestRun]) -> None:
    if plans:
        new = insert(connection.dialect.name, runs).on_conflict_do_nothing()
        await connection.execute(new, [_row(run) for run in plans])


def _row(run: DigestRun) -> dict[str, Any]:
    place = {"kind": run.destination.kind, "place": run.destination.place}
    return place | {"digest": run.digest, "nominal": run.nominal, "since": run.since, "schedule": run.schedule}


def _run(row: Row[Any]) -> DigestRun:
    return DigestRun(row.digest, Destination(row.kind, row.place), row.nominal, row.since, row.schedule, row.id)


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


class DigestReaderStore:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def secret(self, fresh: str) -> str:
        """What links are signed with: `fresh`, if there is none yet."""

        async def work(connection: AsyncConnection) -> str:
            new = insert_new(connection.dialect.name, key_value, "name")
            await connection.execute(new, {"name": SECRET, "value": fresh})
            kept = await connection.scalar(select(key_value.c.value).where(key_value.c.name == SECRET))
            return str(kept)

        return await self._database.write(work)

    async def all(self) -> tuple[DigestReader, ...]:
        query = select(readers).order_by(readers.c.at, readers.c.id)

        async def work(connection: AsyncConnection) -> tuple[DigestReader, ...]:
            return tuple(map(_reader, await connection.execute(query)))

        return await self._database.read(work)

    async def put(self, reader: DigestReader, deliveries: Sequence[Delivery] = ()) -> None:
        """Store a reader, in the place of an earlier one, and queue the mail that asks."""
        row = {name: getattr(reader, name) for name in ("digest", "by", "at", "link", "nonce")}
        row |= {"kind": reader.destination.kind, "place": reader.destination.place, "state": reader.state.value}

        async def work(connection: AsyncConnection) -> None:
            new = insert(connection.dialect.name, readers)
            changed = {name: new.excluded[name] for name in ("by", "at", "state", "nonce")}  # its links stay
            keys = ["digest", "kind", "place"]
            await connection.execute(new.on_conflict_do_update(index_elements=keys, set_=changed), row)
            await statements.queue(connection, deliveries, reader.at)
            await mark(connection, Subject.PLACES)

        await self._database.write(work)

    async def remove(self, digest: str, place: Destination) -> bool:
        """Forget a reader; False if there was none."""
        ours = (readers.c.digest == digest, readers.c.kind == place.kind, readers.c.place == place.place)
        gone = delete(readers).where(*ours).returning(readers.c.id)

        async def work(connection: AsyncConnection) -> bool:
            await mark(connection, Subject.PLACES)
            return (await connection.execute(gone)).first() is not None

        return await self._database.write(work)

    async def confirm(self, nonce: str, at: datetime) -> DigestReader | None:
        """Confirm a request, once; None if there is none of this name."""
        asked = (readers.c.nonce == nonce, readers.c.state == DigestReaderState.ASKED.value)
        values = {"state": DigestReaderState.CONFIRMED.value, "nonce": "", "at": at}
        return await self._change(update(readers).where(*asked).values(values).returning(*readers.c))

    async def move(self, link: str, old: Collection[DigestReaderState], new: DigestReaderState, at: datetime) -> None:
        """Change the state of a reader who is in one of the old ones."""
        there = (readers.c.link == link, readers.c.state.in_([state.value for state in old]))
        await self._change(update(readers).where(*there).values(state=new.value, at=at).returning(*readers.c))

    async def _change(self, statement: Any) -> DigestReader | None:
        async def work(connection: AsyncConnection) -> DigestReader | None:
            row = (await connection.execute(statement)).first()
            await mark(connection, Subject.PLACES)
            return _reader(row) if row else None

        return await self._database.write(work)

    async def find(self, *, link: str = "", nonce: str = "") -> DigestReader | None:
        """The reader of a link, or of a request that waits for an answer."""
        which = readers.c.link == link if link else readers.c.nonce == nonce

        async def work(connection: AsyncConnection) -> DigestReader | None:
            row = (await connection.execute(select(readers).where(which))).first()
            return _reader(row) if row else None

        return await self._database.read(work) if link or nonce else None

    async def standing(self, digest: str, place: Destination) -> tuple[DigestReaderState | None, bool]:
        """How a place reads a digest now, None if not, and whether it takes no mail."""
        ours = (readers.c.digest == digest, readers.c.kind == place.kind, readers.c.place == place.place)
        dead = (undeliverable.c.kind == place.kind, undeliverable.c.place == place.place)
        query = select(
            select(readers.c.state).where(*ours).scalar_subquery(), exists().where(*dead).label("undeliverable")
        )

        async def work(connection: AsyncConnection) -> tuple[DigestReaderState | None, bool]:
            state, takes_none = (await connection.execute(query)).one()
            return DigestReaderState(state) if state else None, bool(takes_none)

        return await self._database.read_latest(work)

    # ── addresses that take no mail ───────────────────────────────────────────────────────────────────────────────────

    async def undeliverable(self) -> tuple[Undeliverable, ...]:
        query = select(undeliverable).order_by(undeliverable.c.at)

        async def work(connection: AsyncConnection) -> tuple[Undeliverable, ...]:
            rows = await connection.execute(query)
            return tuple(Undeliverable(Destination(row.kind, row.place), row.at, row.why) for row in rows)

        return await self._database.read(work)

    async def mark(self, place: Destination, why: Reason, at: datetime) -> bool:
        """Note that an address takes no mail; False if that was known."""
        row = {"kind": place.kind, "place": place.place, "at": at, "why": why}

        async def work(connection: AsyncConnection) -> bool:
            new = insert(connection.dialect.name, undeliverable).on_conflict_do_nothing()
            await mark(connection, Subject.PLACES)
            return (await connection.execute(new.returning(undeliverable.c.place), row)).first() is not None

        return await self._database.write(work)

    async def unmark(self, place: Destination) -> bool:
        ours = (undeliverable.c.kind == place.kind, undeliverable.c.place == place.place)
        gone = delete(undeliverable).where(*ours).returning(undeliverable.c.place)

        async def work(connection: AsyncConnection) -> bool:
            return (await connection.execute(gone)).first() is not None

        return await self._database.write(work)


def _reader(row: Row[Any]) -> DigestReader:
    place = Destination(row.kind, row.place)
    return DigestReader(row.digest, place, row.by, row.at, DigestReaderState(row.state), row.link, row.nonce)

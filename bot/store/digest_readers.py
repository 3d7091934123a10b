"""Who gets a digest besides the config's list, and the addresses that take no mail."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Delivery, Destination, DigestReader, DigestReaderState, Reason, Undeliverable
from bot.store.deliveries import statements
from bot.store.engine import Database, insert, insert_new
from bot.store.feed import Subject, mark
from bot.store.schema import digest_readers as readers
from bot.store.schema import key_value, undeliverable

SECRET = "secret of links"  # noqa: S105 - the name under which it is kept


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

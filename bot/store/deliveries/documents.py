"""The long forms of notices: stored once for all their readers, and read once for the next ones too."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from sqlalchemy import Delete, bindparam, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Delivery, Document
from bot.store.engine import insert_new
from bot.store.schema import deliveries, documents

KEPT: Final = 8  # in memory
NAMED: Final = 32  # characters

_known: OrderedDict[str, Document] = OrderedDict()  # by their hashes, so that they are right for every database


async def store(connection: AsyncConnection, rows: Sequence[Delivery], now: datetime) -> Mapping[int, str]:
    """Store the documents of deliveries; return their names by their identity."""
    found = {id(row.notice.document): row.notice.document for row in rows if row.notice.document is not None}
    names = {number: _name(document) for number, document in found.items()}
    new = {names[number]: document for number, document in found.items()}
    if new:
        values = [{"name": name, "at": now, "body": document} for name, document in new.items()]
        await connection.execute(insert_new(connection.dialect.name, documents, "name"), values)
    return names


async def read(connection: AsyncConnection, names: Collection[str]) -> Mapping[str, Document]:
    """The documents of these names."""
    found = {name: _known[name] for name in names if name in _known}
    missing = [name for name in names if name not in found]
    for row in await connection.execute(NAMES, {"names": missing}) if missing else ():
        found[row.name] = _known[row.name] = row.body
    while len(_known) > KEPT:
        _known.popitem(last=False)
    return found


def _name(document: Document) -> str:
    return sha256(repr(document).encode(errors="replace")).hexdigest()[:NAMED]


NAMES: Final = select(documents.c.name, documents.c.body).where(
    documents.c.name.in_(bindparam("names", expanding=True))
)
WAITED_FOR: Final = select(deliveries.c.document).where(
    deliveries.c.settled_at.is_(None), deliveries.c.document.is_not(None)
)


def old(before: datetime) -> Delete:
    """The statement that deletes those of an earlier time that no delivery waits for."""
    return delete(documents).where(documents.c.at < before, documents.c.name.not_in(WAITED_FOR))

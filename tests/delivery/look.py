"""A look at a SQLite database from outside: while a test waits for all to come to rest, asking the store itself would take
longer than all else. The statements are the store's own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import sqlite

from bot.store.columns import EPOCH
from bot.store.deliveries import claim, failover

DIALECT = sqlite.dialect(paramstyle="named")
NEXT_DEADLINE = str(failover.NEXT.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
SENDING = "SELECT count(*) FROM deliveries WHERE settled_at IS NULL AND (status = 'sending' OR kind = ?)"


class Look:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.execute = connection.execute

    def version(self) -> int:
        """Another number when somebody has written to the database."""
        return self._one("PRAGMA data_version")

    def sending(self, or_of: str = "") -> int:
        """How many deliveries are being sent, or wait for the channel of this kind."""
        return self._one(SENDING, [or_of])

    def next_due(self, kind: str, busy: Sequence[str] = ()) -> datetime | None:
        """As the store's."""
        query, values = _next_due(len(busy))
        places = {f"busy_{number}": place for number, place in enumerate(busy, 1)}
        return _time(self._one(query, values | places | {"of_kind": kind}))

    def next_deadline(self) -> datetime | None:
        """As the store's."""
        return _time(self._one(NEXT_DEADLINE))

    def _one(self, query: str, values: Any = ()) -> Any:
        row = self.execute(query, values).fetchone()
        return row and row[0]


@contextmanager
def looking(path: Path) -> Iterator[Look]:
    with closing(sqlite3.connect(path)) as connection:
        yield Look(connection)


@cache
def _next_due(busy: int) -> tuple[str, dict[str, Any]]:
    """The statement for so many busy places, and its values."""
    made = claim.NEXT_DUE.compile(dialect=DIALECT).construct_expanded_state({"of_kind": "", "busy": [""] * busy})
    return made.statement, dict(made.parameters)


def _time(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else EPOCH + timedelta(microseconds=microseconds)

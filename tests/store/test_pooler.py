"""Behind a pooler that gives a server's session for one transaction at a time, as PgBouncer does, nothing of a session is kept."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.store import open_store
from tests.incidents.test_recorder import House

KEPT = (
    "SELECT (SELECT count(*) FROM pg_prepared_statements)"
    " + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')"
    " + (SELECT count(*) FROM pg_cursors WHERE is_holdable)"
    " + (SELECT count(*) FROM pg_listening_channels())"
)


@pytest.mark.hardened(
    "T34", "PostgreSQL behind a pooler in transaction mode", "no statement, lock or cursor of a session"
)
async def test_no_session_keeps_anything_that_the_next_transaction_needs(postgres, saw):
    with postgres.database() as url:
        async with open_store(url) as store:
            house = House(store)
            await house.recorder.load()
            await house.rounds("..BBB..BB..")
            await house.deliver()
            await store.results.incidents(house.now - timedelta(days=1))
            engine = store.incidents._database._writer
            links = [await engine.connect() for _ in range(3)]
            try:
                kept = [(await link.execute(text(KEPT))).scalar_one() for link in links]
            finally:
                await asyncio.gather(*(link.close() for link in links))
    saw(f"{sum(kept)} kept in {len(kept)} sessions")
    assert set(kept) == {0}

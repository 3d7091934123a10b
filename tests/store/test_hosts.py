"""PostgreSQL as several servers, of which one at a time takes writes."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url, text

from bot.config.database import database_url
from bot.store import StoreUnavailable, open_store
from bot.store.engine import connect
from bot.store.errors import shown, with_hosts_apart
from tests.store.made import NOW, counted

PAIR = "postgresql://tocsin:pa%40ss@db1:5433,db2/tocsin?sslmode=require"


def test_several_servers_are_told_to_the_driver_apart_and_shown_as_written():
    url = make_url(with_hosts_apart(database_url(PAIR)))
    assert url.query["host"] == ("db1:5433", "db2:5432")
    assert url.query["target_session_attrs"] == "read-write"
    assert (url.username, url.password, url.database) == ("tocsin", "pa@ss", "tocsin")
    assert shown(url) == "postgresql://tocsin@db1:5433,db2:5432/tocsin"
    assert connect(PAIR).name == shown(url)


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@h:5432/d?sslmode=disable", "postgresql:///d?host=/run", "sqlite:///a,b"]
)
def test_one_server_stays_as_it_is(url):
    assert with_hosts_apart(url) == url


def test_what_is_wished_of_the_server_is_kept():
    assert with_hosts_apart("postgresql://a,b/d?target_session_attrs=any").endswith(
        "?host=a:5432&host=b:5432&target_session_attrs=any"
    )


@pytest.mark.parametrize("servers", ["a,", ",a", "a:1,b:x", "a:99999,b", "a b,c", "a,,b"])
def test_a_wrong_server_among_several_is_refused(servers):
    with pytest.raises(ValueError, match=r"name|port"):
        database_url(f"postgresql://u:p@{servers}/d")


async def test_the_first_server_that_takes_writes_is_used(postgres):
    with postgres.database() as url:
        name = url.split("/")[3].partition("?")[0]
        pair = f"postgresql://postgres@/{name}?host=/nowhere:5432&host={postgres.socket}:5432&target_session_attrs=read-write"
        async with open_store(pair) as store:
            assert (await store.incidents.apply("x", counted, NOW)).state.opened == 1


async def test_a_server_that_takes_no_writes_any_more_is_left(postgres):
    """As after a failover: sessions that are open stay with the former primary."""
    with postgres.database() as url:
        database = connect(url)

        async def write(connection):
            await connection.execute(text("CREATE TEMPORARY TABLE IF NOT EXISTS written (n int)"))
            await connection.execute(text("INSERT INTO key_value VALUES ('a', 'b') ON CONFLICT DO NOTHING"))

        async def session(connection):
            return await connection.scalar(text("SELECT pg_backend_pid()"))

        before = await database.write(session)
        postgres.run(f"ALTER DATABASE {url.split('/')[3].partition('?')[0]} SET default_transaction_read_only = on")
        link = await database._writer.connect()
        await link.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
        await link.commit()
        await link.close()
        with pytest.raises(StoreUnavailable):
            await database.write(write)
        postgres.run(f"ALTER DATABASE {url.split('/')[3].partition('?')[0]} RESET default_transaction_read_only")
        await database.write(write)
        assert await database.write(session) != before
        await database.close()

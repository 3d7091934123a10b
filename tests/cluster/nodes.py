"""Three nodes as processes, each behind wires of its own to the database, with a clock of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.cluster.cut import Wire

ROOT = Path(__file__).parent.parent.parent
LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1",)
REFUSED = "another node owns them by now"


def faketime() -> Path | None:
    return next((path for pattern in LIBRARIES for path in Path("/").glob(pattern.lstrip("/"))), None)


@dataclass
class Node:
    """`config`: all but what differs. `how`: what `tests.cluster.node` takes."""

    name: str
    port: int  # of its page
    folder: Path
    wires: list[Wire]
    config: Mapping[str, Any]
    how: tuple[str, ...] = ()
    process: asyncio.subprocess.Process | None = None
    fenced: int = 0  # lives that have ended included
    caught: int = 0  # times that it was refused by the database, going on after a freeze
    lives: int = 0
    _seen: int = 0
    _reading: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def start(self) -> None:
        hosts = ",".join(f"127.0.0.1:{wire.port}" for wire in self.wires)
        said = dict(self.config) | {
            "database": f"postgresql://postgres:elephant@{hosts}/tocsin?target_session_attrs=read-write",
            "cluster": {"node": self.name},
            "web": {"listen": f"127.0.0.1:{self.port}"},
        }
        path = self.folder / f"{self.name}.yaml"
        path.write_text(json.dumps(said))
        path.chmod(0o600)
        self.set_clock(0)
        clock = {}
        if library := faketime():
            clock = {
                "LD_PRELOAD": str(library),
                "FAKETIME_TIMESTAMP_FILE": str(self._clock),
                "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        self.lives += 1
        self._seen = 0
        with self.log.open("ab") as out:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.cluster.node", path, *self.how,
                cwd=ROOT, stdout=out, stderr=out, env=os.environ | clock,
            )  # fmt: skip

    @property
    def _clock(self) -> Path:
        return self.folder / f"{self.name}.clock"

    def set_clock(self, seconds: int) -> None:
        """Set this node's clock ahead of the machine's."""
        draft = self._clock.with_suffix(".draft")
        draft.write_text(f"{seconds:+}s\n")
        draft.rename(self._clock)

    def signal(self, number: signal.Signals) -> None:
        if self.runs:
            self.process.send_signal(number)

    async def kill(self) -> None:
        if self.runs:
            self.process.kill()
            await self.process.wait()

    async def stop(self) -> None:
        """As an operator stops it."""
        if self.runs:
            self.process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(10):
                    await self.process.wait()
        await self.kill()

    async def look(self, web: httpx.AsyncClient) -> dict[str, Any] | None:
        """What it tells of the cluster, None while it does not answer; its refused writes are added up."""
        try:
            found = (await web.get(f"http://127.0.0.1:{self.port}/healthz?cluster", timeout=1)).json()
        except (httpx.HTTPError, ValueError):
            return None
        refused = found.get("fenced", 0)
        self.fenced += max(refused - self._seen, 0)
        self._seen = max(refused, self._seen)
        return found

    def refusals(self) -> int:
        """How often the database has refused what it wrote, by its log."""
        return self.log.read_text("utf-8", "replace").count(REFUSED) if self.log.exists() else 0


async def until(look: Any, within: float) -> bool:
    """Whether `look`, asked again and again, becomes true."""
    ends = time.monotonic() + within
    while time.monotonic() < ends:
        if await look():
            return True
        await asyncio.sleep(0.1)
    return False

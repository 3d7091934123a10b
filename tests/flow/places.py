"""A server and witnesses as processes of their own, on 127.0.0.1: each place calls from an address of its own.

async with places(tmp_path) as town:
    town.site.failing = {LONDON}
    await town.told("partly down")
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from tests import warm
from tests.fakes.hook import FakeHook
from tests.fakes.mail import free_ports
from tests.fakes.world import World
from tests.flow.house import eventually

ROOT = Path(__file__).parent.parent.parent
HOME, LONDON, SYDNEY = "127.0.0.1", "127.0.0.2", "127.0.0.3"
AT = {"london": LONDON, "sydney": SYDNEY}


def token_of(name: str) -> str:
    return f"secret-token-of-{name}-57"


@dataclass
class Town:
    folder: Path
    site: World
    canary: World
    hook: FakeHook
    port: int
    config: dict[str, Any]
    running: dict[str, warm.Warm] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text("utf-8")

    async def start(self, name: str, *arguments: str) -> warm.Warm:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"}
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = await warm.start(*arguments, cwd=ROOT, env=env, stdout=log, stderr=log)
        return self.running[name]

    async def witness(self, name: str, *, token: str = "", server: str = "") -> warm.Warm:
        file = self.folder / f"{name}.token"
        file.write_text(f"{token or token_of(name)}\n")
        return await self.start(
            name, "witness", "--server", server or self.url, "--token-file", str(file), "--source", AT.get(name, HOME)
        )

    async def server(self) -> warm.Warm:
        process = await self.start("server", "run", "-c", str(self.write("config.yaml", self.config)))
        await eventually(lambda: self.get("/healthz"), within=10)
        return process

    async def another(self, name: str, port: int) -> None:
        """A second node on the same database."""
        config = self.config | {"web": {"listen": f"127.0.0.1:{port}"}, "cluster": {"node": name}}
        await self.start(name, "run", "-c", str(self.write(f"{name}.yaml", config)))
        await eventually(lambda: "page:" in self.log(name), within=10)

    def write(self, name: str, config: dict[str, Any]) -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8") as file:
            YAML().dump(config, file)
        path.chmod(0o600)
        return path

    async def get(self, path: str) -> httpx.Response | None:
        """None while nobody answers. A client that would verify reads all authorities first, which takes 20 ms."""
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=5) as web:
            try:
                return await web.get(f"{self.url}{path}")
            except httpx.TransportError:
                return None

    async def incident(self) -> dict[str, Any] | None:
        """The open incident of the service, as /status.json shows it."""
        answer = await self.get("/status.json")
        [service] = answer.json()["services"] if answer else [{"incident": None}]
        return service["incident"]

    async def told(self, words: str, within: float = 20) -> dict[str, Any]:
        """The message with these words, once there is one."""
        return await eventually(
            lambda: next((m.raw for m in reversed(self.hook.applied) if words in m.raw["text"]), None), within=within
        )

    async def stop(self) -> None:
        for process in self.running.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for name, process in self.running.items():
            code = await process.wait()
            assert "Traceback" not in self.log(name), self.log(name)
            assert code in {0, 2}, (name, code, self.log(name))
        assert not [name for name in self.running for of in AT if token_of(of) in self.log(name)]


@asynccontextmanager
async def places(folder: Path, *names: str, database: str = "") -> AsyncIterator[Town]:
    """The server, watching one service, and these witnesses, all at work."""
    async with AsyncExitStack() as stack:
        site, canary, hook = [await stack.enter_async_context(one) for one in (World(), World(), FakeHook())]
        [port] = free_ports(1)
        config = {
            "database": database or f"sqlite:///{folder}/tocsin.db",
            "timezone": "Europe/Madrid",
            "web": {"listen": f"127.0.0.1:{port}"},
            "services": {"x": {"name": "X", "routes": {"web": {"kind": "http", "url": site.url}}}},
            "defaults": {"every": "1s", "confirm_every": "0.5s", "timeout": "1s"},
            "canaries": [canary.url],
            "channels": {"webhook": {}},
            "audiences": {"desk": {"broadcast": [f"webhook:{hook.place}"]}},
            "location": "Madrid",
            "quorum": 2,
            "witnesses": {name: {"token": token_of(name), "services": ["x"]} for name in AT},
        }
        town = Town(folder, site, canary, hook, port, config)
        try:
            await town.server()
            for name in names:
                await town.witness(name)
            for name in names:
                await eventually(lambda at=AT[name]: at in site.callers, within=10)
            yield town
            await town.stop()
        except BaseException:
            for name in town.running:
                print(f"── {name}\n{town.log(name)}")  # noqa: T201 # pytest shows it beside the failure
            raise
        finally:
            for process in town.running.values():
                process.kill()
                await process.wait()

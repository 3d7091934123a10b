"""The whole house: `tocsin run` as a process of its own, and around it all that it meets, on 127.0.0.1.

    async with world(tmp_path) as street, street.daemon() as daemon:
        street.fail("web", "app", "TweetDeck")
        await street.telegram.until(lambda: street.telegram.messages)
        await daemon.incident("confirmed_at")

Nothing of the daemon's is patched: only the addresses in its config are those of the fakes. Its secrets come in every way
that it takes them: from the environment, and from files.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from inspect import isawaitable
from pathlib import Path
from typing import IO, Any

import httpx
from ruamel.yaml import YAML

from tests import warm
from tests.fakes import discord as far_discord
from tests.fakes import hook as far_hook
from tests.fakes import mail as far_mail
from tests.fakes import slack as far_slack
from tests.fakes import telegram as far_telegram
from tests.fakes.discord import FakeDiscord
from tests.fakes.hook import FakeHook
from tests.fakes.mail import FakeRelay, free_ports
from tests.fakes.site import WELL, Site, page
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.flow.plain import ADMIN, CHANNEL, DESK, GROUP, HEARTBEAT, ROUTES, plain_config
from tests.flow.spoken import zone_by_day

ROOT = Path(__file__).parent.parent.parent
ALL_GREEN = ROOT / "tests/data/statuspages/statuspage-v2-github-summary-2026-07.json"
STOPS_WITHIN = 5.0  # seconds
BROKEN = page(503, b"Something went wrong, try reloading", reason="Service Unavailable")
UNTIDY = ("Traceback", "Warning:", "was destroyed", "never retrieved", "never awaited", "Unclosed")

__all__ = ["ADMIN", "CHANNEL", "DESK", "GROUP", "HEARTBEAT", "Daemon", "World", "eventually", "world"]


async def eventually(look: Callable[[], Any | Awaitable[Any]], within: float = 10) -> Any:
    """What `look` gives as soon as it is true. For what nobody tells us of: a page, a file, a mailbox."""
    async with asyncio.timeout(within):
        while True:
            found = look()
            if isawaitable(found):
                found = await found
            if found:
                return found
            await asyncio.sleep(0.02)


# ── the daemon ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Daemon:
    process: asyncio.subprocess.Process | warm.Warm
    web: httpx.AsyncClient
    out: Path
    err: Path

    @property
    def log(self) -> str:
        return self.err.read_text("utf-8")

    @property
    def printed(self) -> str:
        return self.out.read_text("utf-8") + self.log

    async def get(self, path: str) -> httpx.Response | None:
        """None while nobody answers."""
        try:
            return await self.web.get(path)
        except httpx.TransportError:
            return None

    async def becomes(self, health: str, service: str = "x") -> None:
        """Wait until a service is known to be so."""
        wanted = f'tocsin_service{{health="{health}",service="{service}"}} 1.0'

        async def looks() -> bool:
            answer = await self.get("/metrics")
            return answer is not None and wanted in answer.text

        await eventually(looks)

    async def incident(self, *known: str) -> dict[str, Any]:
        """The newest, once it has a value for each of `known` ("until"): /status.json may be some seconds old."""

        async def looks() -> dict[str, Any] | None:
            incidents = (await self.get("/status.json")).json()["incidents"]
            return incidents[0] if incidents and all(incidents[0][name] for name in known) else None

        return await eventually(looks)

    async def well(self) -> bool:
        assert self.process.returncode is None, self.printed
        answer = await self.get("/healthz")
        return answer is not None and answer.status_code == 200

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> float:
        """As an operator stops it; how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(3 * STOPS_WITHIN):
            code = await self.process.wait()
        took = time.monotonic() - began
        assert (code, took < STOPS_WITHIN) == (0, True), f"exit code {code} after {took:.1f} s"
        return took


# ── and the world around it ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class World:
    folder: Path
    site: Site
    slack: FakeSlack
    discord: FakeDiscord
    telegram: FakeTelegram
    relay: FakeRelay
    hook: FakeHook
    port: int
    zone: str
    config: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    lives: int = 0
    cold: bool = False  # start the daemon from nothing, as people do

    def fail(self, *routes: str) -> None:
        self.site.paths |= {f"/{route}": BROKEN for route in routes or ROUTES}

    def heal(self) -> None:
        self.site.paths |= {f"/{route}": WELL for route in ROUTES}

    def asked(self, path: str) -> int:
        """How often the site was asked for `path`."""
        return sum(heard.target == path for heard in self.site.heard)

    def keep(self, *kinds: str) -> None:
        """Only these channels: each SDK that is not loaded makes the start quicker."""
        said = self.config
        said["channels"] = {kind: settings for kind, settings in said["channels"].items() if kind in kinds}
        for audience in said["audiences"].values():
            audience["broadcast"] = [place for place in audience["broadcast"] if place.partition(":")[0] in kinds]
        said["audiences"] = {name: audience for name, audience in said["audiences"].items() if audience["broadcast"]}

    @property
    def secrets(self) -> list[str]:
        """What may stand in nothing that is printed, shown or told."""
        fakes = (self.slack, self.discord, self.telegram, self.relay, self.hook)
        return [HEARTBEAT.rpartition("/")[2], *(secret for fake in fakes for secret in fake.secrets)]

    def write(self, name: str = "config.yaml") -> Path:
        path = self.folder / name
        draft = path.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            YAML().dump(self.config, file)
        draft.chmod(0o600)  # it holds secrets
        draft.rename(path)
        return path

    async def tocsin(self, *arguments: str) -> tuple[int, str]:
        """Run a shell command on the config; its exit code, and all that it printed."""
        process = await warm.start(*arguments, "-c", str(self.write()), cwd=ROOT, env=self._environ())
        out, err = await process.communicate()
        return process.returncode, (out + err).decode()

    @asynccontextmanager
    async def daemon(self, *, heard: bool = True) -> AsyncIterator[Daemon]:
        """Start it, wait until it is well (and, with `heard`, until people can talk to it everywhere); stop it in order."""
        path, self.lives = self.write(), self.lives + 1
        out, err = self.folder / f"out{self.lives}", self.folder / f"err{self.lives}"
        before, talking = self._ears(), self._ears().keys() & self.config["channels"].keys()
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = await self._start("run", "-c", str(path), stdout=stdout, stderr=stderr)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, verify=False) as web:
            daemon = Daemon(process, web, out, err)
            try:
                await eventually(daemon.well, within=30)
                if heard:
                    await eventually(lambda: all(self._ears()[kind] > before[kind] for kind in talking))
                yield daemon
                if process.returncode is None:
                    await daemon.stop()
            except BaseException:
                print(daemon.printed)  # noqa: T201 # pytest shows it beside the failure
                raise
            finally:
                await daemon.kill()
        self._tidy(daemon)

    async def _start(self, *arguments: str, **pipes: IO[bytes]) -> asyncio.subprocess.Process | warm.Warm:
        how = {"cwd": ROOT, "env": self._environ()} | pipes
        warns = ("ResourceWarning", "RuntimeWarning")
        if not self.cold:
            return await warm.start(*arguments, warns=warns, **how)
        shown = [word for name in warns for word in ("-W", f"default::{name}")]
        return await asyncio.create_subprocess_exec(sys.executable, *shown, "-m", "bot", *arguments, **how)

    def _environ(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"} | self.environment

    def _ears(self) -> dict[str, int]:
        """How often somebody began to listen, by platform."""
        links = sum(method == "apps.connections.open" for method, _ in self.slack.calls)
        return {
            "slack": links if self.slack.sockets else 0,
            "discord": len(self.discord.gateway.identifies),
            "telegram": self.telegram.polls,
        }

    def _tidy(self, daemon: Daemon) -> None:
        """No life may leak a secret or end untidily; and no fake may have met what its platform forbids."""
        printed = daemon.printed
        assert [secret for secret in self.secrets if secret in printed] == []
        assert not [line for line in printed.splitlines() if any(sign in line for sign in UNTIDY)], printed
        for fake in (self.slack, self.discord, self.telegram, self.relay, self.hook):
            assert fake.broken == []


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """All platforms and the site, up and well; `config` may be changed until the daemon is started."""
    async with AsyncExitStack() as stack:
        fakes = (Site(keep=True), FakeSlack(), FakeDiscord(), FakeTelegram(), FakeRelay(), FakeHook())
        opened = [await stack.enter_async_context(fake) for fake in fakes]
        street = World(folder, *opened, port=free_ports(1)[0], zone=zone_by_day())
        street.site.paths["/status/api/v2/summary.json"] = page(body=ALL_GREEN.read_bytes())
        street.heal()
        street.environment = {
            "SLACK_BOT_TOKEN": far_slack.BOT_TOKEN,
            "SLACK_APP_TOKEN": far_slack.APP_TOKEN,
            "DISCORD_TOKEN": far_discord.TOKEN,
            "HOOK_TOKEN": far_hook.TOKEN,
            "HEARTBEAT_URL": street.site.url(HEARTBEAT),
        }
        (folder / "telegram.token").write_text(f"{far_telegram.TOKEN}\n")
        (folder / "mail.password").write_text(f"{far_mail.PASSWORD}\n")
        for name in ("telegram.token", "mail.password"):
            (folder / name).chmod(0o600)
        street.config = plain_config(street)
        yield street

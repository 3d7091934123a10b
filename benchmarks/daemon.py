"""The real daemon as its own process, on a config made for it, with all four channels connected to fakes in this process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from benchmarks.far import CANARY, Far, far
from bot.store import open_store
from tests.fakes.discord import TOKEN as DISCORD_TOKEN
from tests.fakes.discord import FakeDiscord
from tests.fakes.mail import PASSWORD, SENDER, FakeRelay, free_ports
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import TOKEN as TELEGRAM_TOKEN
from tests.fakes.telegram import FakeTelegram

EVERY = 20  # seconds: what the peers were measured with
STOP_WITHIN = 10  # seconds
# The command line, without what only the tests installed and Telegram's SDK would load because it is there (7 MB).
TOCSIN = """import sys; sys.modules["cryptography"] = None
from bot.__main__ import main; main()"""


@contextlib.asynccontextmanager
async def places() -> AsyncIterator[tuple[Far, Path]]:
    """The far side, and a folder for a database, a config and the certificates."""
    authority = trustme.CA()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        issued = authority.issue_cert("127.0.0.1", "*.site.localhost")
        issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "site.pem"))
        async with far(str(folder / "site.pem")) as side:
            yield side, folder


@dataclass(frozen=True)
class Four:
    """A fake of each platform, and the sections of a config that lead there."""

    slack: FakeSlack
    discord: FakeDiscord
    telegram: FakeTelegram
    relay: FakeRelay

    @property
    def sections(self) -> dict[str, Any]:
        return {
            "slack": self.slack.config,
            "discord": {
                "token": DISCORD_TOKEN,
                "api_url": self.discord.url,
                "gateway_url": self.discord.gateway_url,
            },
            "telegram": {"token": TELEGRAM_TOKEN, "api_url": self.telegram.url},
            "email": {"server": self.relay.url, "password": PASSWORD, "security": "none", "from": SENDER},
        }

    def messages(self) -> dict[str, int]:
        """How many each has taken so far, without what was rewritten."""
        return {
            "Slack": sum(method == "chat.postMessage" for method, _ in self.slack.calls),
            "Discord": len(self.discord.messages),
            "Telegram": sum(method == "sendMessage" for method, _ in self.telegram.calls),
            "e-mail": len(self.relay.applied),
        }


@contextlib.asynccontextmanager
async def four_channels() -> AsyncIterator[Four]:
    """All of them listening."""
    async with FakeSlack() as slack, FakeDiscord() as discord, FakeTelegram() as telegram, FakeRelay() as relay:
        yield Four(slack, discord, telegram, relay)
        missing = [
            kind
            for kind, connected in (
                ("slack", slack.calls),
                ("discord", discord.gateway.identifies),
                ("telegram", telegram.polls),
            )
            if not connected
        ]
        assert not missing, f"never connected: {missing}"


def names(count: int) -> list[str]:
    return [f"s{number}" for number in range(count)]


def config(side: Far, count: int, channels: Mapping[str, Any], *, secure: bool, every: int = EVERY) -> dict[str, Any]:
    """`count` services; one bad round is an outage and one good one its end, as the peers were set."""

    def url(name: str) -> str:
        # A name each: connections are kept by origin, and each service is an origin of its own.
        return (
            f"https://{name}.site.localhost:{side.https}/{name}" if secure else f"http://127.0.0.1:{side.http}/{name}"
        )

    return {
        "web": {"listen": f"127.0.0.1:{free_ports(1)[0]}"},
        "canaries": [f"http://127.0.0.1:{side.http}/{CANARY}"],
        "defaults": {"every": f"{every}s", "confirm_every": f"{every}s", "confirm_rounds": 1, "restore_rounds": 1},
        "services": {name: {"routes": {"web": {"kind": "http", "url": url(name)}}} for name in names(count)},
        "channels": {"webhook": {}, **channels},
        "audiences": {"desk": {"broadcast": [f"webhook:http://127.0.0.1:{side.hook}/hook"]}},
    }


@contextlib.asynccontextmanager
async def daemon(folder: Path, said: Mapping[str, Any], *, secure: bool = False) -> AsyncIterator[int]:
    """`tocsin run`, from its start until it has expired; yields its process id."""
    path, log, database = folder / "config.yaml", folder / "daemon.log", f"sqlite:///{folder / 'tocsin.db'}"
    async with open_store(database):
        """A first start would make the tables, with libraries that no later one loads (7 MB)."""
    document = {"database": database, **said}
    lines = [f"{key}: {json.dumps(value)}" for key, value in document.items() if key != "services"]
    lines += ["services:", *(f"  {name}: {json.dumps(value)}" for name, value in document["services"].items())]
    path.write_text("\n".join(lines))
    trusted = {"SSL_CERT_FILE": str(folder / "ca.pem")} if secure else {}  # else the system's authorities, as always
    with log.open("wb") as err:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", TOCSIN, "run", "-c", str(path)), stderr=err, env=os.environ | trusted
        )
    try:
        async with asyncio.TaskGroup() as group:
            alive = group.create_task(_must_not_end(process, log))
            yield process.pid
            alive.cancel()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _must_not_end(process: asyncio.subprocess.Process, log: Path) -> None:
    """End what is measured as soon as there is nothing to measure."""
    await process.wait()
    said = await asyncio.to_thread(log.read_text)
    raise RuntimeError(f"the daemon ended: {said[-2000:]}")

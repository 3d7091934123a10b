"""The command line as a person meets it: real processes, exit codes, one clear line for each mistake."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from bot.model import Confidence, Destination, Health, Incident, ServiceState
from bot.store import Transition, open_store
from tests import warm
from tests.fakes import discord as far_discord
from tests.fakes import mail as far_mail
from tests.fakes import telegram as far_telegram
from tests.fakes.discord import FakeDiscord
from tests.fakes.faults import Fault
from tests.fakes.hook import TOKEN, FakeHook
from tests.fakes.mail import FakeRelay, free_ports
from tests.fakes.site import Site
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.flow.house import eventually
from tests.reasons import english

ROOT = Path(__file__).parents[2]
STOPS_WITHIN = 5.0  # seconds


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def line(self):
        """The one line that a mistake is told in."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self
        assert "Traceback" not in self.out + self.err
        return lines[0]


def environ(folder):
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}


def start(folder, *arguments, **env):
    return warm.start(*arguments, cwd=folder, env=environ(folder) | env)


def cold(folder, *arguments, **env):
    """As people start it: from nothing."""
    return asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env=environ(folder) | env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def tocsin(folder, *arguments, how=start, **env):
    """Run it in `folder`, where config.yaml is."""
    process = await how(folder, *arguments, **env)
    out, err = await process.communicate()
    return Ran(process.returncode, out.decode(), err.decode())


def write(folder, **sections):
    """A config that is right but for what a test says otherwise; return its port."""
    [port] = free_ports(1)
    config = {
        "database": f"sqlite:///{folder}/tocsin.db",
        "web": {"listen": f"127.0.0.1:{port}"},
        "services": {
            "x": {"name": "X (Twitter)", "routes": {"web": {"kind": "tcp", "host": "127.0.0.1", "port": port}}}
        },
        "channels": {"console": {}},
        "audiences": {"desk": {"broadcast": ["console:-"]}},
    } | sections
    with (folder / "config.yaml").open("w", encoding="utf-8") as file:
        YAML().dump(config, file)
    (folder / "config.yaml").chmod(0o600)  # it holds secrets
    return port


def left_behind(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != "config.yaml")


def assert_free(port):
    socket.create_server(("127.0.0.1", port)).close()


@asynccontextmanager
async def daemon(folder, port, how=start, **env):
    """A running daemon that answers. Stopped in order at the end, which is asserted; its log is kept in `folder`/log."""
    process = await how(folder, "run", **env)
    try:
        await eventually(lambda: process.returncode is not None or answers(port), within=20)
        assert process.returncode is None, (await process.communicate())[1].decode()
        yield process
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, err = await asyncio.wait_for(process.communicate(), 3 * STOPS_WITHIN)
        took = time.monotonic() - began
        assert (process.returncode, took < STOPS_WITHIN, "Traceback" in err.decode()) == (0, True, False), err.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


# ── mistakes ─────────────────────────────────────────────────────────────────────────────────────────────────────────

USAGE = {
    "unknown command": (["frob"], 'tocsin: Unknown command "frob". Available commands:'),
    "unknown option": (["run", "--frob"], "tocsin: Unknown option: --frob."),
    "missing argument": (["test"], 'tocsin: Command "test" parameter --audience requires an argument.'),
    "not a number": (
        ["demo", "--port", "soon"],
        'tocsin: Invalid value for --port: unable to convert "soon" into int.',
    ),
    "no port": (["demo", "--port", "99999"], 'tocsin: Invalid value "99999" for --port. Must be <= 65535.'),
    "no config": (
        ["run"],
        "config.yaml:1:1: there is no such file; make one from config.example.yaml: tocsin example > config.yaml",
    ),
    "no such config": (
        ["status", "-c", "other.yaml"],
        "other.yaml:1:1: there is no such file; make one from config.example.yaml: tocsin example > config.yaml",
    ),
}


@pytest.mark.parametrize("mistake", USAGE)
async def test_wrong_usage_is_one_line_and_2(mistake, tmp_path):
    arguments, said = USAGE[mistake]
    ran = await tocsin(tmp_path, *arguments, how=cold)

    assert ran.line.startswith(said)
    assert (ran.code, ran.out, left_behind(tmp_path)) == (2, "", [])


async def test_a_wrong_config_is_2_with_a_line_for_each_mistake_and_nothing_is_started(tmp_path):
    port = write(tmp_path, sevrices={}, timezone="Madrid")
    ran = await tocsin(tmp_path, "run")

    first, second = ran.err.splitlines()
    assert first.startswith("config.yaml:")
    assert "timezone" in first + second
    assert 'sevrices: unknown key; did you mean "services"?' in first + second
    assert (ran.code, ran.out, left_behind(tmp_path)) == (2, "", [])
    assert_free(port)


async def test_a_token_that_is_not_in_the_environment_is_named(tmp_path):
    write(tmp_path, channels={"telegram": {"token": "${TELEGRAM_TOKEN}"}}, audiences={})
    ran = await tocsin(tmp_path, "run")
    assert ran.code == 2
    assert ran.line.startswith("config.yaml:")
    assert "TELEGRAM_TOKEN" in ran.line
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("what", ["audience", "service"])
async def test_a_name_that_nothing_has_is_answered_with_those_there_are(what, tmp_path):
    write(tmp_path)
    arguments, known = {"audience": (["test", "nobody"], "desk"), "service": (["status", "nobody"], "x")}[what]
    ran = await tocsin(tmp_path, *arguments)
    assert (ran.code, ran.line) == (2, f'tocsin: there is no {what} "nobody"; expected one of {known}')


# ── a start that is refused leaves nothing half started ──────────────────────────────────────────────────────────────


async def test_a_busy_port_is_1_and_no_database_is_made(tmp_path):
    port = write(tmp_path)
    with socket.create_server(("127.0.0.1", port)):
        ran = await tocsin(tmp_path, "run")
    assert ran.line == (f"tocsin: cannot listen on 127.0.0.1:{port} (Address already in use); set another web.listen")
    assert (ran.code, left_behind(tmp_path)) == (1, [])


DATABASES = {
    "in no folder": ("run", "sqlite:////nowhere/tocsin.db", "sqlite:////nowhere/tocsin.db: No such file or directory"),
    "not to be written": ("run", "sqlite:////proc/tocsin.db", "sqlite:////proc/tocsin.db: "),
    "no server": ("run", "postgresql://ana:s3cret@127.0.0.1:1/tocsin", "postgresql://ana@127.0.0.1:1/tocsin: "),
}


@pytest.mark.parametrize("kind", DATABASES)
async def test_a_database_that_cannot_be_used_is_1_without_its_password(kind, tmp_path):
    command, url, said = DATABASES[kind]
    port = write(tmp_path, database=url)
    ran = await tocsin(tmp_path, command)

    assert ran.line.startswith(f"tocsin: cannot use the database {said}")
    assert "s3cret" not in ran.line
    assert (ran.code, left_behind(tmp_path)) == (1, [])
    assert_free(port)


# ── check and test ───────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def platforms(folder):
    """Fakes of four platforms, and a config that uses them; the tokens come from the environment."""
    async with AsyncExitStack() as stack:
        slack, discord, telegram, relay = [
            await stack.enter_async_context(fake) for fake in (FakeSlack(), FakeDiscord(), FakeTelegram(), FakeRelay())
        ]
        channels = {
            "slack": {"bot_token": "${SLACK}", "api_url": slack.url},
            "discord": {"token": "${DISCORD}", "api_url": discord.url},
            "telegram": {"token": "${TELEGRAM}", "api_url": telegram.url},
            "email": {"server": relay.url, "password": "${MAIL}", "security": "none", "from": far_mail.SENDER},
        }
        write(folder, channels=channels, audiences={})
        right = {
            "SLACK": slack.config["bot_token"],
            "DISCORD": far_discord.TOKEN,
            "TELEGRAM": far_telegram.TOKEN,
            "MAIL": far_mail.PASSWORD,
        }
        yield right


async def test_check_says_of_each_channel_that_it_is_ready(tmp_path):
    async with platforms(tmp_path) as right:
        ran = await tocsin(tmp_path, "check", **right)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("config: right (1 service, 0 audiences)")
    assert {line for line in ran.out.splitlines() if line.endswith(": ready")} == {
        f"{kind}: ready" for kind in ("slack", "discord", "telegram", "email")
    }
    assert left_behind(tmp_path) == []


async def test_check_says_in_one_line_each_which_tokens_are_not_accepted(tmp_path):
    wrong = {
        "SLACK": "xoxb-9-wr0ng",
        "DISCORD": "MTAwMDAwMDAwMDAwMDAwMDAx.GfAkE0.wr0ng-but-long-enough-to-look-like-one",
        "TELEGRAM": "4711:AAF-wr0ng-telegram-token-of-some-length",
        "MAIL": "wr0ng",
    }
    async with platforms(tmp_path) as right:
        ran = await tocsin(tmp_path, "check", **right | wrong)

    said = dict(line.split(": ", 1) for line in ran.err.splitlines())
    assert ran.code == 1
    assert sorted(said) == ["discord", "email", "slack", "telegram"]
    assert "channels.slack.bot_token is not accepted by Slack (invalid_auth)" in said["slack"]
    assert "Discord does not know the token" in said["discord"]
    assert "Telegram does not know the token" in said["telegram"]
    assert "check the user in server, and password" in said["email"]
    assert "wr0ng" not in ran.out + ran.err


async def test_test_proves_each_way_and_says_which_failed_without_the_secret_of_its_address(tmp_path):
    async with FakeHook() as hook:
        audiences = {
            "right": {"broadcast": ["console:-", f"webhook:{hook.place}"]},
            "wrong": {"broadcast": [f"webhook:{hook.place}-not", "console:-"]},
        }
        write(tmp_path, channels={"console": {}, "webhook": {}}, audiences=audiences)
        right, wrong = await asyncio.gather(*(tocsin(tmp_path, "test", name) for name in audiences))

    assert (right.code, right.err) == (0, "")
    assert right.out.count("delivered") == 2
    assert [heard["title"].partition(":")[0] for heard in hook.heard] == ["🔔 Test for right"]
    assert (wrong.code, wrong.line) == (1, "tocsin: 1 of 2 destinations did not take it")
    assert f"{Destination('webhook', f'{hook.place}-not').shown}: HTTP 404" in wrong.out
    assert TOKEN not in right.out + right.err + wrong.out + wrong.err


# ── status ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def remember(folder, health):
    """What a daemon that ran until just now would have left."""
    now = datetime.now(UTC)
    since = now - timedelta(minutes=21)
    down = Incident("x", 1, since, health, Confidence.CONFIRMED, confirmed_at=since, worst=health, steps=2)
    state = ServiceState("x", up_since=since) if health is Health.UP else ServiceState("x", incident=down, opened=1)
    async with open_store(f"sqlite:///{folder}/tocsin.db") as store:
        await store.incidents.apply("x", lambda _: Transition(state), now)
        await store.results.alive(now)


async def test_status_is_for_people_for_programs_and_for_scripts(tmp_path):
    write(tmp_path)
    await remember(tmp_path, Health.DOWN)
    human, data = await asyncio.gather(tocsin(tmp_path, "status"), tocsin(tmp_path, "status", "--json", "--exit-code"))
    assert (human.code, human.err) == (0, "")
    assert human.out.splitlines()[0] == "🔴 1 of 1 services is down"
    assert human.out.splitlines()[1].startswith("🔴 X (Twitter): down since ")
    body = json.loads(data.out)
    assert (data.code, body["status"], body["services"][0]["incident"]["id"]) == (3, "down", "x#1")


async def test_status_ends_with_0_while_all_is_up_and_says_when_no_daemon_runs(tmp_path):
    write(tmp_path)
    await remember(tmp_path, Health.UP)
    ran = await tocsin(tmp_path, "status", "x", "--exit-code")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("🟢 X (Twitter): up since ")

    async with open_store(f"sqlite:///{tmp_path}/tocsin.db") as store:
        await store.results.alive(datetime.now(UTC) - timedelta(minutes=2))
    ran = await tocsin(tmp_path, "status")
    assert (ran.code, ran.line) == (0, "The daemon is not running: this is what was known when it stopped.")


# ── the daemon ───────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_running_daemon_is_well_is_alone_and_stops_in_order(tmp_path):
    async with Site() as site:
        services = {"x": {"routes": {"web": {"kind": "http", "url": site.url()}}}}
        port = write(tmp_path, services=services, defaults={"every": "1s"})
        other = tmp_path / "other"
        other.mkdir()
        write(other, database=f"sqlite:///{tmp_path}/tocsin.db")
        async with daemon(tmp_path, port, how=cold):
            well, second = await asyncio.gather(tocsin(tmp_path, "healthcheck", how=cold), tocsin(other, "run"))
            assert (well.code, well.out, well.err) == (0, "well\n", "")
            assert second.code == 1
            assert second.line == (
                f"tocsin: cannot use the database sqlite:///{tmp_path}/tocsin.db: another Tocsin is running on it"
            )
            assert left_behind(other) == []

        assert_free(port)
        ran = await tocsin(tmp_path, "healthcheck")
        assert (ran.code, ran.line) == (1, f"tocsin: not well: connection refused at http://127.0.0.1:{port}/healthz")


async def test_a_stop_waits_neither_for_a_service_nor_for_a_channel_that_hangs(tmp_path):
    async def silent(_heard, _writer):
        await asyncio.Event().wait()

    async with FakeHook() as hook, Site(silent) as site:
        hook.fault(Fault.HALF_OPEN, 10)
        [closed] = free_ports(1)
        services = {
            "x": {"routes": {"web": {"kind": "tcp", "host": "127.0.0.1", "port": closed}}},
            "y": {"routes": {"web": {"kind": "http", "url": site.url()}}},
        }
        port = write(
            tmp_path,
            services=services,
            defaults={"every": "0.3s", "confirm_every": "0.2s", "timeout": "30s"},
            channels={"webhook": {}},
            audiences={"desk": {"broadcast": [f"webhook:{hook.place}"]}},
        )
        async with daemon(tmp_path, port):
            await eventually(lambda: site.heard and len(hook._faults) < 10)

        async with open_store(f"sqlite:///{tmp_path}/tocsin.db") as store:
            [row] = await store.deliveries.of_incident("x#1")
        assert (row.status, english(row.why)) == ("pending", "stopped while sending")


# ── schema ───────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_schema_is_valid_and_takes_the_example(tmp_path):
    ran = await tocsin(tmp_path, "schema")
    assert (ran.code, ran.err) == (0, "")
    schema = json.loads(ran.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema)
    example = YAML(typ="safe").load(ROOT / "config.example.yaml")
    assert [error.json_path for error in judge.iter_errors(example)] == []
    assert [error.json_path for error in judge.iter_errors(example | {"sevrices": {}})] == ["$"]

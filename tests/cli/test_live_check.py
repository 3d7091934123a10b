"""`tocsin check --live` as a person meets it: a real process, fakes behind real sockets, a line a place, exit codes."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from bot.cli.live_check import AGAIN, TRIES, Asking
from bot.contracts import Reach
from bot.model import Destination
from tests.cli.test_cli import left_behind, tocsin, write
from tests.fakes import discord as far_discord
from tests.fakes import faults
from tests.fakes import mail as far_mail
from tests.fakes import telegram as far_telegram
from tests.fakes.discord import FakeDiscord
from tests.fakes.faults import Fault
from tests.fakes.hook import TOKEN, FakeHook
from tests.fakes.mail import FakeRelay
from tests.fakes.site import Site
from tests.fakes.slack import APP_TOKEN, BOT_TOKEN, FakeSlack
from tests.fakes.telegram import FakeTelegram
from tests.reasons import english

pytestmark = pytest.mark.long

HERE = "112233445566778899"


class All:
    """Every platform, and a config in which each has one place that is right."""

    def __init__(self, folder, fakes):
        self.folder = folder
        self.slack, self.discord, self.telegram, self.relay, self.hook, self.site = fakes
        slack, discord, telegram, relay, hook, _ = fakes
        discord.channels = {HERE: {}}
        telegram.chats = {-1001: {}, 4242: {}}
        self.channels = {
            "slack": {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "api_url": slack.url},
            "discord": {"token": far_discord.TOKEN, "api_url": discord.url},
            "telegram": {"token": far_telegram.TOKEN, "api_url": telegram.url},
            "email": {"server": relay.url, "password": far_mail.PASSWORD, "security": "none", "from": far_mail.SENDER},
            "webhook": {},
            "console": {},
        }
        self.places = ["slack:C012", f"discord:{HERE}", "telegram:-1001", "email:ana@example.org"]
        self.places += [f"webhook:{hook.place}", "console:-"]

    async def check(self, **sections):
        services = {"x": {"name": "X", "routes": {"web": {"kind": "http", "url": self.site.url("/up")}}}}
        audiences = {"desk": {"ladder": self.places}}
        write(self.folder, **{"channels": self.channels, "services": services, "audiences": audiences} | sections)
        ran = await tocsin(self.folder, "check", "--live")
        shown = ran.out + ran.err
        assert "Traceback" not in shown
        secrets = [BOT_TOKEN, APP_TOKEN, far_discord.TOKEN, far_telegram.TOKEN, far_mail.PASSWORD, TOKEN]
        assert [secret for secret in secrets if secret in shown] == []
        written = (self.slack, self.discord, self.telegram, self.relay, self.hook)
        assert [far.applied for far in written] == [[]] * 5  # nobody was sent anything
        assert left_behind(self.folder) == []
        return ran


@pytest.fixture
async def everything(tmp_path):
    fakes = FakeSlack(), FakeDiscord(), FakeTelegram(), FakeRelay(), FakeHook(), Site()
    async with AsyncExitStack() as stack:
        yield All(tmp_path, [await stack.enter_async_context(fake) for fake in fakes])


@pytest.mark.hardened("T23", "`check --live` where all is right", "a line for each channel, place and service; 0")
async def test_all_that_is_right_is_told_in_a_line_each(everything):
    canaries = [everything.site.url("/up")]
    digest = {"weekly": {"to": ["slack:C012", "slack:U111"], "when": "mon 08:00"}}
    ran = await everything.check(canaries=canaries, digests=digest, admins=["slack:T111/U111", "telegram:4242"])
    assert (ran.code, ran.err) == (0, "")
    hook = Destination("webhook", everything.hook.place).shown
    lines = ran.out.splitlines()
    for line in (
        "✓ slack: knows the bot as @tocsin in the workspace xxx",
        "✓ slack:C012 (desk, digest weekly): #newsroom: the bot is in it",
        "✓ slack:U111 (digest weekly, admins): a person: Ana",
        f"✓ discord:{HERE} (desk): #news: the bot may write there",
        "✓ telegram:-1001 (desk): Newsroom: the bot may write there",
        "✓ email: takes the login of tocsin, without TLS",
        "✓ email:ana@example.org (desk): the relay takes mail for it from tocsin@example.org",
        f"✓ {hook} (desk): takes connections (nothing was sent, so whether it takes notices shows only in `tocsin test`)",
        "✓ console:- (desk): standard output",
    ):
        assert line in lines
    assert any(line.startswith("✓ telegram:4242 (admins): Ana: a person") for line in lines)
    assert any(line.startswith("✓ x web: up after ") for line in lines)
    assert any(line.startswith(f"✓ canary {canaries[0]}: up after ") for line in lines)
    assert all(line.startswith("✓ ") for line in lines[1:])


@pytest.mark.hardened("T23", "`check --live` where places are wrong", "a line each that says what to do; 1")
async def test_what_is_wrong_is_told_in_a_line_each_and_ends_with_1(everything):
    everything.slack.facts = {"C012": {"is_member": False}, "C034": {"is_archived": True}}
    everything.discord.channels = {}
    everything.telegram.standing = {-1001: {"status": "kicked"}}
    everything.relay.say("RCPT", "550 5.1.1 no such user here")
    everything.places.append("slack:C034")
    ran = await everything.check()
    wrong = ran.err.splitlines()
    assert ran.code == 1
    assert [line[:1] for line in wrong] == ["✗"] * 5
    for said in (
        "slack:C012 (desk): the bot is not in that channel: /invite @tocsin (not_in_channel)",
        "slack:C034 (desk): the channel is archived: unarchive it or name another one (is_archived)",
        f"discord:{HERE} (desk): Discord has no such channel: was it deleted, or is the id wrong? (code 10003)",
        "telegram:-1001 (desk): the bot is not in that chat: add it there",
    ):
        assert f"✗ {said}" in wrong
    assert any("no such user here" in line and "check it" in line for line in wrong)
    assert "✓ slack: knows" in ran.out


async def test_places_of_a_channel_whose_token_is_refused_are_not_asked(everything):
    everything.slack.refusals["auth.test"] = "token_revoked"
    ran = await everything.check()
    [wrong] = ran.err.splitlines()
    assert wrong.startswith("✗ slack: the bot token is not valid any more")
    assert "? slack:C012 (desk): not asked, as slack is not ready" in ran.out.splitlines()
    assert ran.code == 1


async def test_an_app_token_that_is_refused_is_told(everything):
    everything.channels["slack"]["app_token"] = "xapp-9-wr0ng"
    ran = await everything.check()
    assert (ran.code, "✗ slack: channels.slack.app_token is not accepted" in ran.err) == (1, True)


async def test_a_service_that_does_not_answer_is_told(everything):
    [door] = [socket.create_server(("127.0.0.1", 0))]
    port = door.getsockname()[1]
    door.close()
    routes = {"web": {"kind": "tcp", "host": "127.0.0.1", "port": port}}
    ran = await everything.check(services={"x": {"name": "X", "routes": routes}})
    assert (ran.code, "✗ x web: does not answer as expected (connection refused)" in ran.err) == (1, True)


@pytest.mark.parametrize("fault", [Fault.LIMITED, Fault.HTML, Fault.NOT_JSON, Fault.CUT])
async def test_platforms_in_trouble_are_told_in_a_line_each(everything, fault, monkeypatch):
    monkeypatch.setattr(faults, "WAIT", 1)  # seconds: each of them is waited for twice
    for far in (everything.slack, everything.discord, everything.telegram):
        far.dead = fault
    ran = await everything.check()
    shown = (ran.out + ran.err).splitlines()
    for kind in ("slack", "discord", "telegram"):
        assert not any(line.startswith(f"✓ {kind}") for line in shown)
        assert sum(line[2:].startswith(f"{kind}:") for line in shown) == 2
    assert "✓ email:ana@example.org" in ran.out
    assert ran.code == (0 if fault is Fault.LIMITED else 1)


@pytest.mark.hardened("T23", "`check --live` with a platform that hangs", "said within its time, the others as usual")
async def test_a_platform_that_hangs_holds_nobody_up(everything):
    everything.slack.dead = Fault.HALF_OPEN
    began = time.monotonic()
    ran = await everything.check()
    assert time.monotonic() - began < 60
    assert "✗ slack: no answer within 10s" in ran.err.splitlines()
    assert "✓ telegram:-1001" in ran.out


async def test_a_platform_that_quotes_the_token_or_draws_on_the_screen_is_masked(everything):
    everything.slack.facts = {"C012": {"name": f"\x1b[31m{BOT_TOKEN}\n[bold]"}}
    ran = await everything.check()
    assert "✓ slack:C012 (desk): #[31m*** [bold]: the bot is in it" in ran.out.splitlines()


async def test_plain_check_asks_of_no_place(everything):
    write(everything.folder, channels=everything.channels, audiences={"desk": {"ladder": ["slack:C999"]}})
    ran = await tocsin(everything.folder, "check")
    assert (ran.code, "✓" in ran.out) == (0, False)


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@asynccontextmanager
async def asking(seconds=30.0):
    yield Asking(lambda *_: None, 1, (), asyncio.get_running_loop().time() + seconds)


async def test_a_short_wait_is_waited_and_a_long_one_is_told():
    answers = [Reach(None, "asks to wait", AGAIN / 10), Reach(True, "there")]
    long, often = Reach(None, "asks to wait", 1000 * AGAIN), []

    async def short_wait():
        return answers.pop(0)

    async def long_wait():
        return long

    async def always_a_little():
        often.append(1)
        return Reach(None, "asks to wait", AGAIN / 10)

    async with asking() as asked:
        turns = asyncio.Semaphore(1)
        assert (await asked.ask("a", short_wait, turns)).reach == Reach(True, "there")
        found = (await asked.ask("b", long_wait, turns)).reach
        assert (await asked.ask("c", always_a_little, turns)).reach.said == "asks to wait: run this again in 0.5s"
    assert len(often) == TRIES
    assert (found.good, english(found.said)) == (None, "asks to wait: run this again in 8m20s")


async def test_what_had_no_turn_in_time_is_not_known():
    async def never():
        await asyncio.Event().wait()

    async with asking(0.05) as asked:
        found = (await asked.ask("a", never, asyncio.Semaphore(1))).reach
    assert (found.good, english(found.said)) == (None, "no time was left to ask")


async def test_a_bug_of_ours_is_one_line():
    async def broken():
        raise KeyError("x")

    async with asking() as asked:
        found = (await asked.ask("a", broken, asyncio.Semaphore(1))).reach
    assert (found.good, english(found.said)) == (False, "our own error: KeyError")


# ── what others could read ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened(
    "B6", "secrets or a database that others can read", "`check` says how to close them, and ends with 1"
)
async def test_files_that_others_can_read_fail_the_check(tmp_path):
    (tmp_path / "token").write_text("t\n")
    (tmp_path / "token").chmod(0o640)
    (tmp_path / "tocsin.db").write_bytes(b"")
    (tmp_path / "tocsin.db").chmod(0o644)
    write(tmp_path, channels={"console": {}, "email": {"server": "smtp://127.0.0.1:9", "from": "a@b.example"}})
    ran = await tocsin(tmp_path, "check")
    [database] = [line for line in ran.err.splitlines() if line.startswith("database: ")]
    assert database.startswith("database: others than its owner can read it (mode 0644); chmod 600 ")
    (tmp_path / "tocsin.db").chmod(0o600)
    telegram = {"token_file": "token", "api_url": "http://127.0.0.1:9"}
    write(tmp_path, channels={"console": {}, "telegram": telegram})
    ran = await tocsin(tmp_path, "check")
    assert "token holds secrets, and others than its owner can read it (mode 0640); chmod 600 token" in ran.err
    assert (ran.code, "database" in ran.err) == (1, False)

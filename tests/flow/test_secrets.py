"""What is secret stays so: in what is printed, shown, told and stored, on good days and on bad ones."""

from __future__ import annotations

import json
import re
from contextlib import AsyncExitStack

import pytest

from tests.fakes.faults import Fault
from tests.fakes.mail import free_ports
from tests.fakes.site import page
from tests.flow.house import HEARTBEAT, eventually, world

pytestmark = pytest.mark.long

PAGES = ("/", "/status.json", "/healthz", "/metrics", "/static/", "/nothing")
KINDS = ("slack", "discord", "telegram", "email", "webhook")
TOKENS = {  # as they are before anybody finds out that they are wrong
    "SLACK_BOT_TOKEN": "xoxb-9-9-wrongbotsecret",
    "SLACK_APP_TOKEN": "xapp-1-A9-9-wrongappsecret",
    "DISCORD_TOKEN": "MTAwMDAwMDAwMDAwMDAwMDAx.GfAkE0.wrong-discord-secret-long-enough-to-look-like-one",
    "HOOK_TOKEN": "wrong-webhook-key",
    "telegram.token": "4711:AAF-wrong-telegram-secret",
    "mail.password": "wrong-mail-secret",
}


def leaks(secrets, where):
    """Which secret stands in what: {place: text}."""
    return [(name, secret) for name, text in where.items() for secret in secrets if secret in text]


def to_all(street):
    """One audience everywhere, so that `tocsin test desk` tries every channel; the webhook is its last."""
    audiences = street.config["audiences"]
    everywhere = [place for audience in audiences.values() for place in audience["broadcast"]]
    street.config["audiences"] = {"desk": {"broadcast": everywhere}}


async def pages(daemon):
    return {path: (await daemon.get(path)).text for path in PAGES}


def bodies(street):
    """All that was sent to readers, as it went over the wire."""
    found = {}
    for fake in (street.slack, street.discord, street.telegram, street.hook):
        found |= {
            f"{type(fake).__name__} {n}": f"{message.text} {json.dumps(message.raw)}"
            for n, message in enumerate(fake.applied)
        }
    found |= {f"mail {n}": message.raw.as_string() for n, message in enumerate(street.relay.applied)}
    return found | {f"answer {n}": json.dumps(reply) for n, reply in enumerate(street.slack.replies)}


def database(street):
    return {path.name: path.read_bytes().decode("latin-1") for path in street.folder.glob("tocsin.db*")}


async def test_no_secret_is_printed_shown_or_told_on_a_good_day(tmp_path):
    async with world(tmp_path) as street:
        to_all(street)
        async with street.daemon() as daemon:
            await daemon.becomes("up")
            street.fail()
            await eventually(lambda: all(fake.applied for fake in (street.slack, street.discord, street.telegram)))
            street.telegram.say(77, "/subscribe", user=4242)
            street.telegram.say(77, "/subscriptions", user=4242)
            street.telegram.say(77, "/ack x", user=4242)
            await street.slack.command("help")
            asked = street.discord.push_command("status")
            await street.discord.until(lambda: asked in dict(street.discord.followups))
            street.heal()
            await eventually(lambda: len(street.relay.applied) == 3 and len(street.hook.applied) == 5)
            # Who subscribes while it is down hears of that, and of its end, beside three answers.
            await street.telegram.until(
                lambda: any(m.place == "77" and "restored" in m.text for m in street.telegram.messages)
            )
            await street.telegram.until(lambda: sum(m.place == "77" for m in street.telegram.messages) >= 5)
            shown, stored = await pages(daemon), database(street)
            commands = {name: (await street.tocsin(*name.split()))[1] for name in ("status",)}
        commands["test desk"] = (await street.tocsin("test", "desk"))[1]
        commands["check"] = (await street.tocsin("check"))[1]

        assert leaks(street.secrets, shown | commands | bodies(street)) == []
        # A webhook's address is where its notices go: it has to be stored. Nothing else has.
        assert {secret for _, secret in leaks(street.secrets, stored)} == set(street.hook.secrets)
        assert commands["test desk"].count("delivered") == len(KINDS), commands
        assert commands["check"].count(": ready") == len(KINDS), commands


def wrong_tokens(street):
    for name, value in TOKENS.items():
        if name.isupper():
            street.environment[name] = value
        else:
            (street.folder / name).write_text(value)
    street.site.paths[HEARTBEAT] = page(401, b"who are you?")


def all_broken(street):
    for fake in (street.slack, street.discord, street.telegram, street.relay, street.hook):
        fake.fault(Fault.BROKEN, 1000)
    street.telegram.refuse("getUpdates", 500, "Internal Server Error", times=1000)
    street.slack.refusals["apps.connections.open"] = "internal_error"
    street.site.paths[HEARTBEAT] = page(500, b"oops")


def nobody_there(street):
    port = free_ports(1)[0]
    channels, there = street.config["channels"], f"127.0.0.1:{port}"
    channels["slack"]["api_url"] = f"http://{there}/api/"
    channels["discord"] |= {"api_url": f"http://{there}/api/v10", "gateway_url": f"ws://{there}/"}
    channels["telegram"]["api_url"] = f"http://{there}"
    channels["email"]["server"] = f"smtp://tocsin@{there}"
    street.config["audiences"]["desk"]["broadcast"][-1] = f"webhook:http://{there}/hook/${{HOOK_TOKEN}}"
    street.environment["HEARTBEAT_URL"] = f"http://{there}{HEARTBEAT}"


@pytest.mark.parametrize("spoil", [wrong_tokens, all_broken, nobody_there])
async def test_no_secret_is_printed_when_nothing_works(tmp_path, spoil):
    async with AsyncExitStack() as stack:
        street = await stack.enter_async_context(world(tmp_path))
        to_all(street)
        spoil(street)
        daemon = await stack.enter_async_context(street.daemon(heard=False))
        await daemon.becomes("up")
        street.fail()
        for kind in KINDS:
            said = re.compile(rf"({kind}:\S*( #\w+)? (has not heard of|refused) (x#1|#many#))|told {kind}:")
            await eventually(lambda said=said: said.search(daemon.log))
        await eventually(lambda: "heartbeat" in daemon.log)
        shown, stored = await pages(daemon), database(street)
        commands = {name: (await street.tocsin(*name.split()))[1] for name in ("check", "test desk")}
        await daemon.stop()

        secrets = [*street.secrets, *(part for value in TOKENS.values() for part in (value, value.split(":")[-1]))]
        everything = shown | commands | bodies(street) | {"printed": daemon.printed}
        assert leaks(secrets, everything) == []
        allowed = {*street.hook.secrets, TOKENS["HOOK_TOKEN"]}
        assert {secret for _, secret in leaks(secrets, stored)} <= allowed


async def test_no_secret_is_printed_of_a_config_that_is_wrong(tmp_path):
    async with world(tmp_path) as street:
        secret = "sec-ret-4d81"
        street.environment["SECRET"] = secret
        said = street.config
        said["heartbeat"]["url"] = "htp://hc.example.org/${SECRET}"
        said["canaries"] = ["htp://user:${SECRET}@one.example/"]
        said["database"] = "postgres://tocsin:${SECRET}@127.0.0.1/tocsin"
        said["services"]["x"]["routes"]["app"]["url"] = "htp://api.example.org/?key=${SECRET}"
        said["services"]["x"]["official"] = {"kind": "statuspage", "url": "htp://status.example.org/?key=${SECRET}"}
        said["channels"]["email"]["server"] = "smtp://tocsin:${SECRET}@mail.example.org"
        said["channels"]["slack"] |= {"api_url": "htp://${SECRET}@slack.example.org/", "bot_tokn": "${SECRET}"}
        said["channels"]["discord"]["token"] = ["${SECRET}"]
        said["audiences"]["machines"]["broadcast"] = ["http://hook.example.org/${SECRET}", "webhook"]
        code, printed = await street.tocsin("run")

    assert code == 2
    assert secret not in printed
    wrong = (
        "heartbeat.url",
        "canaries.0",
        "database",
        "services.x.routes.app.url",
        "services.x.official",
        "channels.email",
    )
    wrong += (
        "channels.slack.api_url",
        "channels.slack.bot_tokn",
        "channels.discord.token",
        "audiences.machines.broadcast",
    )
    assert [key for key in wrong if f": {key}" not in printed] == [], printed

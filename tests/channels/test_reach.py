"""Could a message be written there? Every channel tells, by its real client, over sockets; nobody is sent anything."""

from __future__ import annotations

import inspect
import socket
from typing import get_args

import pytest
from aiohttp import web

from bot.channels import AnyChannel
from bot.channels.apprise import AppriseSettings, leads_to, read
from bot.channels.console import ConsoleSettings
from bot.channels.discord import DiscordSettings
from bot.channels.slack import SlackSettings
from bot.channels.telegram import TelegramSettings
from bot.channels.webhook import WebhookSettings
from bot.contracts import Channel, ChannelContext, Reach
from bot.net import Network
from tests.fakes import discord as far_discord
from tests.fakes import mail as far_mail
from tests.fakes.discord import FakeDiscord
from tests.fakes.faults import Fault
from tests.fakes.hook import FakeHook
from tests.fakes.mail import FakeRelay, free_ports
from tests.fakes.slack import BOT_TOKEN, FakeSlack
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.reasons import english

pytestmark = pytest.mark.filterwarnings(
    "ignore:'imghdr' is deprecated:DeprecationWarning"
)  # in one of Apprise's services
PATIENCE = 0.5  # seconds, where the far side says nothing


async def nothing(*_):
    return None


async def asked(settings, *places):
    """The account, then each place, of one open channel."""
    async with Network() as net, settings.open(ChannelContext(net, (), nothing, nothing)) as channel:
        return [await channel.account(), *[await channel.reach(place) for place in places]]


async def reach(settings, place):
    return (await asked(settings, place))[1]


# ── all channels ─────────────────────────────────────────────────────────────────────────────────────────────────────

OPENED = {
    "slack": lambda: SlackSettings(bot_token=BOT_TOKEN, api_url="http://127.0.0.1:9/", timeout=1),
    "discord": lambda: DiscordSettings(token=far_discord.TOKEN, api_url="http://127.0.0.1:9", timeout=1),
    "telegram": lambda: TelegramSettings(token=TOKEN, api_url="http://127.0.0.1:9", timeout=1),
    "email": lambda: far_mail.settings("smtp://127.0.0.1:9", security="none", timeout=1),
    "webhook": lambda: WebhookSettings(timeout=1),
    "apprise": AppriseSettings,
    "console": ConsoleSettings,
}
PLACES = {
    "slack": "C012",
    "discord": "112233445566778899",
    "telegram": "-100123",
    "email": "ana@example.org",
    "webhook": "http://127.0.0.1:9/secret",
    "apprise": "json://127.0.0.1:9/secret",
    "console": "-",
}
KINDS = [kind.model_fields["kind"].default for kind in get_args(AnyChannel)]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_channel_says_whether_a_place_can_be_reached_and_raises_nothing(kind):
    contract = {name for name, _ in inspect.getmembers(Channel, inspect.isfunction) if not name.startswith("_")}
    async with Network() as net, OPENED[kind]().open(ChannelContext(net, (), nothing, nothing)) as channel:
        assert contract <= set(dir(channel))
        account, place = await channel.account(), await channel.reach(PLACES[kind])
        strange = await channel.reach("\n\0 <no place> é" * 50)
    assert all(
        isinstance(one, Reach) and english(one.said) and "secret" not in english(one.said)
        for one in (account, place, strange)
    )
    assert place.good is (True if kind == "console" else False if kind in {"webhook", "apprise"} else None)


def test_every_kind_of_channel_is_in_the_tables():
    assert set(KINDS) == set(OPENED) == set(PLACES)


# ── Slack ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def slack(far, **more):
    return SlackSettings.model_validate({"bot_token": BOT_TOKEN, "api_url": far.url, "timeout": 5} | more)


SLACK = {
    "in the channel": ("C012", {}, True, "#newsroom: the bot is in it"),
    "by its name": ("#newsroom", {}, True, "#newsroom: the bot is in it"),
    "on a later page": ("#third", {}, True, "#third: the bot is in it"),
    "no such name": ("#nowhere", {}, False, "channel_not_found"),
    "not in the channel": ("C012", {"C012": {"is_member": False}}, False, "/invite @tocsin (not_in_channel)"),
    "not in it, by its name": ("#newsroom", {"C012": {"is_member": False}}, False, "not_in_channel"),
    "archived": ("C012", {"C012": {"is_archived": True}}, False, "is archived"),
    "frozen": ("C012", {"C012": {"is_frozen": True}}, False, "archived or frozen"),
    "read only": ("C012", {"C012": {"is_read_only": True}}, False, "ask the workspace's admin"),
    "unknown": ("C999", {}, False, "no such channel"),
    "direct messages": ("D056", {}, True, "direct messages"),
    "a person who left": ("D056", {"D056": {"is_user_deleted": True}}, False, "switched off"),
    "a person": ("U111", {}, True, "a person: Ana"),
    "a deleted person": ("U111", {"U111": {"deleted": True}}, False, "user_disabled"),
    "a bot": ("U111", {"U111": {"is_bot": True}}, False, "user_is_bot"),
    "itself": ("U0BOT", {}, False, "cannot_dm_self"),
}


@pytest.mark.hardened(
    "T23", "`check --live` with a place that Slack would refuse", "said, with what to do; nothing sent"
)
@pytest.mark.parametrize("case", SLACK)
async def test_slack_says_of_each_place_what_it_is(case):
    place, facts, good, said = SLACK[case]
    async with FakeSlack() as far:
        far.channels["C056"] = "third"
        far.facts = facts
        account, found = await asked(slack(far), place)
    assert (account.good, english(account.said)) == (True, "knows the bot as @tocsin in the workspace xxx")
    assert (found.good, said in english(found.said)) == (good, True), found
    assert far.applied == []
    assert not {"chat.postMessage", "conversations.open"} & {method for method, _ in far.calls}


async def test_a_bot_that_may_write_everywhere_needs_no_invitation():
    async with FakeSlack() as far:
        far.scopes += ",chat:write.public"
        far.facts = {"C012": {"is_member": False}, "C034": {"is_member": False, "is_private": True}}
        _, public, private = await asked(slack(far), "C012", "C034")
    assert (public.good, private.good) == (True, False)


async def test_without_the_scope_to_look_slack_is_asked_by_what_notices_need():
    async with FakeSlack() as far:
        far.refusals = {"conversations.info": "missing_scope", "conversations.list": "missing_scope"}
        _, known, unknown, named = await asked(slack(far), "C012", "C999", "#newsroom")
        far.refusals["conversations.history"] = "not_in_channel"
        outside = await reach(slack(far), "C012")
        far.refusals |= {"conversations.history": "missing_scope", "users.info": "missing_scope"}
        _, blind, person = await asked(slack(far), "C012", "U111")
    assert (known.good, unknown.good, outside.good) == (True, False, False)
    assert "/invite" in english(outside.said)
    assert [one.good for one in (named, blind, person)] == [None] * 3
    assert "channels:read" in english(named.said)
    assert "channels:read" in english(blind.said)
    assert "users:read" in english(person.said)


@pytest.mark.parametrize("error", ["token_revoked", "invalid_auth", "account_inactive", "org_login_required"])
async def test_a_token_that_slack_does_not_take_is_said_of_the_account(error):
    async with FakeSlack() as far:
        far.refusals["auth.test"] = error
        account, place = await asked(slack(far), "C012")
    assert (account.good, place.good) == (False, False)
    assert error in english(account.said)


async def test_a_slack_app_that_may_not_write_is_told_its_scope():
    async with FakeSlack() as far:
        far.scopes = "channels:read"
        [account] = await asked(slack(far))
    assert (account.good, "chat:write" in english(account.said)) == (False, True)


@pytest.mark.hardened(
    "T23", "a Slack app installed for a whole organization", "said in words, by `check` and by the log"
)
async def test_a_token_of_a_whole_organization_is_refused_in_words():
    async with FakeSlack() as far, Network() as net:
        far.enterprise = True
        [account] = await asked(slack(far))
        assert "Enterprise Grid" in english(await slack(far).probe(net))
        assert await slack(far).probe(net, often=True) is None  # what can be written is written
    assert (account.good, "install the app in one workspace" in english(account.said)) == (False, True)


# ── Telegram ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def telegram(far, **more):
    return TelegramSettings.model_validate({"token": TOKEN, "api_url": far.url, "timeout": 5} | more)


MUTED = {"permissions": {"can_send_messages": False}}
TELEGRAM = {
    "a group": ("-1001", {}, None, True, "the bot may write there"),
    "a forum's topic": ("-1001/45", {"is_forum": True}, None, True, "topic 45"),
    "a topic of no forum": ("-1001/45", {}, None, False, "has no topics"),
    "a group that mutes members": ("-1001", MUTED, None, False, "may not write in that group"),
    "an admin there": ("-1001", MUTED, {"status": "administrator"}, True, "may write"),
    "muted itself": ("-1001", {}, {"status": "restricted", "is_member": True, "can_send_messages": False}, False, "may not"),
    "left": ("-1001", {}, {"status": "left"}, False, "add it there"),
    "kicked": ("-1001", {}, {"status": "kicked"}, False, "add it there"),
    "a channel": ("@ourchannel", {"type": "channel"}, {"status": "administrator", "can_post_messages": True}, True, "may write"),
    "a channel without the right": ("@ourchannel", {"type": "channel"}, {"status": "administrator"}, False, "post messages"),
    "a channel as a reader": ("@ourchannel", {"type": "channel"}, {"status": "member"}, False, "post messages"),
    "an unknown chat": ("-1002", {}, None, False, "Chat not found"),
    "an unknown name": ("@nobody", {}, None, False, "Chat not found"),
    "a person who never wrote": ("78", {}, None, False, "write /start to the bot first"),
    "a person": ("77", {}, None, True, "begun to talk"),
}  # fmt: skip


@pytest.mark.hardened(
    "T23", "`check --live` with a place that Telegram would refuse", "said, with what to do; nothing sent"
)
@pytest.mark.parametrize("case", TELEGRAM)
async def test_telegram_says_of_each_place_what_it_is(case):
    place, facts, standing, good, said = TELEGRAM[case]
    async with FakeTelegram() as far:
        far.chats = dict.fromkeys((-1001, -1009, 77), facts)
        far.standing = {number: standing for number in (-1001, -1009) if standing}
        account, found = await asked(telegram(far), place)
    assert (account.good, english(account.said)) == (True, "knows the bot as @TocsinBot")
    assert (found.good, said in english(found.said)) == (good, True), found
    assert (far.applied, far.broken) == ([], [])
    assert {method for method, _ in far.calls} <= {"getMe", "getChat", "getChatMember"}


async def test_a_group_that_became_a_supergroup_is_told_by_its_new_id():
    async with FakeTelegram() as far:
        far.moved[-5] = -1_009_999
        found = await reach(telegram(far), "-5")
    assert (found.good, "telegram:-1009999" in english(found.said)) == (False, True)


@pytest.mark.parametrize(("status", "words"), [(401, "Unauthorized"), (404, "Not Found")])
async def test_a_token_that_telegram_does_not_take_is_said_of_the_account(status, words):
    async with FakeTelegram() as far:
        far.refuse("getMe", status, words, times=9)
        [account] = await asked(telegram(far))
    assert (account.good, "@BotFather" in english(account.said)) == (False, True)


# ── Discord ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def discord(far, **more):
    return DiscordSettings.model_validate({"token": far_discord.TOKEN, "api_url": far.url, "timeout": 5} | more)


HERE = "112233445566778899"
DENIED = [{"id": far_discord.SERVER, "type": 0, "allow": "0", "deny": str(1 << 11)}]
UNSEEN = [{"id": far_discord.SERVER, "type": 0, "allow": "0", "deny": str(1 << 10)}]
BARE = [{"id": far_discord.SERVER, "type": 0, "allow": "0", "deny": str(1 << 14)}]
ALLOWED = [*DENIED, {"id": far_discord.APPLICATION, "type": 1, "allow": str(1 << 11), "deny": "0"}]
THREAD = {"type": 11, "parent_id": "300", "thread_metadata": {"archived": True, "locked": False}}
DISCORD = {
    "may write": (HERE, {}, True, "#news: the bot may write there"),
    "may write, plainly": (HERE, {"permission_overwrites": BARE}, True, "lacks Embed Links"),
    "may not write": (HERE, {"permission_overwrites": DENIED}, False, "give it Send Messages"),
    "may write by a right of its own": (HERE, {"permission_overwrites": ALLOWED}, True, "may write there"),
    "may not see": (HERE, {"permission_overwrites": UNSEEN}, False, "View Channel"),
    "may not even ask": (HERE, {"hidden": True}, False, "View Channel"),
    "unknown": ("1", {}, False, "no such channel"),
    "a forum": (HERE, {"type": 15}, False, "forum"),
    "a category": (HERE, {"type": 4}, False, "text channel"),
    "a thread": (HERE, THREAD, True, "may write there"),
    "a locked thread": (HERE, THREAD | {"thread_metadata": {"archived": True, "locked": True}}, False, "locked"),
    "direct messages": (HERE, {"type": 1, "name": None}, True, "direct messages"),
    "a person": ("@9999", {}, True, "a person: ana"),
    "no such person": ("@9998", {}, False, "no such person"),
    "a bot": ("@9997", {}, False, "direct messages"),
}


@pytest.mark.hardened(
    "T23", "`check --live` with a place that Discord would refuse", "said, with what to do; nothing sent"
)
@pytest.mark.parametrize("case", DISCORD)
async def test_discord_says_of_each_place_what_it_is(case):
    place, facts, good, said = DISCORD[case]
    async with FakeDiscord() as far:
        far.channels = {HERE: facts, "300": {}}
        far.users = {"9999": {}, "9997": {"bot": True}}
        account, found = await asked(discord(far), place)
    assert (account.good, english(account.said)) == (True, "knows the bot as @tocsin")
    assert (found.good, said in english(found.said)) == (good, True), found
    assert all(call.startswith("GET ") for call in far.calls)


async def test_what_discord_keeps_to_itself_is_not_known():
    async with FakeDiscord() as far:
        far.channels = {HERE: {"type": 11, "parent_id": "301"}}
        assert (await reach(discord(far), HERE)).good is None


# ── e-mail ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def email(far, **more):
    return far_mail.settings(far.url, **{"password": far_mail.PASSWORD, "security": "none", "timeout": 5} | more)


EMAIL = {
    "taken": ("", "", True, "takes mail for it from tocsin@example.org"),
    "unknown": ("RCPT", "550 5.1.1 no such user here", False, "check it"),
    "greylisted": ("RCPT", "451 4.7.1 greylisted", None, "greylisted"),
    "a sender that is not taken": ("MAIL", "550 5.7.1 not your address", False, "check channels.email.from"),
    "garbage": ("MAIL", "lorem ipsum", None, ""),
}


@pytest.mark.hardened(
    "T23", "`check --live` with an address that the relay refuses", "said, with what to do; no mail sent"
)
@pytest.mark.parametrize("case", EMAIL)
async def test_a_relay_says_of_each_address_whether_it_takes_it(case):
    command, answer, good, said = EMAIL[case]
    async with FakeRelay() as far:
        if command:
            far.say(command, answer)
        account, found, after = await asked(email(far), "ana@example.org", "ben@example.org")
    assert (account.good, english(account.said)) == (True, "takes the login of tocsin, without TLS")
    assert (found.good, said in english(found.said)) == (good, True), found
    assert after.good is True  # what was asked before does not stay in the conversation
    assert far.applied == []


async def test_one_conversation_asks_after_many_addresses():
    async with FakeRelay() as far:
        places = [f"p{number}@example.org" for number in range(20)]
        _, *found = await asked(email(far), *places)
        assert all(one.good for one in found)
        assert far.connections == 2  # one of them for the account


async def test_a_wrong_password_is_said_of_the_account():
    async with FakeRelay() as far:
        account, place = await asked(email(far, password="wr0ng"), "ana@example.org")
    assert (account.good, place.good) == (False, False)
    assert "wr0ng" not in english(account.said) + english(place.said)


async def test_letters_beyond_ascii_need_a_relay_that_takes_them():
    async with FakeRelay() as far:
        found = await reach(email(far), "josé@example.org")
    assert found.good in {True, False}
    assert found.good or "SMTPUTF8" in english(found.said)


# ── what is sent to blindly ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("T23", "`check --live` with a webhook", "connected to, and nothing sent")
async def test_webhooks_and_apprise_are_connected_to_and_sent_nothing():
    async with FakeHook() as far:
        hook = await reach(WebhookSettings(timeout=2), far.place)
        secure = await reach(WebhookSettings(timeout=2), far.place.replace("http:", "https:"))
        apprise = await reach(AppriseSettings(), f"json://127.0.0.1:{far.port}/{far.secrets[0]}")
        assert far.heard == []
    assert (hook.good, apprise.good, secure.good) == (True, True, False)
    assert all("nothing was sent" in english(one.said) for one in (hook, apprise))
    assert far.secrets[0] not in f"{hook}{apprise}{secure}"


@pytest.mark.parametrize(
    ("url", "led"),
    [
        ("json://hooks.example.org:8080/x", ("hooks.example.org", 8080, False)),
        ("jsons://hooks.example.org", ("hooks.example.org", 443, True)),
        ("ntfy://topic", ("ntfy.sh", 443, True)),
        ("ntfys://ntfy.example.org/topic", ("ntfy.example.org", 443, True)),
        ("tgram://123456789:abcdefg_hijklmnop/12315544/", ("api.telegram.org", 443, True)),
        ("mailto://u:p@gmail.com", ("smtp.gmail.com", 587, False)),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#c", None),
    ],
)
def test_where_an_apprise_url_leads_is_known_or_not_said(url, led):
    assert leads_to(read(url)[0]) == led


# ── trouble on the way, the same for all ─────────────────────────────────────────────────────────────────────────────

PLATFORMS = {
    "slack": (FakeSlack, slack, "C012"),
    "telegram": (FakeTelegram, telegram, "-1001"),
    "discord": (FakeDiscord, discord, HERE),
}


@pytest.mark.parametrize("kind", PLATFORMS)
@pytest.mark.parametrize("fault", [Fault.LIMITED, Fault.LIMITED_BARE, Fault.BROKEN, Fault.HTML, Fault.NOT_JSON, Fault.HALF_OPEN, Fault.CUT])  # fmt: skip
async def test_trouble_on_the_way_is_a_value(kind, fault):
    fake, made, place = PLATFORMS[kind]
    async with fake() as far:
        far.dead = fault
        found = await reach(made(far, timeout=PATIENCE), place)
    limited = fault in {Fault.LIMITED, Fault.LIMITED_BARE}
    assert found.good is not True
    assert (found.good is None) >= limited
    assert (found.wait is not None) >= (fault is Fault.LIMITED)
    assert [secret for secret in far.secrets if secret in english(found.said)] == []


async def test_a_relay_that_says_nothing_is_not_waited_for_for_ever():
    async with FakeRelay() as far:
        far.fault(Fault.HALF_OPEN)
        found = await reach(email(far, timeout=PATIENCE), "ana@example.org")
    assert found.good is not True


@pytest.mark.parametrize(
    "answer", [b"[]", b"null", b'{"ok": true}', b'{"ok": true, "result": 7, "channel": 7, "id": "1"}', b"{" * 5000]
)
@pytest.mark.parametrize("kind", PLATFORMS)
async def test_an_answer_of_the_wrong_form_is_a_value(kind, answer):
    async def garbage(_request):
        return web.Response(body=answer, content_type="application/json")

    fake, made, place = PLATFORMS[kind]
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", garbage)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    door = socket.create_server(("127.0.0.1", *free_ports(1)))
    await web.SockSite(runner, door).start()
    far = fake()
    far.url = f"http://127.0.0.1:{door.getsockname()[1]}/"
    try:
        found = await asked(made(far, timeout=2), place)
    finally:
        await runner.cleanup()
    assert [one.good for one in found if one.good and "tocsin" in english(one.said)] == []
    assert found[1].good is not True

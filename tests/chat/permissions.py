"""Who may do what: each role on each platform, as that platform's own words are read, says each line at a real desk.

`python -m tests.chat.permissions` writes docs/permissions.md.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import discord
from telegram import Update

from bot.channels.discord.gateway import Gateway, _ask_of
from bot.channels.slack.parse import heard
from bot.channels.telegram.parse import hear, press
from bot.chat.dispatcher import Dispatcher
from bot.incidents.settings import OurPage
from bot.model import Audience, Destination, Digest, Reply, Style, Subscription, SubscriptionFilter, Text
from bot.store import open_store
from bot.wording.catalog import catalogs
from tests import sqlite
from tests.chat.dispatcher import Desk
from tests.fakes.botapi import entities
from tests.fakes.slack import MENTION, SAID, SLASH
from tests.sim.inline import Disk, inline

PAGE = Path(__file__).parents[2] / "docs/permissions.md"
ADMINS = frozenset({"telegram:4242", "slack:T111/UADM", "discord:99"})
GROUP, CHANNEL, PERSON = -100777, -1008, 888
ROOMS = ("telegram:-100123", "telegram:-1009", "telegram:889", "slack:C012", "discord:400", "discord:401")
ANSWERED, DONE, REFUSED, TURNED_AWAY = "answered", "done", "refused", "one line"
# In every language: a line of `MANAGES` changes it.
NO = {f"{one}." for say in catalogs().values() for one in (say.replies.not_allowed, say.replies.manages_only)}
STRANGER = {f"{say.access.not_allowed}." for say in catalogs().values()}

ASKS = (
    *("status", "status x", "history", "history x 90", "why", "why x#1", "check x", "check 127.0.0.1", "subscriptions"),
    *("services", "digests", "digest weekly"),
    *("maintenance", "help", "start", "STATUS", "nonsense", "/status", "status\nack x", "report", "report nobody"),
)
REPORTS = ("report x", "report x works", "report y#1")
MANAGES = (
    *("subscribe x", "subscribe y likely", "language es", "timezone Europe/Paris", "clock 24h", "quiet 22:00-07:00"),
    *("subscribe digest weekly", "unsubscribe digest weekly", "unsubscribe"),
)
ORDERS = (
    *("ack x", "mute y 1m", "unmute y", "maintenance y for 1h evil", "maintenance cancel y", "correct x"),
    *("digest add weekly a@example.org", "digest remove weekly a@example.org"),
    *("drill desk", "allow", "disallow", "allow telegram:5", "disallow telegram:5"),
)
SEES = ("ack x#2", "delivery", "delivery x#1", "rooms", "audit", "correct y")
LINES = (*ASKS, *REPORTS, *MANAGES, *SEES, *ORDERS)
IDLE = {"report y#1", "disallow"}  # changes nothing: y has no incident; a place of the config stays


@dataclass(frozen=True)
class Role:
    name: str
    make: Any  # a line and a number -> what the platform's reader makes of it
    asks: bool = False
    manages: bool = False
    orders: bool = False
    person: bool = True
    ruler: bool = False  # what the platform would say, were it asked: an administrator, a full member
    named: bool = True  # the config names the place

    def promised(self, line: str) -> str:
        if not self.asks:
            return TURNED_AWAY
        if line in ASKS:
            return ANSWERED
        if line in REPORTS:
            return DONE if self.person and line not in IDLE else ANSWERED
        if line in MANAGES:
            return DONE if self.manages or self.orders else REFUSED
        if not self.orders:
            return REFUSED
        return ANSWERED if line in SEES or (line == "disallow" and self.named) or line == self._known() else DONE

    def _known(self) -> str:
        return "allow" if self.named else ""


# ── as the platforms tell it ─────────────────────────────────────────────────────────────────────────────────────────


def telegram(chat, user, kind="", **more):
    def make(line, number):
        text = "/" + line.lstrip("/")
        title = {"first_name": "Ana"} if chat > 0 else {"title": "t"}
        where = {"id": chat, "type": kind or ("private" if chat > 0 else "supergroup")} | title
        said = {"message_id": number, "date": int(time.time()), "chat": where, "text": text, "entities": entities(text)}
        if kind != "channel":
            said["from"] = {"id": user, "is_bot": False, "first_name": "Ana"}
        if user == 0:
            said["sender_chat"] = where
        box = "channel_post" if kind == "channel" else "message"
        return hear(Update.de_json({"update_id": number, box: said | more}), "TocsinBot")

    return make


def telegram_press(chat, user):
    def make(line, number):
        title = {"first_name": "Ana"} if chat > 0 else {"title": "t"}
        where = {"id": chat, "type": "private" if chat > 0 else "supergroup"} | title
        message = {"message_id": 5, "date": int(time.time()), "chat": where, "text": "…"}
        person = {"id": user, "is_bot": False, "first_name": "Ana"}
        query = {"id": str(number), "from": person, "chat_instance": "1", "message": message, "data": line}
        return press(Update.de_json({"update_id": number, "callback_query": query}), _now())

    return make


def slack_command(user="U1", team="T111", channel="C099", name="ana"):
    def make(line, number):
        said = {"text": line, "team_id": team, "user_id": user, "user_name": name, "channel_id": channel}
        payload = SLASH["payload"] | said | {"trigger_id": str(number)}
        return _slack({**SLASH, "envelope_id": f"e{number}", "payload": payload})

    return make


def slack_event(kind, channel, user="UADM", *, besides=None, **more):
    def make(line, number):
        text = f"<@U111> {line}" if kind is MENTION else line
        event = kind["payload"]["event"] | {"text": text, "user": user, "channel": channel, "ts": f"{time.time():.6f}"}
        event |= {"channel_type": "im"} if kind is SAID else {}
        payload = kind["payload"] | {"event_id": f"Ev{number}", "event": event} | (besides or {})
        payload["event"] = payload["event"] | more
        return _slack({**kind, "envelope_id": f"e{number}", "payload": payload})

    return make


def slack_press(user, channel="C012"):
    def make(line, number):
        action = {"action_id": "tocsin-0", "value": line, "action_ts": f"{time.time():.3f}{number}"}
        where = {"message_ts": f"{time.time():.6f}", "channel_id": channel}
        said = {"type": "block_actions", "user": user, "team": {"id": "T111"}, "channel": {"id": channel}}
        payload = said | {"container": where, "actions": [action]}
        return _slack({"type": "interactive", "envelope_id": f"e{number}", "payload": payload})

    return make


def _slack(envelope):
    found = heard(envelope, _now(), "T111")
    return found and found.ask


def discord_command(channel, user="7", permissions=0, *, server=True, context=None, pressed=False):
    def make(line, number):
        name, _, text = line.lstrip("/").partition(" ")
        person = {"id": user, "username": "ana", "discriminator": "0", "avatar": None, "global_name": "Ana"}
        options = [{"name": "text", "type": 3, "value": text}]
        data: dict[str, Any] = {"id": "5", "type": 1, "name": name, "options": options}
        said: dict[str, Any] = {
            "id": str((int(time.time() * 1000) - 1_420_070_400_000 << 22) + number),
            "application_id": "1",
            "token": "t",
            "version": 1,
            "attachment_size_limit": 1,
            "type": 3 if pressed else 2,
            "channel_id": channel,
            "data": {"component_type": 2, "custom_id": line, "id": 1} if pressed else data,
        } | ({} if context is None else {"context": context})
        if server:
            member = {"user": person, "roles": [], "permissions": str(permissions), "flags": 0, "deaf": False}
            said |= {"guild_id": "3", "guild": {"id": "3", "locale": "en-US", "features": []}}
            said["member"] = member | {"joined_at": "2022-07-14T12:00:00+00:00", "mute": False}
            said["channel"] = {"id": channel, "type": 0, "name": "n", "guild_id": "3", "position": 0}
        else:
            said |= {"user": person, "channel": {"id": channel, "type": 1, "recipients": [person]}}
        return _ask_of(discord.Interaction(data=said, state=_EARS[0]._connection), line)

    return make


_EARS: list[Gateway] = []
GUILD = 1 << 5
ROLES = {
    "Telegram": (
        Role("anybody in a group that is not let in", telegram(GROUP, 999)),
        Role("administrator of a group that is not let in", telegram(GROUP, 555), ruler=True),
        Role("anybody in a private chat that is not let in", telegram(PERSON, PERSON)),
        Role("a channel that is not let in", telegram(CHANNEL, 0, "channel"), person=False),
        Role("forged button, group not let in", telegram_press(GROUP, 999)),
        Role("forged button, private chat not let in", telegram_press(PERSON, PERSON)),
        Role("member of a group that is let in", telegram(-100123, 999), asks=True),
        Role("administrator of it", telegram(-100123, 555), asks=True, manages=True, ruler=True),
        Role("anonymous administrator of it", telegram(-100123, 0), asks=True, manages=True, person=False),
        Role(
            "another channel that speaks in it",
            telegram(-100123, 0, sender_chat={"id": -1004, "type": "channel", "title": "telegram:4242"}),
            asks=True,
            person=False,
        ),
        Role("forged button in it", telegram_press(-100123, 999), asks=True),
        Role("a channel that is let in", telegram(-1009, 0, "channel"), asks=True, manages=True, person=False),
        Role("private chat that is let in", telegram(889, 889), asks=True, manages=True),
        Role("admin, anywhere", telegram(GROUP, 4242), asks=True, orders=True, named=False),
    ),
    "Slack": (
        Role("member of our workspace", slack_command(), asks=True, manages=True, ruler=True),
        Role("guest in our workspace", slack_command(), asks=True),
        Role(
            "member named like an admin's id",
            slack_command(name="slack:T111/UADM"),
            asks=True,
            manages=True,
            ruler=True,
        ),
        Role("member, in a direct message", slack_event(SAID, "D1", "U1"), asks=True, manages=True),
        Role("admin's user id of another workspace", slack_command("UADM", "T999")),
        Role(
            "the same, in a shared channel that is let in",
            slack_event(MENTION, "C012", user_team="T999", team="T999"),
            asks=True,
        ),
        Role(
            "the same, workspace not told",
            slack_event(MENTION, "C012", besides={"is_ext_shared_channel": True}),
            asks=True,
        ),
        Role("the same, in a direct message", slack_event(SAID, "D9", user_team="T999", team="T999")),
        Role("button pressed, workspace not told", slack_press({"id": "UADM"}), asks=True),
        Role("admin", slack_command("UADM"), asks=True, orders=True, named=False),
    ),
    "Discord": (
        Role("anybody where it is not let in", discord_command("499", context=0)),
        Role("manager of a server where it is not let in", discord_command("499", permissions=GUILD, context=0)),
        Role("direct message that is not let in", discord_command("498", server=False, context=1)),
        Role("member, channel let in", discord_command("400", context=0), asks=True),
        Role("manager of the server", discord_command("400", permissions=GUILD, context=0), asks=True, manages=True),
        Role("direct message that is let in", discord_command("401", server=False, context=1), asks=True, manages=True),
        Role("the same, context not told", discord_command("401", server=False), asks=True),
        Role("tampered button", discord_command("400", context=0, pressed=True), asks=True),
        Role("admin, anywhere", discord_command("499", "99", context=0), asks=True, orders=True, named=False),
    ),
}


# ── at the desk ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Seen:
    async def answer(self, *_):
        return Text("looked at")


async def outcomes(role: Role, store: Any) -> dict[str, str]:
    """What became of each line that somebody in this role said."""
    mail = Audience("desk", (Destination("email", "desk@example.org"),))
    desk = Desk(store, (mail,), rooms=map(Destination.parse, ROOMS))
    await desk.house.rounds("BB")
    record = desk.house.recorder
    page, weekly = (
        OurPage("https://status.example.org", "Status"),
        Digest("weekly", "mon 08:00", (mail.destinations[0],)),
    )
    record.settings = replace(record.settings, page=page, digests={"weekly": weekly})
    desk.house.recorder.clock = _now
    desk.crowd._clock = _now

    async def ruler() -> bool:
        return role.ruler

    seen = {}
    for number, line in enumerate(LINES, 100):
        front = Dispatcher(desk.house.recorder, ADMINS, Style(), desk.crowd, Seen())  # nobody is too fast here
        ask = replace(role.make(line, number), prove=ruler)
        if role.asks and line in MANAGES:
            await desk.house.recorder.places.subscribe(
                Subscription(ask.where, (SubscriptionFilter(("y",)),), ask.who, _now())
            )
        before = len(await store.audit_log.newest(999)), len(desk.looked)
        words = await front.answer(ask)
        after = len(await store.audit_log.newest(999)), len(desk.looked)
        seen[line] = _outcome(words, changed=before != after)
        assert ask.reply is not Reply.PLACE or ask.where.kind == "telegram"
    return seen


def _outcome(words: Text | None, *, changed: bool) -> str:
    if changed:
        return DONE
    if words is None:
        return "nothing"
    if words.title in NO:
        return REFUSED
    return TURNED_AWAY if words.title in STRANGER else ANSWERED


def _now():
    return datetime.now(UTC)


async def table(role: Role) -> dict[str, str]:
    ear = Gateway(_NoDesk(), None, 1)
    us = {"id": "1", "username": "tocsin", "discriminator": "0", "avatar": None, "bot": True}
    ear._connection.user = discord.ClientUser(state=ear._connection, data=us)
    _EARS[:] = [ear]
    with tempfile.TemporaryDirectory() as folder, inline(Disk()):
        async with open_store(sqlite.ready(Path(folder) / "tocsin.db")) as store:
            return await outcomes(role, store)


class _NoDesk:
    commands = ()


HEAD = """# Who may do what

Generated by `python -m tests.chat.permissions`, and held by a test: each role says each line, as the platform's own messages are read, at a real desk.

- **answered**: told what was asked; nothing changes.
- **done**: carried out. A report counts; an order is in the audit.
- **refused**: "Only Tocsin's admins can do that" or "Only this channel's administrators can change what it gets", and nothing else.
- **one line**: the place is not let in. Once an hour, what an admin would have to send; nothing is counted, looked up or stored.

What the roles are is told in [commands.md](commands.md#who-may-ask). Lines with one result stand together.
"""


def page(found: dict[str, dict[str, dict[str, str]]]) -> str:
    parts = [HEAD]
    for platform, roles in found.items():
        parts.append(f"\n## {platform}\n")
        for name, seen in roles.items():
            parts.append(f"\n**{name}**\n\n")
            for outcome in (ANSWERED, DONE, REFUSED, TURNED_AWAY, "nothing"):
                lines = [f"`{' ⏎ '.join(line.split(chr(10)))}`" for line, one in seen.items() if one == outcome]
                if len(lines) == len(LINES):
                    parts.append(f"- {outcome}: every line\n")
                elif lines:
                    parts.append(f"- {outcome}: {', '.join(lines)}\n")
    return "".join(parts)


async def everybody() -> dict[str, dict[str, dict[str, str]]]:
    return {platform: {role.name: await table(role) for role in roles} for platform, roles in ROLES.items()}


if __name__ == "__main__":
    PAGE.write_text(page(asyncio.run(everybody())), "utf-8")

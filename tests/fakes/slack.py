"""A Slack of our own: the Web API's methods that Tocsin uses, and Socket Mode, as strict as Slack where it matters.

The envelopes are those of slackapi/python-slack-sdk's tests (see `tests/data/PROVENANCE.md`), filled in by `command`,
`mention` and `direct`. Start it with `async with FakeSlack() as slack:` or `await slack.start(port)`; the settings are
`slack.config`.
"""

from __future__ import annotations

import copy
import itertools
import json
import math
import re
import time
from collections import deque
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

from tests.fakes.faults import Fault, FaultyServer, Message
from tests.fakes.slack_text import drawn, faults_of

SPEC = json.loads((Path(__file__).parents[1] / "data/slack-socket-mode-envelopes.json").read_text())
SLASH, MENTION, SHORTCUT, SAID = SPEC["envelopes"]
BOT_TOKEN = "xoxb-111-222-abcDEFbotsecret"
APP_TOKEN = "xapp-1-A111-222-abcDEFappsecret"
NAMES = {
    Fault.FAILED: "internal_error",
    Fault.TOO_LONG: "msg_too_long",
    Fault.GONE: "channel_not_found",
    Fault.REVOKED: "token_revoked",
}


class FakeSlack(FaultyServer):
    """Channels by id and name; what is written there; who listens, and what they were told."""

    def __init__(self) -> None:
        super().__init__()
        self.secrets = [BOT_TOKEN, APP_TOKEN, "ticket-secret", "hook-secret"]
        self.channels = {"C012": "newsroom", "C034": "random", "D056": ""}
        self.people = {"U111": "D056"}  # whose direct messages are where
        self.guests: set[str] = set()  # people of our workspace who are guests in it
        self.facts: dict[str, dict[str, Any]] = {}  # what Slack tells of a channel or a person, besides the usual
        self.scopes = "chat:write,channels:history,channels:read,groups:read,users:read"  # of the bot's token
        self.enterprise = False  # is the app installed for a whole organization?
        self.shut: dict[str, str] = {}  # a channel's id -> the error with which it refuses messages
        self.locked: dict[str, str] = {}  # a thread's ts -> the error with which it refuses replies
        self.refusals: dict[str, str] = {}  # a method -> the error, or the fault, with which it always answers
        self.errors: deque[str] = deque()  # with which the next posts are answered
        self.posts: dict[tuple[str, str], dict[str, Any]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []  # every call of the Web API, in order
        self.acks: list[str] = []  # envelope ids, in order
        self.replies: list[dict[str, Any]] = []  # what came by response_url
        self.heard: list[str] = []  # "ack …" and "reply …", in order
        self.sockets: list[web.WebSocketResponse] = []  # open, the newest last
        self.greets = True  # False: hangs up before the greeting
        self._tickets: set[str] = set()
        self._hooks: dict[str, int] = {}  # uses left
        self.hook_limits = 0  # how many of the next replies are answered with 429
        self._number = itertools.count(1)
        self.app.router.add_route("*", "/api/{method}", self._api)
        self.app.router.add_get("/link", self._link)
        self.app.router.add_post("/hooks/{hook}", self._hook)

    async def start(self, port: int = 0) -> None:
        await super().start(port)
        self.url += "api/"

    @property
    def config(self) -> dict[str, Any]:
        """The channel's section of a Tocsin config."""
        return {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "api_url": self.url}

    # ── what people do ───────────────────────────────────────────────────────────────────────────────────────────────

    async def command(self, text: str, *, channel: str = "C012", user: str = "U111") -> str:
        """Somebody types `/tocsin text`; return the envelope's id."""
        hook = f"hook-secret-{next(self._number)}"
        self._hooks[hook] = 5
        said = {"command": "/tocsin", "text": text, "channel_id": channel, "user_id": user, "user_name": "ana"}
        said["channel_name"] = self.channels.get(channel) or "directmessage"
        url = f"http://127.0.0.1:{self.port}/hooks/{hook}"
        return await self.deliver(SLASH, payload=said | {"response_url": url})

    async def mention(self, text: str, *, channel: str = "C012", user: str = "U222", **more: Any) -> str:
        """Somebody writes `@tocsin text`."""
        said = {"text": f"<@U111> {text}", "channel": channel, "user": user, "ts": self._now()}
        event = MENTION["payload"]["event"] | said | more
        return await self.deliver(MENTION, payload={"event": event})

    async def direct(self, text: str, **more: Any) -> str:
        """Somebody writes to the bot alone."""
        said = {"text": text, "channel": "D056", "channel_type": "im", "ts": self._now()}
        event = SAID["payload"]["event"] | said | more
        return await self.deliver(SAID, payload={"event": event})

    async def press(self, ref: str, label: str, *, user: str = "U111", times: int = 1) -> dict[str, Any]:
        """Somebody presses a button of a message as it stands; what Slack tells of it, `times` over."""
        (channel, post), *_ = ((place, post) for (place, ts), post in self.posts.items() if ts == ref)
        elements = [e for block in post["blocks"] if block["type"] == "actions" for e in block["elements"]]
        button = next(element for element in elements if element["text"]["text"] == label)
        hook = f"hook-secret-{next(self._number)}"
        self._hooks[hook] = 5
        action = {"action_id": button["action_id"], "block_id": "b1", "text": button["text"], "value": button["value"]}
        payload = {
            "type": "block_actions",
            "user": {"id": user, "username": "ana", "name": "ana", "team_id": "T111"},
            "container": {"type": "message", "message_ts": ref, "channel_id": channel, "is_ephemeral": False},
            "channel": {"id": channel, "name": self.channels[channel]},
            "message": {"type": "message", "bot_id": "B111", "ts": ref, "blocks": post["blocks"]},
            "response_url": f"http://127.0.0.1:{self.port}/hooks/{hook}",
            "actions": [action | {"type": "button", "action_ts": f"{int(time.time())}.{next(self._number):06}"}],
        }
        for _ in range(times):
            await self.deliver(SHORTCUT, payload=payload)
        return payload

    async def deliver(self, envelope: dict[str, Any], payload: dict[str, Any] | None = None) -> str:
        await self.until(lambda: self.sockets)
        sent = copy.deepcopy(envelope) | {"envelope_id": f"envelope-{next(self._number)}"}
        fresh = {"event_id": f"Ev{next(self._number)}"} if "event_id" in sent["payload"] else {}
        fresh |= {"trigger_id": f"{next(self._number)}.222.xxx"} if "trigger_id" in sent["payload"] else {}
        sent["payload"] |= fresh | (payload or {})
        await self.sockets[-1].send_json(sent)
        return sent["envelope_id"]

    def _now(self) -> str:
        return f"{int(time.time())}.{next(self._number):06}"

    async def disconnect(self) -> None:
        """Tell the newest connection that it will be closed, as Slack does every few hours."""
        await self.sockets[-1].send_json(SPEC["socket_mode_disconnect_message"])

    # ── faults ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def writes(self, request: web.Request) -> bool:
        return request.path.rpartition("/")[2] in {"chat.postMessage", "chat.update"}

    async def written(self, request: web.Request) -> tuple[str, str]:
        return request.match_info["method"], str((await _arguments(request)).get("channel"))

    def limited(self, wait: float | None, *, whole: bool = False) -> web.Response:
        headers = {} if wait is None else {"Retry-After": str(math.ceil(wait))}
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)

    async def faulty(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        await request.read()
        return _no(NAMES[fault])

    # ── the Web API ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        self.calls.append((method, arguments))
        self.tell()
        if "token" in request.query:
            self.broken.append(f"{method}: a token in the URL")
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or arguments.get("token")
        if not token:
            return _no("not_authed")
        if token != (APP_TOKEN if method == "apps.connections.open" else BOT_TOKEN):
            return _no("invalid_auth")
        if error := self.refusals.get(method):
            if isinstance(error, Fault):
                return await self._wire_fault(error, request, None)
            return self.limited(7) if error == "ratelimited" else _no(error)
        methods = {
            "auth.test": self._auth,
            "users.info": self._person,
            "conversations.info": self._told,
            "conversations.list": self._listed,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "conversations.history": self._history,
            "conversations.replies": self._thread,
            "apps.connections.open": self._ticket,
        }
        return methods[method](arguments) if method in methods else _no("unknown_method")

    def _auth(self, _arguments: dict[str, Any]) -> web.Response:
        said = _yes(
            url="https://xxx.slack.com/",
            team="xxx",
            user="tocsin",
            team_id="E111" if self.enterprise else "T111",
            user_id="U0BOT",
            is_enterprise_install=self.enterprise,
        )
        said.headers["X-OAuth-Scopes"] = self.scopes
        return said

    def _told(self, asked: dict[str, Any]) -> web.Response:
        channel = str(asked.get("channel"))
        if channel not in self.channels:  # an id, never a name
            return _no("channel_not_found")
        return _yes(channel=self._known(channel))

    def _listed(self, asked: dict[str, Any]) -> web.Response:
        """Two channels a page, whatever is asked for: so many are promised, and no more."""
        rooms = [self._known(channel) for channel, name in self.channels.items() if name]
        start = int(asked.get("cursor") or 0)
        more = str(start + 2) if len(rooms) > start + 2 else ""
        return _yes(channels=rooms[start : start + 2], response_metadata={"next_cursor": more})

    def _known(self, channel: str) -> dict[str, Any]:
        name = self.channels[channel]
        kind = {"is_channel": bool(name), "is_im": not name, "is_private": False, "is_archived": False}
        return {"id": channel, "name": name, "is_member": bool(name)} | kind | self.facts.get(channel, {})

    def _person(self, asked: dict[str, Any]) -> web.Response:
        user = str(asked.get("user"))
        guest = {"is_restricted": user in self.guests, "is_ultra_restricted": False}
        person = {"id": user, "team_id": "T111", "deleted": False, "is_bot": False, "real_name": "Ana"}
        return _yes(user=person | guest | self.facts.get(user, {}))

    def _ticket(self, _arguments: dict[str, Any]) -> web.Response:
        ticket = f"ticket-secret-{next(self._number)}"
        self._tickets.add(ticket)
        return _yes(url=f"ws://127.0.0.1:{self.port}/link?ticket={ticket}&app_id=A111")

    def _post(self, sent: dict[str, Any]) -> web.Response:
        channel = self._channel(str(sent.get("channel", "")))
        thread = sent.get("thread_ts")
        if channel is None:
            return _no("channel_not_found")
        if self.errors:
            return _no(self.errors.popleft())
        if error := self.shut.get(channel) or self._refused(sent) or (thread and self._closed(channel, thread)):
            return _no(error)
        ts = f"{int(time.time())}.{next(self._number):06}"
        self.posts[channel, ts] = sent | {"ts": ts}
        self._applied(channel, ts, sent, thread=thread, loud=not thread or bool(sent.get("reply_broadcast")))
        return _yes(channel=channel, ts=ts, message={"type": "message", "bot_id": "B111", "ts": ts})

    def _update(self, sent: dict[str, Any]) -> web.Response:
        channel, ts = str(sent.get("channel")), str(sent.get("ts"))
        if channel not in self.channels:  # an id, never a name
            return _no("channel_not_found")
        if error := self.shut.get(channel) or self._refused(sent):
            return _no(error)
        if (channel, ts) not in self.posts:
            return _no("message_not_found")
        self.posts[channel, ts] |= sent
        self._applied(channel, ts, sent, edited=True, loud=False)
        return _yes(channel=channel, ts=ts, text=sent.get("text"))

    def _history(self, asked: dict[str, Any]) -> web.Response:
        if asked.get("channel") not in self.channels:
            return _no("channel_not_found")
        posts = [post for post in self._since(asked) if not post.get("thread_ts") or post.get("reply_broadcast")]
        return _page(list(reversed(posts)), asked)

    def _thread(self, asked: dict[str, Any]) -> web.Response:
        root = self.posts.get((str(asked.get("channel")), str(asked.get("ts"))))
        if root is None:
            return _no("thread_not_found")
        return _page([root, *(post for post in self._since(asked) if post.get("thread_ts") == root["ts"])], asked)

    # ── what it remembers ────────────────────────────────────────────────────────────────────────────────────────────

    def _channel(self, name: str) -> str | None:
        known = {f"#{title}": channel for channel, title in self.channels.items() if title}
        return name if name in self.channels else self.people.get(name) or known.get(name)

    def _since(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        oldest = float(asked.get("oldest") or 0)
        return [
            post for (channel, ts), post in self.posts.items() if channel == asked["channel"] and float(ts) > oldest
        ]

    def _closed(self, channel: str, thread: str) -> str | None:
        if thread in self.locked:
            return self.locked[thread]
        return None if (channel, thread) in self.posts else "thread_not_found"

    def _refused(self, sent: dict[str, Any]) -> str | None:
        faults = faults_of(sent)
        self.broken.extend(f"{error}: {what}" for error, what in faults)
        return faults[0][0] if faults else None

    def _applied(self, channel: str, ts: str, sent: dict[str, Any], **more: Any) -> None:
        text, mentions, links = drawn(sent)
        self.apply(Message(ts, channel, text, mentions=mentions, links=links, raw=sent, **more))

    # ── Socket Mode ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _link(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:  # good for one connection only
            return web.Response(status=404)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if not self.greets:
            await socket.close()
            return socket
        await socket.send_json(SPEC["socket_mode_hello_message"])
        self.sockets.append(socket)
        self.tell()
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                envelope_id = json.loads(frame.data)["envelope_id"]
                self.acks.append(envelope_id)
                self.heard.append(f"ack {envelope_id}")
                self.tell()
        self.sockets.remove(socket)
        self.tell()
        return socket

    async def stop(self) -> None:
        for socket in list(self.sockets):
            await socket.close()
        await super().stop()

    async def _hook(self, request: web.Request) -> web.Response:
        hook = request.match_info["hook"]
        if self._hooks.get(hook, 0) <= 0:
            return web.Response(status=404, text="expired_url")
        if self.hook_limits:
            self.hook_limits -= 1
            return self.limited(0)
        self._hooks[hook] -= 1
        sent = await request.json()
        self.broken.extend(f"{error}: {what}" for error, what in faults_of(sent))
        text, mentions, links = drawn(sent)
        self.replies.append(sent | {"drawn": text, "mentions": mentions, "links": links})
        self.heard.append(f"reply {text.splitlines()[0]}")
        self.tell()
        return web.Response(text="ok")


async def _arguments(request: web.Request) -> dict[str, Any]:
    """Slack takes JSON, a form or a query, with nested values as JSON strings in the last two."""
    if request.content_type == "application/json":
        return await request.json()
    found = dict(request.query) | {name: str(value) for name, value in (await request.post()).items()}
    return {name: json.loads(value) if re.match(r"[\[{]", value) else value for name, value in found.items()}


def _page(posts: list[dict[str, Any]], asked: dict[str, Any]) -> web.Response:
    limit, start = int(asked.get("limit") or 100), int(asked.get("cursor") or 0)
    bare = asked.get("include_all_metadata") not in {"1", "true", True}
    hidden = {"metadata"} if bare else set()
    page = [{name: value for name, value in post.items() if name not in hidden} for post in posts[start:][:limit]]
    more = str(start + limit) if len(posts) > start + limit else ""
    return _yes(messages=page, has_more=bool(more), response_metadata={"next_cursor": more})


def _yes(**more: Any) -> web.Response:
    return web.json_response({"ok": True} | more)


def _no(error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error})

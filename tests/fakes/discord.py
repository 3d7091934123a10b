"""Discord as a bot meets it: the REST API of messages and commands, and the gateway. Every body is held against Discord's OpenAPI.

    async with FakeDiscord() as far:
        DiscordSettings(token=TOKEN, api_url=far.url, gateway_url=far.gateway_url)
        ...
        far.push_command("status", "x")
        await far.until(lambda: far.followups)

The gateway is in `tests.fakes.discord_gateway`, the reader's eye in `tests.fakes.discord_markup`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from jsonschema import Draft202012Validator

from tests.fakes.discord_gateway import Gateway
from tests.fakes.discord_markup import Seen
from tests.fakes.faults import Fault, FaultyServer, Message

TOKEN = "MTAwMDAwMDAwMDAwMDAwMDAx.GfAkE0.not-a-real-token-but-long-enough-to-look-like-one"
APPLICATION = "100000000000000001"
SERVER = "100000000000000005"
RIGHTS = 1 << 10 | 1 << 11 | 1 << 14 | 1 << 38  # View Channel, Send Messages, Embed Links, Send Messages in Threads
EPOCH = 1_420_070_400_000  # ms
SILENT = 1 << 12  # flag: no notification
SPEC = json.loads((Path(__file__).parents[1] / "data" / "discord-openapi.json").read_text())


def rule(path: str, method: str) -> Draft202012Validator:
    schema = SPEC["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": SPEC["components"]})


POST = rule("/channels/{channel_id}/messages", "post")
EDIT = rule("/channels/{channel_id}/messages/{message_id}", "patch")
CALLBACK = rule("/interactions/{interaction_id}/{interaction_token}/callback", "post")
ANSWER = rule("/webhooks/{webhook_id}/{webhook_token}/messages/@original", "patch")
DIRECT = rule("/users/@me/channels", "post")
COMMANDS = rule("/applications/{application_id}/commands", "put")


class FakeDiscord(FaultyServer):
    def __init__(self) -> None:
        super().__init__()
        self.secrets = [TOKEN]
        self.gateway_url = ""
        self.messages: dict[str, dict[str, Any]] = {}  # as they stand, by id, oldest first
        self.synced: list[list[dict[str, Any]]] = []  # every set of commands that was put
        self.acknowledged: dict[str, dict[str, Any]] = {}  # interaction id -> the callback's body
        self.followups: list[tuple[str, Message]] = []  # interaction id, and what only the asker sees
        self.dropped: list[str] = []  # ids of interactions whose answer was taken away
        self.refusals: deque[tuple[int, int]] = deque()  # HTTP status and code for the next writes
        self.scope = "user"  # of a 429: "user", "global" or "shared"
        self.history = True  # may the bot read it?
        self.people: dict[str, str] = {}  # person -> the channel of their direct messages, as it was opened
        self.channels: dict[
            str, dict[str, Any]
        ] = {}  # what is told of a channel, besides the usual; others are unknown
        self.users: dict[str, dict[str, Any]] = {}  # likewise of people
        self.server_rights = RIGHTS  # of everybody in the server
        self.behind = 0.0  # seconds: how old what is written now will look
        self.remaining = 1000  # IDENTIFYs left
        self.calls: list[str] = []
        self.gateway = Gateway(self)
        self._nonces: dict[tuple[str, str], str] = {}
        self._count = itertools.count()
        self._news = asyncio.Event()
        self._route()

    def _route(self) -> None:
        api = "/api/v10"
        for method, path, serve in (
            ("GET", "/users/@me", self._me),
            ("POST", "/users/@me/channels", self._direct),
            ("GET", "/users/{id}", self._user),
            ("GET", "/channels/{channel}", self._channel),
            ("GET", "/guilds/{id}", self._server),
            ("GET", f"/guilds/{{id}}/members/{APPLICATION}", self._member),
            ("GET", "/oauth2/applications/@me", self._application),
            ("GET", "/gateway/bot", self._gateway_bot),
            ("POST", "/channels/{channel}/messages", self._post),
            ("GET", "/channels/{channel}/messages", self._history),
            ("PATCH", "/channels/{channel}/messages/{id}", self._edit),
            ("PUT", f"/applications/{APPLICATION}/commands", self._commands),
            ("POST", "/interactions/{id}/{token}/callback", self._callback),
            ("PATCH", f"/webhooks/{APPLICATION}/{{token}}/messages/@original", self._answer),
            ("DELETE", f"/webhooks/{APPLICATION}/{{token}}/messages/@original", self._drop),
        ):
            self.app.router.add_route(method, api + path, self._known(serve))
        self.app.router.add_get("/gateway/", self.gateway.serve)

    async def start(self, port: int = 0) -> None:
        await super().start(port)
        self.url = f"http://127.0.0.1:{self.port}/api/v10"
        self.gateway_url = f"ws://127.0.0.1:{self.port}/gateway/"

    # ── for the test ─────────────────────────────────────────────────────────────────────────────────────────────────

    def push_command(self, name: str, text: str = "", **more: Any) -> str:
        """Let somebody use a slash command; return the interaction's id. `more`: see `Gateway.command`."""
        return self.gateway.command(name, text, **more)

    def press(self, ref: str, label: str, **more: Any) -> str:
        """Let somebody press a button of a message as it stands; return the interaction's id. `more`: see `Gateway.press`."""
        return self.gateway.press(self.messages[ref], buttons(self.messages[ref])[label], **more)

    def forget_nonces(self) -> None:
        """Let some minutes pass."""
        self._nonces.clear()

    async def until(self, true: Callable[[], object], within: float = 5) -> None:
        async with asyncio.timeout(within):
            while not true():
                self._news.clear()
                await self._news.wait()

    def tell(self) -> None:
        """Something happened: `until` looks again."""
        self._news.set()

    def snowflake(self) -> str:
        """The time in it, and a number."""
        return str((int((time.time() - self.behind) * 1000) - EPOCH << 22) + next(self._count))

    # ── faults ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def writes(self, request: web.Request) -> bool:
        return request.method in {"POST", "PATCH"} and "/channels/" in request.path

    async def written(self, request: web.Request) -> tuple[str, str]:
        return request.method, request.path.partition("/channels/")[2].partition("/")[0]

    def limited(self, wait: float | None, *, whole: bool = False) -> web.Response:
        """With a wait it is Discord's own, which comes via its proxy; without, Cloudflare's."""
        if wait is None:
            return web.Response(status=429, text="error code: 1015", content_type="text/plain")
        scope = "global" if whole else self.scope
        whole = scope == "global"
        answer = reply({"message": "You are being rate limited.", "retry_after": float(wait), "global": whole}, 429)
        answer.headers.update({"Via": "1.1 google", "Retry-After": str(wait), "X-RateLimit-Scope": scope})
        return answer

    async def faulty(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        match fault:
            case Fault.TOO_LONG:
                return error(400, 50035)
            case Fault.GONE:
                return error(404, 10003)
            case Fault.REVOKED:
                return error(401, 0)
            case Fault.FAILED:
                return reply({"message": "internal", "code": 0})
        return await super().faulty(fault, request)

    # ── REST ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _known(self, serve: Any) -> Any:
        async def known(request: web.Request) -> web.StreamResponse:
            self.calls.append(f"{request.method} {request.path.removeprefix('/api/v10')}")
            # What answers an interaction is known by the interaction's token.
            of_interaction = request.path.startswith(("/api/v10/interactions", "/api/v10/webhooks"))
            if not of_interaction and request.headers.get("Authorization") != f"Bot {TOKEN}":
                return error(401, 0)
            answer = await serve(request)
            self.tell()
            return answer

        return known

    async def _me(self, _request: web.Request) -> web.Response:
        return reply(author())

    async def _direct(self, request: web.Request) -> web.Response:
        person = (await self._body(request, DIRECT))["recipient_id"]
        channel = self.people.setdefault(person, self.snowflake())
        known = author() | {"id": person, "username": "ana", "bot": False}
        return reply({"id": channel, "type": 1, "last_message_id": None, "recipients": [known]})

    async def _user(self, request: web.Request) -> web.Response:
        if (user := request.match_info["id"]) not in self.users:
            return error(404, 10013)
        return reply(author() | {"id": user, "username": "ana", "bot": False} | self.users[user])

    async def _channel(self, request: web.Request) -> web.Response:
        if (channel := request.match_info["channel"]) not in self.channels:
            return error(404, 10003)
        if self.channels[channel].get("hidden"):
            return error(403, 50001)
        usual = {"id": channel, "type": 0, "name": "news", "guild_id": SERVER, "position": 1, "parent_id": None}
        return reply(usual | {"permission_overwrites": []} | self.channels[channel])

    async def _server(self, request: web.Request) -> web.Response:
        everybody = {"id": SERVER, "name": "@everyone", "permissions": str(self.server_rights), "position": 0}
        everybody |= {"color": 0, "hoist": False, "managed": False, "mentionable": False}
        known = {"id": SERVER, "name": "The paper", "owner_id": "100000000000000009", "roles": [everybody]}
        return reply(known | {"emojis": [], "stickers": [], "features": [], "verification_level": 0})

    async def _member(self, request: web.Request) -> web.Response:
        return reply({"user": author(), "roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "flags": 0})

    async def _application(self, _request: web.Request) -> web.Response:
        owner = author() | {"id": "100000000000000009", "bot": False}
        return reply(
            {"id": APPLICATION, "name": "Tocsin", "description": "", "icon": None, "summary": "", "flags": 0}
            | {"bot_public": False, "bot_require_code_grant": False, "verify_key": "", "owner": owner, "team": None}
        )

    async def _gateway_bot(self, _request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": self.remaining, "reset_after": 3_600_000, "max_concurrency": 1}
        return reply({"url": self.gateway_url, "shards": 1, "session_start_limit": limit})

    async def _body(self, request: web.Request, judge: Draft202012Validator) -> Any:
        body = json.loads(await request.read())
        if (
            isinstance(body, dict) and "message_reference" in body
        ):  # Discord takes ids as numbers too; its OpenAPI does not
            told = body["message_reference"]
            body["message_reference"] = told | {name: str(told[name]) for name in ("message_id", "channel_id")}
        if isinstance(body, dict) and "recipient_id" in body:
            body["recipient_id"] = str(body["recipient_id"])
        self.broken += [f"{request.method} {request.path}: {wrong.message[:300]}" for wrong in judge.iter_errors(body)]
        if isinstance(body, dict):
            self.broken += [f"{request.path}: {wrong}" for wrong in beyond(body)]
        return body

    async def _post(self, request: web.Request) -> web.Response:
        body, place = await self._body(request, POST), request.match_info["channel"]
        if self.refusals:
            return error(*self.refusals.popleft())
        known = self._nonces.get((place, str(body.get("nonce")))) if body.get("enforce_nonce") else None
        if known:
            return reply(self.messages[known])
        first = body.get("message_reference")
        if first and first["message_id"] not in self.messages:
            if first.get("fail_if_not_exists", True):
                return error(400, 50035)
            del body["message_reference"]  # it becomes a message like any other
        message = self._stored(body, place, self.snowflake())
        self._nonces[place, str(body.get("nonce"))] = message["id"]
        self.apply(self._seen(message, body))
        return reply(message)

    async def _edit(self, request: web.Request) -> web.Response:
        body, place, ref = await self._body(request, EDIT), request.match_info["channel"], request.match_info["id"]
        if self.refusals:
            return error(*self.refusals.popleft())
        if ref not in self.messages:
            return error(404, 10008)
        message = self._stored(self.messages[ref] | body, place, ref)
        self.apply(self._seen(message, body, edited=True))
        return reply(message)

    async def _history(self, request: web.Request) -> web.Response:
        if not self.history:
            return error(403, 50001)
        place = request.match_info["channel"]
        here = [message for message in self.messages.values() if message["channel_id"] == place]
        return reply(here[::-1][: int(request.query["limit"])])

    async def _commands(self, request: web.Request) -> web.Response:
        body = await self._body(request, COMMANDS)
        self.synced.append(body)
        more = {"application_id": APPLICATION, "version": "1", "default_member_permissions": None}
        return reply([command | more | {"id": self.snowflake()} for command in body])

    async def _callback(self, request: web.Request) -> web.Response:
        body, asked = await self._body(request, CALLBACK), request.match_info["id"]
        if self.refusals:
            return error(*self.refusals.popleft())
        if asked in self.acknowledged:
            return error(400, 40060)
        self.acknowledged[asked] = body
        told = {"id": asked, "type": 2, "response_message_loading": True, "response_message_ephemeral": True}
        return reply({"interaction": told, "resource": None})

    async def _answer(self, request: web.Request) -> web.Response:
        body, asked = await self._body(request, ANSWER), self.gateway.asked[request.match_info["token"]]
        message = self._message(body, asked["channel"]["id"], self.snowflake())
        self.followups.append((asked["id"], self._seen(message, body)))
        return reply(message)

    async def _drop(self, request: web.Request) -> web.Response:
        self.dropped.append(self.gateway.asked[request.match_info["token"]]["id"])
        return web.Response(status=204)

    def _stored(self, body: dict[str, Any], place: str, ref: str) -> dict[str, Any]:
        self.messages[ref] = self._message(body, place, ref)
        return self.messages[ref]

    def _message(self, body: dict[str, Any], place: str, ref: str) -> dict[str, Any]:
        message = {"id": ref, "channel_id": place, "type": 0, "content": body.get("content") or "", "author": author()}
        message |= {"embeds": body.get("embeds") or [], "attachments": [], "mentions": [], "mention_roles": []}
        message |= {"mention_everyone": False, "pinned": False, "tts": False, "flags": body.get("flags") or 0}
        message["components"] = body.get("components") or []
        if "message_reference" in body:
            message["message_reference"] = body["message_reference"]
        return message | {"timestamp": datetime.now(UTC).isoformat(), "edited_timestamp": None}

    def _seen(self, message: dict[str, Any], body: dict[str, Any], *, edited: bool = False) -> Message:
        seen, answers = Seen.of(body), message.get("message_reference", {}).get("message_id")
        return Message(
            ref=message["id"],
            place=message["channel_id"],
            text=seen.text,
            thread=answers if answers in self.messages and not edited else None,
            edited=edited,
            loud=not edited and not message["flags"] & SILENT,
            mentions=seen.mentions,
            links=seen.links,
            raw=body,
        )


def beyond(body: dict[str, Any]) -> list[str]:
    """What Discord refuses, though its OpenAPI does not say so: the length of a content, of all embeds together."""
    wrong = []
    if len(body.get("content") or "") > 2000:
        wrong.append("content beyond 2,000 characters")
    embeds = body.get("embeds") or []
    length = sum(
        len(e.get("title", "")) + len(e.get("description", "")) + len(e["footer"]["text"] if "footer" in e else "")
        for e in embeds
    )
    if length > 6000:
        wrong.append("embeds beyond 6,000 characters")
    named = [part["custom_id"] for row in body.get("components") or [] for part in row["components"]]
    if len(set(named)) < len(named):
        wrong.append("two components of one custom_id")
    return wrong


def buttons(message: dict[str, Any]) -> dict[str, str]:
    """What may be pressed: label and custom_id."""
    return {part["label"]: part["custom_id"] for row in message.get("components") or [] for part in row["components"]}


def author() -> dict[str, Any]:
    return {
        "id": APPLICATION,
        "username": "tocsin",
        "discriminator": "0",
        "avatar": None,
        "bot": True,
        "global_name": None,
    }


def reply(told: Any, status: int = 200) -> web.Response:
    """Without a charset, as Discord's own: the library reads no other as JSON."""
    return web.Response(status=status, body=json.dumps(told).encode(), headers={"Content-Type": "application/json"})


def error(status: int, code: int) -> web.Response:
    return reply({"message": f"{status}: made up", "code": code}, status)

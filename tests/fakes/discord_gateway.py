"""Discord's gateway: HELLO, IDENTIFY, READY, heartbeats, slash commands, RESUME with what was missed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import WSMsgType, web

MANAGE_GUILD = 1 << 5
PERSON = "200000000000000002"
GUILD = "300000000000000003"
CHANNEL = "400000000000000004"


class Gateway:
    """`close_with` is the code that the next IDENTIFY is closed with; None: it is welcome."""

    def __init__(self, far: Any) -> None:
        self._far = far
        self.identifies: list[dict[str, Any]] = []
        self.resumes: list[dict[str, Any]] = []
        self.asked: dict[str, dict[str, Any]] = {}  # interactions by token
        self.close_with: int | None = None
        self._events: list[dict[str, Any]] = []  # of the one session, in order: the first has the number 1
        self._socket: web.WebSocketResponse | None = None
        self._sending: set[asyncio.Task[None]] = set()

    def command(
        self, name: str, text: str = "", *, permissions: int = 0, private: bool = False, channel: str = CHANNEL
    ) -> str:
        options = [{"name": "text", "type": 3, "value": text}] if text else []
        data = {"id": "500000000000000005", "type": 1, "name": name, "options": options}
        return self._asks({"type": 2, "data": data}, permissions=permissions, private=private, channel=channel)

    def press(self, message: dict[str, Any], custom_id: str, *, times: int = 1, private: bool = False) -> str:
        said = {"type": 3, "data": {"component_type": 2, "custom_id": custom_id, "id": 1}, "message": message}
        return self._asks(said, private=private, channel=message["channel_id"], times=times)

    def _asks(self, said: dict[str, Any], *, permissions: int = 0, private: bool, channel: str, times: int = 1) -> str:
        """`times`: how often the gateway tells of it."""
        ref = self._far.snowflake()
        user = {"id": PERSON, "username": "ana", "discriminator": "0", "avatar": None, "global_name": "Ana"}
        event: dict[str, Any] = {
            "id": ref,
            "application_id": "100000000000000001",
            "token": f"interaction-token-{ref}",
            "version": 1,
            "attachment_size_limit": 10_000_000,
            "channel": {"id": channel, "type": 1, "recipients": [user]} if private else _channel(channel),
            "channel_id": channel,
        } | said
        if private:
            event |= {"user": user, "context": 1}
        else:
            event |= {"guild_id": GUILD, "guild": {"id": GUILD, "locale": "en-US", "features": []}, "context": 0}
            event["member"] = {"user": user, "roles": [], "permissions": str(permissions), "flags": 0}
            event["member"] |= {"joined_at": "2022-07-14T12:00:00+00:00", "deaf": False, "mute": False}
        self.asked[event["token"]] = event
        self._far.secrets.append(event["token"])
        for _ in range(times):
            self._dispatch("INTERACTION_CREATE", event)
        return ref

    async def drop(self, code: int = 4000) -> None:
        """Close the connection, as Discord does now and then."""
        if self._socket:
            socket, self._socket = self._socket, None
            await socket.close(code=code)

    # ── the wire ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=0.5)
        await socket.prepare(request)
        await _send(socket, {"op": 10, "d": {"heartbeat_interval": 41250}})
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._heed(socket, json.loads(message.data))
                self._far.tell()
        return socket

    async def _heed(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        match said["op"]:
            case 1:
                await _send(socket, {"op": 11})
            case 2:
                await self._welcome(socket, said["d"])
            case 6:
                await self._resume(socket, said["d"])

    async def _welcome(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        self.identifies.append(said)
        if self.close_with or said["token"] not in self._far.secrets:
            await socket.close(code=self.close_with or 4004)
            return
        self._socket, self._events = socket, []
        user = {"id": "100000000000000001", "username": "tocsin", "discriminator": "0", "avatar": None, "bot": True}
        ready = {"v": 10, "user": user, "guilds": [], "session_id": "s1", "resume_gateway_url": self._far.gateway_url}
        self._dispatch("READY", ready | {"application": {"id": user["id"], "flags": 0}})

    async def _resume(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        self.resumes.append(said)
        self._socket = socket
        for event in self._events[said["seq"] :]:
            await _send(socket, event)
        self._dispatch("RESUMED", {})

    def _dispatch(self, name: str, data: dict[str, Any]) -> None:
        self._events.append({"op": 0, "t": name, "s": len(self._events) + 1, "d": data})
        if self._socket:
            sending = asyncio.ensure_future(_send(self._socket, self._events[-1]))
            self._sending.add(sending)
            sending.add_done_callback(self._sending.discard)


async def _send(socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
    await socket.send_str(json.dumps(said))


def _channel(ref: str) -> dict[str, Any]:
    return {"id": ref, "type": 0, "name": "newsroom", "guild_id": GUILD, "position": 0, "permission_overwrites": []}

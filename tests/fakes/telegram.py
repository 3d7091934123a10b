"""A Bot API server of our own: long polling, sending, rewriting. Every call and every answer is judged by the spec.

async with FakeTelegram() as far:
    TelegramSettings(token=TOKEN, api_url=far.url)
    far.say(77, "/status x", user=4242)
    far.messages[-1].text
"""

from __future__ import annotations

import asyncio
import itertools
import math
import re
import time
from collections import defaultdict, deque
from typing import Any

from aiohttp import web

from tests.fakes.botapi import check, entities, mentions, read, render, size
from tests.fakes.faults import WAIT, Fault, FaultyServer, Message

TOKEN = "4711:AAF-not-a-real-token-but-long"
ME = {"id": 4711, "is_bot": True, "first_name": "Tocsin", "username": "TocsinBot"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
LIMIT = 4096


class RefusedError(Exception):
    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


class FakeTelegram(FaultyServer):
    def __init__(self, token: str = TOKEN) -> None:
        super().__init__()
        self.token = token
        secret = token.partition(":")[2]
        self.secrets = [secret, secret.lower(), secret.capitalize()]  # the SDK changes the case of what we say
        self.calls: list[tuple[str, dict[str, Any]]] = []  # every call that the spec allows, parsed
        self.commands: list[dict[str, str]] = []
        self.toasts: list[tuple[str, str]] = []  # what pressers alone were shown: query and text
        self.rulers: set[tuple[int, int]] = set()  # (chat, person): who administers what
        self.chats: dict[int, dict[str, Any]] = {}  # what is told of a chat, besides the usual; all others are unknown
        self.standing: dict[int, dict[str, Any]] = {}  # the bot's in a chat: a plain member, if it is not here
        self.names = {"@ourchannel": -1009}
        self.moved: dict[int, int] = {}  # groups that became supergroups
        self.closed: set[tuple[int, int]] = set()  # (chat, topic)
        self.deleted: set[str] = set()  # "chat/message"
        self.waiting: list[dict[str, Any]] = []  # updates that were not confirmed
        self._refusals: defaultdict[str, deque[RefusedError]] = defaultdict(deque)
        self._numbers = itertools.count(100)
        self._update_numbers = itertools.count(900_001)
        self.polls = 0  # how often somebody asked for updates
        self._said = asyncio.Event()
        self.app.router.add_route("*", "/bot{token}/{method}", self._call)

    # ── for the test ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def messages(self) -> list[Message]:
        return self.applied

    def called(self, method: str) -> list[dict[str, Any]]:
        return [given for name, given in self.calls if name == method]

    def refuse(self, method: str, status: int, description: str, times: int = 1, **parameters: int) -> None:
        """Let the next calls of `method` fail as Telegram words it ("Conflict: ...")."""
        self._refusals[method].extend([RefusedError(status, description, **parameters)] * times)

    def say(
        self, chat: int, text: str, user: int = 4242, *, kind: str = "", topic: int | None = None, **more: Any
    ) -> int:
        """Let a person say something; return the message's number. `user` 0: the chat itself speaks."""
        kind = kind or ("private" if chat > 0 else "supergroup")
        said = {"message_id": next(self._numbers), "date": int(time.time()), "chat": self._chat(chat, kind)}
        said |= {"text": text, "entities": entities(text)}
        if user == 0:
            said["sender_chat"] = said["chat"]
        if kind != "channel":
            said["from"] = {"id": user, "is_bot": False, "first_name": "Ana"} if user else ANONYMOUS
        if topic:
            said |= {"message_thread_id": topic, "is_topic_message": True}
        self.hear({"channel_post" if kind == "channel" else "message": said | more})
        return said["message_id"]

    def press(self, ref: str, label: str, user: int = 4242, *, times: int = 1, gone: bool = False) -> str:
        """Let a person press a button of a message as it stands; return the query's id. `times`: how often Telegram tells of
        it; `gone`: the message is from so long ago that only its number is told.
        """
        shown = self.shown(ref)
        chat, _, topic = shown.place.partition("/")
        number = int(ref.partition("/")[2])
        query = f"{next(self._numbers)}77"
        message = self._message(int(chat), number, int(topic) if topic else None)
        if gone:
            message = {"message_id": number, "date": 0, "chat": message["chat"]}
        said = {"id": query, "from": {"id": user, "is_bot": False, "first_name": "Ana"}, "chat_instance": "12"}
        update = {"callback_query": said | {"message": message, "data": buttons(shown.raw)[label]}}
        first = len(self.waiting)
        for _ in range(times):
            self.hear(update)
        for again in self.waiting[first:]:
            again["update_id"] = self.waiting[first]["update_id"]
        return query

    def hear(self, update: dict[str, Any]) -> None:
        """Put an update into the queue, as it is."""
        self.waiting.append(check("Update", {"update_id": next(self._update_numbers), **update}))
        self._wake()

    async def stop(self) -> None:
        self._over.set()
        self._wake()
        await super().stop()

    # ── what every call goes through ─────────────────────────────────────────────────────────────────────────────────

    def writes(self, request: web.Request) -> bool:
        return request.path.endswith(("/sendMessage", "/editMessageText"))

    async def _call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        try:
            self._admit(request.match_info["token"])
            given = self._read(method, {**request.query, **{k: str(v) for k, v in (await request.post()).items()}})
            answer = await self._answer(method, given)
        except RefusedError as refused:
            return _refusal(refused)
        return web.json_response({"ok": True, "result": answer})

    def _admit(self, token: str) -> None:
        if token != self.token:
            raise RefusedError(401, "Unauthorized")

    async def _answer(self, method: str, given: dict[str, Any]) -> Any:
        self.calls.append((method, given))
        if self._refusals[method]:
            raise self._refusals[method].popleft()
        serve = {
            "getMe": self._get_me,
            "sendMessage": self._send_message,
            "editMessageText": self._edit_message_text,
            "getUpdates": self._get_updates,
            "setMyCommands": self._set_my_commands,
            "getChat": self._get_chat,
            "getChatMember": self._get_chat_member,
            "answerCallbackQuery": self._answer_callback_query,
        }
        return await serve[method](given)

    def _read(self, method: str, form: dict[str, str]) -> dict[str, Any]:
        try:
            return read(method, form)
        except KeyError:
            raise RefusedError(404, "Not Found: method not found") from None
        except ValueError as exc:
            self.broken.append(str(exc))
            raise RefusedError(400, f"Bad Request: {exc}") from exc

    async def written(self, request: web.Request) -> tuple[str, str]:
        given = {**request.query, **await request.post()}
        return request.path.rpartition("/")[2], str(given["chat_id"])

    def limited(self, wait: float | None, *, whole: bool = False) -> web.Response:
        if wait is None:
            return _refusal(RefusedError(429, "Too Many Requests"))
        wait = math.ceil(wait)
        return _refusal(RefusedError(429, f"Too Many Requests: retry after {wait}", retry_after=wait))

    async def faulty(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        match fault:
            case Fault.FAILED:
                return web.json_response({"ok": False, "error_code": 500, "description": "Internal Server Error"})
            case Fault.TOO_LONG:
                return _refusal(RefusedError(400, "Bad Request: message is too long"))
            case Fault.GONE:
                return _refusal(RefusedError(403, "Forbidden: bot was kicked from the supergroup chat"))
            case Fault.MOVED:
                return _refusal(_moved(-1_009_999))
            case _:
                return _refusal(RefusedError(401, "Unauthorized"))

    # ── the methods ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def _get_me(self, given: dict[str, Any]) -> dict[str, Any]:
        return check("User", ME)

    async def _send_message(self, given: dict[str, Any]) -> dict[str, Any]:
        chat, topic = self._find(given["chat_id"]), given.get("message_thread_id")
        if (chat, topic) in self.closed:
            raise RefusedError(400, "Bad Request: TOPIC_CLOSED")
        reply = given.get("reply_parameters")
        place = f"{chat}/{topic}" if topic else f"{chat}"
        thread = f"{chat}/{reply['message_id']}" if reply else None
        if thread in self.deleted:
            if not reply.get("allow_sending_without_reply"):
                raise RefusedError(400, "Bad Request: message to be replied not found")
            thread = None
        number = next(self._numbers)
        loud = not given.get("disable_notification", False)
        self.apply(self._written(given, f"{chat}/{number}", place=place, thread=thread, loud=loud))
        return self._message(chat, number, topic)

    async def _edit_message_text(self, given: dict[str, Any]) -> dict[str, Any]:
        chat = self._find(given["chat_id"])
        ref = f"{chat}/{given['message_id']}"
        old = next((message for message in reversed(self.applied) if message.ref == ref), None)
        if old is None or ref in self.deleted:
            raise RefusedError(400, "Bad Request: message to edit not found")
        if (old.raw["text"], buttons(old.raw)) == (given["text"], buttons(given)):
            raise RefusedError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly "
                "the same as a current content and reply markup of the message",
            )
        self.apply(self._written(given, ref, place=old.place, thread=old.thread, loud=False, edited=True))
        return self._message(chat, given["message_id"])

    async def _get_updates(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        """An offset confirms all before it; a second poll ends the first."""
        self.waiting = [update for update in self.waiting if update["update_id"] >= given.get("offset", 0)]
        self.polls += 1
        mine = self.polls
        self._wake()
        try:
            async with asyncio.timeout(given.get("timeout", 0)):
                while not (self._heard(given) or self.polls != mine or self._over.is_set()):
                    await self._said.wait()
        except TimeoutError:
            return []
        if self.polls != mine:
            raise RefusedError(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
            )
        return self._heard(given)[: given.get("limit", 100)]

    async def _set_my_commands(self, given: dict[str, Any]) -> bool:
        for command in given["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]) or not 1 <= len(command["description"]) <= 256:
                self.broken.append(f"setMyCommands: {command}")
                raise RefusedError(400, "Bad Request: BOT_COMMAND_INVALID")
        self.commands = given["commands"]
        return True

    async def _get_chat(self, given: dict[str, Any]) -> dict[str, Any]:
        number = self._find(given["chat_id"])
        if number not in self.chats:
            raise RefusedError(400, "Bad Request: chat not found")
        gifts = {"unlimited_gifts": False, "limited_gifts": False, "unique_gifts": False, "premium_subscription": False}
        gifts["gifts_from_channels"] = False
        usual = self._chat(number) | {"accent_color_id": 1, "max_reaction_count": 11, "accepted_gift_types": gifts}
        return usual | self.chats[number]

    async def _get_chat_member(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["user_id"] == ME["id"]:
            known = self.standing.get(self._find(given["chat_id"]), {"status": "member"})
            return {"user": ME} | known
        user = {"id": given["user_id"], "is_bot": False, "first_name": "Ana"}
        if (given["chat_id"], given["user_id"]) in self.rulers:
            return check("ChatMemberOwner", {"status": "creator", "user": user, "is_anonymous": False})
        return check("ChatMemberMember", {"status": "member", "user": user})

    async def _answer_callback_query(self, given: dict[str, Any]) -> bool:
        if len(text := given.get("text") or "") > 200:
            self.broken.append(f"a notification of {len(text)} characters")
            raise RefusedError(400, "Bad Request: MESSAGE_TOO_LONG")
        self.toasts.append((given["callback_query_id"], text))
        self.tell()
        return True

    # ── how they do it ───────────────────────────────────────────────────────────────────────────────────────────────

    def _find(self, chat: int | str) -> int:
        if isinstance(chat, str) and chat not in self.names and not re.fullmatch(r"-?\d+", chat):
            raise RefusedError(400, "Bad Request: chat not found")
        number = self.names[chat] if chat in self.names else int(chat)
        if number in self.moved:
            raise _moved(self.moved[number])
        return number

    def _written(self, given: dict[str, Any], ref: str, **more: Any) -> Message:
        try:
            text, links = render(given["text"]) if given.get("parse_mode") == "HTML" else (given["text"], ())
        except ValueError as exc:
            self.broken.append(f"{exc}: {given['text'][:200]}")
            raise RefusedError(400, f"Bad Request: can't parse entities: {exc}") from exc
        if not text.strip() or size(text) > LIMIT:
            self.broken.append(f"a message of {size(text)} characters")
            raise RefusedError(400, f"Bad Request: message {'is too long' if text.strip() else 'text is empty'}")
        if wrong := [data for data in buttons(given).values() if not 1 <= len(data.encode()) <= 64]:
            self.broken.append(f"a button's data: {wrong}")
            raise RefusedError(400, "Bad Request: BUTTON_DATA_INVALID")
        return Message(ref=ref, text=text, links=links, mentions=mentions(text), raw=given, **more)

    def _message(self, chat: int, number: int, topic: int | None = None) -> dict[str, Any]:
        sent = {"message_id": number, "date": int(time.time()), "from": ME, "chat": self._chat(chat), "text": "…"}
        return check("Message", sent | ({"message_thread_id": topic, "is_topic_message": True} if topic else {}))

    def _chat(self, chat: int, kind: str = "") -> dict[str, Any]:
        kind = kind or ("private" if chat > 0 else "supergroup")
        known = {"first_name": "Ana"} if kind == "private" else {"title": "Newsroom"}
        return check("Chat", {"id": chat, "type": kind} | known)

    def _heard(self, given: dict[str, Any]) -> list[dict[str, Any]]:
        wanted = given.get("allowed_updates")
        return [update for update in self.waiting if not wanted or any(kind in update for kind in wanted)]

    def _wake(self) -> None:
        self._said.set()
        self._said = asyncio.Event()


def buttons(given: dict[str, Any]) -> dict[str, str]:
    """What may be pressed: label and data."""
    rows = (given.get("reply_markup") or {}).get("inline_keyboard", [])
    return {button["text"]: button["callback_data"] for row in rows for button in row}


def _moved(chat: int) -> RefusedError:
    why = "Bad Request: group chat was upgraded to a supergroup chat"
    return RefusedError(400, why, migrate_to_chat_id=chat)


def _refusal(refused: RefusedError) -> web.Response:
    said: dict[str, Any] = {"ok": False, "error_code": refused.status, "description": refused.description}
    if refused.parameters:
        said["parameters"] = check("ResponseParameters", dict(refused.parameters))
    return web.json_response(said, status=refused.status, headers={"Retry-After": "1"} if refused.status == 429 else {})


__all__ = ["ME", "TOKEN", "WAIT", "FakeTelegram"]

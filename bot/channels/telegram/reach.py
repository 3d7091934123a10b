"""Whether a place can be written to, asked of Telegram without writing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from telegram import Bot

from bot.channels.telegram.receipts import KIND, invalid, receipt
from bot.channels.telegram.render import where
from bot.contracts import Reach, reach_of
from bot.model import Advice, AdviceCode, Later, Reason, ReasonCode, Receipt, Refused, Sent, Unsure

Said = dict[str, Any]

UNSEEN = "whether they have blocked the bot shows only when it writes"
_NOT_IN = Reason.of(ReasonCode.BOT_NOT_IN_CHAT, advice=AdviceCode.ADD_BOT_THERE)
_NO_POSTS = Reason.of(ReasonCode.BOT_MAY_NOT_POST, advice=AdviceCode.MAKE_BOT_ADMIN_OF_CHANNEL)
_MUTE = Reason.of(ReasonCode.BOT_MUTED_IN_GROUP, advice=AdviceCode.LET_MEMBERS_WRITE)
_UNREADABLE = Reason.of(
    ReasonCode.NOT_THE_PROVIDER, channel=KIND, advice=Advice.of(AdviceCode.CHECK_PROXY, key="api_url")
)


class Reacher:
    """Asks with the same client that sends, but parses the answers itself: the SDK's types require every field."""

    def __init__(self, bot: Bot, timeout: float) -> None:
        self._bot = bot
        self._timeout = timeout  # seconds for one place
        self._asking = asyncio.Lock()
        self._us: Said | None = None

    async def account(self) -> Reach:
        us = await self._asked(self._ourselves())
        return us if isinstance(us, Reach) else Reach(True, f"knows the bot as @{us.get('username')}")

    async def reach(self, place: str) -> Reach:
        try:
            chat, topic = where(place)
        except ValueError:
            return Reach(False, invalid(place))
        found: Reach = await self._asked(self._look(chat, topic))
        if found.good is False and isinstance(chat, int) and chat > 0:
            return replace(found, said=_start_first(found.said))
        return found

    async def _ourselves(self) -> Said:
        async with self._asking:
            if self._us is None:
                self._us = await self._call("getMe")
            return self._us

    async def _call(self, method: str, **arguments: Any) -> Said:
        said: Any = await self._bot.request.post(f"{self._bot.base_url}/{method}?{urlencode(arguments)}")
        if not isinstance(said, dict):
            raise TypeError("what answered is no object")
        return said

    async def _look(self, chat: int | str, topic: int | None) -> Reach:
        said = await self._call("getChat", chat_id=chat)
        kind, name = said.get("type"), str(said.get("title") or said.get("first_name") or chat)
        if kind == "private":
            return Reach(True, f"{name}: a person who has begun to talk with the bot ({UNSEEN})")
        us = await self._ourselves()
        member = await self._call("getChatMember", chat_id=chat, user_id=us.get("id"))
        if refusal := _refusal(str(kind), member, said):
            return Reach(False, refusal)
        if topic is not None and not said.get("is_forum"):
            return Reach(False, f"{name} has no topics: write its id without /{topic}")
        unsure = f" (whether the topic {topic} is open shows only when it writes)" if topic is not None else ""
        return Reach(True, f"{name}: the bot may write there{unsure}")

    async def _asked(self, asking: Any) -> Any:
        """The answer, or the verdict if there is none."""
        try:
            async with asyncio.timeout(self._timeout):
                return await asking
        except TimeoutError:
            return Reach(False, Reason.of(ReasonCode.NO_ANSWER_FROM, channel=KIND, seconds=self._timeout))
        except (KeyError, TypeError, AttributeError):
            return Reach(False, _UNREADABLE)
        except Exception as exc:  # noqa: BLE001  the channel's boundary: also answers that the SDK cannot read
            return _meaning(receipt(exc, self._bot.token))


def _start_first(said: str | Reason) -> str | Reason:
    if isinstance(said, Reason):
        return replace(said, advice=Advice(AdviceCode.START_BOT_FIRST))
    return said


def _meaning(said: Receipt) -> Reach:
    match said:
        case Sent():
            return Reach(False, _UNREADABLE)
        case Refused(moved=new) if new is not None:
            return Reach(False, f"the group has become a supergroup: write {new} in its place")
        case Later() | Unsure() | Refused():
            return reach_of(said)


def _refusal(kind: str, member: Said, chat: Said) -> Reason | None:
    """The reason why the bot cannot write, by its status in the chat: core.telegram.org/bots/api#chatmember."""
    standing = member.get("status")
    if standing in {"left", "kicked"} or (standing == "restricted" and member.get("is_member") is False):
        return _NOT_IN
    if standing == "creator":
        return None
    if kind == "channel":
        return None if standing == "administrator" and member.get("can_post_messages") else _NO_POSTS
    if standing == "administrator":
        return None
    allowed = member if standing == "restricted" else chat.get("permissions")
    return _MUTE if isinstance(allowed, dict) and allowed.get("can_send_messages") is False else None

"""An open Telegram channel: sends and edits messages, and takes commands."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest

from bot.channels.providers import unsendable
from bot.channels.telegram import BOTFATHER, quieten
from bot.channels.telegram.polling import Polling
from bot.channels.telegram.reach import Reacher
from bot.channels.telegram.receipts import KIND, invalid, mend, of_an_edit, receipt
from bot.channels.telegram.render import Draft, fitting, root, where
from bot.channels.telegram.request import Request
from bot.contracts import Answering, ChannelContext, Reach
from bot.model import (
    Delivery,
    DeliveryAction,
    Destination,
    Later,
    Reason,
    ReasonCode,
    Receipt,
    RefusalScope,
    Refused,
    Sent,
    Text,
    Unsure,
)

REPLY_TRIES = 3
LONGEST_WAIT = timedelta(seconds=30)  # for a person waiting for an answer


@asynccontextmanager
async def connect(token: str, api_url: str, timeout: float, desk: ChannelContext) -> AsyncIterator[TelegramChannel]:
    """Open without a request to Telegram: the SDK's own start would raise for a bad token or a dead network."""
    quieten()
    os.environ.setdefault("PTB_TIMEDELTA", "1")  # else the SDK warns at every 429
    request = Request(desk.net, timeout)
    bot = Bot(token, base_url=f"{api_url}/bot", request=request, get_updates_request=request)
    try:
        yield TelegramChannel(bot, desk, timeout)
    finally:
        await request.shutdown()


class TelegramChannel:
    def __init__(self, bot: Bot, desk: ChannelContext, timeout: float) -> None:
        self._bot = bot
        self._timeout = timeout
        self._unsendable = unsendable(bot.token, "channels.telegram.token", BOTFATHER)
        self._commands = frozenset(name for name, _ in desk.commands)
        self._listener = Polling(bot, desk, self.reply)
        self._reacher = Reacher(bot, timeout)

    async def send(self, delivery: Delivery) -> Receipt:
        try:
            chat, topic = where(delivery.destination.place)
        except ValueError:
            return Refused(invalid(delivery.destination.place), RefusalScope.DESTINATION)
        if self._unsendable:
            return Refused(self._unsendable, RefusalScope.ACCOUNT)
        if delivery.action is DeliveryAction.EDIT:
            return await self._edit(delivery, chat)
        notice, first = delivery.notice, root(delivery)
        anew = bool(delivery.root) and first is None
        draft = Draft(chat, notice.words, topic, first, anew, quiet=not notice.fresh, buttons=delivery.buttons)
        return await self._hand_over(replace(draft, links=notice.links, headings=notice.headings, plans=notice.plans))

    async def listen(self, answer: Answering) -> None:
        await self._listener.listen(answer)

    async def account(self) -> Reach:
        return await self._reacher.account()

    async def reach(self, place: str) -> Reach:
        return await self._reacher.reach(place)

    async def reply(self, place: Destination, message: int, words: Text) -> Receipt:
        """Reply to a person's message; retry if it was provably not sent, as nobody else would."""
        chat, topic = where(place.place)
        for left in reversed(range(REPLY_TRIES)):
            receipt = await self._hand_over(Draft(chat, words, topic, message, commands=self._commands))
            if not (isinstance(receipt, Later) and left):
                break
            await asyncio.sleep(min(receipt.wait or timedelta(seconds=1), LONGEST_WAIT).total_seconds())
        return receipt

    async def _edit(self, delivery: Delivery, chat: int | str) -> Receipt:
        if delivery.notice.root is None:
            return Sent(delivery.root)
        if (message := root(delivery)) is None:
            return Refused(Reason.of(ReasonCode.FIRST_MESSAGE_ELSEWHERE), gone=True)
        notice = delivery.notice
        draft = Draft(chat, delivery.notice.root, buttons=delivery.buttons, links=notice.links, plans=notice.plans)
        receipt = await self._hand_over(draft, rewrite=message)
        return Sent(delivery.root) if isinstance(receipt, Sent) else receipt

    async def _hand_over(self, draft: Draft, rewrite: int | None = None) -> Receipt:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._write(draft, rewrite)
        except TimeoutError:
            return Unsure(Reason.of(ReasonCode.NO_ANSWER_FROM, channel=KIND, seconds=self._timeout))
        except Exception as exc:  # noqa: BLE001  the channel's boundary: also answers that the SDK cannot read
            return (receipt if rewrite is None else of_an_edit)(exc, self._bot.token)

    async def _write(self, draft: Draft, rewrite: int | None) -> Receipt:
        try:
            written = await (self._post(draft) if rewrite is None else self._rewrite(draft, rewrite))
        except BadRequest as exc:
            if rewrite is not None and "message is not modified" in str(exc).lower():
                return Sent()
            if (milder := mend(draft, exc)) is None:
                raise
            return await self._write(milder, rewrite)
        return Sent(f"{written.chat.id}/{written.message_id}", anew=draft.anew)

    async def _post(self, draft: Draft) -> Message:
        return await self._bot.send_message(
            draft.chat,
            draft.text,
            parse_mode=ParseMode.HTML if draft.marked else None,
            message_thread_id=draft.topic,
            disable_notification=draft.quiet,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            # Not "allow sending without": `mend` has to know that the message is gone, and sends without it.
            reply_parameters=ReplyParameters(draft.root) if draft.root else None,
            reply_markup=_keyboard(draft),
        )

    async def _rewrite(self, draft: Draft, message: int) -> Message:
        written = await self._bot.edit_message_text(
            draft.text,
            draft.chat,
            message,
            parse_mode=ParseMode.HTML if draft.marked else None,
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            reply_markup=_keyboard(draft),  # without one, the old buttons are removed
        )
        if not isinstance(written, Message):
            raise TypeError("Telegram answered an edit without the message")
        return written


def _keyboard(draft: Draft) -> InlineKeyboardMarkup | None:
    rows = fitting(draft.buttons)
    return (
        InlineKeyboardMarkup([[InlineKeyboardButton(b.label, callback_data=b.command) for b in row] for row in rows])
        if rows
        else None
    )

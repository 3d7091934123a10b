"""Commands and buttons by long polling: one request waits at Telegram for the next update."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from telegram import Bot, BotCommand, CallbackQuery, Message, Update
from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter, TelegramError

from bot.channels.telegram.parse import hear, press
from bot.channels.telegram.receipts import foreign, plain, wait
from bot.channels.telegram.render import cut
from bot.contracts import Answering, ChannelContext
from bot.model import Ask, Destination, Receipt, Sent, Text

log = logging.getLogger(__name__)

POLL = timedelta(seconds=30)  # how long Telegram holds a request open; proxies cut at a minute
SLACK = 10.0  # seconds over that until a connection counts as dead
RULERS = frozenset({ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.OWNER})
PATIENCE = timedelta(seconds=3)  # for an answer: checking a silent site takes longer, an order never does
BATCH = 100  # updates that Telegram returns at once, at most
HASTE = 0.1  # seconds, instead of PATIENCE
AWAY = timedelta(minutes=2)  # without a poll: presses received after it may be old
NOTED = timedelta(minutes=5)
TOAST = 200  # characters: core.telegram.org/bots/api#answercallbackquery
TOAST_TRIES = 2
LONGEST_TOAST = timedelta(seconds=10)  # later the press is too old
OFFSET = "telegram.offset"
HEARD = "telegram.heard"
COMMANDS = "telegram.commands"

Replying = Callable[[Destination, int, Text], Awaitable[Receipt]]


class Polling:
    """The one poller of a token. An update is confirmed by the next poll, after its answer; slow answers are not
    waited for longer than `patience`.
    """

    def __init__(self, bot: Bot, desk: ChannelContext, reply: Replying) -> None:
        self._bot = bot
        self._desk = desk
        self._reply = reply
        self._id = bot.token.partition(":")[0]  # the bot's number, to which offset and command list belong
        self._name: str | None = None
        self._offset: int | None = None
        self._heard_at: datetime | None = None  # when Telegram last returned updates, possibly before a restart
        self._pressed_at: datetime | None = None  # the earliest time of this batch's presses; None: now
        self._noted_at: datetime | None = None
        self._trouble: str | None = None
        self._slow: set[asyncio.Task[None]] = set()  # answers in progress whose updates are confirmed
        self.patience = PATIENCE.total_seconds()
        self.pauses = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds, after failures in a row

    async def listen(self, answer: Answering) -> None:
        try:
            await self._listen(answer)
        finally:
            for task in self._slow:
                task.cancel()
            await asyncio.gather(*self._slow, return_exceptions=True)

    async def _listen(self, answer: Answering) -> None:
        failures = 0
        while True:
            try:
                if self._name is None:
                    await self._introduce()
                await self._poll(answer)
            except Exception as exc:  # noqa: BLE001 the channel's boundary: only a dead token may end listening
                if isinstance(exc, InvalidToken) and not foreign(exc):
                    log.error(
                        "Telegram does not know the token: commands there are not heard until one from @BotFather "
                        "is set in channels.telegram.token"
                    )
                    return
                self._complain(exc)
                pause = self.pauses[min(failures, len(self.pauses) - 1)]
                await asyncio.sleep(wait(exc).total_seconds() if isinstance(exc, RetryAfter) else pause)
                failures += 1
            else:
                failures = 0

    def _complain(self, exc: Exception) -> None:
        """Log a failure once, not at every poll."""
        why = plain(exc, self._bot.token)
        if isinstance(exc, Conflict):
            why += "; only one Tocsin may hear with one token, and no webhook may be set"
        log.log(logging.DEBUG if why == self._trouble else logging.WARNING, "Telegram's commands not heard: %s", why)
        self._trouble = why

    async def _introduce(self) -> None:
        me = await self._bot.get_me()
        bot, _, offset = (await self._desk.recall(OFFSET) or "").partition(":")
        # another bot's offset could lie far ahead, and polling with it would discard all updates of this one
        self._offset = int(offset) if bot == self._id and offset.isdecimal() else None
        bot, _, heard_at = (await self._desk.recall(HEARD) or "").partition(":")
        if self._heard_at is None and bot == self._id and heard_at.isdecimal() and len(heard_at) < 12:
            self._heard_at = datetime.fromtimestamp(int(heard_at), UTC)
        await self._list_commands()
        self._name = me.username or ""
        log.info("Telegram: commands are heard")

    async def _list_commands(self) -> None:
        listed = [BotCommand(name, (about or name)[:256]) for name, about in self._desk.commands]
        known = json.dumps([self._id, *(command.to_dict() for command in listed)], sort_keys=True)
        stamp = hashlib.sha256(known.encode()).hexdigest()
        if await self._desk.recall(COMMANDS) == stamp:
            return
        try:
            await self._bot.set_my_commands(listed)
        except (BadRequest, RetryAfter) as exc:  # commands work without the list
            log.warning("Telegram did not take the list of commands: %s", plain(exc, self._bot.token))
            return
        await self._desk.remember(COMMANDS, stamp)

    async def _poll(self, answer: Answering) -> None:
        updates = await self._bot.get_updates(
            offset=self._offset,
            timeout=POLL,
            read_timeout=SLACK,
            allowed_updates=[Update.MESSAGE, Update.CHANNEL_POST, Update.CALLBACK_QUERY],
        )
        if self._trouble:
            log.info("Telegram's commands are heard again")
            self._trouble = None
        before, self._heard_at = self._heard_at, datetime.now(UTC)
        if not updates:
            await self._note(self._heard_at)
            return
        # Telegram does not send the time of a press: it is after the poll before this one.
        self._pressed_at = before if before and self._heard_at - before > AWAY else None
        chats: defaultdict[int | None, list[Update]] = defaultdict(list)
        for update in updates:
            chats[update.effective_chat.id if update.effective_chat else None].append(update)
        # in order within a chat; a slow command of one chat does not delay the others
        tasks = [asyncio.create_task(self._answer(said, answer)) for said in chats.values()]
        self._slow.update(tasks)
        for task in tasks:
            task.add_done_callback(self._slow.discard)
        # A full batch is a crowd: whoever comes after it, perhaps an admin, must not wait for all its answers.
        await asyncio.wait(tasks, timeout=self.patience if len(updates) < BATCH else HASTE)
        self._offset = updates[-1].update_id + 1
        await self._desk.remember(OFFSET, f"{self._id}:{self._offset}")
        await self._note(self._heard_at)

    async def _note(self, at: datetime) -> None:
        """Store the time of the last poll for the next start, now and then."""
        if self._noted_at is None or at - self._noted_at >= NOTED:
            await self._desk.remember(HEARD, f"{self._id}:{at.timestamp():.0f}")
            self._noted_at = at

    async def _answer(self, updates: Iterable[Update], answer: Answering) -> None:
        for update in updates:
            try:
                await self._answer_one(update, answer)
            except Exception:
                # confirmed all the same: it would fail for ever and block the updates behind it
                log.exception("Telegram update %d could not be answered", update.update_id)

    async def _answer_one(self, update: Update, answer: Answering) -> None:
        if update.callback_query:
            await self._answer_press(update, update.callback_query, answer)
            return
        message = update.effective_message
        ask = hear(update, self._name or "")
        if message is None or ask is None:
            return
        if not ask.may_manage:
            ask = replace(ask, prove=partial(self._rules, message))
        words = await answer(ask)
        if words is None:
            return
        await self._tell(ask, message.message_id, words)

    async def _answer_press(self, update: Update, pressed: CallbackQuery, answer: Answering) -> None:
        """Answer a press by a notification for the presser: never by a post, which a whole group would get."""
        ask = press(update, self._pressed_at or datetime.now(UTC))
        words = await answer(ask) if ask else None
        await self._toast(pressed, "\n".join(cut(words, TOAST)) if words else None)

    async def _toast(self, pressed: CallbackQuery, text: str | None) -> None:
        """Show a notification, or end the waiting if there is no text. Several lines stay until they are closed."""
        for left in reversed(range(TOAST_TRIES)):
            try:
                await pressed.answer(text, show_alert=text is not None and "\n" in text)
            except RetryAfter as exc:
                if not left or (asked := wait(exc)) > LONGEST_TOAST:
                    return
                await asyncio.sleep(asked.total_seconds())
            except TelegramError as exc:  # after some seconds the press is "too old"
                log.debug("Telegram showed no answer to a press: %s", plain(exc, self._bot.token))
                return
            else:
                return

    async def _tell(self, ask: Ask, message: int, words: Text) -> None:
        receipt = await self._reply(ask.where, message, words)
        if not isinstance(receipt, Sent):
            log.warning("An answer to %s may not have arrived: %s", ask.where, receipt.why)

    async def _rules(self, message: Message) -> bool:
        """Whether the sender is an administrator of the group; False if that cannot be looked up."""
        if message.from_user is None or message.sender_chat is not None:
            return False
        try:
            member = await self._bot.get_chat_member(message.chat_id, message.from_user.id)
        except TelegramError as exc:
            log.warning("Telegram would not say who runs %d: %s", message.chat_id, plain(exc, self._bot.token))
            return False
        return member.status in RULERS

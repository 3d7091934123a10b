"""Receipts from Telegram's refusals and from network failures."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.channels.telegram.render import LIMIT, SHORT, Draft
from bot.channels.telegram.token_filter import redact
from bot.contracts import retry_after
from bot.model import Destination, Later, Receipt, RefusalScope, Refused, Unsure

# httpx's errors before the first byte of a request is sent
_NEVER_LEFT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"})
# lower case, because the SDK changes the case of Telegram's texts
_TOPIC_GONE = ("message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid", "thread_id_invalid")
_ROOT_GONE = (
    "repl",
)  # "message to be replied not found", "replied message not found", "REPLY_MESSAGE_ID_INVALID", ...
_UNEDITABLE = ("message to edit not found", "message can't be edited", "message_id_invalid", "message_author_required")
_BUTTONS = ("button", "keyboard", "reply markup", "reply_markup")
_TOO_LONG = ("message is too long", "message_too_long")
_CHAT_GONE = (
    "chat not found",
    "can't access the chat",
    "no write access",
    "username_invalid",
    "username_not_occupied",
    "channel_public_group_na",
    "invalid chat identifier",
    "monoforum",
    "direct messages topic must be specified",
    "user not found",
    "peer_id_invalid",
    "not enough rights",
    "have no rights to send",
    "need administrator rights",
    "chat_admin_required",
    "chat_write_forbidden",
    "chat_restricted",
    "group chat was deactivated",
    "group chat was deleted",
    "group chat was upgraded",
    "user_is_blocked",
    "you_blocked_user",
    "bot was blocked",
    "bot was kicked",
    "bot is not a member",
    "user is deactivated",
    "user_deactivated",
    "user_is_bot",
    "user_id_invalid",
    "user_privacy_restricted",
    "privacy_premium_required",
    "user_banned_in_channel",
    "bots can't send messages to bots",
    "can't initiate conversation",
    "channel_private",
    "channel_invalid",
    "chat_id_invalid",
    "chat_id is empty",
    "chat_invalid",
    "chat_forbidden",
    "chat is deactivated",
    "group is deactivated",
    "payment_required",
    "input_user_deactivated",
    # Without a topic left to drop, the chat itself is closed.
    *_TOPIC_GONE,
)
_CLOSED = re.compile(r"chat_(send|guest|write|admin)_\w*(forbidden|required)")
_PAUSE = re.compile(r"slow ?mode|flood|msg_wait|timeout")
_ACCOUNT = ("frozen_method_invalid", "bot_invalid", "access_token")


def receipt(exc: Exception, secret: str) -> Receipt:
    """The receipt for an error. The order matters: the SDK derives BadRequest and TimedOut from NetworkError."""
    why = plain(exc, secret)
    if "too many requests" in why.lower():  # a 429 without a wait has no class of its own
        return Later(why)
    if foreign(exc):
        return Unsure(f"what answered is not Telegram: {why}; should this last, check api_url and the proxy")
    match exc:
        case RetryAfter():
            return retry_after.later(why, exc.retry_after)
        case ChatMigrated(new_chat_id=chat):
            return Refused(why, RefusalScope.DESTINATION, moved=Destination("telegram", str(chat)))
        case Forbidden():
            return Refused(f"{why}; add the bot to the chat again, or unblock it", RefusalScope.DESTINATION)
        case InvalidToken():
            return Refused(
                f"Telegram does not know the token ({why}); copy it again from @BotFather", RefusalScope.ACCOUNT
            )
        case BadRequest():
            return _bad_request(why)
        case TimedOut() | NetworkError() if type(exc.__cause__).__name__ in _NEVER_LEFT:
            return Later(why)
    return Unsure(why)


def _bad_request(why: str) -> Receipt:
    said = why.lower()
    if any(sign in said for sign in _ACCOUNT):
        return Refused(f"Telegram does not let the bot write ({why}); ask @BotFather about it", RefusalScope.ACCOUNT)
    if _PAUSE.search(said):
        return Later(why)
    if any(sign in said for sign in _CHAT_GONE) or _CLOSED.search(said):
        return Refused(
            f"{why}; check the id, and that the bot is in the chat and may write there", RefusalScope.DESTINATION
        )
    return Refused(why)


def mend(draft: Draft, exc: BadRequest) -> Draft | None:
    """A reduced draft to send instead, or None. Each step drops something, so this ends."""
    said = str(exc).lower()
    if draft.topic is not None and any(sign in said for sign in _TOPIC_GONE):
        # a reply would land in the same closed topic
        return replace(draft, topic=None, root=None, anew=draft.anew or draft.root is not None)
    if draft.root is not None and any(sign in said for sign in _ROOT_GONE):
        return replace(draft, root=None, anew=True)
    if draft.marked and "can't parse entities" in said:
        return replace(draft, marked=False)
    if draft.buttons and any(sign in said for sign in _BUTTONS):
        return replace(draft, buttons=())
    if draft.limit == LIMIT and any(sign in said for sign in _TOO_LONG):
        return replace(draft, limit=SHORT)
    return None


def uneditable(why: str) -> bool:
    """Whether a refused edit can never succeed: the message is deleted, too old or another's."""
    return any(sign in why.lower() for sign in _UNEDITABLE)


def foreign(exc: Exception) -> bool:
    """Whether the answer was no JSON: then a proxy or gateway sent it, and it means nothing for a chat or a token."""
    return isinstance(exc.__cause__, TelegramError)


def wait(exc: RetryAfter) -> timedelta:
    """The requested wait, up to the longest we allow."""
    return timedelta(seconds=min(retry_after.seconds(exc.retry_after) or 0.0, retry_after.LONGEST_FOR_MESSAGES))


def plain(exc: Exception, secret: str) -> str:
    """One line for people, without the token, cut to a reasonable length."""
    text = " ".join(str(exc).split()) or type(exc).__name__
    cause = type(exc.__cause__).__name__
    if isinstance(exc, TimedOut) and exc.__cause__ and cause not in text:
        text = f"{text} ({cause})"
    return redact(text, secret)[:300]

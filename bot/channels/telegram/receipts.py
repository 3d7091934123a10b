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

from bot.channels.telegram import BOTFATHER, redact
from bot.channels.telegram.render import LIMIT, SHORT, Draft
from bot.channels.telegram.request import NeverLeftError
from bot.contracts import retry_after
from bot.model import Advice, AdviceCode, Destination, Later, Reason, ReasonCode, Receipt, RefusalScope, Refused, Unsure

# our own error, and httpx's, before the first byte of a request is sent
_NEVER_LEFT = frozenset(
    {"NeverLeftError", "ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "UnsupportedProtocol"}
)
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

KIND = "telegram"
EXAMPLES = "-1001234567890, -1001234567890/45, @ourchannel"


def receipt(exc: Exception, secret: str) -> Receipt:
    """The receipt for an error. The order matters: the SDK derives BadRequest and TimedOut from NetworkError."""
    text = plain(exc, secret)
    why = said(text)
    if "too many requests" in text.lower():  # a 429 without a wait has no class of its own
        return Later(why)
    if foreign(exc):
        return Unsure(_why(ReasonCode.NOT_THE_PROVIDER, text, Advice.of(AdviceCode.CHECK_PROXY, key="api_url")))
    match exc:
        case RetryAfter():
            return retry_after.later(why, exc.retry_after)
        case ChatMigrated(new_chat_id=chat):
            return Refused(why, RefusalScope.DESTINATION, moved=Destination(KIND, str(chat)))
        case Forbidden():
            return Refused(said(text, AdviceCode.ADD_OR_UNBLOCK_BOT), RefusalScope.DESTINATION)
        case InvalidToken():
            return Refused(token_unknown(text), RefusalScope.ACCOUNT)
        case BadRequest():
            return _bad_request(text)
        case TimedOut() | NetworkError() if type(exc.__cause__).__name__ in _NEVER_LEFT:
            return Later(why)
    return Unsure(why)


def _bad_request(text: str) -> Receipt:
    known = text.lower()
    if any(sign in known for sign in _ACCOUNT):
        return Refused(_why(ReasonCode.BOT_BARRED, text, AdviceCode.ASK_BOTFATHER), RefusalScope.ACCOUNT)
    if _PAUSE.search(known):
        return Later(said(text))
    if any(sign in known for sign in _CHAT_GONE) or _CLOSED.search(known):
        return Refused(said(text, AdviceCode.CHECK_CHAT), RefusalScope.DESTINATION)
    return Refused(said(text))


def token_unknown(text: str) -> Reason:
    """The reason if Telegram answered `text` to our token."""
    return _why(ReasonCode.TOKEN_UNKNOWN, text, Advice.of(AdviceCode.COPY_TOKEN, place=BOTFATHER))


def invalid(place: str) -> Reason:
    """The reason if a destination is no chat that Telegram could have."""
    advice = Advice.of(AdviceCode.WRITE_ID, example=EXAMPLES)
    return Reason.of(ReasonCode.PLACE_INVALID, channel=KIND, place=place, advice=advice)


def said(text: str, advice: AdviceCode | None = None) -> Reason:
    """Telegram's own words: it has no codes."""
    return Reason.of(ReasonCode.AS_SAID, text=text, advice=advice)


def _why(reason: ReasonCode, text: str, advice: Advice | AdviceCode) -> Reason:
    return Reason.of(reason, channel=KIND, provider_code=text, advice=advice)


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


def of_an_edit(exc: Exception, secret: str) -> Receipt:
    """The receipt for an error of an edit, which never succeeds if the message is deleted, too old or another's."""
    found = receipt(exc, secret)
    if isinstance(found, Refused) and any(sign in str(exc).lower() for sign in _UNEDITABLE):
        return replace(found, gone=True)
    return found


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
    told = exc.__cause__ is None or isinstance(exc.__cause__, NeverLeftError) or cause in text
    if isinstance(exc, TimedOut) and not told:
        text = f"{text} ({cause})"
    return redact(text, secret)[:300]

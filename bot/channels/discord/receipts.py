"""Receipts from Discord's errors. Codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import discord

from bot.channels.providers import unreached
from bot.contracts import retry_after
from bot.model import Advice, AdviceCode, Later, Reason, ReasonCode, RefusalScope, Refused, Unsure

Failed = Later | Unsure | Refused

KIND = "discord"
CHECK_URL = Advice.of(AdviceCode.CHECK_SETTING, key="api_url")


class ServerTrouble(Exception):
    """Discord answered 5xx."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


class Limited(Exception):
    """Discord answered 429. `wait` is in seconds; `whole`: for the whole account."""

    def __init__(self, wait: float, *, whole: bool) -> None:
        super().__init__(f"HTTP 429 for {wait:g} s")
        self.wait, self.whole = wait, whole


TROUBLE = (ServerTrouble, aiohttp.ClientError, OSError)  # no trustworthy answer; OSError includes time-outs

# Refused in this form: short, without embed and reference, it may pass. Embed Links (50013) and Read Message History
# (160002) are separate rights, and the outage must be reported even in a channel that grants only Send Messages.
PLAINER = frozenset({50006, 50013, 50035, 160002})

UNKNOWN_MESSAGE = 10008
# For an edit: the message is deleted, another bot's, or in an archived or locked thread. A post reopens an archived
# thread, so the place is not lost.
_UNEDITABLE = frozenset({UNKNOWN_MESSAGE, 50005, 50083, 160005})

_LATER = {
    10007: ReasonCode.DISCORD_PERSON_UNKNOWN_YET,
    20016: ReasonCode.DISCORD_SLOW_MODE,
    20022: ReasonCode.DISCORD_LIMITS_ANNOUNCEMENT_EDITS,
    20028: ReasonCode.DISCORD_LIMITS_CHANNEL,
    20029: ReasonCode.DISCORD_LIMITS_SERVER,
    30046: ReasonCode.DISCORD_LIMITS_OLD_EDITS,
    40003: ReasonCode.DISCORD_LIMITS_NEW_PEOPLE,
    40004: ReasonCode.DISCORD_SENDING_OFF,
    40006: ReasonCode.DISCORD_FUNCTION_OFF,
    40062: ReasonCode.DISCORD_LIMITS_REQUESTS,
    40333: ReasonCode.DISCORD_BLOCKED_BY_CLOUDFLARE,
    110001: ReasonCode.DISCORD_APP_UNKNOWN_YET,
    130000: ReasonCode.DISCORD_OVERLOADED,
}
Fault = tuple[RefusalScope, ReasonCode, Advice | AdviceCode | None]

_STALE: Fault = RefusalScope.ACCOUNT, ReasonCode.TOKEN_UNKNOWN, AdviceCode.RESET_TOKEN
_OWNER: Fault = RefusalScope.ACCOUNT, ReasonCode.DISCORD_OWNER_UNVERIFIED, None
_FORUM: Fault = RefusalScope.DESTINATION, ReasonCode.DISCORD_FORUM, AdviceCode.NAME_FORUM_POST
_KIND: Fault = RefusalScope.DESTINATION, ReasonCode.CHANNEL_KIND_UNWRITABLE, AdviceCode.NAME_TEXT_CHANNEL_OR_THREAD
_REFUSED: dict[int, Fault] = {
    10001: _STALE,
    10002: _STALE,
    10003: (RefusalScope.DESTINATION, ReasonCode.DISCORD_NO_CHANNEL, AdviceCode.CHECK_CHANNEL_ID),
    10004: (RefusalScope.DESTINATION, ReasonCode.DISCORD_NO_SERVER, AdviceCode.CHECK_MEMBERSHIP),
    UNKNOWN_MESSAGE: (RefusalScope.MESSAGE, ReasonCode.MESSAGE_GONE, None),
    10012: _STALE,
    10013: (RefusalScope.DESTINATION, ReasonCode.DISCORD_NO_PERSON, AdviceCode.COPY_USER_ID),
    10015: (RefusalScope.DESTINATION, ReasonCode.DISCORD_NO_WEBHOOK, AdviceCode.NAME_CHANNEL_INSTEAD),
    20001: (RefusalScope.ACCOUNT, ReasonCode.DISCORD_BOTS_BARRED, CHECK_URL),
    20002: (RefusalScope.ACCOUNT, ReasonCode.DISCORD_NOT_A_BOT_TOKEN, AdviceCode.COPY_FROM_PORTAL),
    20009: (RefusalScope.MESSAGE, ReasonCode.DISCORD_MESSAGE_UNFIT, None),
    20012: (RefusalScope.ACCOUNT, ReasonCode.DISCORD_APP_BARRED, AdviceCode.CHECK_TOKEN_IN_PORTAL),
    30007: (RefusalScope.DESTINATION, ReasonCode.DISCORD_WEBHOOKS_FULL, None),
    30033: (RefusalScope.DESTINATION, ReasonCode.DISCORD_THREAD_FULL, AdviceCode.NAME_ITS_CHANNEL),
    40001: _STALE,
    40002: _OWNER,
    40007: (RefusalScope.DESTINATION, ReasonCode.DISCORD_BANNED, None),
    40058: _FORUM,
    40067: _FORUM,
    50001: (RefusalScope.DESTINATION, ReasonCode.DISCORD_CHANNEL_UNSEEN, AdviceCode.LET_BOT_SEE_CHANNEL),
    50003: (RefusalScope.DESTINATION, ReasonCode.CONVERSATION_UNWRITABLE, AdviceCode.NAME_TEXT_CHANNEL),
    50005: (RefusalScope.MESSAGE, ReasonCode.MESSAGE_OF_OTHER_BOT, None),
    50007: (RefusalScope.DESTINATION, ReasonCode.DISCORD_NO_DIRECT_MESSAGES, AdviceCode.ALLOW_DIRECT_MESSAGES),
    50008: _KIND,
    50009: (RefusalScope.DESTINATION, ReasonCode.DISCORD_VERIFICATION, AdviceCode.ASK_SERVER_ADMIN),
    50010: (RefusalScope.ACCOUNT, ReasonCode.DISCORD_NO_BOT, AdviceCode.ADD_BOT_IN_PORTAL),
    50013: (RefusalScope.DESTINATION, ReasonCode.BOT_MAY_NOT_WRITE, AdviceCode.LET_BOT_WRITE),
    50014: _STALE,
    50024: _KIND,
    50025: _STALE,
    50026: (RefusalScope.ACCOUNT, ReasonCode.DISCORD_SCOPE_MISSING, AdviceCode.INVITE_WITH_SCOPE),
    50033: (RefusalScope.DESTINATION, ReasonCode.DISCORD_PERSON_UNWRITABLE, AdviceCode.COPY_USER_ID),
    50041: (RefusalScope.ACCOUNT, ReasonCode.DISCORD_API_UNKNOWN, CHECK_URL),
    50055: (RefusalScope.DESTINATION, ReasonCode.DISCORD_SERVER_ID_REFUSED, AdviceCode.CHECK_MEMBERSHIP),
    50068: _KIND,
    50083: (RefusalScope.DESTINATION, ReasonCode.THREAD_ARCHIVED, AdviceCode.REOPEN_THREAD),
    50095: (RefusalScope.DESTINATION, ReasonCode.DISCORD_SERVER_UNAVAILABLE, None),
    50178: _OWNER,
    220003: _FORUM,
    50278: (RefusalScope.DESTINATION, ReasonCode.DISCORD_NO_SHARED_SERVER, AdviceCode.ALLOW_DIRECT_MESSAGES),
    60003: (RefusalScope.ACCOUNT, ReasonCode.DISCORD_TWO_FACTOR_MISSING, None),
    80007: _OWNER,
    160005: (RefusalScope.DESTINATION, ReasonCode.THREAD_LOCKED, AdviceCode.UNLOCK_THREAD),
    160006: (RefusalScope.DESTINATION, ReasonCode.DISCORD_SERVER_THREADS_FULL, AdviceCode.NAME_CHANNEL),
    160007: (RefusalScope.DESTINATION, ReasonCode.DISCORD_CHANNEL_THREADS_FULL, AdviceCode.NAME_CHANNEL),
    200000: (RefusalScope.MESSAGE, ReasonCode.DISCORD_MESSAGE_FILTERED, AdviceCode.EXEMPT_BOT),
    200001: (RefusalScope.MESSAGE, ReasonCode.DISCORD_TITLE_FILTERED, AdviceCode.EXEMPT_BOT),
    240000: (RefusalScope.MESSAGE, ReasonCode.DISCORD_LINK_FILTERED, AdviceCode.EXEMPT_BOT),
}


def uneditable(refusal: discord.HTTPException) -> Refused | None:
    """The receipt of an edit that can never succeed, so that another message must take its place; else None."""
    if refusal.code not in _UNEDITABLE:
        return None
    return replace(refused(refusal.code), scope=RefusalScope.MESSAGE, gone=True)


def refused(code: int) -> Refused:
    """The receipt for one of Discord's final codes."""
    scope, reason, advice = _REFUSED[code]
    return Refused(_why(reason, str(code), advice), scope)


def judge(trouble: Exception, *, left: bool, timeout: float) -> Failed:
    """The receipt for a failure. `left`: the request had left, so it may have been applied. `timeout` is in seconds."""
    match trouble:
        case Limited(wait=wait, whole=whole):
            why = Reason.of(ReasonCode.ASKS_TO_WAIT_FOR, channel=KIND, seconds=wait)
            return retry_after.later(why, wait, whole=whole)
        case discord.RateLimited(retry_after=wait):
            return retry_after.later(Reason.of(ReasonCode.LIMIT_USED_UP, channel=KIND, seconds=wait), wait)
        case discord.LoginFailure():
            return token_unknown()
        case discord.HTTPException():
            return _answered(trouble)
    why = describe(trouble, timeout)
    return Unsure(why) if left else Later(why)


def token_unknown() -> Refused:
    scope, reason, advice = _STALE
    return Refused(_why(reason, advice=advice), scope)


def invalid(place: str) -> Reason:
    """The reason if a destination is no id of Discord's."""
    advice = Advice.of(AdviceCode.WRITE_ID, example="112233445566778899")
    return Reason.of(ReasonCode.PLACE_INVALID, channel=KIND, place=place, advice=advice)


def describe(trouble: Exception, timeout: float) -> Reason:
    """The reason of a failure, without secrets. `timeout` is in seconds."""
    match trouble:
        case ServerTrouble(status=status):
            return Reason.of(ReasonCode.ANSWERED_STATUS, channel=KIND, status=status)
        case discord.HTTPException(status=status, code=code):
            return Reason.of(ReasonCode.ANSWERED_STATUS, channel=KIND, status=status, provider_code=str(code))
        case TimeoutError():
            return Reason.of(ReasonCode.NO_ANSWER_FROM, channel=KIND, seconds=timeout)
        case aiohttp.ClientConnectorError():
            return unreached(KIND, trouble)
        case aiohttp.ClientError() | OSError():
            return _why(ReasonCode.CONNECTION_BROKE, type(trouble).__name__)
        case discord.DiscordException():
            return _why(ReasonCode.DISCORD_UNUSABLE, type(trouble).__name__)
        case _:
            return _why(ReasonCode.ANSWER_UNREADABLE, type(trouble).__name__)


def unreadable(odd: Exception) -> Reason:
    """The reason if an answer is not of Discord's form."""
    return _why(ReasonCode.ANSWER_UNREADABLE, type(odd).__name__, CHECK_URL)


def _why(reason: ReasonCode, code: str = "", advice: Advice | AdviceCode | None = None) -> Reason:
    """The reason, with Discord's name if its sentence shows it."""
    facts = {"channel": KIND} if "channel" in reason.facts else {}
    return Reason.of(reason, provider_code=code, advice=advice, **facts)


def _answered(answer: discord.HTTPException) -> Failed:
    status = f"HTTP {answer.status}"
    if answer.code in _LATER:
        return Later(_why(_LATER[answer.code], str(answer.code)))
    if answer.status == 401:
        return token_unknown()
    if answer.code in _REFUSED:
        return refused(answer.code)
    if answer.status in {403, 404} and not answer.code:
        # Without a code of Discord's, a proxy, Cloudflare or a wrong address answered: that means nothing for the
        # channel.
        return Later(_why(ReasonCode.NOT_THE_PROVIDER_OR_BLOCKED, status, CHECK_URL))
    if answer.status == 403:
        why = _why(ReasonCode.DISCORD_FORBIDS, str(answer.code), AdviceCode.CHECK_RIGHTS)
        return Refused(why, RefusalScope.DESTINATION)
    return Refused(_why(ReasonCode.REFUSED_MESSAGE, f"{status}, {answer.code}"), RefusalScope.MESSAGE)

"""Receipts from Discord's errors. Codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes."""

from __future__ import annotations

import aiohttp
import discord

from bot.contracts import retry_after
from bot.model import Later, RefusalScope, Refused, Unsure

Failed = Later | Unsure | Refused


class ServerTrouble(Exception):
    """Discord answered 5xx."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")


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
    10007: "Discord does not know the person in the server yet",
    20016: "Discord's slow mode holds in the channel",
    20022: "Discord limits edits in an announcement channel",
    20028: "Discord limits what is written in the channel",
    20029: "Discord limits what is written in the server",
    30046: "Discord limits edits of messages older than an hour",
    40003: "Discord limits how many people the bot begins to write to",
    40004: "Discord has switched sending off for a while",
    40006: "Discord has switched this off for a while",
    40062: "Discord limits this kind of request",
    40333: "Cloudflare, before Discord, blocks us",
    110001: "Discord does not know the application yet",
    130000: "Discord is overloaded",
}
_ID = "copy the user id again from their profile (Developer Mode, Copy User ID)"
_ALLOW = "they must share a server with it, and allow direct messages there (Privacy Settings)"
_NOT_A_BOT = "Discord wants a bot's token, not a person's; copy it from the developer portal"
_STALE = "Discord does not take the token; reset it in the developer portal and copy it anew"
_OWNER = "Discord wants the bot's owner to verify the account"
_FORUM = "nothing can be written in a forum itself; name one of its posts"
_REFUSED = {
    10001: (RefusalScope.ACCOUNT, _STALE),
    10002: (RefusalScope.ACCOUNT, _STALE),
    10003: (RefusalScope.DESTINATION, "Discord has no such channel; was it deleted, or is the id wrong?"),
    10004: (RefusalScope.DESTINATION, "Discord has no such server; was the bot removed from it?"),
    UNKNOWN_MESSAGE: (RefusalScope.MESSAGE, "the message is no longer there; somebody deleted it"),
    10012: (RefusalScope.ACCOUNT, _STALE),
    10013: (RefusalScope.DESTINATION, f"Discord knows no such person; {_ID}"),
    10015: (RefusalScope.DESTINATION, "Discord has no such webhook; name the channel instead"),
    20001: (RefusalScope.ACCOUNT, "Discord does not let bots do this; check api_url"),
    20002: (RefusalScope.ACCOUNT, _NOT_A_BOT),
    20009: (RefusalScope.MESSAGE, "Discord finds the message unfit for this person"),
    20012: (RefusalScope.ACCOUNT, "this application may not do that; check the token in the developer portal"),
    30007: (RefusalScope.DESTINATION, "the server has all the webhooks that it may have"),
    30033: (RefusalScope.DESTINATION, "the thread has all the members that it may have; name its channel"),
    40001: (RefusalScope.ACCOUNT, _STALE),
    40002: (RefusalScope.ACCOUNT, _OWNER),
    40007: (RefusalScope.DESTINATION, "the server has banned this person, or the bot"),
    40058: (RefusalScope.DESTINATION, _FORUM),
    40067: (RefusalScope.DESTINATION, _FORUM),
    50001: (RefusalScope.DESTINATION, "the bot cannot see the channel; invite it, and give it View Channel there"),
    50005: (RefusalScope.MESSAGE, "the message was written by another bot"),
    50007: (RefusalScope.DESTINATION, f"this person takes no direct messages from the bot; {_ALLOW}"),
    50008: (
        RefusalScope.DESTINATION,
        "nothing can be written in this kind of channel; name a text channel or a thread",
    ),
    50009: (RefusalScope.DESTINATION, "the server's verification keeps the bot from writing there; ask its admin"),
    50003: (RefusalScope.DESTINATION, "nothing can be written in a conversation of this kind; name a text channel"),
    50010: (RefusalScope.ACCOUNT, "this application has no bot; add one in the developer portal, and copy its token"),
    50014: (RefusalScope.ACCOUNT, _STALE),
    50025: (RefusalScope.ACCOUNT, _STALE),
    50026: (RefusalScope.ACCOUNT, "the bot lacks a scope; invite it anew with the scope bot"),
    50013: (
        RefusalScope.DESTINATION,
        "the bot may not write there; give it Send Messages and Embed Links in the channel",
    ),
    50024: (
        RefusalScope.DESTINATION,
        "nothing can be written in this kind of channel; name a text channel or a thread",
    ),
    50033: (RefusalScope.DESTINATION, f"this person cannot be written to; {_ID}"),
    50041: (RefusalScope.ACCOUNT, "Discord does not know this version of its API; check api_url"),
    50055: (RefusalScope.DESTINATION, "Discord does not take this server's id; was the bot removed from it?"),
    50068: (
        RefusalScope.DESTINATION,
        "nothing can be written in this kind of channel; name a text channel or a thread",
    ),
    50095: (RefusalScope.DESTINATION, "the server is not to be had from where the bot is"),
    50083: (RefusalScope.DESTINATION, "the thread is archived; open it again, or name its channel"),
    50178: (RefusalScope.ACCOUNT, _OWNER),
    50278: (RefusalScope.DESTINATION, f"this person is in no server of the bot's; {_ALLOW}"),
    60003: (RefusalScope.ACCOUNT, "the bot's owner has to switch on two-factor login for this server"),
    80007: (RefusalScope.ACCOUNT, _OWNER),
    160006: (RefusalScope.DESTINATION, "the server has all the open threads that it may have; name a channel"),
    160007: (RefusalScope.DESTINATION, "the channel has all the open threads that it may have; name a channel"),
    200000: (RefusalScope.MESSAGE, "the server's AutoMod does not let the message through; allow the bot there"),
    200001: (RefusalScope.MESSAGE, "the server's AutoMod does not let the title through; allow the bot there"),
    220003: (RefusalScope.DESTINATION, _FORUM),
    240000: (
        RefusalScope.MESSAGE,
        "the server's filter of harmful links does not let the message through; allow the bot there",
    ),
    160005: (RefusalScope.DESTINATION, "the thread is locked; unlock it, or name its channel"),
}


def uneditable(refusal: discord.HTTPException) -> Refused | None:
    """The receipt of an edit that can never succeed, so that another message must take its place; else None."""
    if refusal.code not in _UNEDITABLE:
        return None
    return Refused(f"{_REFUSED[refusal.code][1]} (code {refusal.code})", gone=True)


def refused(code: int) -> Refused:
    """The receipt for one of Discord's final codes."""
    scope, why = _REFUSED[code]
    return Refused(f"{why} (code {code})", scope)


def judge(trouble: Exception, *, left: bool, timeout: float) -> Failed:
    """The receipt for a failure. `left`: the request had left, so it may have been applied. `timeout` is in seconds."""
    match trouble:
        case Limited(wait=wait, whole=whole):
            return retry_after.later(f"Discord asks us to wait {wait:g} s", wait, whole=whole)
        case discord.RateLimited(retry_after=wait):
            return retry_after.later(f"Discord's limit for the channel is used up for {wait:g} s", wait)
        case discord.LoginFailure():
            return Refused(_REFUSED[40001][1], RefusalScope.ACCOUNT)
        case discord.HTTPException():
            return _answered(trouble)
    why = describe(trouble, timeout)
    return Unsure(why) if left else Later(why)


def describe(trouble: Exception, timeout: float) -> str:
    """A failure in one line, without secrets."""
    match trouble:
        case ServerTrouble():
            return f"Discord answered {trouble}"
        case discord.HTTPException(status=status, code=code):
            return f"Discord answered HTTP {status}, code {code}"
        case TimeoutError():
            return f"no answer from Discord within {timeout:g} s"
        case aiohttp.ClientConnectorError():
            return f"cannot connect to Discord: {trouble}"
        case aiohttp.ClientError() | OSError():
            return f"the connection to Discord broke ({type(trouble).__name__})"
        case discord.DiscordException():
            return f"Discord cannot be used now ({type(trouble).__name__})"
        case _:
            return f"what answered makes no sense for Discord ({type(trouble).__name__})"


def _answered(answer: discord.HTTPException) -> Failed:
    if answer.code in _LATER:
        return Later(_LATER[answer.code])
    if answer.status == 401:
        return Refused(_REFUSED[40001][1], RefusalScope.ACCOUNT)
    if answer.code in _REFUSED:
        return refused(answer.code)
    if answer.status in {403, 404} and not answer.code:
        # Without a code of Discord's, a proxy, Cloudflare or a wrong address answered: that means nothing for the
        # channel.
        return Later(f"what answers at api_url is not Discord's API, or blocks us (HTTP {answer.status})")
    if answer.status == 403:
        return Refused(
            f"Discord forbids it (code {answer.code}); check the bot's rights there", RefusalScope.DESTINATION
        )
    return Refused(f"Discord refused the message (HTTP {answer.status}, code {answer.code})", RefusalScope.MESSAGE)

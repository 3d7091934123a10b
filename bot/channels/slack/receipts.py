"""Receipts from Slack's answers: sent, provably not sent, unsure, or refused."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.contracts.retry_after import later
from bot.contracts.retry_after import retry_after as asked_to_wait
from bot.model import Later, RefusalScope, Refused, Unsure


@dataclass(frozen=True, slots=True)
class Failed:
    """A call without ok: Slack's error code ("" for none), and its receipt."""

    code: str
    receipt: Later | Unsure | Refused


# The meaning of each `error` of chat.postMessage and chat.update: docs.slack.dev/reference/methods/chat.postMessage.
# Any error not in these tables also means that the message was not written.

ROOTLESS = frozenset({
    "thread_not_found",
    "invalid_thread_ts",
    "cannot_reply_to_message",
    "restricted_action_thread_locked",
})  # fmt: skip
"""The thread's first message is deleted or locked: later ones need another first message."""

THREADLESS = ROOTLESS | {
    "cant_broadcast_message",
    "restricted_action_non_threadable_channel",
    "non_threadable_channel",
}
"""This thread takes no replies; the place itself may still be open."""

_GONE = frozenset({
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
    "restricted_action_thread_locked",
})  # fmt: skip
"""For an edit: the message is deleted, too old, locked or somebody else's."""

_REFINED = ("invalid_blocks", "invalid_metadata", "invalid_arg", "invalid_array_arg", "invalid_attachments")
_REFINED_TOO = frozenset({
    "msg_too_long",
    "msg_blocks_too_long",
    "metadata_too_large",
    "metadata_must_be_sent_from_app",
    "attachment_payload_limit_exceeded",
    "too_many_attachments",
    "markdown_text_conflict",
})  # fmt: skip

RATELIMITED = "ratelimited"
_AGAIN = {
    RATELIMITED: None,
    "service_unavailable": None,
    "team_added_to_org": timedelta(minutes=5),
    "message_limit_exceeded": timedelta(minutes=15),
}
_WHOLE = frozenset({"service_unavailable", "team_added_to_org", "message_limit_exceeded"})
_DOUBTFUL = frozenset({"internal_error", "fatal_error", "request_timeout", "update_failed"})

_STALE = "the bot token is not valid any more: copy it again from api.slack.com/apps > OAuth & Permissions"
_ADMIN = "the workspace's admin does not let this app in: ask the admin to allow it"
_OLD = "Slack has given up the way by which this version of Tocsin writes: update it"
_ACCOUNT = {
    "account_inactive": _STALE,
    "token_revoked": _STALE,
    "token_expired": _STALE,
    "invalid_auth": _STALE,
    "not_authed": _STALE,
    "not_allowed_token_type": "this is not a bot token (xoxb-…): copy it from api.slack.com/apps > OAuth & Permissions",
    "missing_scope": "the app lacks the scope chat:write: add it at api.slack.com/apps and install the app again",
    "access_denied": _ADMIN,
    "accesslimited": _ADMIN,
    "app_access_restricted": _ADMIN,
    "org_login_required": _ADMIN,
    "two_factor_setup_required": _ADMIN,
    "team_access_not_granted": _ADMIN,
    "enterprise_is_restricted": _ADMIN,
    "user_removed_from_team": _STALE,
    "deprecated_endpoint": _OLD,
    "method_deprecated": _OLD,
    "team_disabled": "the workspace is switched off: ask its owner",
}
_PERSON = "nobody can be written to by that id: copy it again from the person's profile, or name a channel"
_ELSEWHERE = "the channel is being moved to another workspace: name it again once that is done"
_LOCKED = "the channel's settings do not let the bot write there: ask the workspace's admin"
_DESTINATION = {
    "channel_not_found": "there is no such channel, or it is private and the bot is not in it: /invite @tocsin there",
    "not_in_channel": "the bot is not in that channel: /invite @tocsin",
    "is_archived": "the channel is archived: unarchive it or name another one",
    "no_permission": _LOCKED,
    "ekm_access_denied": _LOCKED,
    "messages_tab_disabled": "the app's Messages tab is off: turn it on at api.slack.com/apps > App Home",
    "team_not_found": "there is no such workspace",
    "user_disabled": "that person's account is switched off: name somebody else",
    "user_not_found": _PERSON,
    "users_not_found": _PERSON,
    "user_not_visible": _PERSON,
    "cannot_dm_bot": "that id is a bot's, which reads no messages: name a person or a channel",
    "cannot_dm_self": "that id is the bot's own: name a person or a channel",
    "user_is_bot": "that id is a bot's, which reads no messages: name a person or a channel",
    "user_is_restricted": _LOCKED,
    "user_is_ultra_restricted": _LOCKED,
    "invalid_user_combination": _PERSON,
    "invalid_channel": "there is no such channel: copy its id again from the channel's details",
    "channel_is_limited_access": _LOCKED,
    "posting_to_general_channel_denied": _LOCKED,
    "not_allowed": _LOCKED,
    "not_authorized": _LOCKED,
    "cant_post_message": _LOCKED,
    "app_cannot_join_channel": _LOCKED,
    "external_channel_migrating": _ELSEWHERE,
    "migration_in_progress": _ELSEWHERE,
    "method_not_supported_for_channel_type": "nothing can be written in this kind of conversation: name a channel",
    "channel_type_not_supported": "nothing can be written in this kind of conversation: name a channel",
    "is_inactive": "the channel is archived or frozen: unarchive it or name another one",
}


def failed(code: str, wait: object = None) -> Failed:
    """Judge an `error` of Slack's."""
    told, code = f"({code})", RATELIMITED if code == "rate_limited" else code
    if code in _AGAIN:
        why = "Slack asks to wait" if "limit" in code else "Slack is not available for this workspace right now"
        receipt = later(f"{why} {told}", wait, whole=code in _WHOLE)
        return Failed(code, receipt if receipt.wait else replace(receipt, wait=_AGAIN[code]))
    if code in _DOUBTFUL:
        return Failed(code, Unsure(f"Slack had trouble of its own and may or may not have it {told}"))
    if code in _ACCOUNT:
        return Failed(code, Refused(f"{_ACCOUNT[code]} {told}", RefusalScope.ACCOUNT))
    if code in _DESTINATION:
        return Failed(code, Refused(f"{_DESTINATION[code]} {told}", RefusalScope.DESTINATION))
    if code.startswith("restricted_action") and code not in THREADLESS:
        return Failed(code, Refused(f"{_LOCKED} {told}", RefusalScope.DESTINATION))
    return Failed(code, Refused(f"Slack refused the message {told}", RefusalScope.MESSAGE, gone=code in _GONE))


def whole(said: Failed) -> Later | Unsure | Refused:
    """The receipt of a post. Slack counts calls by method and workspace, so a rate limit holds for all posts:
    docs.slack.dev/apis/web-api/rate-limits.
    """
    receipt = said.receipt
    return replace(receipt, whole=True) if said.code == RATELIMITED and isinstance(receipt, Later) else receipt


def too_rich(code: str) -> bool:
    """Whether Slack might take the same text without blocks and metadata."""
    return code in _REFINED_TOO or code.startswith(_REFINED)


async def asked(call: Awaitable[AsyncSlackResponse]) -> dict[str, Any] | Failed:
    """Await a call of the SDK. Raises nothing for failures of Slack or the network."""
    try:
        answer = (await call).data
    except SlackApiError as error:
        return _judged(error.response)
    except aiohttp.ClientConnectorError as error:  # names, TCP and TLS: the request never left
        return Failed("", Later(f"Slack cannot be reached: {_cause(error)}"))
    except aiohttp.ConnectionTimeoutError:
        return Failed("", Later("Slack cannot be reached: no connection within the time-out"))
    except TimeoutError:
        return Failed("", Unsure("Slack did not answer within the time-out"))
    except (aiohttp.ClientError, OSError):
        return Failed("", Unsure("the connection to Slack broke before the answer"))
    except Exception as error:  # noqa: BLE001 an unforeseen body (a list, plain text) makes the SDK raise anything
        return Failed("", Unsure(f"Slack's answer could not be read ({type(error).__name__})"))
    return answer if isinstance(answer, dict) else Failed("", Unsure("Slack's answer could not be read"))


def _judged(response: Any) -> Failed:
    """Judge an answer without ok. `response` is the SDK's, or aiohttp's if the body was not JSON."""
    status: int = getattr(response, "status_code", 0) or getattr(response, "status", 0)
    data = getattr(response, "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    wait = _asked_wait(response.headers.items())
    if status == 429:
        return failed(RATELIMITED, wait)
    if isinstance(code, str):
        judged = failed(code, wait)
        if status >= 500 and isinstance(judged.receipt, Refused):
            return Failed(code, Unsure(f"Slack answered HTTP {status} ({code})"))
        return judged
    if 400 <= status < 500:
        return Failed(
            "", Refused(f"not Slack answered, but HTTP {status}: check channels.slack.api_url", RefusalScope.ACCOUNT)
        )
    return Failed("", Unsure(f"Slack's answer could not be read (HTTP {status})"))


def retry_after(headers: Iterable[tuple[str, str]]) -> timedelta | None:
    """The wait that an answer's headers ask for; None without one."""
    return asked_to_wait(_asked_wait(headers))


def _asked_wait(headers: Iterable[tuple[str, str]]) -> str | None:
    return next((value for name, value in headers if name.lower() == "retry-after"), None)


def _cause(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the name {error.host} was not found"
    if isinstance(error, aiohttp.ClientSSLError):
        return f"no trusted TLS connection to {error.host}"
    return f"{error.host} does not accept connections"

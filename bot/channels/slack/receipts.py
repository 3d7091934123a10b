"""Receipts from Slack's answers: sent, provably not sent, unsure, or refused."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.channels.providers import unreached
from bot.channels.slack import CHECK_URL, TOKENS
from bot.contracts.retry_after import later
from bot.contracts.retry_after import retry_after as asked_to_wait
from bot.model import Advice, AdviceCode, Later, Reason, ReasonCode, RefusalScope, Refused, Unsure

KIND = "slack"


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

SCOPELESS, WRITE = "missing_scope", "chat:write"
RATELIMITED = "ratelimited"
_AGAIN = {
    RATELIMITED: None,
    "service_unavailable": None,
    "team_added_to_org": timedelta(minutes=5),
    "message_limit_exceeded": timedelta(minutes=15),
}
_WHOLE = frozenset({"service_unavailable", "team_added_to_org", "message_limit_exceeded"})
_DOUBTFUL = frozenset({"internal_error", "fatal_error", "request_timeout", "update_failed"})

Fault = tuple[ReasonCode, Advice | AdviceCode | None]

_COPY = Advice.of(AdviceCode.COPY_TOKEN, place=TOKENS)
_STALE = ReasonCode.TOKEN_REVOKED, _COPY
_ADMIN = ReasonCode.APP_NOT_ALLOWED, AdviceCode.ASK_ADMIN_TO_ALLOW
_OLD = ReasonCode.API_OUTDATED, AdviceCode.UPDATE_TOCSIN
_ACCOUNT: dict[str, Fault] = {
    "account_inactive": _STALE,
    "token_revoked": _STALE,
    "token_expired": _STALE,
    "invalid_auth": _STALE,
    "not_authed": _STALE,
    "not_allowed_token_type": (ReasonCode.NOT_A_BOT_TOKEN, _COPY),
    SCOPELESS: (ReasonCode.SCOPE_MISSING, Advice.of(AdviceCode.ADD_SCOPE, scope=WRITE)),
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
    "team_disabled": (ReasonCode.WORKSPACE_OFF, AdviceCode.ASK_OWNER),
}
_PERSON = ReasonCode.NO_SUCH_PERSON, AdviceCode.COPY_PERSON_ID
_ELSEWHERE = ReasonCode.CHANNEL_MOVING, AdviceCode.NAME_CHANNEL_AGAIN
_LOCKED = ReasonCode.CHANNEL_LOCKED, AdviceCode.ASK_WORKSPACE_ADMIN
_BOT = ReasonCode.ID_OF_A_BOT, AdviceCode.NAME_PERSON_OR_CHANNEL
_KIND = ReasonCode.CONVERSATION_UNWRITABLE, AdviceCode.NAME_CHANNEL
_DESTINATION: dict[str, Fault] = {
    "channel_not_found": (ReasonCode.CHANNEL_NOT_FOUND, AdviceCode.INVITE_BOT_THERE),
    "not_in_channel": (ReasonCode.BOT_NOT_IN_CHANNEL, AdviceCode.INVITE_BOT),
    "is_archived": (ReasonCode.CHANNEL_ARCHIVED, AdviceCode.UNARCHIVE),
    "no_permission": _LOCKED,
    "ekm_access_denied": _LOCKED,
    "messages_tab_disabled": (ReasonCode.MESSAGES_TAB_OFF, AdviceCode.TURN_ON_MESSAGES_TAB),
    "team_not_found": (ReasonCode.NO_SUCH_WORKSPACE, None),
    "user_disabled": (ReasonCode.PERSON_SWITCHED_OFF, AdviceCode.NAME_SOMEBODY_ELSE),
    "user_not_found": _PERSON,
    "users_not_found": _PERSON,
    "user_not_visible": _PERSON,
    "cannot_dm_bot": _BOT,
    "cannot_dm_self": (ReasonCode.ID_OF_OWN_BOT, AdviceCode.NAME_PERSON_OR_CHANNEL),
    "user_is_bot": _BOT,
    "user_is_restricted": _LOCKED,
    "user_is_ultra_restricted": _LOCKED,
    "invalid_user_combination": _PERSON,
    "invalid_channel": (ReasonCode.NO_SUCH_CHANNEL, AdviceCode.COPY_CHANNEL_ID),
    "channel_is_limited_access": _LOCKED,
    "posting_to_general_channel_denied": _LOCKED,
    "not_allowed": _LOCKED,
    "not_authorized": _LOCKED,
    "cant_post_message": _LOCKED,
    "app_cannot_join_channel": _LOCKED,
    "external_channel_migrating": _ELSEWHERE,
    "migration_in_progress": _ELSEWHERE,
    "method_not_supported_for_channel_type": _KIND,
    "channel_type_not_supported": _KIND,
    "is_inactive": (ReasonCode.CHANNEL_FROZEN, AdviceCode.UNARCHIVE),
}


def failed(code: str, wait: object = None) -> Failed:
    """Judge an `error` of Slack's."""
    code = RATELIMITED if code == "rate_limited" else code
    if code in _AGAIN:
        receipt = later(_why(ReasonCode.ASKS_TO_WAIT if "limit" in code else ReasonCode.NOT_AVAILABLE, code), wait)
        receipt = replace(receipt, whole=code in _WHOLE)
        return Failed(code, receipt if receipt.wait else replace(receipt, wait=_AGAIN[code]))
    if code in _DOUBTFUL:
        return Failed(code, Unsure(_why(ReasonCode.PERHAPS_TAKEN, code)))
    if code in _ACCOUNT:
        return Failed(code, Refused(_why(_ACCOUNT[code][0], code, _ACCOUNT[code][1]), RefusalScope.ACCOUNT))
    if code in _DESTINATION:
        return Failed(code, Refused(_why(_DESTINATION[code][0], code, _DESTINATION[code][1]), RefusalScope.DESTINATION))
    if code.startswith("restricted_action") and code not in THREADLESS:
        return Failed(code, Refused(_why(_LOCKED[0], code, _LOCKED[1]), RefusalScope.DESTINATION))
    return Failed(code, Refused(_why(ReasonCode.REFUSED_MESSAGE, code), RefusalScope.MESSAGE, gone=code in _GONE))


def _why(reason: ReasonCode, code: str = "", advice: Advice | AdviceCode | None = None) -> Reason:
    """The reason, with those of Slack's facts that its sentence shows."""
    facts = {name: fact for name, fact in {"channel": KIND, "scope": WRITE}.items() if name in reason.facts}
    return Reason.of(reason, provider_code=code, advice=advice, **facts)


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
        return Failed("", Later(unreached(KIND, error)))
    except aiohttp.ConnectionTimeoutError:
        late = Reason.of(ReasonCode.NO_CONNECTION_IN_TIME)
        return Failed("", Later(Reason.of(ReasonCode.NOT_REACHED, channel=KIND, cause=late)))
    except TimeoutError:
        return Failed("", Unsure(_why(ReasonCode.NO_ANSWER_IN_TIME)))
    except (aiohttp.ClientError, OSError):
        return Failed("", Unsure(_why(ReasonCode.CONNECTION_BROKE)))
    except Exception as error:  # noqa: BLE001 an unforeseen body (a list, plain text) makes the SDK raise anything
        return Failed("", Unsure(_why(ReasonCode.ANSWER_UNREADABLE, type(error).__name__)))
    return answer if isinstance(answer, dict) else Failed("", Unsure(_why(ReasonCode.ANSWER_UNREADABLE)))


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
            answered = Reason.of(ReasonCode.ANSWERED_STATUS, channel=KIND, status=status, provider_code=code)
            return Failed(code, Unsure(answered))
        return judged
    if 400 <= status < 500:
        return Failed("", Refused(other_answered(status), RefusalScope.ACCOUNT))
    return Failed("", Unsure(_why(ReasonCode.ANSWER_UNREADABLE, f"HTTP {status}")))


def other_answered(status: int) -> Reason:
    """The reason if a proxy or another server answered."""
    return _why(ReasonCode.NOT_THE_PROVIDER, f"HTTP {status}", CHECK_URL)


def retry_after(headers: Iterable[tuple[str, str]]) -> timedelta | None:
    """The wait that an answer's headers ask for; None without one."""
    return asked_to_wait(_asked_wait(headers))


def _asked_wait(headers: Iterable[tuple[str, str]]) -> str | None:
    return next((value for name, value in headers if name.lower() == "retry-after"), None)

"""Looking for an earlier copy of a message, by its metadata: Slack has no idempotency key."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.receipts import RATELIMITED, Failed, asked
from bot.model import Later, Reason, ReasonCode, Sent, Unsure

EVENT = "tocsin_notice"
RECENT = timedelta(hours=1)  # how far back an earlier copy is searched
PAGE = 15  # messages per call, the most that Slack gives to every kind of app
SILENT = frozenset({RATELIMITED, ""})
PAGES = 4  # people talk during an outage, and a thread is read from its older end

Message = dict[str, Any]


async def found(web: AsyncWebClient, key: str, channel: str, thread: str | None) -> Sent | Later | Unsure | None:
    """The receipt of an earlier copy of `key`; `Later.absent` if there is none. None if we may not look."""
    oldest = (datetime.now(UTC) - RECENT).timestamp()
    looks = [_pages(web.conversations_history, channel=channel)]
    if thread:  # if the thread was closed, it may stand beside it
        looks.insert(0, _pages(web.conversations_replies, channel=channel, ts=thread, oldest=str(oldest)))
    seen = True
    for look in looks:
        async for messages in look:
            if isinstance(messages, Failed):
                # If Slack rate-limits us or does not answer, it would take no message either; and if it came back just
                # now, a message that it has would be sent twice. Other failures must not stop the news.
                if messages.code in SILENT and isinstance(messages.receipt, Later | Unsure):
                    return messages.receipt
                seen = False
                break
            for message in messages:
                if _bears(message, key) and _second(message) >= oldest:
                    beside = thread is not None and message.get("thread_ts") != thread
                    return Sent(f"{channel}/{message['ts']}", found=True, anew=beside)
    return Later(Reason.of(ReasonCode.NOT_ARRIVED), absent=True) if seen else None


async def _pages(method: Callable[..., Awaitable[Any]], **arguments: str) -> AsyncIterator[list[Message] | Failed]:
    """Yield pages; the last item may be a failure."""
    cursor: dict[str, str] = {}
    for _ in range(PAGES):
        said = await asked(method(limit=PAGE, include_all_metadata=True, **arguments, **cursor))
        if isinstance(said, Failed):
            yield said
            return
        yield said.get("messages") or []
        following = (said.get("response_metadata") or {}).get("next_cursor")
        if not following:
            return
        cursor = {"cursor": following}


def _second(message: Message) -> float:
    """The time of a message in seconds since 1970; 0 if it has none."""
    try:
        return float(message["ts"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0.0


def _bears(message: Message, key: str) -> bool:
    mark = message.get("metadata") or {}
    return mark.get("event_type") == EVENT and (mark.get("event_payload") or {}).get("key") == key

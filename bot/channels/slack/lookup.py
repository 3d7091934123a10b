"""Slack knows no key by which a repeat is the same message. But it gives a message's metadata back: look there first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.receipts import RATELIMITED, Failed, asked
from bot.model import Later, Sent, Unsure

EVENT = "tocsin_notice"
RECENT = timedelta(hours=1)  # how far back an earlier hand-over is looked for
PAGE = 15  # messages a call, the most that Slack gives to every kind of app
SILENT = frozenset({RATELIMITED, ""})
PAGES = 4  # people talk during an outage, and a thread is read from its older end

Message = dict[str, Any]


async def found(web: AsyncWebClient, key: str, channel: str, thread: str | None) -> Sent | Later | Unsure | None:
    """What an earlier hand-over of `key` left there; `Later.absent` where it left nothing. None where we may not look."""
    oldest = (datetime.now(UTC) - RECENT).timestamp()
    looks = [_pages(web.conversations_history, channel=channel)]
    if thread:  # it may stand beside the thread too, should that have been closed
        looks.insert(0, _pages(web.conversations_replies, channel=channel, ts=thread, oldest=str(oldest)))
    seen = True
    for look in looks:
        async for messages in look:
            if isinstance(messages, Failed):
                # A Slack that asks to wait, or does not answer at all, takes no news either; and should it come back in
                # this moment, what it has already would be told twice. Whatever else hinders must not hinder the news.
                if messages.code in SILENT and isinstance(messages.receipt, Later | Unsure):
                    return messages.receipt
                seen = False
                break
            for message in messages:
                if _bears(message, key) and _second(message) >= oldest:
                    beside = thread is not None and message.get("thread_ts") != thread
                    return Sent(f"{channel}/{message['ts']}", found=True, anew=beside)
    return Later("it did not arrive", absent=True) if seen else None


async def _pages(method: Callable[..., Awaitable[Any]], **arguments: str) -> AsyncIterator[list[Message] | Failed]:
    """Whole pages; or, as the last, what went wrong."""
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
    """When it was written, in seconds since 1970; 0 where it does not say."""
    try:
        return float(message["ts"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return 0.0


def _bears(message: Message, key: str) -> bool:
    mark = message.get("metadata") or {}
    return mark.get("event_type") == EVENT and (mark.get("event_payload") or {}).get("key") == key

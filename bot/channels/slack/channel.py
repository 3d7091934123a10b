"""An open Slack channel: one session, and one attempt per `send`.

Slack has no idempotency key: after a doubt an earlier copy of the message is looked for, by its metadata.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels import aiohttp_tls
from bot.channels.providers import unsendable
from bot.channels.slack import TOKENS
from bot.channels.slack.names import ChannelNames
from bot.channels.slack.reach import Reacher
from bot.channels.slack.receipts import RATELIMITED, ROOTLESS, THREADLESS, Failed, asked, too_rich, whole
from bot.channels.slack.render import blocks, plain
from bot.channels.slack.socket_mode import SocketMode
from bot.contracts import Answering, ChannelContext, Reach
from bot.model import Delivery, DeliveryAction, Later, Reason, ReasonCode, Receipt, RefusalScope, Refused, Sent, Unsure

if TYPE_CHECKING:
    from bot.channels.slack import SlackSettings

EVENT = "tocsin_notice"
RECENT = timedelta(hours=1)  # how far back an earlier copy is searched
PAGE = 15  # messages per call, the most that Slack gives to every kind of app
SILENT = frozenset({RATELIMITED, ""})
PAGES = 4  # people talk during an outage, and a thread is read from its older end

# The SDK's own log, silenced below: at debug it has whole bodies, and the ticket in Socket Mode's URL.
sdk_log = logging.getLogger(f"{__name__}.sdk")


@asynccontextmanager
async def opened(settings: SlackSettings, desk: ChannelContext) -> AsyncIterator[Slack]:
    aiohttp_tls.share()
    sdk_log.setLevel(logging.CRITICAL)
    # Half of the time for connecting: a time-out there proves that nothing was sent.
    timeout = aiohttp.ClientTimeout(total=settings.timeout, sock_connect=settings.timeout / 2)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Slack(settings, session, desk)


class Slack:
    """See `bot.contracts.Channel`."""

    def __init__(self, settings: SlackSettings, session: aiohttp.ClientSession, desk: ChannelContext) -> None:
        # No retries by the SDK: its default repeats a POST that Slack may have applied.
        token = settings.bot_token.get_secret_value().strip()
        self._unsendable = unsendable(token, "channels.slack.bot_token", TOKENS)
        self._web = AsyncWebClient(token, settings.api_url, session=session, retry_handlers=[], logger=sdk_log)
        self._names = ChannelNames(self._web, desk)
        self._ear = SocketMode(settings, self._web, session, self._names) if settings.app_token else None
        self._reacher = Reacher(self._web)

    async def send(self, delivery: Delivery) -> Receipt:
        if self._unsendable:
            return Refused(self._unsendable, RefusalScope.ACCOUNT)
        if delivery.action is DeliveryAction.EDIT:
            return await self._edit(delivery)
        looked = await self._looked_up(delivery) if delivery.unsure else None
        return looked or await self._post(delivery)

    async def listen(self, answer: Answering) -> None:
        if self._ear:
            await self._ear.listen(answer)

    async def account(self) -> Reach:
        return await self._reacher.account()

    async def reach(self, place: str) -> Reach:
        return await self._reacher.reach(place)

    async def _post(self, delivery: Delivery) -> Receipt:
        """Post; if Slack refuses the thread, the blocks or the metadata, post once more without them."""
        message, anew = _message(delivery), False
        while isinstance(said := await asked(self._web.chat_postMessage(**message)), Failed):
            if said.code in THREADLESS and "thread_ts" in message:
                message, anew = _without(message, "thread_ts", "reply_broadcast"), said.code in ROOTLESS
            elif "metadata" in said.code and "metadata" in message:
                message = _without(message, "metadata")
            elif too_rich(said.code) and "blocks" in message:
                message = _without(message, "blocks")
            else:
                return whole(said)
        channel = str(said.get("channel") or delivery.destination.place)
        await self._names.learn(delivery.destination.place, channel)
        return Sent(f"{channel}/{said['ts']}" if "ts" in said else None, anew=anew)

    async def _edit(self, delivery: Delivery) -> Receipt:
        channel, ts = _place(delivery)
        words = delivery.notice.root or delivery.notice.words
        if ts is None:
            return Refused(Reason.of(ReasonCode.NO_FIRST_MESSAGE))
        notice = delivery.notice
        rich: list[dict[str, Any]] = blocks(words, notice.at, delivery.buttons, notice.links, notice.headings)
        said = await asked(self._web.chat_update(channel=channel, ts=ts, text=plain(words), blocks=rich))
        if isinstance(said, Failed) and too_rich(said.code):
            said = await asked(self._web.chat_update(channel=channel, ts=ts, text=plain(words), blocks=[]))
        return said.receipt if isinstance(said, Failed) else Sent(delivery.root)

    async def _looked_up(self, delivery: Delivery) -> Sent | Later | Unsure | None:
        channel, thread = _place(delivery)
        return await found(self._web, delivery.key, await self._names.id(channel), thread)


def _message(delivery: Delivery) -> dict[str, Any]:
    notice = delivery.notice
    channel, thread = _place(delivery)
    message: dict[str, Any] = {
        "channel": channel,
        "text": plain(notice.words),
        "blocks": blocks(notice.words, notice.at, delivery.buttons, notice.links, notice.headings),
        "metadata": _metadata(delivery),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    if thread:
        message |= {"thread_ts": thread, "reply_broadcast": notice.fresh}
    return message


def _metadata(delivery: Delivery) -> dict[str, Any]:
    return {"event_type": EVENT, "event_payload": {"key": delivery.key}}


def _without(message: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in names}


def _place(delivery: Delivery) -> tuple[str, str | None]:
    """Split the ref "C012/1503435956.000247" of the thread's first message; without one, the destination's place.

    The ref has the channel id from Slack, such as "D056" for the person "U01": edits and look-ups take no other.
    """
    channel, _, ts = (delivery.root or "").partition("/")
    return (channel, ts) if ts else (delivery.destination.place, None)


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

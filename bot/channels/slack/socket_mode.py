"""Socket Mode: people's commands and mentions, over a WebSocket that is kept alive and renewed.

We use our own connection with the SDK's `apps.connections.open`: the SDK's client judges staleness by the wall clock,
closes the old connection before it has a new one, and after a failed handshake tries the same spent URL for ever.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot import wording
from bot.channels.slack.names import ChannelNames, Members
from bot.channels.slack.parse import Heard, heard
from bot.channels.slack.receipts import Failed, asked, retry_after
from bot.channels.slack.render import blocks, plain
from bot.contracts import Answering
from bot.model import Ask, Later, Text

if TYPE_CHECKING:
    from bot.channels.slack import SlackSettings

log = logging.getLogger(__name__)

HEARTBEAT = 30.0  # seconds between pings; a connection is dropped if it does not answer within half of that
LINGER = 10.0  # seconds that a connection which Slack is about to close is still read
REPLY_TRIES = 3
LONGEST = 60.0  # seconds between two attempts to connect, or to answer
MOST = 500  # questions at once; further ones are acknowledged, but not answered


class SocketMode:
    """Listens in one workspace."""

    def __init__(
        self, settings: SlackSettings, web: AsyncWebClient, session: aiohttp.ClientSession, names: ChannelNames
    ) -> None:
        self._settings = settings
        self._names = names
        self._web = web
        self._session = session
        self._failures = 0  # in a row
        self._told = False  # this series of failures has been logged
        self._members = Members(web)
        self._under_way = 0
        self._heard = False  # it was connected before

    async def listen(self, answer: Answering) -> None:
        """Listen until cancelled. A new connection is made before the old one is closed."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._members.team())  # so that a bad token is reported before somebody asks
            while True:
                socket = await self._connected()
                ending = asyncio.Event()
                group.create_task(self._read(socket, answer, group, ending))
                await ending.wait()

    async def _connected(self) -> aiohttp.ClientWebSocketResponse:
        wait = timedelta()
        while True:
            await asyncio.sleep(max(self._pause(), wait.total_seconds()))
            said = await asked(self._web.apps_connections_open(app_token=self._token()))
            if isinstance(said, Failed):
                wait = (isinstance(said.receipt, Later) and said.receipt.wait) or timedelta()
                self._failed(f"apps.connections.open: {said.code or wording.english(said.receipt.why)}")
                continue
            try:
                return await self._session.ws_connect(
                    str(said.get("url")),
                    heartbeat=HEARTBEAT,
                    proxy=self._web.proxy,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1),
                )
            except (aiohttp.ClientError, OSError, ValueError) as error:
                self._failed(f"no WebSocket ({type(error).__name__})")

    def _token(self) -> str:
        token = self._settings.app_token
        return token.get_secret_value() if token else ""

    def _pause(self) -> float:
        """Seconds before the next attempt, spread so that many daemons do not reconnect at once."""
        if not self._failures:
            return 0
        pause = self._settings.reconnect_after * 2.0 ** min(self._failures - 1, 10)
        return min(LONGEST, pause) * random.uniform(0.75, 1.25)  # noqa: S311  no secret depends on it

    def _failed(self, why: str) -> None:
        self._failures += 1
        log.log(logging.DEBUG if self._told else logging.WARNING, "Slack: cannot listen, trying again (%s)", why)
        self._told = True

    def _well(self) -> None:
        if self._told or not self._heard:
            log.info("Slack: listening%s", " again" if self._told else "")
        self._failures, self._told, self._heard = 0, False, True

    async def _read(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        answer: Answering,
        group: asyncio.TaskGroup,
        ending: asyncio.Event,
    ) -> None:
        """Read one connection to its end; set `ending` as soon as the end is near."""
        try:
            greeted = await self._frames(socket, answer, group, ending)
            if not greeted:
                self._failed("closed before the greeting")
            elif not ending.is_set():
                self._failures = 1  # unexpected: pause, or two instances that displace each other would spin
        finally:
            ending.set()
            await socket.close()

    async def _frames(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        answer: Answering,
        group: asyncio.TaskGroup,
        ending: asyncio.Event,
    ) -> bool:
        """Read frames to the end; return whether Slack greeted us."""
        greeted = False
        try:
            async with asyncio.timeout(None) as limit:
                async for frame in socket:
                    envelope = _parsed(frame)
                    if envelope.get("type") == "hello":
                        greeted = True
                        self._well()
                    elif envelope.get("type") == "disconnect":
                        ending.set()
                        limit.reschedule(asyncio.get_running_loop().time() + LINGER)
                    elif "envelope_id" in envelope:
                        # Slack shows people an error after 3 s without this, and the answer may take longer.
                        await socket.send_json({"envelope_id": envelope["envelope_id"]})
                        if self._under_way < MOST:
                            group.create_task(self._answer(envelope, answer))
        except (aiohttp.ClientError, OSError) as error:  # OSError includes TimeoutError and ConnectionError
            log.debug("Slack: a connection ended (%s)", type(error).__name__)
        return greeted

    async def _answer(self, envelope: dict[str, Any], answer: Answering) -> None:
        self._under_way += 1
        try:
            asked_for = heard(envelope, datetime.now(UTC), await self._members.team())
            if asked_for and (words := await answer(await self._named(self._provable(asked_for), asked_for.channel))):
                await self._reply(asked_for, words)
        except Exception:  # the boundary: one person's question must not stop us from answering all others
            log.exception("Slack: a question could not be answered")
        finally:
            self._under_way -= 1

    def _provable(self, asked_for: Heard) -> Ask:
        """Add a proof of membership, looked up only for changes: somebody of our workspace may be a guest in it."""
        ask = asked_for.ask
        if ask.may_manage or not ask.home:
            return ask
        return replace(ask, prove=partial(self._members.is_member, ask.who.rpartition("/")[2]))

    async def _named(self, ask: Ask, channel: str) -> Ask:
        """Add the names that Slack shows: the person's, and that of the channel, by which the config may call it."""
        name, room = await asyncio.gather(
            self._members.name(ask.who.rpartition("/")[2]), self._names.name(ask.where.place, channel)
        )
        also = (replace(ask.where, place=room),) if room else ()
        return replace(ask, name=name or ask.name, also=(*ask.also, *also))

    async def _reply(self, asked_for: Heard, words: Text) -> None:
        if asked_for.url:
            await self._whisper(asked_for.url, words)
            return
        message = {"channel": asked_for.ask.where.place, "thread_ts": asked_for.thread, "text": plain(words)}
        sent = await asked(
            self._web.chat_postMessage(blocks=blocks(words), mrkdwn=False, unfurl_links=False, **message)  # type: ignore[arg-type]
        )
        if isinstance(sent, Failed):
            log.warning("Slack: a reply did not go out: %s", wording.english(sent.receipt.why))

    async def _whisper(self, url: str, words: Text) -> None:
        """Answer one person alone; retry if it was provably not sent, as nobody else would."""
        web = self._web
        hook = AsyncWebhookClient(url, proxy=web.proxy, session=self._session, logger=web.logger, retry_handlers=[])
        told = {"text": plain(words), "blocks": blocks(words), "response_type": "ephemeral", "replace_original": False}
        for left in reversed(range(REPLY_TRIES)):
            try:
                said = await hook.send_dict(told)
            except (aiohttp.ClientError, OSError) as error:
                log.warning("Slack: a reply did not go out (%s)", type(error).__name__)
                return
            if said.status_code == 200:
                return
            if said.status_code != 429 or not left:
                log.warning("Slack: a reply was not taken (HTTP %s)", said.status_code)
                return
            wait = retry_after(said.headers.items())
            await asyncio.sleep(1.0 if wait is None else min(wait.total_seconds(), LONGEST))


def _parsed(frame: aiohttp.WSMessage) -> dict[str, Any]:
    if frame.type is not aiohttp.WSMsgType.TEXT:
        return {}
    try:
        envelope = json.loads(frame.data)
    except ValueError:
        return {}
    return envelope if isinstance(envelope, dict) else {}

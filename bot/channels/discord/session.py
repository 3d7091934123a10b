"""The client that sends messages. It is REST-only, so that the gateway's failures cannot stop it."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from contextlib import suppress
from contextvars import ContextVar, Token
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from multidict import CIMultiDict, CIMultiDictProxy

from bot.channels.discord.receipts import Limited, ServerTrouble
from bot.contracts.retry_after import LONGEST_FOR_MESSAGES, seconds

BANNED = 600.0  # seconds: a 429 without "Via" comes from Cloudflare, which has banned our address
_COUNTS = frozenset({"x-ratelimit-limit", "x-ratelimit-remaining"})
_TIMES = frozenset({"x-ratelimit-reset-after", "x-ratelimit-reset"})
_GATEWAY = DiscordWebSocket.DEFAULT_GATEWAY  # the library's own, used if the settings name none

OLDEST = discord.utils.snowflake_time(0)

_call: ContextVar[Call | None] = ContextVar("discord_call", default=None)


def created_at(noun: discord.Message | discord.Interaction) -> datetime:
    """The time in an id; for an id without one the oldest possible, so that its order is not carried out."""
    with suppress(OverflowError, ValueError, OSError):
        return noun.created_at
    return OLDEST


class Call:
    """One write to Discord: `with call:` around the request; afterwards `left` says whether it may have been applied."""

    def __init__(self) -> None:
        self.left = False
        self._began = 0.0
        self._first: datetime | None = None  # by Discord's clock: what is earlier is not this call's
        self._token: Token[Call | None] | None = None

    def __enter__(self) -> None:
        self.left, self._first, self._began = False, None, time.monotonic()
        self._token = _call.set(self)

    def answered(self, date: str | None) -> None:
        """Note the response's Date. It is cut to the second, so minus the call's duration it lies before the call."""
        with suppress(ValueError, TypeError, OverflowError):
            at = parsedate_to_datetime(date or "")
            if at.tzinfo is not None:  # "-0000" gives none
                self._first = at - timedelta(seconds=time.monotonic() - self._began)

    def repeats(self, written: datetime) -> bool:
        """Whether the returned message was written by an earlier call."""
        return self._first is not None and written < self._first

    def __exit__(self, *_: object) -> None:
        if self._token:
            _call.reset(self._token)


class Session:
    """A client that logs in when it is first needed, and again after a failure."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._client: discord.Client | None = None
        self._lock = asyncio.Lock()

    async def client(self) -> discord.Client:
        """The logged-in client. Raises the errors of logging in."""
        async with self._lock:
            if self._client is None:
                self._client = await self._log_in()
            return self._client

    async def close(self) -> None:
        if self._client:
            await self._client.close()

    async def _log_in(self) -> discord.Client:
        client = discord.Client(
            intents=discord.Intents.none(),
            allowed_mentions=discord.AllowedMentions.none(),  # the effective guard: text from outside mentions nobody
            max_messages=None,
            max_ratelimit_timeout=30,  # the smallest value the library takes; above it `RateLimited` is raised
            http_trace=_watching(),
        )
        try:
            await client.login(self._token)
        except BaseException:
            # The library opens a new HTTP session at every log-in and forgets the last one.
            await client.close()
            raise
        return client


def point(api_url: str, gateway_url: str | None) -> None:
    """Set Discord's address and the log levels, which the library keeps as globals."""
    Route.BASE = api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url) if gateway_url else _GATEWAY
    # At INFO and below it logs addresses with interaction tokens and whole events; its client logs a traceback for
    # every lost connection, which `gateway` reports in one line; its state warns about each intent that we do not use.
    for name, level in (("", logging.WARNING), (".state", logging.ERROR), (".client", logging.CRITICAL)):
        logging.getLogger(f"discord{name}").setLevel(level)


def _watching() -> aiohttp.TraceConfig:
    """Watch every response before the library does.

    By itself the library repeats a 500, 502, 504 or 524 five times over 25 seconds and sleeps out a 429 within the
    call. Only the outbox may retry, so both are raised here, before the library sees them. The nonce is the second
    guard: a repeat is shown once.
    """
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_note_leaving)
    trace.on_request_end.append(_look_at)
    return trace


async def _note_leaving(_session: object, _context: SimpleNamespace, _params: object) -> None:
    if call := _call.get():
        call.left = True


async def _look_at(_session: object, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
    response = params.response
    _tame(response)
    if call := _call.get():
        call.answered(response.headers.get("Date"))
    if response.status >= 500:
        raise ServerTrouble(response.status)
    if response.status == 429:
        raise await _limit(response)


async def _limit(response: aiohttp.ClientResponse) -> Limited:
    """Read the wait of a 429: https://discord.com/developers/docs/topics/rate-limits."""
    try:
        said = json.loads(await response.read())
        asked, whole = seconds(said["retry_after"]), bool(said.get("global"))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        asked, whole = None, "X-RateLimit-Global" in response.headers
    wait = asked if asked is not None else seconds(response.headers.get("Retry-After")) or 0.0
    if "Via" not in response.headers:
        return Limited(max(wait, BANNED), whole=True)
    return Limited(wait, whole=whole)


def _tame(response: aiohttp.ClientResponse) -> None:
    """Remove numbers from the headers that would make the library fail, or wait for years."""
    wrong = {name.lower() for name, value in response.headers.items() if not _sane(name.lower(), value)}
    if not wrong:
        return
    kept = CIMultiDict((name, value) for name, value in response.headers.items() if name.lower() not in wrong)
    if wrong & _TIMES:
        kept["X-Ratelimit-Reset-After"] = "1"
    # The library reads them from the response itself; there is no public way to replace them.
    response._headers = CIMultiDictProxy(kept)  # noqa: SLF001
    response._cache.pop("headers", None)  # noqa: SLF001


def _sane(name: str, value: str) -> bool:
    if name in _COUNTS:
        return re.fullmatch(r"\d{1,6}", value, re.ASCII) is not None
    if name not in _TIMES:
        return True
    number = re.fullmatch(r"\d{1,10}(\.\d{1,9})?", value, re.ASCII) is not None
    return number and (name == "x-ratelimit-reset" or float(value) <= LONGEST_FOR_MESSAGES)

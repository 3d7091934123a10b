"""Requests to Telegram through our own transport: the SDK's client takes ten times as long for each, and 2 MB."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from math import ceil
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, HTTPXRequest, RequestData

from bot import wording
from bot.channels.telegram.parse import trim
from bot.contracts import Cause, Net, Trouble, retry_after
from bot.net import transport

EARLY = 0.2  # seconds, or a half, before the time is over: then it is known whether the request had left
LARGEST = 16 * 1024 * 1024  # bytes of an answer: a hundred updates at once
FORM = "application/x-www-form-urlencoded"


class NeverLeftError(Exception):
    """The cause of a failure before the first byte was sent."""


class Request(BaseRequest):
    """`timeout`: seconds for one request. Uploads, and whatever has to go through a proxy of the environment, are left to the
    SDK's client, which is loaded for them.
    """

    def __init__(self, net: Net, timeout: float) -> None:
        self._net = net
        self._timeout = timeout

    @property
    def read_timeout(self) -> float:
        return self._timeout

    async def initialize(self) -> None:
        """Nothing: connections are made when they are needed."""

    async def shutdown(self) -> None:
        if "_sdk" in vars(self):
            await self._sdk.shutdown()

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *args: Any, **how: Any
    ) -> tuple[int, bytes]:
        files = request_data is not None and request_data.contains_files
        if method != "POST" or files or proxied(url):
            return await self._sdk.do_request(url, method, request_data, *args, **how)
        form = urlencode(request_data.json_parameters if request_data else {}).encode()
        headers = {"Content-Type": FORM, "User-Agent": self.USER_AGENT}
        try:
            prepared = self._net.prepare("POST", url, headers, form)
        except ValueError as error:
            raise NetworkError(str(error)) from NeverLeftError()
        answer = await self._net.fetch(prepared, timeout=self._within(url, how), cap=LARGEST)
        if isinstance(answer, Trouble):
            raise _failure(answer)
        return answer.status, answer.body

    def _within(self, url: str, how: Mapping[str, Any]) -> timedelta:
        if url.endswith("/getUpdates"):  # Telegram holds it open
            return timedelta(seconds=how["read_timeout"])
        return timedelta(seconds=max(self._timeout - EARLY, self._timeout / 2))

    @cached_property
    def _sdk(self) -> HTTPXRequest:
        # half of it for connecting: a blocked address must show as "never left", not as a time-out of the whole
        half = self._timeout / 2
        return HTTPXRequest(
            read_timeout=self._timeout,
            write_timeout=self._timeout,
            connect_timeout=half,
            pool_timeout=half,
            httpx_kwargs={"verify": transport.shared_tls()},
        )

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """Keep only the fields we read: one message that the SDK misreads would fail the whole poll."""
        said: Any = BaseRequest.parse_json_payload(payload)
        if not isinstance(said, dict):
            return {}
        if isinstance(said.get("result"), list):
            said["result"] = trim(said["result"])
        return sane(said)


def proxied(url: str) -> bool:
    """Whether the environment names a proxy for it."""
    parts = urlsplit(url)
    proxies = getproxies()
    return bool(proxies.get(parts.scheme) or proxies.get("all")) and not proxy_bypass(parts.hostname or "")


def _failure(trouble: Trouble) -> NetworkError:
    text = wording.english(trouble.why)
    failure = TimedOut(text) if trouble.cause is Cause.TIMEOUT else NetworkError(text)
    if not trouble.left:
        failure.__cause__ = NeverLeftError()
    return failure


def sane(said: dict[str, Any]) -> dict[str, Any]:
    """Remove from an answer the invalid numbers and texts of a refusal, on which the SDK would fail."""
    if not isinstance(said.get("description", ""), str):
        del said["description"]
    asked = said.pop("parameters", None)
    if not isinstance(asked, dict):
        return said
    wait, chat = retry_after.seconds(asked.get("retry_after")), asked.get("migrate_to_chat_id")
    kept = {} if wait is None else {"retry_after": ceil(wait)}
    if isinstance(chat, int) and 0 < abs(chat) < 1 << 63:
        kept["migrate_to_chat_id"] = chat
    return said | ({"parameters": kept} if kept else {})
